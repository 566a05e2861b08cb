#include "extension/state.hpp"

#include <time.h>

#include <algorithm>

#include "agent/uid_key.hpp"
#include "core/clock.hpp"
#include "extension/module.hpp"

namespace logystera::extension {
namespace {

constexpr std::int64_t kCheckSeconds = 1;  // how long a look at the directory's owner and mode is believed

bool same_buffer(const agent::BufferOptions& a, const agent::BufferOptions& b) {
  return a.share_group == b.share_group && a.sync_commits == b.sync_commits && a.allow_network_fs == b.allow_network_fs;
}

}  // namespace

Site::~Site() { wipe(given_uid_key); }

Result<Site*> State::site(std::string directory, const RecorderOptions& options) {
  // As the buffer spells it: two spellings must not become two sites with an allowance each.
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  const std::int64_t now = wall_seconds();
  const auto found =
      std::find_if(sites_.begin(), sites_.end(), [&](const auto& site) { return site->buffer.directory() == directory; });
  Site* site = found != sites_.end() ? found->get() : nullptr;
  const bool same_place = site != nullptr && same_buffer(site->buffer.options(), options.buffer);
  if (!same_place || now - site->checked_at >= kCheckSeconds || now < site->checked_at) {
    Result<agent::Buffer> opened = agent::Buffer::open(directory, options.buffer);
    if (!opened) return opened.error();
    if (site == nullptr) {
      if (sites_.size() == kSites)
        return Error{"one process records for at most 256 buffer directories", ErrorKind::too_large};
      sites_.push_back(std::make_unique<Site>(std::move(opened).value()));
      site = sites_.back().get();
    } else if (!same_place || !site->buffer.same_rules(opened.value())) {
      opened.value().take_pending(site->buffer);
      site->buffer = std::move(opened).value();
    }
    site->checked_at = now;
  }
  // Whatever can fail comes before the site is changed: a refused Recorder must not leave half of its options to the others.
  const bool new_signals = site->signals.size() == 0 || site->lists != options.lists;
  agent::SignalSet signals;
  if (new_signals) {
    Result<agent::SignalSet> set = build_signals(options);
    if (!set) return set.error();
    signals = std::move(set).value();
  }
  if (!site->has_uid_key || !equal_constant_time(site->given_uid_key, options.uid_key)) {
    std::string own;
    if (options.uid_key.empty()) {
      Result<std::string> loaded = agent::load_uid_key(site->buffer.directory(), site->buffer.rules());
      if (!loaded) return loaded.error();
      own = std::move(loaded).value();
    }
    wipe(site->given_uid_key);
    site->given_uid_key = options.uid_key;
    site->rules.uid_key = HmacKey(own.empty() ? options.uid_key : std::string_view(own));
    site->has_uid_key = true;
    site->hashes.clear();
    wipe(own);
  }
  if (new_signals) {
    site->request.carry_caps(site->signals, signals);
    site->signals = std::move(signals);
    const std::uint16_t slow = site->signals.find("db.slow_query");
    site->times_statements = slow != agent::SignalSet::kUnknown && site->signals.enabled(slow);
    site->lists = options.lists;
  }
  if (site->root != options.root) site->root = options.root;
  site->rules.anonymize_ip = options.anonymize_ip;
  site->request.configure(std::min(options.max_events, configured_max_events()), allowance_seconds());
  return site;
}

void State::remember(std::uint64_t entry_point, Site& site) noexcept {
  current_ = &site;
  const auto found = std::find_if(entry_points_.begin(), entry_points_.end(),
                                  [&](const EntryPoint& known) { return known.hash == entry_point; });
  if (found != entry_points_.end()) {
    found->site = &site;
    std::iter_swap(entry_points_.begin(), found);
    return;
  }
  try {
    // Whoever sends any host name must not fill the memory: the oldest makes room.
    if (entry_points_.size() == kSites) entry_points_.pop_back();
    entry_points_.insert(entry_points_.begin(), {entry_point, &site});
  } catch (...) {
    // Out of memory: this request's site is known, a later one's will be noted then.
  }
}

Site* State::remembered(std::uint64_t entry_point) noexcept {
  searched_ = true;
  for (const EntryPoint& known : entry_points_) {
    if (known.hash == entry_point) return current_ = known.site;
  }
  return nullptr;
}

void State::check_fork() noexcept {
  if (!fork_mark_.just_forked()) return;
  uuids.discard();
  for (const auto& site : sites_) {
    site->request.forget();
    site->buffer.forget_pending();
  }
}

void State::commit_all() noexcept {
  check_fork();
  for (const auto& site : sites_) {
    if (site->touched && site->request.unsaid()) site->request.commit(site->buffer);
  }
}

void State::settle() noexcept {
  check_fork();
  for (const auto& site : sites_) site->buffer.settle();
}

void State::end_request() noexcept {
  if (!any_touched_) return;
  commit_all();
  for (const auto& site : sites_) {
    if (!site->touched) continue;
    site->request.reset();
    if (sites_.size() > kKeptOpen) site->buffer.let_go();
    site->touched = false;
  }
  any_touched_ = false;
}

}  // namespace logystera::extension
