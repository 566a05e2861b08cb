// Rules: what is watched, and how noisy is it?
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/printable.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/rule_book.hpp"
#include "dashboard/rule_page.hpp"
#include "detect/known.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/rules";
constexpr std::int64_t kHitDays = 7;
constexpr std::size_t kRulesShown = 100, kHitsRead = 10'000;
constexpr std::int64_t kRulesMost = 1'000'000;

using Hits = std::map<std::string, store::RuleHits, std::less<>>;

Result<Hits> hits_of(const Context& context, const Request& request) {
  auto listed = context.reading().findings().rule_hits(context.now() / kDay - kHitDays + 1, kHitsRead,
                                                       query::sites_of(*request.principal));
  if (!listed) return listed.error();
  Hits hits;
  for (store::RuleHits& each : listed.value()) hits.emplace(each.rule, std::move(each));
  return hits;
}

bool holds(std::string_view text, std::string_view part) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [&](char a, char b) { return lower(a) == lower(b); }) != text.end();
}

struct Wanted {
  std::string text, pack;
  std::optional<Level> at_least;
  std::optional<bool> fired;
};

bool matches(const detect::Rule& rule, const Wanted& wanted, const Hits& hits) {
  if (wanted.at_least && rule.level < *wanted.at_least) return false;
  if (!wanted.pack.empty() && pack_of(rule) != wanted.pack) return false;
  if (wanted.fired && hits.contains(rule.id) != *wanted.fired) return false;
  return wanted.text.empty() || holds(rule.id, wanted.text) || holds(rule.title, wanted.text) ||
         holds(rule.description, wanted.text);
}

std::string_view name_of(const detect::Rule& rule) { return rule.title.empty() ? rule.id : rule.title; }

void add_hits(View& view, const detect::Rule& rule, const Hits& hits) {
  const auto found = hits.find(rule.id);
  const std::uint64_t number = found == hits.end() ? 0 : found->second.findings;
  view.number("hits", number).time("last", found == hits.end() ? 0 : found->second.last);
  view.text("hits_href", number == 0 ? "" : Address("/findings").with("rule", rule.id).with("since_hours", "168").text());
}

void add_pages(View& view, const Address& here, std::size_t first, std::size_t shown, std::size_t all) {
  const auto link = [&](std::size_t from) { return here.with("from", from == 0 ? "" : std::to_string(from)).text(); };
  view.text("newer", first == 0 ? "" : link(first > kRulesShown ? first - kRulesShown : 0));
  view.text("older", first + shown >= all ? "" : link(first + shown));
  view.flag("pages", first > 0 || first + shown < all)
      .text("count",
            all <= shown ? grouped(all) + " in all" : fmt::format("{}–{} of {}", first + 1, first + shown, grouped(all)));
}

Result<Answer> list(const Context& context, const Request& request, const Form& form) {
  const Address here(kPath, form, {"q", "severity", "pack", "fired"});
  query::Parameters parameters(here.with("from", form["from"]).query());
  Wanted wanted{parameters.text("q", query::kTextBytes),
                parameters.text("pack", query::kNameBytes),
                parameters.level("severity"),
                {}};
  if (const auto fired = parameters.word("fired", {"no", "yes"})) wanted.fired = *fired == 1;
  const auto from = static_cast<std::size_t>(parameters.integer("from", 0, kRulesMost).value_or(0));
  if (const auto faults = parameters.finish(); !faults.empty()) return error_of(faults);
  auto hits = hits_of(context, request);
  if (!hits) return hits.error();
  const auto program = context.program.get();
  std::vector<const detect::Rule*> found;
  std::set<std::string> packs;
  std::size_t all = 0;
  if (program) {
    for (const detect::Rule& loaded : program.value()->rules().rules) {
      if (detect::is_part(loaded)) continue;
      const detect::Rule& rule = as_written(loaded);
      packs.insert(pack_of(rule));
      all += !rule.silent;
      if (matches(rule, wanted, hits.value())) found.push_back(&rule);
    }
  }
  std::sort(found.begin(), found.end(), [&](const detect::Rule* a, const detect::Rule* b) {
    return std::make_tuple(a->silent, static_cast<int>(b->level), std::string_view(a->id)) <
           std::make_tuple(b->silent, static_cast<int>(a->level), std::string_view(b->id));
  });
  View view;
  const std::size_t first = std::min(from, found.size());
  std::vector<View> rows, names;
  for (std::size_t i = first; i < std::min(first + kRulesShown, found.size()); ++i) {
    const detect::Rule& rule = *found[i];
    View row;
    add_level(row, rule.level);
    add_hits(row, rule, hits.value());
    row.text("name", name_of(rule)).text("id", rule.id).text("pack", pack_of(rule)).flag("silent", rule.silent);
    row.text("href", "/rules/" + web::percent_encoded(rule.id));
    rows.push_back(std::move(row));
  }
  for (const std::string& pack : packs) {
    View option;
    option.text("value", pack).text("label", pack).flag("selected", pack == wanted.pack);
    names.push_back(std::move(option));
  }
  view.text("lead", fmt::format("{} look at logs and at what sites send.", counted(all, "rule", "rules")));
  view.text("q", form["q"]).flag("filtered", here.filters()).rows("packs", std::move(names));
  view.rows("severities", options_of({{"", "Any"},
                                      {"low", "Low or worse"},
                                      {"medium", "Medium or worse"},
                                      {"high", "High or worse"},
                                      {"critical", "Critical"}},
                                     form["severity"]));
  view.rows("fired", options_of({{"", "Any"}, {"yes", "In 7 days"}, {"no", "None in 7 days"}}, form["fired"]));
  add_pages(view, here, first, rows.size(), found.size());
  view.text("empty_title", program ? "Nothing matches this filter" : "There are no rules");
  view.text("empty_words", program ? "No rule has all of what was asked for." : program.error().message);
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows)).text("caption", "Rules, the gravest first");
  return context.page(request, "rules", "Rules", kPath, std::move(view));
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

}  // namespace

Result<Answer> rule_page(const Context& context, const Request& request, View view) {
  const auto program = context.program.get();
  const detect::Rule* loaded = program ? program.value()->rules().find(request.parameter("id")) : nullptr;
  if (!loaded) return context.not_found(request, "rule");
  const detect::Rule& known = as_written(*loaded);
  const RuleText text = text_of(known);
  const detect::Rule written = as_its_text_says(known, text);
  const detect::Rule* rule = &written;
  auto hits = hits_of(context, request);
  if (!hits) return hits.error();
  add_level(view, rule->level);
  add_hits(view, *rule, hits.value());
  view.text("name", name_of(*rule))
      .text("id", rule->id)
      .text("pack", pack_of(*rule))
      .text("description", rule->description)
      .text("try_action", fmt::format("/rules/{}/try", web::percent_encoded(rule->id)));
  view.flag("yaml", !text.rule.empty()).rows("yaml_lines", web::lines_of(text.rule));
  view.flag("samples", !text.samples.empty())
      .rows("sample_lines", web::lines_of(text.samples))
      .text("tags", joined(rule->tags))
      .text("author", rule->author);
  view.text("no_yaml", rule->pack.empty()
                           ? "It is one of your own: 'logystera rules list' says which file it is in."
                           : fmt::format("It was read from {}, line {}, which cannot be read as it was then.",
                                         pack_of(*rule), rule->at.line));
  web::add_texts(view, "false_positives", rule->false_positives);
  return context.page(request, "rule", std::string(name_of(*rule)), kPath, std::move(view));
}

void add_rules(const Context& context, Routes& routes) {
  routes.push_back(
      context.get("/rules", [&context](const Request& request, const Form& form) { return list(context, request, form); }));
  routes.push_back(context.get(
      "/rules/{id}", [&context](const Request& request, const Form&) { return rule_page(context, request, View()); }));
}

}  // namespace logystera::dashboard
