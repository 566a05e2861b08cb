#include "agent/checkpoint.hpp"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/bounded_text.hpp"
#include "core/faults.hpp"
#include "core/fd.hpp"

namespace logystera::agent {
namespace {

using dispatch_files::kSlots;

constexpr std::string_view kMagic = "LGYCKPT1";
constexpr std::size_t kChecksumBytes = 16;  // of SHA-256 over what precedes it
constexpr std::size_t kHeadBytes = 512;

// Little-endian fields one after the other; what is written first is read first, so the order is the format.
class Writer {
 public:
  explicit Writer(Slot& slot) noexcept : out_(slot.data(), slot.size() - kChecksumBytes) {}
  template <typename T>
  void operator()(const T& value) noexcept {
    auto bits = static_cast<std::uint64_t>(value);
    for (std::size_t i = 0; i < sizeof(T); ++i, bits >>= 8) out_.append(static_cast<char>(bits & 0xff));
  }
  void raw(const void* data, std::size_t size) noexcept {
    out_.append(std::string_view(static_cast<const char*>(data), size));
  }

 private:
  BoundedWriter out_;
};

class Reader {
 public:
  explicit Reader(const Slot& slot) noexcept : rest_(slot.data(), slot.size() - kChecksumBytes) {}
  template <typename T>
  void operator()(T& value) noexcept {
    std::uint64_t bits = 0;
    const std::string_view bytes = take(sizeof(T));
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bits |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    value = static_cast<T>(bits);
  }
  void raw(void* data, std::size_t size) noexcept {
    const std::string_view bytes = take(size);
    std::memcpy(data, bytes.data(), bytes.size());
  }

 private:
  std::string_view take(std::size_t size) noexcept {
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(bytes.size());
    return bytes;
  }
  std::string_view rest_;
};

template <typename Checkpoint, typename Field>
void fields(Checkpoint& c, Field& field) noexcept {
  field(c.generation);
  field.raw(c.segment.data(), c.segment.size());
  field(c.identity);
  field(c.offset);
  field(c.intent_end);
  field(c.done);
  field(c.attempt.wall);
  field(c.attempt.since_boot);
  field(c.attempt.boot);
  field(c.wait_seconds);
  field(c.last_success);
  field(c.failures);
  field(c.auth_failures);
  field(c.suspended);
  field(c.trouble);
  field(c.http_status);
  field.raw(c.credentials.data(), c.credentials.size());
  field(c.clock_skew);
  field(c.batch_limit);
  field(c.batch_limit_until);
  field(c.refused_in_a_row);
  field(c.events_sent);
  field(c.batches_sent);
  field(c.requests);
  field(c.duplicates);
  field(c.dead_lettered);
  field(c.bytes_sent);
}

Digest checksum(const Slot& slot) noexcept { return sha256(std::string_view(slot.data(), kSlotBytes - kChecksumBytes)); }

bool read_slot(int fd, Slot& slot) noexcept {
  return read_up_to(fd, slot.data(), kSlotBytes, 0) == static_cast<ssize_t>(kSlotBytes);
}

bool write_at(int fd, const char* data, std::size_t size, off_t at) noexcept {
  while (size != 0) {
    const ssize_t n = ::pwrite(fd, data, size, at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data += n;
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

bool write_slot(int fd, const Slot& slot) noexcept {
#if defined(LOGYSTERA_FAULTS)
  if (!write_at(fd, slot.data(), kSlotBytes / 2, 0)) return false;
  LOGYSTERA_KILL_POINT("checkpoint-torn");
#endif
  return write_at(fd, slot.data(), kSlotBytes, 0);
}

Error slot_error(const std::string& path, const char* name, int error) {
  return Error{path + "/" + name + ": the checkpoint cannot be written: " + describe_errno(error) +
                   (error == ENOSPC || error == EDQUOT ? "; free some space" : "") +
                   "; nothing is sent while progress cannot be recorded",
               kind_of_errno(error)};
}

Result<Fd> open_slot(const Directory& directory, const std::string& path, const char* name, const FileRules& rules,
                     bool& created) {
  struct stat st {};
  Fd slot = directory.open_file(name, O_RDWR | O_CREAT, rules, st);
  if (!slot && (errno == EPERM || errno == ELOOP || errno == ENXIO)) {
    // A link, a foreign file or a socket in a directory of ours: its target is not touched. Any other error (no descriptors,
    // no memory, a failing disk) says nothing against the file, which may hold the only record of what was sent.
    directory.remove(name);
    slot = directory.open_file(name, O_RDWR | O_CREAT | O_EXCL, rules, st);
  }
  if (!slot) return slot_error(path, name, errno);
  if (static_cast<std::size_t>(st.st_size) < kSlotBytes) {
    created = true;
    const Slot blank{};
    const auto size = static_cast<std::size_t>(st.st_size);
    if (!write_at(slot.get(), blank.data() + size, kSlotBytes - size, st.st_size)) {
      return slot_error(path, name, errno);
    }
  }
  return slot;
}

}  // namespace

std::string_view Checkpoint::segment_name() const noexcept {
  return {segment.data(), ::strnlen(segment.data(), segment.size())};
}

void Checkpoint::set_segment(std::string_view name) noexcept {
  segment.fill('\0');
  std::memcpy(segment.data(), name.data(), std::min(name.size(), segment.size()));
}

Slot encode(const Checkpoint& checkpoint) noexcept {
  Slot slot{};
  Writer writer(slot);
  writer.raw(kMagic.data(), kMagic.size());
  fields(checkpoint, writer);
  const Digest sum = checksum(slot);
  std::memcpy(slot.data() + kSlotBytes - kChecksumBytes, sum.data(), kChecksumBytes);
  return slot;
}

bool decode(const Slot& slot, Checkpoint& out) noexcept {
  if (std::memcmp(slot.data(), kMagic.data(), kMagic.size()) != 0) return false;
  const Digest sum = checksum(slot);
  if (std::memcmp(slot.data() + kSlotBytes - kChecksumBytes, sum.data(), kChecksumBytes) != 0) return false;
  Reader reader(slot);
  std::array<char, kMagic.size()> magic;
  reader.raw(magic.data(), magic.size());
  Checkpoint read;
  fields(read, reader);
  if (read.trouble >= Trouble::count_) read.trouble = Trouble::none;
  out = read;
  return true;
}

std::uint64_t identify(int fd, std::uint64_t size) noexcept {
  char head[kHeadBytes];
  const ssize_t got = read_up_to(fd, head, sizeof head, 0);
  Sha256 hash;
  hash.update(std::string_view(reinterpret_cast<const char*>(&size), sizeof size));
  hash.update(std::string_view(head, got > 0 ? static_cast<std::size_t>(got) : 0));
  const Digest sum = hash.finish();
  std::uint64_t identity;
  std::memcpy(&identity, sum.data(), sizeof identity);
  return identity;
}

Result<CheckpointFile> CheckpointFile::open(const Directory& directory, const std::string& path, const FileRules& rules) {
  bool created = false;
  Result<Fd> a = open_slot(directory, path, kSlots[0], rules, created);
  if (!a) return a.error();
  Result<Fd> b = open_slot(directory, path, kSlots[1], rules, created);
  if (!b) return b.error();
  if (created) directory.sync();
  return CheckpointFile(path, std::move(a).value(), std::move(b).value());
}

Checkpoint CheckpointFile::load() noexcept {
  Checkpoint newest;
  generation_ = 0;
  newest_ = 1;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    Slot slot;
    Checkpoint found;
    if (!read_slot(slots_[i].get(), slot) || !decode(slot, found) || found.generation < generation_) continue;
    newest = found;
    newest_ = i;
    generation_ = found.generation;
  }
  return newest;
}

Result<Done> CheckpointFile::save(Checkpoint& checkpoint, Durable durable) {
  // A forged or ancient record may carry the largest number there is; 0 after it would lose to it for ever.
  if (generation_ == UINT64_MAX) {
    const Slot blank{};
    if (!write_slot(slots_[newest_].get(), blank)) return slot_error(path_, kSlots[newest_], errno);
    generation_ = 0;
  }
  checkpoint.generation = generation_ + 1;
  const std::size_t target = 1 - newest_;
  const int fd = slots_[target].get();
  if (!write_slot(fd, encode(checkpoint)) || (durable == Durable::yes && !make_durable(fd))) {
    return slot_error(path_, kSlots[target], errno);
  }
  generation_ = checkpoint.generation;
  newest_ = target;
  return Done{};
}

bool read_checkpoint(const std::string& directory, Checkpoint& out) noexcept try {
  bool found = false;
  const Directory opened = Directory::open(directory);
  if (!opened) return false;
  for (const char* name : kSlots) {
    const Fd file = opened.open_unchecked(name, O_RDONLY);
    Slot slot;
    Checkpoint read;
    if (!file || !read_slot(file.get(), slot) || !decode(slot, read)) continue;
    if (found && read.generation <= out.generation) continue;
    out = read;
    found = true;
  }
  return found;
} catch (...) {
  return false;
}

}  // namespace logystera::agent
