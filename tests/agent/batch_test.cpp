#include "agent/batch.hpp"

#include <fcntl.h>

#include "agent/file.hpp"
#include "catch.hpp"
#include "core/uuid.hpp"
#include "fault_server.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

UuidSource uuids;
std::string line(std::size_t padding = 0) { return event_line(uuids.next(), "cache.flush", padding); }

class Written {
 public:
  explicit Written(const std::string& bytes) : size_(bytes.size()) {
    site_.buffer();
    site_.spew("x", bytes);
    file_ = Fd(::open(site_.path("x").c_str(), O_RDONLY));
  }
  Batch read(std::uint64_t offset = 0, BatchLimits limits = {100, 512 * 1024, 0}) const {
    return read_batch(file_.get(), offset, size_, limits).value();
  }
  std::size_t size() const { return size_; }

 private:
  Site site_;
  std::size_t size_;
  Fd file_;
};

}  // namespace

TEST_CASE("a_batch_closes_at_its_count") {
  std::string text;
  for (int i = 0; i < 5; ++i) text += line();
  const Written file(text);
  const Batch first = file.read(0, {2, 512 * 1024, 0});
  CHECK(first.lines.size() == 2);
  CHECK(first.body == text.substr(0, first.body.size()));
  CHECK(first.end == first.body.size());
  const Batch last = file.read(first.end, {100, 512 * 1024, 0});
  CHECK(last.lines.size() == 3);
  CHECK(last.end == file.size());
  CHECK(first.body + last.body == text);
  CHECK(last.offset_behind(0) == last.begin);
  CHECK(last.offset_behind(3) == file.size());
  CHECK(last.line(0) == std::string_view(text).substr(first.body.size(), last.lines[0].end));
}

TEST_CASE("a_batch_closes_before_512_KiB_are_exceeded") {
  std::string text;
  for (int i = 0; i < 40; ++i) text += line(30'000);
  const Written file(text);
  const Batch batch = file.read();
  CHECK(batch.body.size() <= 512 * 1024);
  CHECK(batch.body.size() > 512 * 1024 - 31'000);
  CHECK(batch.lines.size() < 40);
}

TEST_CASE("a_single_event_may_be_larger_than_the_limit_and_is_its_own_batch") {
  const std::string big = line(30'000);
  const Written file(line() + big + line());
  const Batch first = file.read(0, {100, 1000, 0});
  CHECK(first.lines.size() == 1);
  const Batch second = file.read(first.end, {100, 1000, 0});
  CHECK(second.body == big);
}

TEST_CASE("bounds_of_a_batch_under_way_beat_every_setting") {
  std::string text;
  for (int i = 0; i < 10; ++i) text += line();
  const Written file(text);
  const Batch seven = file.read(0, {7, 512 * 1024, 0});
  CHECK(file.read(0, {3, 100, seven.end}).body == seven.body);
  CHECK(file.read(0, {500, 512 * 1024, seven.end}).body == seven.body);
  CHECK(file.read(0, {3, 512 * 1024, file.size() + 1}).lines.size() == 3);
  CHECK(file.read(seven.end, {2, 512 * 1024, seven.end}).lines.size() == 2);
}

TEST_CASE("what_is_no_event_is_set_aside_and_its_neighbours_are_not") {
  const std::string a = line(), b = line(), c = line();
  const std::pair<std::string, LineFault> scraps[] = {
      {"{\"event_type\":\"cache.fl", LineFault::not_json},
      {std::string(4096, '\0'), LineFault::control_byte},
      {"\xff\xfe", LineFault::not_utf8},
      {"{}", LineFault::not_an_event},
      {b.substr(0, 40) + c.substr(0, c.size() - 1), LineFault::not_json},
      {a.substr(0, a.size() - 1) + "\r", LineFault::control_byte},
      {"\xef\xbb\xbf" + a.substr(0, a.size() - 1), LineFault::not_json},
      {std::string(65'537, 'x'), LineFault::too_long},
      {std::string(10'000'000, 'x'), LineFault::too_long},
      {std::string(60'000, '['), LineFault::not_an_event},
  };
  for (const auto& [scrap, fault] : scraps) {
    const Written file(a + scrap + "\n" + b);
    const Batch batch = file.read();
    INFO(name_of(fault) << ' ' << scrap.size());
    CHECK(batch.body == a + b);
    REQUIRE(batch.scraps.size() == 1);
    CHECK(batch.scraps[0].fault == fault);
    CHECK(batch.scraps[0].text == scrap.substr(0, kScrapBytes));
    CHECK(batch.scraps[0].file_end == a.size() + scrap.size() + 1);
    CHECK(batch.end == file.size());
  }
}

TEST_CASE("a_torn_last_line_of_a_sealed_file_is_a_scrap_even_if_it_reads_as_an_event") {
  const std::string a = line(), b = line();
  const Written file(a + b.substr(0, b.size() - 1));
  const Batch batch = file.read();
  CHECK(batch.body == a);
  REQUIRE(batch.scraps.size() == 1);
  CHECK(batch.scraps[0].fault == LineFault::not_json);
  CHECK(batch.end == file.size());
  const Written endless(a + std::string(200'000, 'x'));
  CHECK(endless.read().scraps.at(0).fault == LineFault::too_long);
  CHECK(endless.read().end == endless.size());
}

TEST_CASE("empty_lines_are_passed_over") {
  const std::string a = line();
  const Written file("\n\n" + a + "\n\n");
  const Batch batch = file.read();
  CHECK(batch.body == a);
  CHECK(batch.scraps.empty());
  CHECK(batch.end == file.size());
}

TEST_CASE("a_file_of_nothing_but_scraps_is_read_in_bounded_pieces") {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "x\n";
  const Written file(text);
  std::uint64_t offset = 0;
  std::size_t scraps = 0, batches = 0;
  while (offset < file.size()) {
    const Batch batch = file.read(offset);
    REQUIRE(batch.end > offset);
    CHECK(batch.lines.empty());
    scraps += batch.scraps.size();
    offset = batch.end;
    ++batches;
  }
  CHECK(scraps == 10'000);
  CHECK(batches == (10'000 + kScrapsPerBatch - 1) / kScrapsPerBatch);
}

TEST_CASE("a_file_shorter_than_it_was_ends_where_it_ends") {
  Site site;
  site.buffer();
  const std::string a = line();
  site.spew("x", a);
  const Fd file(::open(site.path("x").c_str(), O_RDONLY));
  const Batch batch = read_batch(file.get(), 0, a.size() + 5000, {100, 512 * 1024, 0}).value();
  CHECK(batch.body == a);
  CHECK(batch.end == a.size() + 5000);
}

TEST_CASE("a_read_error_is_an_error") {
  const Fd directory(::open("/tmp", O_RDONLY | O_DIRECTORY));
  const Result<Batch> batch = read_batch(directory.get(), 0, 100, {100, 512 * 1024, 0});
  REQUIRE(!batch.ok());
  CHECK(batch.error().message.find("reading failed") == 0);
}

TEST_CASE("every_truncation_of_a_file_gives_whole_events_and_at_most_one_scrap") {
  const std::string text = line() + line() + line();
  const std::size_t one = text.size() / 3;
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const Written file(text.substr(0, size));
    const Batch batch = file.read();
    if (batch.lines.size() != size / one || batch.scraps.size() != (size % one == 0 ? 0 : 1) || batch.end != size)
      FAIL(size);
  }
  SUCCEED();
}

TEST_CASE("gzip_gives_the_same_bytes_for_the_same_text") {
  std::string text;
  for (int i = 0; i < 500; ++i) text += line();
  Gzip gzip;
  const std::string packed = gzip.pack(text);
  gzip.pack("another");
  CHECK(packed == gzip.pack(text));
  CHECK(packed == Gzip().pack(text));
  CHECK(packed.size() < text.size() / 2);
  CHECK(packed.substr(0, 2) == "\x1f\x8b");
  CHECK(packed.substr(4, 4) == std::string(4, '\0'));  // no time of making
}
