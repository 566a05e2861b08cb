// systemd's journal in its export format: KEY=VALUE lines, entries apart by an empty line, binary values with their length.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/input.hpp"

namespace logystera::parse {

class RecordReader;

/// Whether the bytes begin a journal export.
bool is_journal_export(std::string_view head) noexcept;

/// Reads the rest of `stream` behind `head`. `source` and `names` outlive the reader.
std::unique_ptr<RecordReader> make_journal_reader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended,
                                                  std::optional<Error> problem, std::string_view source, FieldNames& names);

}  // namespace logystera::parse
