#include "source/loki.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/clock.hpp"
#include "parse/severity.hpp"
#include "source/json_answer.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kPage = 5'000;  // what Loki allows unless it is configured otherwise
constexpr std::size_t kPageMost = 50'000;
constexpr std::string_view kHostLabels[] = {"host", "hostname", "nodename", "node_name", "node", "instance"};
constexpr std::string_view kLevelLabels[] = {"level", "severity", "detected_level"};

bool holds(std::string_view text, std::string_view part) noexcept { return text.find(part) != text.npos; }

// "… (5001 > 5000)": the number behind the '>'. 0: none.
std::int64_t limit_named(std::string_view text) noexcept {
  const std::size_t at = text.rfind("> ");
  std::int64_t number = 0;
  if (at != text.npos) std::from_chars(text.data() + at + 2, text.data() + text.size(), number);
  return std::max<std::int64_t>(number, 0);
}

// "… limit: 30d1h)": 0: none.
std::int64_t range_named(std::string_view text) noexcept {
  constexpr std::string_view kLimit = "limit: ";
  const std::size_t at = text.rfind(kLimit);
  if (at == text.npos) return 0;
  text.remove_prefix(at + kLimit.size());
  return loki_span_ns(text.substr(0, text.find_first_of(") \n\"")));
}

std::optional<Severity> severity_in(const std::vector<EntryField>& fields) {
  Severity severity = Severity::info;
  for (const std::string_view name : kLevelLabels)
    if (const EntryField* field = field_of(fields, name); field && parse::severity_of_word(field->value, severity))
      return severity;
  return std::nullopt;
}

std::shared_ptr<const EntryOrigin> origin_of(const rapidjson::Value* labels) {
  auto origin = std::make_shared<EntryOrigin>();
  if (!labels || !labels->IsObject()) return origin;
  origin->fields = flat_fields(*labels);
  std::sort(origin->fields.begin(), origin->fields.end(),
            [](const EntryField& a, const EntryField& b) { return a.name < b.name; });
  for (const EntryField& field : origin->fields) {
    origin->group += field.name;
    origin->group += '\0';
    origin->group += field.value;
    origin->group += '\0';
  }
  for (const std::string_view name : kHostLabels)
    if (const EntryField* host = field_of(origin->fields, name)) {
      origin->host = host->value;
      break;
    }
  return origin;
}

bool take_time(std::string_view text, std::int64_t& ns) noexcept {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ns);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

std::int64_t loki_span_ns(std::string_view text) noexcept {
  constexpr std::int64_t kMost = INT64_MAX / 2;
  double total = 0;
  while (!text.empty()) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0) return 0;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, letters);
    constexpr std::pair<std::string_view, double> kUnits[] = {{"w", 604'800e9}, {"d", 86'400e9}, {"h", 3'600e9},
                                                              {"m", 60e9},      {"s", 1e9},      {"ms", 1e6}};
    const auto* const known =
        std::find_if(std::begin(kUnits), std::end(kUnits), [&](const auto& u) { return u.first == unit; });
    if (known == std::end(kUnits)) return 0;
    total += number * known->second;
    text.remove_prefix(letters);
  }
  return total < static_cast<double>(kMost) ? static_cast<std::int64_t>(total) : kMost;
}

LokiStore::LokiStore(net::Server server, LokiTarget target, const std::atomic<bool>* stop)
    : target_(std::move(target)), client_(std::move(server), stop) {}

PagedStore::Bounds LokiStore::bounds() const { return {.page = kPage, .page_most = kPageMost}; }

net::Request LokiStore::request_of(const Ask& ask) const {
  net::Request request;
  request.path = "/loki/api/v1/query_range?" + net::query({{"query", target_.query},
                                                           {"start", std::to_string(ask.from_ns)},
                                                           {"end", std::to_string(ask.until_ns)},
                                                           {"limit", std::to_string(ask.limit)},
                                                           {"direction", "forward"}});
  if (!target_.tenant.empty()) request.headers.emplace_back("X-Scope-OrgID", target_.tenant);
  return request;
}

void LokiStore::ahead(const Ask& ask) { client_.begin(request_of(ask)); }

PagedStore::Page LokiStore::page(const Ask& ask) {
  net::Outcome outcome = client_.send(request_of(ask));
  if (outcome.ok()) return read(std::move(outcome.answer), ask);
  constexpr int kBadRequest = 400;
  const bool bad = outcome.answer.status == kBadRequest;
  const std::string said = std::move(outcome.answer.body);
  Page page = failed(std::move(outcome));
  if (bad && holds(said, "max entries limit")) {
    page.refused = Refused::limit;
    page.most = limit_named(said.substr(0, said.find(')')));
  } else if (bad && holds(said, "query time range exceeds the limit")) {
    page.refused = Refused::range;
    page.most = range_named(said);
  } else if (page.error.kind == ErrorKind::too_large) {
    page.refused = Refused::limit;
  }
  return page;
}

PagedStore::Page LokiStore::read(net::Answer answer, const Ask& ask) const {
  const std::string place = client_.server().base() + "/loki/api/v1/query_range";
  auto json = JsonAnswer::read(std::move(answer.body));
  if (!json) return wrong(fmt::format("{}: {}: is this Loki's address?", place, json.error().message));
  const rapidjson::Value* const data = member(&json->root(), "data");
  const std::string_view type = text_of(member(data, "resultType"));
  if (type == "matrix" || type == "vector" || type == "scalar")
    return wrong(
        fmt::format("{}: the query asks for numbers ({}): leave out rate(), count_over_time() and the like", place, type));
  const rapidjson::Value* const streams = member(data, "result");
  if (type != "streams" || !streams || !streams->IsArray())
    return wrong(fmt::format("{}: its answer holds no streams: is this Loki's address?", place));
  Page page;
  for (const rapidjson::Value& stream : streams->GetArray()) {
    const rapidjson::Value* const values = member(&stream, "values");
    if (!values || !values->IsArray()) return wrong(fmt::format("{}: its answer holds a stream without values", place));
    if (page.entries.empty()) page.entries.reserve(ask.limit);
    const auto origin = origin_of(member(&stream, "stream"));
    const auto severity = severity_in(origin->fields);
    for (const rapidjson::Value& value : values->GetArray()) {
      Entry entry;
      const bool good =
          value.IsArray() && value.Size() >= 2 && value[1].IsString() && take_time(text_of(&value[0]), entry.time_ns);
      if (!good) return wrong(fmt::format("{}: its answer holds an entry without a time or a line", place));
      entry.text = text_of(&value[1]);
      entry.origin = origin;
      if (value.Size() > 2) entry.fields = flat_fields(value[2]);
      entry.severity = severity;
      if (!severity) entry.severity = severity_in(entry.fields);
      page.entries.push_back(std::move(entry));
    }
  }
  page.full = page.entries.size() >= ask.limit;
  return page;
}

}  // namespace logystera::source
