#include "redact/salt.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace logystera::redact;
using Catch::Matchers::Contains;

namespace {

// A folder of its own, and the environment without a salt.
struct Room {
  std::filesystem::path folder;
  Room() {
    char name[] = "/tmp/logystera-salt-XXXXXX";
    folder = ::mkdtemp(name);
    ::unsetenv(logystera::kSaltVariable);
  }
  ~Room() {
    ::unsetenv(logystera::kSaltVariable);
    std::filesystem::remove_all(folder);
  }
  std::string file() const { return (folder / "state/pii-salt").string(); }
};

}  // namespace

TEST_CASE("the_environment_wins_over_the_configuration_and_that_over_the_file") {
  Room room;
  const std::string generated = resolve_salt("", room.file()).value();
  CHECK(generated.size() == 2 * kSaltBytesGenerated);
  CHECK(resolve_salt("configured", room.file()).value() == "configured");
  ::setenv(logystera::kSaltVariable, "from environment", 1);
  CHECK(resolve_salt("configured", room.file()).value() == "from environment");
  ::setenv(logystera::kSaltVariable, "", 1);
  CHECK(resolve_salt("", room.file()).value() == generated);
}

TEST_CASE("a_generated_salt_is_kept_for_its_owner_alone") {
  Room room;
  REQUIRE(resolve_salt("", room.file()).ok());
  struct stat status;
  REQUIRE(::stat(room.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat((room.folder / "state").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
  CHECK(std::distance(std::filesystem::directory_iterator(room.folder / "state"), {}) == 1);
}

TEST_CASE("processes_that_start_at_once_agree_on_one_salt") {
  Room room;
  std::vector<std::string> salts(4);
  std::vector<pid_t> children;
  int results[2];
  REQUIRE(::pipe(results) == 0);
  for (int i = 0; i < 4; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto salt = resolve_salt("", room.file());
      const std::string line = (salt.ok() ? salt.value() : std::string(2 * kSaltBytesGenerated, '!'));
      ::_exit(::write(results[1], line.data(), line.size()) == static_cast<ssize_t>(line.size()) ? 0 : 1);
    }
    children.push_back(child);
  }
  for (std::string& salt : salts) {
    salt.resize(2 * kSaltBytesGenerated);
    REQUIRE(::read(results[0], salt.data(), salt.size()) == static_cast<ssize_t>(salt.size()));
  }
  ::close(results[0]);
  ::close(results[1]);
  for (const std::string& salt : salts) {
    CHECK(salt == salts[0]);
    CHECK(salt.find('!') == std::string::npos);
  }
}

TEST_CASE("a_salt_others_can_read_or_replace_is_refused") {
  Room room;
  REQUIRE(resolve_salt("", room.file()).ok());
  ::chmod(room.file().c_str(), 0644);
  CHECK_THAT(resolve_salt("", room.file()).error().message, Contains("chmod 600"));
  ::unlink(room.file().c_str());
  const std::string elsewhere = (room.folder / "elsewhere").string();
  std::ofstream(elsewhere) << "salt";
  ::chmod(elsewhere.c_str(), 0600);
  std::filesystem::create_symlink(elsewhere, room.file());
  CHECK_FALSE(resolve_salt("", room.file()).ok());
  CHECK_THAT(resolve_salt("", (room.folder / "state").string()).error().message, Contains("not a regular file"));
}

TEST_CASE("an_empty_or_endless_salt_is_refused") {
  Room room;
  std::filesystem::create_directory(room.folder / "state");
  std::ofstream(room.file()) << "\n";
  ::chmod(room.file().c_str(), 0600);
  CHECK_THAT(resolve_salt("", room.file()).error().message, Contains("empty"));
  std::ofstream(room.file()) << std::string(kSaltBytesMax + 1, 'x');
  CHECK_THAT(resolve_salt("", room.file()).error().message, Contains("4096"));
  CHECK_FALSE(resolve_salt(std::string(kSaltBytesMax + 1, 'x'), room.file()).ok());
  CHECK_THAT(resolve_salt("", "").error().message, Contains("no home"));
}
