// Where records come from, whatever it is: files read once, a log that is followed, and what is asked over a network.
//
//   RecordBatch batch;
//   for (;;) {
//     auto state = source.next(batch, patience);
//     for (const std::string& notice : source.notices()) …     // what a person has to know
//     if (!state || state.value() == State::ended) break;
//     …                                                        // analyse and store the batch
//     keep(source.position());                                 // and only then
//   }
//
// A position is text that its source alone understands: bytes and hashes of a file, a cursor, times and digests. Whoever stores
// what was read stores it beside that, so that after a kill nothing is missing; what comes twice then is at most what was handed
// out after the position was taken.
//
// What passes (a connection that breaks off, a file between two names) is a source's own affair: it tries again, and says so in a
// notice. A source is used by one thread at a time; its records may be carried to others.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/source.hpp"

namespace logystera::source {

/// Where somebody left off: mostly a few lines, at most 16 MiB. Empty: this source cannot be gone on with (a pipe).
struct Position {
  std::string text;
};

enum class State : std::uint8_t {
  records,     // the batch holds some
  idle,        // nothing now
  part_ended,  // the batch is empty: part() is through, what it says is final, and another one follows
  ended,       // the same, and none follows
};

/// What a source reads one after the other: the files of a rotated set, the one log that is followed. What is known of it grows
/// while it is read and is final when it has ended; until then other threads read its name alone.
struct Part {
  std::string name;
  std::string format, title, compression, encoding;
  std::vector<parse::FormatChange> changes;  // formats found further down
  double confidence = 0;
  parse::SourceCounts counts;
  std::optional<Error> problem;  // could not be opened, or ended early
  bool passed_over = false;      // met by a walk, and `problem` says why it is no log: nothing went wrong

  /// Takes over what it was recognised as.
  void describe(const parse::Detection& detection);
};

class RecordSource {
 public:
  virtual ~RecordSource() = default;

  /// Clears and fills `batch`; waits for at most `patience` where there is nothing. An error is final.
  virtual Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) = 0;
  /// Nobody reads on: clears and fills `batch` with what waited for more to come. To be called until it returns false; then part()
  /// is final.
  virtual bool finish(RecordBatch& batch) = 0;
  /// What the last batch is of; null before the first call of next(). Its records point into it: whoever hands them to another
  /// thread holds it.
  virtual std::shared_ptr<const Part> part() const = 0;
  /// Up to the last batch that was handed out.
  virtual Position position() const = 0;
  /// What a person has to know, since the last call: parts that cannot be read, lines that may be lost, another format.
  virtual std::vector<std::string> notices() = 0;
  /// Why nothing can be read just now, while it is tried again; empty: nothing is wrong.
  virtual std::string trouble() const { return {}; }
  /// What it is called: a path, the name of a rotated set, "docker:web-1".
  virtual const std::string& label() const noexcept = 0;
};

/// Several sources read as one, which come and go. part(), position() and label() are of the one the last batch is of.
class ManySources : public RecordSource {
 public:
  /// What that one's position is kept under: "file:/var/log/auth.log".
  virtual const std::string& key() const noexcept = 0;
  /// What there is to keep of all of them, each under its key.
  virtual std::vector<std::pair<std::string, Position>> positions() const = 0;
  /// Keys of those that are gone for good, since the last call: what was kept of them is of no use any more.
  virtual std::vector<std::string> forgotten() = 0;
};

}  // namespace logystera::source
