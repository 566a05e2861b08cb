#include "assist/provider.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "assist/json.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"

namespace logystera::assist {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kTries = 4;  // the first, and three more
constexpr milliseconds kFirstWait(1000);
constexpr seconds kLongestWait(60);
constexpr std::size_t kWholeBytes = 8 * 1024 * 1024;  // of an answer that is not streamed
constexpr std::size_t kModelsSaid = 20, kModelsMost = 1000;

struct Names {
  ProviderKind kind;
  std::string_view name, endpoint;
};
constexpr Names kProviders[] = {{ProviderKind::ollama, "ollama", "http://localhost:11434"},
                                {ProviderKind::claude, "claude", "https://api.anthropic.com"},
                                {ProviderKind::openai, "openai", "https://api.openai.com/v1"}};

struct Paths {
  std::string_view chat, models, embed;
};
constexpr Paths paths_of(ProviderKind kind) noexcept {
  switch (kind) {
    case ProviderKind::ollama: return {"/api/chat", "/api/tags", "/api/embed"};
    case ProviderKind::claude: return {"/v1/messages", "/v1/models?limit=1000", ""};
    case ProviderKind::openai: break;
  }
  return {"/chat/completions", "/models", "/embeddings"};
}

bool passing(int status) noexcept {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost" || host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : host) {
    if (c == '.') ++dots;
    else if (c < '0' || c > '9') return false;
  }
  return dots == 3;
}

Error no_answer(std::string_view what) {
  return Error{fmt::format("the provider's answer holds no {}: is llm.endpoint the address of one?", what),
               ErrorKind::broken};
}

// Of length 1, so that the cosine of two is their product. False: it is none.
bool normalise(std::vector<float>& vector) {
  double sum = 0;
  for (const float number : vector) sum += static_cast<double>(number) * static_cast<double>(number);
  if (!(sum > 0) || !std::isfinite(sum)) return false;
  for (float& number : vector) number = static_cast<float>(number / std::sqrt(sum));
  return true;
}

bool read_vector(const rapidjson::Value* value, std::vector<float>& vector) {
  if (!value || !value->IsArray() || value->Empty() || value->Size() > 8192) return false;
  vector.clear();
  for (const rapidjson::Value& number : value->GetArray()) {
    if (!number.IsNumber()) return false;
    vector.push_back(static_cast<float>(std::clamp(number.GetDouble(), -1e18, 1e18)));
  }
  return normalise(vector);
}

}  // namespace

std::optional<ProviderKind> provider_from(std::string_view name) noexcept {
  for (const Names& provider : kProviders)
    if (provider.name == name) return provider.kind;
  return std::nullopt;
}

std::string_view provider_name(ProviderKind kind) noexcept { return kProviders[static_cast<std::size_t>(kind)].name; }

std::string Settings::model_name() const {
  return model.empty() && provider == ProviderKind::ollama ? std::string(kOllamaModel) : model;
}

std::string Settings::base() const {
  std::string base = endpoint.empty() ? std::string(kProviders[static_cast<std::size_t>(provider)].endpoint) : endpoint;
  while (base.ends_with('/')) base.pop_back();
  // Both ways of writing Anthropic's address are used; its paths begin with the version.
  if (provider == ProviderKind::claude && base.ends_with("/v1")) base.resize(base.size() - 3);
  return base;
}

Result<Place> place_of(const Settings& settings) {
  const std::string base = settings.base();
  Place place;
  std::string_view rest = base;
  if (rest.starts_with("https://")) {
    place.encrypted = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return Error{"llm.endpoint must begin with http:// or https://", ErrorKind::invalid};
  }
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.find_first_of("?#") != std::string_view::npos)
    return Error{"llm.endpoint must end before '?' and '#': paths are added to it", ErrorKind::invalid};
  if (authority.find('@') != std::string_view::npos)
    return Error{"llm.endpoint must hold no password: set LLM_API_KEY, or put a proxy in front of the model",
                 ErrorKind::invalid};
  const std::size_t colon = authority.rfind(':'), bracket = authority.rfind(']');
  const bool has_port = colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const std::string_view host = authority.substr(0, has_port ? colon : authority.size());
  if (host.empty()) return Error{"llm.endpoint names no host", ErrorKind::invalid};
  for (const char c : authority) {
    const bool known = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
                       c == '_' || c == ':' || c == '[' || c == ']';
    if (!known) return Error{"llm.endpoint: this is no name of a host", ErrorKind::invalid};
  }
  place.host = authority;
  place.loopback = is_loopback(host);
  if (!place.loopback && !settings.remote_allowed &&
      !(settings.provider_named && settings.provider != ProviderKind::ollama))
    return Error{
        fmt::format("{} is not this machine: 'remote_allowed: true' in section llm of the configuration lets redacted text "
                    "go there",
                    place.host),
        ErrorKind::denied};
  if (!place.loopback && !place.encrypted && !settings.api_key.empty())
    return Error{fmt::format("the API key would go to {} unencrypted: write https://", place.host), ErrorKind::denied};
  return place;
}

Result<Provider> Provider::make(Settings settings, Parts parts) {
  for (const char c : settings.api_key)
    if (c < 0x21 || c == 0x7f)
      return Error{"the API key holds a space or a control character: LLM_API_KEY is one line", ErrorKind::invalid};
  auto place = place_of(settings);
  if (!place) return place.error();
  return Provider(std::move(settings), std::move(place).value(), std::move(parts));
}

// A provider's words: redacted, without the key, on one line.
std::string Provider::harmless(std::string_view words) const {
  std::string text(words.substr(0, 4096));
  if (!settings_.api_key.empty())
    for (std::size_t at; (at = text.find(settings_.api_key)) != std::string::npos;)
      text.replace(at, settings_.api_key.size(), "…");
  return printable(parts_.redaction(text).cut(200).text());
}

Error Provider::refusal(const HttpReply& reply) const {
  const std::string words = harmless(error_text(object_of(reply.body)));
  const std::string said = words.empty() ? std::string() : ": " + words;
  switch (reply.status) {
    case 401:
    case 403:
      return Error{fmt::format("{} refused the key ({}){}: set LLM_API_KEY", place_.host, reply.status, said),
                   ErrorKind::denied};
    case 404:
      return Error{fmt::format("{} does not know this model or path (404){}", place_.host, said), ErrorKind::not_found};
    case 413:
      return Error{fmt::format("{} finds the request too long (413){}: lower llm.max_context_tokens", place_.host, said),
                   ErrorKind::too_large};
    case 501: return Error{fmt::format("{} cannot do this (501){}", place_.host, said), ErrorKind::invalid};
    default:
      return Error{fmt::format("{} answered {}{}", place_.host, reply.status, said),
                   passing(reply.status) ? ErrorKind::busy : ErrorKind::invalid};
  }
}

Result<HttpReply> Provider::ask(std::string_view path, const Cleared* body,
                                const std::function<bool(std::string_view)>& take,
                                const std::function<bool()>& may_repeat) {
  Call call;
  call.url = settings_.base() + std::string(path);
  call.body = body;
  call.deadline = seconds(settings_.timeout_seconds);
  if (settings_.provider == ProviderKind::claude) {
    call.headers.emplace_back("anthropic-version", "2023-06-01");
    if (!settings_.api_key.empty()) call.headers.emplace_back("x-api-key", settings_.api_key);
  } else if (!settings_.api_key.empty()) {
    call.headers.emplace_back("Authorization", "Bearer " + settings_.api_key);
  }
  milliseconds wait = kFirstWait;
  for (int attempt = 1;; ++attempt) {
    auto reply = parts_.http.send(call, take, parts_.stopped);
    const bool again = reply ? passing(reply->status) : reply.error().kind == ErrorKind::busy;
    if (!again || attempt == kTries || !may_repeat()) return reply;
    milliseconds now = wait;
    if (reply && !reply->retry_after.empty()) {
      unsigned long said = 0;
      const auto [end, bad] =
          std::from_chars(reply->retry_after.data(), reply->retry_after.data() + reply->retry_after.size(), said);
      if (bad == std::errc()) now = std::min<milliseconds>(seconds(std::min(said, 3600UL)), kLongestWait);
    }
    if (!parts_.wait(now)) return Error{"interrupted", ErrorKind::denied};
    wait = std::min<milliseconds>(2 * wait, kLongestWait);
  }
}

Result<std::string> Provider::ask_whole(std::string_view path, const Cleared* body) {
  std::string whole;
  bool too_long = false;
  auto reply = ask(
      path, body,
      [&](std::string_view bytes) {
        too_long = whole.size() + bytes.size() > kWholeBytes;
        if (!too_long) whole += bytes;
        return !too_long;
      },
      [&] {
        whole.clear();
        return !too_long;
      });
  if (too_long) return Error{fmt::format("{} answered more than {} bytes", place_.host, kWholeBytes), ErrorKind::too_large};
  if (!reply) return reply.error();
  if (reply->status / 100 != 2) return refusal(reply.value());
  return whole;
}

Result<std::vector<std::string>> Provider::models() {
  auto whole = ask_whole(paths_of(settings_.provider).models, nullptr);
  if (!whole) return whole.error();
  const rapidjson::Document document = object_of(whole.value());
  const bool ollama = settings_.provider == ProviderKind::ollama;
  const rapidjson::Value* list = member(document, ollama ? "models" : "data");
  if (!list || !list->IsArray()) return no_answer("list of models");
  std::vector<std::string> names;
  for (const rapidjson::Value& model : list->GetArray()) {
    const std::string_view name = text_of(member(model, ollama ? "name" : "id"));
    if (!name.empty() && names.size() < kModelsMost) names.emplace_back(name.substr(0, 200));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string Provider::chat_body(const Messages& messages, bool temperature) const {
  JsonText json;
  const auto said = [&](const char* role, std::string_view text) {
    json.begin_object().member("role", role).member("content", text).end_object();
  };
  json.begin_object().member("model", settings_.model_name()).member("stream", true);
  if (settings_.provider == ProviderKind::claude) json.member("system", messages.system());
  json.key("messages").begin_array();
  if (settings_.provider != ProviderKind::claude) said("system", messages.system());
  said("user", messages.user());
  json.end_array();
  switch (settings_.provider) {
    case ProviderKind::ollama:
      // Without num_ctx the window is small, and what does not fit is cut off in front, the rules first, without a word.
      json.member("truncate", false).member("shift", false).key("options").begin_object();
      if (temperature) json.key("temperature").decimal(settings_.temperature);
      json.count("num_ctx", settings_.max_context_tokens).count("num_predict", kReplyTokens).end_object();
      break;
    case ProviderKind::claude:
      json.count("max_tokens", kReplyTokens);
      if (temperature) json.key("temperature").decimal(settings_.temperature);
      break;
    case ProviderKind::openai:
      if (temperature) json.key("temperature").decimal(settings_.temperature);
      json.key("stream_options").begin_object().member("include_usage", true).end_object();
      break;
  }
  json.end_object();
  return json.take();
}

Result<Messages> Provider::checked(const Prompt& prompt) const {
  auto messages = written(prompt, settings_.max_context_tokens);
  if (!messages) return messages;
  if (auto body = parts_.wall.pass(chat_body(messages.value(), true)); !body) return body.error();
  return messages;
}

// Says which models there are.
Error Provider::unknown_model(const HttpReply& reply) {
  Error error = reply.status == 0
                    ? Error{fmt::format("llm.model is not set, and {} has no default", provider_name(settings_.provider)),
                            ErrorKind::invalid}
                    : refusal(reply);
  auto names = models();
  if (!names || names->empty()) {
    error.message += ": set llm.model";
    return error;
  }
  error.message += ": set llm.model to one of ";
  for (std::size_t i = 0; i < std::min(names->size(), kModelsSaid); ++i)
    error.message += (i ? ", " : "") + printable(names.value()[i]);
  if (names->size() > kModelsSaid) error.message += ", …";
  return error;
}

Result<Ending> Provider::chat(const Messages& messages, const std::function<void(std::string_view)>& piece) {
  if (settings_.model_name().empty()) return unknown_model({});
  for (bool temperature = true;; temperature = false) {
    auto body = parts_.wall.pass(chat_body(messages, temperature));
    if (!body) return body.error();
    bool begun = false;
    const auto each = [&](std::string_view text) {
      begun = true;
      piece(text);
    };
    std::unique_ptr<Decoder> decoder;
    std::optional<Error> fault;
    const auto fresh = [&] {
      decoder = settings_.provider == ProviderKind::ollama   ? ollama_decoder(each)
                : settings_.provider == ProviderKind::claude ? claude_decoder(each)
                                                             : openai_decoder(each);
    };
    fresh();
    auto reply = ask(
        paths_of(settings_.provider).chat, &body.value(),
        [&](std::string_view bytes) {
          if (auto done = decoder->take(bytes); !done) fault = done.error();
          return !fault;
        },
        [&] {  // what has been shown cannot be taken back
          if (!begun) fresh();
          return !begun && !fault;
        });
    if (fault) return Error{harmless(fault->message), fault->kind};
    if (!reply) return reply.error();
    if (reply->status / 100 == 2) return decoder->finish();
    // Newer models of some providers take no temperature.
    if (temperature && reply->status == 400 && reply->body.find("temperature") != std::string::npos) continue;
    return reply->status == 404 ? unknown_model(reply.value()) : refusal(reply.value());
  }
}

Result<std::vector<std::vector<float>>> Provider::embed(std::span<const Redacted> texts) {
  std::vector<std::vector<float>> vectors;
  if (!embeds() || texts.empty()) return vectors;
  JsonText json;
  json.begin_object().member("model", settings_.embedding_model).key("input").begin_array();
  for (const Redacted& text : texts) json.string(text.text());
  json.end_array();
  const bool ollama = settings_.provider == ProviderKind::ollama;
  if (ollama) json.member("truncate", false);
  json.end_object();
  auto body = parts_.wall.pass(json.take(), Wall::Quotes::body);
  if (!body) return body.error();
  auto whole = ask_whole(paths_of(settings_.provider).embed, &body.value());
  if (!whole) return whole.error();
  const rapidjson::Document document = object_of(whole.value());
  const rapidjson::Value* list = member(document, ollama ? "embeddings" : "data");
  if (!list || !list->IsArray() || list->Size() != texts.size()) return no_answer("vector for each text");
  vectors.resize(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const rapidjson::Value& item = (*list)[static_cast<rapidjson::SizeType>(i)];
    const rapidjson::Value* index = ollama ? nullptr : member(item, "index");
    const std::size_t place = index && index->IsUint() ? index->GetUint() : i;
    if (place >= vectors.size() || !vectors[place].empty() ||
        !read_vector(ollama ? &item : member(item, "embedding"), vectors[place]))
      return no_answer("vector that can be read");
  }
  for (const auto& vector : vectors)
    if (vector.size() != vectors.front().size()) return no_answer("vectors of one length");
  return vectors;
}

}  // namespace logystera::assist
