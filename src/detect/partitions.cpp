#include "detect/partitions.hpp"

#include <algorithm>
#include <cassert>

namespace logystera::detect {

struct PartitionedWindows::Partition {
  Partition(PartitionId i, const FieldNames& base) : id(i), names(FieldNames::Over{base}) {}

  const PartitionId id;
  FieldNames names;
  std::unique_ptr<Windows> windows;  // from the first hit that one of them counts
  std::int64_t now_ns = 0;           // of the newest record before that
};

PartitionedWindows::PartitionedWindows(const RuleSet& rules, const FieldNames& base, PartitionOptions options)
    : rules_(rules), base_(base), options_(std::move(options)), counted_(rules.rules.size()) {
  assert(!options_.key.empty() && options_.partitions > 0);
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    const Rule& rule = rules.rules[i];
    counted_[i] = counted_[i] || rule.seen || rule.ends || (rule.alert && !rule.alert->group_by.empty());
    if (!rule.window) continue;
    for (std::uint32_t input : rule.window->inputs) counted_[input] = true;
  }
}

PartitionedWindows::~PartitionedWindows() = default;

// The partition, made if it is new, as the one used last.
PartitionedWindows::Partition& PartitionedWindows::use(PartitionId partition) {
  if (const auto known = found_.find(partition); known != found_.end()) {
    used_.splice(used_.begin(), used_, known->second);
    return *used_.front();
  }
  while (used_.size() >= options_.partitions) {
    const auto last = std::prev(used_.end());
    if (options_.on_evict && (*last)->windows) options_.on_evict((*last)->id, *(*last)->windows);
    ++gone_.evicted;
    drop(last);
  }
  used_.push_front(std::make_unique<Partition>(partition, base_));
  found_.emplace(partition, used_.begin());
  return *used_.front();
}

Windows& PartitionedWindows::windows_of(Partition& partition) {
  if (!partition.windows) {
    partition.windows =
        std::make_unique<Windows>(rules_, partition.names,
                                  WindowOptions{.cells = options_.cells,
                                                .key = options_.key,
                                                .now_ns = partition.now_ns,
                                                .seen = options_.seen ? options_.seen(partition.id) : nullptr,
                                                .clears = options_.clears});
    ++with_windows_;
    share_out();
  }
  return *partition.windows;
}

void PartitionedWindows::share_out() {
  const std::size_t share = std::max(options_.cells_least, options_.cells / std::max<std::size_t>(with_windows_, 1));
  for (const auto& partition : used_)
    if (partition->windows) partition->windows->set_cells(share);
}

void PartitionedWindows::drop(std::list<std::unique_ptr<Partition>>::iterator at) {
  if (const Windows* windows = (*at)->windows.get()) {
    const WindowStats stats = windows->stats();
    gone_.windows.hits += stats.hits;
    gone_.windows.forgotten += stats.forgotten;
    gone_.windows.out_of_order += stats.out_of_order;
    gone_.windows.clock_jumps += stats.clock_jumps;
    --with_windows_;
  }
  found_.erase((*at)->id);
  used_.erase(at);
}

void PartitionedWindows::feed(PartitionId partition, std::span<const Record> records, std::span<const std::uint32_t> hits,
                              std::span<const std::uint32_t> ends, std::vector<Match>& out) {
  Partition& here = use(partition);
  if (here.windows ||
      std::any_of(hits.begin(), hits.end(), [this](std::uint32_t rule) { return static_cast<bool>(counted_[rule]); })) {
    return windows_of(here).feed(records, hits, ends, out);
  }
  std::uint32_t from = 0;
  for (std::size_t i = 0; i < records.size(); from = ends[i++]) {
    if (records[i].time_known) here.now_ns = records[i].time_ns;
    for (std::uint32_t rule : hits.subspan(from, ends[i] - from))
      if (!rules_.rules[rule].silent) out.push_back(match_of(rule, records[i]));
  }
}

FieldNames& PartitionedWindows::names(PartitionId partition) { return use(partition).names; }

Windows& PartitionedWindows::windows(PartitionId partition) { return windows_of(use(partition)); }

void PartitionedWindows::finish(PartitionId partition, std::vector<Match>& out) {
  const auto known = found_.find(partition);
  if (known != found_.end() && (*known->second)->windows) (*known->second)->windows->finish(out);
}

void PartitionedWindows::remove(PartitionId partition) {
  const auto known = found_.find(partition);
  if (known == found_.end()) return;
  drop(known->second);
  share_out();
}

PartitionStats PartitionedWindows::stats() const {
  PartitionStats out = gone_;
  out.partitions = with_windows_;
  for (const auto& partition : used_) {
    if (!partition->windows) continue;
    const WindowStats stats = partition->windows->stats();
    out.windows.hits += stats.hits;
    out.windows.groups += stats.groups;
    out.windows.cells += stats.cells;
    out.windows.forgotten += stats.forgotten;
    out.windows.out_of_order += stats.out_of_order;
    out.windows.clock_jumps += stats.clock_jumps;
  }
  return out;
}

}  // namespace logystera::detect
