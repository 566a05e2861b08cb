// Reports: what is in them, and that texts of strangers stay texts in each form.
#include "report/report.hpp"

#include "catch.hpp"
#include "core/printable.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

constexpr std::int64_t kNow = 1'780'000'000;

store::Finding finding_of(const std::string& rule, Level level, std::int64_t time, const std::string& message) {
  store::Finding finding;
  finding.rule = rule;
  finding.title = "About " + rule;
  finding.level = level;
  finding.source = "auth.log";
  finding.time = time;
  finding.line = static_cast<std::uint64_t>(kNow - time) + 1;
  finding.message = message;
  return finding;
}

struct Kept {
  const Scratch scratch;
  std::unique_ptr<store::Store> store;

  Kept() {
    auto opened = store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create});
    REQUIRE(opened.ok());
    store = std::move(opened).value();
    for (const store::Finding& finding :
         {finding_of("TWICE", Level::low, kNow - 10, "first"), finding_of("TWICE", Level::low, kNow - 20, "second"),
          finding_of("ONCE", Level::critical, kNow - 30, "<b>|*bold*|\x1b[31m"),
          finding_of("OLD", Level::high, kNow - 100'000, "long ago")})
      REQUIRE(store->findings().add(finding).ok());
    store::ErrorOccurrence error;
    error.fingerprint = "0123456789abcdef";
    error.pattern = error.message = "disk <full>";
    error.severity = Severity::error;
    error.source = "app.log";
    error.time = kNow - 5;
    error.line = 1;
    REQUIRE(store->errors().add({error}).ok());
  }

  report::Contents contents(std::optional<Level> at_least = {}) {
    report::Query query;
    query.title = "A & B";
    query.from = kNow - 1000;
    query.until = kNow;
    query.at_least = at_least;
    auto collected = report::collect(*store, query);
    REQUIRE(collected.ok());
    return collected.value();
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a_report_has_what_the_query_asks_for") {
  Kept kept;
  const report::Contents all = kept.contents();
  CHECK(all.findings.size() == 3);
  CHECK(all.errors.size() == 1);
  CHECK(all.counts.of(Level::low) == 2);
  CHECK(all.counts.of(Level::critical) == 1);
  using Row = std::pair<std::uint64_t, std::string>;
  CHECK(all.by_rule == std::vector<Row>{{2, "TWICE"}, {1, "ONCE"}});
  CHECK(kept.contents(Level::high).findings.size() == 1);
}

TEST_CASE("a_report_holds_the_newest_of_what_is_asked_for_and_says_when_there_were_more") {
  Kept kept;
  report::Query query;
  query.findings_most = query.errors_most = 1;
  const auto contents = [&] {
    auto collected = report::collect(*kept.store, query);
    REQUIRE(collected.ok());
    return std::move(collected).value();
  };
  SECTION("a time before the newest") {
    query.before = kNow - 1000;
    const report::Contents old = contents();
    REQUIRE(old.findings.size() == 1);
    CHECK(old.findings[0].rule == "OLD");
    CHECK_FALSE(old.more_findings);
    CHECK_FALSE(has(report::as_text(old, report::Form::markdown), "newest"));
  }
  SECTION("a condition") {
    query.finding = [](const store::Finding& one) { return one.rule == "ONCE"; };
    query.error = [](const store::ErrorGroup& one) { return one.source != "app.log"; };
    const report::Contents once = contents();
    REQUIRE(once.findings.size() == 1);
    CHECK_FALSE(once.more_findings);
    CHECK(once.errors.empty());
    CHECK(report::left_out_words(once).empty());
  }
  SECTION("more than it holds") {
    const report::Contents cut = contents();
    REQUIRE(cut.findings.size() == 1);
    CHECK(cut.findings[0].message == "first");
    CHECK(cut.more_findings);
    CHECK_FALSE(cut.more_errors);
    CHECK(has(report::as_text(cut, report::Form::markdown), "Of the findings asked for, these are the newest 1\\."));
    CHECK(has(report::as_text(cut, report::Form::html), "<p>Of the findings asked for, these are the newest 1."));
    CHECK(has(report::as_text(cut, report::Form::json), R"("more_findings":true,"more_errors":false})"));
    CHECK(has(report::as_text(cut, report::Form::sarif), R"("note":"Of the findings asked for, these are the newest 1.)"));
  }
}

TEST_CASE("a_report_asks_for_as_many_pages_as_there_are") {
  Kept kept;
  for (int i = 0; i < 2'500; ++i)
    REQUIRE(kept.store->findings().add(finding_of("MANY", Level::high, kNow - 1'000 - i, std::to_string(i))).ok());
  report::Query query;
  query.finding = [](const store::Finding& one) { return one.rule == "MANY" || one.rule == "OLD"; };
  const auto collected = report::collect(*kept.store, query);
  REQUIRE(collected.ok());
  CHECK(collected->findings.size() == 2'501);
  CHECK(collected->findings.back().rule == "OLD");
  CHECK_FALSE(collected->more_findings);
}

TEST_CASE("sarif_names_a_source_as_a_reference_to_a_uri") {
  report::Contents contents;
  contents.findings.push_back(finding_of("ONCE", Level::high, kNow, "x"));
  contents.findings[0].source = "fleet:web:/var/log/my app#1 100%.log";
  CHECK(has(report::as_text(contents, report::Form::sarif),
            R"("artifactLocation":{"uri":"fleet%3Aweb%3A/var/log/my%20app%231%20100%25.log"})"));
}

TEST_CASE("texts_of_strangers_become_no_markup_in_any_form") {
  Kept kept;
  const report::Contents contents = kept.contents();
  const std::string markdown = report::as_text(contents, report::Form::markdown);
  CHECK(has(markdown, "# A & B\n\n2026-05-28 "));
  CHECK(has(markdown, R"(\<b\>\|\*bold\*\|\\x1b\[31m)"));
  const std::string html = report::as_text(contents, report::Form::html);
  CHECK(has(html, "<h1>A &amp; B</h1>"));
  CHECK(has(html, "&lt;b&gt;|*bold*|\\x1b[31m"));
  CHECK(has(html, "disk &lt;full&gt;"));
  const std::string json = report::as_text(contents, report::Form::json);
  CHECK(has(json, R"("by_severity":{"low":2,"medium":0,"high":0,"critical":1})"));
  CHECK_FALSE(has(json, "\x1b"));
  const std::string sarif = report::as_text(contents, report::Form::sarif);
  CHECK(has(sarif, R"("ruleId":"ONCE","level":"error")"));
  CHECK(has(sarif, R"("ruleId":"TWICE","level":"note")"));
  CHECK(has(sarif, R"("properties":{"stored_from":"high","note":"Of logs, findings below high severity are shown)"));
  CHECK_FALSE(has(sarif, "\x1b"));
}

TEST_CASE("a_report_says_who_it_was_and_how_it_ended_in_each_form") {
  Kept kept;
  report::Contents contents = kept.contents(Level::critical);
  REQUIRE(contents.findings.size() == 1);
  contents.findings[0].who = {"ip_1", "<root>", "/a|b", 404, store::Who::Outcome::not_found};
  const std::string markdown = report::as_text(contents, report::Form::markdown);
  CHECK(has(markdown, "| ONCE | ip\\_1 as \\<root\\> | /a\\|b | answered 404 | auth\\.log |"));
  const std::string html = report::as_text(contents, report::Form::html);
  CHECK(has(html, "<td>ONCE</td><td>ip_1 as &lt;root&gt;</td><td>/a|b</td><td>answered 404</td><td>auth.log</td>"));
  const std::string members =
      R"("actor":{"address":"ip_1","account":"<root>"},"target":"/a|b","status":404,"outcome":"not_found")";
  CHECK(has(report::as_text(contents, report::Form::json), members));
  CHECK(has(report::as_text(contents, report::Form::sarif), members));
}

TEST_CASE("a_report_puts_findings_of_one_rule_and_one_actor_together") {
  Kept kept;
  const report::Contents contents = kept.contents();
  REQUIRE(contents.episodes.size() == 2);
  CHECK(contents.episodes[0].rule == "ONCE");
  CHECK(contents.episodes[1].findings == 2);
  CHECK(has(report::as_text(contents, report::Form::markdown),
            "| low | TWICE |  | 2 | 2 | 2026-05-28 20:26:20 | 2026-05-28 20:26:30 | 0 |"));
  CHECK(has(report::as_text(contents, report::Form::html), "<td>low</td><td>TWICE</td><td></td><td>2</td><td>2</td>"));
  CHECK(has(report::as_text(contents, report::Form::json), R"("episodes":[{"rule":"ONCE")"));
}

TEST_CASE("times_are_shown_in_the_querys_zone") {
  Kept kept;
  report::Contents contents = kept.contents();
  contents.from = contents.until = 0;
  CHECK(has(report::as_text(contents, report::Form::markdown), "1970-01-01 00:00:00 to 1970-01-01 00:00:00"));
  contents.zone = parse::Zone::fixed(3600);
  CHECK(has(report::as_text(contents, report::Form::markdown), "1970-01-01 01:00:00 to 1970-01-01 01:00:00"));
}

TEST_CASE("what_a_terminal_would_obey_is_shown_as_its_number") {
  CHECK(printable("a\x1b[1mb\n") == "a\\x1b[1mb\\x0a");
  CHECK(printable("\xe2\x80\xae"
                  "abc") == "\\u{202e}abc");
  CHECK(printable("caf\xc3\xa9 \xff") == "caf\xc3\xa9 \\xff");
  CHECK(grouped(1'234'567) == "1,234,567");
  CHECK(grouped(123) == "123");
}
