#include "app/telling.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <map>
#include <utility>

#include "alert/anomaly.hpp"
#include "alert/gateway.hpp"
#include "notify/channel.hpp"
#include "notify/news.hpp"
#include "notify/plan.hpp"

namespace logystera::app {
namespace {

using alert::Tell;
using notify::News;

constexpr std::size_t kFindingsLooked = 5;  // of an alert, the newest

std::optional<News::Kind> kind_of(Tell::Kind kind) noexcept {
  switch (kind) {
    case Tell::opened: return News::Kind::opened;
    case Tell::reopened: return News::Kind::reopened;
    case Tell::level_rose: return News::Kind::level_rose;
    case Tell::repeated: return News::Kind::repeated;
    case Tell::resolved: return News::Kind::resolved;
    case Tell::snooze_ended: return News::Kind::snooze_ended;
    case Tell::late: return News::Kind::late;
    case Tell::hushed:
    case Tell::folded: break;
  }
  return std::nullopt;
}

// Who did it, as the newest of its findings says; and of the events they keep for evidence, how many of each type.
Result<Done> add_findings(store::Stores& stores, const alert::Alert& alert, News& news) {
  auto findings = stores.alerts().findings_of(alert.id);
  if (!findings) return findings.error();
  const std::size_t skipped = findings->size() - std::min(findings->size(), kFindingsLooked);
  std::map<std::string, std::uint64_t> counts;
  for (std::size_t i = skipped; i < findings->size(); ++i) {
    auto finding = stores.findings().get(findings.value()[i]);
    if (!finding) return finding.error();
    if (!finding.value()) continue;
    if (!finding.value()->who.empty()) news.who = finding.value()->who;
    for (const std::uint64_t sequence : finding.value()->evidence) {
      if (sequence == 0 || alert.site.empty()) continue;
      store::EventQuery query;
      query.after = sequence - 1;
      auto read = stores.events().read(query, [&](const store::StoredEvent& event) {
        if (event.sequence == sequence && event.entity == alert.site) ++counts[std::string(event.type)];
        return false;
      });
      if (!read) return read.error();
    }
  }
  news.evidence.assign(counts.begin(), counts.end());
  std::stable_sort(news.evidence.begin(), news.evidence.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  if (news.evidence.size() > notify::kEvidenceTypes) news.evidence.resize(notify::kEvidenceTypes);
  return Done{};
}

void add_words(const detect::Rule& rule, News& news) {
  if (!rule.alert) {
    news.tags = rule.tags;
    news.meaning = rule.description;
    return;
  }
  news.tags = rule.alert->tags;
  news.meaning = rule.alert->what;
  if (!rule.alert->why.empty()) news.meaning += (news.meaning.empty() ? "" : " ") + rule.alert->why;
  news.remedy = rule.alert->act;
}

template <typename Rule>
void add_words(const Rule& rule, std::string_view tag, News& news) {
  news.tags = {std::string(tag)};
  news.meaning = fmt::format("{} {}", rule.what, rule.why);
  news.remedy = rule.act;
}

// Each happening is told once, by the line of the activity that came of it; what is told again leaves none, and has its time.
Result<std::int64_t> number_of(store::Stores& stores, const alert::Alert& alert, Tell::Kind kind) {
  if (kind == Tell::repeated) return alert.told_at;
  auto newest = stores.alerts().activity(alert.id, 0, 1);
  if (!newest) return newest.error();
  return newest->empty() ? std::int64_t{0} : newest.value()[0].id;
}

Result<News> news_of(store::Stores& stores, const alert::Alert& alert, const Tell& tell, News::Kind kind,
                     const analysis::Program* program, std::int64_t now) {
  News news;
  news.kind = kind;
  news.alert = alert.id;
  auto number = number_of(stores, alert, tell.kind);
  if (!number) return number.error();
  news.number = number.value();
  news.rule = alert.rule;
  news.title = alert.title.empty() ? alert.rule : alert.title;
  news.level = alert.level;
  news.state = alert::state_name(alert.state);
  news.site = news.site_name = alert.site;
  if (!alert.site.empty()) {
    auto site = stores.entities().find(alert.site);
    if (!site) return site.error();
    if (site.value()) news.site_name = site.value()->name;
  }
  news.first_time = alert.first_time;
  news.last_time = alert.last_time;
  news.hits = alert.hits;
  news.new_hits = tell.hits;
  news.group_label = alert.group_label;
  news.condition = alert.kind == alert::Kind::condition;
  news.at = now;
  news.opened_at = alert.opened_at;
  news.resolved_at = alert.open() ? 0 : alert.resolved_at;
  if (tell.kind == Tell::resolved) news.note = "resolved by " + alert.resolved_by;
  else news.note = tell.note;
  if (const detect::Rule* const rule = program ? program->rules().find(alert.rule) : nullptr) add_words(*rule, news);
  else if (const alert::GatewayRule* const own = alert::gateway_rule(alert.rule)) add_words(*own, "gateway", news);
  else if (const alert::AnomalyRule* const anomaly = alert::anomaly_rule(alert.rule)) add_words(*anomaly, "anomaly", news);
  if (auto added = add_findings(stores, alert, news); !added) return added.error();
  return news;
}

// ---- what could not be told ----

constexpr std::string_view kKept = "telling:untold";

/// Lines: how many were let go, the reason, and a happening each.
struct Kept {
  std::uint64_t let_go = 0;
  std::string reason;
  std::vector<Tell> tells;

  std::string text() const {
    if (tells.empty() && let_go == 0) return {};
    const auto flat = [](std::string text) {
      for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ') c = ' ';
      return text;
    };
    std::string out = fmt::format("{}\n{}\n", let_go, flat(reason));
    for (const Tell& tell : tells)
      out += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", static_cast<int>(tell.kind), tell.alert,
                         static_cast<int>(tell.level), tell.hits, flat(tell.site), flat(tell.rule), flat(tell.note));
    return out;
  }
};

std::string_view cut_at(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

template <typename Number>
bool number_in(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Result<Kept> kept_in(store::Stores& stores) {
  auto stored = stores.positions().find(kKept);
  if (!stored) return stored.error();
  Kept kept;
  std::string_view rest = stored.value() ? std::string_view(*stored.value()) : std::string_view();
  if (rest.empty()) return kept;
  const Error damaged{"what waits to be told cannot be read: it is damaged", ErrorKind::broken};
  if (!number_in(cut_at(rest, '\n'), kept.let_go)) return damaged;
  kept.reason = cut_at(rest, '\n');
  while (!rest.empty()) {
    std::string_view line = cut_at(rest, '\n');
    int kind = 0, level = 0;
    Tell tell;
    if (!number_in(cut_at(line, '\t'), kind) || !number_in(cut_at(line, '\t'), tell.alert) ||
        !number_in(cut_at(line, '\t'), level) || !number_in(cut_at(line, '\t'), tell.hits) || kind < 0 ||
        kind > Tell::folded || level < 0 || level >= static_cast<int>(kLevels))
      return damaged;
    tell.kind = static_cast<Tell::Kind>(kind);
    tell.level = static_cast<Level>(level);
    tell.site = cut_at(line, '\t');
    tell.rule = cut_at(line, '\t');
    tell.note = line;
    kept.tells.push_back(std::move(tell));
  }
  return kept;
}

Result<Done> keep(store::Stores& stores, std::vector<Tell> tells, const std::string& reason, std::int64_t now) {
  auto kept = kept_in(stores);
  if (!kept) return kept.error();
  kept->reason = reason;
  std::move(tells.begin(), tells.end(), std::back_inserter(kept->tells));
  if (kept->tells.size() > kUntoldMost) {
    const std::size_t more = kept->tells.size() - kUntoldMost;
    kept->let_go += more;
    kept->tells.erase(kept->tells.begin(), kept->tells.begin() + static_cast<std::ptrdiff_t>(more));
  }
  return stores.positions().put(kKept, kept->text(), now);
}

using RulesOf = std::function<const analysis::Program*()>;

Result<Done> tell_one(store::Stores& stores, const Tell& tell, const RulesOf& rules, std::int64_t now) {
  const auto kind = kind_of(tell.kind);
  if (!kind) {
    auto hushed = notify::hush(stores, tell.alert, tell.note, tell.kind == Tell::folded);
    return hushed ? Result<Done>(Done{}) : hushed.error();
  }
  auto alert = stores.alerts().get(tell.alert);
  if (!alert) return alert.error();
  if (!alert.value()) return Done{};
  auto news = news_of(stores, *alert.value(), tell, *kind, rules(), now);
  if (!news) return news.error();
  auto told = notify::tell(stores, news.value(), now);
  return told ? Result<Done>(Done{}) : told.error();
}

}  // namespace

Result<Untold> untold(store::Stores& stores) {
  auto kept = kept_in(stores);
  if (!kept) return kept.error();
  return Untold{kept->tells.size(), kept->let_go, std::move(kept->reason)};
}

Result<bool> tell_again(store::Store& store, const processor::Telling& telling) {
  auto waiting = untold(store.reading());
  if (!waiting) return waiting.error();
  if (waiting->waiting == 0) return true;
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  auto kept = kept_in(*transaction.value());
  if (!kept) return kept.error();
  const std::string before = kept->text();
  std::vector<Tell> tells;
  std::swap(tells, kept->tells);
  // What fails again comes back, behind how many were let go.
  auto taken = transaction.value()->positions().put(kKept, kept->text(), 0);
  if (!taken) return taken.error();
  if (auto told = telling(*transaction.value(), tells); !told) return told.error();
  auto left = kept_in(*transaction.value());
  if (!left) return left.error();
  if (left->text() == before) return false;
  if (auto done = transaction.value()->commit(); !done) return done.error();
  return left->tells.empty();
}

processor::Telling telling(ProgramOf program, std::function<std::int64_t()> now) {
  return [program = std::move(program), now = std::move(now)](store::Stores& stores,
                                                              std::span<const Tell> tells) -> Result<Done> {
    std::shared_ptr<const analysis::Program> held;
    const RulesOf rules = [&]() -> const analysis::Program* {
      if (!held && program) held = program();
      return held.get();
    };
    auto channels = stores.channels().list();
    if (!channels) return channels.error();
    if (channels->empty()) return Done{};
    const std::int64_t time = now();
    std::vector<Tell> failed;
    std::string reason;
    for (const Tell& tell : tells) {
      auto told = tell_one(stores, tell, rules, time);
      if (told) continue;
      failed.push_back(tell);
      reason = told.error().message;
    }
    if (!failed.empty()) return keep(stores, std::move(failed), reason, time);
    return Done{};
  };
}

std::optional<std::string> name_of_channel(store::Stores& stores, std::int64_t channel) {
  auto found = stores.channels().find(channel);
  if (!found || !found.value()) return std::nullopt;
  const store::Channel& one = *found.value();
  if (!one.enabled && one.off_reason.empty()) return std::nullopt;
  const auto options = notify::options_of(one);
  if (!options || !options->links) return std::nullopt;
  return one.name;
}

}  // namespace logystera::app
