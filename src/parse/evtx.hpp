// Windows event logs (EVTX).
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/input.hpp"

namespace logystera::parse {

class RecordReader;

/// Whether the bytes begin an EVTX file (or, the header being lost, a chunk of one).
bool is_evtx(std::string_view head) noexcept;

/// Reads the rest of `stream` behind `head`. `source` and `names` outlive the reader.
std::unique_ptr<RecordReader> make_evtx_reader(std::unique_ptr<ByteStream> stream, TextBlock head, bool ended,
                                               std::optional<Error> problem, std::string_view source, FieldNames& names);

}  // namespace logystera::parse
