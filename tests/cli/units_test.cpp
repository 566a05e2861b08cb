// The systemd units, read by systemd itself.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

// The unit with the program where it was built instead of where a package puts it.
std::string as_built(const std::string& name) {
  constexpr std::string_view kInstalled = "/usr/bin/logystera";
  std::string unit = read_whole("packaging/systemd/" + name);
  const std::size_t at = unit.find(kInstalled);
  REQUIRE(at != std::string::npos);
  REQUIRE(unit.find(kInstalled, at + 1) == std::string::npos);
  return unit.replace(at, kInstalled.size(), LOGYSTERA_BINARY);
}

struct Opinion {
  bool good;
  std::string said;
};

/// What systemd says of a unit with this drop-in.
Opinion verified(const std::string& name, const std::string& drop_in) {
  Scratch scratch;
  const std::string path = scratch.file(name), said = scratch.file("said");
  std::ofstream(path) << as_built(name);
  std::filesystem::create_directory(path + ".d");
  std::ofstream(path + ".d/site.conf") << drop_in;
  const int status = std::system(("systemd-analyze verify --man=no " + path + " >" + said + " 2>&1").c_str());
  return {status == 0, read_whole(said)};
}

}  // namespace

TEST_CASE("systemd_finds_no_fault_in_the_units") {
  if (std::system("command -v systemd-analyze >/dev/null") != 0) {
    WARN("skipped: systemd units: systemd-analyze is not here");
    return;
  }
  for (const char* name : {"logystera-gateway.service", "logystera-relay.service", "logystera-tail.service"}) {
    const Opinion opinion = verified(name, "");
    CHECK(opinion.good);
    CHECK(opinion.said == "");
    CHECK(verified(name, "[Service]\nProtectSystems=strict\n").said.find("ProtectSystems") != std::string::npos);
  }
  // The server's threads for pages ask for it (server/workers.hpp), and it is among @resources.
  const std::string gateway = read_whole("packaging/systemd/logystera-gateway.service");
  const std::size_t refused = gateway.find("\nSystemCallFilter=~@privileged @resources\n");
  REQUIRE(refused != std::string::npos);
  CHECK(gateway.find("\nSystemCallFilter=sched_setattr\n", refused) != std::string::npos);
  const Opinion sites = verified("logystera-relay.service", as_built("site.conf"));
  CHECK(sites.good);
  CHECK(sites.said == "");
  const Opinion beside =
      verified("logystera-tail.service", read_whole("packaging/systemd/logystera-tail.service.d/gateway.conf"));
  CHECK(beside.good);
  CHECK(beside.said == "");
}
