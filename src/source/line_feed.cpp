#include "source/line_feed.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/clock.hpp"
#include "parse/detection.hpp"

namespace logystera::source {

LineFeed::LineFeed(std::string name, const parse::Formats& formats, FieldNames& names, const parse::SourceOptions& options)
    : name_(std::move(name)), formats_(formats), names_(names), options_(options), time_(wall_ns(), options.zone) {}

void LineFeed::go_on(std::uint64_t offset, std::uint64_t line) {
  pending_.clear();
  held_ = 0;
  part_line_ = 0;
  offset_ = offset;
  first_line_ = line;
  records_.reset();  // made anew: what it remembers is of the lines that are forgotten
}

void LineFeed::add(std::string_view bytes) { pending_ += bytes; }

std::uint64_t LineFeed::line() const noexcept {
  return part_line_ > 0 ? part_line_ : records_ ? records_->next_line() : first_line_;
}

const parse::SourceCounts& LineFeed::counts() const noexcept {
  static const parse::SourceCounts kNone;
  return records_ ? records_->counts() : kNone;
}

bool LineFeed::choose(Expect expect) {
  const std::string_view sample = std::string_view(pending_).substr(0, kSampleBytes);
  const bool given = !options_.format.empty();
  std::size_t seen = 0;
  const parse::Format* format = given ? formats_.find(options_.format) : format_;
  if (!format) {
    const bool line = sample.find('\n') != sample.npos;
    if (!line && expect != Expect::last && pending_.size() <= options_.line_bytes) return false;
    const parse::Detection found = parse::detect_log(sample, !line, formats_, time_);
    format = found.format ? found.format : formats_.find("plaintext");
    seen = found.sampled;
  }
  const parse::Format* const text = formats_.find("plaintext");
  if (!format || !text) return false;
  auto parser = parse::make_parser(*format, {names_, time_});
  auto fallback = parse::make_parser(*text, {names_, time_});
  if (!parser || !fallback) return false;
  records_ = std::make_unique<parse::LineRecords>(*format, std::move(parser).value(), std::move(fallback).value(), name_,
                                                  options_, time_);
  if (!given) records_->watch(formats_, names_, seen);
  records_->join_parts(parse::parts_end_somewhere(sample, *format, {names_, time_}));
  records_->resume(first_line_, offset_, false);
  format_ = format;
  return true;
}

// Records were made of the next so many bytes. They are done with, but for those from the first part of an open record on.
void LineFeed::made(std::size_t bytes) {
  held_ += bytes;
  std::size_t done = held_;
  part_line_ = 0;
  if (const auto oldest = records_->oldest_part()) {
    done = held_ - std::min<std::uint64_t>(held_, oldest->back);
    part_line_ = oldest->line;
  }
  pending_.erase(0, done);
  offset_ += done;
  held_ -= done;
}

bool LineFeed::take(RecordBatch& batch, Expect expect) {
  batch.clear();
  if (waiting() == 0 && expect != Expect::last) return false;
  if (!records_ && (pending_.empty() || !choose(expect))) return false;
  time_.set_now(wall_ns());
  std::string_view text = std::string_view(pending_).substr(held_);
  if (expect == Expect::quiet) {
    const std::size_t end = text.rfind('\n');
    text = text.substr(0, end == text.npos ? 0 : end + 1);
    if (text.empty()) return false;
  }
  const std::size_t most = std::max(options_.block_bytes, options_.line_bytes + 1);
  const bool whole = text.size() <= most;  // and no piece, whose last line goes on
  text = text.substr(0, most);
  batch.text.resize(text.size());
  if (!text.empty()) std::memcpy(batch.text.data(), text.data(), text.size());
  made(records_->read(batch, whole && expect != Expect::more));
  if ((expect == Expect::last && waiting() == 0) || held_ > kHeldMost) {
    records_->finish(batch);
    made(0);
  }
  return !batch.records.empty();
}

}  // namespace logystera::source
