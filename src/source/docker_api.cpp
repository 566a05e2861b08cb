#include "source/docker_api.hpp"

#include <fmt/core.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"

namespace logystera::source {
namespace {

constexpr unsigned kApiMinor = 43;  // of version 1: what is asked here has been the same since long before
constexpr std::chrono::seconds kAskMost{60};
constexpr std::size_t kIdBytes = 128, kSaidBytes = 200;

const rapidjson::Value* member(const rapidjson::Value* value, const char* name) {
  if (!value || !value->IsObject()) return nullptr;
  const auto found = value->FindMember(name);
  return found == value->MemberEnd() ? nullptr : &found->value;
}

std::string text_of(const rapidjson::Value* value) {
  return value && value->IsString() ? std::string(value->GetString(), value->GetStringLength()) : std::string();
}

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  if (json::depth(text) <= net::kJsonDepth) document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) document.SetNull();
  return document;
}

Listed listed_of(const rapidjson::Value& one) {
  Listed listed;
  listed.id = text_of(member(&one, "Id"));
  listed.image = text_of(member(&one, "Image"));
  if (const auto* names = member(&one, "Names"); names && names->IsArray())
    for (const auto& each : names->GetArray()) {
      std::string name = text_of(&each);
      if (name.starts_with('/')) name.erase(0, 1);
      // A name with a slash is what another container calls it by.
      if (listed.name.empty() && name.find('/') == name.npos) listed.name = name;
      listed.synonyms.push_back(std::move(name));
    }
  if (listed.name.empty()) {
    constexpr std::size_t kShortId = 12;
    listed.name = listed.id.substr(0, kShortId);
  }
  const std::string state = text_of(member(&one, "State"));
  listed.runs = state == "running" || state == "paused" || state == "restarting";
  if (const auto* created = member(&one, "Created"); created && created->IsInt64()) listed.created = created->GetInt64();
  return listed;
}

}  // namespace

bool is_container_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kIdBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<Done> DockerApi::begin() {
  const net::Outcome ping = client_.send({.path = "/_ping", .deadline = kAskMost});
  if (!ping.ok()) return ping.error;
  unsigned minor = 0;
  const std::string_view version = ping.answer.header("api-version");
  const auto read = version.starts_with("1.") ? std::from_chars(version.data() + 2, version.data() + version.size(), minor)
                                              : std::from_chars_result{version.data(), std::errc::invalid_argument};
  if (read.ec != std::errc()) {
    const net::Server& server = client_.server();
    return Error{fmt::format("{} does not answer as Docker does: is it the daemon's address?",
                             server.options().socket.empty() ? server.base() : server.options().socket),
                 ErrorKind::invalid};
  }
  version_ = fmt::format("/v1.{}", std::min(minor, kApiMinor));
  return Done{};
}

Result<std::vector<Listed>> DockerApi::list(bool stopped, const std::vector<std::string>& labels) {
  std::string path = fmt::format("{}/containers/json?all={}", version_, stopped ? 1 : 0);
  if (!labels.empty()) {
    JsonText filters;
    filters.begin_object().key("label").begin_array();
    for (const std::string& label : labels) filters.string(label);
    filters.end_array().end_object();
    path += '&' + net::query({{"filters", filters.take()}});
  }
  const net::Outcome outcome = client_.send({.path = path, .deadline = kAskMost});
  if (!outcome.ok()) return outcome.error;
  const rapidjson::Document document = parsed(outcome.answer.body);
  if (!document.IsArray()) return Error{"the daemon's list of containers cannot be read", ErrorKind::failed};
  std::vector<Listed> found;
  for (const rapidjson::Value& one : document.GetArray())
    if (Listed listed = listed_of(one); is_container_id(listed.id)) found.push_back(std::move(listed));
  return found;
}

net::Outcome DockerApi::has_terminal(const std::string& id, bool& terminal) {
  net::Outcome outcome = client_.send({.path = fmt::format("{}/containers/{}/json", version_, id), .deadline = kAskMost});
  if (!outcome.ok()) return outcome;
  const rapidjson::Document document = parsed(outcome.answer.body);
  const rapidjson::Value* tty = member(member(&document, "Config"), "Tty");
  terminal = tty && tty->IsBool() && tty->GetBool();
  return outcome;
}

std::string DockerApi::log_path(const std::string& id, bool follow, std::int64_t since_ns) const {
  const std::string since = since_ns <= 0 ? "0" : fmt::format("{}.{:09}", since_ns / kSecondNs, since_ns % kSecondNs);
  return fmt::format("{}/containers/{}/logs?stdout=1&stderr=1&timestamps=1&follow={}&since={}", version_, id,
                     follow ? 1 : 0, since);
}

std::string DockerApi::events_path(std::int64_t since_ns) const {
  return fmt::format("{}/events?since={}&{}", version_, since_ns / kSecondNs,
                     net::query({{"filters", R"({"type":["container"],"event":["start","die"]})"}}));
}

std::string container_of_event(const std::string& line) {
  const rapidjson::Document document = parsed(line);
  std::string id = text_of(member(member(&document, "Actor"), "ID"));
  return is_container_id(id) ? id : std::string();
}

std::string daemon_says(const net::Outcome& outcome) {
  const rapidjson::Document document = parsed(outcome.answer.body);
  const std::string said = text_of(member(&document, "message"));
  return said.empty() ? outcome.error.message : printable(std::string_view(said).substr(0, kSaidBytes));
}

}  // namespace logystera::source
