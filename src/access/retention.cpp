// For how long things are kept, chosen by an administrator.
#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "access/people_pages.hpp"
#include "store/retention.hpp"
#include "web/headers.hpp"
#include "web/view.hpp"

namespace logystera::access {
namespace {

using store::Retention;

constexpr std::uint64_t kMib = 1024 * 1024;
constexpr std::uint64_t kMibMost = 1'000'000'000;

Result<std::uint64_t> number_in(const web::Form& form, std::string_view name, std::string_view label, std::uint64_t most) {
  const std::string_view text = form[name];
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most)
    return Error{fmt::format("{}: must be a whole number from 0 (no limit) to {}", label, most), ErrorKind::invalid};
  return number;
}

std::string words_of(const Retention& retention) {
  return fmt::format("events {} d, bulk events {} d, findings {} d, {} MiB", retention.events_days,
                     retention.bulk_events_days, retention.findings_days, retention.most_bytes / kMib);
}

// What the configuration names, whatever is chosen here; empty: nothing.
std::string configured_words(const store::ConfiguredRetention& configured) {
  std::string words;
  const auto add = [&](std::string_view what, const auto& number, std::string_view unit) {
    if (number) words += fmt::format("{}{} {}{}", words.empty() ? "" : ", ", what, *number, unit);
  };
  add("events", configured.events_days, " d");
  add("bulk events", configured.bulk_events_days, " d");
  add("findings", configured.findings_days, " d");
  add("at most", configured.most_bytes, " bytes");
  return words;
}

Result<Retention> retention_in(const web::Form& form) {
  Retention retention;
  const std::pair<int*, std::pair<std::string_view, std::string_view>> days[] = {
      {&retention.events_days, {"events_days", "Events"}},
      {&retention.bulk_events_days, {"bulk_events_days", "Bulk events"}},
      {&retention.findings_days, {"findings_days", "Findings and errors"}}};
  for (const auto& [into, field] : days) {
    auto number = number_in(form, field.first, field.second, store::kRetentionDaysMost);
    if (!number) return number.error();
    *into = static_cast<int>(number.value());
  }
  auto mib = number_in(form, "most_mib", "Largest size", kMibMost);
  if (!mib) return mib.error();
  retention.most_bytes = mib.value() * kMib;
  return retention;
}

}  // namespace

Result<server::Answer> PeoplePages::retention(const Request& request, const Form& form) {
  auto retention = Retention::load(parts_.store.settings(), {.otherwise = parts_.retention.otherwise});
  if (!retention) return retention.error();
  auto size = parts_.store.maintenance().size();
  if (!size) return size.error();
  web::View view;
  view.text("done", form["done"] == "changed" ? "It is changed. What is too old now goes within ten minutes." : "");
  view.text("events_days", std::to_string(retention->events_days));
  view.text("bulk_events_days", std::to_string(retention->bulk_events_days));
  view.text("findings_days", std::to_string(retention->findings_days));
  view.text("most_mib", std::to_string(retention->most_bytes / kMib))
      .text("days_most", std::to_string(store::kRetentionDaysMost));
  view.text("mib_most", std::to_string(kMibMost));
  view.text("configured", configured_words(parts_.retention));
  view.text("file_size", fmt::format("{:.1f} MiB", static_cast<double>(size->bytes) / static_cast<double>(kMib)));
  view.flag("gives_back", size->gives_back).time("oldest", size->oldest_event_at);
  using store::Removal;
  view.number("removed_age", size->removed[static_cast<std::size_t>(Removal::age)] +
                                 size->removed[static_cast<std::size_t>(Removal::bulk_age)]);
  view.number("removed_size", size->removed[static_cast<std::size_t>(Removal::size)] + size->removed_findings);
  return page(request, "retention", "Retention", kSettingsSection, std::move(view));
}

Result<server::Answer> PeoplePages::set_retention(const Request& request, const Form& form) {
  auto wanted = retention_in(form);
  if (!wanted) return wanted.error();
  auto before = Retention::load(parts_.store.settings(), {.otherwise = parts_.retention.otherwise});
  if (!before) return before.error();
  auto transaction = parts_.store.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  if (auto saved = wanted->save(stores.settings()); !saved) return saved.error();
  if (auto noted =
          note_of(request)(stores, "retention.change", "retention", words_of(before.value()), words_of(wanted.value()));
      !noted)
    return noted.error();
  if (auto done = transaction.value()->commit(); !done) return done.error();
  return web::see_other("/settings/retention?done=changed");
}

}  // namespace logystera::access
