#include "parse/journal.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

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

bool name_char(char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

enum class Step { entry, more, damaged };

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
        if (stream_problem_) problem = std::move(stream_problem_);
        stream_problem_.reset();
        return false;
      }
      load(batch);
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

 private:
  void load(RecordBatch& batch) {
    batch.clear();
    batch.text.resize(carry_.size() + (ended_ ? 0 : kBlockBytes));
    if (carry_.size() > 0) std::memcpy(batch.text.data(), carry_.data(), carry_.size());
    std::size_t filled = carry_.size();
    if (!ended_) {
      Result<std::size_t> got = stream_->read(batch.text.data() + filled, kBlockBytes);
      if (!got) stream_problem_ = got.error();
      ended_ = !got || got.value() == 0;
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
    record.source = source_;
    record.format = "journal_export";
    record.offset = offset_ + begin;
    program_ = message_ = {};
    severity_given_ = has_message_ = false;
    batch.begin_fields();
    while (here < block.size() && block[here] != '\n') {
      const Step step = read_field(block, here, batch, record);
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
    finish(block.substr(begin, here - begin), batch, record);
    at = std::min(here + 1, block.size());
    return Step::entry;
  }

  Step read_field(std::string_view block, std::size_t& here, RecordBatch& batch, Record& record) {
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
    take(name, value, batch, record);
    return Step::entry;
  }

  void take(std::string_view name, std::string_view value, RecordBatch& batch, Record& record) {
    if (const FieldId id = id_of(name)) batch.add_number(id, value);
    if (name == "MESSAGE") {
      message_ = value;
      has_message_ = true;
    } else if (name == "_HOSTNAME") record.host = value;
    else if (name == "_PID") batch.add_number(field::pid, value);
    else if (name == "SYSLOG_IDENTIFIER") batch.add_text(field::program, program_ = value);
    else if (name == "_UID") batch.add_number(field::uid, value);
    else if (name == "PRIORITY" && value.size() == 1 && value[0] >= '0' && value[0] <= '7') {
      batch.add_number(field::priority, value);
      record.severity = severity_of_priority(static_cast<unsigned>(value[0] - '0'));
      severity_given_ = true;
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
    record.parsed = true;
    record.kind = RecordKind::application;
    record.line = ++counts_.records;
    const bool severity_given = severity_given_;
    read_program_message(program_, message_, severity_given, batch, record);
    if (record.kind == RecordKind::syslog) record.kind = RecordKind::application;
    if (!has_message_) record.message = raw;
    batch.end_fields(record);
    batch.records.push_back(record);
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
  std::string_view program_, message_;  // of the entry being read
  bool severity_given_ = false, has_message_ = false;
  SourceCounts counts_;
  std::uint64_t offset_ = 0;
};

}  // namespace

bool is_journal_export(std::string_view head) noexcept {
  if (head.substr(0, 9) == "__CURSOR=") return true;
  return head.substr(0, 21) == "__REALTIME_TIMESTAMP=";
}

std::unique_ptr<RecordReader> make_journal_reader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended,
                                                  std::optional<Error> problem, std::string_view source,
                                                  FieldNames& names) {
  return std::make_unique<JournalReader>(std::move(stream), std::move(head), ended, std::move(problem), source, names);
}

}  // namespace logystera::parse
