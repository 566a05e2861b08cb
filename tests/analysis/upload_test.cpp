// A log that is uploaded: looked at within limits, and nothing of it remains.
#include "analysis/upload.hpp"

#include <zlib.h>

#include <string>

#include "catch.hpp"

using namespace logystera;
using analysis::UploadEnd;
using analysis::UploadLimits;
using analysis::UploadReport;

namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string failed_logins(int count) {
  std::string log;
  for (int i = 0; i < count; ++i)
    log += "May 18 10:00:" + std::to_string(10 + i % 50) + " web1 sshd[" + std::to_string(1000 + i) +
           "]: Failed password for root from 198.51.100.7 port 22 ssh2\n";
  return log;
}

const analysis::Program& program() {
  static const auto made = [] {
    analysis::ProgramOptions options;
    options.salt = "a salt of sixteen";
    options.timezone = "UTC";
    options.rule_cache = false;
    analysis::ProgramNotes notes;
    auto program = analysis::Program::make(options, notes);
    REQUIRE(program.ok());
    return std::move(program).value();
  }();
  return *made;
}

UploadReport look(std::string_view bytes, redact::Mode mode = redact::Mode::redact, const UploadLimits& limits = {},
                  const std::stop_token& stop = {}) {
  return analysis::look_at_upload(bytes, "an upload.log", program(), mode, stop, limits);
}

}  // namespace

TEST_CASE("an upload is recognised, counted and redacted") {
  const UploadReport report = look(failed_logins(100));
  CHECK(report.end == UploadEnd::whole);
  CHECK(report.log.format == "auth_log");
  CHECK(report.log.counts.records == 100);
  CHECK(report.sample.size() == 20);
  CHECK(report.sample.front().line == 1);
  CHECK(report.sample.front().time_known);
  CHECK(report.log.redacted_total() >= 100);
  CHECK(report.findings_total() == report.log.findings);
  REQUIRE(report.findings_total() > 0);
  std::uint64_t by_rule = 0;
  for (const auto& rule : report.rules) by_rule += rule.findings;
  CHECK(by_rule == report.findings_total());
  for (std::size_t i = 1; i < report.findings.size(); ++i) CHECK(report.findings[i - 1].level >= report.findings[i].level);
  for (const auto& event : report.sample) CHECK(event.message.find("198.51.100.7") == std::string::npos);
  for (const auto& finding : report.findings) CHECK(finding.message.find("198.51.100.7") == std::string::npos);
}

TEST_CASE("an upload is shown as its sender wants it: pseudonyms, masks, or as it is") {
  const std::string log = failed_logins(3);
  const auto first = [&](redact::Mode mode) { return look(log, mode).sample.front().message; };
  CHECK(first(redact::Mode::redact).find("ip_") != std::string::npos);
  CHECK(first(redact::Mode::mask).find("<ip>") != std::string::npos);
  CHECK(first(redact::Mode::dry_run).find("198.51.100.7") != std::string::npos);
  CHECK(look(log, redact::Mode::dry_run).log.redacted_total() == look(log).log.redacted_total());
}

TEST_CASE("a packed upload is the same as the plain one") {
  const std::string log = failed_logins(200);
  const UploadReport plain = look(log), packed = look(gzip(log));
  CHECK(packed.log.compression == "gzip");
  CHECK(packed.log.counts.records == plain.log.counts.records);
  CHECK(packed.by_level == plain.by_level);
}

TEST_CASE("what an upload unpacks to is bounded, and what was read until then is shown") {
  const std::string bomb = gzip(std::string(8 << 20, '\n') + failed_logins(1));
  UploadLimits limits;
  limits.unpacked_bytes = 1 << 20;
  const UploadReport report = look(bomb, redact::Mode::redact, limits);
  CHECK(report.end == UploadEnd::problem);
  REQUIRE(report.log.problem);
  CHECK(report.log.problem->kind == ErrorKind::too_large);
  CHECK(report.log.problem->message.find("1048576 bytes") != std::string::npos);

  const UploadReport cut = look(gzip(failed_logins(100'000)), redact::Mode::redact, limits);
  CHECK(cut.end == UploadEnd::problem);
  CHECK(cut.log.counts.records > 1'000);
  CHECK(cut.sample.size() == 20);
}

TEST_CASE("an upload that is no log says what it is") {
  for (const std::string_view bytes : {std::string_view("PK\3\4\24\0\0\0\10\0 a zip", 20),
                                       std::string_view("\x7f"
                                                        "ELF\2\1\1\0\0\0\0\0\0\0\0\0",
                                                        16),
                                       std::string_view("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)}) {
    const UploadReport report = look(bytes);
    CHECK(report.end == UploadEnd::problem);
    REQUIRE(report.log.problem);
    INFO(report.log.problem->message);
    CHECK(report.log.problem->message.starts_with("an upload.log: "));
    CHECK(report.log.counts.records == 0);
  }
}

TEST_CASE("an empty upload, one line of ten million bytes, and damaged gzip end with words") {
  CHECK(look("").log.counts.records == 0);
  const UploadReport line = look(std::string(10'000'000, 'x'));
  CHECK(line.end == UploadEnd::whole);
  CHECK(line.log.counts.truncated == 1);
  REQUIRE(line.sample.size() == 1);
  CHECK(line.sample.front().cut);
  CHECK(line.sample.front().message.size() <= 4096);
  std::string packed = gzip(failed_logins(1'000));
  packed.resize(packed.size() / 2);
  const UploadReport half = look(packed);
  CHECK(half.end == UploadEnd::problem);
  REQUIRE(half.log.problem);
  CHECK(half.log.problem->kind == ErrorKind::broken);
}

TEST_CASE("an upload ends when its time is up, and when the program ends") {
  const std::string log = failed_logins(100'000);
  UploadLimits none;
  none.time = std::chrono::milliseconds(0);
  const UploadReport late = look(log, redact::Mode::redact, none);
  CHECK(late.end == UploadEnd::time);
  CHECK(late.log.counts.records < 100'000);
  std::stop_source source;
  source.request_stop();
  const UploadReport stopped = look(log, redact::Mode::redact, {}, source.get_token());
  CHECK(stopped.end == UploadEnd::stopped);
  CHECK(stopped.log.counts.records < 100'000);
}

TEST_CASE("names of fields that an upload makes up go with it") {
  const std::size_t before = program().names().size();
  std::string log;
  for (int i = 0; i < 2'000; ++i) log += "{\"made_up_" + std::to_string(i) + "\":1,\"msg\":\"x\"}\n";
  const UploadReport report = look(log);
  CHECK(report.log.counts.records == 2'000);
  CHECK(program().names().size() == before);
}

TEST_CASE("of many findings the worst are listed, and all are counted") {
  UploadLimits limits;
  limits.findings = 3;
  limits.rules = 1;
  std::string log = failed_logins(60);
  for (int i = 0; i < 20; ++i)
    log +=
        "May 18 10:01:0" + std::to_string(i % 10) + " web1 sudo: ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh\n";
  const UploadReport all = look(log), few = look(log, redact::Mode::redact, limits);
  CHECK(few.findings.size() == 3);
  CHECK(few.rules.size() == 1);
  CHECK(few.findings_total() == all.findings_total());
  REQUIRE(all.findings.size() > 3);
  for (std::size_t i = 0; i < 3; ++i) CHECK(few.findings[i].level == all.findings[i].level);
}
