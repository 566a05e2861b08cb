// Who answers: Ollama, Claude, or a server that speaks OpenAI's protocol.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "assist/answer_stream.hpp"
#include "assist/http.hpp"
#include "assist/prompt.hpp"
#include "assist/redacted.hpp"
#include "core/result.hpp"

namespace logystera::assist {

enum class ProviderKind : std::uint8_t { ollama, claude, openai };
std::optional<ProviderKind> provider_from(std::string_view name) noexcept;
std::string_view provider_name(ProviderKind kind) noexcept;

inline constexpr const char* kOllamaModel = "gemma3:4b";
inline constexpr std::size_t kEmbeddedAtOnce = 16;

/// Section `llm` of the configuration.
struct Settings {
  ProviderKind provider = ProviderKind::ollama;
  bool provider_named = false;
  std::string model;     // empty: kOllamaModel with Ollama; the others have no default, names of models age
  std::string endpoint;  // empty: the provider's own
  std::string api_key;
  std::string embedding_model;  // empty: no vectors
  double temperature = 0.1;
  std::uint32_t max_context_tokens = 8000;
  std::uint32_t timeout_seconds = 120;
  bool remote_allowed = false;

  std::string model_name() const;
  /// Without a slash at its end.
  std::string base() const;
};

/// Where a provider is.
struct Place {
  std::string host;  // "localhost", "api.example.com:8443"
  bool loopback = false;
  bool encrypted = false;
};
/// Errors: an endpoint that is no http(s) address or holds a password; one beyond this machine that nobody has allowed; a key that
/// would leave the machine unencrypted.
Result<Place> place_of(const Settings& settings);

class Provider {
 public:
  struct Parts {
    Http& http;
    Redaction redaction;  // for what a provider says of an error
    Wall wall;
    Stopped stopped;
    /// Waits; false: nobody wants the answer any more.
    std::function<bool(std::chrono::milliseconds)> wait;
  };
  /// Errors as place_of(); no model where one is needed is said when it is asked for.
  static Result<Provider> make(Settings settings, Parts parts);

  /// Names, sorted.
  Result<std::vector<std::string>> models();
  /// `piece` gets the answer as it comes, as the provider sends it: see AnswerText for what may be shown of it.
  Result<Ending> chat(const Messages& messages, const std::function<void(std::string_view)>& piece);
  /// What would be sent of it, after the second wall has looked at the request. Sends nothing.
  Result<Messages> checked(const Prompt& prompt) const;
  /// One vector of length 1 a text. Empty: this provider has none.
  Result<std::vector<std::vector<float>>> embed(std::span<const Redacted> texts);

  const Settings& settings() const noexcept { return settings_; }
  const Place& place() const noexcept { return place_; }
  bool embeds() const noexcept { return settings_.provider != ProviderKind::claude && !settings_.embedding_model.empty(); }
  std::uint64_t refused() const noexcept { return parts_.wall.refused(); }

 private:
  Provider(Settings settings, Place place, Parts parts)
      : settings_(std::move(settings)), place_(std::move(place)), parts_(std::move(parts)) {}
  Result<HttpReply> ask(std::string_view path, const Cleared* body, const std::function<bool(std::string_view)>& take,
                        const std::function<bool()>& may_repeat);
  Result<std::string> ask_whole(std::string_view path, const Cleared* body);
  std::string chat_body(const Messages& messages, bool temperature) const;
  Error refusal(const HttpReply& reply) const;
  Error unknown_model(const HttpReply& reply);
  std::string harmless(std::string_view words) const;

  Settings settings_;
  Place place_;
  Parts parts_;
};

}  // namespace logystera::assist
