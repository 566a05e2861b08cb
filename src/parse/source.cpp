#include "parse/source.hpp"

#include <algorithm>
#include <cstring>

#include "core/clock.hpp"
#include "parse/encoding.hpp"
#include "parse/evtx.hpp"
#include "parse/journal.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kSampleEnough = 32;  // a pipe need not bring more before its format is decided
constexpr std::size_t kSampleBytes = 64 * 1024;

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

// What a format is detected by: the first lines, at least one of them whole, whatever lies in front of it.
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
                       "name its format; 'logystera formats' lists them",
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
