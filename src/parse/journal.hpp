// systemd's journal in its export format: KEY=VALUE lines, entries apart by an empty line, binary values with their length.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/format.hpp"
#include "parse/input.hpp"

namespace logystera::parse {

class RecordReader;
struct SourceCounts;

/// What tells which entries hold parts of one message.
///
///   CONTAINER_PARTIAL_ID, _LAST   Docker's driver since 19.03: parts have an id in common, and the last one says so
///   CONTAINER_PARTIAL_MESSAGE     "true" in all parts but the last: older Docker, Podman's conmon
///   _LINE_BREAK                   "line-max": journald cut a line of a service's output (systemd-journald, LineMax=)
struct JournalPartFields {
  std::string_view partial_id, partial_last, partial_message, container, priority, line_break, stream;
};
/// Sets group, stream and last of `part`; false if the entry belongs to nothing that has parts.
bool journal_part(const JournalPartFields& fields, RecordPart& part) noexcept;

/// Whether the bytes begin a journal export.
bool is_journal_export(std::string_view head) noexcept;

/// Reads the rest of `stream` behind `head`. `source` and `names` outlive the reader.
std::unique_ptr<RecordReader> make_journal_reader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended,
                                                  std::optional<Error> problem, std::string_view source, FieldNames& names);

class JournalReader;

/// A journal export that comes piece by piece, perhaps from several programs one after the other, each of which goes on where the
/// one before had got to.
class JournalEntries {
 public:
  /// `source` and `names` outlive it, and `source` the records. `records`: how many were made before, in another process: they are
  /// numbered on.
  JournalEntries(std::string_view source, FieldNames& names, std::uint64_t records = 0);
  ~JournalEntries();
  JournalEntries(const JournalEntries&) = delete;
  JournalEntries& operator=(const JournalEntries&) = delete;

  /// A new stream begins: half an entry of the one before is forgotten, for it comes again. The first entry is left out if `cursor`
  /// is its own: `journalctl --cursor` gives the entry at the cursor once more.
  void begin(std::string_view cursor);
  void add(std::string_view bytes);
  /// Clears and fills `batch` from what was added; false: that makes no whole entry.
  bool take(RecordBatch& batch);
  /// The messages in parts whose last part has not come, each marked truncated. False: there are none.
  bool take_parts(RecordBatch& batch);
  bool has_parts() const noexcept;
  /// Of the last entry taken. Empty: none has been.
  const std::string& cursor() const noexcept;
  /// Where to go on: the cursor of the last entry, or of the one before the first part of a message that is not whole.
  const std::string& resume_cursor() const noexcept;
  /// Of the first entry since begin(); empty: none came.
  const std::string& first_cursor() const noexcept;
  const SourceCounts& counts() const noexcept;

 private:
  class Feed;
  Feed* feed_;  // the reader's
  std::unique_ptr<JournalReader> reader_;
};

}  // namespace logystera::parse
