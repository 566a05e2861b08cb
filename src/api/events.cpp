// Lines that are handed in to be looked at (POST /api/v1/events); what is found in them is stored where that is asked for. GET is
// another thing: /api/v1/signals.
#include <fmt/core.h>

#include <iterator>

#include "analysis/tracking.hpp"
#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"

namespace logystera::api {
namespace {

constexpr std::string_view kSource = "api-ingest";
constexpr std::size_t kFormatBytes = 64;

struct Handed {
  std::string raw, source, format;
};

std::optional<Handed> handed_in(Body& body, const rapidjson::Value& value, const std::string& place) {
  if (!body.is_object(value, place, {"raw", "source", "format"})) return std::nullopt;
  Handed handed;
  const auto raw = body.text(value, place, "raw", kRawBytes);
  handed.source = body.text(value, place, "source", query::kNameBytes).value_or(std::string(kSource));
  handed.format = body.text(value, place, "format", kFormatBytes).value_or("");
  if (!raw || raw->empty()) body.say(place + "/raw", "raw must be the line, as a string");
  else if (raw->find('\n') != std::string::npos && raw->find('\n') + 1 != raw->size()) {
    body.say(place + "/raw", "raw must be one line: send several as an array");
  }
  if (handed.source.empty()) handed.source = kSource;
  if (!body.sound()) return std::nullopt;
  handed.raw = *raw;
  return handed;
}

void put(JsonText& json, const Looked& looked) {
  json.begin_object().member("parsed", looked.parsed).key("findings").begin_array();
  for (const analysis::Finding& finding : looked.findings) put_finding(json, finding);
  json.end_array().end_object();
}

}  // namespace

using server::Answer;
using server::Request;

Answer Api::look_at_events(const Request& request) {
  query::Parameters parameters(request.query);
  const bool stores = parameters.boolean("store").value_or(false);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  if (stores && !who(request).may(web::Role::analyst))
    return refusal(request, 403, "forbidden", "to store what is found takes the role analyst");
  if (stores && !who(request).all_sites) {
    return refusal(request, 403, "restricted",
                   "what is found in logs belongs to no site: whoever sees some sites only cannot store it");
  }
  Body body(request.body);
  if (!body.sound()) return invalid(request, body);
  const bool several = body.whole().IsArray();
  if (several && body.whole().Size() > kEventsMost) {
    return invalid_body(request, "", fmt::format("a call may hand in {} lines, got {}", kEventsMost, body.whole().Size()));
  }
  std::vector<Handed> lines;
  if (several) {
    for (const auto& value : body.whole().GetArray()) {
      auto handed = handed_in(body, value, fmt::format("/{}", lines.size()));
      if (!handed) return invalid(request, body);
      lines.push_back(std::move(*handed));
    }
  } else {
    auto handed = handed_in(body, body.whole(), "");
    if (!handed) return invalid(request, body);
    lines.push_back(std::move(*handed));
  }
  const std::string sender = asker(request);
  std::vector<analysis::Finding> found;
  JsonText json;
  if (several) json.begin_array();
  for (std::size_t number = 0; number < lines.size(); ++number) {
    const Handed& line = lines[number];
    auto looked = warm_.look(sender, line.source, line.raw, line.format);
    if (!looked) {
      const std::string place = several ? fmt::format("/{}/format", number) : "/format";
      if (looked.error().kind == ErrorKind::not_found) return invalid_body(request, place, looked.error().message, 422);
      return failed(request, looked.error());
    }
    put(json, looked.value());
    if (stores) std::move(looked->findings.begin(), looked->findings.end(), std::back_inserter(found));
  }
  if (several) json.end_array();
  Answer answer = server::json_answer(200, json.take());
  if (!stores) return answer;
  if (auto stored = store_findings(request, found, answer); !stored) return failed(request, stored.error());
  return answer;
}

// Findings, audit and answer, all or nothing.
Result<Done> Api::store_findings(const Request& request, const std::vector<analysis::Finding>& findings,
                                 const Answer& answer) {
  auto transaction = parts_.store.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  std::uint64_t added = 0;
  for (const analysis::Finding& finding : findings) {
    store::Finding row = analysis::stored_finding(finding);
    if (!finding.time_known) row.time = parts_.now();
    auto fresh = stores.findings().add(row);
    if (!fresh) return fresh.error();
    added += fresh.value();
  }
  if (added > 0) {
    JsonText after;
    after.begin_object().count("findings", added).end_object();
    if (auto noted = audit_.note(stores, request, "finding.store", findings.front().source, "", after.text()); !noted)
      return noted;
  }
  if (auto kept = once_.keep(stores, request, asker(request), answer); !kept) return kept;
  return transaction.value()->commit();
}

}  // namespace logystera::api
