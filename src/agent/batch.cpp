#include "agent/batch.hpp"

#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/file.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kBlockBytes = 2 * kLineBytesMax;
constexpr int kGzipLevel = 4;  // events are repetitive: higher levels take twice the time for a few percent
constexpr int kGzipWindow = 15 + 16;
constexpr int kGzipMemory = 8;

// Hands out the file's lines one by one. A line beyond kLineBytesMax is handed out by its beginning.
class LineReader {
 public:
  LineReader(int fd, std::uint64_t offset, std::uint64_t size) : fd_(fd), at_(offset), loaded_(offset), size_(size) {
    block_.reserve(kBlockBytes);
  }

  struct Piece {
    std::string_view text;  // without the newline; valid until the next call
    std::uint64_t end = 0;  // offset behind it, newline included
    bool whole = true;      // false: longer than what `text` shows
    bool closed = true;     // ended by a newline
  };

  bool at_end() const noexcept { return at_ >= size_; }
  int error() const noexcept { return error_; }

  // False at the end of the file or on a read error.
  bool next(Piece& piece) {
    if (at_end()) return false;
    std::size_t searched = 0;
    for (;;) {
      const std::string_view view = std::string_view(block_).substr(used_);
      const std::size_t newline = view.find('\n', searched);
      if (newline != std::string_view::npos) {
        piece = {view.substr(0, newline), at_ + newline + 1, newline <= kLineBytesMax, true};
        used_ += newline + 1;
        at_ = piece.end;
        return true;
      }
      searched = view.size();
      if (searched > kLineBytesMax) return skip_long_line(piece);
      if (loaded_ >= size_) {  // torn: a sealed file's last line always has its newline
        piece = {view, size_, true, false};
        used_ = block_.size();
        at_ = size_;
        return !view.empty();
      }
      if (!load()) return false;
    }
  }

 private:
  bool load() {
    block_.erase(0, used_);
    used_ = 0;
    const std::size_t had = block_.size();
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockBytes, size_ - loaded_));
    block_.resize(had + wanted);
    ssize_t got;
    do {
      got = ::pread(fd_, block_.data() + had, wanted, static_cast<off_t>(loaded_));
    } while (got < 0 && errno == EINTR);
    block_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0) {
      error_ = errno;
      return false;
    }
    if (got == 0) size_ = loaded_;  // shorter than it was: what is missing cannot be sent
    loaded_ += static_cast<std::uint64_t>(got);
    return true;
  }

  bool skip_long_line(Piece& piece) {
    beginning_.assign(block_, used_, kScrapBytes);
    for (;;) {
      const std::size_t newline = block_.find('\n', used_);
      if (newline != std::string::npos) {
        at_ += newline + 1 - used_;
        used_ = newline + 1;
        piece = {beginning_, at_, false, true};
        return true;
      }
      at_ += block_.size() - used_;
      used_ = block_.size();
      if (loaded_ >= size_) {
        at_ = size_;
        piece = {beginning_, size_, false, false};
        return true;
      }
      if (!load()) return false;
    }
  }

  int fd_;
  std::uint64_t at_;      // offset of the next line
  std::uint64_t loaded_;  // offset behind what the block holds
  std::uint64_t size_;
  std::string block_;
  std::size_t used_ = 0;  // of the block
  std::string beginning_;
  int error_ = 0;
};

}  // namespace

Result<Batch> read_batch(int fd, std::uint64_t offset, std::uint64_t size, const BatchLimits& limits) {
  Batch batch;
  batch.begin = batch.end = offset;
  const std::uint64_t stop = limits.stop_at > offset && limits.stop_at <= size ? limits.stop_at : 0;
  LineReader reader(fd, offset, stop != 0 ? stop : size);
  LineReader::Piece piece;
  while (stop != 0 || (batch.lines.size() < limits.events && batch.scraps.size() < kScrapsPerBatch)) {
    if (!reader.next(piece)) break;
    EventView event;
    const LineFault fault = !piece.whole    ? LineFault::too_long
                            : !piece.closed ? LineFault::not_json
                                            : read_event_line(piece.text, event);
    if (fault == LineFault::none) {
      // The one that closes the batch is read again as the first of the next.
      if (stop == 0 && !batch.lines.empty() && batch.body.size() + piece.text.size() + 1 > limits.bytes) break;
      const std::size_t begin = batch.body.size();
      batch.body.append(piece.text).push_back('\n');
      batch.lines.push_back({begin, batch.body.size(), piece.end});
    } else if (fault != LineFault::empty) {
      batch.scraps.push_back({std::string(piece.text.substr(0, kScrapBytes)), fault, piece.end});
    }
    batch.end = piece.end;
  }
  if (reader.error() != 0) return Error{"reading failed: " + describe_errno(reader.error()), kind_of_errno(reader.error())};
  if (stop == 0 && reader.at_end()) batch.end = size;
  return batch;
}

Gzip::~Gzip() {
  if (stream_) deflateEnd(stream_.get());
}

std::string Gzip::pack(std::string_view text) {
  if (!stream_) {
    auto stream = std::make_unique<z_stream>();
    if (deflateInit2(stream.get(), kGzipLevel, Z_DEFLATED, kGzipWindow, kGzipMemory, Z_DEFAULT_STRATEGY) != Z_OK) return {};
    stream_ = std::move(stream);
  } else if (deflateReset(stream_.get()) != Z_OK) {
    return {};
  }
  std::string out(deflateBound(stream_.get(), static_cast<uLong>(text.size())), '\0');
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));  // zlib's old signature; it only reads
  stream_->avail_in = static_cast<uInt>(text.size());
  stream_->next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->avail_out = static_cast<uInt>(out.size());
  const int code = deflate(stream_.get(), Z_FINISH);
  out.resize(code == Z_STREAM_END ? stream_->total_out : 0);
  return out;
}

}  // namespace logystera::agent
