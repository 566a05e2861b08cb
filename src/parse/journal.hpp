// systemd's journal in its export format: KEY=VALUE lines, entries apart by an empty line, binary values with their length.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/format.hpp"
#include "parse/input.hpp"

namespace logystera::parse {

class RecordReader;

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

}  // namespace logystera::parse
