#include "processor/self_test.hpp"

#include <cstdlib>

namespace logystera::processor {
namespace {

constexpr std::string_view kEntitySetting = "self_test.entity", kUntilSetting = "self_test.until";
constexpr std::size_t kAtOnce = 100;  // alerts

}  // namespace

// What is no number, or further ahead than any test puts it, is of a damaged setting or of a clock that was ahead.
Result<SelfTest> self_test_state(store::SettingStore& settings, std::int64_t now) {
  auto until = settings.find(kUntilSetting);
  if (!until) return until.error();
  if (!until.value()) return SelfTest::none;
  const long long end = std::strtoll(until.value()->c_str(), nullptr, 10);
  return end > now && end - now <= 2 * kSelfTestSecondsMost ? SelfTest::running : SelfTest::left;
}

Result<Done> begin_self_test(store::SettingStore& settings, std::int64_t now, std::int64_t seconds) {
  return settings.put(kUntilSetting, std::to_string(now + seconds));
}

Result<std::string> self_test_site(store::SettingStore& settings) {
  auto named = settings.find(kEntitySetting);
  if (!named) return named.error();
  if (!named.value() || named.value()->size() <= 2) return std::string();
  return named.value()->substr(1, named.value()->size() - 2);
}

Result<Done> put_self_test_site(store::SettingStore& settings, std::string_view token) {
  return settings.put(kEntitySetting, '"' + std::string(token) + '"');
}

Result<Done> remove_alerts_of(store::Stores& stores, const std::string& site) {
  for (;;) {
    store::AlertFilter filter;
    filter.site = site;
    auto page = stores.alerts().page(filter, {.limit = kAtOnce});
    if (!page) return page.error();
    if (page->rows.empty()) return Done{};
    for (const alert::Alert& one : page->rows)
      if (auto removed = stores.alerts().remove(one.id); !removed) return removed.error();
  }
}

Result<Done> end_self_test(store::Stores& stores, std::int64_t now) {
  auto token = self_test_site(stores.settings());
  if (!token) return token.error();
  auto site = token->empty() ? Result<std::optional<store::Entity>>(std::nullopt) : stores.entities().find(token.value());
  if (!site) return site.error();
  if (site.value()) {
    store::Entity entity = *site.value();
    entity.disabled = true;
    // False where somebody has revoked it: it sends no more either way.
    if (auto updated = stores.entities().update(entity); !updated) return updated.error();
    if (auto removed = remove_alerts_of(stores, entity.token); !removed) return removed;
    if (auto gone = stores.alerts().remove_switch(kSelfTestRule, entity.token); !gone) return gone.error();
    if (auto hidden = stores.findings().dismiss({std::string(kSelfTestRule), entity.name, "self-tests", now}); !hidden)
      return hidden;
  }
  return stores.settings().remove(kUntilSetting);
}

Result<bool> end_self_test_left(store::Store& store, std::int64_t now) {
  // Nothing is written where nothing is to be done.
  auto state = self_test_state(store.reading().settings(), now);
  if (!state) return state.error();
  if (state.value() != SelfTest::left) return false;
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  state = self_test_state(transaction.value()->settings(), now);
  if (!state) return state.error();
  if (state.value() != SelfTest::left) return false;
  if (auto ended = end_self_test(*transaction.value(), now); !ended) return ended.error();
  if (auto done = transaction.value()->commit(); !done) return done.error();
  return true;
}

}  // namespace logystera::processor
