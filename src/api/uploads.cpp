// Logs that programs hand over to be looked at (POST /api/v1/uploads): the same desk as the page's, in JSON. Nothing is stored.
#include "api/api.hpp"
#include "api/problem.hpp"
#include "core/clock.hpp"

namespace logystera::api {
namespace {

using analysis::UploadReport;
using server::Answer;
using server::Request;

constexpr std::size_t kNameBytes = 255;

std::string_view name_of(analysis::UploadEnd end) noexcept {
  switch (end) {
    case analysis::UploadEnd::whole: return "whole";
    case analysis::UploadEnd::time: return "time";
    case analysis::UploadEnd::stopped: return "stopped";
    case analysis::UploadEnd::problem: return "problem";
  }
  return "";
}

void put_moment(JsonText& json, bool known, std::int64_t time_ns) {
  json.key("timestamp");
  if (known) json.string(rfc3339(time_ns));
  else json.null();
}

std::string json_of(const upload::Wish& wish, const UploadReport& report) {
  const parse::SourceCounts& counts = report.log.counts;
  JsonText json;
  json.begin_object().member("name", wish.name).member("mode", redact::mode_name(report.mode));
  json.member("looked_at", name_of(report.end));
  put_text(json, "problem", report.log.problem ? report.log.problem->message : std::string());
  json.member("format", report.log.format);
  put_text(json, "compression", report.log.compression);
  json.count("bytes", counts.bytes).count("lines", counts.lines).count("records", counts.records);
  json.count("unparsed", counts.unparsed).count("truncated", counts.truncated);
  json.key("personal_data").begin_object();
  for (std::size_t i = 0; i < report.log.redacted.size(); ++i) {
    if (report.log.redacted[i] != 0) json.count(redact::kind_prefix(static_cast<redact::Kind>(i)), report.log.redacted[i]);
  }
  json.end_object().count("findings_total", report.findings_total()).key("findings_by_severity").begin_object();
  for (std::size_t i = 0; i < kLevels; ++i) json.count(level_name(static_cast<Level>(i)), report.by_level[i]);
  json.end_object().key("rules").begin_array();
  for (const UploadReport::Rule& rule : report.rules) {
    json.begin_object().member("rule_id", rule.id).member("title", rule.title);
    json.member("severity", level_name(rule.level)).count("findings", rule.findings).end_object();
  }
  json.end_array().key("findings").begin_array();
  for (const analysis::Finding& finding : report.findings) {
    json.begin_object().member("rule_id", finding.rule).member("severity", level_name(finding.level));
    json.member("title", finding.title).member("message", finding.message);
    json.key("line");
    if (finding.line == 0) json.null();
    else json.integer(static_cast<std::int64_t>(finding.line));
    put_moment(json, finding.time_known, finding.time_ns);
    json.count("hits", finding.hits);
    store::append_who(json, finding.who);
    json.end_object();
  }
  json.end_array().key("sample").begin_array();
  for (const analysis::UploadedEvent& event : report.sample) {
    json.begin_object().count("line", event.line).member("severity", severity_name(event.severity));
    put_moment(json, event.time_known, event.time_ns);
    json.member("message", event.message).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

// Takes nothing and says why.
class Refusing final : public server::BodyReader {
 public:
  explicit Refusing(Answer answer) : answer_(std::move(answer)) {}
  bool take(std::string_view) override { return false; }
  void finish(bool, server::Reply reply) override { reply(std::move(answer_)); }

 private:
  Answer answer_;
};

}  // namespace

Answer Api::looked_at_upload(const Request& request, const upload::Wish& wish, const Result<UploadReport>& report) const {
  if (report) return server::json_answer(200, json_of(wish, report.value()));
  const Error& error = report.error();
  switch (error.kind) {
    case ErrorKind::too_large: return refusal(request, 413, "too_large", error.message);
    case ErrorKind::invalid: return refusal(request, 400, "invalid_parameter", error.message);
    case ErrorKind::busy: {
      Answer answer = refusal(request, 503, "busy", error.message);
      answer.headers.emplace_back("Retry-After", "3");
      return answer;
    }
    default: return failed(request, error);
  }
}

server::Route Api::upload_route() {
  const auto show = [this](const Request& request, const upload::Wish& wish, const Result<UploadReport>& report) {
    return finished(looked_at_upload(request, wish, report));
  };
  server::Route made;
  made.method = "POST";
  made.path = "/api/v1/uploads";
  made.role = "analyst";
  made.body_bytes = parts_.desk.body_bytes();
  made.receiver = [this, take = parts_.desk.takes_file(show, [](const Request&) { return true; })](
                      Request request) -> std::unique_ptr<server::BodyReader> {
    const Rates::Taken taken = rates_.take(asker(request), Rates::Clock::now());
    if (!taken.allowed) return std::make_unique<Refusing>(finished(too_many(request, taken.next_seconds)));
    query::Parameters parameters(request.query);
    (void)parameters.text("name", kNameBytes);
    (void)parameters.word("mode", {"redact", "mask", "dry-run"});
    if (const auto faults = parameters.finish(); !faults.empty())
      return std::make_unique<Refusing>(finished(invalid_parameters(request, faults)));
    return take(std::move(request));
  };
  return made;
}

}  // namespace logystera::api
