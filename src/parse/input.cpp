#include "parse/input.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "core/clock.hpp"
#include "core/file_time.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kPackedBlock = 128 * 1024;

class FileStream final : public ByteStream {
 public:
  // `expected`: the bytes a regular file has, else 0. `stop`: see InputLimits; only of what can keep its reader waiting.
  FileStream(int fd, std::string name, std::uint64_t expected, const std::atomic<bool>* stop)
      : fd_(fd), name_(std::move(name)), expected_(expected), stop_(stop) {}
  ~FileStream() override {
    if (fd_ > STDIN_FILENO) ::close(fd_);
  }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (ended_) return std::size_t{0};
    for (;;) {
      if (!await_bytes()) {
        ended_ = true;
        return std::size_t{0};
      }
      const ssize_t got = ::read(fd_, into, size);
      if (got > 0) {
        read_ += static_cast<std::uint64_t>(got);
        return static_cast<std::size_t>(got);
      }
      if (got < 0 && errno == EINTR) continue;
      ended_ = true;
      if (got < 0)
        return Error{name_ + ": reading failed at byte " + std::to_string(read_) + ": " + std::strerror(errno),
                     kind_of_errno(errno)};
      if (read_ < expected_) {
        return Error{name_ + ": the file became shorter while it was read (" + std::to_string(read_) + " of " +
                     std::to_string(expected_) + " bytes); it was probably truncated or rotated by copying"};
      }
      return std::size_t{0};
    }
  }

 private:
  // False once the reader is to stop. A named pipe nobody has opened for writing yet is waited for, too.
  bool await_bytes() const {
    constexpr int kLookMilliseconds = 100;
    if (stop_ == nullptr) return true;
    struct pollfd there {
      fd_, POLLIN, 0
    };
    while (!stop_->load(std::memory_order_relaxed)) {
      if (::poll(&there, 1, kLookMilliseconds) > 0) return true;
    }
    return false;
  }

  int fd_;
  std::string name_;
  std::uint64_t expected_;
  const std::atomic<bool>* stop_;
  std::uint64_t read_ = 0;
  bool ended_ = false;
};

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(std::string_view bytes) : bytes_(bytes) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    const std::size_t count = std::min(size, bytes_.size());
    if (count > 0) std::memcpy(into, bytes_.data(), count);
    bytes_.remove_prefix(count);
    return count;
  }

 private:
  std::string_view bytes_;
};

// Gives back the bytes that were read to recognise the input, then the rest.
class PeekedStream final : public ByteStream {
 public:
  PeekedStream(std::string head, std::unique_ptr<ByteStream> rest, std::optional<Error> error = std::nullopt)
      : head_(std::move(head)), rest_(std::move(rest)), error_(std::move(error)) {}
  Result<std::size_t> read(char* into, std::size_t size) override {
    if (at_ == head_.size()) {
      if (error_) return *std::exchange(error_, std::nullopt);
      return rest_->read(into, size);
    }
    const std::size_t count = std::min(size, head_.size() - at_);
    std::memcpy(into, head_.data() + at_, count);
    at_ += count;
    return count;
  }

 private:
  std::string head_;
  std::size_t at_ = 0;
  std::unique_ptr<ByteStream> rest_;
  std::optional<Error> error_;  // what reading the head ended with
};

// UTF-16 and UTF-32 as UTF-8.
class DecodingStream final : public ByteStream {
 public:
  DecodingStream(std::unique_ptr<ByteStream> coded, Encoding encoding)
      : coded_(std::move(coded)), decoder_(encoding), block_(kPackedBlock) {}

  Result<std::size_t> read(char* into, std::size_t size) override {
    while (at_ == text_.size() && !ended_) {
      text_.clear();
      at_ = 0;
      Result<std::size_t> got = coded_->read(block_.data(), block_.size());
      if (!got) {
        ended_ = true;
        return got;
      }
      if (got.value() > 0) {
        decoder_.decode({block_.data(), got.value()}, text_);
      } else {
        ended_ = true;
        decoder_.finish(text_);
      }
    }
    const std::size_t count = std::min(size, text_.size() - at_);
    std::memcpy(into, text_.data() + at_, count);
    at_ += count;
    return count;
  }
  std::uint64_t undecodable() const noexcept override { return decoder_.replaced(); }

 private:
  std::unique_ptr<ByteStream> coded_;
  TextDecoder decoder_;
  std::vector<char> block_;
  std::string text_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

// Looks at the first bytes of what has been unpacked, and decodes it if it is not made of bytes.
Input decoded(Input input) {
  constexpr std::size_t kHeadLeast = 64;         // a pipe brings more only when there is more
  constexpr std::size_t kHeadBytes = 64 * 1024;  // what a format is told by: a file's should come at once
  std::string head(kHeadBytes, '\0');
  std::size_t size = 0;
  std::optional<Error> error;
  while (size < kHeadLeast) {
    Result<std::size_t> got = input.stream->read(head.data() + size, head.size() - size);
    if (!got) error = got.error();
    if (!got || got.value() == 0) break;
    size += got.value();
  }
  head.resize(size);
  const RecognisedEncoding recognised = recognise_encoding(head);
  head.erase(0, recognised.mark_bytes);
  input.encoding = recognised.encoding;
  input.stream = std::make_unique<PeekedStream>(std::move(head), std::move(input.stream), std::move(error));
  if (input.encoding != Encoding::bytes && input.encoding != Encoding::utf8)
    input.stream = std::make_unique<DecodingStream>(std::move(input.stream), input.encoding);
  return input;
}

// What gzip and zstd share: a block of packed bytes, counts and the ratio limit.
class UnpackingStream : public ByteStream {
 public:
  UnpackingStream(std::unique_ptr<ByteStream> packed, std::string name, const InputLimits& limits)
      : packed_(std::move(packed)), name_(std::move(name)), limits_(limits), block_(kPackedBlock) {}

 protected:
  // Refills the packed block when it is used up; the number of packed bytes now there.
  Result<std::size_t> refill() {
    if (at_ < filled_) return filled_ - at_;
    Result<std::size_t> got = packed_->read(block_.data(), block_.size());
    if (!got) return got;
    at_ = 0;
    filled_ = got.value();
    packed_bytes_ += filled_;
    return filled_;
  }
  Result<std::size_t> deliver(std::size_t count) {
    unpacked_bytes_ += count;
    if (unpacked_bytes_ > limits_.unpacked_bytes) {
      ended_ = true;
      return Error{
          name_ + ": unpacks to more than " + std::to_string(limits_.unpacked_bytes) + " bytes, the most that is read here",
          ErrorKind::too_large};
    }
    if (unpacked_bytes_ > limits_.expansion_from && unpacked_bytes_ / limits_.expansion > packed_bytes_) {
      ended_ = true;
      return Error{name_ + ": unpacks to more than " + std::to_string(limits_.expansion) +
                       " times its size, which no log does; reading stopped after " + std::to_string(unpacked_bytes_) +
                       " bytes. If this is a log, unpack it first and scan the plain file",
                   ErrorKind::too_large};
    }
    return count;
  }
  Error broken(const std::string& why) {
    ended_ = true;
    return Error{name_ + ": " + why + " at packed byte " + std::to_string(packed_bytes_ - (filled_ - at_)) + "; " +
                     std::to_string(unpacked_bytes_) + " bytes before it were read",
                 ErrorKind::broken};
  }

  std::unique_ptr<ByteStream> packed_;
  std::string name_;
  InputLimits limits_;
  std::vector<char> block_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::uint64_t packed_bytes_ = 0;
  std::uint64_t unpacked_bytes_ = 0;
  bool ended_ = false;
};

class GzipStream final : public UnpackingStream {
 public:
  using UnpackingStream::UnpackingStream;
  ~GzipStream() override {
    if (started_) inflateEnd(&zlib_);
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (ended_ || size == 0) return std::size_t{0};
    size = std::min<std::size_t>(size, 1u << 30);
    if (!started_) {
      constexpr int kGzipOnly = 15 + 16;
      if (inflateInit2(&zlib_, kGzipOnly) != Z_OK) return broken("no memory to unpack gzip");
      started_ = true;
    }
    zlib_.next_out = reinterpret_cast<Bytef*>(into);
    zlib_.avail_out = static_cast<uInt>(size);
    while (zlib_.avail_out == size) {
      Result<std::size_t> there = refill();
      if (!there) return there;
      if (there.value() == 0) {
        if (between_members_) {
          ended_ = true;
          return std::size_t{0};
        }
        return broken("the gzip data end in the middle (a truncated file)");
      }
      if (between_members_ && !next_member()) return std::size_t{0};
      zlib_.next_in = reinterpret_cast<Bytef*>(block_.data() + at_);
      zlib_.avail_in = static_cast<uInt>(filled_ - at_);
      const int status = inflate(&zlib_, Z_NO_FLUSH);
      at_ = filled_ - zlib_.avail_in;
      if (status == Z_STREAM_END) {
        between_members_ = true;
      } else if (status != Z_OK && status != Z_BUF_ERROR) {
        const std::size_t count = size - zlib_.avail_out;
        if (count == 0) return broken(std::string("damaged gzip data (") + (zlib_.msg ? zlib_.msg : "unknown") + ")");
        return deliver(count);  // the error comes again on the next call
      }
    }
    return deliver(size - zlib_.avail_out);
  }

 private:
  // gzip files may be concatenated; what follows the last one (zeros from tapes, junk) is not unpacked.
  bool next_member() {
    if (block_[at_] != '\x1f') {
      ended_ = true;
      return false;
    }
    between_members_ = false;
    return inflateReset(&zlib_) == Z_OK;
  }

  z_stream zlib_{};
  bool started_ = false;
  bool between_members_ = false;
};

class ZstdStream final : public UnpackingStream {
 public:
  ZstdStream(std::unique_ptr<ByteStream> packed, std::string name, const InputLimits& limits)
      : UnpackingStream(std::move(packed), std::move(name), limits), context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    if (context_) ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, limits.zstd_window_log);
  }

  Result<std::size_t> read(char* into, std::size_t size) override {
    if (ended_ || size == 0) return std::size_t{0};
    if (!context_) return broken("no memory to unpack zstd");
    ZSTD_outBuffer out{into, size, 0};
    while (out.pos == 0) {
      Result<std::size_t> there = refill();
      if (!there) return there;
      // Even without new input the decoder may hold output of the last block.
      ZSTD_inBuffer in{block_.data() + at_, there.value(), 0};
      const std::size_t hint = ZSTD_decompressStream(context_.get(), &out, &in);
      at_ += in.pos;
      if (ZSTD_isError(hint)) {
        if (out.pos > 0) break;  // the error comes again on the next call
        return broken(std::string("damaged zstd data (") + ZSTD_getErrorName(hint) + ")");
      }
      if (there.value() == 0 && out.pos == 0) {
        if (!in_frame_) {
          ended_ = true;
          return std::size_t{0};
        }
        return broken("the zstd data end in the middle (a truncated file)");
      }
      in_frame_ = hint != 0;
    }
    return deliver(out.pos);
  }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  bool in_frame_ = false;
};

Result<Input> recognise(std::unique_ptr<ByteStream> stream, Input input, const InputLimits& limits) {
  std::string head;
  std::array<char, 4> magic;
  while (head.size() < magic.size()) {
    Result<std::size_t> got = stream->read(magic.data(), magic.size() - head.size());
    if (!got) return got.error();
    if (got.value() == 0) break;
    head.append(magic.data(), got.value());
  }
  const std::string_view start = head;
  auto peeked = std::make_unique<PeekedStream>(head, std::move(stream));
  if (start.substr(0, 3) == "\x1f\x8b\x08") {
    input.compression = Compression::gzip;
    input.stream = std::make_unique<GzipStream>(std::move(peeked), input.name, limits);
  } else if (start == "\x28\xb5\x2f\xfd") {
    input.compression = Compression::zstd;
    input.stream = std::make_unique<ZstdStream>(std::move(peeked), input.name, limits);
  } else {
    input.stream = std::move(peeked);
  }
  return limits.decode ? decoded(std::move(input)) : std::move(input);
}

}  // namespace

std::string_view compression_name(Compression compression) noexcept {
  constexpr std::string_view names[] = {"", "gzip", "zstd"};
  return names[static_cast<std::size_t>(compression)];
}

Result<Input> open_input(const std::string& path, const InputLimits& limits) {
  if (path == "-") return open_input(STDIN_FILENO, "-", limits);
  // A named pipe would keep its reader until somebody writes: reading waits for that, and can be stopped.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | (limits.stop != nullptr ? O_NONBLOCK : 0));
  if (fd >= 0 && limits.stop != nullptr) ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  if (fd < 0) return Error{path + ": cannot be opened: " + std::strerror(errno), kind_of_errno(errno)};
  return open_input(fd, path, limits);
}

Result<Input> open_input(int fd, std::string name, const InputLimits& limits) {
  Input input;
  input.name = name;
  struct stat about {};
  std::uint64_t expected = 0;
  const bool regular = ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
  if (regular) {
    // No log was written tomorrow: such a time says nothing.
    constexpr std::int64_t kDayNs = 86'400 * kSecondNs;
    if (const std::int64_t written = written_ns(about); written <= wall_ns() + kDayNs) input.modified_ns = written;
    input.packed_size = static_cast<std::uint64_t>(about.st_size);
    const off_t at = ::lseek(fd, 0, SEEK_CUR);
    if (at >= 0 && at < about.st_size) expected = static_cast<std::uint64_t>(about.st_size - at);
  }
  auto stream = std::make_unique<FileStream>(fd, std::move(name), expected, regular ? nullptr : limits.stop);
  if (S_ISDIR(about.st_mode)) return Error{input.name + ": is a directory; name the files in it", ErrorKind::invalid};
  return recognise(std::move(stream), std::move(input), limits);
}

Result<Input> open_memory(std::string_view bytes, std::string name, const InputLimits& limits) {
  Input input;
  input.name = std::move(name);
  return recognise(std::make_unique<MemoryStream>(bytes), std::move(input), limits);
}

}  // namespace logystera::parse
