#include "source/child_source.hpp"

#include <utility>

#include "parse/source.hpp"

namespace logystera::source {

// Held until the last batch of it is through: records point at its name.
struct ChildSource::Log : Part {
  std::optional<parse::Source> source;
};

ChildSource::ChildSource(std::vector<std::string> arguments, std::string name, const parse::Formats& formats,
                         FieldNames& names, parse::SourceOptions options, JudgeEnd judge)
    : arguments_(std::move(arguments)),
      name_(std::move(name)),
      formats_(formats),
      names_(names),
      options_(std::move(options)),
      judge_(std::move(judge)) {}

void ChildSource::open() {
  log_ = std::make_shared<Log>();
  log_->name = name_;
  auto child = Child::start(arguments_);
  if (!child) {
    log_->problem = child.error();
    return;
  }
  child_.emplace(std::move(child).value());
  auto input = parse::open_input(child_->take_output().release(), name_, options_.input);
  auto source = input ? parse::Source::open(std::move(input).value(), formats_, names_, options_)
                      : Result<parse::Source>(input.error());
  if (source) {
    log_->source.emplace(std::move(source).value());
    log_->describe(log_->source->detection());
  } else {
    log_->problem = source.error();
  }
}

// How the child ended says more than where its output did.
void ChildSource::end(bool stopped) {
  if (log_->source) {
    log_->counts = log_->source->counts();
    log_->changes = log_->source->changes();
    if (!log_->problem) log_->problem = log_->source->problem();
  }
  if (!child_) return;
  if (stopped) {
    child_->kill();
  } else if (auto wrong = judge_(child_->end())) {
    log_->problem = Error{name_ + ": " + wrong->message, wrong->kind};
  }
  child_.reset();
}

Result<State> ChildSource::next(RecordBatch& batch, std::chrono::milliseconds) {
  batch.clear();
  if (!log_) open();
  if (log_->source && log_->source->next_batch(batch)) return State::records;
  batch.clear();
  end(options_.input.stop && options_.input.stop->load());
  return State::ended;
}

bool ChildSource::finish(RecordBatch& batch) {
  batch.clear();
  if (!log_) {
    log_ = std::make_shared<Log>();
    log_->name = name_;
  }
  end(true);
  return false;
}

std::shared_ptr<const Part> ChildSource::part() const { return log_; }

}  // namespace logystera::source
