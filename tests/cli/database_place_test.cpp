// Where the database is when nobody names one.
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// A working directory with a log of an error, and a home, both empty otherwise.
struct Place {
  Scratch scratch;
  const std::string home = scratch.file("home"), work = scratch.file("work");
  const std::string in_home = home + "/.local/state/logystera/logystera.db", in_work = work + "/logystera.db";

  Place() {
    std::filesystem::create_directory(home);
    std::filesystem::create_directory(work);
    std::ofstream(work + "/app.log") << "2026-05-18T10:00:00Z ERROR timeout after 31 s\n";
  }

  // What a shell in the working directory makes of it, with these variables besides.
  Finished shell(const std::string& command, const std::string& variables = "") const {
    const std::string out = scratch.file("out"), err = scratch.file("err");
    const std::string whole = "cd '" + work +
                              "' && env -u XDG_STATE_HOME -u STATE_DIRECTORY -u LOGYSTERA_CONFIG LOGYSTERA_PII_SALT=salt "
                              "LOGYSTERA_RULE_CACHE=off HOME='" +
                              home + "' " + variables + " " + command + " >'" + out + "' 2>'" + err + "'";
    const int status = std::system(whole.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read_whole(out), read_whole(err)};
  }
  Finished program(const std::string& arguments, const std::string& variables = "") const {
    return shell("'" LOGYSTERA_BINARY "' " + arguments, variables);
  }
  Finished store(const std::string& variables = "") const {
    return program("scan app.log --track-errors --no-rules", variables);
  }
};

std::filesystem::perms mode(const std::string& path) { return std::filesystem::status(path).permissions(); }

}  // namespace

TEST_CASE("a_database_nobody_names_lies_in_the_users_state_directory") {
  const Place place;
  const Finished stored = place.store();
  CHECK(stored.code == 0);
  CHECK(stored.err == "");
  CHECK(std::filesystem::exists(place.in_home));
  CHECK_FALSE(std::filesystem::exists(place.in_work));
  CHECK(mode(place.in_home) == static_cast<std::filesystem::perms>(0600));
  CHECK(mode(place.home + "/.local/state/logystera") == static_cast<std::filesystem::perms>(0700));
  CHECK(has(place.program("errors list").out, "timeout after"));

  const std::string other = place.scratch.file("other");
  CHECK(place.store("XDG_STATE_HOME='" + other + "'").code == 0);
  CHECK(std::filesystem::exists(other + "/logystera/logystera.db"));
}

TEST_CASE("an_old_database_in_the_working_directory_is_used_and_the_line_about_it_moves_it") {
  const Place place;
  REQUIRE(place.program("scan app.log --track-errors --no-rules --store sqlite:logystera.db").code == 0);
  REQUIRE(std::filesystem::exists(place.in_work));
  const Finished listed = place.program("errors list");
  CHECK(has(listed.out, "timeout after"));
  CHECK(has(listed.err, "./logystera.db"));
  CHECK(has(listed.err, place.in_home));
  CHECK(std::count(listed.err.begin(), listed.err.end(), '\n') == 1);
  CHECK_FALSE(std::filesystem::exists(place.in_home));

  const std::string words = "while nothing uses it: ";
  const std::size_t at = listed.err.find(words);
  REQUIRE(at != std::string::npos);
  CHECK(
      place.shell("sh -c '" + listed.err.substr(at + words.size(), listed.err.size() - at - words.size() - 1) + "'").code ==
      0);
  CHECK_FALSE(std::filesystem::exists(place.in_work));
  const Finished moved = place.program("errors list");
  CHECK(has(moved.out, "timeout after"));
  CHECK(moved.err == "");
}

TEST_CASE("the_line_that_moves_an_old_database_holds_for_a_place_with_blanks_and_quotes") {
  const Place place;
  REQUIRE(place.program("scan app.log --track-errors --no-rules --store sqlite:logystera.db").code == 0);
  const std::string state = place.scratch.file("my state, it's here");
  const std::string variables = "XDG_STATE_HOME=\"" + state + "\"";
  const Finished listed = place.program("errors list", variables);
  const std::string words = "while nothing uses it: ";
  REQUIRE(listed.err.find(words) != std::string::npos);
  std::ofstream(place.scratch.file("move.sh")) << listed.err.substr(listed.err.find(words) + words.size());
  CHECK(place.shell("sh '" + place.scratch.file("move.sh") + "'").code == 0);
  CHECK_FALSE(std::filesystem::exists(place.in_work));
  CHECK(std::filesystem::exists(state + "/logystera/logystera.db"));
}

TEST_CASE("who_works_in_the_state_directory_is_told_of_no_old_database") {
  const Place place;
  REQUIRE(place.store().code == 0);
  const Finished listed =
      place.shell("sh -c 'cd \"$HOME/.local/state/logystera\" && exec " LOGYSTERA_BINARY " errors list'");
  CHECK(has(listed.out, "timeout after"));
  CHECK(listed.err == "");
}

TEST_CASE("a_services_database_lies_in_the_directory_systemd_made_for_it_whatever_its_working_directory_holds") {
  const Place place;
  std::ofstream(place.in_work) << "no database";
  const std::string service = place.scratch.file("service");
  std::filesystem::create_directory(service);
  const Finished stored = place.store("STATE_DIRECTORY='" + service + ":/nowhere'");
  CHECK(stored.code == 0);
  CHECK(stored.err == "");
  CHECK(std::filesystem::exists(service + "/logystera.db"));
  CHECK_FALSE(std::filesystem::exists(place.home + "/.local"));
}

TEST_CASE("a_configured_database_is_used_without_a_word_and_an_empty_name_is_an_error") {
  const Place place;
  std::ofstream(place.work + "/config.yaml") << "db_path: logystera.db\n";
  const Finished stored = place.store();
  CHECK(stored.code == 0);
  CHECK(stored.err == "");
  CHECK(std::filesystem::exists(place.in_work));
  std::ofstream(place.work + "/config.yaml") << "db_path: \"\"\n";
  const Finished refused = place.store();
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "config.yaml:1:"));
  CHECK(has(refused.err, "db_path is empty: name a file, or leave the key out"));
}

TEST_CASE("without_a_home_the_database_lies_in_the_working_directory") {
  const Place place;
  CHECK(place.store("HOME=").code == 0);
  CHECK(std::filesystem::exists(place.in_work));
}
