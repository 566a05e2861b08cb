// Reading a sealed segment in batches.
//
// A batch is a stretch [begin, end) of the file, ending just behind a newline, and the valid lines in it, byte for byte.
// What is a valid line depends on the bytes alone, so the same stretch gives the same body and the same batch id, however
// often and with whatever settings it is read. Memory is bounded by the body's limit and one read block, whatever the
// file holds: of a line too long to be an event only the beginning is kept.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/event.hpp"
#include "core/result.hpp"

namespace logystera::agent {

/// An event of a batch. `begin` and `end` are its place in the body, newline included; `file_end` is the segment's offset
/// just behind it.
struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::uint64_t file_end = 0;
};

/// A stretch between newlines that is no event: torn by a kill, overwritten, filled with zeros.
struct Scrap {
  std::string text;  // at most kScrapBytes of it
  LineFault fault = LineFault::none;
  std::uint64_t file_end = 0;
};

inline constexpr std::size_t kScrapBytes = 4096;
inline constexpr std::size_t kScrapsPerBatch = 256;

struct Batch {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::string body;
  std::vector<Line> lines;
  std::vector<Scrap> scraps;  // empty lines are no scraps: they are passed over

  std::string_view line(std::size_t i) const noexcept {
    return std::string_view(body).substr(lines[i].begin, lines[i].end - lines[i].begin);
  }
  /// The segment's offset behind the lines before `last`: behind the whole batch when that is all of them.
  std::uint64_t offset_behind(std::size_t last) const noexcept {
    return last == lines.size() ? end : last == 0 ? begin : lines[last - 1].file_end;
  }
};

struct BatchLimits {
  std::uint32_t events = 0;
  std::size_t bytes = 0;      // of the body
  std::uint64_t stop_at = 0;  // the end a batch under way had; 0: none. It then decides alone.
};

/// Reads the batch that begins at `offset` of a file of `size` bytes. Ends with the file at the latest.
Result<Batch> read_batch(int fd, std::uint64_t offset, std::uint64_t size, const BatchLimits& limits);

/// Packs bodies. Its 260 KB of working memory are taken with the first and kept for the next ones.
class Gzip {
 public:
  Gzip() = default;
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  /// `text` as one gzip member (RFC 1952) without name or time, the same for the same input; empty on failure.
  std::string pack(std::string_view text);

 private:
  std::unique_ptr<z_stream> stream_;
};

}  // namespace logystera::agent
