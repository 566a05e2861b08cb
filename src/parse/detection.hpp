// Which format a log has, by a sample of its lines.
#pragma once

#include <cstddef>
#include <string_view>

#include "parse/format.hpp"
#include "parse/input.hpp"

namespace logystera::parse {

/// The detected format, and how sure that is.
struct Detection {
  const Format* format = nullptr;  // null for EVTX, journal export and empty input
  std::string_view name;           // "auth_log", "evtx", "empty"
  std::string_view title;
  double confidence = 0;  // 0-1: the share of sampled lines that fit, times how specific the format is
  Compression compression = Compression::none;
  Encoding encoding = Encoding::bytes;
  std::size_t sampled = 0;  // lines looked at
  std::size_t matched = 0;  // of them, how many fit
};

/// The format whose parser fits `lines` (whole lines, up to 200 are looked at) best.
Detection detect_format(std::string_view lines, const Formats& formats, const TimeContext& time);
/// The same for the bytes a log begins with, or some from its middle: by the first lines, or if these are nothing but text (a
/// banner), by the last ones. `ended`: the last line is whole though it has no end.
Detection detect_log(std::string_view sample, bool ended, const Formats& formats, const TimeContext& time);
/// Whether any record in parts has its last part in `sample`: a collector may have left out the line feeds that mark it. True if
/// there are too few parts to say.
bool parts_end_somewhere(std::string_view sample, const Format& format, const ParserContext& context);

}  // namespace logystera::parse
