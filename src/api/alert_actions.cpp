// What is done about alerts. Every change is in the alert's activity and in the audit, and in the transaction with what it tells.
#include <fmt/core.h>

#include "alert/state.hpp"
#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;
using Verb = alert::Action::Verb;

constexpr std::size_t kBulkMost = 500;
constexpr std::int64_t kSnoozeMinutesMost = alert::kSnoozeSecondsMost / 60;

// Of a path that ends in what is done.
Verb verb_of(const Request& request) {
  const std::string_view last = std::string_view(request.path).substr(request.path.rfind('/') + 1);
  return last == "resolve" ? Verb::resolve : last == "reopen" ? Verb::reopen : Verb::acknowledge;
}

std::string_view audit_action(Verb verb) {
  switch (verb) {
    case Verb::acknowledge: return "alert.acknowledge";
    case Verb::snooze: return "alert.snooze";
    case Verb::unsnooze: return "alert.unsnooze";
    case Verb::resolve: return "alert.resolve";
    case Verb::reopen: return "alert.reopen";
    case Verb::assign: return "alert.assign";
    case Verb::note: return "alert.note";
  }
  return "alert.change";
}

// "30m", "4h", "7d": seconds.
std::optional<std::int64_t> seconds_of(std::string_view text) {
  std::int64_t number = 0;
  if (text.size() < 2 || text.size() > 7) return std::nullopt;
  for (const char c : text.substr(0, text.size() - 1)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  const std::int64_t unit = text.back() == 'm'   ? 60
                            : text.back() == 'h' ? alert::kHour
                            : text.back() == 'd' ? alert::kDay
                                                 : 0;
  if (unit == 0 || number == 0 || number > kSnoozeMinutesMost * 60 / unit) return std::nullopt;
  return number * unit;
}

void read_snooze(Body& body, const rapidjson::Value& object, std::int64_t now, alert::Snooze& snooze) {
  const auto span = body.text(object, "", "for", 16), until = body.text(object, "", "until", 64),
             level = body.text(object, "", "until_severity", 16);
  snooze.reason = body.text(object, "", "reason", alert::kReasonBytes).value_or("");
  if (!body.sound()) return;
  if (span.has_value() == until.has_value()) return body.say("/for", "say either for, as \"4h\", or until, as a time");
  if (span) {
    const auto seconds = seconds_of(*span);
    if (!seconds) return body.say("/for", "for is a number and m, h or d, to 90d: \"4h\"");
    snooze.until = now + *seconds;
  } else {
    const auto time = query::time_from(*until);
    if (!time) return body.say("/until", "until is a time: \"2026-05-18T10:00:00Z\"");
    snooze.until = *time;
  }
  if (level) {
    snooze.until_level = level_from(*level);
    if (!snooze.until_level) return body.say("/until_severity", "until_severity must be medium, high or critical");
  }
  const auto hits = object.FindMember("until_hits");
  if (hits == object.MemberEnd() || hits->value.IsNull()) return;
  if (!hits->value.IsUint64() || hits->value.GetUint64() == 0) {
    return body.say("/until_hits", "until_hits must be a number from 1");
  }
  snooze.until_hits = hits->value.GetUint64();
}

std::string said_json(const alert::Action& action) {
  JsonText json;
  json.begin_object();
  if (action.verb == Verb::snooze) {
    put_time(json, "until", action.snooze.until);
    put_text(json, "reason", action.snooze.reason);
  }
  if (action.verb == Verb::assign) put_text(json, "assignee", action.assignee);
  if (!action.note.empty()) json.member("note", action.note);
  json.end_object();
  return json.take();
}

Answer refused(const Request& request, const Error& error) {
  switch (error.kind) {
    case ErrorKind::not_found: return not_found(request, "there is no such alert, or it is older than a year");
    case ErrorKind::invalid: return invalid_body(request, "", error.message);
    case ErrorKind::exists: return refusal(request, 409, "open_already", error.message);
    default: return refusal(request, 409, "alert_state", error.message);
  }
}

bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::not_found || error.kind == ErrorKind::invalid || error.kind == ErrorKind::exists ||
         error.kind == ErrorKind::denied;
}

// The note an action comes with; a body that is none is refused.
std::optional<Answer> read_note(const Request& request, std::string& note, bool needed) {
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"note"})) return invalid(request, body);
  note = body.text(body.whole(), "", "note", alert::kReasonBytes).value_or("");
  if (needed && note.empty()) body.say("/note", "note must say something");
  if (!body.sound()) return invalid(request, body);
  return std::nullopt;
}

}  // namespace

Answer Api::done_to_alert(const Request& request, const alert::Action& given, int status) {
  const auto id = id_in(request);
  if (!id) return not_found(request, "the id of an alert is a number");
  alert::Action action = given;
  action.actor = who(request).name;
  const store::SiteScope sites = query::sites_of(who(request));
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  auto before = stores.alerts().get(*id, sites);
  if (!before) return failed(request, before.error());
  if (!before.value()) return refused(request, {"", ErrorKind::not_found});
  if (!as_it_was_read(request, changeable(*before.value()))) {
    return refusal(request, 412, "changed_meanwhile", "the alert is not as it was when it was read: read it again");
  }
  auto tells = processor::act(stores, *id, action, sites, parts_.now());
  if (!tells) return is_refusal(tells.error()) ? refused(request, tells.error()) : failed(request, tells.error());
  if (parts_.telling && !tells->empty()) {
    if (auto told = parts_.telling(stores, tells.value()); !told) return failed(request, told.error());
  }
  auto after = stores.alerts().get(*id, sites);
  if (!after) return failed(request, after.error());
  const std::string json = alert_json(*after.value(), parts_.now());
  if (auto noted = audit_.note(stores, request, audit_action(action.verb), std::to_string(*id), "", said_json(action));
      !noted) {
    return failed(request, noted.error());
  }
  Answer answer = object_answer(request, json, changeable(*after.value()));
  answer.status = status;
  if (auto kept = once_.keep(stores, request, asker(request), answer); !kept) return failed(request, kept.error());
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  return answer;
}

Answer Api::act_on_alert(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  alert::Action action;
  action.verb = verb_of(request);
  if (auto wrong = read_note(request, action.note, false)) return std::move(*wrong);
  return done_to_alert(request, action);
}

Answer Api::note_alert(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  alert::Action action;
  action.verb = Verb::note;
  if (auto wrong = read_note(request, action.note, true)) return std::move(*wrong);
  return done_to_alert(request, action, 201);
}

Answer Api::snooze_alert(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  alert::Action action;
  action.verb = Verb::snooze;
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"for", "until", "until_hits", "until_severity", "reason"})) {
    return invalid(request, body);
  }
  read_snooze(body, body.whole(), parts_.now(), action.snooze);
  if (!body.sound()) return invalid(request, body);
  return done_to_alert(request, action);
}

Answer Api::unsnooze_alert(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  alert::Action action;
  action.verb = Verb::unsnooze;
  return done_to_alert(request, action);
}

Answer Api::assign_alert(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  alert::Action action;
  action.verb = Verb::assign;
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"assignee"})) return invalid(request, body);
  action.assignee = body.text(body.whole(), "", "assignee", alert::kNameBytes).value_or("");
  if (!body.sound()) return invalid(request, body);
  if (!action.assignee.empty()) {
    auto user = parts_.store.reading().accounts().find_user(action.assignee);
    if (!user) return failed(request, user.error());
    if (!user.value()) return invalid_body(request, "/assignee", "there is no user of that name", 422);
  }
  return done_to_alert(request, action);
}

Answer Api::act_on_alerts(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() ||
      !body.is_object(body.whole(), "",
                      {"ids", "action", "note", "for", "until", "until_hits", "until_severity", "reason"})) {
    return invalid(request, body);
  }
  alert::Action action;
  action.actor = who(request).name;
  const std::string word = body.text(body.whole(), "", "action", 16).value_or("");
  action.note = body.text(body.whole(), "", "note", alert::kReasonBytes).value_or("");
  if (word == "acknowledge") action.verb = Verb::acknowledge;
  else if (word == "resolve") action.verb = Verb::resolve;
  else if (word == "reopen") action.verb = Verb::reopen;
  else if (word == "snooze") action.verb = Verb::snooze;
  else body.say("/action", "action must be acknowledge, resolve, reopen or snooze");
  if (body.sound() && action.verb == Verb::snooze) read_snooze(body, body.whole(), parts_.now(), action.snooze);
  std::vector<std::int64_t> ids;
  if (body.sound()) {
    const auto list = body.whole().FindMember("ids");
    if (list == body.whole().MemberEnd() || !list->value.IsArray() || list->value.Empty() ||
        list->value.Size() > kBulkMost) {
      body.say("/ids", fmt::format("ids must be a list of 1 to {} numbers", kBulkMost));
    } else {
      for (const auto& one : list->value.GetArray()) {
        if (!one.IsInt64()) body.say("/ids", "ids must be numbers of alerts");
        else ids.push_back(one.GetInt64());
      }
    }
  }
  if (!body.sound()) return invalid(request, body);
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  JsonText done, refused_ones;
  done.begin_array();
  refused_ones.begin_array();
  for (const std::int64_t id : ids) {
    auto tells = processor::act(stores, id, action, query::sites_of(who(request)), parts_.now());
    if (!tells) {
      if (!is_refusal(tells.error())) return failed(request, tells.error());
      refused_ones.begin_object().number("id", id).member("detail", tells.error().message).end_object();
      continue;
    }
    if (parts_.telling && !tells->empty()) {
      if (auto told = parts_.telling(stores, tells.value()); !told) return failed(request, told.error());
    }
    if (auto noted = audit_.note(stores, request, audit_action(action.verb), std::to_string(id), "", said_json(action));
        !noted) {
      return failed(request, noted.error());
    }
    done.integer(id);
  }
  if (auto committed = transaction.value()->commit(); !committed) return failed(request, committed.error());
  JsonText json;
  json.begin_object().key("done").raw(done.end_array().text()).key("refused").raw(refused_ones.end_array().text());
  json.end_object();
  return server::json_answer(200, json.take());
}

}  // namespace logystera::api
