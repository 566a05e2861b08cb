// What a log's bytes and lines turn out to be on the way: encodings, formats that change, records that come in parts.
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "parse/encoding.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::parse;
using namespace std::string_literals;

namespace {

const Formats& built_in() {
  static const Formats formats = std::move(Formats::built_in().value());
  return formats;
}

struct Line {
  std::string raw, message, format, client_ip;
  bool time_known, parsed, truncated;
  std::uint64_t line;
  Severity severity;
  bool operator==(const Line&) const = default;
};

struct All {
  FieldNames names;
  std::string format;
  Encoding encoding = Encoding::bytes;
  std::vector<Line> lines;
  std::vector<FormatChange> changes;
  SourceCounts counts;

  explicit All(std::string_view bytes, std::size_t block_bytes = 256 * 1024, std::size_t line_bytes = 1024 * 1024) {
    SourceOptions options;
    options.reference_ns = 1'798'675'200'000'000'000;  // 2026-12-31
    options.block_bytes = block_bytes;
    options.line_bytes = line_bytes;
    auto source = Source::open(std::move(open_memory(bytes, "memory").value()), built_in(), names, options);
    REQUIRE(source.ok());
    format = source->detection().name;
    encoding = source->detection().encoding;
    RecordBatch batch;
    while (source->next_batch(batch)) {
      for (const Record& r : batch.records)
        lines.push_back({std::string(r.raw), std::string(r.message), std::string(r.format),
                         std::string(r.text(field::client_ip)), r.time_known, r.parsed, r.truncated, r.line, r.severity});
    }
    counts = source->counts();
    changes = source->changes();
  }
};

std::string refusal(std::string_view bytes) {
  FieldNames names;
  auto source = Source::open(std::move(open_memory(bytes, "memory").value()), built_in(), names);
  return source ? std::string() : source.error().message;
}

// ASCII and what is written as \u in it, in units of two or four bytes.
std::string coded(std::u32string_view text, bool wide, bool little) {
  std::string out;
  const auto unit = [&](std::uint32_t value) {
    const std::size_t size = wide ? 4 : 2;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(value >> 8 * (little ? i : size - 1 - i));
  };
  for (char32_t c : text) {
    if (wide || c < 0x10000) {
      unit(c);
    } else {
      unit(0xD800 + ((c - 0x10000) >> 10));
      unit(0xDC00 + ((c - 0x10000) & 0x3FF));
    }
  }
  return out;
}

const std::string kAccess = "203.0.113.44 - - [18/May/2026:10:00:01 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"c\"\n";
const std::string kSyslog = "May 18 10:00:01 web1 app: text\n";
const std::string kError =
    "2026/05/18 10:00:01 [error] 1#1: *1 open() \"/x\" failed (2: No such file or directory), client: 198.51.100.82, "
    "server: s\n";

std::string times(const std::string& line, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += line;
  return out;
}

std::string docker(const std::string& text, const char* stream = "stdout") {
  return "{\"log\":\"" + text + "\",\"stream\":\"" + stream + "\",\"time\":\"2026-05-18T10:00:01Z\"}\n";
}

}  // namespace

TEST_CASE("text_in_utf_16_and_32_is_read_as_utf_8_with_a_mark_and_without", "[encoding]") {
  const std::u32string text =
      U"2026-03-01 10:49:16.86 Logon  Login failed for 'ann@example.com'. [CLIENT: 203.0.113.9]\r\n"
      U"2026-03-01 10:49:17.86 Server gr\u00fc\u00dfe \u20ac \U0001F600\r\n";
  for (bool wide : {false, true}) {
    for (bool little : {true, false}) {
      for (bool mark : {true, false}) {
        if (wide && !mark) continue;  // only told by its mark
        const std::string bytes = (mark ? coded(U"\uFEFF", wide, little) : "") + coded(text, wide, little);
        for (std::size_t block : {std::size_t{64}, std::size_t{4096}}) {
          const All all(bytes, block);
          INFO(wide << little << mark);
          REQUIRE(all.lines.size() == 2);
          CHECK(all.lines[0].raw ==
                "2026-03-01 10:49:16.86 Logon  Login failed for 'ann@example.com'. [CLIENT: 203.0.113.9]");
          CHECK(all.lines[0].time_known);
          CHECK(all.lines[1].raw.find("gr\u00fc\u00dfe \u20ac \U0001F600") != std::string::npos);
          CHECK(all.lines[1].line == 2);
          CHECK(all.counts.undecodable == 0);
        }
      }
    }
  }
}

TEST_CASE("units_that_mean_nothing_are_replaced_and_counted", "[encoding]") {
  std::string bytes = coded(U"\uFEFFa line of text ", false, true) + "\x00\xD8"s + coded(U"x", false, true) + "\x00\xDC"s +
                      coded(U"\n", false, true) + "\x00\xD8"s + "z";
  const All all(bytes);
  REQUIRE(all.lines.size() == 2);
  CHECK(all.lines[0].raw == "a line of text \uFFFDx\uFFFD");
  CHECK(all.counts.undecodable == 4);
}

TEST_CASE("byte_order_marks_are_no_part_of_a_line", "[encoding]") {
  const All all("\xEF\xBB\xBF" + kAccess + "\xEF\xBB\xBF" + kAccess);
  CHECK(all.format == "access_combined");
  REQUIRE(all.lines.size() == 2);
  for (const Line& line : all.lines) CHECK(line.client_ip == "203.0.113.44");
}

TEST_CASE("bytes_are_not_taken_for_utf_16", "[encoding]") {
  CHECK(recognise_encoding(kAccess).encoding == Encoding::bytes);
  CHECK(recognise_encoding(std::string(4096, '\0')).encoding == Encoding::bytes);
  CHECK(recognise_encoding(std::string(100, '\0') + kAccess).encoding == Encoding::bytes);
  CHECK(recognise_encoding("ElfFile\0\0\0\0\0\0\0\0\0"s).encoding == Encoding::bytes);
  std::string numbers;
  for (int i = 0; i < 500; ++i) numbers += {static_cast<char>(i % 200), '\0'};
  CHECK(recognise_encoding(numbers).encoding == Encoding::bytes);
}

TEST_CASE("letters_with_nuls_between_them_in_a_log_of_bytes_are_read_without", "[encoding]") {
  RecordBatch batch;
  const auto shown = [&](const std::string& line) { return std::string(without_spacing_nuls(line, batch)); };
  CHECK(shown("from a\0n\0n\0@\0x\0.\0c\0o\0m\0 ok"s) == "from ann@x.com ok");
  CHECK(shown("a\0\0\0n\0\0\0n\0\0\0"s) == "ann");
  CHECK(shown("two\0words and\0more"s) == "two\0words and\0more"s);
  CHECK(shown("203.0.113.7\0999"s) == "203.0.113.7\0999"s);
  const All all(times(kSyslog, 3) + coded(U"mail of ann@example.com\r\n", false, true) + kSyslog);
  REQUIRE(all.lines.size() == 5);
  CHECK(all.lines[3].raw == "mail of ann@example.com");
  CHECK(all.lines[4].parsed);
}

TEST_CASE("files_that_are_no_logs_are_named_for_what_they_are", "[encoding]") {
  CHECK(refusal("PK\x03\x04"s + std::string(200, 'x')).find("zip") != std::string::npos);
  CHECK(refusal("SQLite format 3\0"s + std::string(200, '\0')).find("SQLite") != std::string::npos);
  CHECK(refusal("\x7F"
                "ELF\x02\x01\x01"s +
                std::string(200, '\0'))
            .find("program") != std::string::npos);
  CHECK(refusal("LPKSHHRH"s + std::string(200, '\0')).find("journalctl") != std::string::npos);
  std::string noise;
  for (unsigned i = 0, seed = 1; i < 4096; ++i, seed = seed * 1'103'515'245 + 12'345)
    noise += static_cast<char>(seed >> 16);
  CHECK(refusal(noise).find("name its format") != std::string::npos);
  CHECK(refusal(kAccess).empty());
  CHECK(refusal("\x1b[31mred\x1b[0m text\n" + kSyslog).empty());
  CHECK(refusal("caf\xe9 \xfc\xdf in Latin-1\n" + kSyslog).empty());
}

TEST_CASE("a_sample_without_a_whole_line_does_not_decide_the_format", "[formats]") {
  std::string line = kAccess;
  line.insert(line.find("/a"), std::string(70'000, 'b'));
  const All all(line + times(kAccess, 48));
  CHECK(all.format == "access_combined");
  REQUIRE(all.lines.size() == 49);
  for (const Line& one : all.lines) CHECK(one.client_ip == "203.0.113.44");
  for (std::size_t hole : {std::size_t{100}, std::size_t{70'000}, std::size_t{300'000}}) {
    const All holed(std::string(hole, '\0') + times(kSyslog, 6));
    CHECK(holed.format == "syslog");
    REQUIRE(holed.lines.size() == 6);
    for (const Line& one : holed.lines) CHECK((one.parsed && one.time_known));
    CHECK(holed.counts.hole_bytes == hole);
    CHECK(holed.counts.bytes == hole + 6 * kSyslog.size());
  }
}

TEST_CASE("a_format_that_changes_on_the_way_is_told_again", "[formats]") {
  const std::string json = "{\"time\":\"2026-05-18T10:00:01Z\",\"level\":\"info\",\"msg\":\"hello\"}\n";
  const std::string log = times(kAccess, 300) + times(json, 100) + kAccess + json + kAccess;
  const All all(log);
  CHECK(all.format == "access_combined");
  REQUIRE(all.changes.size() == 1);
  CHECK(all.changes[0].line > 300);
  CHECK(all.changes[0].line < 340);
  CHECK(all.counts.format_changes == 1);
  REQUIRE(all.lines.size() == 403);
  for (std::size_t i = 340; i < 403; ++i) CHECK(all.lines[i].parsed);  // both are known from then on
  CHECK(all.lines[402].format == "access_combined");
  // The same whatever comes in a batch.
  for (std::size_t block : {std::size_t{100}, std::size_t{1'000}, std::size_t{7'777}})
    CHECK(All(log, block).lines == all.lines);
}

TEST_CASE("a_banner_does_not_decide_the_format", "[formats]") {
  const std::string banner = times("*** this host is watched; go away ***\n", 300);
  const All shortly(banner + times(kError, 400));
  CHECK(shortly.format == "nginx_error");
  CHECK(shortly.lines.back().client_ip == "198.51.100.82");
  CHECK(shortly.lines[300].client_ip == "198.51.100.82");
  const All longer(times(banner, 30) + times(kError, 12'000));
  CHECK(longer.format == "plaintext");
  CHECK(longer.lines.back().client_ip == "198.51.100.82");
  CHECK(longer.counts.format_changes == 1);
  const All text(times("Nothing here is like any format\n", 5'000));
  CHECK(text.format == "plaintext");
  CHECK(text.counts.format_changes == 0);
  CHECK(text.counts.unparsed == 0);
}

TEST_CASE("some_lines_that_do_not_fit_change_nothing", "[formats]") {
  std::string log;
  for (int i = 0; i < 200; ++i) log += kAccess + (i % 10 == 0 ? times("{\"a\":1}\n", 5) : "");
  CHECK(All(log).counts.format_changes == 0);
}

TEST_CASE("records_that_a_container_runtime_cut_are_joined_by_stream", "[parts]") {
  const std::string log = docker("peer 203.0.1") + docker("ERR other\\n", "stderr") + docker("13.91 and ann@exam") +
                          docker("ple.com\\n") + docker("end\\\\n") + docker(" of it\\n") + docker("alone\\n");
  for (std::size_t block : {std::size_t{50}, std::size_t{200}, std::size_t{4096}}) {
    const All all(log, block);
    CHECK(all.format == "docker_json");
    REQUIRE(all.lines.size() == 4);
    CHECK(all.lines[0].message == "other");
    CHECK(all.lines[0].severity == Severity::error);
    CHECK(all.lines[1].message == "peer 203.0.113.91 and ann@example.com");
    CHECK(all.lines[1].line == 1);
    CHECK(all.lines[1].raw.find("peer 203.0.113.91 and ann@example.com\\n") != std::string::npos);
    CHECK(all.lines[2].message == "end\\n of it");
    CHECK(all.lines[3].message == "alone");
    CHECK(all.counts.joined == 3);
    CHECK(all.counts.records == 4);
  }
}

TEST_CASE("partial_lines_of_kubernetes_are_joined", "[parts]") {
  const std::string at = "2026-05-18T10:00:01.5Z ";
  const std::string log = at + "stdout P ann@exam\n" + at + "stderr P 203.0.\n" + at + "stdout P ple.c\n" + at +
                          "stderr F 113.5 gone\n" + at + "stdout F om came\n" + at + "stdout F ERROR: whole\n";
  const All all(log);
  CHECK(all.format == "cri");
  REQUIRE(all.lines.size() == 3);
  CHECK(all.lines[0].message == "203.0.113.5 gone");
  CHECK(all.lines[1].message == "ann@example.com came");
  CHECK(all.lines[2].message.find("whole") != std::string::npos);
  for (const Line& line : all.lines) CHECK(line.time_known);
}

TEST_CASE("a_pods_line_is_read_as_what_is_in_it_whatever_stands_around_it", "[parts]") {
  const std::string at = "2026-05-18T10:00:01.5Z ";
  const std::vector<std::string> kinds{
      R"(stdout F {"level":"error","msg":"no database"})", "stdout F plain words",
      R"(stdout F 192.0.2.1 - - [18/May/2026:10:00:01 +0000] "GET /a HTTP/1.1" 503 12 "-" "curl/8")",
      "stderr F 2026/05/18 10:00:01 [error] 9#9: *3 open() failed", "stderr F level=warn msg=slow"};
  const std::vector<Severity> severities{Severity::error, Severity::info, Severity::error, Severity::error,
                                         Severity::warning};
  const std::vector<std::string> messages{"no database", "plain words", "", "", "slow"};
  std::mt19937 random(3);
  std::string log;
  std::vector<std::size_t> order;
  for (int i = 0; i < 200; ++i) {
    order.push_back(random() % kinds.size());
    log += at + kinds[order.back()] + "\n";
  }
  const All all(log);
  CHECK(all.format == "cri");
  REQUIRE(all.lines.size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    INFO(all.lines[i].message);
    CHECK(all.lines[i].severity == severities[order[i]]);
    if (!messages[order[i]].empty()) CHECK(all.lines[i].message == messages[order[i]]);
    CHECK(all.lines[i].time_known);
  }
  // In parts, of two streams at once.
  const All parts(at + "stdout P {\"level\":\"error\",\n" + at + "stderr P level=warn m\n" + at +
                  "stdout F \"msg\":\"in parts\"}\n" + at + "stderr F sg=too\n");
  REQUIRE(parts.lines.size() == 2);
  CHECK(parts.lines[0].message == "in parts");
  CHECK(parts.lines[0].severity == Severity::error);
  CHECK(parts.lines[1].message == "too");
  CHECK(parts.lines[1].severity == Severity::warning);
}

// What Docker's json-file has of a container is what the runtimes of Kubernetes write of it, line by line.
TEST_CASE("docker_and_kubernetes_have_the_same_records_of_the_same_lines", "[parts]") {
  const std::vector<std::string> lines{
      R"({"level":"error","msg":"no database","took":3})",
      "plain words",
      "ERROR: no database",
      R"(192.0.2.1 - - [18/May/2026:10:00:01 +0000] "GET /.env HTTP/1.1" 503 12 "-" "curl/8")",
      "2026/05/18 10:00:01 [error] 9#9: *3 open() failed",
      "level=warn msg=slow",
      "{not JSON}"};
  std::string files, runtimes;
  for (const std::string& line : lines) {
    std::string escaped;
    for (char c : line) escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
    // Docker cuts where it likes, within a key or an address.
    files += docker(escaped.substr(0, 7)) + docker("between\\n", "stderr") + docker(escaped.substr(7) + "\\n");
    runtimes += "2026-05-18T10:00:01Z stderr F between\n2026-05-18T10:00:01Z stdout F " + line + "\n";
  }
  const All file(files), runtime(runtimes);
  CHECK(file.format == "docker_json");
  CHECK(runtime.format == "cri");
  REQUIRE(file.lines.size() == 2 * lines.size());
  REQUIRE(runtime.lines.size() == file.lines.size());
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    INFO(file.lines[i].message);
    CHECK(file.lines[i].message == runtime.lines[i].message);
    CHECK(file.lines[i].severity == runtime.lines[i].severity);
    CHECK(file.lines[i].time_known);
  }
}

TEST_CASE("parts_without_a_last_one_are_handed_out_and_marked", "[parts]") {
  const All all(docker("whole\\n") + docker("begun ") + docker("and on"));
  REQUIRE(all.lines.size() == 2);
  CHECK(all.lines[1].message == "begun and on");
  CHECK(all.lines[1].truncated);
  CHECK(all.counts.unfinished == 1);
}

TEST_CASE("records_in_parts_are_bounded_over_all_their_parts", "[parts]") {
  std::string log = docker("first\\n");
  for (int i = 0; i < 100; ++i) log += docker(std::string(100, 'x'));
  const All all(log + docker("y\\n") + docker("next\\n"), 4096, 1000);
  REQUIRE(all.lines.size() == 3);
  CHECK(all.lines[1].message.size() <= 1000);
  CHECK(all.lines[1].truncated);
  CHECK(all.counts.truncated == 1);
  CHECK(all.counts.truncated_bytes > 9'000);
  CHECK(all.lines[2].message == "next");
}

TEST_CASE("a_container_log_without_line_feeds_is_not_joined", "[parts]") {
  const All all(times(docker("one message"), 50));
  CHECK(all.lines.size() == 50);
}

namespace {

// Entries of a container's or a service's output in the journal, in both of journalctl's forms.
struct Entry {
  std::string message;
  std::vector<std::pair<std::string, std::string>> fields;
  bool bytes = false;  // JSON: as a list of them, as journalctl does for what is no UTF-8
};

std::string as_export(const std::vector<Entry>& entries) {
  std::string log;
  for (const Entry& entry : entries) {
    log += "__REALTIME_TIMESTAMP=1779098401250000\n";
    for (const auto& [name, value] : entry.fields) log += name + "=" + value + "\n";
    log += "MESSAGE=" + entry.message + "\n\n";
  }
  return log;
}

std::string as_json(const std::vector<Entry>& entries) {
  std::string log;
  for (const Entry& entry : entries) {
    log += "{\"__REALTIME_TIMESTAMP\":\"1779098401250000\"";
    for (const auto& [name, value] : entry.fields) log += ",\"" + name + "\":\"" + value + "\"";
    std::string message = "\"" + entry.message + "\"";
    if (entry.bytes) {
      message = "[";
      for (unsigned char byte : entry.message) message += std::to_string(byte) + ",";
      message.back() = ']';
    }
    log += ",\"MESSAGE\":" + message + ",\"_HOSTNAME\":\"web1\"}\n";
  }
  return log;
}

}  // namespace

TEST_CASE("messages_the_journal_has_in_parts_are_joined", "[parts]") {
  const bool json = GENERATE(false, true);
  const auto text = [json](const std::vector<Entry>& entries) { return json ? as_json(entries) : as_export(entries); };
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const auto docker_part = [](const char* id, const char* ordinal, bool last) {
    Fields fields{{"CONTAINER_ID", "c1"}, {"CONTAINER_PARTIAL_ID", id}, {"CONTAINER_PARTIAL_ORDINAL", ordinal}};
    fields.emplace_back("CONTAINER_PARTIAL_LAST", last ? "true" : "false");
    if (!last) fields.emplace_back("CONTAINER_PARTIAL_MESSAGE", "true");
    return fields;
  };
  SECTION("by Docker's id") {
    const All all(text({{"mail ann@exam", docker_part("a", "1", false)},
                        {"203.0.", docker_part("b", "1", false)},
                        {"alone", {{"CONTAINER_ID", "c1"}}},
                        {"ple.com", docker_part("a", "2", true)},
                        {"113.5", docker_part("b", "2", true)}}),
                  4096);
    REQUIRE(all.lines.size() == 3);
    CHECK(all.lines[0].message == "alone");
    CHECK(all.lines[1].message == "mail ann@example.com");
    CHECK(all.lines[2].message == "203.0.113.5");
    CHECK(all.format == (json ? "journal_json" : "journal_export"));
    CHECK(all.counts.joined == 2);
    for (const Line& line : all.lines) CHECK(line.time_known);
  }
  SECTION("by the container where there is no id, each of its streams alone") {
    const Fields out{{"CONTAINER_ID_FULL", "c1"}, {"PRIORITY", "6"}}, err{{"CONTAINER_ID_FULL", "c1"}, {"PRIORITY", "3"}};
    Fields out_goes_on = out;
    out_goes_on.emplace_back("CONTAINER_PARTIAL_MESSAGE", "true");
    const All all(text({{"ann@exam", out_goes_on}, {"other", err}, {"ple.c", out_goes_on}, {"om", out}}), 4096);
    REQUIRE(all.lines.size() == 2);
    CHECK(all.lines[0].message == "other");
    CHECK(all.lines[1].message == "ann@example.com");
  }
  SECTION("by the stream where journald cut a line") {
    const All all(text({{"ann@exam", {{"_STREAM_ID", "s1"}, {"_LINE_BREAK", "line-max"}}},
                        {"cut by the end", {{"_STREAM_ID", "s2"}, {"_LINE_BREAK", "eof"}}},
                        {"ple.com", {{"_STREAM_ID", "s1"}}}}),
                  4096);
    REQUIRE(all.lines.size() == 2);
    CHECK(all.lines[0].message == "cut by the end");
    CHECK(all.lines[1].message == "ann@example.com");
  }
  SECTION("as far as they came, if the last one is missing") {
    const All all(text({{"begun ", docker_part("a", "1", false)}, {"and on", docker_part("a", "2", false)}}), 4096);
    REQUIRE(all.lines.size() == 1);
    CHECK(all.lines[0].message == "begun and on");
    CHECK(all.lines[0].truncated);
    CHECK(all.counts.unfinished == 1);
  }
  SECTION("but not of entries with much else, which would all be held") {
    Fields much = docker_part("a", "1", false);
    much.emplace_back("NOTE", std::string(70'000, 'n'));
    const All all(text({{"begun ", much}, {"and on", docker_part("a", "2", true)}}), 4096);
    REQUIRE(all.lines.size() == (json ? 1 : 2));  // a line of JSON is no longer than lines are
    CHECK(all.lines[0].message == (json ? "begun and on" : "begun "));
    CHECK(all.counts.joined == (json ? 1 : 0));
  }
  SECTION("of as many streams as may wait, and the oldest gives way") {
    std::vector<Entry> entries;
    for (int i = 0; i < 100; ++i)
      entries.push_back({std::to_string(i), docker_part(std::to_string(i).c_str(), "1", false)});
    const All all(text(entries), 4096);
    REQUIRE(all.lines.size() == 100);
    CHECK(all.lines[0].message == "0");
    CHECK(all.lines[99].message == "99");
    CHECK(all.counts.unfinished == 100);
  }
}

TEST_CASE("a_letter_that_was_cut_in_two_is_whole_in_the_joined_message", "[parts]") {
  const std::string cafe = "caf\u00e9 \"x\"";
  const std::vector<std::pair<std::string, std::string>> first{{"CONTAINER_PARTIAL_ID", "a"},
                                                               {"CONTAINER_PARTIAL_LAST", "false"}},
      last{{"CONTAINER_PARTIAL_ID", "a"}, {"CONTAINER_PARTIAL_LAST", "true"}};
  const All all(as_json({{cafe.substr(0, 4), first, true}, {cafe.substr(4), last, true}}));
  REQUIRE(all.lines.size() == 1);
  CHECK(all.lines[0].message == cafe);
}

TEST_CASE("what_a_container_wrote_into_the_journal_is_read_as_what_it_is", "[parts]") {
  const bool json = GENERATE(false, true);
  const std::vector<std::pair<std::string, std::string>> container{
      {"CONTAINER_ID", "c1"}, {"CONTAINER_ID_FULL", "c1c1"}, {"PRIORITY", "3"}, {"SYSLOG_IDENTIFIER", "shop"}},
      sshd{{"CONTAINER_ID", "c2"}, {"CONTAINER_ID_FULL", "c2c2"}, {"PRIORITY", "6"}, {"SYSLOG_IDENTIFIER", "sshd"}},
      service{{"PRIORITY", "6"}, {"SYSLOG_IDENTIFIER", "shop"}};
  const std::string logfmt = "level=warn msg=slow";
  const std::vector<Entry> entries{{logfmt, container},
                                   {"plain words", container},
                                   {"Failed password for root from 203.0.113.7 port 22 ssh2", sshd},
                                   {logfmt, service}};
  const All all(json ? as_json(entries) : as_export(entries), 4096);
  REQUIRE(all.lines.size() == 4);
  CHECK(all.lines[0].message == "slow");
  CHECK(all.lines[0].severity == Severity::warning);
  CHECK(all.lines[1].message == "plain words");
  CHECK(all.lines[1].severity == Severity::error);  // its PRIORITY
  CHECK(all.lines[2].client_ip == "203.0.113.7");
  CHECK(all.lines[3].message == logfmt);
  for (const Line& line : all.lines) CHECK(line.time_known);
}
