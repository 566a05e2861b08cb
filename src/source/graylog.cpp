#include "source/graylog.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/json_text.hpp"
#include "parse/severity.hpp"
#include "parse/timestamp.hpp"
#include "source/json_answer.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kPage = 1'000, kPageMost = 10'000;  // the index's window
constexpr std::int64_t kTickNs = 1'000'000;
constexpr const char* kUniversal = "/api/search/universal/absolute";
constexpr const char* kMessages = "/api/search/messages";
constexpr int kNotFound = 404;
constexpr std::string_view kTheirOwn[] = {"_id", "timestamp", "message", "level", "source", "full_message"};
// What rows are asked for: a message says no more than that there.
constexpr std::string_view kRowFields[] = {"_id", "timestamp", "source", "message", "level", "facility", "full_message"};

// "2026-05-18T10:00:01.123Z": exactly three digits.
std::string time_text(std::int64_t ns) {
  const std::int64_t ms = ns / kTickNs;
  std::string text = rfc3339(ms / 1'000 * kSecondNs);
  text.pop_back();
  return fmt::format("{}.{:03}Z", text, ms % 1'000);
}

bool take_time(std::string_view text, std::int64_t& ns) {
  return !text.empty() && parse::read_iso_time(text, parse::TimeContext(), ns) == text.size();
}

// `body` outlives it.
net::Request request_of_rows(const std::string& body) {
  net::Request request;
  request.method = "POST";
  request.path = kMessages;
  request.body = body;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}, {"X-Requested-By", "logystera"}};
  return request;
}

// Made of a message's fields; false: it has no time.
bool make_entry(std::vector<EntryField> fields, Entry& entry) {
  const auto value = [&fields](std::string_view name) -> std::string {
    const EntryField* const field = field_of(fields, name);
    return field ? field->value : std::string();
  };
  if (!take_time(value("timestamp"), entry.time_ns)) return false;
  entry.identity = value("_id");
  entry.text = value("message");
  if (const std::string full = value("full_message"); full.starts_with(entry.text)) entry.text = full;
  const std::string level = value("level");
  Severity severity = Severity::info;
  if (level.size() == 1 && level[0] >= '0' && level[0] <= '7')
    entry.severity = parse::severity_of_priority(static_cast<unsigned>(level[0] - '0'));
  else if (parse::severity_of_word(level, severity)) entry.severity = severity;
  auto origin = std::make_shared<EntryOrigin>();
  origin->host = value("source");
  origin->group = origin->host;
  origin->group += '\0';
  origin->group += value("facility");
  // Graylog's own notes of how a message came: node, input, ids of its indices.
  std::erase_if(fields, [](const EntryField& field) {
    return field.name.starts_with("gl2_") ||
           (field.name != "source" &&
            std::find(std::begin(kTheirOwn), std::end(kTheirOwn), field.name) != std::end(kTheirOwn));
  });
  entry.fields = std::move(fields);
  entry.origin = std::move(origin);
  return true;
}

}  // namespace

std::optional<Error> wrong_with_stream(const std::string& id) {
  constexpr std::size_t kBytes = 64;
  const bool good = !id.empty() && id.size() <= kBytes &&
                    id.find_first_not_of("0123456789abcdefABCDEFghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUVWXYZ-_") == id.npos;
  if (good) return std::nullopt;
  return Error{"a stream is named by its id, as its page's address has it: 000000000000000000000001", ErrorKind::invalid};
}

GraylogStore::GraylogStore(net::Server server, GraylogTarget target, const std::atomic<bool>* stop)
    : target_(std::move(target)), client_(std::move(server), stop) {}

PagedStore::Bounds GraylogStore::bounds() const { return {.page = kPage, .page_most = kPageMost, .tick_ns = kTickNs}; }

PagedStore::Page GraylogStore::refusal(net::Outcome outcome) const {
  Page page = failed(std::move(outcome));
  if (page.error.kind == ErrorKind::too_large) page.refused = Refused::limit;
  return page;
}

net::Request GraylogStore::request_of(const Ask& ask) const {
  std::vector<std::pair<std::string, std::string>> values{
      {"query", target_.query},        {"from", time_text(ask.from_ns)},
      {"to", time_text(ask.until_ns)}, {"limit", std::to_string(ask.limit)},
      {"sort", "timestamp:asc"},       {"decorate", "false"}};
  if (!target_.streams.empty()) {
    std::string filter = "streams:";
    for (const std::string& id : target_.streams) filter += (filter.back() == ':' ? "" : ",") + id;
    values.emplace_back("filter", std::move(filter));
  }
  net::Request request;
  request.path = fmt::format("{}?{}", kUniversal, net::query(values));
  // Without it some versions answer CSV.
  request.headers.emplace_back("Accept", "application/json");
  return request;
}

void GraylogStore::ahead(const Ask& ask) {
  if (!by_rows_) return client_.begin(request_of(ask));
  const std::string body = rows_wanted(ask);
  client_.begin(request_of_rows(body));
}

PagedStore::Page GraylogStore::page(const Ask& ask) {
  if (by_rows_) return page_of_messages(ask);
  net::Outcome outcome = client_.send(request_of(ask));
  if (outcome.ok()) return read(std::move(outcome.answer), ask);
  if (outcome.answer.status != kNotFound) return refusal(std::move(outcome));
  Page page = page_of_messages(ask);
  by_rows_ = page.fault == net::Fault::none;
  if (page.error.kind == ErrorKind::not_found) page.error.message += ": is this Graylog's address?";
  return page;
}

std::string GraylogStore::rows_wanted(const Ask& ask) const {
  JsonText body(JsonText::Reader::program);
  body.begin_object().member("query", target_.query);
  if (!target_.streams.empty()) {
    body.key("streams").begin_array();
    for (const std::string& id : target_.streams) body.string(id);
    body.end_array();
  }
  body.key("timerange").begin_object().member("type", "absolute");
  body.member("from", time_text(ask.from_ns)).member("to", time_text(ask.until_ns)).end_object();
  body.key("fields").begin_array();
  for (const std::string_view name : kRowFields) body.string(name);
  body.end_array().member("sort", "timestamp").member("sort_order", "Ascending").count("from", 0).count("size", ask.limit);
  body.end_object();
  return body.take();
}

PagedStore::Page GraylogStore::page_of_messages(const Ask& ask) {
  const std::string body = rows_wanted(ask);
  net::Outcome outcome = client_.send(request_of_rows(body));
  return outcome.ok() ? read_rows(std::move(outcome.answer), ask) : refusal(std::move(outcome));
}

PagedStore::Page GraylogStore::read(net::Answer answer, const Ask& ask) const {
  const std::string place = client_.server().base() + kUniversal;
  auto json = JsonAnswer::read(std::move(answer.body));
  if (!json) return wrong(fmt::format("{}: {}: is this Graylog's address?", place, json.error().message));
  const rapidjson::Value* const messages = member(&json->root(), "messages");
  if (!messages || !messages->IsArray())
    return wrong(fmt::format("{}: its answer holds no messages: is this Graylog's address?", place));
  Page page;
  page.entries.reserve(std::min<std::size_t>(messages->Size(), ask.limit));
  for (const rapidjson::Value& one : messages->GetArray()) {
    const rapidjson::Value* const message = member(&one, "message");
    Entry entry;
    if (!message || !make_entry(flat_fields(*message), entry))
      return wrong(fmt::format("{}: its answer holds a message without a time", place));
    page.entries.push_back(std::move(entry));
  }
  page.full = page.entries.size() >= ask.limit;
  return page;
}

PagedStore::Page GraylogStore::read_rows(net::Answer answer, const Ask& ask) const {
  const std::string place = client_.server().base() + kMessages;
  auto json = JsonAnswer::read(std::move(answer.body));
  if (!json) return wrong(fmt::format("{}: {}: is this Graylog's address?", place, json.error().message));
  const rapidjson::Value* const schema = member(&json->root(), "schema");
  const rapidjson::Value* const rows = member(&json->root(), "datarows");
  if (!schema || !schema->IsArray() || !rows || !rows->IsArray())
    return wrong(fmt::format("{}: its answer holds no messages: is this Graylog's address?", place));
  std::vector<std::string> names;
  for (const rapidjson::Value& column : schema->GetArray()) {
    std::string name(text_of(member(&column, "field")));
    if (name.empty()) name = text_of(member(&column, "name"));
    constexpr std::string_view kField = "field: ";
    if (name.starts_with(kField)) name.erase(0, kField.size());
    names.push_back(std::move(name));
  }
  Page page;
  page.entries.reserve(std::min<std::size_t>(rows->Size(), ask.limit));
  for (const rapidjson::Value& row : rows->GetArray()) {
    Entry entry;
    std::vector<EntryField> fields;
    for (rapidjson::SizeType i = 0; row.IsArray() && i < row.Size() && i < names.size(); ++i)
      if (row[i].IsString() && text_of(&row[i]) != "-")
        fields.push_back({names[i], std::string(text_of(&row[i])), is_number(row[i])});
    if (!make_entry(std::move(fields), entry) || entry.identity.empty())
      return wrong(fmt::format("{}: its answer holds a message without a time or an _id", place));
    page.entries.push_back(std::move(entry));
  }
  page.full = page.entries.size() >= ask.limit;
  return page;
}

}  // namespace logystera::source
