#include "agent/signed_call.hpp"

#include <rapidjson/document.h>
#include <rapidjson/reader.h>

#include <algorithm>

#include "agent/transport.hpp"
#include "agent/verdict.hpp"
#include "core/json.hpp"
#include "core/json_text.hpp"
#include "core/utf8.hpp"
#include "core/wire.hpp"

namespace logystera::agent {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kEmptyObject = "{}";

struct Answered {
  HttpAnswer answer;
  Verdict verdict;
};

CallResult unable(std::string error) {
  CallResult result;
  result.status = CallStatus::refused;
  result.error = std::move(error);
  return result;
}

Answered post_once(Transport& transport, const Credentials& credentials, const DispatchOptions& options,
                   std::string_view path, std::string_view body, std::int64_t skew) {
  const std::string batch = wire::batch_id(credentials.entity_token(), body);
  const std::int64_t timestamp = options.clock().wall + skew;
  const auto headers = signed_headers(credentials, {path, kJson, "identity", batch, body, timestamp});
  Answered answered;
  answered.answer =
      transport.post(credentials.gateway_url() + std::string(path), headers, body, options.timeout_seconds * 1000);
  answered.verdict = judge(answered.answer, credentials.secret(), batch, options.clock().wall);
  return answered;
}

// Refused is what the gateway itself, or whoever guards it, has decided; anything else may pass by itself or is in between.
CallStatus status_of(const Verdict& verdict, int http_status) noexcept {
  if (verdict.decision == Decision::accept) return CallStatus::ok;
  switch (verdict.trouble) {
    case Trouble::unauthorized:
    case Trouble::forbidden:
    case Trouble::clock:
    case Trouble::throttled:
    case Trouble::too_large:
    case Trouble::version:
    case Trouble::refused_all: return CallStatus::refused;
    default: return verdict.acknowledged && http_status < 500 ? CallStatus::refused : CallStatus::unreachable;
  }
}

// "unauthorized (HTTP 401: …): what to do". What the gateway says, signed, about a request it refuses has its own remedy.
std::string words_for(const Verdict& verdict, int http_status) {
  std::string text(name_of(verdict.trouble));
  const bool own_words = verdict.acknowledged && (http_status == 400 || http_status == 413 || http_status == 415);
  if (own_words) return verdict.message;
  if (!verdict.message.empty()) text += " (" + verdict.message + ")";
  return text + ": " + std::string(remedy_for(verdict.trouble));
}

std::string reference_of(const HttpAnswer& answer) {
  rapidjson::Document body;
  body.Parse<rapidjson::kParseIterativeFlag>(answer.body.data(), answer.body.size());
  if (body.HasParseError() || !body.IsObject()) return {};
  const auto member = body.FindMember("reference");
  if (member == body.MemberEnd() || !member->value.IsString()) return {};
  const std::string reference(member->value.GetString(), member->value.GetStringLength());
  return wire::is_token(reference) ? reference : std::string();
}

CallResult call(const Credentials& credentials, const DispatchOptions& options, std::string_view path,
                std::string_view body) {
  Result<Transport> transport = Transport::open(options);
  if (!transport) return unable(transport.error().message);
  Answered answered = post_once(transport.value(), credentials, options, path, body, 0);
  // The gateway has told, signed, what time it has: once more by its clock, as dispatch does.
  if (answered.verdict.decision == Decision::retime) {
    const std::int64_t skew = answered.verdict.server_time - options.clock().wall;
    answered = post_once(transport.value(), credentials, options, path, body, skew);
  }
  CallResult result;
  result.http_status = answered.answer.status;
  result.status = status_of(answered.verdict, result.http_status);
  if (result.status == CallStatus::ok) result.reference = reference_of(answered.answer);
  else result.error = words_for(answered.verdict, result.http_status);
  return result;
}

Result<Done> check_message(std::string_view message) {
  if (!json::is_utf8(message)) return Error{"message: is not UTF-8", ErrorKind::invalid};
  const bool blank = message.find_first_not_of(" \t\r\n") == std::string_view::npos;
  if (blank) return Error{"message: is empty; write what you need help with", ErrorKind::invalid};
  if (characters_of(message) > limits::kSupportMessageChars) {
    return Error{"message: is longer than " + std::to_string(limits::kSupportMessageChars) + " characters; shorten it",
                 ErrorKind::invalid};
  }
  return Done{};
}

Result<Done> check_email(std::string_view email) {
  const std::size_t at = email.find('@');
  const bool plausible =
      at != std::string_view::npos && at > 0 && at + 1 < email.size() && email.size() <= limits::kSupportEmailBytes &&
      json::is_utf8(email) &&
      std::none_of(email.begin(), email.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
  if (plausible) return Done{};
  return Error{"email: must be an address like name@example.org of at most " + std::to_string(limits::kSupportEmailBytes) +
                   " bytes, or null",
               ErrorKind::invalid};
}

Result<Done> check_diagnostics(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  rapidjson::Reader reader;
  rapidjson::MemoryStream bytes(text.data(), text.size());
  rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
  rapidjson::BaseReaderHandler<> ignore;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  const bool object = first != std::string_view::npos && text[first] == '{' && reader.Parse<kFlags>(stream, ignore);
  if (!object) return Error{"diagnostics: must be one JSON object, or null", ErrorKind::invalid};
  if (json::depth(text) >= limits::kSupportDepth) {
    return Error{"diagnostics: are nested more than " + std::to_string(limits::kSupportDepth - 1) + " deep",
                 ErrorKind::invalid};
  }
  return Done{};
}

}  // namespace

std::vector<std::string> signed_headers(const Credentials& credentials, const SignedPost& post) {
  const wire::SignedRequest request{"POST",        post.path, credentials.entity_token(), post.timestamp, post.batch,
                                    post.encoding, post.body};
  const auto header = [](std::string_view name, std::string_view value) {
    return std::string(name).append(": ").append(value);
  };
  return {
      header("Content-Type", post.content_type),
      header("Content-Encoding", post.encoding),
      header("Accept", kJson),
      "Expect:",  // no round trip before the body
      header(wire::kEntityHeader, credentials.entity_token()),
      header(wire::kTimestampHeader, std::to_string(post.timestamp)),
      header(wire::kBatchHeader, post.batch),
      header(wire::kSignatureHeader, std::string(wire::kSchemePrefix) + wire::sign(credentials.secret(), request)),
  };
}

CallResult ping(const Credentials& credentials, const DispatchOptions& options) {
  return call(credentials, options, wire::kPingPath, kEmptyObject);
}

CallResult disconnect(const Credentials& credentials, const DispatchOptions& options) {
  return call(credentials, options, wire::kDisconnectPath, kEmptyObject);
}

CallResult support(const Credentials& credentials, const DispatchOptions& options, const SupportMessage& message) {
  if (Result<Done> good = check_message(message.message); !good) return unable(good.error().message);
  if (message.email) {
    if (Result<Done> good = check_email(*message.email); !good) return unable(good.error().message);
  }
  if (message.diagnostics_json) {
    if (Result<Done> good = check_diagnostics(*message.diagnostics_json); !good) return unable(good.error().message);
  }
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("message", message.message);
  if (message.email) text.member("email", *message.email);
  if (message.diagnostics_json) text.key("diagnostics").raw(*message.diagnostics_json);
  text.end_object();
  const std::string body = text.take();
  if (body.size() > limits::kSupportBytes) {
    return unable("message and diagnostics: have " + std::to_string(body.size()) + " bytes together, at most " +
                  std::to_string(limits::kSupportBytes) + " can be sent; leave something out");
  }
  return call(credentials, options, wire::kSupportPath, body);
}

}  // namespace logystera::agent
