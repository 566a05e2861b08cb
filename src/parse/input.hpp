// Bytes from where logs are: files, pipes, memory; plain, gzip or zstd, told by their first bytes and not by their name.
//
// Files are read with read(2) and never mapped: a log that is truncated while mapped kills the reader with SIGBUS, one that
// is truncated while read just ends. Compressed input is unpacked in pieces, so a bomb costs time, not memory; the ratio
// limit ends it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "parse/encoding.hpp"

namespace logystera::parse {

/// Bytes, in order, once.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// Up to `size` bytes into `into`; 0 is the end. After an error the stream is at its end: what was read before it stands.
  virtual Result<std::size_t> read(char* into, std::size_t size) = 0;
  /// Units of another encoding that meant nothing and were given as U+FFFD, so far.
  virtual std::uint64_t undecodable() const noexcept { return 0; }
};

struct InputLimits {
  bool decode = true;                               // false: bytes as they are, whatever their encoding, marks included
  std::uint64_t expansion = 500;                    // unpacked bytes per packed byte; real logs reach 10 to 60
  std::uint64_t expansion_from = 64 * 1024 * 1024;  // unpacked bytes from which `expansion` counts
  std::uint64_t unpacked_bytes = UINT64_MAX;        // of a packed input; beyond, reading ends with an error (too_large)
  int zstd_window_log = 27;                         // 128 MiB: what `zstd --long` makes; more is refused
  /// Set to true from anywhere, it ends what waits for bytes (pipes, terminals) within a tenth of a second, as if they had
  /// come to their end. Must outlive the input; nullptr: nothing but their end ends them.
  const std::atomic<bool>* stop = nullptr;
};

enum class Compression : std::uint8_t { none, gzip, zstd };

/// "", "gzip" or "zstd".
std::string_view compression_name(Compression compression) noexcept;

/// An opened input. `stream` yields unpacked bytes; text in UTF-16 and UTF-32 is decoded to UTF-8, byte-order marks are left out.
struct Input {
  std::unique_ptr<ByteStream> stream;
  Compression compression = Compression::none;
  Encoding encoding = Encoding::bytes;
  std::string name;               // as given, "-" for stdin
  std::int64_t modified_ns = 0;   // the file's change time; 0 for pipes and memory
  std::uint64_t packed_size = 0;  // the file's size when opened; 0 for pipes
};

/// Opens a regular file, pipe or device; "-" is stdin. Directories are refused. Waits for the first bytes, as reading does.
Result<Input> open_input(const std::string& path, const InputLimits& limits = {});
/// Takes over `fd` and closes it.
Result<Input> open_input(int fd, std::string name, const InputLimits& limits = {});
/// `bytes` must outlive the input.
Result<Input> open_memory(std::string_view bytes, std::string name, const InputLimits& limits = {});

}  // namespace logystera::parse
