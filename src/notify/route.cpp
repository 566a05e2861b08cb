#include "notify/route.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "notify/json.hpp"

namespace logystera::notify {
namespace {

constexpr std::int64_t kDaySeconds = 24 * 3600;

Error wrong(const std::string& what) { return {what, ErrorKind::invalid}; }

bool has(const std::vector<std::string>& all, const std::string& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

// A member that is there must be of its kind; what is not there is its default.
struct Reader {
  const rapidjson::Value& object;
  std::string fault = {};

  const rapidjson::Value* find(const char* name) const {
    const auto found = object.FindMember(name);
    return found == object.MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
  }
  void say(const std::string& what) {
    if (fault.empty()) fault = what;
  }
  std::string text(const char* name, std::size_t most) {
    const rapidjson::Value* value = find(name);
    if (!value) return {};
    if (!value->IsString() || value->GetStringLength() > most) {
      say(fmt::format("{} must be a text of at most {} bytes", name, most));
      return {};
    }
    return {value->GetString(), value->GetStringLength()};
  }
  bool flag(const char* name) {
    const rapidjson::Value* value = find(name);
    if (!value) return false;
    if (!value->IsBool()) say(fmt::format("{} must be true or false", name));
    return value->IsBool() && value->GetBool();
  }
  std::vector<std::string> texts(const char* name) {
    std::vector<std::string> out;
    const rapidjson::Value* value = find(name);
    if (!value) return out;
    const bool good = value->IsArray() && value->Size() <= kRouteListMost &&
                      std::all_of(value->Begin(), value->End(), [](const rapidjson::Value& one) {
                        return one.IsString() && one.GetStringLength() > 0 && one.GetStringLength() <= kTitleBytes;
                      });
    if (!good) say(fmt::format("{} must be a list of at most {} texts", name, kRouteListMost));
    else
      for (const rapidjson::Value& one : value->GetArray()) out.emplace_back(one.GetString(), one.GetStringLength());
    return out;
  }
  std::vector<std::int64_t> numbers(const char* name) {
    std::vector<std::int64_t> out;
    const rapidjson::Value* value = find(name);
    if (!value) return out;
    const bool good = value->IsArray() && value->Size() <= kRouteListMost &&
                      std::all_of(value->Begin(), value->End(), [](const rapidjson::Value& one) { return one.IsInt64(); });
    if (!good) say(fmt::format("{} must be a list of at most {} numbers of channels", name, kRouteListMost));
    else
      for (const rapidjson::Value& one : value->GetArray()) out.push_back(one.GetInt64());
    return out;
  }
  std::optional<int> minute(const char* name) {
    const std::string words = text(name, 5);
    if (words.empty()) return std::nullopt;
    const auto minute = minute_from(words);
    if (!minute) say(fmt::format("{} must be a time of the day, as 08:00", name));
    return minute;
  }
  void only(std::initializer_list<std::string_view> members, std::string_view where) {
    for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
      const std::string_view name(member->name.GetString(), member->name.GetStringLength());
      if (std::find(members.begin(), members.end(), name) == members.end())
        say(fmt::format("{} has no member '{}'", where, printable(name.substr(0, kNameBytes))));
    }
  }
};

Result<std::vector<Step>> steps_of(const rapidjson::Value* value) {
  std::vector<Step> steps;
  if (!value) return steps;
  if (!value->IsArray() || value->Size() > kStepsMost)
    return wrong(fmt::format("escalate must be a list of at most {} steps", kStepsMost));
  for (const rapidjson::Value& one : value->GetArray()) {
    if (!one.IsObject()) return wrong("a step of escalate must be an object");
    Reader read{one};
    Step step;
    read.only({"after_minutes", "channels"}, "a step of escalate");
    step.channels = read.numbers("channels");
    step.after_minutes = json_in::number(one, "after_minutes");
    if (!read.fault.empty()) return wrong(read.fault);
    if (step.after_minutes < 1 || step.after_minutes > kStepMinutesMost)
      return wrong(fmt::format("after_minutes of a step must be 1 to {}", kStepMinutesMost));
    if (step.channels.empty()) return wrong("a step of escalate must name a channel");
    if (!steps.empty() && step.after_minutes <= steps.back().after_minutes)
      return wrong("each step of escalate must be later than the one before");
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace

std::string channel_name(std::int64_t id, const std::vector<store::Channel>& all) {
  const auto found = std::find_if(all.begin(), all.end(), [id](const store::Channel& one) { return one.id == id; });
  return found == all.end() ? fmt::format("channel {}", id) : found->name;
}

std::string channel_names(const std::vector<std::int64_t>& ids, const std::vector<store::Channel>& all) {
  std::string names;
  for (const std::int64_t id : ids) names += (names.empty() ? "" : ", ") + channel_name(id, all);
  return names;
}

std::string whom_words(const Route& route, const std::vector<store::Channel>& all) {
  if (route.every_channel) return "every channel";
  return route.channels.empty() ? "nobody" : channel_names(route.channels, all);
}

std::string when_words(const Route& route, const std::vector<store::Channel>& all) {
  std::string zone = route.zone.empty() ? "UTC" : route.zone;
  if (!check_zone(route)) zone = fmt::format("UTC ({} is not known here)", printable(route.zone));
  std::string words =
      route.digest ? fmt::format("each day at {} {}", minute_words(*route.digest), zone) : std::string("at once");
  if (route.quiet)
    words += fmt::format("; quiet from {} to {} {}", minute_words(route.quiet->from), minute_words(route.quiet->to), zone);
  for (const Step& step : route.steps)
    words += fmt::format("; after {} min unacknowledged: {}", step.after_minutes, channel_names(step.channels, all));
  if (route.go_on) words += "; and the routes below";
  return words;
}

std::string minute_words(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

std::optional<int> minute_from(std::string_view words) noexcept {
  const auto digit = [&](std::size_t i) { return words[i] >= '0' && words[i] <= '9'; };
  if (words.size() != 5 || words[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) return std::nullopt;
  const int hour = (words[0] - '0') * 10 + words[1] - '0', minute = (words[3] - '0') * 10 + words[4] - '0';
  if (hour > 23 || minute > 59) return std::nullopt;
  return hour * 60 + minute;
}

bool Route::matches(const News& news) const {
  if (news.level < least) return false;
  if (!sites.empty() && !has(sites, news.site)) return false;
  return tags.empty() ||
         std::any_of(news.tags.begin(), news.tags.end(), [this](const std::string& tag) { return has(tags, tag); });
}

std::shared_ptr<const parse::Zone> Route::clock() const {
  if (zone.empty()) return parse::Zone::utc();
  auto named = parse::Zone::named(zone);
  return named ? named.value() : parse::Zone::utc();
}

std::int64_t next_time(const parse::Zone& zone, int minute, std::int64_t now) {
  const std::int64_t local = now + zone.offset_at(now);
  const std::int64_t day = local - ((local % kDaySeconds) + kDaySeconds) % kDaySeconds;
  for (int days = 0; days < 3; ++days) {
    const parse::LocalTime at = zone.from_local(day + days * kDaySeconds + minute * 60);
    if (at.first > now) return at.first;
    if (at.second > now) return at.second;  // the clock shows it twice
  }
  return now + kDaySeconds;
}

std::optional<std::int64_t> Route::quiet_until(Level level, std::int64_t now) const {
  if (!quiet || quiet->from == quiet->to || level >= Level::critical) return std::nullopt;
  const auto its_clock = clock();
  const std::int64_t local = now + its_clock->offset_at(now);
  const int minute = static_cast<int>(((local % kDaySeconds) + kDaySeconds) % kDaySeconds / 60);
  const bool holds =
      quiet->from < quiet->to ? minute >= quiet->from && minute < quiet->to : minute >= quiet->from || minute < quiet->to;
  if (!holds) return std::nullopt;
  return next_time(*its_clock, quiet->to, now);
}

std::string to_json(const Route& route) {
  JsonText json(JsonText::Reader::program);
  const auto texts = [&](std::string_view name, const std::vector<std::string>& all) {
    json.key(name).begin_array();
    for (const std::string& one : all) json.string(one);
    json.end_array();
  };
  const auto numbers = [&](std::string_view name, const std::vector<std::int64_t>& all) {
    json.key(name).begin_array();
    for (const std::int64_t one : all) json.integer(one);
    json.end_array();
  };
  json.begin_object().member("name", route.name);
  texts("sites", route.sites);
  json.member("min_severity", level_name(route.least));
  texts("tags", route.tags);
  numbers("channels", route.channels);
  json.member("every_channel", route.every_channel).member("continue", route.go_on).member("resolved", route.resolved);
  json.key("zone");
  route.zone.empty() ? json.null() : json.string(route.zone);
  json.key("quiet_hours");
  if (route.quiet)
    json.begin_object()
        .member("from", minute_words(route.quiet->from))
        .member("to", minute_words(route.quiet->to))
        .end_object();
  else json.null();
  json.key("digest_at");
  route.digest ? json.string(minute_words(*route.digest)) : json.null();
  json.key("escalate").begin_array();
  for (const Step& step : route.steps) {
    json.begin_object().number("after_minutes", step.after_minutes);
    numbers("channels", step.channels);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

Result<Route> route_from(std::string_view text) {
  rapidjson::Document json;
  if (!json_in::parse(json, text)) return wrong("a route must be a JSON object");
  Reader read{json};
  Route route;
  read.only({"name", "sites", "min_severity", "tags", "channels", "every_channel", "continue", "resolved", "zone",
             "quiet_hours", "digest_at", "escalate"},
            "a route");
  route.name = read.text("name", kNameBytes);
  if (route.name.empty() || printable(route.name) != route.name)
    read.say(fmt::format("name must be a printable text of 1 to {} bytes", kNameBytes));
  // It is part of its page's address.
  if (route.name.find_first_of("/\\") != route.name.npos || route.name == "." || route.name == "..")
    read.say("name must have no slash in it, and not be . or ..");
  route.sites = read.texts("sites");
  const std::string level = read.text("min_severity", kNameBytes);
  if (const auto known = reported_level_from(level.empty() ? "low" : level)) route.least = *known;
  else read.say("min_severity must be low, medium, high or critical");
  route.tags = read.texts("tags");
  route.channels = read.numbers("channels");
  route.every_channel = read.flag("every_channel");
  if (route.every_channel && !route.channels.empty()) read.say("channels and every_channel exclude each other");
  route.go_on = read.flag("continue");
  route.resolved = read.flag("resolved");
  route.zone = read.text("zone", kNameBytes);
  route.digest = read.minute("digest_at");
  if (const rapidjson::Value* quiet = read.find("quiet_hours")) {
    if (!quiet->IsObject()) return wrong("quiet_hours must be an object with from and to");
    Reader hours{*quiet};
    hours.only({"from", "to"}, "quiet_hours");
    const auto from = hours.minute("from"), to = hours.minute("to");
    if (!hours.fault.empty()) read.say(hours.fault);
    if (from && to && *from != *to) route.quiet = Quiet{*from, *to};
    else read.say("quiet_hours must have from and to, two different times of the day");
  }
  if (!read.fault.empty()) return wrong(read.fault);
  auto steps = steps_of(read.find("escalate"));
  if (!steps) return steps.error();
  route.steps = std::move(steps).value();
  return route;
}

Result<Done> check_zone(const Route& route) {
  if (route.zone.empty() || parse::Zone::named(route.zone)) return Done{};
  return wrong(fmt::format("the zone '{}' of the route '{}' must be a name of the time zone database, as Europe/Berlin",
                           printable(route.zone), route.name));
}

Result<Done> check(const std::vector<Route>& routes, const std::vector<std::int64_t>& channels,
                   const std::vector<Route>& stored) {
  if (routes.size() > store::RouteStore::kRoutesMost)
    return wrong(fmt::format("there may be {} routes, got {}", store::RouteStore::kRoutesMost, routes.size()));
  const auto there = [&](std::int64_t id) { return std::find(channels.begin(), channels.end(), id) != channels.end(); };
  for (std::size_t i = 0; i < routes.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j)
      if (routes[j].name == routes[i].name)
        return wrong(fmt::format("there are two routes of the name '{}'", routes[i].name));
    const bool keeps_zone =
        std::any_of(stored.begin(), stored.end(), [&](const Route& one) { return one.zone == routes[i].zone; });
    if (!keeps_zone)
      if (auto good = check_zone(routes[i]); !good) return good;
    std::vector<std::int64_t> named = routes[i].channels;
    for (const Step& step : routes[i].steps) named.insert(named.end(), step.channels.begin(), step.channels.end());
    for (const std::int64_t id : named)
      if (!there(id))
        return wrong(fmt::format("the route '{}' names channel {}, and there is none of this number", routes[i].name, id));
  }
  return Done{};
}

std::vector<Route> default_routes() {
  Route at_once, daily;
  at_once.name = "at once";
  at_once.least = Level::high;
  at_once.every_channel = true;
  daily.name = "each morning";
  daily.least = Level::medium;
  daily.every_channel = true;
  daily.digest = 8 * 60;
  return {at_once, daily};
}

Result<std::vector<Route>> load_routes(store::RouteStore& store) {
  auto stored = store.list();
  if (!stored) return stored.error();
  if (stored->empty()) return default_routes();
  std::vector<Route> routes;
  for (const std::string& one : stored.value()) {
    auto route = route_from(one);
    if (!route)
      return Error{fmt::format("a stored route cannot be read: {}: save the routes again", route.error().message),
                   ErrorKind::broken};
    routes.push_back(std::move(route).value());
  }
  return routes;
}

}  // namespace logystera::notify
