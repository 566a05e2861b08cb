#include "notify/channel.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "core/random.hpp"
#include "net/delivery.hpp"
#include "notify/json.hpp"
#include "notify/route.hpp"
#include "parse/zone.hpp"

namespace logystera::notify {
namespace {

constexpr std::array<std::string_view, 4> kKinds = {"slack", "teams", "email", "webhook"};
constexpr std::array<std::string_view, 3> kTls = {"starttls", "tls", "allow_plain"};
constexpr std::string_view kSigningPrefix = "whsec_";
constexpr std::size_t kSigningBytesLeast = 16, kSigningBytes = 24;

Error wrong(const std::string& what) { return {what, ErrorKind::invalid}; }

std::string bound_to(std::int64_t channel) { return fmt::format("channel/{}", channel); }

Result<Done> check_mail(const ChannelOptions& options, const Secrets& secrets) {
  const auto host_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' ||
           c == '[' || c == ']';
  };
  if (options.host.empty() || options.host.size() > kHostBytes ||
      !std::all_of(options.host.begin(), options.host.end(), host_char))
    return wrong("mail server: name its host, as mail.example.org");
  if (options.port == 0) return wrong("mail server: its port is 587 for STARTTLS, 465 for TLS");
  if (!net::is_mail_address(options.from)) return wrong("sender: must be one address, as alerts@example.org");
  if (options.receivers.empty() || options.receivers.size() > kReceiversMost)
    return wrong(fmt::format("receivers: 1 to {} addresses", kReceiversMost));
  for (const Receiver& receiver : options.receivers)
    if (!net::is_mail_address(receiver.address))
      return wrong(fmt::format("receivers: '{}' is no address", printable(receiver.address.substr(0, kNameBytes))));
  if (options.user.size() > kNameBytes * 4 || printable(options.user) != options.user)
    return wrong("user: must be a printable text");
  if (secrets.password.size() > kSecretBytes) return wrong(fmt::format("password: at most {} bytes", kSecretBytes));
  if (options.user.empty() && !secrets.password.empty()) return wrong("password: it needs a user");
  return Done{};
}

}  // namespace

std::string_view kind_name(ChannelKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

std::optional<ChannelKind> channel_kind_from(std::string_view name) noexcept {
  const auto found = std::find(kKinds.begin(), kKinds.end(), name);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<ChannelKind>(found - kKinds.begin());
}

Secrets::~Secrets() {
  wipe(url);
  wipe(signing);
  wipe(password);
}

std::string to_json(const ChannelOptions& options) {
  JsonText json(JsonText::Reader::program);
  json.begin_object()
      .member("allow_private", options.allow_private)
      .member("links", options.links)
      .member("zone", options.zone);
  if (options.kind == ChannelKind::email) {
    json.member("host", options.host)
        .number("port", options.port)
        .member("tls", kTls[static_cast<std::size_t>(options.tls)]);
    json.member("user", options.user).member("from", options.from).key("receivers").begin_array();
    for (const Receiver& receiver : options.receivers)
      json.begin_object().member("address", receiver.address).member("off", receiver.off).end_object();
    json.end_array();
  }
  json.end_object();
  return json.take();
}

Result<ChannelOptions> options_of(const store::Channel& channel) {
  const auto kind = channel_kind_from(channel.kind);
  rapidjson::Document json;
  if (!kind || !json_in::parse(json, channel.options))
    return Error{fmt::format("channel '{}': its options cannot be read: save it again", channel.name), ErrorKind::broken};
  ChannelOptions options;
  options.kind = *kind;
  options.allow_private = json_in::flag(json, "allow_private");
  options.links = json_in::flag(json, "links", true);
  options.zone = json_in::text(json, "zone");
  if (*kind != ChannelKind::email) return options;
  options.host = json_in::text(json, "host");
  options.port = static_cast<std::uint16_t>(json_in::number(json, "port", options.port));
  const std::string tls = json_in::text(json, "tls");
  const auto found = std::find(kTls.begin(), kTls.end(), tls);
  if (found != kTls.end()) options.tls = static_cast<MailTls>(found - kTls.begin());
  options.user = json_in::text(json, "user");
  options.from = json_in::text(json, "from");
  if (const auto receivers = json.FindMember("receivers"); receivers != json.MemberEnd() && receivers->value.IsArray()) {
    for (const rapidjson::Value& one : receivers->value.GetArray())
      if (one.IsObject()) options.receivers.push_back({json_in::text(one, "address"), json_in::text(one, "off")});
  }
  return options;
}

Result<Done> check_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytes || printable(name) != name || name.front() == ' ' || name.back() == ' ')
    return wrong(fmt::format("name: must be a printable text of 1 to {} bytes", kNameBytes));
  return Done{};
}

Result<Done> check(const ChannelOptions& options, const Secrets& secrets) {
  if (!options.zone.empty() && !parse::Zone::named(options.zone))
    return wrong("time zone: must be a name of the time zone database, as Europe/Berlin");
  if (options.kind == ChannelKind::email) return check_mail(options, secrets);
  if (secrets.url.size() > kUrlBytes) return wrong(fmt::format("address: at most {} bytes", kUrlBytes));
  if (auto host = net::check_url(secrets.url); !host) return wrong("address: " + host.error().message);
  if (options.kind != ChannelKind::webhook) return Done{};
  if (auto key = signing_key(secrets.signing); !key) return key.error();
  return Done{};
}

std::string shown(const ChannelOptions& options, const Secrets& secrets) {
  constexpr std::size_t kShown = 4, kSecretLeast = 12;
  const auto end = [](const std::string& secret) {
    // Of a short one four characters would be half of it.
    return secret.size() < kSecretLeast ? std::string(" …") : " …" + printable(secret.substr(secret.size() - kShown));
  };
  if (options.kind == ChannelKind::email) {
    std::string text = fmt::format("{}:{}", options.host, options.port);
    return secrets.password.empty() ? text : text + end(secrets.password);
  }
  auto host = net::check_url(secrets.url, true);
  std::string text = (host ? host.value() : std::string("?")) + end(secrets.url);
  if (!secrets.signing.empty()) text += ", signed" + end(secrets.signing);
  return text;
}

ChannelState state_of(const store::Channel& channel, const store::OutboxCounts& counts, std::int64_t now) noexcept {
  constexpr std::int64_t kHourSeconds = 3600, kDaySeconds = 24 * kHourSeconds;
  if (!channel.enabled) return ChannelState::off;
  const bool stuck =
      counts.oldest_waiting != 0 && now - counts.oldest_waiting > kHourSeconds && channel.last_sent_at < now - kDaySeconds;
  if (!channel.last_error.empty() || stuck) return ChannelState::failing;
  return channel.confirmed_at != 0 || channel.last_sent_at != 0 ? ChannelState::on : ChannelState::not_tested;
}

std::string_view state_words(ChannelState state) noexcept {
  constexpr std::string_view kWords[] = {"off", "failing", "on", "not tested"};
  return kWords[static_cast<std::size_t>(state)];
}

store::OutboxCounts counts_of(const std::vector<store::OutboxCounts>& all, std::int64_t channel) {
  const auto found = std::find_if(all.begin(), all.end(), [channel](const auto& one) { return one.channel == channel; });
  return found == all.end() ? store::OutboxCounts() : *found;
}

Result<std::string> seal(const Seal& seal, const Secrets& secrets, std::int64_t channel) {
  JsonText json(JsonText::Reader::program);
  json.begin_object()
      .member("url", secrets.url)
      .member("signing", secrets.signing)
      .member("password", secrets.password)
      .end_object();
  std::string text = json.take();
  auto sealed = seal.seal(text, bound_to(channel));
  wipe(text);
  return sealed;
}

Result<Secrets> unseal(const Seal& seal, const store::Channel& channel) {
  auto text = seal.unseal(channel.sealed, bound_to(channel.id));
  rapidjson::Document json;
  const bool good = text.ok() && json_in::parse(json, text.value());
  if (text.ok()) wipe(text.value());
  if (!good)
    return Error{
        fmt::format(
            "channel '{}': its secret does not open with this key file: restore the key that belongs to this database, "
            "or enter the secret again",
            channel.name),
        ErrorKind::broken};
  Secrets secrets;
  secrets.url = json_in::text(json, "url");
  secrets.signing = json_in::text(json, "signing");
  secrets.password = json_in::text(json, "password");
  return secrets;
}

Result<std::string> signing_key(std::string_view secret) {
  if (secret.empty()) return std::string();
  const Error bad{fmt::format("the webhook's signing secret is not of the form whsec_BASE64 with at least {} bytes",
                              kSigningBytesLeast),
                  ErrorKind::invalid};
  if (!secret.starts_with(kSigningPrefix) || secret.size() > kSecretBytes) return bad;
  const std::string_view text = secret.substr(kSigningPrefix.size());
  if (text.size() % 4 != 0 || text.empty()) return bad;
  std::string key(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return bad;
  key.resize(static_cast<std::size_t>(size) - (text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0));
  if (key.size() < kSigningBytesLeast) return bad;
  return key;
}

Result<std::string> make_signing_secret() {
  auto random = random_text(kSigningBytes);
  if (!random) return random.error();
  std::string text = std::move(random).value();  // of base64url, without padding: 24 bytes need none
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  return std::string(kSigningPrefix) + text;
}

}  // namespace logystera::notify
