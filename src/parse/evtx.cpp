// The file: a 4 KiB header, then chunks of 64 KiB that stand for themselves (names and templates are referred to within a
// chunk only). That makes damage local: a chunk that is not one, or a record that does not add up, is counted and passed
// over, and the rest is read. Checksums are compared and differences counted, but records of a chunk whose checksum is wrong
// are still given out when they are sound, since a log copied from a running system has such chunks.
//
// Structure: [MS-EVEN6] §2.2.12-17 for binary XML and value types; the container by observation, as documented by the libevtx
// project's format description.
#include "parse/evtx.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

#include <zlib.h>

#include "parse/evtx_template.hpp"
#include "parse/evtx_values.hpp"
#include "parse/readers.hpp"
#include "parse/source.hpp"
#include "parse/windows_event.hpp"

namespace logystera::parse {
namespace {

using evtx::Area;
using evtx::kChunkBytes;
using evtx::Layout;
using evtx::Piece;
using evtx::RawValue;
using evtx::Step;

constexpr std::size_t kFileHeader = 4'096;
constexpr std::size_t kRecordsFrom = 512;  // in a chunk
constexpr std::size_t kRecordHeader = 24;
constexpr std::size_t kRecordMinimum = 28;
constexpr std::size_t kChunksPerBatch = 4;
constexpr std::size_t kNesting = 8;  // binary XML within binary XML
constexpr std::size_t kFieldsPerRecord = 4'096;
// Holes, values and templates may be used again and again. What all of that unfolds to has this many bytes at most: elements
// compiled, text given out, and kStepBytes for each field or piece of one. A sound chunk unfolds to a few times its size.
constexpr std::size_t kUnfoldedPerChunk = 32 * kChunkBytes;
constexpr std::size_t kStepBytes = 16;
constexpr std::size_t kItemBytes = 32;  // of an array's item, which may take one byte, as text
constexpr std::string_view kFileMagic{"ElfFile\0", 8};
constexpr std::string_view kChunkMagic{"ElfChnk\0", 8};
constexpr std::uint32_t kRecordMagic = 0x00002A2A;
constexpr std::uint64_t kRecordsLost = 16;  // damaged ones in a row, in what a chunk's header does not know of
constexpr std::uint32_t kNoChecksums = 4;   // chunk flag

template <typename T>
T load(const std::uint8_t* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

class EvtxReader final : public RecordReader {
 public:
  EvtxReader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended, std::optional<Error> problem,
             std::string_view source, FieldNames& names)
      : stream_(std::move(stream)),
        head_(std::move(head)),
        ended_(ended),
        stream_problem_(std::move(problem)),
        source_(source),
        chunk_names_(names),
        keywords_(names.add("Keywords")) {
    if (head_.view().substr(0, kFileMagic.size()) == kFileMagic) {
      std::uint8_t header[kFileHeader];
      offset_ = read(header, kFileHeader);
      counts_.bytes += offset_;
    }
  }

  bool fill(RecordBatch& batch, std::optional<Error>& problem) override {
    for (std::size_t chunks = 0; chunks < kChunksPerBatch || batch.records.empty(); ++chunks) {
      const std::size_t got = read(chunk_, kChunkBytes);
      if (got == 0) {
        if (stream_problem_) problem = std::move(stream_problem_);
        stream_problem_.reset();
        return !batch.records.empty();
      }
      size_ = got;
      read_chunk(batch);
      if (batch.records.empty()) batch.clear();  // what damaged records left there
      counts_.bytes += got;
      offset_ += got;
    }
    return true;
  }
  const SourceCounts& counts() const noexcept override { return counts_; }

 private:
  struct CachedLayout {
    Area area;
    bool sound;
    Layout layout;
  };

  // As much of `size` as there still is.
  std::size_t read(std::uint8_t* into, std::size_t size) {
    std::size_t got = std::min(size, head_.size() - head_at_);
    if (got > 0) std::memcpy(into, head_.data() + head_at_, got);
    head_at_ += got;
    while (got < size && !ended_) {
      Result<std::size_t> more = stream_->read(reinterpret_cast<char*>(into) + got, size - got);
      if (!more) stream_problem_ = more.error();
      ended_ = !more || more.value() == 0;
      got += more ? more.value() : 0;
    }
    return got;
  }

  void damaged(std::size_t bytes) {
    ++counts_.damaged;
    counts_.damaged_bytes += bytes;
  }

  void read_chunk(RecordBatch& batch) {
    const std::string_view start(reinterpret_cast<const char*>(chunk_), size_);
    if (start.substr(0, kChunkMagic.size()) != kChunkMagic || size_ < kRecordsFrom) {
      // Space kept for later is zeros and no damage.
      if (start.find_first_not_of('\0') != std::string_view::npos) damaged(size_);
      return;
    }
    chunk_names_.new_chunk(chunk_, size_);
    next_record_ = 0;
    unfolded_ = 0;
    layouts_.clear();
    std::size_t end = load<std::uint32_t>(chunk_ + 48);  // where free space begins
    if (end < kRecordsFrom || end > kChunkBytes) end = kRecordsFrom;
    const bool checked = !(load<std::uint32_t>(chunk_ + 120) & kNoChecksums) && size_ == kChunkBytes;
    if (checked && !checksums_hold(end)) ++counts_.checksums;
    if (end > size_) damaged(end - size_);
    end = std::min(end, size_);
    const std::size_t reached = read_records(kRecordsFrom, end, batch);
    read_free_space(std::max(reached, end), batch);
  }

  // The records that begin in [at, end): the one that reaches over `end` is whole, and `end` wrong, when its size stands behind
  // it once more. Returns where the last one ended.
  std::size_t read_records(std::size_t at, std::size_t end, RecordBatch& batch) {
    while (at < end && end - at >= kRecordMinimum) {
      const std::size_t size = load<std::uint32_t>(chunk_ + at + 4);
      const bool framed = load<std::uint32_t>(chunk_ + at) == kRecordMagic && size >= kRecordMinimum &&
                          (size <= end - at || is_record(at, size_));
      if (framed && read_record(at, size, batch)) {
        at += size;
        continue;
      }
      const std::size_t next = find_record(at + 4, end);
      const std::string_view skipped(reinterpret_cast<const char*>(chunk_ + at), next - at);
      if (framed || skipped.find_first_not_of('\0') != std::string_view::npos) damaged(next - at);
      at = next;
    }
    return at;
  }

  // What the chunk's header calls free space: zeros, or what an earlier use of the memory left there, records of another chunk
  // among it. Records that carry on, in place or number, are the chunk's own, and the header is wrong (the copy of a running
  // system's log, a collector's fault). A header whose checksum holds says itself up to which number.
  void read_free_space(std::size_t at, RecordBatch& batch) {
    std::uint64_t next = next_record_;
    std::uint64_t most = load<std::uint64_t>(chunk_ + 32);
    uLong header = crc32(0, chunk_, 120);
    header = crc32(header, chunk_ + 128, 384);
    const bool trusted = header == load<std::uint32_t>(chunk_ + 124) && most != UINT64_MAX && most != 0;
    if (!trusted) most = UINT64_MAX;
    if (next == 0 && trusted) next = load<std::uint64_t>(chunk_ + 24);
    if (next == 0 && !trusted && header == load<std::uint32_t>(chunk_ + 124)) return;  // a chunk without a record
    std::size_t behind = at;                                                           // the last record
    while ((at = find_record(at, size_)) < size_) {
      const std::uint64_t number = load<std::uint64_t>(chunk_ + at + 8);
      const std::size_t size = load<std::uint32_t>(chunk_ + at + 4);
      const bool follows = at == behind || number - next < kRecordsLost;
      const bool carries_on = number >= next && number <= most && (trusted || follows);
      if (!carries_on || !read_record(at, size, batch)) {
        at += 4;
        continue;
      }
      if (at > behind) damaged(at - behind);
      next = number + 1;
      behind = at += size;
    }
  }

  // Whether a record begins at `at` that ends within the chunk's first `end` bytes.
  bool is_record(std::size_t at, std::size_t end) const {
    if (end - at < kRecordMinimum || load<std::uint32_t>(chunk_ + at) != kRecordMagic) return false;
    const std::size_t size = load<std::uint32_t>(chunk_ + at + 4);
    return size >= kRecordMinimum && size <= end - at && load<std::uint32_t>(chunk_ + at + size - 4) == size;
  }

  bool checksums_hold(std::size_t end) const {
    uLong header = crc32(0, chunk_, 120);
    header = crc32(header, chunk_ + 128, 384);
    const uLong data = crc32(0, chunk_ + kRecordsFrom, static_cast<uInt>(end - kRecordsFrom));
    return header == load<std::uint32_t>(chunk_ + 124) && data == load<std::uint32_t>(chunk_ + 52);
  }

  // The next thing that begins like a record, at `at` or later; `end` when there is none.
  std::size_t find_record(std::size_t at, std::size_t end) const {
    for (; at + kRecordMinimum <= end; ++at) {
      const void* star = std::memchr(chunk_ + at, 0x2A, end - at);
      if (!star) return end;
      at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(star) - chunk_);
      if (at + kRecordMinimum > end) return end;
      if (is_record(at, end)) return at;
    }
    return end;
  }

  bool read_record(std::size_t at, std::size_t size, RecordBatch& batch) {
    Record record;
    record.source = source_;
    record.format = "evtx";
    record.kind = RecordKind::windows_event;
    record.parsed = true;
    record.line = load<std::uint64_t>(chunk_ + at + 8);
    next_record_ = record.line + 1;
    record.offset = offset_ + at;
    record.time_known = evtx::unix_ns_of_filetime(load<std::uint64_t>(chunk_ + at + 16), record.time_ns);
    batch.begin_fields();
    const bool sound = run_fragment(at + kRecordHeader, at + size - 4, Area::root, 0, batch, record);
    // Half an event is worth keeping when it says what it is.
    if (!sound && batch.open_fields() < 3) {
      batch.drop_fields();
      return false;
    }
    if (!sound) {
      damaged(0);
      record.parsed = false;
    }
    batch.end_fields(record);
    describe_windows_event(keywords_, batch, record);
    batch.records.push_back(record);
    ++counts_.records;
    if (!record.parsed) ++counts_.unparsed;
    return true;
  }

  // Binary XML at [at, end) of the chunk: template instances, or elements written out.
  bool run_fragment(std::size_t at, std::size_t end, Area area, std::size_t nesting, RecordBatch& batch, Record& record) {
    if (nesting > kNesting) return false;
    while (at < end) {
      switch (chunk_[at]) {
        case 0x00: return true;
        case 0x0F:
          if (!unfolds(4)) return false;
          at += 4;
          break;
        case 0x0C:
          if (!run_template(at, end, area, nesting, batch, record)) return false;
          break;
        default: {
          if (!unfolds(0)) return false;
          Layout layout;
          std::size_t stop = at;
          const bool sound = evtx::compile(chunk_, at, end, area, false, chunk_names_, layout, stop);
          if (!unfolds(std::max(stop, at + 1) - at) || !run(layout, {}, nesting, batch, record) || !sound) return false;
          at = std::max(stop, at + 1);  // a fragment's end is the end of it all
        }
      }
    }
    return true;
  }

  // u8 token, u8, u32 id, u32 offset of the definition (which may be right here), then its values.
  bool run_template(std::size_t& at, std::size_t end, Area area, std::size_t nesting, RecordBatch& batch, Record& record) {
    constexpr std::size_t kHeader = 10, kDefinition = 24;
    if (end - at < kHeader || !unfolds(kStepBytes)) return false;
    const std::size_t definition = load<std::uint32_t>(chunk_ + at + 6);
    at += kHeader;
    if (definition > size_ || size_ - definition < kDefinition) return false;
    const std::size_t data_size = load<std::uint32_t>(chunk_ + definition + 20);
    if (data_size > size_ - definition - kDefinition) return false;
    if (definition == at) at += kDefinition + data_size;
    if (at > end || end - at < 4) return false;
    const std::size_t count = load<std::uint32_t>(chunk_ + at);
    at += 4;
    if (count > (end - at) / 4 || !unfolds(4 * count)) return false;
    const CachedLayout& cached = layout_of(definition, data_size, area);
    std::vector<RawValue>& values = values_[nesting];
    values.clear();
    std::size_t data = at + 4 * count;
    for (std::size_t i = 0; i < count; ++i) {
      RawValue value;
      value.size = load<std::uint16_t>(chunk_ + at + 4 * i);
      value.type = chunk_[at + 4 * i + 2];
      if (value.size > end - data) return false;
      value.data = chunk_ + data;
      value.offset = static_cast<std::uint32_t>(data);
      data += value.size;
      values.push_back(value);
    }
    at = data;
    return run(cached.layout, values, nesting, batch, record) && cached.sound;
  }

  const CachedLayout& layout_of(std::size_t definition, std::size_t size, Area area) {
    constexpr std::size_t kDefinition = 24;
    const std::uint32_t key = static_cast<std::uint32_t>(definition) << 3 | static_cast<std::uint32_t>(area);
    auto [entry, added] = layouts_.try_emplace(key);
    if (added) {
      entry->second.area = area;
      std::size_t stop;
      entry->second.sound =
          unfolds(size) && evtx::compile(chunk_, definition + kDefinition, definition + kDefinition + size, area, true,
                                         chunk_names_, entry->second.layout, stop);
    }
    return entry->second;
  }

  // False: the chunk has unfolded to too much, and what is left of it is damage.
  bool unfolds(std::size_t bytes) { return (unfolded_ += bytes) <= kUnfoldedPerChunk; }

  bool run(const Layout& layout, const std::vector<RawValue>& values, std::size_t nesting, RecordBatch& batch,
           Record& record) {
    for (const Step& step : layout.steps) {
      if (batch.open_fields() >= kFieldsPerRecord || !unfolds(kStepBytes)) return false;
      if (step.count == 1 && layout.pieces[step.first].hole >= 0) {
        const auto hole = static_cast<std::size_t>(layout.pieces[step.first].hole);
        const RawValue value = hole < values.size() ? values[hole] : RawValue{};
        if (value.type == evtx::kBinXml) {
          if (!run_fragment(value.offset, value.offset + value.size, step.area, nesting + 1, batch, record)) return false;
        } else if (step.leaf || (value.type != evtx::kNull && value.size > 0)) {
          add_hole(step, value, layout, values, batch, record);
        }
        continue;
      }
      if (!add_pieces(step, layout, values, nesting, batch, record)) return false;
    }
    return unfolds(0);
  }

  FieldId name_of(const Step& step, const Layout& layout, const std::vector<RawValue>& values, RecordBatch& batch) {
    if (step.name_count == 0) return step.id;
    std::string name;
    for (std::uint32_t i = 0; i < step.name_count && unfolds(kStepBytes); ++i)
      name += text_of(layout.pieces[step.name_first + i], values, batch);
    const FieldId id = chunk_names_.fields().add(evtx::name_in(step.area, name));
    return id ? id : chunk_names_.fields().add("Data");
  }

  // Empty, too, once the chunk has unfolded to too much.
  std::string_view text_of(const Piece& piece, const std::vector<RawValue>& values, RecordBatch& batch) {
    if (piece.hole < 0) return unfolds(piece.text.size()) ? std::string_view(piece.text) : std::string_view();
    const auto hole = static_cast<std::size_t>(piece.hole);
    if (hole >= values.size()) return {};
    const RawValue& value = values[hole];
    const std::size_t written = value.type & evtx::kArray ? kItemBytes * value.size : value.size;
    return unfolds(written) ? evtx::value_text(value, batch) : std::string_view();
  }

  void add_hole(const Step& step, const RawValue& value, const Layout& layout, const std::vector<RawValue>& values,
                RecordBatch& batch, Record& record) {
    const bool null = value.type == evtx::kNull || value.size == 0;
    if ((null && !step.keep_null) || !unfolds(value.size)) return;
    const std::size_t before = batch.open_fields();
    evtx::add_value(name_of(step, layout, values, batch), value, batch);
    unfolds(kStepBytes * (batch.open_fields() - before));  // an array is a field for each item
    if (batch.open_fields() == before || !(step.time_created || step.number)) return;
    Value& cell = batch.open_cells()[before];
    if (step.time_created) take_time(value, cell.text(), record);
    if (step.number) make_number(cell);
  }

  // System/TimeCreated: when it happened. The record's own header says when it was written here, which for what a collector
  // brings may be days later. Collectors write it as text, too.
  static void take_time(const RawValue& value, std::string_view text, Record& record) {
    std::int64_t ns = 0;
    const bool ticks = value.size == 8 && (value.type == evtx::kFileTime || value.type == evtx::kUInt64 ||
                                           value.type == evtx::kInt64 || value.type == evtx::kHexInt64);
    if (ticks ? evtx::unix_ns_of_filetime(load<std::uint64_t>(value.data), ns) : is_time(text, ns)) {
      record.time_ns = ns;
      record.time_known = true;
    }
  }
  static bool is_time(std::string_view text, std::int64_t& ns) {
    text = without_blanks(text);
    return !text.empty() && read_any_time(text, TimeContext{}, ns) == text.size();
  }

  static void make_number(Value& cell) {
    if (cell.kind != Value::Kind::string) return;
    std::string_view text = without_blanks(cell.text());
    const bool hexadecimal = skip(text, "0x");
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, hexadecimal ? 16 : 10);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return;
    cell.kind = Value::Kind::integer;
    cell.as.integer = number;
  }

  static std::string_view without_blanks(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
    while (!text.empty() && blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && blank(text.back())) text.remove_suffix(1);
    return text;
  }

  // Literal text, or text and holes mixed.
  bool add_pieces(const Step& step, const Layout& layout, const std::vector<RawValue>& values, std::size_t nesting,
                  RecordBatch& batch, Record& record) {
    std::string text;
    for (std::uint32_t i = 0; i < step.count; ++i) {
      if (!unfolds(kStepBytes)) return false;
      const Piece& piece = layout.pieces[step.first + i];
      const auto hole = static_cast<std::size_t>(piece.hole);
      if (piece.hole >= 0 && hole < values.size() && values[hole].type == evtx::kBinXml) {
        const RawValue value = values[hole];
        if (!run_fragment(value.offset, value.offset + value.size, step.area, nesting + 1, batch, record)) return false;
      } else {
        text += text_of(piece, values, batch);
      }
    }
    if (!unfolds(0)) return false;
    if (text.empty() && !step.keep_null) return true;
    Value& value = batch.add_field(name_of(step, layout, values, batch));
    if (!text.empty()) {
      const std::string_view kept = batch.arena.copy(text);
      value.set_text(kept);
      if (step.time_created) take_time({}, kept, record);
      if (step.number) make_number(value);
    }
    return true;
  }

  std::unique_ptr<ByteStream> stream_;
  TextBlock head_;
  std::size_t head_at_ = 0;
  bool ended_;
  std::optional<Error> stream_problem_;
  std::string_view source_;
  evtx::ChunkNames chunk_names_;
  FieldId keywords_;
  std::unordered_map<std::uint32_t, CachedLayout> layouts_;  // of the chunk being read, by definition and area
  std::vector<RawValue> values_[kNesting + 1];
  SourceCounts counts_;
  std::uint64_t offset_ = 0;       // of the chunk in the file
  std::uint64_t next_record_ = 0;  // the number behind that of the chunk's last record, 0 before the first
  std::size_t unfolded_ = 0;       // bytes, of the chunk being read
  std::size_t size_ = 0;           // of the chunk, less than whole at a truncated end
  std::uint8_t chunk_[kChunkBytes];
};

}  // namespace

bool is_evtx(std::string_view head) noexcept {
  return head.substr(0, kFileMagic.size()) == kFileMagic || head.substr(0, kChunkMagic.size()) == kChunkMagic;
}

std::unique_ptr<RecordReader> make_evtx_reader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended,
                                               std::optional<Error> problem, std::string_view source, FieldNames& names) {
  return std::make_unique<EvtxReader>(std::move(stream), std::move(head), ended, std::move(problem), source, names);
}

}  // namespace logystera::parse
