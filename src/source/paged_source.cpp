#include "source/paged_source.hpp"

#include <fmt/core.h>
#include <sys/random.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <thread>

#include "core/printable.hpp"

namespace logystera::source {
namespace {

constexpr std::string_view kTitle = "logystera entries 1 ";
constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kAheadNs = 600 * kSecondNs;         // senders' clocks run ahead; what is further is not asked for
constexpr std::int64_t kRangeLeastNs = kSecondNs;          // no server has a shorter limit
constexpr std::int64_t kRefusedAgainNs = 300 * kSecondNs;  // credentials
constexpr unsigned kAttemptsOnce = 5;                      // of a scan, in a row
constexpr unsigned kCrowdsMost = 100;
constexpr std::size_t kSaidMost = 64;
constexpr std::size_t kPageMost = 50'000;  // whatever a server takes: what waits has a bound (overlap.cpp)
constexpr auto kSlice = std::chrono::milliseconds(100);

// Places of entries in the order of their times. An entry is large: places are moved instead.
std::vector<std::uint32_t> by_time(const std::vector<Entry>& entries) {
  std::vector<std::uint32_t> order(entries.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&entries](std::uint32_t a, std::uint32_t b) { return entries[a].time_ns < entries[b].time_ns; });
  return order;
}

}  // namespace

PagedStore::Page PagedStore::failed(net::Outcome outcome) {
  Page page;
  page.fault = outcome.fault;
  page.error = std::move(outcome.error);
  page.retry_after = outcome.retry_after;
  return page;
}

PagedStore::Page PagedStore::wrong(std::string message) {
  Page page;
  page.fault = net::Fault::configuration;
  page.error = Error{std::move(message), ErrorKind::broken};
  return page;
}

PagedSource::PagedSource(std::unique_ptr<PagedStore> store, const parse::Formats& formats, FieldNames& names,
                         Options options)
    : options_(std::move(options)),
      part_(std::make_shared<Part>()),
      store_(std::move(store)),
      records_(part_->name, formats, names, options_.source),
      overlap_(options_.overlap, options_.key),
      page_(store_->bounds().page),
      page_most_(std::min(store_->bounds().page_most, kPageMost)),
      range_most_ns_(INT64_MAX) {
  part_->name = options_.name;
  part_->format = options_.product;
  overlap_.begin_at(options_.since_ns);
}

PagedSource::~PagedSource() { end_look(); }

Result<std::unique_ptr<PagedSource>> PagedSource::open(std::unique_ptr<PagedStore> store, const parse::Formats& formats,
                                                       FieldNames& names, Options options) {
  std::unique_ptr<PagedSource> source(new PagedSource(std::move(store), formats, names, std::move(options)));
  if (!source->options_.resume) return source;
  std::string_view text = source->options_.resume->text;
  const Error broken{"what is stored of how far it was read is damaged, or was stored with another salt",
                     ErrorKind::broken};
  if (!text.starts_with(kTitle)) return broken;
  text.remove_prefix(kTitle.size());
  std::uint64_t records = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), records);
  if (error != std::errc() || end == text.data() + text.size() || *end != ' ') return broken;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  if (auto resumed = source->overlap_.resume(text); !resumed) return resumed.error();
  source->records_.number_from(records);
  return source;
}

Position PagedSource::position() const {
  return {fmt::format("{}{} {}", kTitle, records_.counts().records, overlap_.text(waiting_.size()))};
}

Backoff::Clock::time_point PagedSource::clock() const {
  return Backoff::Clock::time_point(std::chrono::nanoseconds(options_.steady_ns()));
}

void PagedSource::say(std::string_view text) { notices_.push_back(fmt::format("{}: {}", options_.name, text)); }

void PagedSource::wait(std::chrono::milliseconds most) {
  if (most.count() <= 0) return;
  if (options_.wait) options_.wait(most);
  else std::this_thread::sleep_for(std::min(most, std::chrono::duration_cast<std::chrono::milliseconds>(kSlice)));
}

void PagedSource::begin_look() {
  looking_ = true;
  look_began_ns_ = options_.now_ns();
  ties_ = false;
  cursor_.clear();
  crowds_ = 0;
  const std::int64_t tick = store_->bounds().tick_ns;
  from_ns_ = std::max(overlap_.watermark_ns(), std::int64_t{0}) / tick * tick;
  until_ns_ = std::max(look_began_ns_ + kAheadNs, from_ns_ + tick);
  limit_ = page_;
}

void PagedSource::end_look() {
  if (!looking_) return;
  looking_ = ties_ = false;
  cursor_.clear();
  store_->end_look();
}

// Everything that was read has been handed out. A look may last, with faults in between: what it read first was read no later than
// it began, so only what was logged an overlap before that is known to have been there. And what it has not read yet is not given up,
// though an earlier look saw newer entries.
void PagedSource::settle() {
  if (options_.follow) overlap_.advance(look_began_ns_, looking_ ? from_ns_ : INT64_MAX);
  else if (overlap_.newest_ns() != INT64_MIN)
    overlap_.forget_before(cursor_.empty() ? std::min(overlap_.newest_ns(), from_ns_) : overlap_.newest_ns());
}

Result<Done> PagedSource::refused(const PagedStore::Page& page, const PagedStore::Ask& ask) {
  using Refused = PagedStore::Refused;
  if (page.refused == Refused::cursor) {
    // What is known of the last time's entries tells which of them were had.
    store_->end_look();
    cursor_.clear();
    ties_ = false;
    if (overlap_.newest_ns() != INT64_MIN) from_ns_ = std::max(from_ns_, std::min(overlap_.newest_ns(), until_ns_));
    return Done{};
  }
  if (page.refused == Refused::limit) {
    const std::size_t most = page.most > 0 ? static_cast<std::size_t>(page.most) : ask.limit / 2;
    if (most == 0 || most >= ask.limit) return Error{page.error.message, ErrorKind::invalid};
    page_most_ = most;
    page_ = std::min(page_, most);
    limit_ = std::min(limit_, most);
    return Done{};
  }
  const std::int64_t asked = ask.until_ns - ask.from_ns;
  const std::int64_t most = page.most > 0 && page.most < asked ? page.most : asked / 2;
  if (most < kRangeLeastNs) return Error{page.error.message, ErrorKind::invalid};
  range_most_ns_ = most;
  return Done{};
}

Result<Done> PagedSource::failed(const PagedStore::Page& page) {
  const auto final_error = [&] { return Error{fmt::format("{}: {}", options_.name, page.error.message), page.error.kind}; };
  const std::int64_t now = options_.steady_ns();
  switch (page.fault) {
    case net::Fault::none:
    case net::Fault::stopped: return Done{};
    case net::Fault::configuration: return final_error();
    case net::Fault::credentials:
      if (!options_.follow) return final_error();
      if (!refused_said_) say(page.error.message + "; it is asked again every 5 minutes");
      refused_said_ = true;
      trouble_ = page.error.message;
      again_ns_ = now + kRefusedAgainNs;
      return Done{};
    case net::Fault::passing: break;
  }
  const auto after = page.retry_after ? std::optional<Backoff::Wait>(*page.retry_after) : std::nullopt;
  const auto pause = backoff_.failed(clock(), random_bits(), after);
  if (++failures_ >= kAttemptsOnce && !options_.follow) return final_error();
  if (trouble_.empty()) say(page.error.message + "; it is tried again");
  trouble_ = page.error.message;
  again_ns_ = now + pause.count() * kMs;
  return Done{};
}

// There are more entries at one time than can be asked for.
Result<Done> PagedSource::pass_ties(std::size_t limit) {
  if (++crowds_ > kCrowdsMost)
    return Error{fmt::format("{}: more than {} entries at each of {} times in a row: it does not answer what it is asked",
                             options_.name, limit, kCrowdsMost),
                 ErrorKind::broken};
  say(fmt::format("more than {} entries at {}: some of them may be missing", limit, rfc3339(from_ns_)));
  from_ns_ += store_->bounds().tick_ns;
  limit_ = page_;
  return Done{};
}

Result<Done> PagedSource::go_on_behind(const PagedStore::Page& page, const PagedStore::Ask& ask, std::int64_t last_ns) {
  if (page.full && !page.cursor.empty()) {
    if (page.cursor == ask.cursor)
      return Error{fmt::format("{} answers the same page again", options_.name), ErrorKind::broken};
    cursor_ = page.cursor;
    return Done{};
  }
  const std::int64_t tick = store_->bounds().tick_ns;
  if (page.full && last_ns < ask.from_ns)
    return Error{fmt::format("{} answers entries that are older than what it was asked for", options_.name),
                 ErrorKind::broken};
  if (page.full && last_ns / tick > ask.from_ns / tick) {
    from_ns_ = last_ns / tick * tick;
    limit_ = page_;
    crowds_ = 0;
    return Done{};
  }
  if (page.full) {
    if (limit_ < page_most_) limit_ = std::min(limit_ * 2, page_most_);
    else if (store_->bounds().asks_ties && !ties_) ties_ = true;
    else return pass_ties(ask.limit);
    return Done{};
  }
  if (ties_) {
    ties_ = false;
    cursor_.clear();
    store_->end_look();
    from_ns_ += tick;
    limit_ = page_;
    return Done{};
  }
  cursor_.clear();
  limit_ = page_;
  from_ns_ = ask.until_ns;
  if (from_ns_ >= until_ns_) end_look();
  return Done{};
}

Result<bool> PagedSource::took(PagedStore::Page page, const PagedStore::Ask& ask) {
  if (page.entries.size() > ask.limit)
    return Error{fmt::format("{} answers more entries than it was asked for ({} instead of {})", options_.name,
                             page.entries.size(), ask.limit),
                 ErrorKind::broken};
  backoff_.works(clock());
  failures_ = 0;
  if (!trouble_.empty()) say("answers again");
  trouble_.clear();
  refused_said_ = false;
  for (std::string& notice : page.notices) {
    if (said_.size() >= kSaidMost || std::find(said_.begin(), said_.end(), notice) != said_.end()) continue;
    say(notice);
    said_.push_back(std::move(notice));
  }
  const std::vector<std::uint32_t> order = by_time(page.entries);
  const std::int64_t last = order.empty() ? INT64_MIN : page.entries[order.back()].time_ns;
  if (auto done = go_on_behind(page, ask, last); !done) return done.error();
  if (looking_ && !options_.follow && !stopped()) store_->ahead(next_ask());  // while this page is worked on
  if (ask.cursor.empty()) overlap_.begin_answer();
  std::string identity;
  for (const std::uint32_t place : order) {
    Entry& entry = page.entries[place];
    if (entry.identity.empty()) {
      identity = entry.origin->group;
      identity += '\0';
      identity += entry.text;
    }
    if (overlap_.fresh(entry.time_ns, entry.identity.empty() ? identity : entry.identity))
      waiting_.push_back(std::move(entry));
  }
  if (overlap_.crowded() > 0 && !std::exchange(crowded_said_, true))
    say(options_.follow
            ? fmt::format("more than {} entries within the overlap: those that come late may be lost; make it shorter",
                          grouped(options_.overlap.most))
            : fmt::format("more than {} entries at one time: some of them may be missing", grouped(options_.overlap.most)));
  records_.learn(waiting_, 0);
  return true;
}

PagedStore::Ask PagedSource::next_ask() const {
  PagedStore::Ask ask;
  ask.from_ns = from_ns_;
  const std::int64_t tick = store_->bounds().tick_ns;
  ask.until_ns = ties_ ? from_ns_ + tick : until_ns_ - from_ns_ > range_most_ns_ ? from_ns_ + range_most_ns_ : until_ns_;
  ask.limit = limit_;
  ask.cursor = cursor_;
  ask.ties = ties_;
  ask.once = !options_.follow;
  return ask;
}

Result<bool> PagedSource::step() {
  settle();
  if (!looking_) begin_look();
  const PagedStore::Ask ask = next_ask();
  PagedStore::Page page = store_->page(ask);
  if (page.fault == net::Fault::none && page.refused == PagedStore::Refused::nothing) {
    auto done = took(std::move(page), ask);
    if (!done) return done;
    if (looking_) return true;
    if (!options_.follow) ended_ = true;
    else again_ns_ = options_.steady_ns() + options_.poll.count() * kMs;
    return false;
  }
  auto done = page.refused != PagedStore::Refused::nothing ? refused(page, ask) : failed(page);
  if (!done) return done.error();
  return true;
}

Result<State> PagedSource::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  batch.clear();
  std::int64_t left_ns = patience.count() * kMs;
  for (;;) {
    if (!waiting_.empty()) {
      records_.take(waiting_, batch);
      part_->counts = records_.counts();
      if (!records_.format().empty()) part_->format = fmt::format("{} ({})", options_.product, records_.format());
      else part_->format = options_.product;
      return State::records;
    }
    if (ended_) return State::ended;
    if (stopped()) return State::idle;
    const std::int64_t due_ns = again_ns_ - options_.steady_ns();
    if (due_ns > 0) {
      if (left_ns <= 0) return State::idle;
      const std::int64_t pause = std::clamp<std::int64_t>(std::min(due_ns, left_ns), kMs, kSlice.count() * kMs);
      wait(std::chrono::milliseconds(pause / kMs));
      left_ns -= pause;
      continue;
    }
    auto more = step();
    if (!more) {
      end_look();
      return more.error();
    }
  }
}

bool PagedSource::finish(RecordBatch& batch) {
  end_look();
  batch.clear();
  part_->counts = records_.counts();
  return false;
}

}  // namespace logystera::source
