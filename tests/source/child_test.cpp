// What other programs write, followed: children, backoff, journals, ssh's command lines, lines that come piece by piece.
#include <signal.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "catch.hpp"
#include "core/shell_word.hpp"
#include "eventually.hpp"
#include "parse/journal.hpp"
#include "scratch.hpp"
#include "source/backoff.hpp"
#include "source/child.hpp"
#include "source/journal_source.hpp"
#include "source/line_feed.hpp"
#include "source/ssh.hpp"
#include "source/ssh_file.hpp"

using namespace logystera;
using namespace logystera::source;
using namespace std::chrono_literals;

namespace {

std::string all_of(Child& child) {
  std::string text;
  while (child.read(text, 4096, 100ms) != Child::Got::ended) {
  }
  return text;
}

std::string entry(const std::string& cursor, const std::string& message) {
  return "__CURSOR=" + cursor + "\n__REALTIME_TIMESTAMP=1779098400000000\nPRIORITY=3\nMESSAGE=" + message + "\n\n";
}

std::string messages(parse::JournalEntries& entries) {
  RecordBatch batch;
  std::string text;
  while (entries.take(batch))
    for (const Record& record : batch.records) text += std::string(record.message) + ";";
  return text;
}

// Stands in the place of ssh, and of all there is.
class FakeSsh {
 public:
  explicit FakeSsh(const std::string& script) {
    std::ofstream(program_) << "#!/bin/sh\n" << script;
    permit(0755);
    ::setenv("PATH", program_.substr(0, program_.rfind('/')).c_str(), 1);
  }
  ~FakeSsh() { ::setenv("PATH", path_.c_str(), 1); }
  FakeSsh(const FakeSsh&) = delete;
  FakeSsh& operator=(const FakeSsh&) = delete;
  void permit(mode_t mode) const { ::chmod(program_.c_str(), mode); }

 private:
  const logystera::testing::Scratch scratch_;
  const std::string program_ = scratch_.file("ssh"), path_ = std::getenv("PATH");
};

SshFile::Options far_log() {
  SshFile::Options options;
  options.target.host = "far";
  options.path = "/var/log/app.log";
  options.name = "ssh:far:/var/log/app.log";
  return options;
}

parse::Formats formats() { return std::move(parse::Formats::built_in()).value(); }

}  // namespace

TEST_CASE("a_child_s_output_end_and_complaint_are_had") {
  auto child = std::move(Child::start({"sh", "-c", "echo out; echo no good >&2; exit 7"})).value();
  CHECK(all_of(child) == "out\n");
  CHECK(child.end().code == 7);
  CHECK(child.end().text() == "exit code 7: no good");
}

TEST_CASE("what_ssh_says_of_a_host_key_comes_with_what_helps") {
  const Child::End direct{.code = 255, .signal = 0, .complaint = "Host key verification failed."};
  CHECK(direct.text().find("Host key verification failed. (the host key of that host is not known here") !=
        std::string::npos);
  const Child::End jump{.code = 255,
                        .signal = 0,
                        .complaint =
                            "Host key verification failed.\r\nkex_exchange_identification: Connection closed by "
                            "remote host\r\nConnection closed by UNKNOWN port 65535"};
  CHECK(jump.text().find("the host key of the jump host is not known here") != std::string::npos);
}

TEST_CASE("arguments_of_a_child_meet_no_shell_and_its_input_is_empty") {
  auto child = std::move(Child::start({"printf", "%s|", "$(id)", "a b", "'", ""})).value();
  CHECK(all_of(child) == "$(id)|a b|'||");
  auto reader = std::move(Child::start({"cat"})).value();
  CHECK(all_of(reader).empty());
  CHECK(reader.end().well());
}

TEST_CASE("a_program_that_is_not_there_is_said") {
  const auto child = Child::start({"logystera-no-such-program"});
  REQUIRE_FALSE(child.ok());
  CHECK(child.error().kind == ErrorKind::not_found);
}

TEST_CASE("a_child_is_ended_with_its_group") {
  std::string text;
  pid_t grandchild = 0;
  {
    auto child = std::move(Child::start({"sh", "-c", "sleep 1000 & echo $!; wait"})).value();
    while (text.find('\n') == std::string::npos) REQUIRE(child.read(text, 100, 60s) == Child::Got::bytes);
    grandchild = std::stoi(text);
    REQUIRE(::kill(grandchild, 0) == 0);
  }
  CHECK(testing::eventually([&] { return ::kill(grandchild, 0) != 0; }));
}

TEST_CASE("who_leaves_a_process_behind_that_holds_the_pipe_has_ended_all_the_same") {
  auto child = std::move(Child::start({"sh", "-c", "setsid sleep 5 & echo out"})).value();
  CHECK(all_of(child) == "out\n");
  CHECK(child.end().well());
}

TEST_CASE("a_complaint_without_end_shows_its_last_part") {
  auto child = std::move(Child::start({"sh", "-c", "yes word | head -c 1000000 >&2; echo last >&2; exit 1"})).value();
  CHECK(all_of(child).empty());
  CHECK(child.end().complaint.size() <= Child::kComplaintBytes);
  CHECK(child.end().complaint.substr(child.end().complaint.size() - 4) == "last");
}

TEST_CASE("waits_grow_to_a_minute_and_begin_anew_after_a_minute_of_health") {
  Backoff backoff(100ms);
  const Backoff::Clock::time_point now{};
  constexpr std::uint32_t kMost = 0xffff'ffff;
  for (const auto ceiling : {1'000, 2'000, 4'000, 8'000, 16'000, 32'000, 60'000, 60'000}) {
    const auto wait = backoff.failed(now, kMost).count();
    CHECK(wait <= ceiling);
    CHECK(wait >= ceiling - 1);
  }
  CHECK(backoff.failed(now, 0) == 100ms);
  backoff.works(now);
  CHECK(backoff.failed(now + 59s, kMost).count() > 50'000);
  backoff.works(now);
  CHECK(backoff.failed(now + 60s, kMost).count() <= 1'000);
  CHECK(backoff.failed(now, 0, 7'000ms) == 7s);
  CHECK(backoff.failed(now, kMost, 100h) == Backoff::kRetryAfterMost);
}

TEST_CASE("the_entry_at_the_cursor_is_left_out_if_it_comes_and_only_then") {
  FieldNames names;
  parse::JournalEntries entries("journald", names);
  entries.begin("");
  const std::string bytes = entry("s=1;i=1", "one") + entry("s=1;i=2", "two");
  for (const char one : bytes) entries.add({&one, 1});
  CHECK(messages(entries) == "one;two;");
  CHECK(entries.cursor() == "s=1;i=2");
  entries.add(entry("s=1;i=3", "half").substr(0, 30));
  CHECK(messages(entries).empty());
  entries.begin("s=1;i=2");
  entries.add(entry("s=1;i=2", "two") + entry("s=1;i=3", "three"));
  CHECK(messages(entries) == "three;");
  CHECK(entries.first_cursor() == "s=1;i=2");
  entries.begin("s=1;i=3");
  entries.add(entry("s=2;i=1", "other") + entry("s=1;i=3", "same later"));
  CHECK(messages(entries) == "other;same later;");
  CHECK(entries.first_cursor() == "s=2;i=1");
}

TEST_CASE("a_place_in_the_journal_is_text_and_back_and_a_damaged_one_is_refused") {
  JournalPlace place;
  place.cursor = "s=0a;i=1;b=2;m=3;t=4;x=5";
  place.records = 17;
  const auto back = JournalPlace::of_text(place.text());
  REQUIRE(back.ok());
  CHECK(back->cursor == place.cursor);
  CHECK(back->records == 17);
  place.cursor.clear();
  place.since_us = 1779098400000001;
  CHECK(JournalPlace::of_text(place.text())->since_us == 1779098400000001);
  for (const std::string& wrong : {std::string(), std::string("x"), place.text().substr(0, place.text().size() - 2),
                                   std::string("logystera journal 1\ncursor --since=x 1\nend\n"),
                                   std::string("logystera journal 1\nsince 9999999999999999999 1\nend\n")})
    CHECK_FALSE(JournalPlace::of_text(wrong).ok());
  CHECK(journal_follow({}, back.value()).back() == back->cursor);
  CHECK(journal_follow({}, place).back() == "@1779098400.000001");
  CHECK(journal_scan({.units = {}, .since = "1h", .priority = {}, .directory = {}}).back() == "-1h");
}

TEST_CASE("what_goes_to_a_host_is_quoted_and_what_could_be_an_option_refused") {
  CHECK(logystera::shell_quoted("a'b $(x)\n") == "'a'\\''b $(x)\n'");
  CHECK(logystera::shell_word("a'b $(x)\n") == "'a'\\''b $(x)\n'");
  CHECK(logystera::shell_word("/srv/a-b_1.log") == "/srv/a-b_1.log");
  CHECK(logystera::shell_word("/srv/a b") == "'/srv/a b'");
  CHECK(logystera::shell_word("~/a") == "'~/a'");
  CHECK(logystera::shell_word("") == "''");
  const SshTarget target{"admin@web01", 2222, {"ProxyJump=bastion"}};
  const auto command = ssh_read(target, "-rf x");
  CHECK(command.back() == "'cat' './-rf x'");
  CHECK(command[command.size() - 2] == "admin@web01");
  CHECK(command[command.size() - 3] == "--");
  CHECK_FALSE(wrong_with(target));
  for (const char* host : {"", "-oProxyCommand=x", "a b", "a;b", "$(x)", "a\nb"}) CHECK(wrong_with(SshTarget{host, 0, {}}));
  for (const char* option : {"", "ProxyCommand", "-oX=1", "=x", "A=b\nc"})
    CHECK(wrong_with(SshTarget{"host", 0, {option}}));
  CHECK(wrong_with_path(std::string("a\0b", 3)));
  CHECK(wrong_with(JournalTarget{{"a\nb"}, {}, {}, {}}));
}

TEST_CASE("a_place_in_a_file_over_ssh_is_text_and_back") {
  const SshPlace place{SshPlace::Mode::at, 11, 640, 64, 12, "abc"};
  const auto back = SshPlace::of_text(place.text());
  REQUIRE(back.ok());
  CHECK(back->text() == place.text());
  CHECK_FALSE(SshPlace::of_text("logystera ssh 1\nwhere 1 2 3 4 -\nend\n").ok());
  CHECK_FALSE(SshPlace::of_text(place.text().substr(0, 30)).ok());
}

TEST_CASE("lines_that_come_piece_by_piece_are_records_and_their_place_is_exact") {
  const parse::Formats all = formats();
  FieldNames names;
  LineFeed feed("docker:web", all, names, {});
  const std::string text =
      "{\"time\":\"2026-05-18T10:00:01Z\",\"level\":\"error\",\"msg\":\"one\"}\n{\"time\":\"2026-05-18T10:00:02Z\","
      "\"level\":\"info\",\"msg\":\"two\"}\n";
  RecordBatch batch;
  std::string seen;
  for (const char one : text) {
    feed.add({&one, 1});
    while (feed.take(batch, LineFeed::Expect::quiet))
      for (const Record& record : batch.records)
        seen += std::string(record.message) + ":" + std::to_string(record.line) + ";";
  }
  CHECK(seen == "one:1;two:2;");
  CHECK(feed.offset() == text.size());
  feed.add("{\"half");
  CHECK_FALSE(feed.take(batch, LineFeed::Expect::quiet));
  CHECK(feed.offset() == text.size());
  feed.go_on(text.size(), 3);
  feed.add("{\"time\":\"2026-05-18T10:00:03Z\",\"msg\":\"three\"}");
  CHECK_FALSE(feed.take(batch, LineFeed::Expect::quiet));
  REQUIRE(feed.take(batch, LineFeed::Expect::last));
  CHECK(batch.records.at(0).message == "three");
  CHECK(batch.records.at(0).line == 3);
}

TEST_CASE("a_file_over_ssh_that_is_not_there_begins_at_its_beginning") {
  const FakeSsh ssh("exit 3\n");
  const parse::Formats known = formats();
  FieldNames names;
  SshFile file(known, names, far_log());
  CHECK(file.position().text == SshPlace{}.text());
  RecordBatch batch;
  auto state = file.next(batch, 10s);
  REQUIRE_FALSE(state.ok());
  CHECK(state.error().kind == ErrorKind::not_found);
  CHECK(file.position().text == SshPlace{.mode = SshPlace::Mode::start}.text());
}

TEST_CASE("ssh_that_cannot_be_started_again_is_tried_again") {
  const FakeSsh ssh("echo gone >&2\nexit 255\n");
  const parse::Formats known = formats();
  FieldNames names;
  RecordBatch batch;
  SshFile file(known, names, far_log());
  const auto next = [&](const std::string& trouble) {
    return testing::eventually([&] {
      auto state = file.next(batch, 50ms);
      REQUIRE(state.ok());
      return file.trouble().find(trouble) != std::string::npos;
    });
  };
  CHECK(next("gone"));
  ssh.permit(0600);
  CHECK(next("cannot be started: Permission denied"));
  ssh.permit(0755);
  CHECK(next("gone"));
  ssh.permit(0600);
  SshFile first(known, names, far_log());
  CHECK_FALSE(first.next(batch, 10s).ok());
}

TEST_CASE("a_journal_whose_program_cannot_be_started_again_is_tried_again_unless_it_is_gone") {
  FieldNames names;
  std::string program = "true";
  JournalSource::Options options;
  options.name = "journald";
  options.arguments = [&](const JournalPlace&) { return std::vector<std::string>{program}; };
  options.judge = judge_journalctl;
  auto opened = JournalSource::open(names, std::move(options));
  REQUIRE(opened.ok());
  JournalSource& journal = *opened.value();
  RecordBatch batch;
  const auto next = [&](const std::string& trouble) {
    return testing::eventually([&] {
      auto state = journal.next(batch, 50ms);
      REQUIRE(state.ok());
      return journal.trouble().find(trouble) != std::string::npos;
    });
  };
  program = "/dev/null";
  CHECK(next("/dev/null cannot be started: Permission denied"));
  program = "true";
  CHECK(next("exit code 0"));
  program = "/nonexistent";
  Result<State> state = State::idle;
  CHECK(testing::eventually([&] { return !(state = journal.next(batch, 50ms)).ok(); }));
  CHECK(state.error().kind == ErrorKind::not_found);
}
