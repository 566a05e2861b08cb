#include "dashboard/alert_words.hpp"

#include <fmt/core.h>

#include <charconv>

#include "alert/anomaly.hpp"
#include "alert/gateway.hpp"
#include "dashboard/rule_book.hpp"

namespace logystera::dashboard {

using server::Request;
using web::View;

void add_state(View& view, const alert::Alert& alert, std::int64_t now) {
  const auto put = [&](std::string_view look, std::string_view icon, std::string_view word) {
    view.text("state", look).text("state_icon", icon).text("state_word", word);
  };
  view.time("snoozed_until", alert.snooze.until > now && alert.open() ? alert.snooze.until : 0);
  if (alert.late && !alert.open()) return put("", "clock", "From the past");
  if (alert.open() && alert.snooze.until > now) return put("", "hidden", "Snoozed");
  switch (alert.state) {
    case alert::State::pending: return put("", "clock", "Waiting");
    case alert::State::firing: return put("high", "alerts", "Firing");
    case alert::State::acknowledged: return put("low", "account", "Acknowledged");
    case alert::State::resolved: return put("good", "ok", "Resolved");
  }
}

Result<std::map<std::string, std::string>> site_names(const Context& context, const Request& request) {
  auto entities = context.reading().entities().list();
  if (!entities) return entities.error();
  std::map<std::string, std::string> names;
  for (const store::Entity& site : entities.value()) {
    if (request.principal->sees(site.token)) names.emplace(site.token, site.name);
  }
  return names;
}

std::string site_name(const std::map<std::string, std::string>& names, const std::string& token) {
  const auto found = names.find(token);
  return found == names.end() ? token : found->second;
}

void add_explanation(View& view, const Context& context, const std::string& id) {
  const auto program = context.program.get();
  const detect::Rule* loaded = program ? program.value()->rules().find(id) : nullptr;
  const detect::Rule* rule = loaded ? &as_written(*loaded) : nullptr;
  view.text("rule_href", rule ? "/rules/" + web::percent_encoded(id) : "");
  view.text("what", rule ? rule->description : "").text("why", "").text("act", "").text("harmless", "");
  web::add_texts(view, "false_positives", rule ? rule->false_positives : std::vector<std::string>());
  if (rule && rule->alert && !rule->alert->what.empty()) {
    const detect::AlertBlock& block = *rule->alert;
    view.text("what", block.what).text("why", block.why).text("act", block.act).text("harmless", block.harmless);
  }
  view.flag("explains", rule && (!rule->description.empty() || !rule->false_positives.empty()));
  const auto add_words = [&](const auto& own) {
    view.text("what", own.what).text("why", own.why).text("act", own.act).text("harmless", own.harmless);
    view.flag("explains", true);
  };
  if (const alert::GatewayRule* const own = alert::gateway_rule(id)) add_words(*own);
  else if (const alert::AnomalyRule* const anomaly = alert::anomaly_rule(id)) add_words(*anomaly);
}

Result<std::optional<alert::Alert>> alert_named(const Context& context, const Request& request) {
  const std::string_view text = request.parameter("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::optional<alert::Alert>();
  return context.reading().alerts().get(id, query::sites_of(*request.principal));
}

std::string path_of(const alert::Alert& alert) { return fmt::format("/alerts/{}", alert.id); }

std::vector<View> site_options(const std::map<std::string, std::string>& names, std::string_view chosen) {
  std::vector<View> options;
  for (const auto& [token, name] : names) {
    View option;
    option.text("value", token).text("label", name).flag("selected", token == chosen);
    options.push_back(std::move(option));
  }
  return options;
}

}  // namespace logystera::dashboard
