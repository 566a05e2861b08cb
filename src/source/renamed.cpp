// See renamed.hpp.
#include "source/renamed.hpp"

#include <string_view>
#include <utility>

namespace logystera::source {
namespace {

// What a batch's records point into.
struct Held {
  std::shared_ptr<const Part> part;
  std::shared_ptr<const void> names;
};

}  // namespace

Renamed::Renamed(std::unique_ptr<RecordSource> source, std::string prefix)
    : source_(std::move(source)), prefix_(std::move(prefix)), label_(prefix_ + source_->label()) {}

void Renamed::rename(RecordBatch& batch) {
  std::string_view last;
  const std::string* name = nullptr;
  for (Record& record : batch.records) {
    if (!name || record.source != last) {
      last = record.source;
      std::string& known = (*names_)[std::string(record.source)];
      if (known.empty()) known = prefix_ + std::string(record.source);
      name = &known;
    }
    record.source = *name;
  }
}

void Renamed::hold_part() {
  const std::shared_ptr<const Part> inner = source_->part();
  if (!inner) part_.reset();
  else if (part_ != inner) part_ = std::shared_ptr<const Part>(std::make_shared<Held>(Held{inner, names_}), inner.get());
}

Result<State> Renamed::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  auto state = source_->next(batch, patience);
  hold_part();
  if (state && state.value() == State::records) rename(batch);
  return state;
}

bool Renamed::finish(RecordBatch& batch) {
  const bool more = source_->finish(batch);
  hold_part();
  if (more) rename(batch);
  return more;
}

}  // namespace logystera::source
