// The stores of each kind on SQLite. They keep nothing themselves: each call borrows a connection, which is the transaction's
// where they belong to one.
#pragma once

#include <string>
#include <unordered_map>

#include "store/sqlite/pool.hpp"
#include "store/store.hpp"

namespace logystera::store::sqlite {

/// Appends batches on one connection, in a transaction its caller has begun.
class EventAppender {
 public:
  explicit EventAppender(Connection& connection, std::size_t types_most)
      : connection_(connection), types_most_(types_most) {}

  /// `sequences`, if given, gets one of each event; 0: it was there before.
  Result<Appended> append(const Batch& batch, std::vector<std::uint64_t>* sequences = nullptr);
  /// To be called when a transaction is rolled back: the numbers of types it has added are void.
  void forget_types();

 private:
  Result<std::int64_t> entity_number(std::string_view token);
  Result<std::int64_t> type_number(std::string_view type);
  Result<std::int64_t> look_up_type(std::string_view type);
  Result<std::int64_t> add_type(std::string_view type, std::size_t limit);
  Result<std::int64_t> number_of_the_unnumbered();
  Result<Done> count_hour(std::int64_t entity, std::int64_t received_at, const Appended& appended, std::int64_t rejected);

  Connection& connection_;
  std::size_t types_most_;
  std::unordered_map<std::string, std::int64_t> types_;  // at most types_most_
  bool types_full_ = false;
  std::int64_t unnumbered_ = 0;  // of the type all events share whose own got no number; 0: not looked up yet
};

class Events final : public EventStore {
 public:
  Events(Connections& connections, std::size_t types_most) : connections_(connections), types_most_(types_most) {}
  Result<Appended> append(const Batch& batch) override;
  Result<Done> read(const EventQuery& query, const std::function<bool(const StoredEvent&)>& each) override;
  Result<EventPage> page(const EventFilter& filter, const PageRequest<TimeKey>& request) override;
  Result<Count> count(const EventFilter& filter, std::size_t most, std::chrono::milliseconds patience) override;
  Result<std::optional<EventRow>> find(const EventId& id, const SiteScope& sites) override;
  Result<std::uint64_t> newest() override;

 private:
  Connections& connections_;
  std::size_t types_most_;
};

class Entities final : public EntityStore {
 public:
  explicit Entities(Connections& connections) : connections_(connections) {}
  Result<Done> add(const Entity& entity) override;
  Result<std::optional<Entity>> find(std::string_view token) override;
  Result<std::vector<Entity>> list() override;
  Result<bool> update(const Entity& entity) override;
  Result<bool> revoke(std::string_view token, std::int64_t now) override;
  Result<bool> rename(std::string_view token, std::string_view name) override;
  Result<std::vector<IngestHour>> hours(std::string_view token, std::int64_t since) override;
  Result<std::vector<std::pair<std::string, IngestHour>>> sent_since(std::int64_t since) override;

 private:
  Connections& connections_;
};

class Support final : public SupportStore {
 public:
  explicit Support(Connections& connections) : connections_(connections) {}
  Result<std::string> add(const SupportRequest& request) override;
  Result<std::vector<SupportRequest>> list(std::uint64_t limit) override;
  Result<std::optional<SupportRequest>> find(std::string_view reference) override;

 private:
  Connections& connections_;
};

class Accounts final : public AccountStore {
 public:
  explicit Accounts(Connections& connections) : connections_(connections) {}
  Result<bool> add_user(const User& user) override;
  Result<std::optional<User>> find_user(std::string_view name) override;
  Result<std::optional<User>> find_user(std::int64_t id) override;
  Result<std::vector<User>> users() override;
  Result<bool> has_users() override;
  Result<bool> remove_user(std::string_view name) override;
  Result<bool> set_password(std::string_view name, std::string_view password_hash) override;
  Result<bool> set_access(const User& user) override;
  Result<bool> set_preferences(const User& user) override;
  Result<bool> set_totp(std::int64_t user, std::string_view sealed, const std::vector<Digest>& recovery) override;
  Result<bool> use_totp_step(std::int64_t user, std::int64_t step) override;
  Result<bool> use_recovery_code(std::int64_t user, const Digest& hash) override;
  Result<std::uint64_t> recovery_codes(std::int64_t user) override;
  Result<Done> add_session(const Digest& hash, const NewSession& session, std::int64_t stale) override;
  Result<std::optional<Session>> find_session(const Digest& hash) override;
  Result<std::vector<Session>> sessions_of(std::int64_t user) override;
  Result<Done> touch_session(const Digest& hash, std::int64_t now) override;
  Result<Done> end_session(const Digest& hash) override;
  Result<bool> end_session_of(std::int64_t user, std::int64_t id) override;
  Result<std::int64_t> add_token(const ApiToken& token, const Digest& hash) override;
  Result<std::optional<ApiToken>> find_token(const Digest& hash) override;
  Result<std::optional<ApiToken>> find_token(std::int64_t id) override;
  Result<std::vector<ApiToken>> tokens(std::optional<std::int64_t> user) override;
  Result<Done> touch_token(std::int64_t id, std::int64_t now, std::string_view address) override;
  Result<bool> remove_token(std::int64_t id) override;
  Result<Done> add_code(const Digest& hash, const Grant& grant, std::int64_t oldest) override;
  Result<std::optional<Code>> find_code(const Digest& hash) override;
  Result<bool> use_code(const Digest& hash, std::int64_t now, std::string_view entity) override;

 private:
  Connections& connections_;
};

class Audit final : public AuditStore {
 public:
  explicit Audit(Connections& connections) : connections_(connections) {}
  Result<Done> add(const AuditRow& row) override;
  Result<std::vector<AuditRow>> list(const AuditQuery& query) override;
  Result<std::uint64_t> prune(std::int64_t oldest, std::size_t most) override;

 private:
  Connections& connections_;
};

class Findings final : public FindingStore {
 public:
  explicit Findings(Connections& connections) : connections_(connections) {}
  Result<bool> add(const Finding& finding) override;
  Result<Done> grow(const Growth& growth, bool whole) override;
  Result<std::vector<Finding>> list(const FindingQuery& query) override;
  Result<Recorded> record(const Finding& finding, std::optional<std::int64_t> within, bool again) override;
  Result<std::vector<Finding>> last_of_groups(std::string_view site, std::int64_t since) override;
  Result<FindingSummary> summary(const SiteScope& sites, std::optional<std::int64_t> since) override;
  Result<FindingPage> page(const FindingFilter& filter, const PageRequest<TimeKey>& request) override;
  Result<Count> count(const FindingFilter& filter, std::size_t most, std::chrono::milliseconds patience) override;
  Result<std::optional<Finding>> get(std::int64_t id, const SiteScope& sites) override;
  Result<std::vector<FindingDay>> days(std::int64_t first, std::int64_t last, const SiteScope& sites) override;
  Result<std::vector<RuleHits>> rule_hits(std::int64_t first, std::size_t limit, const SiteScope& sites) override;
  Result<std::vector<std::string>> sources(std::size_t limit, const SiteScope& sites) override;
  Result<Done> dismiss(const Dismissal& dismissal) override;
  Result<std::uint64_t> undismiss(std::string_view rule, std::string_view source) override;
  Result<std::vector<Dismissal>> dismissals() override;
  Result<bool> dismissed(std::string_view rule, std::string_view source) override;
  Result<DismissalPreview> preview(std::string_view rule, std::string_view source) override;
  Result<std::int64_t> dismissals_version() override;
  Result<std::uint64_t> prune(std::int64_t oldest) override;
  Result<std::uint64_t> clear_demo() override;

 private:
  Connections& connections_;
};

class Errors final : public ErrorStore {
 public:
  explicit Errors(Connections& connections) : connections_(connections) {}
  Result<ErrorsAdded> add(const std::vector<ErrorOccurrence>& occurrences) override;
  Result<bool> merge(std::string_view from, const ErrorTemplate& into) override;
  Result<std::vector<ErrorTemplate>> templates(std::size_t limit) override;
  Result<std::vector<ErrorGroup>> list(ErrorSort sort, std::optional<Severity> at_least, std::size_t limit) override;
  Result<std::optional<ErrorGroup>> find(std::string_view fingerprint) override;
  Result<std::vector<ErrorOccurrence>> occurrences(std::string_view fingerprint, std::size_t limit) override;
  Result<std::vector<ErrorGroup>> first_seen_since(std::int64_t since, std::size_t limit) override;
  Result<std::vector<ErrorGroup>> regressions(std::int64_t silence, std::size_t limit) override;
  Result<ErrorPage> page(const ErrorFilter& filter, const PageRequest<ErrorKey>& request) override;
  Result<Count> count(const ErrorFilter& filter, std::size_t most, std::chrono::milliseconds patience) override;
  Result<ErrorSummary> summary() override;
  Result<std::vector<std::string>> sources(std::string_view fingerprint, std::size_t limit) override;
  Result<std::uint64_t> prune(std::int64_t oldest) override;
  Result<std::uint64_t> clear_demo() override;

 private:
  Connections& connections_;
};

class Baselines final : public BaselineStore {
 public:
  explicit Baselines(Connections& connections) : connections_(connections) {}
  Result<Done> put(const StoredBaseline& baseline) override;
  Result<std::optional<StoredBaseline>> find(std::string_view source, std::string_view model) override;
  Result<std::vector<StoredBaseline>> list() override;
  Result<std::uint64_t> reset(std::string_view source) override;

 private:
  Connections& connections_;
};

class Settings final : public SettingStore {
 public:
  explicit Settings(Connections& connections) : connections_(connections) {}
  Result<std::optional<std::string>> find(std::string_view name) override;
  Result<Done> put(std::string_view name, std::string_view value) override;
  Result<Done> remove(std::string_view name) override;

 private:
  Connections& connections_;
};

class Positions final : public PositionStore {
 public:
  explicit Positions(Connections& connections) : connections_(connections) {}
  Result<std::optional<std::string>> find(std::string_view target) override;
  Result<std::optional<std::int64_t>> newest(std::string_view prefix) override;
  Result<Done> put(std::string_view target, std::string_view text, std::int64_t now) override;
  Result<Done> remove(std::string_view target) override;

 private:
  Connections& connections_;
};

class Windows final : public SiteWindowStore {
 public:
  explicit Windows(Connections& connections) : connections_(connections) {}
  Result<Done> put(const SiteWindows& windows) override;
  Result<Done> remove(std::string_view site) override;
  Result<std::vector<SiteWindows>> list() override;
  Result<Done> add(const Unevaluated& range) override;
  Result<std::vector<Unevaluated>> unevaluated(std::string_view site, std::size_t limit) override;

 private:
  Connections& connections_;
};

class Answers final : public AnswerStore {
 public:
  explicit Answers(Connections& connections) : connections_(connections) {}
  Result<std::optional<GivenAnswer>> find(const Digest& asker, const Digest& key, std::int64_t since) override;
  Result<Done> put(const GivenAnswer& answer, std::int64_t since) override;

 private:
  Connections& connections_;
};

class Seen final : public SeenStore {
 public:
  explicit Seen(Connections& connections) : connections_(connections) {}
  Result<Done> put(std::string_view entity, std::span<const SeenValue> values) override;
  Result<std::vector<SeenValue>> list(std::string_view entity) override;
  Result<std::uint64_t> prune(std::int64_t before_ns) override;
  Result<Done> put_absences(std::string_view entity, std::string_view state) override;
  Result<std::optional<std::string>> absences(std::string_view entity) override;
  Result<Done> remove(std::string_view entity) override;

 private:
  Connections& connections_;
};

class Metrics final : public MetricStore {
 public:
  explicit Metrics(Connections& connections) : connections_(connections) {}
  Result<Done> add(std::span<const MetricDelta> deltas) override;
  Result<Done> add(std::span<const MetricLeftOutCount> counts) override;
  Result<Done> series(std::string_view site, const SiteScope& scope, std::int64_t since, std::size_t limit,
                      const std::function<bool(const MetricSeries&)>& each) override;
  Result<std::uint64_t> count(std::int64_t since) override;
  Result<Done> points(const MetricQuery& query, const std::function<bool(const MetricPoint&)>& each) override;
  Result<std::vector<MetricLeftOutCount>> left_out(std::string_view site, const SiteScope& scope) override;
  Result<Pruned> prune(std::int64_t now, std::int64_t after, std::size_t rows) override;

 private:
  Connections& connections_;
};

class Passages final : public PassageStore {
 public:
  explicit Passages(Connections& connections) : connections_(connections) {}
  Result<std::vector<PassageGroup>> groups() override;
  Result<PassagesReplaced> replace(const std::vector<Passage>& passages) override;
  Result<PassageCounts> counts(std::string_view model) override;
  Result<std::vector<Passage>> search(const std::vector<std::string>& words, std::size_t limit) override;
  Result<std::optional<Passage>> find(std::int64_t id) override;
  Result<std::vector<Passage>> without_vector(std::string_view model, std::size_t limit) override;
  Result<Done> put_vectors(std::string_view model,
                           const std::vector<std::pair<std::int64_t, std::vector<float>>>& vectors) override;
  Result<Done> each_vector(std::string_view model, std::size_t dimension,
                           const std::function<void(std::int64_t id, std::span<const float> vector)>& each) override;
  Result<PeriodCounts> period(std::int64_t since, std::int64_t until) override;
  Result<std::uint64_t> prune(std::int64_t oldest) override;
  Result<std::uint64_t> clear_demo() override;

 private:
  Connections& connections_;
};

class Alerts final : public AlertStore {
 public:
  explicit Alerts(Connections& connections) : connections_(connections) {}
  Result<std::optional<alert::Alert>> current(const alert::Key& key) override;
  Result<std::int64_t> add(const alert::Alert& alert) override;
  Result<Done> update(const alert::Alert& alert) override;
  Result<bool> remove(std::int64_t id) override;
  Result<std::optional<alert::Alert>> get(std::int64_t id, const SiteScope& sites) override;
  Result<AlertPage> page(const AlertFilter& filter, const PageRequest<TimeKey>& request) override;
  Result<Count> count(const AlertFilter& filter, std::size_t most, std::chrono::milliseconds patience) override;
  Result<AlertCounts> counts(std::int64_t now, const SiteScope& sites) override;
  Result<std::vector<alert::Alert>> due(std::int64_t now, std::size_t limit) override;
  Result<std::vector<alert::Alert>> open_of(std::string_view rule, std::string_view site, std::size_t limit) override;
  Result<Done> log(const alert::LogRow& row) override;
  Result<std::vector<alert::LogRow>> activity(std::int64_t alert, std::int64_t before_id, std::size_t limit) override;
  Result<Done> attach(std::int64_t alert, std::int64_t finding) override;
  Result<std::vector<std::int64_t>> findings_of(std::int64_t alert) override;
  Result<std::optional<std::int64_t>> alert_of(std::int64_t finding) override;
  Result<Done> put_switch(const RuleSwitch& one) override;
  Result<bool> remove_switch(std::string_view rule, std::string_view site) override;
  Result<std::vector<RuleSwitch>> switches(std::string_view rule) override;
  Result<std::uint64_t> prune(std::int64_t oldest, std::size_t most) override;

 private:
  Connections& connections_;
};

class Channels final : public ChannelStore {
 public:
  explicit Channels(Connections& connections) : connections_(connections) {}
  Result<std::int64_t> add(const Channel& channel) override;
  Result<std::optional<Channel>> find(std::int64_t id) override;
  Result<std::optional<Channel>> find(std::string_view name) override;
  Result<std::vector<Channel>> list() override;
  Result<bool> update(const Channel& channel) override;
  Result<bool> remove(std::int64_t id) override;
  Result<Done> note(std::int64_t id, std::int64_t now, std::string_view error) override;
  Result<Done> note_test(std::int64_t id, std::int64_t now) override;
  Result<bool> switch_off(std::int64_t id, std::string_view reason) override;

 private:
  Connections& connections_;
};

class Routes final : public RouteStore {
 public:
  explicit Routes(Connections& connections) : connections_(connections) {}
  Result<std::vector<std::string>> list() override;
  Result<Done> replace(const std::vector<std::string>& routes) override;

 private:
  Connections& connections_;
};

class Outbox final : public OutboxStore {
 public:
  explicit Outbox(Connections& connections) : connections_(connections) {}
  Result<bool> add(const OutboxRow& row) override;
  Result<std::optional<OutboxRow>> find(std::int64_t id) override;
  Result<std::vector<OutboxRow>> list(const OutboxFilter& filter) override;
  Result<std::vector<OutboxRow>> of_alert(std::int64_t alert) override;
  Result<OutboxGroupState> group(const OutboxGroup& group) override;
  Result<std::uint64_t> openings(std::string_view route, std::int64_t since) override;
  Result<std::int64_t> last_storm(std::string_view route) override;
  Result<bool> rewrite(const OutboxRow& row) override;
  Result<std::uint64_t> withdraw(std::int64_t alert, const std::vector<std::string>& kinds,
                                 std::string_view reason) override;
  Result<Done> fold_into_storm(const OutboxGroup& group, std::int64_t next_at) override;
  Result<Done> postpone(std::int64_t channel, std::string_view target, std::int64_t now, std::int64_t next_at) override;
  Result<std::vector<std::int64_t>> due(std::int64_t now) override;
  Result<std::vector<std::string>> targets(std::int64_t channel, std::int64_t now) override;
  Result<std::optional<OutboxBatch>> take(std::int64_t channel, std::string_view target, std::int64_t now,
                                          std::size_t most) override;
  Result<Done> sent(std::int64_t batch, std::int64_t now) override;
  Result<Done> failed(std::int64_t batch, std::int64_t next_at, std::string_view error) override;
  Result<Done> bury(std::int64_t batch, std::string_view error) override;
  Result<std::uint64_t> release() override;
  Result<std::uint64_t> bury_older(std::int64_t channel, std::int64_t since, std::string_view error) override;
  Result<bool> retry(std::int64_t id, std::int64_t now) override;
  Result<bool> discard(std::int64_t id, std::string_view reason) override;
  Result<std::int64_t> opening_batch(std::int64_t channel, std::string_view target, std::int64_t alert) override;
  Result<std::vector<std::int64_t>> sent_times(std::int64_t channel, std::string_view target, std::int64_t since) override;
  Result<std::vector<OutboxCounts>> counts(std::int64_t now) override;
  Result<std::optional<std::int64_t>> next_due() override;
  Result<std::uint64_t> prune(std::int64_t dead_before, std::int64_t sent_before, std::size_t most) override;

 private:
  Connections& connections_;
};

/// Of a whole database, so not part of a transaction.
class Upkeep final : public Maintenance {
 public:
  explicit Upkeep(Pool& pool) : pool_(pool) {}
  Result<StoreSize> size() override;
  Result<StoreRows> rows() override;
  Result<std::uint64_t> remove_events(std::int64_t before, std::size_t most, Removal reason) override;
  Result<BulkSlice> remove_bulk_events(const BulkTypes& types, std::int64_t before, std::size_t most,
                                       Removal reason) override;
  Result<std::uint64_t> remove_findings(std::int64_t before, std::size_t most) override;
  Result<std::uint64_t> remove_occurrences(std::int64_t before, std::size_t most) override;
  Result<std::uint64_t> remove_oldest_findings(std::size_t most) override;
  Result<bool> give_back(std::size_t pages) override;
  Result<std::vector<std::string>> check() override;
  Result<Done> back_up(const std::string& path) override;
  Result<Done> shrink() override;

 private:
  Result<std::uint64_t> remove_slice(Sql sql, std::int64_t before, std::size_t most);

  Pool& pool_;
};

/// Looks for what others have changed.
std::unique_ptr<Watch> watch(Connection connection);

/// Runs a statement that removes rows, its one parameter `number`. How many.
Result<std::uint64_t> remove_rows(Connections& connections, Sql sql, std::int64_t number);

}  // namespace logystera::store::sqlite
