#include "gateway/ingest.hpp"

#include <fmt/format.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/event.hpp"
#include "core/hmac.hpp"
#include "core/wire.hpp"
#include "gateway/inflate.hpp"

namespace logystera::gateway {
namespace {

using server::Answer;
using server::problem;
using server::Reply;
using server::Request;
using JsonWriter = rapidjson::Writer<rapidjson::StringBuffer>;

constexpr std::size_t kVersionParts = 3;

struct RejectedLine {
  std::size_t line;  // from 1
  std::string_view event_id;
  LineFault fault;
};

void string(JsonWriter& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void rejections(JsonWriter& writer, const std::vector<RejectedLine>& rejected) {
  writer.Key("rejected");
  writer.StartArray();
  for (const RejectedLine& one : rejected) {
    writer.StartObject();
    writer.Key("line");
    writer.Uint64(one.line);
    if (!one.event_id.empty()) {
      writer.Key("event_id");
      string(writer, one.event_id);
    }
    writer.Key("reason");
    string(writer, name_of(one.fault));
    writer.EndObject();
  }
  writer.EndArray();
}

Answer json_answer(int status, const rapidjson::StringBuffer& text) {
  Answer answer;
  answer.status = status;
  answer.body.assign(text.GetString(), text.GetSize());
  return answer;
}

// One answer for a token that does not exist, a signature that does not hold and headers that are missing:
// nobody learns from it which tokens exist.
Answer unauthorized() {
  return problem(401, "unauthorized",
                 "unknown entity or wrong signature: check the entity's token and secret, and that Logystera-Entity, "
                 "-Timestamp, -Batch and -Signature are sent once each and reach the gateway unchanged");
}

Answer unavailable() {
  Answer answer = problem(503, "store_failed", "the gateway cannot store events at the moment: send the batch again later");
  answer.headers.emplace_back("Retry-After", "30");
  return answer;
}

Answer too_fast(std::uint32_t seconds) {
  Answer answer =
      problem(429, "rate_limited", fmt::format("too many events from this entity: send again in {} s", seconds));
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

// The most lines a body can turn out to hold: only a plain one can be counted before it is unpacked.
std::size_t most_lines(std::string_view body, std::string_view encoding) {
  if (encoding != "identity") return kBatchLinesMax;
  return std::min<std::size_t>(kBatchLinesMax, 1 + static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n')));
}

/// What the rate limit holds for a batch that is being unpacked; settled when it ends, however it ends.
struct Reservation {
  RateLimiter& limiter;
  const std::string& entity;
  std::size_t most;
  std::size_t events = 1;  // a batch that is refused was work too

  ~Reservation() { limiter.settle(entity, most, events, RateLimiter::Clock::now()); }
};

std::array<std::uint32_t, kVersionParts> version_parts(std::string_view version, bool& valid) noexcept {
  std::array<std::uint32_t, kVersionParts> parts{};
  const char* at = version.data();
  const char* const end = at + version.size();
  valid = false;
  for (std::uint32_t& part : parts) {
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc()) break;
    valid = true;
    if (next == end || *next != '.') break;
    at = next + 1;
  }
  return parts;
}

}  // namespace

bool older_version(std::string_view a, std::string_view b) noexcept {
  bool a_valid, b_valid;
  const auto a_parts = version_parts(a, a_valid);
  const auto b_parts = version_parts(b, b_valid);
  return a_valid && b_valid && a_parts < b_parts;
}

std::string_view agent_version(std::string_view user_agent) noexcept {
  constexpr std::string_view kProduct = "logystera/";
  const std::size_t at = user_agent.find(kProduct);
  if (at == std::string_view::npos) return {};
  user_agent.remove_prefix(at + kProduct.size());
  return user_agent.substr(0, user_agent.find_first_not_of("0123456789."));
}

/// A request whose signature holds, and with which secret its answer is signed.
struct Ingest::Verified {
  Sender sender;
  std::string_view secret;  // of `sender`: the one the request was signed with
  std::string batch;
  std::string encoding;
  std::int64_t timestamp = 0;

  void acknowledge(Answer& answer) const {
    answer.headers.emplace_back(
        wire::kAckHeader, std::string(wire::kSchemePrefix) + wire::acknowledge(secret, answer.status, batch, answer.body));
  }
};

/// A batch on its way through: owns every byte the store's views point at.
struct Ingest::Work {
  Request request;
  Verified verified;
  std::string inflated;
  store::Batch batch;
  std::vector<RejectedLine> rejected;

  std::string_view body() const { return verified.encoding == "gzip" ? inflated : request.body; }
};

Ingest::Ingest(Entities& entities, store::Store& store, IngestOptions options)
    : entities_(entities), store_(store), options_(std::move(options)), limiter_(options_.rate) {}

bool Ingest::verify(const Request& request, Verified& verified, Answer& refusal) const {
  const std::string_view token = request.header(wire::kEntityHeader).value_or("");
  const std::string_view stamp = request.header(wire::kTimestampHeader).value_or("");
  const std::string_view signature = request.header(wire::kSignatureHeader).value_or("");
  verified.batch = request.header(wire::kBatchHeader).value_or("");
  verified.encoding = request.header("Content-Encoding").value_or("identity");
  const auto [end, error] = std::from_chars(stamp.data(), stamp.data() + stamp.size(), verified.timestamp);
  const bool well_formed = error == std::errc() && end == stamp.data() + stamp.size() && wire::is_token(verified.batch);

  auto sender = entities_.sender(token, options_.now());
  if (!sender) {
    options_.log(sender.error().message);
    refusal = unavailable();
    return false;
  }
  verified.sender = std::move(sender).value();
  const wire::SignedRequest claimed{request.method, request.path,      token,       verified.timestamp,
                                    verified.batch, verified.encoding, request.body};
  // Both secrets are always tried, for a stand-in too: time tells nothing about which tokens exist.
  const bool by_secret = wire::carries(signature, wire::sign(verified.sender.secret, claimed));
  const bool by_previous = wire::carries(signature, wire::sign(verified.sender.previous, claimed));
  if (!verified.sender.known || !well_formed || !(by_secret || by_previous)) {
    refusal = unauthorized();
    return false;
  }
  verified.secret = by_secret ? verified.sender.secret : verified.sender.previous;
  return true;
}

bool Ingest::admit(const Request& request, const Verified& verified, Answer& refusal) const {
  const std::int64_t now = options_.now();
  // Compared without subtracting: a signed timestamp may be any 64-bit number.
  if (verified.timestamp < now - limits::kClockSkewSeconds || verified.timestamp > now + limits::kClockSkewSeconds) {
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    writer.StartObject();
    writer.Key("error");
    writer.String("clock_skew");
    writer.Key("server_time");
    writer.Int64(now);
    writer.Key("message");
    string(writer,
           fmt::format("the request's timestamp is more than {} s off: set the sender's clock", limits::kClockSkewSeconds));
    writer.EndObject();
    refusal = json_answer(401, text);
    return false;
  }
  if (verified.sender.disabled) {
    refusal =
        problem(403, "disabled", "this entity is disabled: its operator can enable it with 'logystera entity enable'");
    return false;
  }
  const std::string_view version = agent_version(request.header("User-Agent").value_or(""));
  if (older_version(version, options_.min_agent_version)) {
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    writer.StartObject();
    writer.Key("error");
    writer.String("version_too_old");
    writer.Key("min_version");
    string(writer, options_.min_agent_version);
    writer.Key("message");
    string(writer,
           fmt::format("this gateway takes agents from version {} on: update the agent", options_.min_agent_version));
    writer.EndObject();
    refusal = json_answer(426, text);
    refusal.headers.emplace_back("Upgrade", "logystera/" + options_.min_agent_version);
    return false;
  }
  return true;
}

bool Ingest::unpack(Work& work, Answer& refusal) const {
  const Verified& verified = work.verified;
  if (verified.encoding == "gzip") {
    switch (inflate_gzip(work.request.body, limits::kInflatedBytes, work.inflated)) {
      case InflateFault::none: break;
      case InflateFault::corrupt:
        refusal = problem(400, "bad_gzip", "the body is not one whole gzip member: compress it again");
        return false;
      case InflateFault::too_large:
        refusal = problem(
            413, "too_large",
            fmt::format("the batch inflates to more than {} bytes: send fewer events at once", limits::kInflatedBytes));
        return false;
    }
  } else if (verified.encoding != "identity") {
    refusal = problem(415, "unsupported_encoding", "Content-Encoding must be gzip or identity");
    return false;
  }
  const std::string_view body = work.body();
  if (verified.batch != wire::batch_id(verified.sender.token, body)) {
    refusal = problem(400, "wrong_batch_id",
                      "Logystera-Batch must be the first 32 hex digits of SHA-256(entity, a zero byte, uncompressed body)");
    return false;
  }
  if (body.empty()) {
    refusal = problem(400, "empty_batch", "the body holds no line: send one event a line");
    return false;
  }
  std::size_t number = 0;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    const std::string_view line = body.substr(at, end - at);
    at = end + 1;
    if (++number > kBatchLinesMax) {
      refusal =
          problem(413, "too_many_lines", fmt::format("a batch may hold {} lines: send fewer at once", kBatchLinesMax));
      return false;
    }
    EventView event;
    const LineFault fault = read_event_line(line, event);
    if (fault == LineFault::none) {
      work.batch.events.push_back({line, event.type, store::event_id_of(event.event_id), event.created_at});
    } else {
      work.rejected.push_back({number, event.event_id, fault});
    }
  }
  if (work.batch.events.empty()) {
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    writer.StartObject();
    writer.Key("error");
    writer.String("nothing_acceptable");
    writer.Key("message");
    writer.String("no line of the batch is an event");
    rejections(writer, work.rejected);
    writer.EndObject();
    refusal = json_answer(400, text);
    return false;
  }
  return true;
}

bool Ingest::unpack_within_rate(Work& work, Answer& refusal) {
  const std::string& token = work.verified.sender.token;
  const std::size_t most = most_lines(work.request.body, work.verified.encoding);
  if (const auto seconds = limiter_.reserve(token, most, RateLimiter::Clock::now())) {
    refusal = too_fast(*seconds);
    return false;
  }
  Reservation reservation{limiter_, token, most};
  const bool unpacked = unpack(work, refusal);
  reservation.events = std::max<std::size_t>(1, work.batch.events.size() + work.rejected.size());
  return unpacked;
}

void Ingest::finish(const Work& work, const Result<store::Appended>& appended, const Reply& reply) const {
  Answer answer;
  if (!appended) {
    options_.log(appended.error().message);
    answer = unavailable();
  } else {
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    writer.StartObject();
    writer.Key("accepted");
    writer.Uint(appended->accepted);
    writer.Key("duplicates");
    writer.Uint(appended->duplicates);
    if (appended->batch_known) {
      writer.Key("duplicate");
      writer.Bool(true);
    }
    // A repeated batch names its bad lines again: the first answer may have been lost on its way.
    rejections(writer, work.rejected);
    writer.EndObject();
    answer = json_answer(appended->batch_known || !work.rejected.empty() ? 200 : 202, text);
    if (!work.rejected.empty()) {
      options_.log(fmt::format("entity {}: {} of {} lines rejected, the first is line {}: {}", work.verified.sender.token,
                               work.rejected.size(), work.rejected.size() + appended->accepted + appended->duplicates,
                               work.rejected.front().line, name_of(work.rejected.front().fault)));
    }
    if (appended->unnumbered != 0) {
      options_.log(
          fmt::format("entity {}: {} events are of types beyond those the store numbers: they are stored, but "
                      "found more slowly; look for a sender that invents types",
                      work.verified.sender.token, appended->unnumbered));
    }
  }
  work.verified.acknowledge(answer);
  reply(std::move(answer));
}

void Ingest::ingest(Request request, const Reply& reply) {
  auto work = std::make_shared<Work>();
  work->request = std::move(request);
  Answer refusal;
  if (!verify(work->request, work->verified, refusal)) return reply(std::move(refusal));
  if (!admit(work->request, work->verified, refusal) || !unpack_within_rate(*work, refusal)) {
    work->verified.acknowledge(refusal);
    return reply(std::move(refusal));
  }
  work->batch.entity = work->verified.sender.token;
  work->batch.id = work->verified.batch;
  work->batch.received_at = options_.now();
  work->batch.rejected = static_cast<std::uint32_t>(work->rejected.size());
  // The views in the batch point into *work, which the callback keeps.
  store_.append(std::move(work->batch),
                [this, work, reply](Result<store::Appended> appended) { finish(*work, appended, reply); });
}

void Ingest::ping(Request request, const Reply& reply) {
  Verified verified;
  Answer answer;
  if (!verify(request, verified, answer)) return reply(std::move(answer));
  if (!admit(request, verified, answer)) {
    // `answer` says why.
  } else if (const auto seconds = limiter_.wait(verified.sender.token, RateLimiter::Clock::now())) {
    answer = too_fast(*seconds);
  } else {
    rapidjson::StringBuffer text;
    JsonWriter writer(text);
    writer.StartObject();
    writer.Key("status");
    writer.String("ok");
    writer.Key("entity");
    string(writer, verified.sender.token);
    writer.Key("name");
    string(writer, verified.sender.name);
    writer.Key("server_time");
    writer.Int64(options_.now());
    writer.EndObject();
    answer = json_answer(200, text);
  }
  verified.acknowledge(answer);
  reply(std::move(answer));
}

}  // namespace logystera::gateway
