#include "dashboard/event_view.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dashboard/page.hpp"

namespace logystera::dashboard {
namespace {

using web::View;

constexpr std::size_t kGistLabels = 3, kGistBytes = 80;

/// The first labels that say something and are nobody's: "config_name=system.site  change_type=update".
std::string gist_of(const query::Signal& signal) {
  std::string text;
  std::size_t shown = 0;
  for (const query::SignalLabel& label : signal.labels) {
    if (label.personal || !label.spec || label.spec->privacy != "none" || label.text.empty() || shown == kGistLabels)
      continue;
    std::size_t end = std::min(label.text.size(), kGistBytes);
    while (end < label.text.size() && (static_cast<unsigned char>(label.text[end]) & 0xC0) == 0x80) --end;
    text +=
        (text.empty() ? "" : "  ") + label.name + "=" + label.text.substr(0, end) + (end < label.text.size() ? "…" : "");
    ++shown;
  }
  return text;
}

void add_signal_level(View& row, std::string_view severity) {
  const auto level = level_from(severity);
  if (level) return add_level(row, *level);
  add_badge(row, "informational", "informational", "Info");
}

View label_row(const query::SignalLabel& label) {
  View row;
  row.text("name", label.name)
      .text("meaning", label.spec ? label.spec->description : "Not in the catalogue of this version.");
  const std::string_view privacy = label.spec ? label.spec->privacy : "unknown";
  row.text("privacy", privacy == "none" ? "" : privacy)
      .flag("is_personal", label.personal)
      .flag("stands_for", label.hidden);
  row.text("value", label.text.empty() ? "(empty)" : label.text);
  return row;
}

}  // namespace

View event_view(const query::Signal& signal) {
  const store::EventRow& event = signal.event;
  View row;
  add_signal_level(row, query::severity_of(signal));
  row.text("name", query::name_of(signal)).text("type", event.type);
  row.text("summary", signal.spec ? signal.spec->summary : std::string_view());
  row.text("gist", gist_of(signal))
      .text("site", event.name)
      .text("site_href", "/sites/" + web::percent_encoded(event.entity));
  row.time("time", event.created_at).time("received", event.received_at).text("id", query::uuid_text(event.id));
  row.text("href", "/events/" + query::uuid_text(event.id));
  std::vector<View> labels;
  for (const query::SignalLabel& label : signal.labels) labels.push_back(label_row(label));
  row.rows("labels", std::move(labels));
  return row;
}

Result<std::optional<store::EventRow>> event_numbered(store::Stores& stores, const std::string& site,
                                                      std::uint64_t sequence) {
  store::EventFilter filter;
  filter.order = store::EventFilter::Order::arrival;
  filter.site = site;
  auto page = stores.events().page(
      filter, {.newer_than = store::TimeKey{0, static_cast<std::int64_t>(sequence) - 1}, .limit = 1, .walk = 1});
  if (!page) return page.error();
  if (page->rows.empty() || page->rows[0].sequence != sequence) return std::optional<store::EventRow>();
  return std::optional<store::EventRow>(std::move(page->rows[0]));
}

}  // namespace logystera::dashboard
