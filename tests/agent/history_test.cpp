#include "agent/history.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include "catch.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

HistoryFile open_in(const Site& site) {
  return HistoryFile::open(Directory::open(site.directory()), site.buffer().rules());
}

HistoryEntry entry(std::uint32_t number, const std::string& error = "") {
  return {1'774'211'679 + number, number, 1000 + number, 202, 12, true, std::string(32, 'b'), error};
}

}  // namespace

TEST_CASE("history_is_read_newest_first") {
  Site site;
  HistoryFile history = open_in(site);
  for (std::uint32_t i = 1; i <= 3; ++i) history.append(entry(i, i == 2 ? "HTTP 500" : ""));
  const std::vector<HistoryEntry> read = read_dispatch_history(site.directory());
  REQUIRE(read.size() == 3);
  CHECK(read[0].events == 3);
  CHECK(read[2].events == 1);
  CHECK(read[1].error == "HTTP 500");
  CHECK(read[0].at == 1'774'211'682);
  CHECK(read[0].bytes == 1003);
  CHECK(read[0].http_status == 202);
  CHECK(read[0].duration_ms == 12);
  CHECK(read[0].acknowledged);
  CHECK(read[0].batch == std::string(32, 'b'));
  CHECK(read_dispatch_history(site.directory(), 2).size() == 2);
  CHECK(read_dispatch_history(site.directory(), 0).empty());
}

TEST_CASE("history_keeps_the_last_500_requests_in_128000_bytes") {
  Site site;
  for (std::uint32_t i = 1; i <= 1203; i += 3) {
    HistoryFile history = open_in(site);
    for (std::uint32_t j = 0; j < 3; ++j) history.append(entry(i + j));
  }
  const std::vector<HistoryEntry> read = read_dispatch_history(site.directory(), 1000);
  REQUIRE(read.size() == 500);
  CHECK(read.front().events == 1203);
  CHECK(read.back().events == 704);
  CHECK(site.slurp("dispatch.history").size() == 500 * 256);
  struct stat st {};
  REQUIRE(::stat(site.path("dispatch.history").c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
}

TEST_CASE("a_damaged_record_is_skipped_and_the_others_are_not") {
  Site site;
  HistoryFile history = open_in(site);
  for (std::uint32_t i = 1; i <= 4; ++i) history.append(entry(i));
  const std::string good = site.slurp("dispatch.history");
  for (const std::string& damage :
       {std::string(256, '\0'), std::string(256, '{'), std::string(100, 'x'), "{\"n\":\"two\"}" + std::string(245, ' '),
        "[1,2]" + std::string(251, ' '), "{\"n\":99999999999999999999}" + std::string(230, ' '),
        "{\"ack\":true,\"n\":1,\"at\":-5}" + std::string(228, ' ')}) {
    site.spew("dispatch.history", good.substr(0, 256) + damage + good.substr(256 + damage.size()));
    const std::vector<HistoryEntry> read = read_dispatch_history(site.directory());
    REQUIRE(read.size() == 3);
    CHECK(read[0].events == 4);
    CHECK(read[2].events == 1);
  }
  site.spew("dispatch.history", good.substr(0, 700));
  CHECK(read_dispatch_history(site.directory()).size() == 2);
  site.spew("dispatch.history", "");
  CHECK(read_dispatch_history(site.directory()).empty());
}

TEST_CASE("a_proxy_that_an_earlier_version_quoted_is_not_shown") {
  Site site;
  HistoryFile history = open_in(site);
  history.append(entry(1, "Unsupported proxy syntax in 'http://ann:hush@proxy.example:99999'"));
  history.append(entry(2, "Unsupported proxy scheme for 'foo://ann:hush" + std::string(300, 'h')));
  history.append(entry(3, "Could not resolve proxy: proxy.example"));
  const std::vector<HistoryEntry> read = read_dispatch_history(site.directory());
  REQUIRE(read.size() == 3);
  CHECK(read[0].error == "Could not resolve proxy: proxy.example");
  for (const HistoryEntry& one : {read[1], read[2]}) CHECK(one.error == "the address of the proxy cannot be used");
}

TEST_CASE("an_error_of_any_length_and_bytes_fits_its_record") {
  Site site;
  HistoryFile history = open_in(site);
  for (const std::string& error :
       {std::string(10'000, 'e'), std::string(300, '\x01'), std::string(300, '"'), std::string(300, '\xff')}) {
    HistoryEntry one = entry(4'000'000'000u, error);
    one.bytes = 99'999'999'999;
    one.duration_ms = 4'000'000'000u;
    history.append(one);
    const std::vector<HistoryEntry> read = read_dispatch_history(site.directory(), 1);
    REQUIRE(read.size() == 1);
    CHECK(!read[0].error.empty());
    CHECK(read[0].error.size() < 200);
  }
  CHECK(read_dispatch_history(site.directory()).size() == 4);
}

TEST_CASE("no_history_no_directory_and_foreign_files_read_as_empty") {
  Site site;
  CHECK(read_dispatch_history(site.directory()).empty());
  CHECK(read_dispatch_history("/nonexistent").empty());
  site.buffer();
  ::unlink(site.path("dispatch.history").c_str());
  REQUIRE(::mkfifo(site.path("dispatch.history").c_str(), 0600) == 0);
  CHECK(read_dispatch_history(site.directory()).empty());
  HistoryFile history = open_in(site);
  history.append(entry(1));
  CHECK(read_dispatch_history(site.directory()).size() == 1);
}

TEST_CASE("a_history_that_cannot_be_opened_is_done_without") {
  Site site;
  site.buffer();
  ::unlink(site.path("dispatch.history").c_str());
  REQUIRE(::mkdir(site.path("dispatch.history").c_str(), 0700) == 0);
  HistoryFile history = open_in(site);
  history.append(entry(1));
  CHECK(read_dispatch_history(site.directory()).empty());
}
