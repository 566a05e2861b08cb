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

  Result<Appended> append(const Batch& batch);
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
  Result<Count> count(const EventFilter& filter, std::size_t most) override;
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
  Result<std::vector<Finding>> list(const FindingQuery& query) override;
  Result<FindingSummary> summary() override;
  Result<FindingPage> page(const FindingFilter& filter, const PageRequest<TimeKey>& request) override;
  Result<Count> count(const FindingFilter& filter, std::size_t most) override;
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
  Result<Count> count(const ErrorFilter& filter, std::size_t most) override;
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
  Result<Done> put(std::string_view target, std::string_view text, std::int64_t now) override;

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
