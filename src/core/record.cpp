#include "core/record.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <limits>
#include <mutex>
#include <utility>

namespace logystera {
namespace {

// In the order of field::Known.
constexpr std::string_view kKnownNames[] = {
    "",         "client_ip",   "remote_user",  "ident",         "method",
    "url",      "url_plain",   "path",         "query",         "protocol",
    "request",  "status",      "bytes",        "referer",       "user_agent",
    "vhost",    "server_port", "request_time", "upstream",      "forwarded_for",
    "server",   "program",     "pid",          "tid",           "facility",
    "priority", "msgid",       "module",       "error_code",    "file",
    "line",     "client_port", "user",         "target_user",   "command",
    "action",   "auth_method", "uid",          "base_url",      "type",
    "link",     "logger",      "stack_trace",  "event_type",    "event_id",
    "stream",   "EventID",     "Channel",      "Provider_Name", "Computer",
    "Level",
};
static_assert(std::size(kKnownNames) == field::known_count_);

constexpr std::uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The first byte lowest, whatever the machine.
std::uint32_t word_at(const char* bytes) noexcept {
  std::uint32_t word;
  std::memcpy(&word, bytes, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  return word;
}
std::uint64_t long_word_at(const char* bytes) noexcept { return word_at(bytes) | std::uint64_t{word_at(bytes + 4)} << 32; }

// A bit for each byte that is a dot.
unsigned dots_in(std::uint64_t word) noexcept {
  constexpr std::uint64_t kDots = 0x2E2E2E2E2E2E2E2E, kSevens = 0x7F7F7F7F7F7F7F7F, kGather = 0x0102040810204080;
  word ^= kDots;
  const std::uint64_t same = ~(((word & kSevens) + kSevens) | word | kSevens);
  return static_cast<unsigned>((same >> 7) * kGather >> 56);
}

// The number of an octet whose `size` digits, 1 to 3, are the last bytes of `word`. Above 255 if they are none.
std::uint32_t octet(std::uint32_t word, unsigned size) noexcept {
  constexpr std::uint32_t kOwn[] = {0, 0xFF000000, 0xFFFF0000, 0xFFFFFF00}, kLeast[] = {0, 0, 10, 100}, kNone = 256;
  // A digit becomes its value, any other byte something above 9.
  const std::uint32_t digits = (word ^ 0x30303030) & kOwn[size];
  const std::uint32_t number = (digits >> 24) + 10 * (digits >> 16 & 255) + 100 * (digits >> 8 & 255);
  const bool other = (((digits & 0x7F7F7F7F) + 0x76767676) | digits) & 0x80808080;
  return other || number < kLeast[size] ? kNone : number;
}

// Four decimal octets without leading zeros, whole text. The octets in host byte order, first octet highest. Where the dots
// are cannot be foretold, so there is no loop over the bytes.
bool parse_ipv4(std::string_view text, std::uint32_t& out) noexcept {
  const auto size = static_cast<unsigned>(text.size());
  if (text.size() < 7 || text.size() > 15) return false;
  const char* const bytes = text.data();
  unsigned dots = size == 7 ? dots_in(word_at(bytes) | std::uint64_t{word_at(bytes + 3)} << 24)
                            : dots_in(long_word_at(bytes)) | dots_in(long_word_at(bytes + size - 8)) << (size - 8);
  if (__builtin_popcount(dots) != 3) return false;
  const auto next_dot = [&dots] {
    const auto at = static_cast<unsigned>(__builtin_ctz(dots));
    dots &= dots - 1;
    return at;
  };
  const unsigned dot1 = next_dot(), dot2 = next_dot(), dot3 = next_dot();
  const unsigned size1 = dot1, size2 = dot2 - dot1 - 1, size3 = dot3 - dot2 - 1, size4 = size - dot3 - 1;
  if (std::max({size1 - 1, size2 - 1, size3 - 1, size4 - 1}) > 2) return false;
  // Behind the first two octets, and before the last two, there are bytes enough to load four.
  const std::uint32_t a = octet(word_at(bytes) << (32 - 8 * size1), size1);
  const std::uint32_t b = octet(word_at(bytes + dot1 + 1) << (32 - 8 * size2), size2);
  const std::uint32_t c = octet(word_at(bytes + dot3 - 4), size3);
  const std::uint32_t d = octet(word_at(bytes + size - 4), size4);
  if ((a | b | c | d) > 255) return false;
  out = a << 24 | b << 16 | c << 8 | d;
  return true;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// RFC 4291 §2.2: eight groups of one to four hex digits, one run of groups as "::", the last two groups as a dotted quad.
bool parse_ipv6(std::string_view text, std::uint8_t out[16]) noexcept {
  if (text.size() < 2 || text.size() > 45) return false;
  std::uint8_t bytes[16] = {};
  std::size_t filled = 0;
  std::ptrdiff_t gap = -1;  // where "::" stood
  std::size_t at = 0;
  if (text[0] == ':') {
    if (text[1] != ':') return false;
    gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    if (filled == 16) return false;
    std::size_t digits = 0;
    unsigned group = 0;
    int digit;
    while (at + digits < text.size() && digits < 4 && (digit = hex_digit(text[at + digits])) >= 0) {
      group = group << 4 | static_cast<unsigned>(digit);
      ++digits;
    }
    if (at + digits < text.size() && text[at + digits] == '.') {
      std::uint32_t v4;
      if (filled > 12 || !parse_ipv4(text.substr(at), v4)) return false;
      for (int shift = 24; shift >= 0; shift -= 8) bytes[filled++] = static_cast<std::uint8_t>(v4 >> shift);
      at = text.size();
      break;
    }
    if (digits == 0) return false;
    bytes[filled++] = static_cast<std::uint8_t>(group >> 8);
    bytes[filled++] = static_cast<std::uint8_t>(group);
    at += digits;
    if (at == text.size()) break;
    if (text[at] != ':') return false;
    ++at;
    if (at < text.size() && text[at] == ':') {
      if (gap >= 0) return false;
      gap = static_cast<std::ptrdiff_t>(filled);
      ++at;
    } else if (at == text.size()) {
      return false;  // a single trailing colon
    }
  }
  if (gap < 0) {
    if (filled != 16) return false;
    std::memcpy(out, bytes, 16);
    return true;
  }
  if (filled == 16) return false;  // "::" stands for at least one group
  const std::size_t head = static_cast<std::size_t>(gap);
  std::memset(out, 0, 16);
  std::memcpy(out, bytes, head);
  std::memcpy(out + 16 - (filled - head), bytes + head, filled - head);
  return true;
}

void map_v4(std::uint32_t v4, std::uint8_t out[16]) noexcept {
  std::memcpy(out, kMappedPrefix, sizeof kMappedPrefix);
  for (int i = 0; i < 4; ++i) out[12 + i] = static_cast<std::uint8_t>(v4 >> (24 - 8 * i));
}

}  // namespace

std::string_view record_kind_name(RecordKind kind) noexcept {
  constexpr std::string_view names[] = {"text",   "web_access",    "web_error",   "syslog", "auth",
                                        "drupal", "windows_event", "application", "signal"};
  return names[static_cast<std::size_t>(kind)];
}

FieldNames::FieldNames() {
  for (std::string_view name : kKnownNames) {
    names_.push_back(std::make_unique<const std::string>(name));
    if (!name.empty()) ids_.emplace(*names_.back(), static_cast<FieldId>(names_.size() - 1));
  }
  size_.store(names_.size(), std::memory_order_release);
}

FieldNames::FieldNames(Over over)
    : base_(&over.base),
      first_(over.base.size()),
      most_(std::min(first_ + kOwnNames, std::size_t{std::numeric_limits<FieldId>::max()})),
      size_(first_) {}

FieldId FieldNames::add(std::string_view name) {
  if (name.empty() || name.size() > kNameBytes) return field::none;
  if (FieldId known = find(name)) return known;
  std::unique_lock lock(mutex_);
  if (auto known = ids_.find(name); known != ids_.end()) return known->second;
  const std::size_t number = first_ + names_.size();
  if (number >= most_) return field::none;
  const auto id = static_cast<FieldId>(number);
  names_.push_back(std::make_unique<const std::string>(name));
  ids_.emplace(*names_.back(), id);
  size_.store(number + 1, std::memory_order_release);
  return id;
}

FieldId FieldNames::find(std::string_view name) const {
  if (base_) {
    if (const FieldId known = base_->find(name)) return known;
  }
  std::shared_lock lock(mutex_);
  auto known = ids_.find(name);
  return known == ids_.end() ? FieldId{field::none} : known->second;
}

std::string_view FieldNames::name(FieldId id) const {
  if (id < first_) return base_->name(id);
  std::shared_lock lock(mutex_);
  return id - first_ < names_.size() ? std::string_view(*names_[id - first_]) : std::string_view();
}

bool IpAddress::is_v4() const noexcept { return std::memcmp(bytes, kMappedPrefix, sizeof kMappedPrefix) == 0; }

bool parse_ip(std::string_view text, IpAddress& out) noexcept {
  std::uint32_t v4;
  if (parse_ipv4(text, v4)) {
    map_v4(v4, out.bytes);
    return true;
  }
  return parse_ipv6(text, out.bytes);
}

IpAddress Value::as_ip() const noexcept {
  IpAddress address;
  if (ip_is_v4) map_v4(as.ipv4, address.bytes);
  else std::memcpy(address.bytes, as.ipv6, sizeof address.bytes);
  return address;
}

void Arena::swap(Arena& other) noexcept {
  blocks_.swap(other.blocks_);
  std::swap(used_blocks_, other.used_blocks_);
  std::swap(at_, other.at_);
  std::swap(end_, other.end_);
  std::swap(capacity_, other.capacity_);
}

char* Arena::allocate_block(std::size_t size) {
  if (used_blocks_ < blocks_.size() && blocks_[used_blocks_].size < size) {
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(used_blocks_),
                   {std::unique_ptr<char[]>(new char[size]), size});
    capacity_ += size;
  } else if (used_blocks_ == blocks_.size()) {
    const std::size_t bytes = std::max(size, kBlockBytes);
    blocks_.push_back({std::unique_ptr<char[]>(new char[bytes]), bytes});
    capacity_ += bytes;
  }
  Block& block = blocks_[used_blocks_++];
  at_ = block.bytes.get() + size;
  end_ = block.bytes.get() + block.size;
  return block.bytes.get();
}

void Arena::clear() noexcept {
  if (used_blocks_ == 0) return;
  // One huge record must not be paid for ever after.
  const auto oversized = [](const Block& block) { return block.size > kBlockBytes; };
  blocks_.erase(std::remove_if(blocks_.begin(), blocks_.end(), oversized), blocks_.end());
  if (blocks_.size() > kBlocksKept) blocks_.erase(blocks_.begin() + kBlocksKept, blocks_.end());
  capacity_ = 0;
  for (const Block& block : blocks_) capacity_ += block.size;
  used_blocks_ = 0;
  at_ = end_ = nullptr;
}

void TextBlock::swap(TextBlock& other) noexcept {
  bytes_.swap(other.bytes_);
  std::swap(size_, other.size_);
  std::swap(capacity_, other.capacity_);
}

void TextBlock::reserve(std::size_t size) {
  if (size <= capacity_) return;
  std::unique_ptr<char[]> bytes(new char[size + kPadding]);
  if (size_ > 0) std::memcpy(bytes.get(), bytes_.get(), size_);
  std::memset(bytes.get() + size_, 0, kPadding);
  bytes_ = std::move(bytes);
  capacity_ = size;
}

void TextBlock::resize(std::size_t size) {
  if (size > capacity_) reserve(std::max(size, capacity_ + capacity_ / 2));
  size_ = size;
  if (bytes_) std::memset(bytes_.get() + size_, 0, kPadding);
}

void RecordBatch::swap(RecordBatch& other) noexcept {
  records.swap(other.records);
  arena.swap(other.arena);
  text.swap(other.text);
  std::swap(fields_first_, other.fields_first_);
  std::swap(fields_at_, other.fields_at_);
  std::swap(fields_end_, other.fields_end_);
}

Value& RecordBatch::add_ip(FieldId id, std::string_view written) {
  Value& value = add_text(id, written);
  std::uint32_t v4;
  if (parse_ipv4(written, v4)) {
    value.kind = Value::Kind::ip;
    value.ip_is_v4 = true;
    value.as.ipv4 = v4;
    return value;
  }
  std::uint8_t v6[16];
  if (!parse_ipv6(written, v6)) return value;
  if (std::memcmp(v6, kMappedPrefix, sizeof kMappedPrefix) == 0) {
    value.kind = Value::Kind::ip;
    value.ip_is_v4 = true;
    value.as.ipv4 = std::uint32_t{v6[12]} << 24 | std::uint32_t{v6[13]} << 16 | std::uint32_t{v6[14]} << 8 | v6[15];
    // The dotted form is part of what was written, nearly always.
    std::string_view dotted = written.substr(written.rfind(':') + 1);
    if (dotted.find('.') == std::string_view::npos) {
      char quad[sizeof "255.255.255.255"];
      const int size = std::snprintf(quad, sizeof quad, "%u.%u.%u.%u", unsigned{v6[12]}, unsigned{v6[13]}, unsigned{v6[14]},
                                     unsigned{v6[15]});
      dotted = arena.copy({quad, static_cast<std::size_t>(size)});
    }
    value.text_data = dotted.data();
    value.text_size = static_cast<std::uint32_t>(dotted.size());
    return value;
  }
  auto* bytes = arena.array<std::uint8_t>(sizeof v6);
  std::memcpy(bytes, v6, sizeof v6);
  value.kind = Value::Kind::ip;
  value.as.ipv6 = bytes;
  return value;
}

Value& RecordBatch::add_number(FieldId id, std::string_view written) {
  std::int64_t number = 0;
  constexpr std::size_t kPlainBytes = 18;  // so many digits always fit
  if (written.size() <= kPlainBytes && !written.empty()) {
    std::size_t at = 0;
    for (; at < written.size() && written[at] >= '0' && written[at] <= '9'; ++at)
      number = number * 10 + (written[at] - '0');
    if (at == written.size()) return add_integer(id, written, number);
  }
  const char* const end = written.data() + written.size();
  const auto [at, error] = std::from_chars(written.data(), end, number);
  if (error != std::errc() || at != end || written.empty()) return add_text(id, written);
  return add_integer(id, written, number);
}

// A full run moves to a new one with the record being built, so its values stay contiguous.
void RecordBatch::grow_fields() {
  constexpr std::size_t kRun = 4096;  // values, 96 KiB
  const std::size_t open = open_fields();
  const std::size_t run = std::max(kRun, open * 2);
  Value* values = arena.array<Value>(run);
  if (open > 0) std::memcpy(static_cast<void*>(values), fields_first_, open * sizeof(Value));
  fields_first_ = values;
  fields_at_ = values + open;
  fields_end_ = values + run;
}

}  // namespace logystera
