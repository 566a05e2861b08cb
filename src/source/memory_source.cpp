#include "source/memory_source.hpp"

#include <utility>

namespace logystera::source {

// Held until the last batch of it is through: records point at its name.
struct MemorySource::Log : Part {
  std::optional<parse::Source> source;  // none: these bytes are no log
};

MemorySource::MemorySource(std::string_view bytes, std::string name, const parse::Formats& formats, FieldNames& names,
                           parse::SourceOptions options)
    : bytes_(bytes), name_(std::move(name)), formats_(formats), names_(names), options_(std::move(options)) {}

void MemorySource::open() {
  auto log = std::make_shared<Log>();
  log->name = name_;
  auto input = parse::open_memory(bytes_, name_, options_.input);
  auto source = input ? parse::Source::open(std::move(input).value(), formats_, names_, options_)
                      : Result<parse::Source>(input.error());
  if (source) {
    log->source.emplace(std::move(source).value());
    log->describe(log->source->detection());
  } else {
    log->problem = source.error();
  }
  log_ = std::move(log);
}

void MemorySource::end() {
  if (!log_->source) return;
  log_->counts = log_->source->counts();
  log_->changes = log_->source->changes();
  if (!log_->problem) log_->problem = log_->source->problem();
}

Result<State> MemorySource::next(RecordBatch& batch, std::chrono::milliseconds) {
  batch.clear();
  if (!log_) open();
  if (log_->source && log_->source->next_batch(batch)) return State::records;
  batch.clear();
  end();
  return State::ended;
}

bool MemorySource::finish(RecordBatch& batch) {
  batch.clear();
  if (!log_) open();
  end();
  return false;
}

std::shared_ptr<const Part> MemorySource::part() const { return log_; }

}  // namespace logystera::source
