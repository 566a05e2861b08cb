// The stores of all kinds together, on connections that are somebody else's.
#pragma once

#include <utility>

#include "store/sqlite/pool.hpp"
#include "store/sqlite/stores.hpp"
#include "store/store.hpp"

namespace logystera::store::sqlite {

/// Of each kind one, all on the same connections.
struct All {
  All(Connections& connections, const OpenOptions& options)
      : events(connections, options.types),
        entities(connections),
        support(connections),
        accounts(connections),
        audit(connections),
        findings(connections),
        errors(connections),
        baselines(connections),
        settings(connections),
        positions(connections),
        passages(connections),
        answers(connections),
        alerts(connections),
        seen(connections),
        channels(connections),
        routes(connections),
        outbox(connections),
        site_windows(connections),
        metrics(connections) {}

  Events events;
  Entities entities;
  Support support;
  Accounts accounts;
  Audit audit;
  Findings findings;
  Errors errors;
  Baselines baselines;
  Settings settings;
  Positions positions;
  Passages passages;
  Answers answers;
  Alerts alerts;
  Seen seen;
  Channels channels;
  Routes routes;
  Outbox outbox;
  Windows site_windows;
  Metrics metrics;
};

/// `Interface`, which is a Stores, with its stores.
template <typename Interface>
class With : public Interface {
 public:
  With(Connections& connections, const OpenOptions& options) : all_(connections, options) {}
  EventStore& events() noexcept override { return all_.events; }
  EntityStore& entities() noexcept override { return all_.entities; }
  SupportStore& support() noexcept override { return all_.support; }
  AccountStore& accounts() noexcept override { return all_.accounts; }
  AuditStore& audit() noexcept override { return all_.audit; }
  FindingStore& findings() noexcept override { return all_.findings; }
  ErrorStore& errors() noexcept override { return all_.errors; }
  BaselineStore& baselines() noexcept override { return all_.baselines; }
  SettingStore& settings() noexcept override { return all_.settings; }
  PositionStore& positions() noexcept override { return all_.positions; }
  PassageStore& passages() noexcept override { return all_.passages; }
  AnswerStore& answers() noexcept override { return all_.answers; }
  AlertStore& alerts() noexcept override { return all_.alerts; }
  SeenStore& seen() noexcept override { return all_.seen; }
  ChannelStore& channels() noexcept override { return all_.channels; }
  RouteStore& routes() noexcept override { return all_.routes; }
  OutboxStore& outbox() noexcept override { return all_.outbox; }
  SiteWindowStore& site_windows() noexcept override { return all_.site_windows; }
  MetricStore& metrics() noexcept override { return all_.metrics; }

 private:
  All all_;
};

/// The connection of one transaction, for all its stores.
struct One : Connections {
  explicit One(Lent lent) : connection(std::move(lent)) {}
  Result<Lent> lend() override { return Lent(*connection); }
  Lent connection;
};

}  // namespace logystera::store::sqlite
