// How a source is read, and within which bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "parse/format.hpp"
#include "parse/input.hpp"

namespace logystera::parse {

struct SourceOptions {
  std::string format;                    // by name; empty: recognised
  std::size_t block_bytes = 256 * 1024;  // read at a time; fits the second-level cache
  std::size_t line_bytes = 1024 * 1024;  // longest line kept whole
  std::size_t joined_lines = 500;        // most lines joined into one record
  std::shared_ptr<const Zone> zone;      // of times without one; none: UTC
  TimeContext::Order order;              // where the file before it of the same log ended
  std::int64_t reference_ns = 0;         // the latest the log can be; 0: the file's change time, or now
  InputLimits input;
};

}  // namespace logystera::parse
