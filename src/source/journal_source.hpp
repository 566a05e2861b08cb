// systemd's journal as it is written: `journalctl -o export -f`, run here or on another machine, and run again when it ends.
//
// A position is the cursor of the last entry. journalctl is asked to begin at it, gives that entry once more, and the entry is
// left out here: --after-cursor loses one in systemd 252 where the cursor is another unit's (systemd issue 30288). An entry that is
// gone from the journal is said: what came behind it may be gone too.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parse/journal.hpp"
#include "source/backoff.hpp"
#include "source/child.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

/// What of a journal is read.
struct JournalTarget {
  std::vector<std::string> units;
  std::string since;      // as journalctl takes it, or "1h" for "-1h"; empty: all of it
  std::string priority;   // "err", "0..4"; empty: all
  std::string directory;  // of journal files; empty: the system's
};

/// Says which of these journalctl could take for something else; nothing: none.
std::optional<Error> wrong_with(const JournalTarget& target);

/// Where following begins: behind a cursor, or at a time.
struct JournalPlace {
  std::string cursor;
  std::int64_t since_us = 0;  // Unix time, if there is no cursor
  std::uint64_t records = 0;  // made so far: what is stored is told apart by its number

  std::string text() const;
  static Result<JournalPlace> of_text(std::string_view text);
};

/// The arguments of journalctl, itself in front, for a scan; and to follow from a place.
std::vector<std::string> journal_scan(const JournalTarget& target);
std::vector<std::string> journal_follow(const JournalTarget& target, const JournalPlace& place);

class JournalSource final : public RecordSource {
 public:
  /// What an end of the child means.
  enum class Verdict : std::uint8_t {
    again,    // passes: tried again with a backoff
    refused,  // a password, a key: tried again every five minutes, said once
    final,    // will be the same again
  };
  struct Options {
    std::string name;                                                        // what the source is called
    std::function<std::vector<std::string>(const JournalPlace&)> arguments;  // of the program to run
    /// `worked`: entries have come of this run of it.
    std::function<Verdict(const Child::End& end, bool worked)> judge;
    std::optional<JournalPlace> resume;
    const std::atomic<bool>* stop = nullptr;
  };
  /// `names` outlives the source.
  static Result<std::unique_ptr<JournalSource>> open(FieldNames& names, Options options);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override;
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  std::string trouble() const override { return trouble_; }
  const std::string& label() const noexcept override { return options_.name; }

 private:
  using Clock = std::chrono::steady_clock;

  JournalSource(FieldNames& names, Options options);
  Result<Done> start();
  Result<Done> not_started(const Error& error);
  Result<Done> ended();
  void look_for_gap();

  Options options_;
  const std::shared_ptr<Part> part_;
  JournalPlace begin_;
  parse::JournalEntries entries_;
  std::optional<Child> child_;
  std::string asked_;  // cursor the child was given
  bool gap_looked_for_ = false;
  Backoff backoff_{std::chrono::milliseconds(1'000)};
  Clock::time_point again_at_{};
  std::optional<Clock::time_point> parts_since_;
  std::string trouble_;  // why it is down, once that was said
  std::vector<std::string> notices_;
};

/// Of journalctl on this machine.
JournalSource::Verdict judge_journalctl(const Child::End& end, bool worked);

}  // namespace logystera::source
