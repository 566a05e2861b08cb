#include "source/opensearch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "parse/severity.hpp"
#include "parse/timestamp.hpp"
#include "source/json_answer.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kPage = 1'000, kPageMost = 10'000;  // index.max_result_window's default
constexpr std::int64_t kTickNs = 1'000'000;               // a field of type date
constexpr const char* kKeepAlive = "2m";
constexpr std::string_view kMessages[] = {"event.original", "log", "body"};  // where there is no message
constexpr std::string_view kHosts[] = {"host.name", "host.hostname", "host", "hostname"};
constexpr std::string_view kLevels[] = {"log.level", "level", "severity"};
constexpr std::size_t kNameBytes = 1'024;
constexpr int kNotFound = 404, kBadRequest = 400;

bool holds(std::string_view text, std::string_view part) noexcept { return text.find(part) != text.npos; }

struct Version {
  int major = 0, minor = 0;
  bool at_least(int a, int b) const noexcept { return major > a || (major == a && minor >= b); }
};

Version version_of(std::string_view text) noexcept {
  Version version;
  const char* const end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.major);
  if (major.ec == std::errc() && major.ptr != end && *major.ptr == '.') std::from_chars(major.ptr + 1, end, version.minor);
  return version;
}

// A sort value: nanoseconds, or a time in words. Before 7.2 numeric_type is not known.
bool take_time(const rapidjson::Value& value, std::int64_t& ns) {
  const std::string_view text = text_of(&value);
  if (!is_number(value)) return parse::read_iso_time(text, parse::TimeContext(), ns) == text.size() && !text.empty();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ns);
  return error == std::errc() && end == text.data() + text.size();
}

// `body` outlives it.
net::Request request_of(const char* method, const std::string& path, const std::string& body) {
  net::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  return request;
}

const std::string* value_of(const std::vector<EntryField>& fields, std::string_view name) {
  const EntryField* const field = name.empty() ? nullptr : field_of(fields, name);
  return field ? &field->value : nullptr;
}

std::optional<Severity> severity_of(const std::vector<EntryField>& fields, const std::string& name) {
  Severity severity = Severity::info;
  if (const std::string* word = value_of(fields, name)) {
    if (parse::severity_of_word(*word, severity)) return severity;
    if (word->size() == 1 && word->front() >= '0' && word->front() <= '7')
      return parse::severity_of_priority(static_cast<unsigned>(word->front() - '0'));
  }
  for (const std::string_view other : kLevels)
    if (const std::string* word = value_of(fields, other); word && parse::severity_of_word(*word, severity))
      return severity;
  return std::nullopt;
}

}  // namespace

std::optional<Error> wrong_with_index(const std::string& index) {
  constexpr std::string_view kForbidden = " \"/\\?#|\r\n\t";
  const bool good =
      !index.empty() && index.size() <= kNameBytes && index.front() != '_' && index.find_first_of(kForbidden) == index.npos;
  if (good) return std::nullopt;
  return Error{"an index is a name like logs-2026, with * for anything, or several with commas between",
               ErrorKind::invalid};
}

OpensearchStore::OpensearchStore(net::Server server, OpensearchTarget target, const std::atomic<bool>* stop)
    : target_(std::move(target)), client_(std::move(server), stop) {}

OpensearchStore::~OpensearchStore() { OpensearchStore::end_look(); }

PagedStore::Bounds OpensearchStore::bounds() const {
  return {.page = kPage, .page_most = kPageMost, .tick_ns = kTickNs, .asks_ties = info_.points_in_time && info_.shard_doc};
}

std::string OpensearchStore::place() const { return client_.server().base() + index_path() + "/_search"; }

std::string OpensearchStore::index_path() const {
  std::string path = "/";
  for (const char c : target_.index) path += c == ',' || c == '*' ? std::string(1, c) : net::escape({&c, 1});
  return path;
}

net::Outcome OpensearchStore::send(const char* method, const std::string& path, const std::string& body) {
  return client_.send(request_of(method, path, body));
}

std::string OpensearchStore::search_path() const { return point_.empty() ? index_path() + "/_search" : "/_search"; }

void OpensearchStore::ahead(const Ask& ask) {
  if (ask.ties) return;
  const std::string body = body_of(ask);
  client_.begin(request_of("POST", search_path(), body));
}

net::Outcome OpensearchStore::learn() {
  net::Outcome outcome = send("GET", "/", "");
  if (!outcome.ok()) return outcome;
  const auto fail = [&](const std::string& what) {
    outcome.fault = net::Fault::configuration;
    outcome.error = Error{fmt::format("{}/: {}: is this an OpenSearch or Elasticsearch?", client_.server().base(), what),
                          ErrorKind::broken};
    return outcome;
  };
  auto json = JsonAnswer::read(outcome.answer.body);
  if (!json) return fail(json.error().message);
  const rapidjson::Value* const version = member(&json->root(), "version");
  info_.version = text_of(member(version, "number"));
  if (info_.version.empty()) return fail("its answer holds no version");
  is_opensearch_ = text_of(member(version, "distribution")) == "opensearch";
  info_.distribution = is_opensearch_ ? "opensearch" : "elasticsearch";
  info_.name = text_of(member(&json->root(), "name"));
  info_.cluster = text_of(member(&json->root(), "cluster_name"));
  const Version known = version_of(info_.version);
  info_.points_in_time = is_opensearch_ ? known.at_least(2, 4) : known.at_least(7, 12);
  info_.shard_doc = is_opensearch_ ? known.at_least(3, 3) : known.at_least(7, 12);
  formats_times_ = !is_opensearch_ && known.at_least(7, 13);
  known_ = true;
  return outcome;
}

Result<OpensearchInfo> OpensearchStore::info() {
  if (net::Outcome outcome = learn(); !outcome.ok()) return outcome.error;
  OpensearchInfo info = info_;
  info.index = target_.index;
  if (net::Outcome health = send("GET", "/_cluster/health", ""); health.ok())
    if (auto json = JsonAnswer::read(std::move(health.answer.body))) info.health = text_of(member(&json->root(), "status"));
  // Asked for as entries are, so that what a user may read shows.
  net::Outcome count = send("GET", index_path() + "/_count", "");
  if (count.fault == net::Fault::credentials) return count.error;
  if (count.ok())
    if (auto json = JsonAnswer::read(std::move(count.answer.body))) {
      const std::string_view number = text_of(member(&json->root(), "count"));
      std::from_chars(number.data(), number.data() + number.size(), info.documents);
    }
  return info;
}

// What is read once stays as it was when it began.
PagedStore::Page OpensearchStore::open_point() {
  const std::string path =
      index_path() + (is_opensearch_ ? "/_search/point_in_time" : "/_pit") + "?keep_alive=" + kKeepAlive;
  net::Outcome outcome = send("POST", path, "");
  if (!outcome.ok()) {
    const int status = outcome.answer.status;
    // A user may be allowed to search and nothing else; an old server has none.
    const bool without =
        outcome.fault == net::Fault::credentials || status == kNotFound || status == kBadRequest || status == 405;
    if (!without) return failed(std::move(outcome));
    no_points_ = true;
    return {};
  }
  auto json = JsonAnswer::read(std::move(outcome.answer.body));
  if (!json) return wrong(fmt::format("{}: {}", place(), json.error().message));
  point_ = text_of(member(&json->root(), is_opensearch_ ? "pit_id" : "id"));
  no_points_ = point_.empty();
  return {};
}

void OpensearchStore::end_look() {
  if (point_.empty()) return;
  JsonText body(JsonText::Reader::program);
  body.begin_object();
  if (is_opensearch_) body.key("pit_id").begin_array().string(point_).end_array();
  else body.member("id", point_);
  body.end_object();
  point_.clear();
  // Also when the user has interrupted it: the server would hold it for minutes.
  net::Client closing(client_.server());
  net::Request request;
  request.method = "DELETE";
  request.path = is_opensearch_ ? "/_search/point_in_time" : "/_pit";
  request.body = body.text();
  request.headers.emplace_back("Content-Type", "application/json");
  request.deadline = std::chrono::seconds(5);
  (void)closing.send(request);
}

std::string OpensearchStore::body_of(const Ask& ask) const {
  const bool by_cursor = !point_.empty();
  JsonText out(JsonText::Reader::program);
  out.begin_object().count("size", ask.limit).member("track_total_hits", false);
  out.key("query").begin_object().key("bool").begin_object().key("filter").begin_array();
  out.begin_object().key("range").begin_object().key(target_.timestamp_field).begin_object();
  out.member("gte", rfc3339(ask.from_ns)).member("lt", rfc3339(ask.until_ns)).member("format", "strict_date_optional_time");
  out.end_object().end_object().end_object();
  if (!target_.query.empty()) {
    out.begin_object().key("query_string").begin_object().member("query", target_.query);
    out.end_object().end_object();
  }
  out.end_array().end_object().end_object();
  out.key("sort").begin_array().begin_object().key(target_.timestamp_field).begin_object();
  out.member("order", "asc").member("numeric_type", "date_nanos").member("unmapped_type", "date");
  if (formats_times_) out.member("format", "strict_date_optional_time_nanos");
  out.end_object().end_object();
  if (by_cursor) out.begin_object().member("_shard_doc", "asc").end_object();
  out.end_array();
  if (by_cursor) {
    out.key("pit").begin_object().member("id", point_).member("keep_alive", kKeepAlive).end_object();
    if (!ask.cursor.empty()) out.key("search_after").raw(ask.cursor);
  }
  out.end_object();
  return out.text();
}

PagedStore::Page OpensearchStore::refusal(net::Outcome outcome, const Ask& ask) {
  const int status = outcome.answer.status;
  const std::string said = std::move(outcome.answer.body);
  Page page = failed(std::move(outcome));
  if (!point_.empty() && status == kNotFound && holds(said, "search_context_missing")) {
    point_.clear();
    page.refused = Refused::cursor;
  } else if (status == kBadRequest && holds(said, "Result window is too large")) {
    constexpr std::string_view kMost = "less than or equal to: [";
    const std::size_t at = said.find(kMost);
    page.refused = Refused::limit;
    if (at != said.npos) std::from_chars(said.data() + at + kMost.size(), said.data() + said.size(), page.most);
  } else if (page.error.kind == ErrorKind::too_large) {
    page.refused = Refused::limit;
  } else if (!point_.empty() && status == kBadRequest && holds(said, "_shard_doc")) {
    // A version that is said to have it, and has not.
    info_.shard_doc = false;
    end_look();
    if (!ask.cursor.empty()) page.refused = Refused::cursor;
    else return this->page(ask);
  }
  return page;
}

PagedStore::Page OpensearchStore::page(const Ask& ask) {
  if (!known_)
    if (net::Outcome outcome = learn(); !outcome.ok()) return failed(std::move(outcome));
  const bool wants_point = (ask.once || ask.ties) && info_.points_in_time && info_.shard_doc && !no_points_;
  if (wants_point && point_.empty()) {
    if (!ask.cursor.empty()) {
      Page lost;
      lost.refused = Refused::cursor;
      return lost;
    }
    if (Page opened = open_point(); opened.fault != net::Fault::none) return opened;
  }
  if (ask.ties && point_.empty()) {  // no other way: what fits a page
    Page page;
    page.full = false;
    page.notices.push_back(
        fmt::format("more than {} entries at {}: some of them may be missing", ask.limit, rfc3339(ask.from_ns)));
    return page;
  }
  net::Outcome outcome = send("POST", search_path(), body_of(ask));
  if (!outcome.ok()) return refusal(std::move(outcome), ask);
  return read(std::move(outcome.answer), ask);
}

PagedStore::Page OpensearchStore::read(net::Answer answer, const Ask& ask) {
  auto json = JsonAnswer::read(std::move(answer.body));
  if (!json) return wrong(fmt::format("{}: {}", place(), json.error().message));
  const rapidjson::Value& root = json->root();
  const rapidjson::Value* const hits = member(member(&root, "hits"), "hits");
  if (!hits || !hits->IsArray()) return wrong(fmt::format("{}: its answer holds no hits", place()));
  // What some shards did not answer would never be asked for again.
  const rapidjson::Value* const shards = member(&root, "_shards");
  const std::string_view failures = text_of(member(shards, "failed"));
  const rapidjson::Value* const timed_out = member(&root, "timed_out");
  Page page;
  if ((!failures.empty() && failures != "0") || (timed_out && timed_out->IsTrue())) {
    page.fault = net::Fault::passing;
    page.error = Error{fmt::format("{}: {} of {} shards did not answer{}", place(), failures.empty() ? "some" : failures,
                                   text_of(member(shards, "total")), timed_out && timed_out->IsTrue() ? " in time" : ""),
                       ErrorKind::busy};
    return page;
  }
  if (text_of(member(shards, "total")) == "0") page.notices.push_back(fmt::format("no index is called {}", target_.index));
  if (const std::string_view renewed = text_of(member(&root, "pit_id")); !point_.empty() && !renewed.empty())
    point_ = renewed;
  page.entries.reserve(std::min<std::size_t>(hits->Size(), ask.limit));
  for (const rapidjson::Value& hit : hits->GetArray()) {
    const rapidjson::Value* const sort = member(&hit, "sort");
    const rapidjson::Value* const source = member(&hit, "_source");
    Entry entry;
    if (!sort || !sort->IsArray() || sort->Empty() || !take_time((*sort)[0], entry.time_ns))
      return wrong(
          fmt::format("{}: its answer holds an entry without a time: is {} a date?", place(), target_.timestamp_field));
    entry.identity = text_of(member(&hit, "_index"));
    entry.identity += '\0';
    entry.identity += text_of(member(&hit, "_id"));
    if (&hit == hits->End() - 1 && !point_.empty()) page.cursor = json_of(*sort);
    auto origin = std::make_shared<EntryOrigin>();
    if (source && source->IsObject()) {
      entry.fields = flat_fields(*source);
      const std::string* message = value_of(entry.fields, target_.message_field);
      std::string_view from = message ? std::string_view(target_.message_field) : std::string_view();
      for (const std::string_view name : kMessages)
        if (!message && (message = value_of(entry.fields, name))) from = name;
      entry.text = message ? *message : json_of(*source);
      entry.severity = severity_of(entry.fields, target_.severity_field);
      if (const std::string* host = value_of(entry.fields, target_.host_field)) origin->host = *host;
      for (const std::string_view name : kHosts)
        if (origin->host.empty())
          if (const std::string* host = value_of(entry.fields, name)) origin->host = *host;
      std::erase_if(entry.fields,
                    [&](const EntryField& field) { return field.name == from || field.name == target_.timestamp_field; });
      if (!message) entry.fields.clear();
    }
    origin->group = entry.identity.substr(0, entry.identity.find('\0')) + '\0' + origin->host;
    entry.origin = std::move(origin);
    page.entries.push_back(std::move(entry));
  }
  page.full = page.entries.size() >= ask.limit;
  if (!page.full) page.cursor.clear();
  return page;
}

}  // namespace logystera::source
