// Many logs followed as one: each line once, whatever comes and goes beside it.
#include "source/log_set.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include "catch.hpp"
#include "eventually.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::eventually;
using logystera::testing::Scratch;

namespace {

namespace fs = std::filesystem;
using Messages = std::vector<std::string>;

void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }
std::string line(const std::string& message) { return "2026-05-18 10:00:00 INFO " + message + "\n"; }

// What a run keeps under its keys.
using Kept = std::map<std::string, std::string>;

struct Set {
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  std::unique_ptr<source::LogSet> set;
  std::vector<std::string> notices, forgotten;
  Messages read;  // "a.log: message"
  Kept kept;

  static source::LogSet::Options quick(bool from_start = false) {
    source::LogSet::Options options;
    options.following.from_start = from_start;
    options.following.grace = std::chrono::milliseconds(0);
    options.poll_every = std::chrono::milliseconds(1);
    options.look_every = std::chrono::milliseconds(5);
    options.more_logs = "name fewer";
    return options;
  }
  Result<Done> open(const std::vector<std::string>& paths, source::LogSet::Options options = quick()) {
    auto opened = source::LogSet::open(paths, formats.value(), names, std::move(options));
    if (!opened) return opened.error();
    set = std::move(opened).value();
    return Done{};
  }
  Result<Done> resume(const std::vector<std::string>& paths, const Kept& before) {
    source::LogSet::Options options = quick();
    options.left = [before](const std::string& key) -> Result<std::optional<source::Position>> {
      const auto found = before.find(key);
      if (found == before.end()) return std::optional<source::Position>();
      return std::optional<source::Position>(source::Position{found->second});
    };
    options.unusable = [](const std::string& key, const Error& why) { return Error{key + ": " + why.message, why.kind}; };
    return open(paths, std::move(options));
  }
  void look() {
    RecordBatch batch;
    auto state = set->next(batch, std::chrono::milliseconds(5));
    REQUIRE(state.ok());
    for (std::string& notice : set->notices()) notices.push_back(std::move(notice));
    for (std::string& key : set->forgotten()) forgotten.push_back(std::move(key));
    if (state.value() != source::State::records) return;
    for (const Record& record : batch.records)
      read.push_back(fs::path(std::string(record.source)).filename().string() + ": " + std::string(record.message));
    CHECK(set->key() == "file:" + source::whole_path(set->label()));
    kept[set->key()] = set->position().text;
  }
  void keep_all() {
    for (auto& [key, position] : set->positions()) kept[key] = position.text;
  }
  // Once so many messages have come, and a while later no other.
  Messages all(std::size_t count) {
    CHECK(eventually([&] {
      look();
      return read.size() >= count;
    }));
    for (int i = 0; i < 20; ++i) look();
    Messages sorted = std::exchange(read, {});
    std::sort(sorted.begin(), sorted.end());
    return sorted;
  }
  bool said(const std::string& words) {
    return eventually([&] {
      look();
      return says(words) > 0;
    });
  }
  std::ptrdiff_t says(const std::string& words) const {
    return std::count_if(notices.begin(), notices.end(),
                         [&](const std::string& notice) { return notice.find(words) != std::string::npos; });
  }
};

struct Logs {
  Scratch scratch;
  const std::string dir = scratch.file("logs");
  Logs() { fs::create_directories(dir + "/sub"); }
  std::string at(const std::string& name) const { return dir + "/" + name; }
};

}  // namespace

TEST_CASE("the_logs_of_a_directory_are_those_that_are_written_to") {
  const Logs logs;
  for (const char* name :
       {"a.log", "a.log.1", "a.log-20260517", "a.log.2.gz", "b.log", "b.1.log", "b-20260517.log", "b.log.old", "sub/c.log",
        "sub/d.log.1", "e.log.20260516", "e.log.20260517", "app-2.log", ".hidden"})
    append(logs.at(name), line("x"));
  PassedOver passed;
  std::vector<source::NoLogs> problems;
  Messages found;
  for (const source::LiveLog& log : source::live_logs({logs.dir}, false, passed, problems))
    found.push_back(log.file.path.substr(logs.dir.size() + 1));
  std::sort(found.begin(), found.end());
  CHECK(found == Messages{"a.log", "app-2.log", "b.log", "e.log.20260517", "sub/c.log"});
  CHECK(problems.empty());
  CHECK(passed.total() == 0);
}

TEST_CASE("a_log_that_appears_is_read_from_its_beginning_and_one_that_was_there_from_its_end") {
  const Logs logs;
  append(logs.at("a.log"), line("old"));
  Set set;
  REQUIRE(set.open({logs.dir}).ok());
  append(logs.at("sub/new.log"), line("one") + line("two"));
  append(logs.at("a.log"), line("three"));
  CHECK(set.all(3) == Messages{"a.log: three", "new.log: one", "new.log: two"});
}

TEST_CASE("a_log_that_is_gone_is_said_and_forgotten_and_new_when_it_is_back") {
  const Logs logs;
  append(logs.at("a.log"), line("a"));
  append(logs.at("b.log"), line("b"));
  Set set;
  REQUIRE(set.open({logs.dir}, Set::quick(true)).ok());
  CHECK(set.all(2) == Messages{"a.log: a", "b.log: b"});
  fs::remove(logs.at("a.log"));
  CHECK(set.said("a.log: it is gone"));
  CHECK(set.forgotten == Messages{"file:" + logs.at("a.log")});
  CHECK(set.set->reading() == 1);
  append(logs.at("a.log"), line("again"));
  CHECK(set.all(1) == Messages{"a.log: again"});
  CHECK(set.says("a.log") == 1);
}

TEST_CASE("a_named_log_that_is_gone_is_awaited") {
  const Logs logs;
  append(logs.at("a.log"), line("a"));
  Set set;
  REQUIRE(set.open({logs.at("a.log"), logs.at("later.log")}, Set::quick(true)).ok());
  CHECK(set.said("later.log: cannot be opened: No such file or directory; it is tried again"));
  CHECK(set.all(1) == Messages{"a.log: a"});
  append(logs.at("later.log"), line("first"));
  CHECK(set.all(1) == Messages{"later.log: first"});
  CHECK(set.says("later.log: it is read now") == 1);
  fs::remove(logs.at("a.log"));
  CHECK(set.said("a.log: it is gone, and read again once it is back"));
  append(logs.at("a.log"), line("back"));
  CHECK(set.all(1) == Messages{"a.log: back"});
}

TEST_CASE("a_last_line_of_a_log_that_is_gone_is_handed_out_first") {
  const Logs logs;
  append(logs.at("a.log"), line("a"));
  Set set;
  REQUIRE(set.open({logs.dir}).ok());
  append(logs.at("a.log"), line("error") + "  at a stack\n");
  fs::remove(logs.at("a.log"));
  CHECK(set.said("a.log: it is gone"));
  REQUIRE(set.read.size() == 1);
  CHECK(set.read.front().starts_with("a.log: error"));
}

TEST_CASE("what_cannot_be_read_stops_nobody") {
  const Logs logs;
  append(logs.at("a.log"), line("a"));
  append(logs.at("program"), std::string("\x7f"
                                         "ELF\x02\x01\x01",
                                         7) +
                                 std::string(100, '\0'));
  REQUIRE(::mkfifo(logs.at("pipe").c_str(), 0600) == 0);
  Set set;
  REQUIRE(set.open({logs.at("pipe"), logs.dir}, Set::quick(true)).ok());
  CHECK(set.all(1) == Messages{"a.log: a"});
  CHECK(set.says("pipe: not a regular file: only those can be followed; 'logystera scan -' reads a pipe") == 1);
  CHECK(set.says("program: ") == 1);
  // What becomes readable is read.
  fs::remove(logs.at("pipe"));
  append(logs.at("pipe"), line("p"));
  CHECK(set.said("pipe: it is read now"));

  Set none;
  fs::remove(logs.at("pipe"));
  REQUIRE(::mkfifo(logs.at("pipe").c_str(), 0600) == 0);
  const auto refused = none.open({logs.at("pipe"), logs.at("nothing")});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("pipe: not a regular file") != std::string::npos);
}

TEST_CASE("a_file_under_several_names_is_one_log") {
  const Logs logs;
  const std::string path = logs.at("a.log");
  append(path, line("a"));
  fs::create_symlink(path, logs.scratch.file("link"));
  fs::create_hard_link(path, logs.at("hard.log"));
  append(logs.at("a.log.1"), line("part"));
  Set set;
  REQUIRE(set.open({path, path, logs.dir + "/./a.log", logs.scratch.file("link"), logs.at("a.log.1"), logs.dir},
                   Set::quick(true))
              .ok());
  CHECK(set.all(1) == Messages{"a.log: a"});
  Messages passed;
  for (const auto& [name, reason] : set.set->passed().named) passed.push_back(fs::path(name).filename().string());
  REQUIRE(passed.size() >= 3);  // of the directory's two names of one file the walk meets either first
  for (const char* name : {"link", "a.log.1"}) CHECK(std::count(passed.begin(), passed.end(), name) == 1);
}

TEST_CASE("more_logs_than_may_be_followed_are_refused_with_the_remedy_and_later_ones_said") {
  const Logs logs;
  for (const char* name : {"a.log", "b.log", "c.log"}) append(logs.at(name), line(name));
  source::LogSet::Options two = Set::quick(true), three = Set::quick(true);
  two.logs_most = 2;
  three.logs_most = 3;
  Set set;
  const auto refused = set.open({logs.dir}, std::move(two));
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message == "3 logs are meant, and at most 2 are followed at once: name fewer");
  REQUIRE(set.open({logs.dir}, std::move(three)).ok());
  CHECK(set.all(3).size() == 3);
  append(logs.at("d.log"), line("d"));
  append(logs.at("e.log"), line("e"));
  CHECK(set.said("it is not followed: 3 logs are already, and no more at once: name fewer"));
  CHECK(set.all(0).empty());
  CHECK(set.says("it is not followed") == 1);
  fs::remove(logs.at("a.log"));
  CHECK(set.all(1) == Messages{"d.log: d"});
}

TEST_CASE("rotated_logs_of_a_directory_give_each_line_once") {
  const Logs logs;
  append(logs.at("a.log"), line("0"));
  append(logs.at("b.log"), line("0"));
  Set set;
  REQUIRE(set.open({logs.dir}, Set::quick(true)).ok());
  CHECK(set.all(2).size() == 2);
  append(logs.at("a.log"), line("1"));
  fs::rename(logs.at("a.log"), logs.at("a.log.1"));
  for (int i = 0; i < 10; ++i) set.look();  // nocreate: the log is not there for a while
  append(logs.at("a.log.1"), line("2"));
  append(logs.at("a.log"), line("3"));
  fs::copy_file(logs.at("b.log"), logs.at("b.log.1"));
  fs::resize_file(logs.at("b.log"), 0);
  append(logs.at("b.log"), line("4"));
  CHECK(set.all(4) == Messages{"a.log: 1", "a.log: 2", "a.log: 3", "b.log: 4"});
  CHECK(set.forgotten.empty());
}

TEST_CASE("a_renamed_log_is_not_read_again_under_its_new_name") {
  const Logs logs;
  append(logs.at("a.log"), line("1"));
  Set set;
  REQUIRE(set.open({logs.dir}, Set::quick(true)).ok());
  CHECK(set.all(1).size() == 1);
  fs::rename(logs.at("a.log"), logs.at("archived"));
  append(logs.at("a.log"), line("2"));
  CHECK(set.all(1) == Messages{"a.log: 2"});
  set.keep_all();
  Set later;
  REQUIRE(later.resume({logs.dir}, set.kept).ok());
  append(logs.at("a.log"), line("3"));
  CHECK(later.all(1) == Messages{"a.log: 3"});
}

TEST_CASE("a_later_run_goes_on_in_each_log_and_reads_new_ones_from_their_beginning") {
  const Logs logs;
  for (const char* name : {"a.log", "b.log", "gone.log"}) append(logs.at(name), line("old"));
  Set first;
  REQUIRE(first.open({logs.dir}).ok());
  append(logs.at("a.log"), line("seen"));
  CHECK(first.all(1) == Messages{"a.log: seen"});
  first.keep_all();
  append(logs.at("a.log"), line("1"));
  fs::rename(logs.at("a.log"), logs.at("a.log.1"));
  append(logs.at("a.log"), line("2"));
  append(logs.at("b.log"), line("3"));
  append(logs.at("sub/c.log"), line("4"));
  fs::remove(logs.at("gone.log"));
  Set second;
  REQUIRE(second.resume({logs.dir}, first.kept).ok());
  CHECK(second.all(4) == Messages{"a.log: 1", "a.log: 2", "b.log: 3", "c.log: 4"});
  // Without what says that the directory was followed before, what is there was there.
  Kept without = first.kept;
  REQUIRE(without.erase("logs:" + logs.dir) == 1);
  Set third;
  REQUIRE(third.resume({logs.dir}, without).ok());
  CHECK(third.all(3) == Messages{"a.log: 1", "a.log: 2", "b.log: 3"});
  Kept damaged = first.kept;
  damaged["file:" + logs.at("b.log")] = "no position";
  const auto refused = Set().resume({logs.dir}, damaged);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.starts_with("file:" + logs.at("b.log") + ": "));
}

TEST_CASE("an_empty_directory_is_awaited_and_one_that_is_not_there_too") {
  const Logs logs;
  Set set;
  REQUIRE(set.open({logs.dir, logs.at("*.none")}).ok());
  CHECK(set.said("*.none: no file fits this pattern; it is looked at again"));
  append(logs.at("a.none"), line("1"));
  CHECK(set.all(1) == Messages{"a.none: 1"});
}

TEST_CASE("a_link_that_takes_the_place_of_a_found_log_is_not_followed_and_said_once") {
  const Logs logs;
  append(logs.at("a.log"), line("1"));
  append(logs.at("b.log"), line("1"));
  append(logs.scratch.file("secret"), line("secret"));
  Set set;
  REQUIRE(set.open({logs.dir}).ok());
  const auto put_link = [&](const std::string& name) {
    fs::create_symlink(logs.scratch.file("secret"), logs.at("link"));
    fs::rename(logs.at("link"), logs.at(name));
  };
  put_link("a.log");
  fs::rename(logs.at("b.log"), logs.at("b.log.1"));
  put_link("b.log");
  append(logs.at("b.log.1"), line("2"));
  CHECK(set.said("a.log: it is gone"));
  CHECK(set.all(1) == Messages{"b.log: 2"});
  append(logs.scratch.file("secret"), line("another"));
  CHECK(set.all(0).empty());
  CHECK(set.says("a.log: passed over: a symbolic link (name it, or use --follow-links)") == 1);
  CHECK(set.says("b.log: passed over: a symbolic link") == 1);
  // A log again.
  fs::remove(logs.at("b.log"));
  append(logs.at("b.log"), line("3"));
  CHECK(set.all(1) == Messages{"b.log: 3"});
  // What is named may be a link, and links that were asked for are followed.
  put_link("a.log");
  source::LogSet::Options links = Set::quick(true);
  links.following.follow_links = true;
  Set asked;
  REQUIRE(asked.open({logs.at("a.log"), logs.at("b.log")}, Set::quick(true)).ok());
  CHECK(asked.all(3) == Messages{"a.log: another", "a.log: secret", "b.log: 3"});
  Set follows;
  REQUIRE(follows.open({logs.dir}, std::move(links)).ok());
  CHECK(follows.all(3) == Messages{"a.log: another", "a.log: secret", "b.log: 3"});
}

TEST_CASE("a_directory_within_the_tree_that_becomes_a_link_leads_nowhere_else") {
  const Logs logs;
  append(logs.at("sub/a.log"), line("1"));
  fs::create_directories(logs.scratch.file("secret"));
  append(logs.scratch.file("secret/a.log"), line("secret"));
  Set set;
  REQUIRE(set.open({logs.dir}).ok());
  fs::rename(logs.at("sub"), logs.scratch.file("moved"));
  fs::create_directory_symlink(logs.scratch.file("secret"), logs.at("sub"));
  CHECK(set.all(0).empty());
}

TEST_CASE("a_log_that_turns_up_later_goes_on_where_it_was_left") {
  const Logs logs;
  for (const char* name : {"a.log", "sub/b.log"}) append(logs.at(name), line("1"));
  Set first;
  REQUIRE(first.open({logs.dir}, Set::quick(true)).ok());
  CHECK(first.all(2).size() == 2);
  first.keep_all();
  append(logs.at("a.log"), line("2"));
  fs::rename(logs.at("a.log"), logs.at("a.log.1"));  // nocreate
  fs::rename(logs.at("sub"), logs.scratch.file("away"));
  Set second;
  REQUIRE(second.resume({logs.dir}, first.kept).ok());
  CHECK(second.all(0).empty());
  append(logs.at("a.log"), line("3"));
  fs::rename(logs.scratch.file("away"), logs.at("sub"));
  append(logs.at("sub/b.log"), line("2"));
  CHECK(second.all(3) == Messages{"a.log: 2", "a.log: 3", "b.log: 2"});
  Kept damaged = first.kept;
  damaged["file:" + logs.at("sub/c.log")] = "no position";
  Set third;
  REQUIRE(third.resume({logs.dir}, damaged).ok());
  append(logs.at("sub/c.log"), line("1"));
  CHECK(eventually([&] {
    RecordBatch batch;
    return !third.set->next(batch, std::chrono::milliseconds(5)).ok();
  }));
}

TEST_CASE("what_a_directory_holds_that_is_there_later_was_there_before") {
  const Logs logs;
  append(logs.at("sub/a.log"), line("old"));
  append(logs.scratch.file("beside.log"), line("old"));
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  fs::rename(logs.at("sub"), logs.scratch.file("away"));
  Set set;
  REQUIRE(set.open({logs.at("sub"), logs.at("empty"), logs.scratch.file("beside.log")}).ok());
  fs::rename(logs.scratch.file("away"), logs.at("sub"));
  CHECK(set.all(0).empty());
  append(logs.at("sub/a.log"), line("new"));
  fs::create_directories(logs.at("empty"));
  append(logs.at("empty/b.log"), line("new"));
  append(logs.at("sub/c.log"), line("new"));
  CHECK(set.all(3) == Messages{"a.log: new", "b.log: new", "c.log: new"});
}

TEST_CASE("logs_below_a_directory_that_may_be_listed_later_begin_at_their_end") {
  // Root may list any directory.
  struct Nobody {
    Nobody() { CHECK((::getuid() != 0 || ::seteuid(65534) == 0)); }
    ~Nobody() { CHECK(::seteuid(::getuid()) == 0); }
  };
  const Logs logs;
  append(logs.at("sub/a.log"), line("old"));
  append(logs.scratch.file("b.log"), line("old"));
  fs::permissions(logs.scratch.file("."), fs::perms(0755));
  for (const std::string& argument : {logs.dir, logs.at("sub/")}) {
    fs::permissions(logs.at("sub"), fs::perms::none);
    Set set;
    {
      const Nobody nobody;
      REQUIRE(set.open({argument, logs.scratch.file("b.log")}).ok());
      for (int i = 0; i < 5; ++i) set.look();
    }
    fs::permissions(logs.at("sub"), fs::perms(0755));
    for (int i = 0; i < 10; ++i) set.look();
    append(logs.at("sub/a.log"), line("new"));
    CHECK(set.all(1) == Messages{"a.log: new"});
    append(logs.at("sub/c.log"), line("new"));
    CHECK(set.all(1) == Messages{"c.log: new"});
    fs::remove(logs.at("sub/c.log"));
  }
}

TEST_CASE("a_second_name_of_a_log_changes_nothing") {
  const Logs logs;
  const std::vector<std::string> names{"a.log", "b.log", "c.log", "d.log", "e.log", "f.log"};
  for (const std::string& name : names) append(logs.at(name), line("1"));
  Set set;
  REQUIRE(set.open({logs.dir}).ok());
  for (const std::string& name : names) fs::create_hard_link(logs.at(name), logs.at("copy-of-" + name));
  for (int i = 0; i < 150; ++i) set.look();  // a walk meets either name first
  for (const std::string& name : names) append(logs.at(name), line("2"));
  CHECK(set.all(6).size() == 6);
  CHECK(set.forgotten.empty());
}

TEST_CASE("what_is_written_to_a_log_before_it_is_removed_is_read_however_seldom_it_is_looked_at") {
  const Logs logs;
  append(logs.at("a.log"), line("1"));
  append(logs.at("b.log"), line("1"));
  source::LogSet::Options seldom = Set::quick();
  seldom.poll_every = std::chrono::milliseconds(300);
  Set set;
  REQUIRE(set.open({logs.dir}, std::move(seldom)).ok());
  for (int i = 0; i < 5; ++i) set.look();
  append(logs.at("a.log"), line("2"));
  fs::remove(logs.at("a.log"));
  CHECK(set.said("a.log: it is gone"));
  CHECK(set.read == Messages{"a.log: 2"});
}

TEST_CASE("a_slash_at_its_end_makes_no_other_directory") {
  CHECK(source::whole_path("/d/") == "/d");
  CHECK(source::whole_path("/d/e/..") == "/d");
  CHECK(source::whole_path("/") == "/");
  const Logs logs;
  Set first;
  REQUIRE(first.open({logs.dir}).ok());
  first.keep_all();
  append(logs.at("new.log"), line("1"));
  Set second;
  REQUIRE(second.resume({logs.dir + "/"}, first.kept).ok());
  CHECK(second.all(1) == Messages{"new.log: 1"});
}

TEST_CASE("a_set_that_is_told_to_stop_waits_no_longer") {
  const Logs logs;
  append(logs.at("a.log"), line("1"));
  std::atomic<bool> stop = false;
  source::LogSet::Options options = Set::quick();
  options.stop = &stop;
  options.poll_every = std::chrono::seconds(60);
  Set set;
  REQUIRE(set.open({logs.dir}, std::move(options)).ok());
  const auto begun = std::chrono::steady_clock::now();
  std::thread signal([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    stop = true;
  });
  RecordBatch batch;
  CHECK(set.set->next(batch, std::chrono::seconds(60)).value() == source::State::idle);
  signal.join();
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(50));
}

TEST_CASE("logs_named_by_dates_are_read_to_their_end_before_the_newest") {
  const Logs logs;
  append(logs.at("a.log.2026-05-16"), line("0"));
  append(logs.at("a.log.2026-05-17"), line("1"));
  Set first;
  REQUIRE(first.open({logs.dir}, Set::quick(true)).ok());
  CHECK(first.all(1) == Messages{"a.log.2026-05-17: 1"});
  first.keep_all();
  append(logs.at("a.log.2026-05-17"), line("2"));
  append(logs.at("a.log.2026-05-18"), line("3"));
  append(logs.at("a.log.2026-05-19"), line("4"));
  Set second;
  REQUIRE(second.resume({logs.dir}, first.kept).ok());
  CHECK(eventually([&] {
    second.look();
    return second.read.size() >= 3;
  }));
  CHECK(second.read == Messages{"a.log.2026-05-17: 2", "a.log.2026-05-18: 3", "a.log.2026-05-19: 4"});
  // Two more between two looks, and a late line.
  second.read.clear();
  append(logs.at("a.log.2026-05-19"), line("5"));
  append(logs.at("a.log.2026-05-20"), line("6"));
  append(logs.at("a.log.2026-05-21"), line("7"));
  CHECK(eventually([&] {
    second.look();
    return second.read.size() >= 3;
  }));
  CHECK(second.read == Messages{"a.log.2026-05-19: 5", "a.log.2026-05-20: 6", "a.log.2026-05-21: 7"});
  CHECK(eventually([&] {
    second.look();
    return second.forgotten.size() >= 4;
  }));
  second.keep_all();
  for (const std::string& key : second.forgotten) second.kept.erase(key);
  append(logs.at("a.log.2026-05-21"), line("8"));
  Set third;
  REQUIRE(third.resume({logs.dir}, second.kept).ok());
  CHECK(third.all(1) == Messages{"a.log.2026-05-21: 8"});
}

TEST_CASE("many_rotated_logs_of_a_directory_are_found_in_time_that_grows_with_them") {
  const Logs logs;
  for (int log = 0; log < 300; ++log)
    for (int part = 0; part < 10; ++part)
      append(logs.at("host" + std::to_string(log) + ".log" + (part > 0 ? "." + std::to_string(part) : "")), line("x"));
  const auto begun = std::chrono::steady_clock::now();
  PassedOver passed;
  std::vector<source::NoLogs> problems;
  for (int i = 0; i < 5; ++i) CHECK(source::live_logs({logs.dir}, false, passed, problems).size() == 300);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(20));
}
