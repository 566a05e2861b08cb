// Following a log: nothing lost and nothing twice across rotation, truncation and restart.
#include "scan/follow.hpp"

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

struct Tail {
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  std::unique_ptr<scan::Follower> follower;

  void open(const std::string& path, scan::Follower::Options options) {
    auto opened = scan::Follower::open(path, formats.value(), names, std::move(options));
    REQUIRE(opened.ok());
    follower = std::move(opened).value();
  }
  // Messages that came until the log has been quiet for a while.
  std::vector<std::string> read() {
    std::vector<std::string> messages;
    RecordBatch batch;
    for (int quiet = 0; quiet < 12; ++quiet) {
      auto more = follower->poll(batch);
      REQUIRE(more.ok());
      if (!more.value()) continue;
      quiet = 0;
      for (const Record& record : batch.records) messages.emplace_back(record.message);
    }
    return messages;
  }
};

void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }
std::string line(int number) { return "2026-05-18 10:00:00 INFO message " + std::to_string(number) + "\n"; }
std::string message(int number) { return "message " + std::to_string(number); }
using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("follow_begins_at_the_end_unless_told_otherwise") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(1) + line(2));
  Tail end, start;
  end.open(path, {});
  start.open(path, {.source = {}, .from_start = true, .resume = {}});
  append(path, line(3));
  CHECK(end.read() == Messages{message(3)});
  CHECK(start.read() == Messages{message(1), message(2), message(3)});
  CHECK(end.follower->format() == "plaintext");
}

TEST_CASE("follow_reads_the_rest_of_a_rotated_file_before_the_new_one") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(1));
  Tail tail;
  tail.open(path, {.source = {}, .from_start = true, .resume = {}});
  CHECK(tail.read() == Messages{message(1)});
  append(path, line(2));
  std::filesystem::rename(path, path + ".1");
  append(path + ".1", line(3));
  append(path, line(4));
  CHECK(tail.read() == Messages{message(2), message(3), message(4)});
  CHECK(tail.follower->rotations() == 1);
}

TEST_CASE("follow_begins_again_when_the_file_was_truncated") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(1) + line(2) + line(3));
  Tail tail;
  tail.open(path, {.source = {}, .from_start = true, .resume = {}});
  CHECK(tail.read().size() == 3);
  std::filesystem::resize_file(path, 0);
  append(path, line(4));
  CHECK(tail.read() == Messages{message(4)});
  CHECK(tail.follower->truncations() == 1);
}

TEST_CASE("follow_waits_for_the_end_of_a_line") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(1));
  Tail tail;
  tail.open(path, {});
  append(path, "2026-05-18 10:00:00 INFO mess");
  RecordBatch batch;
  auto first = tail.follower->poll(batch);
  REQUIRE(first.ok());
  CHECK_FALSE(first.value());
  append(path, "age 2\n");
  CHECK(tail.read() == Messages{message(2)});
}

TEST_CASE("follow_resumes_where_it_left_off_even_in_a_file_that_was_rotated_since") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(1) + line(2));
  scan::Position left;
  {
    Tail tail;
    tail.open(path, {.source = {}, .from_start = true, .resume = {}});
    CHECK(tail.read().size() == 2);
    left = tail.follower->position();
  }
  append(path, line(3));
  std::filesystem::rename(path, path + ".1");
  append(path, line(4));
  Tail again;
  again.open(path, {.source = {}, .from_start = false, .resume = left});
  CHECK(again.read() == Messages{message(3), message(4)});
}

TEST_CASE("follow_reads_everything_when_the_file_it_left_off_in_is_gone") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(7));
  Tail tail;
  tail.open(path, {.source = {}, .from_start = false, .resume = scan::Position{1, 2, 3}});
  CHECK(tail.read() == Messages{message(7)});
}

TEST_CASE("follow_refuses_what_is_no_file") {
  const Scratch scratch;
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  CHECK_FALSE(scan::Follower::open(scratch.file("nothing.log"), formats.value(), names, {}).ok());
  const auto directory = scan::Follower::open(scratch.file("."), formats.value(), names, {});
  REQUIRE_FALSE(directory.ok());
  CHECK(directory.error().message.find("not a regular file") != std::string::npos);
}

TEST_CASE("follow_makes_one_record_of_a_line_beyond_the_limit") {
  const Scratch scratch;
  const std::string path = scratch.file("a.log");
  append(path, line(1));
  Tail tail;
  scan::Follower::Options options;
  options.from_start = true;
  options.source.line_bytes = 4096;
  tail.open(path, options);
  CHECK(tail.read() == Messages{message(1)});
  const std::string forged = "May 18 10:00:09 web1 sshd[1]: Accepted password for root from 203.0.113.66 port 22 ssh2 ";
  append(path, "2026-05-18 10:00:00 INFO ");
  std::vector<Record> records;
  RecordBatch batch;
  for (int piece = 0; piece < 3000; ++piece) {  // looked at while it comes
    append(path, forged);
    auto more = tail.follower->poll(batch);
    REQUIRE(more.ok());
    records.insert(records.end(), batch.records.begin(), batch.records.end());
  }
  REQUIRE(records.size() == 1);
  CHECK(records[0].truncated);
  CHECK(records[0].line == 2);
  append(path, "\n" + line(2));
  CHECK(tail.read() == Messages{message(2)});
}
