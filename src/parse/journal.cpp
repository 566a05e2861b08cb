#include "parse/journal.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <vector>

#include "parse/inside.hpp"
#include "parse/readers.hpp"
#include "parse/source.hpp"
#include "parse/timestamp.hpp"

namespace logystera::parse {
namespace {

// https://systemd.io/JOURNAL_EXPORT_FORMATS: field names are A-Z, 0-9 and _, at most 64 bytes.
constexpr std::size_t kNameBytes = 64;
constexpr std::size_t kBlockBytes = 256 * 1024;
constexpr std::size_t kEntryBytes = 16 * 1024 * 1024;  // a larger entry (a core dump in the journal) is skipped and counted
constexpr std::size_t kNames = 4'096;
constexpr std::size_t kFieldsMost = 16'384;       // of an entry: it is read again with each block until its end is there
constexpr std::size_t kPartsMost = 64;            // messages in parts that wait for more
constexpr std::size_t kOthersBytes = 64 * 1024;   // of a first part's other fields; one with more is read as it is
constexpr std::size_t kPartsBytes = 1024 * 1024;  // of one of them; what is beyond is left out and counted
constexpr std::size_t kStreamBytes = 128;         // of the name of what parts belong to

bool name_char(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

enum class Step { entry, more, damaged };

// A message whose last part is still to come.
struct Parts {
  std::string group, stream;
  std::string entry;  // the first part's, without its message
  std::string message;
  std::string cursor_before;  // of the entry before its first part
  std::uint64_t offset = 0;
  bool truncated = false;
};

}  // namespace

class JournalReader final : public RecordReader {
 public:
  JournalReader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended, std::optional<Error> problem,
                std::string_view source, FieldNames& names)
      : stream_(std::move(stream)),
        carry_(std::move(head)),
        ended_(ended),
        stream_problem_(std::move(problem)),
        source_(source),
        names_(names) {}

  bool fill(RecordBatch& batch, std::optional<Error>& problem) override {
    while (batch.records.empty()) {
      if (ended_ && carry_.size() == 0) {
        batch.clear();
        while (!parts_.empty()) finish_oldest(batch);
        if (!batch.records.empty()) break;
        if (stream_problem_) problem = std::move(stream_problem_);
        stream_problem_.reset();
        return false;
      }
      load(batch);
      if (nothing_now_ && batch.text.size() == carried_) {
        carry_.resize(batch.text.size());
        if (carry_.size() > 0) std::memcpy(carry_.data(), batch.text.data(), carry_.size());
        return true;
      }
      std::size_t at = 0;
      Step step = Step::entry;
      while (at < batch.text.size() && (step = read_entry(batch, at)) != Step::more) {
      }
      if (at == 0 && step == Step::more) {
        if (ended_ || batch.text.size() >= kEntryBytes) skip_entry(batch, at);
      }
      counts_.bytes += at;
      offset_ += at;
      carry_.resize(batch.text.size() - at);
      if (carry_.size() > 0) std::memcpy(carry_.data(), batch.text.data() + at, carry_.size());
    }
    return true;
  }
  const SourceCounts& counts() const noexcept override { return counts_; }

  // For JournalEntries.
  void begin(std::string_view cursor) {
    carry_.clear();
    skip_ = cursor;
    first_cursor_.clear();
    with_cursors_ = true;
  }
  bool finish_all(RecordBatch& batch) {
    batch.clear();
    while (!parts_.empty()) finish_oldest(batch);
    return !batch.records.empty();
  }
  void number_from(std::uint64_t records) noexcept { counts_.records = records; }
  bool has_parts() const noexcept { return !parts_.empty(); }
  const std::string& cursor() const noexcept { return cursor_; }
  const std::string& first_cursor() const noexcept { return first_cursor_; }
  const std::string& resume_cursor() const noexcept { return parts_.empty() ? cursor_ : parts_.front().cursor_before; }

 private:
  void load(RecordBatch& batch) {
    batch.clear();
    nothing_now_ = false;
    carried_ = carry_.size();
    batch.text.resize(carry_.size() + (ended_ ? 0 : kBlockBytes));
    if (carry_.size() > 0) std::memcpy(batch.text.data(), carry_.data(), carry_.size());
    std::size_t filled = carry_.size();
    if (!ended_) {
      Result<std::size_t> got = stream_->read(batch.text.data() + filled, kBlockBytes);
      nothing_now_ = !got && got.error().kind == ErrorKind::busy;
      if (!got && !nothing_now_) stream_problem_ = got.error();
      ended_ = (!got && !nothing_now_) || (got && got.value() == 0);
      filled += got ? got.value() : 0;
    }
    batch.text.resize(filled);
  }

  // One entry from `at`, which moves behind it. `more`: its end is not in the block yet, nothing was taken.
  Step read_entry(RecordBatch& batch, std::size_t& at) {
    const std::string_view block = batch.text.view();
    std::size_t here = at;
    while (here < block.size() && block[here] == '\n') ++here;
    if (here == block.size()) {
      at = here;
      return Step::entry;
    }
    const std::size_t begin = here;
    Record record;
    start(batch, record);
    record.offset = offset_ + begin;
    std::size_t fields = 0;
    while (here < block.size() && block[here] != '\n') {
      const Step step = ++fields > kFieldsMost ? Step::damaged : read_field(block, here, batch, record);
      if (step == Step::more && !ended_) {
        batch.drop_fields();
        return Step::more;
      }
      if (step != Step::entry) {
        batch.drop_fields();
        at = begin;
        skip_entry(batch, at);
        return Step::damaged;
      }
    }
    if (here >= block.size() && !ended_) {
      batch.drop_fields();
      return Step::more;
    }
    at = std::min(here + 1, block.size());
    if (!entry_cursor_.empty()) {
      before_ = cursor_;
      const bool first = first_cursor_.empty();
      if (first) first_cursor_ = entry_cursor_;
      cursor_ = entry_cursor_;
      if (first && cursor_ == skip_) {
        batch.drop_fields();
        return Step::entry;
      }
    }
    if (!take_part(block.substr(begin, here - begin), batch, record))
      finish(block.substr(begin, here - begin), batch, record);
    return Step::entry;
  }

  void start(RecordBatch& batch, Record& record) {
    record.source = source_;
    record.format = "journal_export";
    program_ = message_ = message_field_ = entry_cursor_ = {};
    part_fields_ = {};
    unnamed_ = 0;
    severity_given_ = has_message_ = false;
    batch.begin_fields();
  }

  // True if the entry is a part of a message: it waits for the others, or was the last and the message is done with.
  bool take_part(std::string_view entry, RecordBatch& batch, const Record& record) {
    RecordPart part;
    part.stream_wanted = !parts_.empty();
    if (!has_message_ || !journal_part(part_fields_, part)) return false;
    const std::string_view group = part.group.substr(0, kStreamBytes), stream = part.stream.substr(0, kStreamBytes);
    const auto same = [&](const Parts& parts) { return parts.group == group && parts.stream == stream; };
    auto open = std::find_if(parts_.begin(), parts_.end(), same);
    if (open == parts_.end() && (part.last || entry.size() - message_field_.size() > kOthersBytes)) return false;
    batch.drop_fields();
    const std::string_view message = message_;  // of this entry: another may be read below
    if (open == parts_.end()) {
      const auto before = static_cast<std::size_t>(message_field_.data() - entry.data());
      std::string others(entry.substr(0, before));
      others += entry.substr(before + message_field_.size());
      if (parts_.size() == kPartsMost) finish_oldest(batch);
      parts_.push_back(
          {std::string(group), std::string(stream), std::move(others), std::string(), before_, record.offset, false});
      open = parts_.end() - 1;
    }
    // Of what is too much nothing is taken: a text is not cut where an escape or an address may be.
    if (open->truncated || open->message.size() + message.size() > kPartsBytes) {
      counts_.truncated += !open->truncated;
      counts_.truncated_bytes += message.size();
      open->truncated = true;
    } else {
      open->message += message;
    }
    if (!part.last) {
      ++counts_.joined;
      return true;
    }
    Parts whole = std::move(*open);
    parts_.erase(open);
    finish_parts(whole, batch);
    return true;
  }

  void finish_oldest(RecordBatch& batch) {
    Parts oldest = std::move(parts_.front());
    parts_.erase(parts_.begin());
    oldest.truncated = true;
    ++counts_.unfinished;
    finish_parts(oldest, batch);
  }

  // The first part's entry with the whole message, read as if it had been written so.
  void finish_parts(const Parts& parts, RecordBatch& batch) {
    std::string text = parts.entry;
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += "MESSAGE\n";
    for (unsigned i = 0; i < 8; ++i) text += static_cast<char>(parts.message.size() >> (8 * i) & 0xFF);
    text += parts.message;
    text += '\n';
    const std::string_view entry = batch.arena.copy(text);
    Record record;
    start(batch, record);
    record.offset = parts.offset;
    record.truncated = parts.truncated;
    std::size_t here = 0;
    while (here < entry.size() && read_field(entry, here, batch, record) == Step::entry) {
    }
    finish(entry, batch, record);
  }

  Step read_field(std::string_view block, std::size_t& here, RecordBatch& batch, Record& record) {
    const std::size_t begin = here;
    std::size_t end = here;
    while (end < block.size() && end - here <= kNameBytes && name_char(block[end])) ++end;
    if (end >= block.size()) return Step::more;
    if (end == here || end - here > kNameBytes) return Step::damaged;
    const std::string_view name = block.substr(here, end - here);
    std::string_view value;
    if (block[end] == '=') {
      const std::size_t newline = block.find('\n', end);
      if (newline == std::string_view::npos && !ended_) return Step::more;
      const std::size_t stop = std::min(newline, block.size());
      value = block.substr(end + 1, stop - end - 1);
      here = std::min(stop + 1, block.size());
    } else if (block[end] == '\n') {
      if (block.size() - end < 9) return Step::more;
      std::uint64_t size = 0;
      for (int i = 7; i >= 0; --i)
        size = size << 8 | static_cast<unsigned char>(block[end + 1 + static_cast<std::size_t>(i)]);
      if (size > kEntryBytes) return Step::damaged;
      if (block.size() - end - 9 < size + 1) return Step::more;
      value = block.substr(end + 9, size);
      if (block[end + 9 + size] != '\n') return Step::damaged;
      here = end + 10 + size;
    } else {
      return Step::damaged;
    }
    if (name == "MESSAGE") message_field_ = block.substr(begin, here - begin);
    take(name, value, batch, record);
    return Step::entry;
  }

  void take(std::string_view name, std::string_view value, RecordBatch& batch, Record& record) {
    if (const FieldId id = id_of(name)) batch.add_number(id, value);
    else ++unnamed_;
    if (name == "MESSAGE") {
      message_ = value;
      has_message_ = true;
    } else if (name == "__CURSOR") {
      if (with_cursors_) entry_cursor_ = value;
    } else if (name == "_HOSTNAME") record.host = value;
    else if (name == "_PID") batch.add_number(field::pid, value);
    else if (name == "SYSLOG_IDENTIFIER") batch.add_text(field::program, program_ = value);
    else if (name == "_UID") batch.add_number(field::uid, value);
    else if (name == "CONTAINER_PARTIAL_ID") part_fields_.partial_id = value;
    else if (name == "CONTAINER_PARTIAL_LAST") part_fields_.partial_last = value;
    else if (name == "CONTAINER_PARTIAL_MESSAGE") part_fields_.partial_message = value;
    else if (name == "CONTAINER_ID_FULL" || (name == "CONTAINER_ID" && part_fields_.container.empty()))
      part_fields_.container = value;
    else if (name == "_LINE_BREAK") part_fields_.line_break = value;
    else if (name == "_STREAM_ID") part_fields_.stream = value;
    else if (name == "PRIORITY" && value.size() == 1 && value[0] >= '0' && value[0] <= '7') {
      batch.add_number(field::priority, value);
      record.severity = severity_of_priority(static_cast<unsigned>(value[0] - '0'));
      severity_given_ = true;
      part_fields_.priority = value;
    } else if (name == "_SOURCE_REALTIME_TIMESTAMP" || (name == "__REALTIME_TIMESTAMP" && !record.time_known)) {
      std::int64_t ns;
      if (!value.empty() && read_epoch(value, ns) == value.size()) {
        record.time_ns = ns;
        record.time_known = true;
      }
    }
  }

  void finish(std::string_view raw, RecordBatch& batch, Record& record) {
    record.raw = raw;
    counts_.unnamed_fields += unnamed_;
    record.parsed = true;
    record.kind = RecordKind::application;
    record.line = ++counts_.records;
    const bool severity_given = severity_given_;
    if (part_fields_.container.empty() || !read_inside(batch, record))
      read_program_message(program_, message_, severity_given, batch, record);
    if (record.kind == RecordKind::syslog) record.kind = RecordKind::application;
    if (!has_message_) record.message = raw;
    batch.end_fields(record);
    batch.records.push_back(record);
  }

  // Reads a container's message as a line of the log it is of; false, with nothing changed, if it fits no format.
  bool read_inside(RecordBatch& batch, Record& record) {
    if (message_.empty()) return false;
    if (!inside_) inside_.emplace(ParserContext{names_, TimeContext()});
    return inside_->read_structured(message_, batch, record);
  }

  // Behind a damaged, cut or oversized entry: the next empty line. What is skipped is counted.
  void skip_entry(RecordBatch& batch, std::size_t& at) {
    const std::string_view block = batch.text.view();
    const std::size_t gap = block.find("\n\n", at);
    const std::size_t next = gap == std::string_view::npos ? block.size() : gap + 2;
    ++counts_.damaged;
    counts_.damaged_bytes += next - at;
    at = next;
  }

  FieldId id_of(std::string_view name) {
    lookup_.assign(name);
    if (auto known = ids_.find(lookup_); known != ids_.end()) return known->second;
    if (ids_.size() >= kNames) return names_.find(name);
    return ids_.emplace(lookup_, names_.add(name)).first->second;
  }

  std::unique_ptr<ByteStream> stream_;
  TextBlock carry_;
  bool ended_;
  std::optional<Error> stream_problem_;
  std::string_view source_;
  FieldNames& names_;
  std::unordered_map<std::string, FieldId> ids_;
  std::string lookup_;
  std::string_view program_, message_, message_field_;  // of the entry being read
  JournalPartFields part_fields_;
  std::optional<InsideReader> inside_;
  std::uint64_t unnamed_ = 0;  // its fields that have no number
  bool severity_given_ = false, has_message_ = false;
  bool nothing_now_ = false;  // the stream has nothing, and has not ended
  std::size_t carried_ = 0;   // bytes in front of what was read last
  bool with_cursors_ = false;
  std::string_view entry_cursor_;                      // of the entry being read
  std::string skip_, cursor_, before_, first_cursor_;  // cursor_ is the last entry's, before_ the one before that
  SourceCounts counts_;
  std::uint64_t offset_ = 0;
  std::vector<Parts> parts_;
};

bool journal_part(const JournalPartFields& fields, RecordPart& part) noexcept {
  if (!fields.partial_id.empty()) {
    part.group = fields.partial_id;
    part.last = fields.partial_last == "true";
    return true;
  }
  const bool container = !fields.container.empty();
  part.group = container ? fields.container : fields.stream;
  part.stream = container ? fields.priority : std::string_view();
  part.last = container ? fields.partial_message != "true" : fields.line_break != "line-max";
  return !part.group.empty();
}

bool is_journal_export(std::string_view head) noexcept {
  if (head.substr(0, 9) == "__CURSOR=") return true;
  return head.substr(0, 21) == "__REALTIME_TIMESTAMP=";
}

std::unique_ptr<RecordReader> make_journal_reader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended,
                                                  std::optional<Error> problem, std::string_view source,
                                                  FieldNames& names) {
  return std::make_unique<JournalReader>(std::move(stream), std::move(head), ended, std::move(problem), source, names);
}

// Gives what was added; where that is through there is nothing now.
class JournalEntries::Feed final : public ByteStream {
 public:
  Result<std::size_t> read(char* into, std::size_t size) override {
    if (bytes.empty()) return Error{"nothing yet", ErrorKind::busy};
    const std::size_t count = std::min(size, bytes.size());
    std::memcpy(into, bytes.data(), count);
    bytes.erase(0, count);
    return count;
  }
  std::string bytes;
};

JournalEntries::JournalEntries(std::string_view source, FieldNames& names, std::uint64_t records) {
  auto feed = std::make_unique<Feed>();
  feed_ = feed.get();
  reader_ = std::make_unique<JournalReader>(std::move(feed), TextBlock(), false, std::nullopt, source, names);
  reader_->number_from(records);
}
JournalEntries::~JournalEntries() = default;

void JournalEntries::begin(std::string_view cursor) {
  feed_->bytes.clear();
  reader_->begin(cursor);
}
void JournalEntries::add(std::string_view bytes) { feed_->bytes += bytes; }
bool JournalEntries::take(RecordBatch& batch) {
  batch.clear();
  std::optional<Error> problem;
  return reader_->fill(batch, problem) && !batch.records.empty();
}
bool JournalEntries::take_parts(RecordBatch& batch) { return reader_->finish_all(batch); }
bool JournalEntries::has_parts() const noexcept { return reader_->has_parts(); }
const std::string& JournalEntries::cursor() const noexcept { return reader_->cursor(); }
const std::string& JournalEntries::resume_cursor() const noexcept { return reader_->resume_cursor(); }
const std::string& JournalEntries::first_cursor() const noexcept { return reader_->first_cursor(); }
const SourceCounts& JournalEntries::counts() const noexcept { return reader_->counts(); }

}  // namespace logystera::parse
