// What pages are made of: charts, cells of files, words.
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "catch.hpp"
#include "dashboard/chart.hpp"
#include "dashboard/export.hpp"
#include "dashboard/health.hpp"
#include "dashboard/page.hpp"
#include "dashboard/rule_book.hpp"
#include "detect/loader.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::dashboard;

TEST_CASE("an_axis_ends_at_a_round_number_nothing_is_above") {
  CHECK(axis_top(0) == 1);
  CHECK(axis_top(3) == 5);
  CHECK(axis_top(10) == 10);
  CHECK(axis_top(11) == 20);
  CHECK(axis_top(999'999) == 1'000'000);
  CHECK(axis_top(UINT64_MAX) == UINT64_MAX);
}

TEST_CASE("thousandths_are_written_as_decimals") {
  CHECK(decimal(1'234'500, 1'000) == "1,234.5");
  CHECK(decimal(2'000, 1'000) == "2");
  CHECK(decimal(7, 1'000) == "0.007");
  CHECK(decimal(0, 1'000) == "0");
  CHECK(decimal(1'234'567, 1) == "1,234,567");
}

TEST_CASE("a_cell_is_no_formula_and_no_second_cell") {
  CHECK(csv_cell("plain") == "plain");
  CHECK(csv_cell("") == "");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("say \"x\"") == "\"say \"\"x\"\"\"");
  CHECK(csv_cell("=1+1") == "'=1+1");
  CHECK(csv_cell("+1") == "'+1");
  CHECK(csv_cell("-1") == "'-1");
  CHECK(csv_cell("@SUM(A1)") == "'@SUM(A1)");
  CHECK(csv_cell(" =1") == "' =1");
  CHECK(csv_cell("\t=1") == "\\x09=1");
  CHECK(csv_cell("\r\n=1") == "\\x0d\\x0a=1");
  CHECK(csv_cell("=\"a\",b") == "\"'=\"\"a\"\",b\"");
  CHECK(csv_cell("\xef\xbc\x9d"
                 "1+1") ==
        "'\xef\xbc\x9d"
        "1+1");
}

TEST_CASE("a_file_ends_at_its_most_rows_and_breaks_off_where_the_store_fails") {
  std::string logged;
  const auto log = [&](std::string_view text) { logged += text; };
  std::size_t given = 0;
  const auto endless = [&](std::vector<Cells>& rows) -> Result<bool> {
    for (std::size_t i = 0; i < kExportPiece; ++i) rows.push_back({std::to_string(given++)});
    return true;
  };
  server::Answer whole = exported({"numbers", {{"number", true}}, endless}, FileForm::json, log);
  std::string body, piece;
  while (whole.streamed.next(piece)) body += std::exchange(piece, "");
  body += piece;
  CHECK(body.ends_with(fmt::format("{{\"number\":{}}}\n]\n", kExportRows - 1)));
  const auto failing = [](std::vector<Cells>&) -> Result<bool> { return Error{"the disk is gone", ErrorKind::broken}; };
  server::Answer broken = exported({"numbers", {{"number", true}}, failing}, FileForm::csv, log);
  CHECK_THROWS(broken.streamed.next(piece));
  CHECK(logged == "the disk is gone");
}

TEST_CASE("health_is_said_with_what_to_look_at") {
  constexpr std::int64_t kNow = 1'774'211'679;
  store::Entity site;
  CHECK(health_of(site, {}, kNow).word == "Waiting");
  site.last_seen_at = kNow - 60;
  CHECK(health_of(site, {}, kNow).word == "Well");
  CHECK(!health_of(site, {}, kNow).needs_attention);
  site.clock_skew = -90;
  CHECK(health_of(site, {}, kNow).words == "its clock is 90 s behind");
  site.clock_skew = 0;
  store::IngestHour day;
  day.rejected = 2;
  CHECK(health_of(site, day, kNow).words == "2 lines were refused in 24 h");
  site.last_seen_at = kNow - 3 * 86400;
  CHECK(health_of(site, day, kNow).word == "Silent");
  CHECK(health_of(site, day, kNow).needs_attention);
  site.disabled = true;
  CHECK(health_of(site, day, kNow).word == "Disabled");
  site.revoked_at = kNow;
  CHECK(health_of(site, day, kNow).word == "Disconnected");
}

TEST_CASE("days_and_spans_have_words") {
  CHECK(utc_day(0) == "1 Jan");
  CHECK(utc_day(20'534) == "22 Mar");
  CHECK(span_words(5) == "5 s");
  CHECK(span_words(600) == "10 min");
  CHECK(span_words(26 * 3600) == "26 h");
  CHECK(span_words(3 * 86400) == "3 days");
  CHECK(counted(1, "row", "rows") == "1 row");
  CHECK(counted(1234, "row", "rows") == "1,234 rows");
}

TEST_CASE("a_rule_of_ones_own_is_shown_as_its_file_has_it_and_not_where_that_lies") {
  const testing::Scratch scratch;
  const std::string path = scratch.file("mine.yml");
  const std::string first =
      "id: ONE\ntitle: One\nlevel: low\ndetection: {match: [{field: message, op: contains, value: one}]}\n";
  const std::string second =
      "id: TWO\ntitle: Two\nlevel: low\ndescription: The second.\ndetection: {match: [{field: message, op: contains, "
      "value: two}]}\n";
  const std::string samples = "samples:\n  match: [{message: two}]\n";
  std::ofstream(path) << first << "---\n" << second << samples;
  detect::Loader loader;
  REQUIRE(loader.add_file(path).ok());
  const detect::RuleSet rules = loader.finish();
  REQUIRE(rules.refused() == 0);
  detect::Rule rule = *rules.find("TWO");
  rule.description.clear();  // as a cache has it
  CHECK(pack_of(rule) == "mine.yml");
  const RuleText text = text_of(rule);
  CHECK(text.rule == second);
  CHECK(text.samples == samples);
  CHECK(as_its_text_says(rule, text).description == "The second.");
  // Written anew, or gone, it is not shown as another rule.
  std::ofstream(path) << first;
  CHECK(text_of(rule).rule.empty());
  CHECK(as_its_text_says(rule, text_of(rule)).id == "TWO");
  std::filesystem::remove(path);
  CHECK(text_of(rule).rule.empty());
  rule.pack.clear();
  CHECK(pack_of(rule) == "your own");
  CHECK(text_of(rule).rule.empty());
}
