#include "ask/rows.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

namespace logystera::ask {
namespace {

constexpr std::size_t kBatchesWaiting = 4;
constexpr std::size_t kSparesKept = 4;
constexpr std::size_t kProblemsKept = 100;
constexpr auto kPatience = std::chrono::milliseconds(100);

}  // namespace

class Rows::Feed final : public analysis::Watcher {
 public:
  explicit Feed(Rows& rows) : rows_(rows) {}

  void take(analysis::Chunk& chunk) override { rows_.put(chunk.batch, chunk.source); }
  void finished(const analysis::SourceReport& source) override {
    if (!source.problem || source.passed_over) return;
    const std::lock_guard lock(rows_.mutex_);
    if (rows_.problems_.size() < kProblemsKept) rows_.problems_.push_back(source.problem->message);
  }

 private:
  Rows& rows_;
};

Rows::Rows(const Logs& logs, Wanted wanted)
    : logs_(logs), wanted_(std::move(wanted)), sets_(logs.sets()), options_(logs.program().pipeline()) {
  if (wanted_.source)
    for (source::SourceSet& set : sets_)
      std::erase_if(set.files, [&](const FilePath& file) { return !wanted_.source(logs_.shown_name(file.path)); });
  std::erase_if(sets_, [](const source::SourceSet& set) { return set.files.empty(); });
  options_.wanted = wanted_.record;
  if (wanted_.fields) options_.shown = std::make_shared<const analysis::Shown>(analysis::Shown{*wanted_.fields});
  reader_ = std::thread([this] { read(); });
}

Rows::~Rows() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  emptied_.notify_all();
  reader_.join();
}

void Rows::read() {
  Feed feed(*this);
  analysis::Progress progress;
  std::exception_ptr failure;
  std::uint64_t records = 0;
  try {
    const analysis::Program& program = logs_.program();
    records =
        analysis::run(sets_, program.formats(), program.names(), nullptr, options_, feed, progress, stop_).counts.records;
  } catch (...) {
    failure = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  failure_ = failure;
  records_read_ = records;
  ended_ = true;
  filled_.notify_all();
}

// Waits while enough is waiting. False: nobody wants any more.
bool Rows::put(RecordBatch& batch, const std::string& source) {
  if (batch.empty()) return true;
  std::unique_lock lock(mutex_);
  emptied_.wait(lock, [&] { return stop_ || waiting_.size() < kBatchesWaiting; });
  if (stop_) return false;
  auto& file = files_[source];
  if (!file) file = std::make_unique<const File>(File{logs_.shown_name(source), logs_.number_of(source)});
  for (Record& record : batch.records) record.source = file->name;
  RecordBatch spare;
  if (!spare_.empty()) {
    spare = std::move(spare_.back());
    spare_.pop_back();
  }
  waiting_.push_back({std::move(spare), file->number});
  waiting_.back().batch.swap(batch);  // the pipeline goes on with the empty one's memory
  filled_.notify_one();
  return true;
}

const RecordBatch* Rows::next(const std::function<bool()>& stop) {
  std::unique_lock lock(mutex_);
  while (waiting_.empty() && !ended_) {
    if (stop()) return nullptr;
    filled_.wait_for(lock, kPatience);
  }
  if (waiting_.empty()) {
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return nullptr;
  }
  if (spare_.size() < kSparesKept) {
    current_.batch.clear();
    spare_.push_back(std::move(current_.batch));
  }
  current_ = std::move(waiting_.front());
  waiting_.pop_front();
  emptied_.notify_one();
  return &current_.batch;
}

std::uint64_t Rows::number_of(const Record& record) const noexcept {
  constexpr int kPlaceBits = 44;  // files of 16 TiB
  return current_.file << kPlaceBits | (record.offset & ((std::uint64_t{1} << kPlaceBits) - 1));
}

std::vector<std::string> Rows::problems() const {
  const std::lock_guard lock(mutex_);
  return problems_;
}

std::uint64_t Rows::records_read() const {
  const std::lock_guard lock(mutex_);
  return records_read_;
}

}  // namespace logystera::ask
