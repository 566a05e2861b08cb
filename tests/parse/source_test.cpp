// From bytes to records: detection, joining, limits, bad input.
#include "parse/source.hpp"
#include "parse/timestamp.hpp"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "catch.hpp"
#include "core/clock.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

const Formats& built_in() {
  static const Formats formats = std::move(Formats::built_in().value());
  return formats;
}

// A whole source read, its records copied out.
struct Kept {
  std::string raw, message, format, host;
  Severity severity;
  RecordKind kind;
  bool time_known, parsed, truncated;
  std::int64_t time_ns;
  std::uint64_t line, offset;
  std::string trace;
};

struct ReadAll {
  FieldNames names;
  Detection detection;
  std::string format;
  std::vector<Kept> records;
  SourceCounts counts;
  std::string problem;
  std::size_t largest_batch = 0;

  void run(Result<Source> source) {
    REQUIRE(source.ok());
    detection = source->detection();
    format = detection.name;
    RecordBatch batch;
    while (source->next_batch(batch)) {
      largest_batch = std::max(largest_batch, batch.text.size() + batch.arena.capacity());
      for (const Record& r : batch.records) {
        records.push_back({std::string(r.raw), std::string(r.message), std::string(r.format), std::string(r.host),
                           r.severity, r.kind, r.time_known, r.parsed, r.truncated, r.time_ns, r.line, r.offset,
                           std::string(r.text(field::stack_trace))});
      }
    }
    counts = source->counts();
    if (source->problem()) problem = source->problem()->message;
  }
  explicit ReadAll(std::string_view bytes, SourceOptions options = {}) {
    if (options.reference_ns == 0) options.reference_ns = 1'798'675'200'000'000'000;  // 2026-12-31
    run(Source::open(std::move(open_memory(bytes, "memory", options.input).value()), built_in(), names, options));
  }
};

std::string gzip(std::string_view text, int level = 6) {
  z_stream z{};
  REQUIRE(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string access_lines(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    text += "203.0.113." + std::to_string(i % 250) + " - - [18/May/2026:10:00:01 +0000] \"GET /node/" + std::to_string(i) +
            " HTTP/1.1\" 200 " + std::to_string(i) + " \"-\" \"Mozilla/5.0 (X11; Linux x86_64)\"\n";
  }
  return text;
}

class ScratchDirectory {
 public:
  ScratchDirectory() {
    char pattern[] = "/tmp/logystera-parse-XXXXXX";
    path_ = ::mkdtemp(pattern);
  }
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ + "/" + name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("each_format_is_recognised_from_its_lines_alone", "[source]") {
  for (const auto& format : built_in().all()) {
    std::string text;
    for (const FormatSample& sample : format->samples) text += sample.line + "\n";
    ReadAll all(text);
    INFO(format->name << " was taken for " << all.format << " with " << all.detection.confidence);
    CHECK(all.format == format->name);
    CHECK(all.detection.confidence > 0);
    CHECK(all.detection.confidence <= 1);
    CHECK(all.counts.unparsed == 0);
  }
}

TEST_CASE("an_auth_log_reads_as_its_users_expect", "[source]") {
  ReadAll all(
      "May 18 10:00:01 web1 sshd[1201]: Accepted publickey for admin from 203.0.113.50 port 52341 ssh2\n"
      "May 18 10:00:15 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:01:00 web1 sudo:    admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl restart "
      "nginx\n"
      "May 18 10:01:30 web1 useradd[1310]: new user: name=deploy, UID=1002, GID=1002, home=/home/deploy, "
      "shell=/bin/bash\n");
  CHECK(all.format == "auth_log");
  REQUIRE(all.records.size() == 4);
  CHECK(all.records[0].severity == Severity::info);
  CHECK(all.records[1].severity == Severity::warning);
  CHECK(all.records[2].message == "admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl restart nginx");
  CHECK(all.records[3].time_ns == 1'779'098'490'000'000'000);
  CHECK(all.records[3].kind == RecordKind::auth);
}

TEST_CASE("unparsed_lines_are_kept_and_counted", "[source]") {
  const std::string text = access_lines(5) + "garbage in between\n" + access_lines(5);
  ReadAll all(text);
  CHECK(all.format == "access_combined");
  REQUIRE(all.records.size() == 11);
  CHECK(all.counts.unparsed == 1);
  CHECK(all.records[5].raw == "garbage in between");
  CHECK(all.records[5].message == "garbage in between");
  CHECK_FALSE(all.records[5].parsed);
  CHECK(all.records[5].kind == RecordKind::text);
  CHECK(all.records[6].parsed);
}

TEST_CASE("every_byte_of_every_line_is_in_one_record_whatever_the_block_size", "[source]") {
  std::string text = access_lines(400);
  text.insert(text.find('\n', 5000) + 1, "\n   \nshort\n");
  ReadAll whole(text);
  for (std::size_t block : {std::size_t{1}, std::size_t{7}, std::size_t{100}, std::size_t{4096}}) {
    SourceOptions options;
    options.block_bytes = block;
    ReadAll all(text, options);
    REQUIRE(all.records.size() == whole.records.size());
    for (std::size_t i = 0; i < all.records.size(); ++i) {
      REQUIRE(all.records[i].raw == whole.records[i].raw);
      REQUIRE(all.records[i].line == whole.records[i].line);
      REQUIRE(all.records[i].offset == whole.records[i].offset);
      REQUIRE(text.compare(all.records[i].offset, all.records[i].raw.size(), all.records[i].raw) == 0);
    }
    CHECK(all.counts.lines == 403);
    CHECK(all.counts.blank == 2);
    CHECK(all.counts.bytes == text.size());
  }
}

TEST_CASE("stack_traces_join_the_record_they_belong_to", "[source]") {
  const std::string text =
      "2026-05-18 10:00:01,123 ERROR [main] App: boom\n"
      "java.lang.IllegalStateException: boom\n"
      "\tat com.example.App.main(App.java:12)\n"
      "Caused by: java.io.IOException: disk\n"
      "\t... 12 more\n"
      "2026-05-18 10:00:02,000 INFO [main] App: next\n"
      "2026-05-18 10:00:03,000 ERROR worker failed\n"
      "Traceback (most recent call last):\n"
      "  File \"a.py\", line 1, in <module>\n"
      "ValueError: bad\n"
      "2026-05-18 10:00:04,000 INFO done\n";
  for (std::size_t block : {std::size_t{3}, std::size_t{64}, std::size_t{200}, std::size_t{65536}}) {
    SourceOptions options;
    options.block_bytes = block;
    ReadAll all(text, options);
    REQUIRE(all.records.size() == 4);
    CHECK(all.records[0].message == "boom");
    CHECK(all.records[0].trace ==
          "java.lang.IllegalStateException: boom\n\tat com.example.App.main(App.java:12)\nCaused by: java.io.IOException: "
          "disk\n\t... 12 more");
    CHECK(all.records[1].line == 6);
    CHECK(all.records[1].trace.empty());
    CHECK(all.records[2].raw.substr(all.records[2].raw.size() - 15) == "ValueError: bad");
    CHECK(all.records[3].line == 11);
    CHECK(all.counts.joined == 7);
    CHECK(all.counts.lines == 11);
    CHECK(all.counts.records == 4);
  }
}

TEST_CASE("a_php_stack_trace_joins_its_error", "[source]") {
  ReadAll all(
      "[18-May-2026 10:00:01 UTC] PHP Fatal error:  Uncaught Exception: x in /var/www/a.php:12\n"
      "Stack trace:\n#0 /var/www/b.php(3): f()\n#1 {main}\n  thrown in /var/www/a.php on line 12\n"
      "[18-May-2026 10:00:02 UTC] PHP Notice:  y in /var/www/a.php on line 3\n");
  REQUIRE(all.records.size() == 2);
  CHECK(all.records[0].trace ==
        "Stack trace:\n#0 /var/www/b.php(3): f()\n#1 {main}\n  thrown in /var/www/a.php on line 12");
}

TEST_CASE("endless_continuation_is_bounded", "[source]") {
  std::string text = "2026-05-18 10:00:01 ERROR x\n";
  for (int i = 0; i < 2000; ++i) text += "\tat line " + std::to_string(i) + "\n";
  ReadAll all(text);
  CHECK(all.counts.lines == 2001);
  CHECK(all.records.size() >= 4);
  CHECK(all.counts.joined + all.counts.records == 2001);
}

TEST_CASE("gzip_and_zstd_read_like_plain_files", "[source]") {
  const std::string text = access_lines(3000);
  ReadAll plain(text);
  for (const std::string& packed : {gzip(text), gzip(text.substr(0, 10007)) + gzip(text.substr(10007)), zstd(text)}) {
    ReadAll all(packed);
    CHECK(all.problem.empty());
    REQUIRE(all.records.size() == plain.records.size());
    CHECK(all.records.back().raw == plain.records.back().raw);
    CHECK(all.detection.compression != Compression::none);
  }
}

TEST_CASE("a_truncated_archive_gives_what_is_readable_and_says_so", "[source]") {
  const std::string text = access_lines(3000);
  for (std::string packed : {gzip(text), zstd(text)}) {
    packed.resize(packed.size() / 2);
    ReadAll all(packed);
    INFO(all.problem);
    CHECK(all.problem.find("end in the middle") != std::string::npos);
    CHECK(all.problem.find("memory: ") == 0);
    CHECK(all.records.size() <= 3000);
    if (all.detection.compression == Compression::gzip) CHECK(all.records.size() > 100);
    // The cut line is kept too.
    if (!all.records.empty()) CHECK(all.counts.bytes > 0);
  }
}

TEST_CASE("damaged_gzip_is_an_error_with_its_place_not_a_crash", "[source]") {
  std::string packed = gzip(access_lines(3000));
  for (std::size_t i = packed.size() / 2; i < packed.size() / 2 + 40; ++i) packed[i] = static_cast<char>(packed[i] ^ 0x5A);
  ReadAll all(packed);
  CHECK_FALSE(all.problem.empty());
  CHECK(all.records.size() > 100);
}

TEST_CASE("a_compression_bomb_is_stopped_by_its_ratio", "[source]") {
  SourceOptions options;
  options.input.expansion_from = 4 * 1024 * 1024;
  options.input.expansion = 100;
  const std::string zeros(32 * 1024 * 1024, 'a');
  ReadAll all(gzip(zeros, 9), options);
  CHECK(all.problem.find("unpacks to more than 100 times its size") != std::string::npos);
  CHECK(all.counts.bytes < 6 * 1024 * 1024);
  CHECK(all.largest_batch < 4 * 1024 * 1024);
}

TEST_CASE("a_line_longer_than_the_limit_keeps_its_head_and_counts_the_rest", "[source]") {
  SourceOptions options;
  options.line_bytes = 64 * 1024;
  options.block_bytes = 16 * 1024;
  const std::string before = access_lines(40), after = access_lines(3);
  const std::string text = before + std::string(10 * 1024 * 1024, 'x') + "\n" + after;
  ReadAll all(text, options);
  REQUIRE(all.records.size() == 44);
  CHECK(all.records[40].truncated);
  CHECK(all.records[40].raw.size() == 64 * 1024);
  CHECK_FALSE(all.records[41].truncated);
  CHECK(all.records[41].line == 42);
  CHECK(text.compare(all.records[41].offset, all.records[41].raw.size(), all.records[41].raw) == 0);
  CHECK(all.counts.truncated == 1);
  CHECK(all.counts.truncated_bytes == 10 * 1024 * 1024 - 64 * 1024 + 1);
  CHECK(all.counts.bytes == text.size());
  CHECK(all.largest_batch < 2 * 1024 * 1024);
}

TEST_CASE("the_limit_of_a_line_is_the_same_wherever_its_block_ends", "[source]") {
  const std::string one = "May 18 10:00:01 web1 cron[1]: ";
  const auto line = [&](std::size_t size) { return one + std::string(size - one.size(), 'x') + "\n"; };
  const std::string text = line(4096) + line(4097) + line(9000) + line(4096) + line(50'000) + line(100);
  for (const std::size_t block : {1, 7, 4095, 4096, 4097, 8192, 1 << 20}) {
    SourceOptions options;
    options.line_bytes = 4096;
    options.block_bytes = block;
    ReadAll all(text, options);
    INFO(block);
    REQUIRE(all.records.size() == 6);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(all.records[i].line == i + 1);
      CHECK(all.records[i].truncated == (i == 1 || i == 2 || i == 4));
      CHECK(all.records[i].raw.size() == (i == 5 ? 100u : 4096u));
    }
    CHECK(all.counts.lines == 6);
    CHECK(all.counts.truncated == 3);
    CHECK(all.counts.truncated_bytes == 2 + 4905 + 45'905);
    CHECK(all.counts.bytes == text.size());
  }
}

TEST_CASE("a_line_that_is_too_long_ends_a_record_it_is_joined_to", "[source]") {
  SourceOptions options;
  options.line_bytes = 4096;
  options.block_bytes = 512;
  const std::string first = "2026-05-18 10:00:01 ERROR java.lang.IllegalStateException: x\n";
  ReadAll all(first + "\tat " + std::string(9000, 'y') + "\n\tat b\n" + first, options);
  REQUIRE(all.records.size() == 3);
  CHECK(all.records[0].truncated);
  CHECK(all.records[0].raw.size() == first.size() + 4096);
  CHECK(all.records[1].line == 3);
  CHECK(all.records[2].line == 4);
}

TEST_CASE("holes_in_front_of_lines_are_passed_over_and_counted", "[source]") {
  SourceOptions options;
  options.line_bytes = 4096;
  options.block_bytes = 512;
  const std::string line = "May 18 10:00:01 web1 cron[1]: x\n";
  const std::string text = std::string(20'000, '\0') + line + std::string(3, '\0') + line;
  ReadAll all(text, options);
  REQUIRE(all.records.size() == 2);
  CHECK(all.records[0].message == "x");
  CHECK(all.records[0].offset == 20'000);
  CHECK(all.records[1].line == 2);
  CHECK(all.counts.hole_bytes == 20'003);
  CHECK(all.counts.truncated == 0);
  CHECK(all.counts.bytes == text.size());
}

TEST_CASE("a_file_without_any_line_end_is_one_line", "[source]") {
  ReadAll all("May 18 10:00:01 web1 cron[1]: x");
  REQUIRE(all.records.size() == 1);
  CHECK(all.records[0].message == "x");
}

TEST_CASE("nul_bytes_bad_utf8_and_lone_carriage_returns_are_content", "[source]") {
  using namespace std::string_literals;
  const std::string text =
      access_lines(3) +
      "203.0.113.9 - - [18/May/2026:10:00:01 +0000] \"GET /a\0b\xff\xfe\rc HTTP/1.1\" 200 5 \"-\" \"x\"\r\n"s +
      "\0\0\0\n"s + access_lines(3);
  ReadAll all(text);
  CHECK(all.format == "access_combined");
  REQUIRE(all.records.size() == 7);
  CHECK(all.counts.blank == 1);
  CHECK(all.records[3].message == "GET /a\0b\xff\xfe\rc HTTP/1.1"s);
  CHECK(all.records[3].parsed);
}

TEST_CASE("json_with_bad_utf8_is_repaired_and_broken_json_kept_as_text", "[source]") {
  ReadAll all(
      "{\"time\":\"2026-05-18T10:00:01Z\",\"msg\":\"caf\xe9\"}\n{\"time\":\"2026-05-18T10:00:01Z\",\"msg\":\"ok\"}\n"
      "{\"time\":\"2026-05-18T10:00:01Z\",\"msg\":\"cut\n{\"time\":\"2026-05-18T10:00:01Z\",\"msg\":\"ok\"}\n");
  CHECK(all.format == "json");
  REQUIRE(all.records.size() == 4);
  CHECK(all.records[0].message == "caf\xEF\xBF\xBD");
  CHECK(all.records[2].parsed == false);
  CHECK(all.counts.unparsed == 1);
}

TEST_CASE("deeply_nested_json_is_refused_without_harm", "[source]") {
  std::string deep = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) deep += "[";
  ReadAll all("{\"a\":1}\n" + deep + "\n{\"a\":2}\n");
  REQUIRE(all.records.size() == 3);
  CHECK(all.counts.unparsed == 1);
}

namespace {

std::string times(const std::string& text, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

}  // namespace

TEST_CASE("endless_new_json_keys_stay_bounded", "[source]") {
  std::string text;
  for (int i = 0; i < 80'000; ++i) text += "{\"message\":\"m\",\"key" + std::to_string(i) + "\":1}\n";
  ReadAll all(text);
  CHECK(all.records.size() == 80'000);
  CHECK(all.counts.unparsed == 0);
  CHECK(all.names.size() == FieldNames::kNames + 1);
  // What has no number any more is counted: a field a line from there on.
  const std::size_t known = FieldNames::kNames + 1 - FieldNames().size();
  CHECK(all.counts.unnamed_fields >= 80'000 - known);
  CHECK(all.counts.unnamed_fields <= 80'000 - known + 8);
}

TEST_CASE("fields_with_names_beyond_the_limit_are_counted", "[source]") {
  const std::string name(FieldNames::kNameBytes + 1, 'x');
  CHECK(ReadAll(times("{\"message\":\"m\",\"" + name + "\":1}\n", 5)).counts.unnamed_fields == 5);
  CHECK(ReadAll(times("level=info msg=m " + name + "=1\n", 5)).counts.unnamed_fields == 5);
  CHECK(ReadAll(times("{\"message\":\"m\",\"level\":\"info\"}\n", 5)).counts.unnamed_fields == 0);
}

TEST_CASE("records_of_logins_and_other_bytes_are_no_logs", "[source]") {
  std::string login(384, '\0');
  login[0] = 7;
  login.replace(8, 5, "pts/0");
  login.replace(44, 4, "root");
  login.replace(76, 11, "203.0.113.7");
  std::string lastlog(292 * 40, '\0');
  lastlog.replace(4, 5, "pts/0");
  lastlog.replace(36, 11, "203.0.113.7");
  lastlog[0] = 'q';
  const Result<Formats> formats = Formats::built_in();
  for (const std::string& bytes : {times(login, 20), lastlog,
                                   "\x7f"
                                   "ELF" +
                                       std::string(600, '\1')}) {
    FieldNames names;
    bool no_log = false;
    auto input = open_memory(bytes, "wtmp");
    REQUIRE(input.ok());
    CHECK_FALSE(Source::open(std::move(input).value(), formats.value(), names, {}, &no_log).ok());
    CHECK(no_log);
  }
  FieldNames names;
  bool no_log = true;
  auto input = open_memory("a line\n", "a.log");
  CHECK(Source::open(std::move(input).value(), formats.value(), names, {}, &no_log).ok());
  CHECK_FALSE(no_log);
}

TEST_CASE("a_file_that_shrinks_while_read_ends_with_a_named_problem", "[source]") {
  ScratchDirectory scratch;
  const std::string text = access_lines(20'000);
  const std::string path = scratch.file("access.log", text);
  FieldNames names;
  Result<Source> source = Source::open(path, built_in(), names);
  REQUIRE(source.ok());
  RecordBatch batch;
  REQUIRE(source->next_batch(batch));
  REQUIRE(::truncate(path.c_str(), 500'000) == 0);
  std::uint64_t records = batch.size();
  while (source->next_batch(batch)) records += batch.size();
  REQUIRE(source->problem());
  CHECK(source->problem()->message.find("became shorter while it was read") != std::string::npos);
  CHECK(records > 1000);
}

TEST_CASE("what_cannot_be_opened_says_why", "[source]") {
  FieldNames names;
  CHECK(Source::open("/nonexistent/x.log", built_in(), names).error().message ==
        "/nonexistent/x.log: cannot be opened: No such file or directory");
  CHECK(Source::open("/tmp", built_in(), names).error().message == "/tmp: is a directory; name the files in it");
  SourceOptions options;
  options.format = "nonsense";
  CHECK(Source::open("/dev/null", built_in(), names, options).error().message.find("there is no format 'nonsense'") == 0);
  Result<Source> empty = Source::open("/dev/null", built_in(), names);
  REQUIRE(empty.ok());
  RecordBatch batch;
  CHECK_FALSE(empty->next_batch(batch));
  CHECK(empty->detection().name == "empty");
}

TEST_CASE("the_year_a_syslog_line_lacks_is_the_latest_that_fits", "[source]") {
  const auto year_of = [](std::string_view line, std::int64_t reference_ns) {
    std::int64_t ns = 0;
    const TimeContext context(reference_ns);
    REQUIRE(read_syslog_time(line, context, ns) == 15);
    std::int64_t year = 2030;
    while (days_from_civil(year, 1, 1) * 86'400'000'000'000 > ns) --year;
    return year;
  };
  constexpr std::int64_t kJanuary2 = 1'767'312'000'000'000'000;  // 2026-01-02
  CHECK(year_of("Dec 31 23:59:59 h x: y", kJanuary2) == 2025);
  CHECK(year_of("Jan  2 00:00:00 h x: y", kJanuary2) == 2026);
  CHECK(year_of("Jan  2 20:00:00 h x: y", kJanuary2) == 2026);  // a clock ahead by less than a day
  CHECK(year_of("Feb 29 12:00:00 h x: y", kJanuary2) == 2024);
}

TEST_CASE("a_log_that_was_written_in_the_future_is_dated_by_now", "[source]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.file("auth.log", "May 18 10:00:01 web1 sshd[7]: Server listening on :: port 22.\n");
  for (const std::int64_t seconds : {std::int64_t{4'000'000'000}, std::int64_t{10'413'792'000}}) {  // 2096, 2300
    const timespec times[] = {{seconds, 0}, {seconds, 0}};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
    FieldNames names;
    Result<Source> source = Source::open(path, built_in(), names);
    REQUIRE(source.ok());
    RecordBatch batch;
    REQUIRE(source->next_batch(batch));
    REQUIRE(batch.records.size() == 1);
    const std::int64_t now = wall_ns();
    CHECK(batch.records[0].time_ns <= now + 86'400 * kSecondNs);
    CHECK(batch.records[0].time_ns > now - 367 * 86'400 * kSecondNs);
  }
}

TEST_CASE("a_journal_export_is_read_with_its_binary_values", "[source]") {
  using namespace std::string_literals;
  const std::string text =
      "__CURSOR=a\n__REALTIME_TIMESTAMP=1779098401250000\n_HOSTNAME=web1\nPRIORITY=3\nSYSLOG_IDENTIFIER=sshd\n_PID=7\n"
      "MESSAGE=Failed password for root from 203.0.113.7 port 22 ssh2\n\n"
      "__CURSOR=b\n__REALTIME_TIMESTAMP=1779098402000000\nPRIORITY=6\nMESSAGE\n\x0b\0\0\0\0\0\0\0two\n\nlines!\n\n"s
      "__CURSOR=c\nbroken line\nMESSAGE=lost\n\n__CURSOR=d\n__REALTIME_TIMESTAMP=1779098403000000\nMESSAGE=last\n"s;
  for (int pass = 0; pass < 2; ++pass) {
    ReadAll all(pass == 0 ? text : gzip(text));
    CHECK(all.format == "journal_export");
    REQUIRE(all.records.size() == 3);
    CHECK(all.records[0].kind == RecordKind::auth);
    CHECK(all.records[0].severity == Severity::error);
    CHECK(all.records[0].host == "web1");
    CHECK(all.records[0].time_ns == 1'779'098'401'250'000'000);
    CHECK(all.records[1].message == "two\n\nlines!");
    CHECK(all.records[2].message == "last");
    CHECK(all.counts.damaged == 1);
    CHECK(all.counts.bytes == text.size());
  }
}

TEST_CASE("a_journal_entry_of_very_many_fields_is_passed_over", "[source]") {
  std::string text = "__CURSOR=a\n__REALTIME_TIMESTAMP=1779098401250000\n";
  for (int i = 0; i < 200'000; ++i) text += "A=\n";
  text += "\n__CURSOR=b\n__REALTIME_TIMESTAMP=1779098402250000\nMESSAGE=last\n\n";
  ReadAll all(text);
  CHECK(all.counts.damaged > 0);
  REQUIRE(!all.records.empty());
  CHECK(all.records.back().message == "last");
}

namespace {

// Hands out a few bytes at a time, as a pipe with a slow writer does.
class Dripping final : public ByteStream {
 public:
  Dripping(std::string_view bytes, std::size_t drop) : bytes_(bytes), drop_(drop) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t count = std::min({size, drop_, bytes_.size()});
    std::memcpy(into, bytes_.data(), count);
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
  std::size_t drop_;
};

}  // namespace

TEST_CASE("a_slow_pipe_does_not_tear_stack_traces", "[source]") {
  std::string text;
  for (int i = 0; i < 100; ++i) {
    text +=
        "2026-05-18 10:00:01,123 ERROR [main] App: boom\n\tat com.example.App.main(App.java:12)\nCaused by: x\n\t... 12 "
        "more\n";
  }
  for (std::size_t drop : {std::size_t{11}, std::size_t{47}, std::size_t{48}, std::size_t{500}}) {
    Input input;
    input.name = "-";
    input.stream = std::make_unique<Dripping>(text, drop);
    FieldNames names;
    Result<Source> source = Source::open(std::move(input), built_in(), names);
    REQUIRE(source.ok());
    RecordBatch batch;
    std::size_t records = 0;
    while (source->next_batch(batch)) {
      for (const Record& record : batch.records) {
        ++records;
        REQUIRE(record.text(field::stack_trace) == "\tat com.example.App.main(App.java:12)\nCaused by: x\n\t... 12 more");
      }
    }
    CHECK(records == 100);
    CHECK(source->counts().joined == 300);
  }
}

TEST_CASE("an_epoch_that_nanoseconds_cannot_hold_is_no_time") {
  std::int64_t ns = 0;
  const TimeContext context{};
  for (const char* fits : {"1446249499", "1446249499322", "1446249499322111", "1446249499322111999"}) {
    CHECK(read_any_time(fits, context, ns) == std::strlen(fits));
    CHECK(ns / 1'000'000'000 == 1'446'249'499);
  }
  CHECK(read_any_time("1446249499.25", context, ns) == 13);
  CHECK(ns == 1'446'249'499'250'000'000);
  for (const char* too_much :
       {"9999999999", "9999999999999", "9999999999999999", "9999999999999999999", "99999999999999999999"}) {
    CHECK(read_any_time(too_much, context, ns) == 0);
  }
}
