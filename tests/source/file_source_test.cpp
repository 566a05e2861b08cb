// Files read once: what they say of themselves, and going on where somebody left off.
#include "source/file_source.hpp"

#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

constexpr std::chrono::milliseconds kNoWait{0};

std::string line(int number) { return "2026-05-18 10:00:00 INFO message " + std::to_string(number) + "\n"; }

void write(const std::string& path, int from, int to) {
  std::ofstream out(path);
  for (int i = from; i <= to; ++i) out << line(i);
}

void pack(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  gzFile out = ::gzopen((path + ".gz").c_str(), "wb");
  REQUIRE(out != nullptr);
  REQUIRE(::gzwrite(out, text.data(), static_cast<unsigned>(text.size())) == static_cast<int>(text.size()));
  ::gzclose(out);
  std::filesystem::remove(path);
}

struct Reading {
  Result<parse::Formats> formats = parse::Formats::built_in();
  FieldNames names;
  source::SourceSet set;
  std::optional<source::FileSource> source;

  Reading(std::vector<FilePath> files, std::optional<source::Position> resume = {}) : set{"a.log", std::move(files)} {
    source::FileSourceOptions options;
    options.source.block_bytes = 4096;
    options.resumable = true;
    options.resume = std::move(resume);
    source.emplace(set, formats.value(), names, options);
  }
  // The numbers of the messages until `records_most` have come, or all.
  std::vector<int> read(std::size_t records_most = ~std::size_t{0}) {
    std::vector<int> numbers;
    RecordBatch batch;
    while (numbers.size() < records_most) {
      auto state = source->next(batch, kNoWait);
      REQUIRE(state.ok());
      if (state.value() == source::State::ended) break;
      for (const Record& record : batch.records) numbers.push_back(std::stoi(std::string(record.message.substr(8))));
    }
    return numbers;
  }
};

std::vector<int> numbers(int from, int to) {
  std::vector<int> all;
  for (int i = from; i <= to; ++i) all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("a_set_is_read_part_by_part_and_each_says_what_it_was") {
  const Scratch scratch;
  write(scratch.file("a.log.1"), 1, 300);
  write(scratch.file("a.log"), 301, 310);
  Reading reading({scratch.file("a.log.1"), scratch.file("missing.log"), scratch.file("a.log")});
  RecordBatch batch;
  std::vector<std::string> parts;
  std::vector<std::shared_ptr<const source::Part>> ended;
  CHECK(reading.source->part() == nullptr);
  for (auto state = reading.source->next(batch, kNoWait); ended.size() < 3; state = reading.source->next(batch, kNoWait)) {
    REQUIRE(state.ok());
    if (state.value() == source::State::records) continue;
    CHECK(batch.empty());
    ended.push_back(reading.source->part());
    CHECK((state.value() == source::State::ended) == (ended.size() == 3));
  }
  CHECK(ended[0]->counts.records == 300);
  CHECK_FALSE(ended[0]->problem);
  REQUIRE(ended[1]->problem);
  CHECK(ended[1]->problem->kind == ErrorKind::not_found);
  CHECK(ended[2]->name == scratch.file("a.log"));
  CHECK(ended[2]->counts.records == 10);
}

TEST_CASE("a_set_is_gone_on_with_where_it_was_left_whatever_its_files_are_called_now") {
  const Scratch scratch;
  write(scratch.file("a.log.1"), 1, 1000);
  write(scratch.file("a.log"), 1001, 3000);
  Reading first({scratch.file("a.log.1"), scratch.file("a.log")});
  std::vector<int> read = first.read(1500);
  REQUIRE(read.size() < 3000);
  const source::Position left = first.source->position();
  REQUIRE_FALSE(left.text.empty());
  std::vector<FilePath> files{scratch.file("a.log.1"), scratch.file("a.log")};
  int last = 3000;
  SECTION("nothing changed") {}
  SECTION("it was rotated, packed and goes on") {
    std::filesystem::rename(scratch.file("a.log"), scratch.file("a.log.2"));
    pack(scratch.file("a.log.2"));
    write(scratch.file("a.log"), 3001, 3010);
    files = {scratch.file("a.log.1"), scratch.file("a.log.2.gz"), scratch.file("a.log")};
    last = 3010;
  }
  Reading again(files, left);
  const std::vector<int> rest = again.read();
  read.insert(read.end(), rest.begin(), rest.end());
  CHECK(read == numbers(1, last));
  CHECK(Reading(files, again.source->position()).read().empty());
}

TEST_CASE("a_set_that_does_not_hold_what_was_left_is_an_error_and_so_is_half_a_position") {
  const Scratch scratch;
  write(scratch.file("a.log"), 1, 100);
  write(scratch.file("b.log"), 7, 100);
  Reading first({scratch.file("a.log")});
  first.read();
  const source::Position left = first.source->position();
  RecordBatch batch;
  Reading other({scratch.file("b.log")}, left);
  auto state = other.source->next(batch, kNoWait);
  REQUIRE_FALSE(state.ok());
  CHECK(state.error().kind == ErrorKind::not_found);
  for (std::size_t size = 0; size + 1 < left.text.size(); ++size) {
    Reading half({scratch.file("a.log")}, source::Position{left.text.substr(0, size)});
    auto refused = half.source->next(batch, kNoWait);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::broken);
  }
}

TEST_CASE("a_pipe_has_no_position_to_go_on_from") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const std::string text = line(1) + line(2);
  REQUIRE(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  Reading reading({"/proc/self/fd/" + std::to_string(ends[0])});
  CHECK(reading.read(1) == numbers(1, 2));
  CHECK(reading.source->position().text.empty());
  ::close(ends[0]);
}
