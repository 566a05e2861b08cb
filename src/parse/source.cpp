#include "parse/source.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "core/clock.hpp"
#include "parse/encoding.hpp"
#include "parse/evtx.hpp"
#include "parse/journal.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kSampleLines = 200;
constexpr std::size_t kSampleEnough = 32;  // a pipe need not bring more before its format is decided
constexpr std::size_t kSampleBytes = 64 * 1024;
constexpr std::size_t kJoinedBytes = 256 * 1024;
constexpr std::size_t kStreamBytes = 128;           // of the name of what parts belong to
constexpr std::size_t kPartsMost = 64;              // records in parts that wait for more, of as many streams
constexpr std::size_t kPartsBytesTimes = 4;         // all of them together, in the longest line
constexpr std::string_view kMark = "\xEF\xBB\xBF";  // a byte-order mark in UTF-8

// Text formats have no NULs, but a log torn by a crash may start with some (ext4 leaves them).
std::string_view without_leading_nuls(std::string_view text) {
  const std::size_t from = text.find_first_not_of('\0');
  return from == std::string_view::npos ? std::string_view() : text.substr(from);
}

bool digit(char c) { return c >= '0' && c <= '9'; }

// "java.lang.IllegalStateException: x", "ValueError: x", "PDOException: x".
bool names_exception(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && end < 200 && line[end] != ':' && line[end] != ' ') {
    const char c = line[end], low = static_cast<char>(c | 0x20);
    if (!((low >= 'a' && low <= 'z') || digit(c) || c == '.' || c == '_' || c == '$' || c == '\\')) return false;
    ++end;
  }
  if (end < line.size() && line[end] != ':') return false;
  const std::string_view word = line.substr(0, end);
  for (std::string_view ending :
       {std::string_view("Exception"), std::string_view("Error"), std::string_view("Throwable")}) {
    if (word.size() >= ending.size() && word.substr(word.size() - ending.size()) == ending) return true;
  }
  return false;
}

// Lines that only make sense below the one before them.
bool continues(std::string_view line) {
  if (line.empty()) return false;
  switch (line[0]) {
    case ' ':
    case '\t': return true;
    case '#': return line.size() > 2 && digit(line[1]);  // "#0 /var/www/a.php(12): f()"
    case '.': return starts_with(line, "... ");
    case '}':
    case ')': return line.size() <= 2;
    case 'a': return starts_with(line, "at ");
    case 'C': return starts_with(line, "Caused by: ");
    case 'D': return starts_with(line, "During handling of the above exception");
    case 'N': return starts_with(line, "Next ") && line.find("Exception") != std::string_view::npos;
    case 'S': return starts_with(line, "Stack trace:") || starts_with(line, "Suppressed: ");
    case 'T': return starts_with(line, "Traceback (most recent call last)") || starts_with(line, "The above exception was");
    default: return names_exception(line);
  }
}

}  // namespace

// The record being built: its fields stay open until it is known that no line continues it.
struct LineRecords::Open {
  bool any = false;
  bool in_place = false;      // raw lies in the block, so lines can be joined to it
  bool counted = false;       // `before` is set
  std::size_t lines = 0;      // joined so far
  std::size_t at = 0;         // where its first line starts in the block
  std::size_t second_at = 0;  // where its second line starts, 0 without
  std::uint64_t line = 0;
  SourceCounts before;  // the counts without it
  Record record;
};

LineRecords::LineRecords(const Format& format, std::unique_ptr<LineParser> parser, std::unique_ptr<LineParser> fallback,
                         std::string source, const SourceOptions& options, TimeContext time)
    : fallback_(std::move(fallback)), source_(std::move(source)), options_(options), time_(std::move(time)) {
  known_.push_back({&format, std::move(parser)});
  has_parts_ = known_.front().parser->has_parts();
  json_ = format.reader == "json" && format.continuation == Continuation::none;
}

void LineRecords::watch(const Formats& formats, FieldNames& names, std::size_t seen) {
  lookout_.emplace(formats, time_, seen, format().reader == "plaintext");
  names_ = &names;
}

void LineRecords::skip_hole(std::uint64_t bytes) noexcept {
  counts_.hole_bytes += bytes;
  counts_.bytes += bytes;
  offset_ += bytes;
}

void LineRecords::close(RecordBatch& batch, Open& open) {
  if (!open.any) return;
  if (open.second_at > 0) {
    const char* end = open.record.raw.data() + open.record.raw.size();
    const char* from = batch.text.data() + open.second_at;
    batch.add_text(field::stack_trace, {from, static_cast<std::size_t>(end - from)});
  }
  batch.end_fields(open.record);
  batch.records.push_back(open.record);
  ++counts_.records;
  if (!open.record.parsed) ++counts_.unparsed;
  if (open.record.time_known) time_.passed(open.record.time_ns);
  open.any = false;
}

// Begins a record anew: whatever another parser left in it is gone.
void LineRecords::start(std::string_view text, RecordBatch& batch, Record& record) {
  // Each member by itself: compilers clear a whole record with an instruction that takes longer than the rest of this.
  static_assert(sizeof(Record) == 128, "a record's new member begins anew here, too");
  record.time_ns = 0;
  record.time_known = record.parsed = false;
  record.severity = Severity::info;
  record.kind = RecordKind::text;
  record.repeated = 1;
  record.field_count = 0;
  record.fields = nullptr;
  record.source = source_;
  record.format = format().name;
  record.host = record.message = {};
  record.raw = text;
  batch.begin_fields();
}

LineRead LineRecords::read_with(LineParser& parser, std::string_view text, RecordBatch& batch, Record& record) {
  const std::uint64_t before = parser.unnamed_fields();
  const LineRead read = parser.read(text, batch, record);
  if (read == LineRead::record) counts_.unnamed_fields += parser.unnamed_fields() - before;
  return read;
}

// By the formats the log is known to have, the one that read last first.
LineRead LineRecords::read_as_known(std::string_view text, RecordBatch& batch, Record& record) {
  const bool plain = lookout_ && std::string_view(format().reader) == "plaintext";
  if (!plain) {
    start(text, batch, record);
    const LineRead read = read_with(*known_.front().parser, text, batch, record);
    if (!lookout_) return read;
    if (read != LineRead::unknown) {
      lookout_->fits(line_);
      return read;
    }
    batch.drop_fields();
    for (std::size_t i = 1; i < known_.size(); ++i) {
      std::swap(known_.front(), known_[i]);
      start(text, batch, record);
      const LineRead again = read_with(*known_.front().parser, text, batch, record);
      if (again != LineRead::unknown) {
        lookout_->fits(line_);
        has_parts_ = known_.front().parser->has_parts();
        return again;
      }
      batch.drop_fields();
      std::swap(known_.front(), known_[i]);
    }
  }
  const LineRead read = read_as_other(text, batch, record);
  if (read != LineRead::unknown) return read;
  start(text, batch, record);
  return plain ? read_with(*known_.front().parser, text, batch, record) : LineRead::unknown;
}

// By a format that is found now, because too many lines fit none that is known.
LineRead LineRecords::read_as_other(std::string_view text, RecordBatch& batch, Record& record) {
  if (peeking_) return LineRead::unknown;
  const bool plain = format().reader == "plaintext";
  const Format* found = lookout_->unfit(line_, text, plain);
  if (!found || known_.size() == FormatLookout::kFormatsMost) return LineRead::unknown;
  const auto same = [found](const Known& known) { return known.format == found; };
  if (std::any_of(known_.begin(), known_.end(), same)) return LineRead::unknown;
  auto parser = make_parser(*found, {*names_, time_});
  if (!parser) return LineRead::unknown;
  if (plain) known_.clear();
  known_.insert(known_.begin(), Known{found, std::move(parser).value()});
  has_parts_ = known_.front().parser->has_parts();
  lookout_->found();
  ++counts_.format_changes;
  changes_.push_back({found, line_});
  start(text, batch, record);
  const LineRead read = read_with(*known_.front().parser, text, batch, record);
  if (read == LineRead::unknown) batch.drop_fields();
  return read;
}

// True if `text` is a part after which more come: it is put aside. The last part becomes the whole line.
bool LineRecords::take_part(std::string_view& text, RecordBatch& batch, Record& record) {
  RecordPart part;
  part.stream_wanted = !parts_.empty();
  if (!known_.front().parser->part(text, part) || (part.last && parts_.empty())) return false;
  const std::string_view group = part.group.substr(0, kStreamBytes), stream = part.stream.substr(0, kStreamBytes);
  const auto same = [&](const Parts& parts) { return parts.group == group && parts.stream == stream; };
  auto open = std::find_if(parts_.begin(), parts_.end(), same);
  if (part.last && open == parts_.end()) return false;
  // What is joined is a text between quotes, whatever its parts were written as.
  std::string written;
  std::string_view more = text.substr(part.text_at, part.text_size);
  if (part.bytes) {
    if (!json_text_of_bytes(more, written)) return false;
    more = written;
  }
  if (open == parts_.end()) {
    if (parts_.size() == kPartsMost) finish_oldest(batch);
    std::string front(text.substr(0, part.text_at - part.bytes)),
        behind(text.substr(part.text_at + part.text_size + part.bytes));
    if (part.bytes) {
      front += '"';
      behind.insert(0, 1, '"');
    }
    parts_bytes_ += front.size() + behind.size();
    parts_.push_back(
        {std::string(group), std::string(stream), std::move(front), std::move(behind), line_, record.offset, false});
    open = parts_.end() - 1;
  }
  // Of what is too much nothing is taken: a text is not cut where an escape or an address may be.
  const std::size_t size = open->line.size() + open->behind.size() + more.size();
  if (open->truncated || size > options_.line_bytes ||
      parts_bytes_ + more.size() > kPartsBytesTimes * options_.line_bytes) {
    counts_.truncated += !open->truncated;
    counts_.truncated_bytes += more.size();
    open->truncated = true;
  } else {
    open->line += more;
    parts_bytes_ += more.size();
  }
  if (!part.last) {
    ++counts_.joined;
    return true;
  }
  open->line += open->behind;
  text = batch.arena.copy(open->line);
  record.line = open->number;
  record.offset = open->offset;
  record.truncated = open->truncated;
  parts_bytes_ -= std::min(parts_bytes_, open->line.size());
  parts_.erase(open);
  return false;
}

// A record whose last part has not come, as far as it has.
void LineRecords::finish_oldest(RecordBatch& batch) {
  Parts parts = std::move(parts_.front());
  parts_.erase(parts_.begin());
  parts.line += parts.behind;
  parts_bytes_ -= std::min(parts_bytes_, parts.line.size());
  const std::string_view text = batch.arena.copy(parts.line);
  Open open;
  open.record.line = parts.number;
  open.record.offset = parts.offset;
  open.record.truncated = true;
  start(text, batch, open.record);
  open.record.parsed = known_.front().parser->read(text, batch, open.record) == LineRead::record;
  if (!open.record.parsed) {
    batch.drop_fields();
    start(text, batch, open.record);
    fallback_->read(text, batch, open.record);
  }
  open.any = true;
  close(batch, open);
  ++counts_.unfinished;
}

void LineRecords::finish(RecordBatch& batch) {
  while (!parts_.empty()) finish_oldest(batch);
}

std::optional<LineRecords::OpenPart> LineRecords::oldest_part() const noexcept {
  if (parts_.empty()) return std::nullopt;
  const Parts& oldest = parts_.front();
  return OpenPart{oldest.number, offset_ - std::min(offset_, oldest.offset)};
}

void LineRecords::read_line(std::string_view line, std::size_t at, RecordBatch& batch, Open& open) {
  std::string_view text = nuls_ ? without_spacing_nuls(line, batch) : line;
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  // Files that are put one behind the other bring a mark each.
  if (!text.empty() && text.front() == kMark[0] && starts_with(text, kMark)) text.remove_prefix(kMark.size());
  // Nearly every line begins with something to be seen.
  const bool seen = !text.empty() && static_cast<unsigned char>(text.front()) > ' ';
  if (!seen && text.find_first_not_of(std::string_view(" \t\r\0", 4)) == std::string_view::npos) {
    ++counts_.blank;
    return;
  }
  bool in_place = !nuls_ || (text.data() >= line.data() && text.data() <= line.data() + line.size());
  if (open.any && open.in_place && in_place && format().continuation == Continuation::traces &&
      open.lines < options_.joined_lines && open.record.raw.size() < kJoinedBytes && continues(text)) {
    if (open.second_at == 0) open.second_at = at;
    ++open.lines;
    ++counts_.joined;
    open.record.raw = {open.record.raw.data(),
                       static_cast<std::size_t>(text.data() + text.size() - open.record.raw.data())};
    return;
  }
  close(batch, open);
  open.lines = open.second_at = 0;
  open.counted = format().continuation != Continuation::none;
  if (open.counted) open.before = counts_;
  open.at = at;
  open.line = line_;
  Record& record = open.record;
  record.line = line_;
  record.offset = offset_ + at;
  record.truncated = false;
  if (has_parts_ && join_parts_ && !peeking_) {
    const char* const whole = text.data();
    if (take_part(text, batch, record)) return;
    in_place = in_place && text.data() == whole;
  }
  const LineRead read = read_as_known(text, batch, record);
  if (read == LineRead::directive) {
    batch.drop_fields();
    ++counts_.directives;
    return;
  }
  record.parsed = read == LineRead::record;
  if (!record.parsed) {
    batch.drop_fields();
    record.time_known = false;
    record.host = {};
    record.severity = Severity::info;
    fallback_->read(text, batch, record);
  }
  open.any = true;
  open.in_place = in_place;
}

// The head of a line that is too long. Nothing can be joined to it: between it and the next line lies what is passed over.
void LineRecords::read_head(std::string_view head, std::size_t at, RecordBatch& batch, Open& open) {
  ++counts_.truncated;
  const std::uint64_t blank = counts_.blank;
  read_line(head, at, batch, open);
  if (open.any && counts_.blank == blank) open.record.truncated = true;
  close(batch, open);
}

// Passes over the rest of a line that was too long; how many of `text`'s bytes belong to it.
std::size_t LineRecords::pass_over(std::string_view text) {
  const std::size_t end = text.find('\n');
  within_long_line_ = end == std::string_view::npos;
  const std::size_t passed = within_long_line_ ? text.size() : end + 1;
  counts_.truncated_bytes += passed;
  if (!within_long_line_) ++line_;
  return passed;
}

// Behind the line end that follows, if only blanks stand before it.
static std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t seen = text.find_first_not_of(" \t\r", at);
  return seen != std::string_view::npos && text[seen] == '\n' ? seen + 1 : at;
}

// The lines that end within what was passed.
void LineRecords::pass_lines(std::string_view passed) {
  const auto ends = static_cast<std::uint64_t>(std::count(passed.begin(), passed.end(), '\n'));
  line_ += ends;
  counts_.lines += ends;
}

std::size_t LineRecords::read_frames(std::size_t at, bool final, RecordBatch& batch, Open& open, bool& stuck) {
  using Kind = JsonFrames::Frame::Kind;
  const std::string_view text = batch.text.view();
  const auto behind = [&](std::size_t end) {
    // The last line of a source may have no end of its own.
    if (final && end == text.size() && end > at && text[end - 1] != '\n') ++counts_.lines;
    pass_lines(text.substr(at, end - at));
    return end;
  };
  if (within_long_value_) {
    std::size_t end = at;
    within_long_value_ = rest_of_value_.find(text, end) == JsonExtent::End::more;
    counts_.truncated_bytes += end - at;
    return behind(end);
  }
  const JsonFrames::Frame frame = frames_.next(text, at, final);
  switch (frame.kind) {
    case Kind::record:
    case Kind::line:
      if (frame.end - frame.begin > options_.line_bytes) break;
      read_line(text.substr(frame.begin, frame.end - frame.begin), frame.begin, batch, open);
      close(batch, open);
      return behind(frames_.inside() ? frame.end : line_end(text, frame.end));
    case Kind::passed:
      if (frame.wrapper) ++counts_.directives;
      return behind(frame.end);
    case Kind::more:
      if (text.size() - frame.begin > options_.line_bytes) break;
      stuck = true;
      return behind(frame.begin);
  }
  // A value beyond the limit: its head is a record, its rest is passed over.
  at = behind(frame.begin);
  const std::string_view head = text.substr(at, options_.line_bytes);
  read_line(head, at, batch, open);
  open.record.truncated = true;
  close(batch, open);
  ++counts_.truncated;
  rest_of_value_.reset();
  std::size_t end = 0;
  within_long_value_ = rest_of_value_.find(head, end) == JsonExtent::End::more;
  return behind(at + end);
}

std::size_t LineRecords::read(RecordBatch& batch, bool final) {
  const char* const text = batch.text.data();
  const std::size_t size = batch.text.size();
  Open open;
  nuls_ = size > 0 && std::memchr(text, '\0', size) != nullptr;
  std::size_t at = within_long_line_ ? pass_over(batch.text.view()) : 0;
  while (at < size) {
    if (text[at] == '\0') {  // a hole: what a crash or a truncation under the writer's feet leaves in front of a line
      const std::size_t seen = batch.text.view().find_first_not_of('\0', at);
      counts_.hole_bytes += std::min(seen, size) - at;
      at = std::min(seen, size);
      continue;
    }
    const char* newline = static_cast<const char*>(std::memchr(text + at, '\n', size - at));
    const std::size_t end = newline ? static_cast<std::size_t>(newline - text) : size;
    if (json_) {
      bool stuck = false;
      const std::string_view rest = batch.text.view().substr(at);
      if (!frames_.inside() && !within_long_value_ &&
          JsonFrames::starts(rest, rest.substr(0, end - at), final || rest.size() > options_.line_bytes, stuck)) {
        frames_.begin();
      }
      if (stuck) break;
      if (frames_.inside() || within_long_value_) {
        at = read_frames(at, final, batch, open, stuck);
        if (stuck) break;
        continue;
      }
    }
    if (end - at > options_.line_bytes) {
      read_head({text + at, options_.line_bytes}, at, batch, open);
      ++counts_.lines;
      at += options_.line_bytes;
      at += pass_over({text + at, size - at});
      continue;
    }
    if (!newline && !final) break;
    read_line({text + at, end - at}, at, batch, open);
    if (json_ && open.any && !open.record.parsed && JsonFrames::several({text + at, end - at})) {
      batch.drop_fields();
      open.any = false;
      frames_.begin();
      bool stuck = false;
      at = read_frames(at, true, batch, open, stuck);
      continue;
    }
    ++line_;
    ++counts_.lines;
    at = newline ? end + 1 : end;
  }
  // What is held back counts with the unfinished line behind it, so that a block always gets done sooner or later.
  const std::size_t held_back = std::min(kJoinedBytes, options_.line_bytes / 2);
  const bool may_go_on = !final && open.any && open.counted && open.in_place &&
                         format().continuation != Continuation::none && open.lines < options_.joined_lines &&
                         size - open.at < held_back;
  if (may_go_on) {
    // Read again with what follows it.
    batch.drop_fields();
    counts_ = open.before;
    line_ = open.line;
    at = open.at;
  } else {
    close(batch, open);
  }
  counts_.bytes += at;
  offset_ += at;
  return at;
}

namespace {

// Lines from a stream: keeps what LineRecords left, bounds the length of a line.
class StreamLines final : public RecordReader {
 public:
  StreamLines(std::unique_ptr<ByteStream> stream, TextBlock sample, bool ended, std::optional<Error> problem,
              LineRecords records, const SourceOptions& options, TimeContext growing)
      : stream_(std::move(stream)),
        carry_(std::move(sample)),
        ended_(ended),
        stream_problem_(std::move(problem)),
        records_(std::move(records)),
        options_(options),
        growing_(std::move(growing)) {
    records_.count_undecodable(stream_->undecodable());
  }

  bool fill(RecordBatch& batch, std::optional<Error>& problem) override {
    while (batch.records.empty()) {
      if (ended_ && carry_.size() == 0) {
        batch.clear();
        records_.finish(batch);
        if (!batch.records.empty()) break;
        if (stream_problem_) problem = std::move(stream_problem_);
        stream_problem_.reset();
        return false;
      }
      load(batch);
      const std::size_t used = records_.read(batch, ended_);
      keep_rest(batch, used);
    }
    return true;
  }
  const SourceCounts& counts() const noexcept override { return records_.counts(); }
  std::vector<FormatChange> changes() const override { return records_.changes(); }

 private:
  // The rest of last time, and a block more.
  void load(RecordBatch& batch) {
    batch.clear();
    batch.text.resize(carry_.size() + (ended_ ? 0 : options_.block_bytes));
    if (carry_.size() > 0) std::memcpy(batch.text.data(), carry_.data(), carry_.size());
    std::size_t filled = carry_.size();
    carry_.clear();
    if (!ended_) filled += read_some(batch.text.data() + filled, options_.block_bytes);
    batch.text.resize(filled);
    growing_.set_now(wall_ns());
  }

  std::size_t read_some(char* into, std::size_t size) {
    Result<std::size_t> got = stream_->read(into, size);
    if (!got) stream_problem_ = got.error();
    if (!got || got.value() == 0) ended_ = true;
    records_.count_undecodable(stream_->undecodable());
    return got ? got.value() : 0;
  }

  void keep_rest(const RecordBatch& batch, std::size_t used) {
    const std::size_t rest = batch.text.size() - used;
    carry_.resize(rest);
    if (rest > 0) std::memcpy(carry_.data(), batch.text.data() + used, rest);
  }

  std::unique_ptr<ByteStream> stream_;
  TextBlock carry_;
  bool ended_;
  std::optional<Error> stream_problem_;
  LineRecords records_;
  SourceOptions options_;
  TimeContext growing_;  // of a pipe, which may be read for months; else one that knows no time
};

// One parser on trial.
struct Trial {
  std::size_t matched = 0;
  std::size_t typical = 0;
  std::size_t timed = 0;
};

Trial try_format(const std::vector<std::string_view>& lines, const Format& format, LineParser& parser) {
  Trial trial;
  RecordBatch batch;
  bool before = false;
  for (std::string_view line : lines) {
    Record record;
    record.raw = line;
    batch.begin_fields();
    const LineRead read = parser.read(line, batch, record);
    if (read == LineRead::record) {
      batch.end_fields(record);
      trial.typical += parser.typical(record);
      trial.timed += record.time_known;
    } else {
      batch.drop_fields();
    }
    const bool joined =
        read == LineRead::unknown && before && format.continuation == Continuation::traces && continues(line);
    before = before || read == LineRead::record;
    trial.matched += read != LineRead::unknown || joined;
    trial.typical += read == LineRead::directive || joined;
  }
  return trial;
}

}  // namespace

void LineRecords::peek(RecordBatch& batch) {
  if (!parts_.empty()) return;  // it may be the rest of one of those: a piece, whose secrets nothing shows
  const SourceCounts counts = counts_;
  const std::uint64_t line = line_, offset = offset_;
  const bool within = within_long_line_;
  const TimeContext::Order order = time_.order();
  peeking_ = true;
  read(batch, true);
  peeking_ = false;
  time_.set_order(order);
  counts_ = counts;
  line_ = line;
  offset_ = offset;
  within_long_line_ = within;
}

void LineRecords::resume(std::uint64_t line, std::uint64_t offset, bool within_long_line) noexcept {
  line_ = line;
  offset_ = offset;
  within_long_line_ = within_long_line;
}

Detection detect_format(std::string_view text, const Formats& formats, const TimeContext& time) {
  std::vector<std::string_view> lines = JsonFrames::sample(text, kSampleLines);
  if (!lines.empty()) text = {};
  while (!text.empty() && lines.size() < kSampleLines) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = without_leading_nuls(text.substr(0, end));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) lines.push_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  Detection best;
  best.sampled = lines.size();
  best.name = "empty";
  best.title = "empty";
  if (lines.empty()) return best;
  for (const auto& format : formats.all()) {
    FieldNames names;  // trial names must not fill the run's table
    Result<std::unique_ptr<LineParser>> parser = make_parser(*format, {names, time});
    if (!parser) continue;
    const Trial trial = try_format(lines, *format, *parser.value());
    if (trial.matched == 0 || trial.typical * 2 < trial.matched) continue;
    double share = static_cast<double>(trial.matched) / static_cast<double>(lines.size());
    // Every line is plain text; times in front make it a log.
    if (format->reader == "plaintext")
      share = 0.3 + 0.7 * static_cast<double>(trial.timed) / static_cast<double>(lines.size());
    const double confidence = share * format->specificity;
    if (confidence > best.confidence) {
      best.format = format.get();
      best.name = format->name;
      best.title = format->title;
      best.confidence = confidence;
      best.matched = trial.matched;
    }
  }
  return best;
}

namespace {

// What a format is told by: the first lines, at least one of them whole, whatever lies in front of it.
struct Sample {
  TextBlock text;
  bool ended = false;
  std::optional<Error> problem;
  std::uint64_t hole_bytes = 0;  // NULs in front, left out
};

Sample read_sample(ByteStream& stream, std::size_t line_bytes) {
  Sample sample;
  TextBlock& text = sample.text;
  std::size_t lines = 0, first_end = 0;
  const auto enough = [&] {
    if (lines >= kSampleEnough) return true;
    // A first line as long as a line may be is no reason to look at nothing else.
    return lines > 0 ? text.size() - first_end >= kSampleBytes : text.size() >= line_bytes + kSampleBytes;
  };
  while (!sample.ended && !enough()) {
    const std::size_t at = text.size();
    text.resize(at + kSampleBytes);
    Result<std::size_t> got = stream.read(text.data() + at, kSampleBytes);
    if (!got) sample.problem = got.error();
    sample.ended = !got || got.value() == 0;
    text.resize(at + (got ? got.value() : 0));
    if (at == 0 && text.size() > 0 && text.data()[0] == '\0') {
      const std::size_t hole = std::min(text.view().find_first_not_of('\0'), text.size());
      sample.hole_bytes += hole;
      std::memmove(text.data(), text.data() + hole, text.size() - hole);
      text.resize(text.size() - hole);
    }
    if (text.size() <= at) continue;
    const std::string_view more = text.view().substr(at);
    if (lines == 0 && more.find('\n') != std::string_view::npos) first_end = at + more.find('\n') + 1;
    lines += static_cast<std::size_t>(std::count(more.begin(), more.end(), '\n'));
  }
  return sample;
}

}  // namespace

Detection detect_log(std::string_view sample, bool ended, const Formats& formats, const TimeContext& time) {
  // A line cut by the end of the sample would count against its own format.
  const std::size_t whole = ended ? sample.size() : sample.rfind('\n') + 1;
  const std::string_view lines = whole > 0 ? sample.substr(0, whole) : sample;
  Detection first = detect_format(lines, formats, time);
  if (first.format && first.format->reader != "plaintext") return first;
  std::size_t from = lines.size();
  for (std::size_t count = 0; count <= kSampleLines && from > 0; ++count) {
    const std::size_t before = lines.rfind('\n', from - 1);
    from = before == std::string_view::npos ? 0 : before;
  }
  if (from == 0) return first;
  Detection last = detect_format(lines.substr(from + 1), formats, time);
  const bool most = last.format && last.format->reader != "plaintext" && last.matched * 2 >= last.sampled;
  return most ? last : first;
}

bool parts_end_somewhere(std::string_view sample, const Format& format, const ParserContext& context) {
  constexpr std::size_t kPartsLeast = 8;
  if (format.parts.empty()) return true;  // others say it in words of their own
  const auto parser = make_parser(format, context);
  if (!parser || !parser.value()->has_parts()) return true;
  std::size_t parts = 0;
  while (!sample.empty()) {
    const std::size_t end = std::min(sample.find('\n'), sample.size());
    RecordPart part;
    if (parser.value()->part(sample.substr(0, end), part)) {
      if (part.last) return true;
      ++parts;
    }
    sample.remove_prefix(std::min(end + 1, sample.size()));
  }
  return parts < kPartsLeast;
}

Result<Source> Source::open(const std::string& path, const Formats& formats, FieldNames& names,
                            const SourceOptions& options) {
  Result<Input> input = open_input(path, options.input);
  if (!input) return input.error();
  return open(std::move(input.value()), formats, names, options);
}

Result<Source> Source::open(Input input, const Formats& formats, FieldNames& names, const SourceOptions& options,
                            bool* no_log) {
  if (no_log) *no_log = false;
  Source source;
  source.name_ = std::make_unique<const std::string>(input.name);
  Sample read = read_sample(*input.stream, options.line_bytes);
  TextBlock& sample = read.text;
  const bool ended = read.ended;
  std::optional<Error>& problem = read.problem;
  if (problem && sample.size() == 0) return *problem;
  const std::int64_t reference = options.reference_ns ? options.reference_ns
                                 : input.modified_ns  ? input.modified_ns
                                                      : wall_ns();
  TimeContext time(reference, options.zone);
  time.set_order(options.order);
  source.time_ = time;

  const bool chosen = !options.format.empty();
  if (chosen ? options.format == "evtx" : is_evtx(sample.view())) {
    source.detection_ = {nullptr, "evtx", "Windows event log (EVTX)", 1.0, input.compression, input.encoding, 0, 0};
    source.reader_ =
        make_evtx_reader(std::move(input.stream), std::move(sample), ended, std::move(problem), *source.name_, names);
    return source;
  }
  if (chosen ? options.format == "journal_export" : is_journal_export(sample.view())) {
    source.detection_ = {
        nullptr, "journal_export", "systemd journal, export format", 0.99, input.compression, input.encoding, 0, 0};
    source.reader_ =
        make_journal_reader(std::move(input.stream), std::move(sample), ended, std::move(problem), *source.name_, names);
    return source;
  }
  const Format* format;
  if (chosen) {
    format = formats.find(options.format);
    if (!format)
      return Error{"there is no format '" + options.format + "'; 'logystera formats' lists them", ErrorKind::not_found};
    source.detection_ = {format, format->name, format->title, 1.0, input.compression, input.encoding, 0, 0};
  } else {
    const std::string_view what = known_binary(sample.view());
    const bool binary = !what.empty() || is_binary(sample.view());
    if (no_log) *no_log = binary;
    if (!what.empty()) return Error{*source.name_ + ": " + std::string(what), ErrorKind::invalid};
    if (binary)
      return Error{*source.name_ +
                       ": not a text, and no log in a binary form that is read here. If it is a log all the same, "
                       "say which with --format",
                   ErrorKind::invalid};
    source.detection_ = detect_log(sample.view(), ended, formats, time);
    source.detection_.compression = input.compression;
    source.detection_.encoding = input.encoding;
    format = source.detection_.format ? source.detection_.format : formats.find("plaintext");
    if (!format) return Error{"the formats lack 'plaintext', which reads what no other does"};
  }
  auto parser = make_parser(*format, {names, time});
  if (!parser) return parser.error();
  LineRecords records(*format, std::move(parser.value()), make_plaintext_parser({names, time}), *source.name_, options,
                      time);
  if (!chosen) records.watch(formats, names, source.detection_.sampled);
  records.join_parts(parts_end_somewhere(sample.view(), *format, {names, time}));
  records.skip_hole(read.hole_bytes);
  const bool goes_on = options.reference_ns == 0 && input.modified_ns == 0;
  source.reader_ = std::make_unique<StreamLines>(std::move(input.stream), std::move(sample), ended, std::move(problem),
                                                 std::move(records), options, goes_on ? time : TimeContext());
  return source;
}

bool Source::next_batch(RecordBatch& batch) {
  batch.clear();
  return !problem_ && reader_->fill(batch, problem_);
}

const SourceCounts& Source::counts() const noexcept { return reader_->counts(); }

}  // namespace logystera::parse
