#include "source/docker_container.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/clock.hpp"
#include "core/printable.hpp"
#include "parse/detection.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kSampleBytes = 64 * 1024;  // a format is told by

struct ContainerPart final : Part {
  std::string id, image;
};

// With find(), which looks at many bytes at once.
std::size_t lines_of(std::string_view text) {
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; ++at) ++lines;
  return lines;
}

}  // namespace

DockerReading::DockerReading(const parse::Formats& its_formats, FieldNames& its_names, parse::SourceOptions its_options)
    : formats(its_formats),
      names(its_names),
      options(std::move(its_options)),
      name(its_names.add("container.name")),
      id(its_names.add("container.id")),
      image(its_names.add("container.image")) {}

DockerContainer::DockerContainer(const Listed& listed, const DockerReading& reading, std::string_view key, bool once)
    : reading_(reading), once_(once), place_(key) {
  auto part = std::make_shared<ContainerPart>();
  part->name = listed.name;
  part->id = listed.id;
  part->image = listed.image;
  id_ = &part->id;
  image_ = &part->image;
  part_ = std::move(part);
}

Result<Done> DockerContainer::resume(std::string_view position) {
  std::uint64_t line = 0;
  const auto [end, error] = std::from_chars(position.data(), position.data() + position.size(), line);
  if (error != std::errc() || end == position.data() + position.size() || *end != ' ')
    return Error{"what is stored of how far it was read is damaged", ErrorKind::broken};
  if (auto done = place_.resume(position.substr(static_cast<std::size_t>(end + 1 - position.data()))); !done) return done;
  line_before_ = line;
  first_line_ = line + 1;
  return Done{};
}

std::string DockerContainer::position(std::size_t digests) const {
  std::array<std::size_t, 2> waiting{};
  for (const LineMark& mark : waiting_) ++waiting[mark.error ? 1 : 0];
  return fmt::format("{} {}", first_line_ - 1, place_.text(waiting, digests));
}

void DockerContainer::begin_answer(bool terminal) {
  lines_.emplace(terminal);
  place_.begin_answer();
  first_of_answer_ = true;
  ++answers_;
}

Result<Done> DockerContainer::take(std::string& bytes) {
  std::size_t at = 0;
  DockerLine line;
  while (!full()) {
    std::size_t used = 0;
    const auto read = lines_->next(std::string_view(bytes).substr(at), used, line);
    at += used;
    if (!read) return read.error();
    if (!read.value()) break;
    keep(line);
  }
  bytes.erase(0, at);
  return Done{};
}

void DockerContainer::end_answer() {
  DockerLine line;
  for (const bool error : {false, true})
    if (lines_ && lines_->finish(error, line)) keep(line);
  lines_.reset();
}

void DockerContainer::keep(const DockerLine& line) {
  if (std::exchange(first_of_answer_, false) && place_.newest_ns() != INT64_MIN && line.time_ns > place_.newest_ns())
    say(fmt::format("lines between {} and {} may be gone: the daemon has rotated them away", rfc3339(place_.newest_ns()),
                    rfc3339(line.time_ns)));
  if (!place_.fresh(line.time_ns, line.error, line.text) && !(once_ && answers_ == 1)) return;
  pending_.append(line.text);
  pending_ += '\n';
  waiting_.push_back({line.time_ns, line.error, line.truncated});
}

bool DockerContainer::detect(bool quiet) {
  if (records_) return true;
  if (!quiet && pending_.size() < kSampleBytes) return false;
  const parse::SourceOptions& options = reading_.options;
  const parse::Formats& formats = reading_.formats;
  time_.emplace(wall_ns(), options.zone);
  parse::Detection found;
  if (options.format.empty())
    found = parse::detect_log(std::string_view(pending_).substr(0, kSampleBytes), false, formats, *time_);
  const parse::Format* text = formats.find("plaintext");
  const parse::Format* format = options.format.empty() ? found.format : formats.find(options.format);
  if (!format) format = text;
  auto parser = parse::make_parser(*format, {reading_.names, *time_});
  auto fallback = parse::make_parser(*text, {reading_.names, *time_});
  if (!parser || !fallback) return false;
  if (found.format) part_->describe(found);
  part_->format = format->name;
  part_->title = format->title;
  records_ = std::make_unique<parse::LineRecords>(*format, std::move(parser).value(), std::move(fallback).value(), name(),
                                                  options, *time_);
  records_->resume(line_before_ + 1, 0, false);
  if (options.format.empty()) records_->watch(formats, reading_.names, found.sampled);
  return true;
}

// What only the daemon knows of a line.
void DockerContainer::dress(RecordBatch& batch) {
  for (Record& record : batch.records) {
    const std::uint64_t at = record.line - first_line_;
    if (at >= waiting_.size()) continue;
    const LineMark& mark = waiting_[at];
    if (!record.time_known) {
      record.time_ns = mark.time_ns;
      record.time_known = true;
    }
    record.source = name();
    record.truncated |= mark.truncated;
    batch.begin_fields();
    for (std::uint32_t k = 0; k < record.field_count; ++k) batch.add_field(record.fields[k].field) = record.fields[k];
    batch.add_text(reading_.name, name());
    batch.add_text(reading_.id, *id_);
    batch.add_text(reading_.image, *image_);
    if (!record.find(field::stream)) batch.add_text(field::stream, mark.error ? "stderr" : "stdout");
    batch.end_fields(record);
  }
}

bool DockerContainer::hand_out(RecordBatch& batch, bool quiet) {
  batch.clear();
  if (pending_.empty() || !detect(quiet)) return false;
  batch.text.resize(pending_.size());
  std::copy(pending_.begin(), pending_.end(), batch.text.data());
  std::size_t consumed = records_->read(batch, quiet);
  if (consumed == 0 && !quiet && full()) consumed = records_->read(batch, true);  // one record, as long as that
  dress(batch);
  const std::size_t lines = lines_of(std::string_view(pending_).substr(0, consumed));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(lines));
  first_line_ += lines;
  pending_.erase(0, consumed);
  std::int64_t floor = lines_ ? lines_->oldest_ns() : INT64_MAX;
  for (const LineMark& mark : waiting_) floor = std::min(floor, mark.time_ns);
  place_.advance(wall_ns(), floor);
  if (!once_) say_passed_over();
  return !batch.empty();
}

void DockerContainer::finish() {
  if (!records_) return;
  part_->counts = records_->counts();
  part_->changes = records_->changes();
}

void DockerContainer::say(std::string_view text) { notices_.push_back(fmt::format("{}: {}", printable(name()), text)); }

void DockerContainer::say_passed_over() {
  constexpr std::uint64_t kTimes = 10;
  if (const std::uint64_t older = place_.older(); older >= older_say_) {
    older_say_ = older * kTimes;
    say(fmt::format(
        "{} lines older than what was read before are passed over: the daemon repeats lines when it rotates a log, "
        "or its clock was set back",
        older));
  }
  if (const std::uint64_t crowded = place_.crowded(); crowded >= crowded_say_) {
    crowded_say_ = crowded * kTimes;
    say("it writes more than 200,000 lines in five seconds: a line that comes late may be missing");
  }
}

}  // namespace logystera::source
