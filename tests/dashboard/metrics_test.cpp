// The metrics of a site on its page.
#include <fmt/core.h>

#include "looking.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

/// The card alone: the page has another chart.
std::string card(const Looking& looking, const std::string& path) {
  const std::string page = looking.page(path);
  const std::size_t from = page.find("<section class=\"card\" aria-labelledby=\"metrics\">");
  REQUIRE(from != std::string::npos);
  return page.substr(from, page.find("</section>", from) - from);
}

void add(const Looking& looking, const std::string& site, const std::string& metric, const std::string& labels,
         std::int64_t thousandths, std::int64_t age = 0) {
  store::MetricDelta delta{site, metric, labels, kNow, {}};
  const std::int64_t at = kNow - age;
  delta.minutes.emplace_back(at - at % 60, store::MetricAmount()).second.add(thousandths, at);
  REQUIRE(looking.store->metrics().add({&delta, 1}).ok());
}

}  // namespace

TEST_CASE("a_site_of_which_nothing_was_counted_says_so_and_why") {
  Looking looking;
  const std::string token = looking.site("shop");
  const std::string body = card(looking, "/sites/" + token);
  CHECK(has(body, "Nothing has been counted of this site yet."));
  CHECK(has(body, "Detection is off"));
  CHECK(!has(body, "<svg"));
  CHECK(!has(body, "<form"));
}

TEST_CASE("a_metric_is_drawn_by_its_first_label_with_a_table_of_the_same_numbers") {
  Looking looking;
  const std::string token = looking.site("shop");
  const std::string responses = "drupal_http_responses_total";
  add(looking, token, responses, R"(class="2xx",method="GET")", 40'000);
  add(looking, token, responses, R"(class="2xx",method="POST")", 2'000);
  add(looking, token, responses, R"(class="5xx",method="GET")", 3'000, 7'200);
  add(looking, token, "drupal_cron_run_total", "", 1'000);
  const std::string body = card(looking, "/sites/" + token);
  CHECK(has(body, R"(<option value="drupal_http_responses_total" selected>)"));
  CHECK(has(body, R"(<option value="drupal_cron_run_total">)"));
  CHECK(has(body, R"(role="img" aria-label="drupal_http_responses_total in each of the last 24 hours: 45 in all")"));
  CHECK(has(body, "<title>20:00 UTC: 42 2xx</title>"));
  CHECK(has(body, "<title>18:00 UTC: 3 5xx</title>"));
  CHECK(has(body, "<title>19:00 UTC: nothing</title>"));
  CHECK(times_in(body, "<title>") == 24);
  CHECK(times_in(body, "<tr>") == 25);
  CHECK(has(body, R"(<td class="number">42</td><td class="number">0</td><td class="number">42</td>)"));
  CHECK(
      has(body, R"(<th scope="col" class="number"><bdi>2xx</bdi></th><th scope="col" class="number"><bdi>5xx</bdi></th>)"));
  // The hours are no minutes: 40 of them were two hours ago.
  const std::string minutes = card(looking, "/sites/" + token + "?metric=drupal_http_responses_total&period=hour");
  CHECK(times_in(minutes, "<title>") == 60);
  CHECK(has(minutes, "<title>20:34 UTC: 42 2xx</title>"));
  CHECK(!has(minutes, "5xx"));
  CHECK(has(minutes, R"(<option value="hour" selected>)"));
  const std::string days = card(looking, "/sites/" + token + "?period=month");
  CHECK(times_in(days, "<title>") == 30);
  CHECK(has(days, "<title>22 Mar: 42 2xx, 3 5xx</title>"));
}

TEST_CASE("a_counter_is_told_apart_by_the_label_that_was_chosen") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_emails_by_module_total", R"(event_type="email.sent",module="user")", 2'000);
  add(looking, token, "drupal_emails_by_module_total", R"(event_type="email.failed",module="user")", 1'000);
  add(looking, token, "drupal_emails_by_module_total", R"(event_type="email.sent",module="contact")", 4'000);
  const std::string first = card(looking, "/sites/" + token);
  CHECK(has(first, "<title>20:00 UTC: 1 email.failed, 6 email.sent</title>"));
  CHECK(has(first, R"(<option value="event_type" selected>event_type</option><option value="module">)"));
  CHECK(card(looking, "/sites/" + token + "?by=none") == first);
  const std::string modules = card(looking, "/sites/" + token + "?by=module");
  CHECK(has(modules, "<title>20:00 UTC: 4 contact, 3 user</title>"));
  CHECK(has(modules, R"(<option value="module" selected>)"));
  add(looking, token, "drupal_cron_run_total", "", 1'000);
  CHECK(!has(card(looking, "/sites/" + token + "?metric=drupal_cron_run_total&by=module"), "Told apart by"));
}

TEST_CASE("of_many_label_values_the_most_frequent_are_drawn_and_the_rest_together") {
  Looking looking;
  const std::string token = looking.site("shop");
  for (int i = 1; i <= 6; ++i) add(looking, token, "drupal_mails_total", fmt::format(R"(module="m{}")", i), i * 1'000);
  const std::string body = card(looking, "/sites/" + token);
  CHECK(has(body, "<title>20:00 UTC: 4 m4, 5 m5, 6 m6, 6 Everything else</title>"));
  CHECK(has(body, "21 in all"));
  CHECK(times_in(body, "class=\"bar-rest\" x=") == 1);
}

TEST_CASE("of_a_distribution_the_mean_is_drawn") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_cron_duration_seconds", "", 1'200);
  add(looking, token, "drupal_cron_duration_seconds", "", 1'301);
  const std::string mean = card(looking, "/sites/" + token);
  CHECK(has(mean, "<title>20:00 UTC: 1.25 Mean</title>"));
  CHECK(has(mean, "<title>19:00 UTC: nothing</title>"));
  CHECK(has(mean, R"(<span>2</span><span>1</span><span>0</span>)"));
  // What was not measured is no 0, and means are not added up.
  CHECK(times_in(mean, R"(<td class="number">–</td></tr>)") == 23);
  CHECK(!has(mean, "in all"));
  CHECK(!has(mean, R"(class="number">All<)"));
}

TEST_CASE("of_a_gauge_the_newest_value_is_drawn_each_series_for_itself") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_maintenance_mode", "", 1'000, 3'600);
  add(looking, token, "drupal_maintenance_mode", "", 0);
  const std::string body = card(looking, "/sites/" + token);
  CHECK(has(body, "<title>19:00 UTC: 1 Newest value</title>"));
  CHECK(has(body, "<title>20:00 UTC: 0 Newest value</title>"));
  CHECK(times_in(body, "class=\"bar-first\" x=") == 1);
}

TEST_CASE("a_counter_without_labels_counts_signals_or_adds_their_values") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_cron_run_total", "", 3'000);
  add(looking, token, "drupal_uploaded_bytes_total", "", 1'234'567'000);
  const std::string signals = card(looking, "/sites/" + token + "?metric=drupal_cron_run_total");
  CHECK(has(signals, "<title>20:00 UTC: 3 Signals</title>"));
  CHECK(!has(signals, R"(class="number">All<)"));
  CHECK(has(card(looking, "/sites/" + token + "?metric=drupal_uploaded_bytes_total"),
            "<title>20:00 UTC: 1,234,567 Sum</title>"));
}

TEST_CASE("moments_of_a_chart_are_for_the_readers_zone") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_signals_total", "", 1'000);
  const std::string hours = card(looking, "/sites/" + token);
  CHECK(has(hours, R"(<g data-at="2026-03-22T20:00:00Z"><title>20:00 UTC: 1 Signals)"));
  CHECK(has(hours, R"(<span><time datetime="2026-03-22T20:00:00Z" data-form="clock">20:00 UTC</time></span>)"));
  // A day is one of UTC whoever reads it.
  const std::string days = card(looking, "/sites/" + token + "?period=month");
  CHECK(has(days, "<g><title>22 Mar: 1 Signals"));
  CHECK(has(days, R"(<th scope="col">Day (UTC)</th>)"));
  CHECK(!has(days, "<time"));
}

TEST_CASE("what_a_site_does_not_have_is_as_not_chosen_and_a_period_may_be_empty") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_signals_total", "", 1'000, 3 * 86'400);
  for (const char* query : {"", "?metric=none&period=none", "?metric=%3Cscript%3E&period=%22"}) {
    INFO(query);
    const std::string body = card(looking, "/sites/" + token + query);
    CHECK(has(body, "Nothing of <code>drupal_signals_total</code> was counted in this period (24 hours)."));
    CHECK(!has(body, "<script"));
    CHECK(!has(body, "<svg"));
  }
  CHECK(has(card(looking, "/sites/" + token + "?period=month"), "1 in all"));
}

TEST_CASE("what_strangers_put_into_labels_is_no_markup_in_a_chart") {
  Looking looking;
  const std::string token = looking.site("shop");
  add(looking, token, "drupal_mails_total", R"(module="<script>alert(1)</script>")", 2'000);
  add(looking, token, "drupal_mails_total", R"(module="\"><img src=x onerror=alert(1)>")", 1'000);
  const std::string body = card(looking, "/sites/" + token);
  CHECK(has(body, "&lt;script&gt;"));
  CHECK(!has(body, "<script"));
  CHECK(!has(body, "<img"));
}

TEST_CASE("what_was_left_out_of_a_sites_metrics_is_shown_with_its_reason") {
  Looking looking;
  const std::string token = looking.site("shop"), other = looking.site("other");
  add(looking, token, "drupal_signals_total", "", 1'000);
  std::vector<store::MetricLeftOutCount> counts = {
      {token, "drupal_mails_total", store::MetricLeftOut::metric_full, 1'234},
      {token, "drupal_cron_duration_seconds", store::MetricLeftOut::bad_value, 1},
      {other, "of_the_other_total", store::MetricLeftOut::site_full, 7}};
  REQUIRE(looking.store->metrics().add(counts).ok());
  std::string body = card(looking, "/sites/" + token);
  CHECK(has(body, "<code>drupal_mails_total</code>: 1,234 times counted as \xe2\x80\x9cother\xe2\x80\x9d: the metric has"));
  CHECK(has(body, "<code>drupal_cron_duration_seconds</code>: 1 time not counted"));
  CHECK(!has(body, "of_the_other"));
  CHECK(!has(body, "more</li>"));
  counts.clear();
  for (int i = 0; i < 12; ++i) counts.push_back({token, fmt::format("m{}_total", i), store::MetricLeftOut::site_full, 1});
  REQUIRE(looking.store->metrics().add(counts).ok());
  body = card(looking, "/sites/" + token);
  CHECK(has(body, "and 4 more</li>"));
}
