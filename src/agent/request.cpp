#include "agent/request.hpp"

#include <sys/mman.h>

#include <charconv>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "agent/buffer_header.hpp"
#include "core/ip.hpp"
#include "core/message.hpp"
#include "core/path.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kHashDigits = 64;

bool is_hash(std::string_view text) noexcept {
  if (text.size() != kHashDigits) return false;
#if defined(__SSE2__)
  // Four blocks: a digit is 0-9 or a-f when it is within either range (a signed compare, bytes of 0x80 and up are negative).
  __m128i wrong = _mm_setzero_si128();
  for (std::size_t i = 0; i < kHashDigits; i += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const auto within = [&](char low, char high) {
      return _mm_and_si128(_mm_cmpgt_epi8(bytes, _mm_set1_epi8(static_cast<char>(low - 1))),
                           _mm_cmplt_epi8(bytes, _mm_set1_epi8(static_cast<char>(high + 1))));
    };
    wrong = _mm_or_si128(wrong, _mm_xor_si128(_mm_or_si128(within('0', '9'), within('a', 'f')), _mm_set1_epi8(-1)));
  }
  return _mm_movemask_epi8(wrong) == 0;
#else
  for (const char c : text) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
#endif
}

}  // namespace

LineMemory::~LineMemory() {
  if (data_ != nullptr) ::munmap(data_, limits::kArenaBytes);
}

bool LineMemory::map() noexcept {
  void* mapped =
      ::mmap(nullptr, limits::kArenaBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return false;
  data_ = static_cast<char*>(mapped);
  return true;
}

void LineMemory::clear() noexcept {
  if (size_ > kKeptBytes) ::madvise(data_ + kKeptBytes, limits::kArenaBytes - kKeptBytes, MADV_DONTNEED);
  size_ = 0;
}

void Request::configure(std::uint32_t max_events, std::uint32_t allowance_seconds) noexcept {
  max_events_ = max_events < limits::kEventsPerRequest ? max_events : limits::kEventsPerRequest;
  allowance_seconds_ = allowance_seconds;
}

void Request::reset() noexcept {
  if (!dirty_) return;
  arena_.clear();
  counts_ = RequestCounts{};
  drops_ = DropCounts{};
  unreported_ = DropCounts{};
  per_type_.fill(0);
  total_ = pending_events_ = 0;
  allowance_since_ = first_pending_at_ = 0;
  dirty_ = unsaid_ = false;
}

void Request::carry_caps(const SignalSet& from, const SignalSet& to) noexcept {
  std::array<std::uint16_t, limits::kSignals> carried{};
  for (std::size_t i = 0; i < to.size(); ++i) {
    const std::uint16_t before = from.find(to.at(static_cast<std::uint16_t>(i)).type);
    if (before != SignalSet::kUnknown) carried[i] = per_type_[before];
  }
  per_type_ = carried;
}

void Request::refuse(Drop reason, std::int64_t now) noexcept {
  dirty_ = unsaid_ = true;
  add_drop(drops_, reason, 1, now);
  add_drop(unreported_, reason, 1, now);
}

bool Request::admit(const SignalSet& signals, std::uint16_t index, std::int64_t now) noexcept {
  // A clock that was set back begins a new span too, or none would end before it has caught up.
  if (allowance_seconds_ != 0 &&
      (now - allowance_since_ >= static_cast<std::int64_t>(allowance_seconds_) || now < allowance_since_)) {
    per_type_.fill(0);
    total_ = 0;
    allowance_since_ = now;
  }
  if (index >= signals.size()) {
    refuse(Drop::unknown_type, now);
    return false;
  }
  if (per_type_[index] >= signals.at(index).cap) {
    refuse(Drop::cap_type, now);
    return false;
  }
  if (total_ >= max_events_) {
    refuse(Drop::cap_global, now);
    return false;
  }
  return true;
}

void Request::finish_event(std::uint16_t index, std::size_t bytes, std::int64_t now) noexcept {
  dirty_ = unsaid_ = true;
  arena_.keep(bytes);
  ++per_type_[index];
  ++total_;
  if (pending_events_++ == 0) first_pending_at_ = now;
  ++counts_.recorded;
}

CommitResult Request::commit(Buffer& buffer) noexcept {
  const CommitResult result = buffer.commit(arena_.lines(), pending_events_, unreported_);
  unreported_ = DropCounts{};
  if (result.dropped != 0) add_drop(drops_, result.reason, result.dropped, first_pending_at_);
  counts_.committed += result.committed;
  arena_.clear();
  pending_events_ = 0;
  unsaid_ = false;
  return result;
}

void Request::forget() noexcept {
  arena_.clear();
  pending_events_ = 0;
  unreported_ = DropCounts{};
  unsaid_ = false;
}

std::string_view Request::stamp(std::int64_t now) noexcept {
  if (now != stamped_at_ || stamp_size_ == 0) {
    json::Output out(stamp_.data(), stamp_.size());
    out.integer(now);
    out.raw(",\"timestamp\":");
    out.integer(now);
    out.raw(",\"event_id\":\"");
    stamp_size_ = out.size();
    stamped_at_ = now;
  }
  return {stamp_.data(), stamp_size_};
}

EventWriter::EventWriter(Request& request, const Signal& signal, std::uint16_t index, const LabelRules& rules,
                         UuidSource& uuids, std::int64_t now) noexcept
    : request_(request),
      signal_(signal),
      rules_(rules),
      out_(nullptr, 0),
      now_(now),
      next_label_(signal.labels.data()),
      labels_end_(signal.labels.data() + signal.labels.size()),
      index_(index) {
  char* room = request.arena_.room();
  if (room == nullptr) {
    out_.raw('x');  // marks it full
    return;
  }
  out_ = json::Output(room, limits::kEventBytes);
  out_.raw(signal.opening);
  out_.raw(request.stamp(now));
  if (!uuids.write(out_)) out_ = json::Output(nullptr, 0), out_.raw('x');
  out_.raw("\",\"labels\":{");
}

const Label* EventWriter::find_label(std::string_view name) noexcept {
  for (const Label& label : signal_.labels) {
    if (!label.is(name)) continue;
    next_label_ = &label + 1 != labels_end_ ? &label + 1 : signal_.labels.data();
    return &label;
  }
  ++request_.counts_.labels_dropped;
  return nullptr;
}

json::Bound EventWriter::bound_of(const Label& label) const noexcept {
  return label.max_chars != 0 ? json::Bound{label.max_chars, true} : json::Bound{limits::kStringBytes, false};
}

void EventWriter::uid(std::string_view value) noexcept {
  char hash[kHashDigits];
  out_.raw('"');
  if (is_hash(value)) out_.raw(value);
  else out_.raw(std::string_view(hash, hash_uid(rules_.uid_key, value, hash)));
  out_.raw('"');
}

void EventWriter::text(const Label& label, std::string_view value) noexcept {
  switch (label.kind) {
    case LabelKind::string:
      begin(label);
      if (out_.string(value, bound_of(label))) ++request_.counts_.truncated;
      return;
    case LabelKind::uid:
      begin(label);
      uid(value);
      return;
    case LabelKind::path:
      begin(label);
      if (write_path(out_, value, rules_.uid_key)) ++request_.counts_.truncated;
      return;
    case LabelKind::message:
    case LabelKind::sql:
      begin(label);
      if (write_message(out_, value, label.kind == LabelKind::sql, bound_of(label))) ++request_.counts_.truncated;
      return;
    case LabelKind::ip: {
      begin(label);
      char room[kIpChars];
      if (rules_.anonymize_ip) value = anonymize_ip(value, room);
      if (out_.string(value, bound_of(label))) ++request_.counts_.truncated;
      return;
    }
    case LabelKind::integer: {
      std::int64_t number = 0;
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
      if (value.empty() || parsed.ec != std::errc() || parsed.ptr != value.data() + value.size()) return unfit(label);
      begin(label);
      out_.integer(number);
      return;
    }
    default: unfit(label);
  }
}

void EventWriter::integer(const Label& label, std::int64_t value) noexcept {
  char digits[24];
  switch (label.kind) {
    case LabelKind::integer:
    case LabelKind::number:
      begin(label);
      out_.integer(value);
      return;
    case LabelKind::boolean:
      if (value != 0 && value != 1) return unfit(label);
      return boolean(label, value == 1);
    case LabelKind::string:
    case LabelKind::uid: {
      const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
      return text(label, std::string_view(digits, static_cast<std::size_t>(end - digits)));
    }
    default: unfit(label);
  }
}

void EventWriter::number(const Label& label, double value) noexcept {
  // The range comes first: converting anything beyond it (and NAN, which fails every comparison) is undefined.
  if (label.kind == LabelKind::integer && value > -9e15 && value < 9e15 &&
      value == static_cast<double>(static_cast<std::int64_t>(value))) {
    return integer(label, static_cast<std::int64_t>(value));
  }
  if (label.kind != LabelKind::number) return unfit(label);
  begin(label);
  out_.number(value);
}

void EventWriter::boolean(const Label& label, bool value) noexcept {
  if (label.kind != LabelKind::boolean) return unfit(label);
  begin(label);
  out_.boolean(value);
}

void EventWriter::null(const Label& label) noexcept {
  begin(label);
  out_.raw(label.kind == LabelKind::uid ? std::string_view("\"\"") : std::string_view("null"));
}

void EventWriter::unfit(const Label& label) noexcept {
  ++request_.counts_.labels_nulled;
  begin(label);
  out_.raw("null");
}

void EventWriter::open_list(const Label& label) noexcept {
  begin(label);
  items_ = 0;
  out_.raw('[');
}

bool EventWriter::item(std::string_view value) noexcept {
  if (items_ == limits::kListItems) {
    ++request_.counts_.truncated;
    return false;
  }
  if (items_++ != 0) out_.raw(',');
  if (out_.string(value, {limits::kStringBytes, false})) ++request_.counts_.truncated;
  return true;
}

bool EventWriter::item(std::int64_t value) noexcept {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  return item(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void EventWriter::skip_item() noexcept { ++request_.counts_.labels_nulled; }

void EventWriter::close_list() noexcept { out_.raw(']'); }

bool EventWriter::finish() noexcept {
  out_.raw("}}\n");
  if (out_.full()) {
    request_.refuse(request_.arena_.room() == nullptr ? Drop::arena_full : Drop::event_size, now_);
    return false;
  }
  request_.finish_event(index_, out_.size(), now_);
  return true;
}

std::size_t hash_uid(const HmacKey& key, std::string_view id, char (&out)[64]) noexcept {
  if (id.empty() || id == "0") return 0;
  const Digest digest = key.digest(id);
  BoundedWriter hex(out, sizeof out);
  hex.append_hex(bytes_of(digest));
  return hex.size();
}

}  // namespace logystera::agent
