// The REST API, version 1, under /api/v1 (the contract is web/openapi.yaml). One file a resource; what all of them share is here: who
// may ask how often, what a body has to be, and the form of answers.
//
// Lists are arrays; the pages around them are in Link, and how many there are in Logystera-Total. Single things have an ETag. Refusals
// are problem details (problem.hpp). Handlers read the store through Store::reading().
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/current_program.hpp"
#include "api/once.hpp"
#include "api/rate.hpp"
#include "api/warm.hpp"
#include "core/json_text.hpp"
#include "gateway/entities.hpp"
#include "notify/desk.hpp"
#include "processor/raise.hpp"
#include "query/detection.hpp"
#include "query/lists.hpp"
#include "server/message.hpp"
#include "server/router.hpp"
#include "server/workers.hpp"
#include "store/store.hpp"
#include "upload/desk.hpp"
#include "web/arrival.hpp"
#include "web/audit.hpp"

namespace logystera::api {

inline constexpr std::size_t kPageRows = 100;
inline constexpr std::size_t kBodyBytes = 64 * 1024;
inline constexpr std::size_t kEventsBytes = 1024 * 1024;    // of a call that hands in lines
inline constexpr std::size_t kTrialBodyBytes = 512 * 1024;  // of a call that tries rules: their lines, escaped
inline constexpr std::size_t kEventsMost = 1000;            // lines of a call
inline constexpr std::size_t kRawBytes = 64 * 1024;         // of a line

/// What the API is made of; all of it must outlive it.
struct Parts {
  store::Store& store;
  gateway::Entities& entities;
  const analysis::CurrentProgram& program;
  const web::Arrival& arrival;
  const query::Pseudonyms& pseudonyms;  // of what stands for personal data in signals
  upload::Desk& desk;                   // where logs are handed over
  notify::Desk& notify;                 // where channels and routes are looked after
  std::function<std::int64_t()> now;    // unix seconds
  std::function<void(std::string_view)> log;
  Rate rate = {};
  std::string targets_file = {};                                                    // of a fleet; empty: there is none
  processor::Telling telling = {};                                                  // of what is done to alerts
  std::function<query::Detection()> detection = [] { return query::Detection(); };  // how it stands
};

class Api {
 public:
  explicit Api(Parts parts);

  /// `workers`: where handlers run; they read the database.
  std::vector<server::Route> routes(std::shared_ptr<server::Workers> workers);

  /// What Prometheus asks for, beside the contract: GET /metrics.
  server::Route metrics_route(std::shared_ptr<server::Workers> workers);

  /// The threads for it. They give way as those of pages do.
  static server::Workers::Options workers();

 private:
  using Handle = server::Answer (Api::*)(const server::Request&);

  /// `once`: it makes something, and takes an Idempotency-Key.
  server::Route route(std::string_view method, std::string_view path, std::string_view role, Handle handle,
                      std::size_t body_bytes = 0, bool once = false);
  server::Answer answer(const server::Request& request, Handle handle, bool takes_body, bool once);
  server::Answer answer_once(const server::Request& request, Handle handle);
  std::string asker(const server::Request& request) const;

  // health.cpp
  server::Answer health(const server::Request& request);
  server::Answer stats(const server::Request& request);
  server::Answer me(const server::Request& request);
  // findings.cpp
  server::Answer list_findings(const server::Request& request);
  server::Answer get_finding(const server::Request& request);
  server::Answer trend(const server::Request& request);
  // errors.cpp
  server::Answer list_errors(const server::Request& request);
  server::Answer get_error(const server::Request& request);
  // events.cpp
  server::Answer look_at_events(const server::Request& request);
  Result<Done> store_findings(const server::Request& request, const std::vector<analysis::Finding>& findings,
                              const server::Answer& answer);
  // uploads.cpp
  server::Route upload_route();
  server::Answer looked_at_upload(const server::Request& request, const upload::Wish& wish,
                                  const Result<analysis::UploadReport>& report) const;
  // signals.cpp
  server::Answer list_signals(const server::Request& request);
  server::Answer get_signal(const server::Request& request);
  server::Answer get_catalogue(const server::Request& request);
  // sites.cpp
  server::Answer list_sites(const server::Request& request);
  server::Answer get_site(const server::Request& request);
  server::Answer get_ingest(const server::Request& request);
  server::Answer get_metrics(const server::Request& request);
  server::Answer change_site(const server::Request& request);
  server::Answer rotate_site(const server::Request& request);
  server::Answer disable_site(const server::Request& request);
  server::Answer site_answer(const server::Request& request, const std::string& token);
  // series.cpp
  server::Answer get_series(const server::Request& request);
  server::Answer get_signal_counts(const server::Request& request);
  // metrics.cpp
  server::Answer prometheus(const server::Request& request);
  // targets.cpp
  server::Answer list_targets(const server::Request& request);
  // rules.cpp
  server::Answer list_rules(const server::Request& request);
  server::Answer get_rule(const server::Request& request);
  // trials.cpp
  server::Answer try_rule(const server::Request& request);
  server::Answer validate_rules(const server::Request& request);
  // dismissals.cpp
  server::Answer list_dismissals(const server::Request& request);
  server::Answer dismiss(const server::Request& request);
  server::Answer undismiss(const server::Request& request);
  // alerts.cpp
  server::Answer list_alerts(const server::Request& request);
  server::Answer get_alert(const server::Request& request);
  server::Answer alert_activity(const server::Request& request);
  server::Answer alert_evidence(const server::Request& request);
  // alert_actions.cpp
  server::Answer act_on_alert(const server::Request& request);
  server::Answer snooze_alert(const server::Request& request);
  server::Answer unsnooze_alert(const server::Request& request);
  server::Answer note_alert(const server::Request& request);
  server::Answer assign_alert(const server::Request& request);
  server::Answer act_on_alerts(const server::Request& request);
  server::Answer done_to_alert(const server::Request& request, const alert::Action& action, int status = 200);
  // switches.cpp
  server::Answer list_switches(const server::Request& request);
  server::Answer rule_switches(const server::Request& request);
  server::Answer put_switch(const server::Request& request);
  server::Answer remove_switch(const server::Request& request);
  // channels.cpp
  server::Answer list_channels(const server::Request& request);
  server::Answer get_channel(const server::Request& request);
  server::Answer add_channel(const server::Request& request);
  server::Answer change_channel(const server::Request& request);
  server::Answer remove_channel(const server::Request& request);
  server::Answer test_channel(const server::Request& request);
  server::Answer confirm_channel(const server::Request& request);
  server::Answer list_outbox(const server::Request& request);
  server::Answer retry_message(const server::Request& request);
  server::Answer discard_message(const server::Request& request);
  server::Answer get_routes(const server::Request& request);
  server::Answer set_routes(const server::Request& request);
  Result<std::optional<std::string>> channel_json(std::int64_t id) const;
  server::Answer channel_answer(const server::Request& request, std::int64_t id, int status = 200);
  server::Answer message_answer(const server::Request& request, std::int64_t id);
  notify::Note note_of(const server::Request& request) const;
  /// Of what the desk refuses.
  server::Answer desk_refused(const server::Request& request, const Error& error) const;
  // contract.cpp
  server::Answer openapi(const server::Request& request);

  query::Defaults defaults(const server::Request& request) const;
  server::Answer failed(const server::Request& request, const Error& error) const;
  server::Answer too_many(const server::Request& request, std::uint32_t seconds) const;
  /// With what every answer has.
  static server::Answer finished(server::Answer answer);

  Parts parts_;
  web::Audit audit_;
  Rates rates_;
  Warm warm_;
  Once once_;
};

/// Who asks; somebody without anything where there is nobody.
const web::Principal& who(const server::Request& request);

/// An answer with an ETag; 304 when the client has it already. `state`: what of it can be changed, where that is not all of it.
server::Answer object_answer(const server::Request& request, std::string json, std::string_view state = {});

/// Whether If-Match, where it was sent, names an answer whose `state` was the same (RFC 9110, 13.1.1): counters that went on
/// meanwhile are no reason to refuse a change.
bool as_it_was_read(const server::Request& request, std::string_view state);

/// A page of a list in JSON, with its Link and total.
template <typename Row>
server::Answer list_answer(const server::Request& request, const query::Listed<Row>& list, std::string json);
server::Answer list_answer_of(const server::Request& request, const std::string& newer, const std::string& older,
                              const std::optional<store::Count>& total, bool searching, std::string json);

template <typename Row>
server::Answer list_answer(const server::Request& request, const query::Listed<Row>& list, std::string json) {
  return list_answer_of(request, list.newer, list.older, list.total, list.searching, std::move(json));
}

/// An alert, as every answer has it. `snoozed`: whether it is by now.
std::string alert_json(const alert::Alert& alert, std::int64_t now);
/// What people change of it; hits that come meanwhile do not.
std::string changeable(const alert::Alert& alert);
/// The number a path names; nothing: it is none.
std::optional<std::int64_t> id_in(const server::Request& request);

/// Writes `name`: null, or a time of unix seconds (0: null) as RFC 3339.
void put_time(JsonText& json, std::string_view name, std::int64_t seconds);
/// What a rule found in a line that was handed in.
void put_finding(JsonText& json, const analysis::Finding& finding);
/// `name`: null where it is empty.
void put_text(JsonText& json, std::string_view name, std::string_view text);

}  // namespace logystera::api
