#include "query/lists.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/uuid.hpp"
#include "fleet/targets.hpp"
#include "query/signal_text.hpp"

namespace logystera::query {
namespace {

constexpr std::size_t kTypesMost = 32;

std::optional<std::int64_t> time_of(const store::TimeKey& key) { return key.time; }
std::optional<std::int64_t> time_of(const store::ErrorKey&) { return std::nullopt; }

template <typename Key>
void search_in_steps(const std::string& text, const Defaults& defaults, store::PageRequest<Key>& request) {
  if (text.empty()) return;
  request.walk = kRowsSearched;
  request.patience = defaults.search;
}

// The parameters as they were given, without the cursor and what is empty.
std::string parameters_of(std::string_view query) {
  QueryText text;
  if (auto form = web::Form::parse(query)) {
    for (const auto& [name, value] : form->fields()) {
      if (name != "cursor") text.add(name, value);
    }
  }
  return text.text();
}

constexpr std::string_view kNoCursor = "this is no cursor of this list; begin without one";

template <typename Key>
void take_cursor(std::string_view text, const std::optional<Cursor<Key>>& cursor, Parameters& parameters,
                 store::PageRequest<Key>& request) {
  if (text.empty()) return;
  if (!cursor) return parameters.fault("cursor", std::string(kNoCursor));
  (cursor->newer ? request.newer_than : request.older_than) = cursor->key;
}

// The names of targets that are in the group now.
Result<std::vector<std::string>> targets_of(const std::string& group, const Defaults& defaults) {
  std::vector<std::string> names;
  // Whoever sees some sites alone sees nothing of the fleet, and does not learn what is wrong with its file.
  if (defaults.targets_file.empty() || defaults.sites) return names;
  auto text = fleet::text_of(defaults.targets_file);
  if (!text) return text.error();
  auto targets = fleet::parse(text.value(), defaults.targets_file);
  if (!targets) return targets.error();
  for (const fleet::Target& target : targets->all)
    if (std::find(target.groups.begin(), target.groups.end(), group) != target.groups.end()) names.push_back(target.name);
  return names;
}

// Of `target` and `group`; of both, the target if it is in the group.
store::SourcePrefixes sources_of_fleet(Parameters& parameters, const Defaults& defaults) {
  const std::string target = read_fleet_name(parameters, "target"), group = read_fleet_name(parameters, "group");
  if (group.empty())
    return target.empty() ? store::SourcePrefixes() : std::vector<std::string>{fleet::source_prefix(target)};
  auto names = targets_of(group, defaults);
  if (!names) {
    parameters.fault("group", "the file of targets cannot be read: " + names.error().message);
    return std::nullopt;
  }
  std::vector<std::string> prefixes;
  for (const std::string& name : names.value())
    if (target.empty() || name == target) prefixes.push_back(fleet::source_prefix(name));
  return prefixes;
}

template <typename A>
Read<A> finished(Parameters& parameters, A asked, std::string_view query) {
  Read<A> read;
  read.faults = parameters.finish();
  if (!read.faults.empty()) return read;
  asked.parameters = parameters_of(query);
  read.value.emplace(std::move(asked));
  return read;
}

std::size_t limit_of(Parameters& parameters, const Defaults& defaults) {
  return static_cast<std::size_t>(
      parameters.integer("limit", 1, kLimitMost).value_or(static_cast<std::int64_t>(defaults.limit)));
}

std::string with_cursor(const std::string& parameters, const std::string& cursor) {
  return parameters + (parameters.empty() ? "" : "&") + "cursor=" + cursor;
}

/// Reads a page and finds its neighbours. `read` asks the store for a page, `count` how many there are.
template <typename Row, typename Filter, typename Key, typename ReadPage, typename CountRows, typename KeyOf>
Result<Listed<Row>> listed(const Asked<Filter, Key>& asked, ReadPage read, CountRows count, KeyOf key_of) {
  store::PageRequest<Key> request = asked.request;
  auto page = read(request);
  if (!page) return page.error();
  if (request.newer_than && !page->more && page->rows.size() < request.limit) {
    // The way back has come to its beginning: the first page is whole.
    request.newer_than.reset();
    page = read(request);
    if (!page) return page.error();
  }
  const bool backwards = request.newer_than.has_value();
  Listed<Row> list;
  const auto link = [&](bool newer, const Key& key) {
    return with_cursor(asked.parameters, encoded(asked.list, Cursor<Key>{newer, key}));
  };
  if (backwards) {
    if (page->more && page->last) list.newer = link(true, *page->last);
    list.older = link(false, page->rows.empty() ? *request.newer_than : key_of(page->rows.back()));
  } else {
    if (page->more && page->last) list.older = link(false, *page->last);
    if (request.older_than) list.newer = link(true, page->rows.empty() ? *request.older_than : key_of(page->rows.front()));
  }
  list.searching = page->more && page->rows.size() < request.limit;
  if (list.searching && page->last) list.searched_to = time_of(*page->last);
  if (!page->more && !request.older_than && !backwards) {
    list.total = store::Count{page->rows.size(), false};
  } else if (asked.counted) {
    auto counted = count();
    if (!counted) return counted.error();
    list.total = counted.value();
  }
  list.rows = std::move(page->rows);
  return list;
}

}  // namespace

store::SiteScope sites_of(const web::Principal& principal) {
  if (principal.all_sites) return std::nullopt;
  return principal.sites;
}

std::string read_fleet_name(Parameters& parameters, std::string_view parameter) {
  std::string name = parameters.text(parameter, kNameBytes);
  if (name.empty() || fleet::is_name(name)) return name;
  parameters.fault(parameter, fmt::format("{} is 1 to {} of the characters A-Z a-z 0-9 . _ -, got '{}'", parameter,
                                          fleet::kNameBytesMost, shown(name)));
  return {};
}

std::string words_of(const store::Count& count) {
  std::string digits = std::to_string(count.rows);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits + (count.more ? "+" : "");
}

Read<AskedFindings> read_findings(std::string_view query, const Defaults& defaults) {
  Parameters parameters(query);
  AskedFindings asked;
  asked.list = List::findings;
  asked.filter.sites = defaults.sites;
  asked.filter.at_least = parameters.level("severity");
  asked.filter.exactly = parameters.level("level");
  asked.filter.rule = parameters.text("rule", kNameBytes);
  asked.filter.source = parameters.text("source", kNameBytes);
  asked.filter.of_sources = sources_of_fleet(parameters, defaults);
  asked.filter.site = parameters.text("site", kNameBytes);
  asked.filter.since = parameters.since(defaults.now);
  asked.filter.until = parameters.time("until");
  asked.filter.text = parameters.text("q", kTextBytes);
  const auto dismissed = parameters.word("dismissed", {"false", "true", "all"});
  asked.filter.dismissed = defaults.dismissed;
  if (dismissed) asked.filter.dismissed = *dismissed == 2 ? std::optional<bool>() : std::optional<bool>(*dismissed == 1);
  asked.counted = asked.filter.text.empty();
  search_in_steps(asked.filter.text, defaults, asked.request);
  asked.request.limit = limit_of(parameters, defaults);
  const std::string cursor = parameters.text("cursor", kCursorBytes);
  take_cursor(cursor, time_cursor(asked.list, cursor), parameters, asked.request);
  return finished(parameters, std::move(asked), query);
}

Read<AskedAlerts> read_alerts(std::string_view query, const Defaults& defaults) {
  using View = store::AlertFilter::View;
  Parameters parameters(query);
  AskedAlerts asked;
  asked.list = List::alerts;
  asked.filter.sites = defaults.sites;
  asked.filter.now = defaults.now;
  constexpr std::string_view kViews[] = {"all", "active", "open", "snoozed", "past"};
  const auto word = parameters.word(
      "state", {"all", "active", "open", "snoozed", "past", "pending", "firing", "acknowledged", "resolved"});
  const auto by_itself =
      static_cast<std::size_t>(std::find(std::begin(kViews), std::end(kViews), defaults.alerts) - kViews);
  const std::size_t state = word.value_or(by_itself);
  if (state < std::size(kViews)) asked.filter.view = static_cast<View>(state);
  else asked.filter.state = static_cast<alert::State>(state - std::size(kViews));
  asked.filter.at_least = parameters.level("severity");
  asked.filter.site = parameters.text("site", kNameBytes);
  asked.filter.rule = parameters.text("rule", kNameBytes);
  const std::string assignee = parameters.text("assignee", kNameBytes);
  if (assignee == "nobody") asked.filter.assignee = "";
  else if (assignee == "me" && defaults.name.empty())
    parameters.fault("assignee", "assignee may be me only for somebody who is signed in: name a user");
  else if (!assignee.empty()) asked.filter.assignee = assignee == "me" ? defaults.name : assignee;
  asked.filter.since = parameters.since(defaults.now);
  asked.filter.until = parameters.time("until");
  asked.filter.folded = parameters.boolean("folded").value_or(defaults.folded);
  asked.filter.text = parameters.text("q", kTextBytes);
  asked.counted = asked.filter.text.empty();
  asked.request.limit = limit_of(parameters, defaults);
  const std::string cursor = parameters.text("cursor", kCursorBytes);
  take_cursor(cursor, time_cursor(asked.list, cursor), parameters, asked.request);
  return finished(parameters, std::move(asked), query);
}

Read<AskedErrors> read_errors(std::string_view query, const Defaults& defaults) {
  Parameters parameters(query);
  AskedErrors asked;
  asked.filter.sites = defaults.sites;
  constexpr store::ErrorSort kSorts[] = {store::ErrorSort::last_seen, store::ErrorSort::count,
                                         store::ErrorSort::first_seen};
  constexpr List kLists[] = {List::errors_by_last_seen, List::errors_by_count, List::errors_by_first_seen};
  const std::size_t sort = parameters.word("sort", {"last_seen", "count", "first_seen"}).value_or(0);
  asked.filter.sort = kSorts[sort];
  asked.list = kLists[sort];
  asked.filter.at_least = parameters.severity("severity");
  asked.filter.of_sources = sources_of_fleet(parameters, defaults);
  const auto since = parameters.since(defaults.now);
  const std::int64_t recently = since.value_or(defaults.now - kNewHours * 3600);
  const bool is_new = parameters.boolean("new").value_or(false),
             regressed = parameters.boolean("regressed").value_or(false);
  asked.filter.since = since;
  if (is_new) asked.filter.new_since = recently;
  if (regressed) asked.filter.returned_since = recently;
  asked.filter.text = parameters.text("q", kTextBytes);
  asked.counted = asked.filter.text.empty();
  search_in_steps(asked.filter.text, defaults, asked.request);
  asked.request.limit = limit_of(parameters, defaults);
  const std::string cursor = parameters.text("cursor", kCursorBytes);
  take_cursor(cursor, error_cursor(asked.list, cursor), parameters, asked.request);
  return finished(parameters, std::move(asked), query);
}

Read<AskedSignals> read_signals(std::string_view query, const Defaults& defaults) {
  Parameters parameters(query);
  AskedSignals asked;
  asked.filter.sites = defaults.sites;
  asked.filter.site = parameters.text("site", kNameBytes);
  const std::string types = parameters.text("type", kNameBytes);
  for (std::string_view rest = types; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (!one.empty()) asked.filter.types.emplace_back(one);
  }
  if (asked.filter.types.size() > kTypesMost) {
    parameters.fault("type", fmt::format("type may name {} types, got {}", kTypesMost, asked.filter.types.size()));
  }
  asked.filter.since = parameters.since(defaults.now);
  asked.filter.until = parameters.time("until");
  asked.text = parameters.text("q", kTextBytes);
  const auto after = parameters.integer("after_seq", 0, INT64_MAX), before = parameters.integer("before_seq", 1, INT64_MAX);
  const std::string cursor = parameters.text("cursor", kCursorBytes);
  if (after && before) parameters.fault("before_seq", "give after_seq or before_seq, not both");
  if ((after || before) && !cursor.empty())
    parameters.fault("cursor", "give a cursor, or a sequence to go on from, not both");
  const bool arrival = after || before;
  asked.list = arrival ? List::signals_by_arrival : List::signals;
  if (arrival) asked.filter.order = store::EventFilter::Order::arrival;
  // A site whose clock was wrong once would stand before all others for years.
  else if (!asked.filter.until) asked.filter.until = defaults.now + kAheadSeconds;
  if (after) asked.request.newer_than = store::TimeKey{0, *after};
  if (before) asked.request.older_than = store::TimeKey{0, *before};
  asked.ascending = after.has_value();
  asked.personal = parameters.boolean("personal").value_or(false);
  if (asked.personal && !defaults.personal)
    parameters.fault("personal", "personal data is shown to analysts and administrators");
  asked.counted = asked.text.empty() && !arrival;
  search_in_steps(asked.text, defaults, asked.request);
  asked.request.limit = limit_of(parameters, defaults);
  if (!arrival) take_cursor(cursor, time_cursor(asked.list, cursor), parameters, asked.request);
  return finished(parameters, std::move(asked), query);
}

Result<Listed<store::Finding>> findings(store::Stores& stores, const AskedFindings& asked) {
  return listed<store::Finding>(
      asked, [&](const auto& request) { return stores.findings().page(asked.filter, request); },
      [&] { return stores.findings().count(asked.filter); },
      [](const store::Finding& row) {
        return store::TimeKey{row.time, row.id};
      });
}

Result<Listed<alert::Alert>> alerts(store::Stores& stores, const AskedAlerts& asked) {
  return listed<alert::Alert>(
      asked, [&](const auto& request) { return stores.alerts().page(asked.filter, request); },
      [&] { return stores.alerts().count(asked.filter); },
      [](const alert::Alert& alert) {
        return store::TimeKey{alert.last_time, alert.id};
      });
}

Result<Listed<store::ErrorGroup>> errors(store::Stores& stores, const AskedErrors& asked) {
  return listed<store::ErrorGroup>(
      asked, [&](const auto& request) { return stores.errors().page(asked.filter, request); },
      [&] { return stores.errors().count(asked.filter); },
      [&](const store::ErrorGroup& row) {
        return store::ErrorKey{value_of(row, asked.filter.sort), row.fingerprint};
      });
}

Result<Listed<Signal>> signals(store::Stores& stores, const AskedSignals& asked, const Pseudonyms& pseudonyms) {
  const Pseudonyms* const hide = asked.personal ? nullptr : &pseudonyms;
  store::EventFilter filter = asked.filter;
  if (!asked.text.empty()) {
    filter.matches = [text = SignalText(asked.text, hide)](const store::EventRow& row) { return text.in(row); };
  }
  const auto shown = [&](std::vector<store::EventRow>& rows, Listed<Signal>& list) {
    for (store::EventRow& row : rows) list.rows.push_back(signal_of(std::move(row), hide));
  };
  if (asked.list == List::signals_by_arrival) {
    auto page = stores.events().page(filter, asked.request);
    if (!page) return page.error();
    Listed<Signal> list;
    if (asked.ascending) std::reverse(page->rows.begin(), page->rows.end());
    if (page->more && page->last) {
      // The sequence is its own cursor.
      QueryText text;
      if (auto form = web::Form::parse(asked.parameters)) {
        for (const auto& [name, value] : form->fields()) {
          if (name != "after_seq" && name != "before_seq") text.add(name, value);
        }
      }
      text.number(asked.ascending ? "after_seq" : "before_seq", page->last->id);
      (asked.ascending ? list.newer : list.older) = text.text();
    }
    list.searching = page->more && page->rows.size() < asked.request.limit;
    shown(page->rows, list);
    return list;
  }
  auto rows = listed<store::EventRow>(
      asked, [&](const auto& request) { return stores.events().page(filter, request); },
      [&] { return stores.events().count(filter); },
      [](const store::EventRow& row) {
        return store::TimeKey{row.created_at, static_cast<std::int64_t>(row.sequence)};
      });
  if (!rows) return rows.error();
  Listed<Signal> list;
  list.newer = std::move(rows->newer);
  list.older = std::move(rows->older);
  list.total = rows->total;
  list.searching = rows->searching;
  list.searched_to = rows->searched_to;
  shown(rows->rows, list);
  return list;
}

Result<std::optional<Signal>> signal(store::Stores& stores, std::string_view event_id, const store::SiteScope& sites,
                                     const Pseudonyms* pseudonyms) {
  if (!is_uuid_v4(event_id)) return std::optional<Signal>();
  auto row = stores.events().find(store::event_id_of(event_id), sites);
  if (!row) return row.error();
  if (!row.value()) return std::optional<Signal>();
  return std::optional<Signal>(signal_of(std::move(*row.value()), pseudonyms));
}

}  // namespace logystera::query
