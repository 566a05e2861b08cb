#include "gateway/ingest.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "core/event.hpp"
#include "core/hmac.hpp"
#include "core/json_text.hpp"
#include "core/wire.hpp"
#include "gateway/inflate.hpp"

namespace logystera::gateway {
namespace {

using server::Answer;
using server::json_answer;
using server::problem;
using server::Reply;

struct RejectedLine {
  std::size_t line;  // from 1
  std::string_view event_id;
  LineFault fault;
};

void rejections(JsonText& text, const std::vector<RejectedLine>& rejected) {
  text.key("rejected").begin_array();
  for (const RejectedLine& one : rejected) {
    text.begin_object().count("line", one.line);
    if (!one.event_id.empty()) text.member("event_id", one.event_id);
    text.member("reason", name_of(one.fault)).end_object();
  }
  text.end_array();
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

}  // namespace

/// A batch on its way through: owns every byte the store's views point at.
struct Ingest::Work {
  explicit Work(std::shared_ptr<const SignedRequest> given) : sent(std::move(given)) {}

  std::shared_ptr<const SignedRequest> sent;
  std::string inflated;
  store::Batch batch;
  std::vector<RejectedLine> rejected;
  std::string user_agent;

  const Verified& verified() const { return sent->verified; }
  std::string_view body() const { return verified().encoding == "gzip" ? inflated : sent->request.body; }
};

Ingest::Ingest(Entities& entities, store::BatchWriter& writer, IngestOptions options)
    : writer_(writer),
      options_(std::move(options)),
      check_(entities, {options_.min_agent_version, options_.now, options_.log, options_.clock_refused}),
      limiter_(options_.rate) {}

bool Ingest::unpack(Work& work, Answer& refusal) const {
  const Verified& verified = work.verified();
  if (verified.encoding == "gzip") {
    switch (inflate_gzip(work.sent->request.body, limits::kInflatedBytes, work.inflated)) {
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
    JsonText text(JsonText::Reader::program);
    text.begin_object().member("error", "nothing_acceptable").member("message", "no line of the batch is an event");
    rejections(text, work.rejected);
    text.end_object();
    refusal = json_answer(400, text.take());
    return false;
  }
  return true;
}

bool Ingest::unpack_within_rate(Work& work, Answer& refusal) {
  const std::string& token = work.verified().sender.token;
  const std::size_t most = most_lines(work.sent->request.body, work.verified().encoding);
  if (const auto seconds = limiter_.reserve(token, most, RateLimiter::Clock::now())) {
    refusal = too_fast(*seconds, "events");
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
    ++failures_;
    options_.log(appended.error().message);
    answer = unavailable();
  } else {
    JsonText text(JsonText::Reader::program);
    text.begin_object().count("accepted", appended->accepted).count("duplicates", appended->duplicates);
    if (appended->batch_known) text.member("duplicate", true);
    // A repeated batch names its bad lines again: the first answer may have been lost on its way.
    rejections(text, work.rejected);
    text.end_object();
    answer = json_answer(appended->batch_known || !work.rejected.empty() ? 200 : 202, text.take());
    if (!work.rejected.empty()) {
      options_.log(fmt::format("entity {}: {} of {} lines rejected, the first is line {}: {}", work.verified().sender.token,
                               work.rejected.size(), work.rejected.size() + appended->accepted + appended->duplicates,
                               work.rejected.front().line, name_of(work.rejected.front().fault)));
    }
    if (appended->unnumbered != 0) {
      options_.log(
          fmt::format("entity {}: {} events are of types beyond those the store numbers: they are stored, but "
                      "found more slowly; look for a sender that invents types",
                      work.verified().sender.token, appended->unnumbered));
    }
  }
  reply(std::move(answer));
}

void Ingest::ingest(std::shared_ptr<const SignedRequest> sent, const Reply& reply) {
  auto work = std::make_shared<Work>(std::move(sent));
  Answer refusal;
  if (!unpack_within_rate(*work, refusal)) return reply(std::move(refusal));
  work->batch.entity = work->verified().sender.token;
  work->batch.id = work->verified().batch;
  work->batch.received_at = options_.now();
  work->batch.rejected = static_cast<std::uint32_t>(work->rejected.size());
  work->user_agent = work->sent->request.joined("User-Agent");
  constexpr std::size_t kVersionBytes = 32;
  work->batch.agent = agent_version(work->user_agent).substr(0, kVersionBytes);
  work->batch.sent = work->verified().timestamp;
  // The views in the batch point into *work, which the callback keeps, and who looks at the batch afterwards.
  store::Batch batch = std::move(work->batch);
  batch.owner = work;
  writer_.append(std::move(batch),
                 [this, work, reply](const Result<store::Appended>& appended) { finish(*work, appended, reply); });
}

Answer Ingest::ping(const SignedRequest& sent) {
  const Sender& sender = sent.verified.sender;
  if (const auto seconds = limiter_.wait(sender.token, RateLimiter::Clock::now())) return too_fast(*seconds, "events");
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("status", "ok").member("entity", sender.token).member("name", sender.name);
  text.number("server_time", options_.now()).end_object();
  return json_answer(200, text.take());
}

std::vector<server::Route> Ingest::routes() {
  return {signed_route(wire::kIngestPath, limits::kWireBytes, check_,
                       [this](auto sent, const Reply& reply) { ingest(std::move(sent), reply); }),
          signed_route(wire::kPingPath, limits::kWireBytes, check_,
                       [this](const auto& sent, const Reply& reply) { reply(ping(*sent)); })};
}

}  // namespace logystera::gateway
