// A log store that is asked over HTTP, page by page, from a time on: Loki, Graylog, OpenSearch.
//
// What the products differ in is behind PagedStore: how a page is asked for and taken apart. What makes a poller lose or repeat
// entries is here, once:
//
//   pages     the next page begins at the time of the last entry, that time included, and what comes again is dropped by identity
//   ties      a page that is all of one time is asked for with twice the limit, up to what the server takes; then by another way,
//             where the store has one; else what may be missing is said
//   lateness  a look begins an overlap before the newest entry of the looks before (source/overlap.hpp)
//   faults    what passes is tried again (source/backoff.hpp), a refusal of credentials every five minutes, the rest is final
//   bounds    limits the server names are taken over: entries of a page, span of a query
//
// A page's entries are sorted by time, so rules that count over time see them in order, but for what comes late.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.hpp"
#include "net/http.hpp"
#include "source/backoff.hpp"
#include "source/entry_records.hpp"
#include "source/overlap.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

class PagedStore {
 public:
  virtual ~PagedStore() = default;

  struct Bounds {
    std::size_t page = 1'000;       // entries asked for at once
    std::size_t page_most = 5'000;  // that the server takes
    std::int64_t tick_ns = 1;       // what its times are multiples of
    bool asks_ties = false;         // Ask::ties
  };
  virtual Bounds bounds() const = 0;

  struct Ask {
    std::int64_t from_ns = 0, until_ns = 0;  // the first is included; the other need not be left out
    std::size_t limit = 0;
    std::string cursor;  // of the page before; empty: from `from_ns` on
    bool ties = false;   // all entries at `from_ns`, more than a page takes
    bool once = false;   // the past is read once
  };
  enum class Refused : std::uint8_t {
    nothing,
    limit,   // too many entries asked for, or too many bytes answered: `most` if the server says it, or 0
    range,   // too long a span: `most` nanoseconds if the server says it, or 0
    cursor,  // it is not known any more
  };
  struct Page {
    net::Fault fault = net::Fault::none;
    Error error;  // with a fault, or a refusal that cannot be dealt with
    std::optional<std::chrono::seconds> retry_after;
    Refused refused = Refused::nothing;
    std::int64_t most = 0;
    std::vector<Entry> entries;  // all of those asked for that are at its times but the last; in any order
    bool full = false;           // there may be more
    std::string cursor;          // to go on with; empty: by time
    std::vector<std::string> notices;
  };
  virtual Page page(const Ask& ask) = 0;
  /// What page() is likely to be called with next: the server may begin to work on it.
  virtual void ahead(const Ask&) {}
  /// The look that pages were of is over, or given up: what the server holds for it is given back.
  virtual void end_look() {}

  /// A page of nothing but what went wrong.
  static Page failed(net::Outcome outcome);
  static Page wrong(std::string message);
};

class PagedSource final : public RecordSource {
 public:
  struct Options {
    std::string name;                       // "loki:logs.example": records name it as their source
    std::string product;                    // "loki"
    bool follow = false;                    // else what there is from `since_ns` until now
    std::int64_t since_ns = 0;              // Unix time: nothing older is read
    std::optional<Position> resume;         // wins over since_ns
    std::chrono::milliseconds poll{2'000};  // between looks
    Overlap::Options overlap;
    std::string key;  // of the overlap's digests
    parse::SourceOptions source;
    const std::atomic<bool>* stop = nullptr;
    /// Unix time; a clock that is never set; and how to wait for that long at most. Tests replace them.
    std::function<std::int64_t()> now_ns = wall_ns, steady_ns = monotonic_ns;
    std::function<void(std::chrono::milliseconds)> wait = {};
  };
  /// Asks nothing yet. `formats` and `names` outlive it. An error (broken): the position to resume at is none.
  static Result<std::unique_ptr<PagedSource>> open(std::unique_ptr<PagedStore> store, const parse::Formats& formats,
                                                   FieldNames& names, Options options);
  ~PagedSource() override;

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  /// What was read and not handed out is read again by whoever resumes.
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override;
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  std::string trouble() const override { return trouble_; }
  const std::string& label() const noexcept override { return options_.name; }

 private:
  PagedSource(std::unique_ptr<PagedStore> store, const parse::Formats& formats, FieldNames& names, Options options);

  void begin_look();
  void end_look();
  /// Asks for a page. False: nothing more is to be asked for now.
  Result<bool> step();
  PagedStore::Ask next_ask() const;
  Result<bool> took(PagedStore::Page page, const PagedStore::Ask& ask);
  Result<Done> go_on_behind(const PagedStore::Page& page, const PagedStore::Ask& ask, std::int64_t last_ns);
  Result<Done> pass_ties(std::size_t limit);
  Result<Done> refused(const PagedStore::Page& page, const PagedStore::Ask& ask);
  Result<Done> failed(const PagedStore::Page& page);
  void settle();
  bool stopped() const noexcept { return options_.stop && options_.stop->load(std::memory_order_relaxed); }
  void wait(std::chrono::milliseconds most);
  Backoff::Clock::time_point clock() const;
  void say(std::string_view text);

  const Options options_;
  const std::shared_ptr<Part> part_;
  std::unique_ptr<PagedStore> store_;
  EntryRecords records_;
  Overlap overlap_;
  Backoff backoff_;

  std::deque<Entry> waiting_;  // read, not handed out
  // The look that is on.
  bool looking_ = false, ties_ = false, ended_ = false;
  std::int64_t look_began_ns_ = 0;  // Unix time
  std::int64_t from_ns_ = 0, until_ns_ = 0;
  std::string cursor_;
  std::size_t limit_ = 0;
  unsigned crowds_ = 0;  // times in a row that had more entries than could be asked for
  // What the server takes.
  std::size_t page_, page_most_;
  std::int64_t range_most_ns_;

  std::int64_t again_ns_ = INT64_MIN / 2;  // by the steady clock: not before
  unsigned failures_ = 0;                  // in a row
  std::string trouble_;                    // why it is down, once that was said
  bool refused_said_ = false;
  bool crowded_said_ = false;
  std::vector<std::string> said_;  // notices of the store, each once
  std::vector<std::string> notices_;
};

}  // namespace logystera::source
