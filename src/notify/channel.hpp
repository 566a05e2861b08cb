// What a channel is made of: where it leads, what it may, and what of it is secret.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/channel_store.hpp"
#include "store/outbox_store.hpp"

namespace logystera::notify {

enum class ChannelKind : std::uint8_t { slack, teams, email, webhook };
/// "slack", …
std::string_view kind_name(ChannelKind kind) noexcept;
std::optional<ChannelKind> channel_kind_from(std::string_view name) noexcept;

inline constexpr std::size_t kReceiversMost = 20, kUrlBytes = 2000, kSecretBytes = 512, kHostBytes = 253;

/// Of an e-mail channel.
struct Receiver {
  std::string address;
  std::string off = {};  // why nothing is sent to it any more; empty: it is
};

/// How the connection to a mail server is protected.
enum class MailTls : std::uint8_t { starttls, at_once, if_offered };

struct ChannelOptions {
  ChannelKind kind = ChannelKind::slack;
  bool allow_private = false;  // it may be in a private network
  bool links = true;           // its messages have links that snooze without signing in
  std::string zone = {};       // of the times in them; empty: UTC
  // E-mail.
  std::string host = {};
  std::uint16_t port = 587;
  MailTls tls = MailTls::starttls;
  std::string user = {}, from = {};
  std::vector<Receiver> receivers = {};
};

/// What is sealed. All but what its kind has is empty.
struct Secrets {
  std::string url = {};       // slack, teams, webhook
  std::string signing = {};   // webhook: "whsec_…", or empty: unsigned
  std::string password = {};  // email

  ~Secrets();
  Secrets() = default;
  Secrets(const Secrets&) = default;
  Secrets(Secrets&&) = default;
  Secrets& operator=(const Secrets&) = default;
  Secrets& operator=(Secrets&&) = default;
};

/// The key of the store, as whoever has it lends it.
struct Seal {
  std::function<Result<std::string>(std::string_view secret, std::string_view bound_to)> seal;
  std::function<Result<std::string>(std::string_view sealed, std::string_view bound_to)> unseal;
};

/// Without secrets.
std::string to_json(const ChannelOptions& options);
Result<ChannelOptions> options_of(const store::Channel& channel);

/// Errors are for whoever fills in a form: what is wrong and what it may be. They repeat no secret.
Result<Done> check_name(std::string_view name);
Result<Done> check(const ChannelOptions& options, const Secrets& secrets);

/// "hooks.slack.com …aB3d": the host, and the last four characters of what is secret.
std::string shown(const ChannelOptions& options, const Secrets& secrets);

/// How it stands with a channel: one that has delivered nothing for a day while something waits for more than an hour is failing, too.
enum class ChannelState : std::uint8_t { off, failing, on, not_tested };
ChannelState state_of(const store::Channel& channel, const store::OutboxCounts& counts, std::int64_t now) noexcept;
/// "off", "failing", "on", "not tested".
std::string_view state_words(ChannelState state) noexcept;
/// Those of the channel; nothing of it waits or is dead where it has none.
store::OutboxCounts counts_of(const std::vector<store::OutboxCounts>& all, std::int64_t channel);

/// Sealed for the channel of that number: moved to another one's row they do not open.
Result<std::string> seal(const Seal& seal, const Secrets& secrets, std::int64_t channel);
Result<Secrets> unseal(const Seal& seal, const store::Channel& channel);

/// The bytes of "whsec_BASE64", at least 16 of them; an empty text is no key.
Result<std::string> signing_key(std::string_view secret);
/// A new one, of 24 random bytes.
Result<std::string> make_signing_secret();

}  // namespace logystera::notify
