#include "parse/line_records.hpp"

#include <algorithm>
#include <cstring>

#include "parse/continuation.hpp"
#include "parse/encoding.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kJoinedBytes = 256 * 1024;
constexpr std::size_t kStreamBytes = 128;           // of the name of what parts belong to
constexpr std::size_t kPartsMost = 64;              // records in parts that wait for more, of as many streams
constexpr std::size_t kPartsBytesTimes = 4;         // all of them together, in the longest line
constexpr std::string_view kMark = "\xEF\xBB\xBF";  // a byte-order mark in UTF-8

// Behind the line end that follows, if only blanks stand before it.
std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t seen = text.find_first_not_of(" \t\r", at);
  return seen != std::string_view::npos && text[seen] == '\n' ? seen + 1 : at;
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

// Resets a record, whatever another parser left in it.
void LineRecords::start(std::string_view text, RecordBatch& batch, Record& record) {
  // Each member by itself: compilers clear a whole record with an instruction that takes longer than the rest of this.
  static_assert(sizeof(Record) == 128, "a new member of Record is reset here, too");
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

// Tries the formats the log is known to have, the most recently used first.
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

// Detects the format again if too many lines fit none that is known, and reads the line with what is found.
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

// True if `text` is a part after which more come: it is stored until they have. At the last part, `text` becomes the whole line.
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
  // A part that does not fit is left out whole: cut, it could end within an escape or an address.
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

// Makes a record of the oldest parts, though the last one has not come.
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
  // Files concatenated into one have a mark each.
  if (!text.empty() && text.front() == kMark[0] && starts_with(text, kMark)) text.remove_prefix(kMark.size());
  // Nearly every line begins with a visible character.
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
          frames_.starts(rest, rest.substr(0, end - at), final || rest.size() > options_.line_bytes, stuck)) {
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
  // Bounded together with the unfinished line behind it, so that a block is consumed sooner or later.
  const std::size_t held_back = std::min(kJoinedBytes, options_.line_bytes / 2);
  const bool may_go_on = !final && open.any && open.counted && open.in_place &&
                         format().continuation != Continuation::none && open.lines < options_.joined_lines &&
                         size - open.at < held_back;
  if (may_go_on) {
    // It is not consumed: the next call reads it again, with what follows.
    batch.drop_fields();
    counts_ = open.before;
    line_ = open.line;
    at = open.at;
  } else {
    close(batch, open);
  }
  frames_.taken(at);
  counts_.bytes += at;
  offset_ += at;
  return at;
}

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

}  // namespace logystera::parse
