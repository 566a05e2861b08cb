#include "store/watch.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <tuple>
#include <utility>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

class Looker final : public Watch {
 public:
  explicit Looker(Connection connection) : db_(std::move(connection)) {}

  Result<Changes> look() override {
    // Of this connection: it changes with each commit of another one.
    auto version = db_.integer("PRAGMA data_version");
    if (!version) return version.error();
    if (version.value() == version_) return Changes{};
    const bool first = version_ == kNever;
    // What a look that fails has seen was told to nobody: the next one sees it again.
    const auto before = std::tuple(newest_, newest_alert_, marks_);
    Changes changes;
    if (auto done = look_for(changes); !done) {
      std::tie(newest_, newest_alert_, marks_) = before;
      return done.error();
    }
    version_ = version.value();
    return first ? Changes{} : changes;
  }

 private:
  using Mark = std::array<std::int64_t, 3>;

  Result<Done> look_for(Changes& changes) {
    if (auto done = events(changes); !done) return done.error();
    if (auto done = alerts(changes); !done) return done.error();
    // Each in numbers that no change leaves as they are: rows come with higher numbers, and go from the counts.
    const std::pair<bool*, Sql> kinds[] = {
        {&changes.findings,
         Sql("SELECT coalesce((SELECT max(id) FROM findings), 0), coalesce((SELECT sum(n) FROM finding_days), 0), "
             "coalesce((SELECT value FROM counters WHERE name = 'dismissals'), 0)")},
        {&changes.errors, Sql("SELECT count(*), coalesce(sum(count), 0), coalesce(max(last_seen), 0) FROM errors")},
        {&changes.sites, Sql("SELECT count(*) + coalesce(sum(disabled), 0) * 1000003, coalesce(max(rotated_at), 0) + "
                             "coalesce(max(revoked_at), 0), coalesce(sum(length(name) * id), 0) FROM entities")}};
    for (std::size_t i = 0; i < std::size(kinds); ++i) {
      auto now = mark(kinds[i].second);
      if (!now) return now.error();
      *kinds[i].first = now.value() != marks_[i];
      marks_[i] = now.value();
    }
    return Done{};
  }

  Result<Mark> mark(Sql sql) {
    auto select = db_.lease(sql);
    if (!select) return select.error();
    auto row = db_.row<Mark>(select.value(), "look for changes", [](const Statement& at) {
      return Mark{at.integer(0), at.integer(1), at.integer(2)};
    });
    if (!row) return row.error();
    return row->value_or(Mark{});
  }

  Result<Done> events(Changes& changes) {
    auto newest = db_.integer("SELECT coalesce(max(seq), 0) FROM events");
    if (!newest) return newest.error();
    if (version_ != kNever && newest.value() > newest_) {
      auto select = db_.lease(
          "SELECT n.token, count(*) FROM events e JOIN entities n ON n.id = e.entity WHERE e.seq > ? GROUP BY e.entity");
      if (!select) return select.error();
      // After a long pause it is enough to know of the last of them.
      select->bind(1, std::max(newest_, newest.value() - kEventsLookedAt));
      auto rows = db_.rows<Changes::Site>(select.value(), "look for events", [](const Statement& at) {
        return Changes::Site{std::string(at.text(0)), at.count(1)};
      });
      if (!rows) return rows.error();
      changes.events = std::move(rows).value();
    }
    newest_ = newest.value();
    return Done{};
  }

  Result<Done> alerts(Changes& changes) {
    auto newest = db_.integer("SELECT coalesce(max(change), 0) FROM alerts");
    if (!newest) return newest.error();
    if (version_ != kNever && newest.value() > newest_alert_) {
      auto select = db_.lease("SELECT site, count(*) FROM alerts WHERE change > ? GROUP BY site");
      if (!select) return select.error();
      select->bind(1, newest_alert_);
      auto rows = db_.rows<Changes::Alerts>(select.value(), "look for alerts", [](const Statement& at) {
        return Changes::Alerts{std::string(at.text(0)), at.count(1)};
      });
      if (!rows) return rows.error();
      changes.alerts = std::move(rows).value();
    }
    newest_alert_ = newest.value();
    return Done{};
  }

  static constexpr std::int64_t kNever = -1;
  static constexpr std::int64_t kEventsLookedAt = 50'000;

  Connection db_;
  std::int64_t version_ = kNever;
  std::int64_t newest_ = 0, newest_alert_ = 0;
  std::array<Mark, 3> marks_{};
};

}  // namespace

std::unique_ptr<Watch> watch(Connection connection) { return std::make_unique<Looker>(std::move(connection)); }

}  // namespace logystera::store::sqlite
