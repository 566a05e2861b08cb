#include "analysis/who_reader.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <utility>

#include "store/text.hpp"

namespace logystera::analysis {
namespace {

using store::Who;
using Outcome = store::Who::Outcome;

enum class Role : std::uint8_t { address, account, target, status, action, event_type };

struct Name {
  std::string_view name;
  Role role;
  enum class Of : std::uint8_t { any, signal, other } of = Of::any;  // records it has that role in
};

// Of one role, what is found first counts.
constexpr std::array<Name, WhoReader::kNames> kRoles{{
    {"client_ip", Role::address},
    {"ip", Role::address},
    {"IpAddress", Role::address},
    {"SourceIp", Role::address},
    {"source.ip", Role::address},
    {"client.ip", Role::address},
    {"remote_addr", Role::address},
    {"actor_uid", Role::account, Name::Of::signal},
    {"username", Role::account},
    {"uid", Role::account, Name::Of::signal},
    {"user", Role::account, Name::Of::other},
    {"remote_user", Role::account},
    {"user.name", Role::account},
    {"SubjectUserName", Role::account},
    {"TargetUserName", Role::account},
    {"path", Role::target},
    {"url", Role::target},
    {"command", Role::target},
    {"target_user", Role::target},
    {"config_name", Role::target, Name::Of::signal},
    {"module", Role::target, Name::Of::signal},
    {"status", Role::status},
    {"status_code", Role::status},
    {"action", Role::action},
    {"event_type", Role::event_type, Name::Of::signal},
}};

bool is_said(const Value* value) noexcept {
  return value && value->kind != Value::Kind::null && !value->text().empty() && value->text() != "-";
}

std::string cut(std::string_view text) {
  if (text.size() > store::kWhoBytes) {
    std::size_t end = store::kWhoBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  return store::storable(text);
}

Outcome outcome_of_action(std::string_view action) noexcept {
  constexpr std::pair<std::string_view, Outcome> kActions[] = {
      {"accepted", Outcome::logged_in},
      {"login", Outcome::logged_in},
      {"session_opened", Outcome::logged_in},
      {"failed", Outcome::login_failed},
      {"failed_invalid_user", Outcome::login_failed},
      {"invalid_user", Outcome::login_failed},
      {"pam_failure", Outcome::login_failed},
      {"pam_more_failures", Outcome::login_failed},
      {"pam_unknown_user", Outcome::login_failed},
      {"login_failed", Outcome::login_failed},
      {"max_attempts", Outcome::login_failed},
      {"not_allowed", Outcome::refused},
      {"refused", Outcome::refused},
      {"root_refused", Outcome::refused},
      {"penalised", Outcome::refused},
      {"dropped", Outcome::refused},
      {"sudo_denied", Outcome::refused},
      {"sudo_failed", Outcome::failed},
      {"su_failed", Outcome::failed},
  };
  for (const auto& [name, outcome] : kActions)
    if (name == action) return outcome;
  return Outcome::unknown;
}

Outcome outcome_of_signal(std::string_view type) noexcept {
  if (type == "auth.login") return Outcome::logged_in;
  if (type == "auth.login_failed") return Outcome::login_failed;
  if (type == "auth.flood_blocked" || type == "access.denied") return Outcome::refused;
  return Outcome::unknown;
}

// Windows tells of logons by numbers, and then the target is who came in, or tried to.
Outcome outcome_of_logon(std::int64_t event) noexcept {
  constexpr std::int64_t kLoggedOn = 4624, kFailed[] = {4625, 4771, 4776};
  if (event == kLoggedOn) return Outcome::logged_in;
  return std::find(std::begin(kFailed), std::end(kFailed), event) != std::end(kFailed) ? Outcome::login_failed
                                                                                       : Outcome::unknown;
}

/// What a window counts by, or the different values of which it counts.
struct Named {
  bool address = false, account = false, target = false;

  void add(const detect::Subject& subject) {
    for (const detect::Place& place : subject.places)
      for (const Name& name : kRoles) {
        if (place.part != detect::Part::field || place.name != name.name) continue;
        address = address || name.role == Role::address;
        account = account || name.role == Role::account;
        target = target || name.role == Role::target;
      }
  }
};

// A name for fields that differ between the inputs stands for those.
Named named_by(const detect::Window& window, const std::vector<detect::Subject>& subjects) {
  Named named;
  for (const detect::Subject& subject : subjects) {
    named.add(subject);
    for (const detect::Window::Alias& alias : window.aliases)
      if (alias.name == subject.written)
        for (const auto& [rule, field] : alias.fields) named.add(field);
  }
  return named;
}

void narrow(Who& who, const detect::Window& window) {
  const Named group = named_by(window, window.group_by);
  if (!group.address && !group.account) {
    who = Who();
    return;
  }
  if (!group.address) who.address.clear();
  if (window.kind != detect::Window::Kind::distinct) return;
  const Named many = named_by(window, window.fields);
  if (many.account && !group.account) who.account.clear();
  if (many.target && !group.target) who.target.clear();
}

}  // namespace

WhoReader::WhoReader(const FieldNames& names) : names_(names) { refresh(); }

// Fields a parser meets later get their number then.
void WhoReader::refresh() {
  const std::size_t known = names_.size();
  if (known == known_names_) return;
  known_names_ = known;
  for (std::size_t i = 0; i < kNames; ++i)
    if (numbers_[i] == field::none) numbers_[i] = names_.find(kRoles[i].name);
}

Who WhoReader::read(const detect::Rule& rule, const Record& record) {
  refresh();
  const bool signal = record.kind == RecordKind::signal;
  Who who;
  std::string_view action, event_type;
  for (std::size_t i = 0; i < kNames; ++i) {
    const Name& name = kRoles[i];
    if (numbers_[i] == field::none || (name.of == Name::Of::signal && !signal) || (name.of == Name::Of::other && signal))
      continue;
    const Value* const value = record.find(numbers_[i]);
    if (!is_said(value)) continue;
    const std::string_view text = value->text();
    switch (name.role) {
      case Role::address:
        if (who.address.empty()) who.address = cut(text);
        break;
      case Role::account:
        // Whoever did it, and to whom.
        if (who.account.empty()) who.account = cut(text);
        else if (who.target.empty() && (name.name == "uid" || name.name == "TargetUserName")) who.target = cut(text);
        break;
      case Role::target:
        if (who.target.empty()) who.target = cut(text);
        break;
      case Role::status:
        if (who.status == 0) {
          int status = 0;
          const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
          const bool whole = error == std::errc() && end == text.data() + text.size();
          if (whole && store::outcome_of_status(status) != Outcome::unknown) who.status = status;
        }
        break;
      case Role::action: action = text; break;
      case Role::event_type: event_type = text; break;
    }
  }
  if (const Value* const event = record.kind == RecordKind::windows_event ? record.find(field::EventID) : nullptr;
      event && event->kind == Value::Kind::integer) {
    who.outcome = outcome_of_logon(event->as_integer());
    if (who.outcome != Outcome::unknown && !who.target.empty()) {
      who.account = std::exchange(who.target, {});
    }
  }
  if (who.status != 0) who.outcome = store::outcome_of_status(who.status);
  else if (!action.empty()) who.outcome = outcome_of_action(action);
  else if (!event_type.empty()) who.outcome = outcome_of_signal(event_type);
  if (who.target.empty() && record.kind == RecordKind::auth) who.target = cut(record.host);
  if (rule.window) narrow(who, *rule.window);
  return who;
}

}  // namespace logystera::analysis
