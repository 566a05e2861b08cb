#include "parse/detection.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/continuation.hpp"
#include "parse/json_frames.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kSampleLines = 200;
constexpr std::size_t kTrialNames = 1024;  // a table of names with more is not handed to the next format

// Text formats have no NULs, but a log torn by a crash may start with some (ext4 leaves them).
std::string_view without_leading_nuls(std::string_view text) {
  const std::size_t from = text.find_first_not_of('\0');
  return from == std::string_view::npos ? std::string_view() : text.substr(from);
}

// One parser on trial.
struct Trial {
  std::size_t matched = 0;
  std::size_t typical = 0;
  std::size_t timed = 0;
};

Trial try_format(const std::vector<std::string_view>& lines, const Format& format, LineParser& parser, RecordBatch& batch) {
  Trial trial;
  batch.clear();
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
  std::optional<FieldNames> names;  // trial names must not fill the run's table, nor one format's the next one's
  RecordBatch batch;
  for (const auto& format : formats.all()) {
    if (!names || names->size() > kTrialNames) names.emplace();
    Result<std::unique_ptr<LineParser>> parser = make_parser(*format, {*names, time});
    if (!parser) continue;
    const Trial trial = try_format(lines, *format, *parser.value(), batch);
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
  if (format.parts.empty()) return true;  // CRI and the journal mark it with a flag
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

}  // namespace logystera::parse
