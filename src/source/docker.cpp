#include "source/docker.hpp"

#include <fmt/core.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <algorithm>
#include <charconv>
#include <deque>
#include <set>
#include <utility>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"
#include "net/streams.hpp"
#include "parse/detection.hpp"
#include "parse/line_records.hpp"
#include "source/docker_lines.hpp"
#include "source/overlap.hpp"

namespace logystera::source {
namespace {

using Clock = std::chrono::steady_clock;

constexpr unsigned kApiMinor = 43;  // of version 1: what is asked here has been the same since long before
constexpr std::int64_t kOverlapNs = 5 * kSecondNs;
constexpr std::size_t kBatchBytes = 256 * 1024, kSampleBytes = 64 * 1024, kWaitingLines = 32'768;
constexpr std::chrono::seconds kListEvery{10}, kRemembered{600}, kBackoffMost{60}, kAskMost{60};
constexpr std::chrono::milliseconds kQuiet{300};
constexpr std::string_view kPositionHead = "docker1\n";

Error failed(const net::Outcome& outcome) { return outcome.error; }

const rapidjson::Value* member(const rapidjson::Value* value, const char* name) {
  if (!value || !value->IsObject()) return nullptr;
  const auto found = value->FindMember(name);
  return found == value->MemberEnd() ? nullptr : &found->value;
}
std::string text_of(const rapidjson::Value* value) {
  return value && value->IsString() ? std::string(value->GetString(), value->GetStringLength()) : std::string();
}

rapidjson::Document parsed(const std::string& text) {
  rapidjson::Document document;
  if (json::depth(text) <= net::kJsonDepth) document.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (document.HasParseError()) document.SetNull();
  return document;
}

// Of a container's name and image, which are somebody else's texts in a path.
bool plain_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= 128 &&
         std::all_of(id.begin(), id.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

struct Listed {
  std::string id, name, image;
  bool runs = false;
};

// Records point at its texts.
struct ContainerPart final : Part {
  std::string id, image;
};

struct LineMark {
  std::int64_t time_ns;
  bool error, truncated;
};

// A container: its lines as they come, and the records they make.
struct Container {
  Listed is;
  std::shared_ptr<ContainerPart> part;
  bool terminal = false;
  std::optional<DockerLines> lines;
  std::optional<Overlap> overlap;
  std::optional<parse::TimeContext> time;
  std::unique_ptr<parse::LineRecords> records;
  const parse::Format* format = nullptr;
  std::string pending;           // lines that are no records yet
  std::deque<LineMark> waiting;  // of them
  std::uint64_t first_line = 1;  // the number of the first of them
  std::uint64_t stream = 0;      // 0: not connected
  bool runs = false;
  bool ended = false;    // nothing more to come until it starts again
  bool refused = false;  // its log cannot be read
  bool first_of_answer = false;
  unsigned failures = 0, answers = 0;
  bool resumed = false;
  std::uint64_t older_say = 1, crowded_say = 1;  // when there are that many
  Clock::time_point last_line = Clock::now(), retry_at = Clock::now(), connected_at = Clock::now();
  std::optional<Clock::time_point> gone_at;

  bool full() const noexcept { return pending.size() >= kBatchBytes || waiting.size() >= kWaitingLines; }
};

class Docker final : public RecordSource {
 public:
  Docker(net::Server server, const parse::Formats& formats, FieldNames& names, DockerOptions options)
      : formats_(formats),
        names_(names),
        options_(std::move(options)),
        client_(server, options_.stop),
        streams_(std::move(server), options_.stop) {
    name_field_ = names.add("container.name");
    id_field_ = names.add("container.id");
    image_field_ = names.add("container.image");
  }

  Result<Done> begin();
  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override;
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  const std::string& label() const noexcept override { return label_; }

 private:
  Result<std::vector<Listed>> list();
  net::Outcome ask(const std::string& path) { return client_.send({.path = version_ + path, .deadline = kAskMost}); }
  Result<Done> look_for_containers(bool event);
  void add(const Listed& listed);
  void say_passed_over(Container& container);
  bool inspect(Container& container);
  void connect(Container& container);
  void take(Container& container, std::string& bytes);
  void over(Container& container, const net::Outcome& outcome);
  void keep(Container& container, const DockerLine& line);
  bool hand_out(Container& container, RecordBatch& batch, bool quiet);
  bool detect(Container& container, bool quiet);
  void dress(Container& container, RecordBatch& batch, std::size_t from);
  void reconnect_due();
  void say(std::string text) { notices_.push_back(std::move(text)); }

  const parse::Formats& formats_;
  FieldNames& names_;
  const DockerOptions options_;
  net::Client client_;
  net::Streams streams_;
  const std::string label_ = "docker";
  std::string version_;  // "/v1.41"
  std::map<std::string, std::unique_ptr<Container>> containers_;
  std::map<std::string, std::string> left_;  // of the position that is resumed, by id
  std::map<std::uint64_t, Container*> by_stream_;
  std::shared_ptr<const Part> part_;
  std::string last_handed_out_;  // turns
  std::uint64_t events_ = 0;
  std::int64_t begun_ns_ = 0;
  Clock::time_point listed_at_{};
  std::int64_t listed_ns_ = 0;
  bool event_ = false, daemon_down_ = false, crowded_said_ = false, first_list_ = true;
  std::vector<std::string> notices_;
  FieldId name_field_ = field::none, id_field_ = field::none, image_field_ = field::none;
};

Result<Done> Docker::begin() {
  begun_ns_ = listed_ns_ = wall_ns();
  const net::Outcome ping = client_.send({.path = "/_ping", .deadline = kAskMost});
  if (!ping.ok()) return failed(ping);
  unsigned minor = 0;
  const std::string_view version = ping.answer.header("api-version");
  const auto read = version.starts_with("1.") ? std::from_chars(version.data() + 2, version.data() + version.size(), minor)
                                              : std::from_chars_result{version.data(), std::errc::invalid_argument};
  if (read.ec != std::errc())
    return Error{fmt::format("{} does not answer as Docker does: is it the daemon's address?", client_.server().base()),
                 ErrorKind::invalid};
  version_ = fmt::format("/v1.{}", std::min(minor, kApiMinor));
  if (options_.resume) {
    std::string_view text = options_.resume->text;
    const Error broken{"what is stored of how far Docker's logs were read is damaged", ErrorKind::broken};
    if (!text.starts_with(kPositionHead)) return broken;
    text.remove_prefix(kPositionHead.size());
    while (!text.empty()) {
      const std::size_t end = text.find('\n'), blank = text.find(' ');
      if (end == text.npos || blank > end || !plain_id(text.substr(0, blank))) return broken;
      left_.emplace(text.substr(0, blank), text.substr(blank + 1, end - blank - 1));
      text.remove_prefix(end + 1);
    }
  }
  auto looked = look_for_containers(false);
  if (!looked) return looked;
  for (const std::string& name : options_.names) {
    const bool there = std::any_of(containers_.begin(), containers_.end(),
                                   [&name](const auto& one) { return one.second->is.name == name; });
    if (!there && !options_.follow)
      return Error{fmt::format("there is no {}container {}", options_.all ? "" : "running ", printable(name)),
                   ErrorKind::not_found};
    if (!there) say(fmt::format("there is no container {} yet: it is read once it starts", printable(name)));
  }
  return Done{};
}

Result<std::vector<Listed>> Docker::list() {
  std::string path = options_.all || options_.follow ? "/containers/json?all=1" : "/containers/json?all=0";
  if (!options_.labels.empty()) {
    rapidjson::StringBuffer text;
    rapidjson::Writer<rapidjson::StringBuffer> writer(text);
    writer.StartObject();
    writer.Key("label");
    writer.StartArray();
    for (const std::string& label : options_.labels)
      writer.String(label.data(), static_cast<rapidjson::SizeType>(label.size()));
    writer.EndArray();
    writer.EndObject();
    path += '&' + net::query({{"filters", text.GetString()}});
  }
  const net::Outcome outcome = ask(path);
  if (!outcome.ok()) return failed(outcome);
  const rapidjson::Document document = parsed(outcome.answer.body);
  if (!document.IsArray()) return Error{"the daemon's list of containers cannot be read", ErrorKind::broken};
  std::vector<Listed> found;
  for (const rapidjson::Value& one : document.GetArray()) {
    Listed listed{text_of(member(&one, "Id")), "", text_of(member(&one, "Image")), false};
    if (!plain_id(listed.id)) continue;
    bool wanted = options_.names.empty();
    if (const auto* names = member(&one, "Names"); names && names->IsArray())
      for (const auto& each : names->GetArray()) {
        std::string name = text_of(&each);
        if (name.starts_with('/')) name.erase(0, 1);
        if (listed.name.empty() && name.find('/') == name.npos) listed.name = name;
        wanted |= std::find(options_.names.begin(), options_.names.end(), name) != options_.names.end();
      }
    if (listed.name.empty()) listed.name = listed.id.substr(0, 12);
    const std::string state = text_of(member(&one, "State"));
    const bool runs = listed.runs = state == "running" || state == "paused" || state == "restarting";
    // One that has ended is read to its end if it was being read, is resumed, or began after this source.
    const auto* created = member(&one, "Created");
    const bool young = created && created->IsInt64() && created->GetInt64() >= begun_ns_ / kSecondNs - 1;
    if (wanted && (runs || options_.all || containers_.contains(listed.id) || left_.contains(listed.id) ||
                   (options_.follow && young)))
      found.push_back(std::move(listed));
  }
  return found;
}

Result<Done> Docker::look_for_containers(bool event) {
  const std::int64_t now = wall_ns();
  auto listed = list();
  listed_at_ = Clock::now();
  if (!listed) return listed.error();
  std::set<std::string> there;
  for (const Listed& one : listed.value()) {
    there.insert(one.id);
    const auto known = containers_.find(one.id);
    if (known != containers_.end()) {
      known->second->gone_at.reset();
      known->second->runs = one.runs;
      if (event) known->second->ended = false;  // it may have started and ended meanwhile
      continue;
    }
    if (options_.follow && containers_.size() >= kContainers) {
      if (!std::exchange(crowded_said_, true))
        say(fmt::format("more than {} containers: {} and others after it are not followed; choose with --name or --label",
                        kContainers, printable(one.name)));
      continue;
    }
    add(one);
  }
  listed_ns_ = now;
  first_list_ = false;
  for (auto it = containers_.begin(); it != containers_.end();) {
    Container& container = *it->second;
    if (!there.contains(it->first) && !container.gone_at) container.gone_at = Clock::now();
    const bool forget = options_.follow && container.gone_at && Clock::now() - *container.gone_at > kRemembered &&
                        container.waiting.empty();
    if (forget && container.stream) {
      streams_.close(container.stream);
      by_stream_.erase(container.stream);
    }
    it = forget ? containers_.erase(it) : std::next(it);
  }
  return Done{};
}

void Docker::add(const Listed& listed) {
  auto made = std::make_unique<Container>();
  made->is = listed;
  made->runs = listed.runs;
  made->part = std::make_shared<ContainerPart>();
  made->part->name = listed.name;
  made->part->id = listed.id;
  made->part->image = listed.image;
  made->overlap.emplace(Overlap::Options{.overlap_ns = kOverlapNs, .counted = false}, options_.key);
  if (const auto left = left_.find(listed.id); left != left_.end()) {
    if (auto resumed = made->overlap->resume(left->second); !resumed) {
      say(fmt::format("{}: {}; it is read from now on", printable(listed.name), resumed.error().message));
      made->overlap->begin_at(begun_ns_);
    } else {
      made->resumed = true;
    }
  } else if (options_.since_ns) {
    made->overlap->begin_at(*options_.since_ns);
  } else if (options_.follow && first_list_ && !options_.resume) {
    made->overlap->begin_at(begun_ns_);
  }
  containers_.emplace(listed.id, std::move(made));
}

bool Docker::inspect(Container& container) {
  const net::Outcome outcome = ask("/containers/" + container.is.id + "/json");
  if (!outcome.ok()) {
    over(container, outcome);
    return false;
  }
  const rapidjson::Document document = parsed(outcome.answer.body);
  const rapidjson::Value* tty = member(member(&document, "Config"), "Tty");
  container.terminal = tty && tty->IsBool() && tty->GetBool();
  return true;
}

void Docker::connect(Container& container) {
  container.connected_at = Clock::now();
  if (!inspect(container)) return;
  container.lines.emplace(container.terminal);
  container.overlap->begin_answer();
  ++container.answers;
  container.first_of_answer = true;
  const std::int64_t from = container.overlap->watermark_ns();
  const std::string since = from <= 0 ? "0" : fmt::format("{}.{:09}", from / kSecondNs, from % kSecondNs);
  container.stream =
      streams_.open({.path = fmt::format("{}/containers/{}/logs?stdout=1&stderr=1&timestamps=1&follow={}&since={}",
                                         version_, container.is.id, options_.follow ? 1 : 0, since)});
  if (container.stream) by_stream_[container.stream] = &container;
}

// What came, as lines that were not handed out before.
void Docker::take(Container& container, std::string& bytes) {
  std::size_t at = 0;
  DockerLine line;
  while (!container.full()) {
    std::size_t used = 0;
    const auto read = container.lines->next(std::string_view(bytes).substr(at), used, line);
    at += used;
    if (!read) {
      say(fmt::format("{}: {}; its log is not read", printable(container.is.name), read.error().message));
      container.refused = true;
      at = bytes.size();
      break;
    }
    if (!read.value()) break;
    keep(container, line);
  }
  bytes.erase(0, at);
}

void Docker::keep(Container& container, const DockerLine& line) {
  Overlap& overlap = *container.overlap;
  const bool first = std::exchange(container.first_of_answer, false);
  if (first && overlap.newest_ns() != INT64_MIN && line.time_ns > overlap.newest_ns())
    say(fmt::format("{}: lines between {} and {} may be gone: the daemon has rotated them away",
                    printable(container.is.name), rfc3339(overlap.newest_ns()), rfc3339(line.time_ns)));
  std::string identity(1, line.error ? 'e' : 'o');
  identity += line.text;
  // Read once and by one answer, nothing comes twice, whatever the daemon's clock did.
  const bool once = !options_.follow && container.answers == 1 && !container.resumed;
  if (!overlap.fresh(line.time_ns, identity) && !once) return;
  container.last_line = Clock::now();
  container.pending.append(line.text);
  container.pending += '\n';
  container.waiting.push_back({line.time_ns, line.error, line.truncated});
}

bool Docker::detect(Container& container, bool quiet) {
  if (container.records) return true;
  if (!quiet && container.pending.size() < kSampleBytes) return false;
  container.time.emplace(wall_ns(), options_.source.zone);
  const std::string_view sample = std::string_view(container.pending).substr(0, kSampleBytes);
  parse::Detection found;
  if (options_.source.format.empty()) found = parse::detect_log(sample, false, formats_, *container.time);
  const parse::Format* text = formats_.find("plaintext");
  const parse::Format* format = options_.source.format.empty() ? found.format : formats_.find(options_.source.format);
  if (!format) format = text;
  auto parser = parse::make_parser(*format, {names_, *container.time});
  auto fallback = parse::make_parser(*text, {names_, *container.time});
  if (!parser || !fallback) return false;
  container.format = format;
  if (found.format) container.part->describe(found);
  container.part->format = format->name;
  container.part->title = format->title;
  container.records = std::make_unique<parse::LineRecords>(*format, std::move(parser).value(), std::move(fallback).value(),
                                                           container.part->name, options_.source, *container.time);
  if (options_.source.format.empty()) container.records->watch(formats_, names_, found.sampled);
  return true;
}

// What only the daemon knows of a line.
void Docker::dress(Container& container, RecordBatch& batch, std::size_t from) {
  for (std::size_t i = from; i < batch.records.size(); ++i) {
    Record& record = batch.records[i];
    const std::uint64_t at = record.line - container.first_line;
    if (at >= container.waiting.size()) continue;
    const LineMark& mark = container.waiting[at];
    if (!record.time_known) {
      record.time_ns = mark.time_ns;
      record.time_known = true;
    }
    record.source = container.part->name;
    record.truncated |= mark.truncated;
    batch.begin_fields();
    for (std::uint32_t k = 0; k < record.field_count; ++k) batch.add_field(record.fields[k].field) = record.fields[k];
    batch.add_text(name_field_, container.part->name);
    batch.add_text(id_field_, container.part->id);
    batch.add_text(image_field_, container.part->image);
    if (!record.find(field::stream)) batch.add_text(field::stream, mark.error ? "stderr" : "stdout");
    batch.end_fields(record);
  }
}

bool Docker::hand_out(Container& container, RecordBatch& batch, bool quiet) {
  if (container.pending.empty() || !detect(container, quiet)) return false;
  batch.text.resize(container.pending.size());
  std::copy(container.pending.begin(), container.pending.end(), batch.text.data());
  std::size_t consumed = container.records->read(batch, quiet);
  if (consumed == 0 && !quiet && container.full())
    consumed = container.records->read(batch, true);  // one record, as long as that
  dress(container, batch, 0);
  const auto lines = static_cast<std::size_t>(
      std::count(container.pending.begin(), container.pending.begin() + static_cast<std::ptrdiff_t>(consumed), '\n'));
  container.waiting.erase(container.waiting.begin(), container.waiting.begin() + static_cast<std::ptrdiff_t>(lines));
  container.first_line += lines;
  container.pending.erase(0, consumed);
  std::int64_t floor = container.lines ? container.lines->oldest_ns() : INT64_MAX;
  for (const LineMark& mark : container.waiting) floor = std::min(floor, mark.time_ns);
  container.overlap->advance(wall_ns(), floor);
  say_passed_over(container);
  if (batch.empty()) return false;
  part_ = container.part;
  last_handed_out_ = container.is.id;
  return true;
}

void Docker::say_passed_over(Container& container) {
  constexpr std::uint64_t kTimes = 10;
  if (const std::uint64_t older = container.overlap->older(); options_.follow && older >= container.older_say) {
    container.older_say = older * kTimes;
    say(fmt::format(
        "{}: {} lines older than what was read before are passed over: the daemon repeats lines when it rotates a log, or "
        "its clock was set back",
        printable(container.is.name), older));
  }
  if (const std::uint64_t crowded = container.overlap->crowded(); options_.follow && crowded >= container.crowded_say) {
    container.crowded_say = crowded * kTimes;
    say(fmt::format(
        "{}: it writes more than 200,000 lines in five seconds: after a restart a line that came late may be missing",
        printable(container.is.name)));
  }
}

// An answer has ended, or none came.
void Docker::over(Container& container, const net::Outcome& outcome) {
  if (container.stream) {
    by_stream_.erase(container.stream);
    streams_.close(std::exchange(container.stream, 0));
  }
  if (outcome.ok() || outcome.fault == net::Fault::stopped) {
    DockerLine line;
    for (const bool error : {false, true})
      if (container.lines && container.lines->finish(error, line)) keep(container, line);
    container.ended = true;
    container.failures = 0;
  } else if (outcome.fault == net::Fault::configuration && outcome.answer.status == 404) {
    container.ended = true;  // removed meanwhile
  } else if (outcome.fault != net::Fault::passing) {
    say(fmt::format("{}: its log cannot be read: {}", printable(container.is.name), outcome.error.message));
    container.refused = true;
    if (!options_.follow) container.part->problem = outcome.error;
  } else {
    if (container.failures == 0)
      say(fmt::format("{}: the connection broke off: {}", printable(container.is.name), outcome.error.message));
    if (!options_.follow && container.failures >= 3) {
      container.part->problem = outcome.error;
      container.ended = true;
    }
  }
  container.failures += outcome.fault == net::Fault::passing;
  // One that has ended may start again: the list says so, and asking costs little.
  const auto backoff =
      std::min<std::chrono::seconds>(kBackoffMost, std::chrono::seconds(1) * (1u << std::min(container.failures, 6u)));
  container.retry_at =
      Clock::now() + std::max<Clock::duration>(backoff, outcome.retry_after.value_or(std::chrono::seconds(0)));
}

void Docker::reconnect_due() {
  for (auto& [id, container] : containers_)
    if (container->stream == 0 && !container->refused && !container->gone_at && (container->runs || !container->ended) &&
        Clock::now() >= container->retry_at) {
      connect(*container);
    }
}

Result<State> Docker::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  batch.clear();
  if (!options_.follow) {
    for (auto it = containers_.begin(); it != containers_.end();) {
      Container& container = *it->second;
      part_ = container.part;
      if (container.stream == 0 && !container.ended && !container.refused && !container.lines) connect(container);
      while (!container.ended && !container.refused) {
        for (const auto& ready : streams_.wait(std::chrono::milliseconds(100))) {
          take(container, *ready.bytes);
          if (ready.ended && !container.full()) {
            over(container, net::Outcome(*ready.ended));
            break;
          }
        }
        if (hand_out(container, batch, false)) return State::records;
        batch.clear();
        if (options_.stop && options_.stop->load()) break;
        if (container.stream == 0 && !container.ended && !container.refused && Clock::now() >= container.retry_at)
          connect(container);
      }
      if (!container.pending.empty() && hand_out(container, batch, true)) return State::records;
      batch.clear();
      if (container.records) {
        container.part->counts = container.records->counts();
        container.part->changes = container.records->changes();
      }
      if (container.stream) {
        by_stream_.erase(container.stream);
        streams_.close(container.stream);
      }
      containers_.erase(it);
      return containers_.empty() ? State::ended : State::part_ended;
    }
    if (!part_) part_ = std::make_shared<Part>();
    return State::ended;
  }
  const auto until = Clock::now() + patience;
  for (;;) {
    if (events_ == 0)
      events_ = streams_.open(
          {.path = fmt::format("{}/events?since={}&{}", version_, listed_ns_ / kSecondNs,
                               net::query({{"filters", R"({"type":["container"],"event":["start","die"]})"}}))});
    if (Clock::now() - listed_at_ >= kListEvery) {
      auto looked = look_for_containers(std::exchange(event_, false));
      if (!looked && !std::exchange(daemon_down_, true))
        say(fmt::format("the daemon does not answer: {}", looked.error().message));
      if (looked && std::exchange(daemon_down_, false)) say("the daemon answers again");
    }
    reconnect_due();
    const bool had_events = events_ != 0;
    bool events_over = false;
    std::vector<std::pair<Container*, net::Outcome>> ended;
    for (const auto& ready : streams_.wait(std::min<std::chrono::milliseconds>(std::chrono::milliseconds(50), patience))) {
      if (had_events && ready.stream == events_) {
        event_ |= !ready.bytes->empty();
        ready.bytes->clear();
        events_over = ready.ended != nullptr;
        continue;
      }
      const auto owner = by_stream_.find(ready.stream);
      if (owner == by_stream_.end()) continue;
      take(*owner->second, *ready.bytes);
      if (ready.ended && !owner->second->full()) ended.emplace_back(owner->second, *ready.ended);
    }
    if (events_over) {
      streams_.close(std::exchange(events_, 0));
      listed_at_ = Clock::now() - kListEvery + std::chrono::seconds(1);  // look soon, not at once: the daemon may be ending
    }
    for (auto& [container, outcome] : ended) over(*container, outcome);
    if (event_) listed_at_ = Clock::now() - kListEvery;
    // In turns, beginning behind the one that was last.
    std::vector<Container*> order;
    for (auto& [id, container] : containers_) order.push_back(container.get());
    const auto behind =
        std::find_if(order.begin(), order.end(), [this](const Container* one) { return one->is.id > last_handed_out_; });
    std::rotate(order.begin(), behind, order.end());
    for (Container* container : order) {
      if (container->refused && container->pending.empty()) continue;
      const bool quiet = container->stream == 0 || Clock::now() - container->last_line >= kQuiet;
      if (hand_out(*container, batch, quiet)) return State::records;
      batch.clear();
    }
    if (Clock::now() >= until || (options_.stop && options_.stop->load())) return State::idle;
  }
}

bool Docker::finish(RecordBatch& batch) {
  batch.clear();
  for (auto& [id, container] : containers_) {
    if (!container->pending.empty() && hand_out(*container, batch, true)) return true;
    batch.clear();
    if (container->records) container->part->counts = container->records->counts();
  }
  return false;
}

Position Docker::position() const {
  Position position{std::string(kPositionHead)};
  for (const auto& [id, container] : containers_)
    position.text += id + ' ' + container->overlap->text(container->waiting.size()) + '\n';
  return position;
}

}  // namespace

Result<net::Server> docker_server(const std::string& address, const std::string& tls_dir) {
  net::ServerOptions options;
  options.idle = std::chrono::seconds(0);  // a log that is followed may be silent for days
  std::string base = "http://docker";
  if (address.empty()) options.socket = "/var/run/docker.sock";
  else if (address.starts_with("unix://")) options.socket = address.substr(7);
  else if (address.starts_with("tcp://")) base = (tls_dir.empty() ? "http://" : "https://") + address.substr(6);
  else base = address;
  if (!tls_dir.empty()) {
    options.ca_certs = tls_dir + "/ca.pem";
    options.client_cert = tls_dir + "/cert.pem";
    options.client_key = tls_dir + "/key.pem";
  }
  return net::Server::at(base, std::move(options));
}

Result<std::unique_ptr<RecordSource>> open_docker(net::Server server, const parse::Formats& formats, FieldNames& names,
                                                  DockerOptions options) {
  auto docker = std::make_unique<Docker>(std::move(server), formats, names, std::move(options));
  auto begun = docker->begin();
  if (!begun) return begun.error();
  return std::unique_ptr<RecordSource>(std::move(docker));
}

}  // namespace logystera::source
