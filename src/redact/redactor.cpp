// A record's texts are mostly views into its raw line, so the line is searched once: its candidates are confirmed for every
// field in the field's own bounds and context, then for the line. What a field decides (a typed address, no addresses in a
// user agent) is imposed on the line.
#include "redact/redactor.hpp"

#include <algorithm>
#include <cstring>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"
#include "redact/labels.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kNumberBytesLeast = 12;     // a card number's; shorter numeric values are not searched
constexpr std::uint32_t kOpenKeyLinesMost = 512;  // a 16,384-bit RSA key has 200; then the end is not coming
constexpr std::size_t kDecodedBytesLeast = 4;  // a decoded value's finding shorter than this is not looked for in the line
constexpr std::size_t kApartMost = 256;        // findings a record has beside its line that are told apart

bool within(std::string_view part, std::string_view whole) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(part.data()) - reinterpret_cast<std::uintptr_t>(whole.data());
  return !part.empty() && offset < whole.size() && part.size() <= whole.size() - offset;
}

bool ends_with_word(std::string_view name, std::string_view word) noexcept {
  return name.size() >= word.size() && has_word(name, name.size() - word.size(), word);
}

bool contains_word(std::string_view name, std::string_view word) noexcept {
  for (std::size_t i = 0; i + word.size() <= name.size(); ++i)
    if (has_word(name, i, word)) return true;
  return false;
}

// Base64, a header of the block, or its end.
bool is_key_line(std::string_view line) noexcept {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  if (line.find("-----END ") != std::string_view::npos || has(line, 0, "Proc-Type:") || has(line, 0, "DEK-Info:"))
    return true;
  return std::all_of(line.begin(), line.end(), [](char c) { return is_alnum(c) || c == '+' || c == '/' || c == '='; });
}

std::uint32_t read_ipv4(std::string_view quad) noexcept {
  std::uint32_t address = 0;
  std::uint32_t octet = 0;
  for (char c : quad) {
    if (c == '.') {
      address = address << 8 | octet;
      octet = 0;
    } else {
      octet = octet * 10 + static_cast<std::uint32_t>(c - '0');
    }
  }
  return address << 8 | octet;
}

}  // namespace

bool parse_mode(std::string_view name, Mode& out) noexcept {
  for (Mode mode : {Mode::redact, Mode::mask, Mode::dry_run}) {
    if (name != mode_name(mode)) continue;
    out = mode;
    return true;
  }
  return false;
}

std::string_view mode_name(Mode mode) noexcept {
  constexpr std::array<std::string_view, 3> names = {"redact", "mask", "dry-run"};
  return names[static_cast<std::size_t>(mode)];
}

Redactor::Redactor(Options options)
    : options_(std::move(options)),
      finder_(options_.patterns),
      pseudonyms_(options_.salt, options_.digits),
      value_finder_(options_.patterns) {
  wipe(options_.salt);
}

Redactor::Redactor(const Redactor& other)
    : options_(other.options_),
      finder_(options_.patterns),
      pseudonyms_(other.pseudonyms_),
      value_finder_(options_.patterns) {}

std::uint64_t Redactor::total() const noexcept {
  std::uint64_t sum = 0;
  for (std::uint64_t count : counts_) sum += count;
  return sum;
}

Redactor::Naming Redactor::find_naming(FieldId field, const FieldNames& names) {
  if (field >= namings_.size()) namings_.resize(std::size_t{field} + 1);
  const std::string_view name = names.name(field);
  const std::string_view last = name.substr(name.rfind('.') + 1);
  Trait known = Trait::text;
  if (contains_word(name, "user_agent") || contains_word(name, "useragent") || contains_word(name, "user-agent"))
    known = Trait::user_agent;
  else if (ends_with_word(last, "version")) known = Trait::version;
  else if (is_secret_name(last)) known = ends_with_word(last, "token") ? Trait::secret_text : Trait::secret;
  else if (contains_word(last, "phone") || contains_word(last, "mobile") || contains_word(last, "msisdn") ||
           contains_word(last, "telefon") ||
           (last.size() <= 4 && (contains_word(last, "tel") || contains_word(last, "fax"))))
    known = Trait::phone;
  find_in_name(value_finder_, name, name_hits_);
  return namings_[field] = {known, !name_hits_.empty()};
}

void Redactor::make_replacement(std::string_view found, const Hit& hit) {
  if (options_.mode == Mode::redact && has_escapes(found)) {
    found_.assign(found);
    found = found_.text();
  }
  const std::string_view prefix =
      hit.kind == Kind::own ? std::string_view(options_.patterns[hit.pattern].prefix()) : kind_prefix(hit.kind);
  replacement_.clear();
  if (options_.mode == Mode::mask) {
    replacement_.append("<").append(prefix).append(">");
    return;
  }
  if (hit.kind == Kind::ipv4) {
    replacement_.resize(3 + pseudonyms_.digits());
    pseudonyms_.write_ipv4(read_ipv4(found), replacement_.data());
    return;
  }
  canonical(hit.kind, found, canonical_);
  if (hit.kind == Kind::ipv6) {
    IpAddress address;
    std::memcpy(address.bytes, canonical_.data(), sizeof address.bytes);
    replacement_.resize(3 + pseudonyms_.digits());
    pseudonyms_.write_ip(address, replacement_.data());
    return;
  }
  pseudonyms_.append(prefix, canonical_, replacement_);
}

std::string_view Redactor::rewrite(std::string_view text, std::span<const Hit> hits, Arena& arena) {
  if (options_.mode == Mode::dry_run || hits.empty()) return text;
  const auto is_address = [&](std::string_view found, const Hit& hit) {
    return found.data() == address_.data() && found.size() == address_.size() &&
           (hit.kind == Kind::ipv4 || hit.kind == Kind::ipv6);
  };
  // The usual line: its address and nothing else.
  if (hits.size() == 1 && is_address(text.substr(hits[0].begin, hits[0].end - hits[0].begin), hits[0])) {
    const std::string_view behind = text.substr(hits[0].end);
    const std::size_t size = hits[0].begin + address_token_.size() + behind.size();
    char* const out = arena.allocate(size);
    std::memcpy(out, text.data(), hits[0].begin);
    std::memcpy(out + hits[0].begin, address_token_.data(), address_token_.size());
    std::memcpy(out + hits[0].begin + address_token_.size(), behind.data(), behind.size());
    return {out, size};
  }
  rewritten_.clear();
  std::size_t at = 0;
  for (const Hit& hit : hits) {
    rewritten_.append(text.substr(at, hit.begin - at));
    at = hit.end;
    const std::string_view found = text.substr(hit.begin, hit.end - hit.begin);
    if (is_address(found, hit)) {
      rewritten_.append(address_token_);
      continue;
    }
    make_replacement(found, hit);
    rewritten_.append(replacement_);
  }
  rewritten_.append(text.substr(at));
  return arena.copy(rewritten_);
}

void Redactor::count(std::span<const Hit> hits) noexcept {
  for (const Hit& hit : hits) ++counts_[static_cast<std::size_t>(hit.kind)];
}

void Redactor::note_open_key(std::string_view text, std::span<const Hit> hits) noexcept {
  for (const Hit& hit : hits)
    if (hit.kind == Kind::private_key && hit.end == text.size() &&
        text.substr(hit.begin).find("-----END ") == std::string_view::npos)
      open_key_lines_ = 1;
}

void Redactor::count_apart(Kind kind, std::string_view value) {
  for (const auto& [other_kind, other] : apart_)
    if (other_kind == kind && other == value) return;
  if (apart_.size() < kApartMost) apart_.emplace_back(kind, value);
  ++counts_[static_cast<std::size_t>(kind)];
}

// Makes every place of the raw line that has `value`, as it stands or escaped, a finding. False if there is none.
bool Redactor::find_in_raw(std::string_view raw, std::string_view value, Hit hit) {
  if (raw.empty() || value.size() < kDecodedBytesLeast) return false;
  const auto note = [&](std::size_t begin, std::size_t end) {
    hit.begin = static_cast<std::uint32_t>(begin);
    hit.end = static_cast<std::uint32_t>(end);
    raw_hits_.push_back(hit);
  };
  const std::size_t before = raw_hits_.size();
  for (std::size_t at = raw.find(value); at != std::string_view::npos; at = raw.find(value, at + value.size()))
    note(at, at + value.size());
  if (!escaped_) return raw_hits_.size() > before;
  const Unescaped& plain = finder_.unescaped();
  for (std::size_t at = plain.text().find(value); at != std::string_view::npos;
       at = plain.text().find(value, at + value.size()))
    note(plain.origin(at), plain.origin(at + value.size()));
  return raw_hits_.size() > before;
}

// Findings of a field become findings of the line: at the same place where the field is part of it, else wherever the line
// has the same text. What it does not have is counted apart.
void Redactor::note_in_raw(std::string_view raw, std::string_view part) {
  if (within(part, raw)) {
    const auto offset = static_cast<std::uint32_t>(part.data() - raw.data());
    for (Hit hit : hits_) {
      hit.begin += offset;
      hit.end += offset;
      raw_hits_.push_back(hit);
    }
    return;
  }
  for (const Hit& hit : hits_) {
    const std::string_view value = part.substr(hit.begin, hit.end - hit.begin);
    if (!find_in_raw(raw, value, hit)) count_apart(hit.kind, value);
  }
}

// The candidates from `place` on. Fields are asked about in the order of the line, nearly always.
inline std::span<const Candidate> Redactor::candidates_from(std::size_t place) noexcept {
  if (cursor_ > 0 && line_[cursor_ - 1].position >= place) cursor_ = 0;
  while (cursor_ < line_.size() && line_[cursor_].position < place) ++cursor_;
  return line_.subspan(cursor_);
}

// Whether confirming a part of the line can find anything: a candidate is in it, or digits at its end may go on behind it.
inline bool Redactor::may_hold_something(std::string_view part, std::size_t base) noexcept {
  const std::span<const Candidate> from_here = candidates_from(base);
  if (from_here.empty()) return false;
  if (from_here.front().position <= base + part.size()) return true;
  return belongs_to_number(part.back()) && belongs_to_number(part.data()[part.size()]) &&
         Finder::number_goes_on(part, base, from_here);
}

// Whether it is plain at once that a value of which anything may be found holds nothing: most of a line's do.
inline bool Redactor::nothing_in(const Value& value, std::string_view raw) noexcept {
  if (value.kind == Value::Kind::integer) return value.text_size < kNumberBytesLeast;
  if (value.kind != Value::Kind::string || finder_.has_own() || escaped_) return false;
  const std::string_view text = value.text();
  return within(text, raw) && !may_hold_something(text, static_cast<std::size_t>(text.data() - origin_));
}

// Whether the raw line has a byte that escapes begin with. Lines of one text are asked about in their order, nearly always.
inline bool Redactor::may_be_escaped(std::string_view raw) noexcept {
  if (together_.empty()) return !raw.empty();
  const auto begin = static_cast<std::size_t>(raw.data() - together_.data());
  if (begin < escapes_from_ || begin > next_escape_) {
    escapes_from_ = begin;
    next_escape_ = find_escape_sign(together_, begin);
  }
  return next_escape_ < begin + raw.size();
}

// Findings of a part of the line, into hits_.
void Redactor::confirm_part(std::string_view part, std::size_t base, Context context) {
  constexpr std::size_t kWorthRemembering = 2;  // candidates; fewer are looked at as fast
  const std::span<const Candidate> from_here = candidates_from(base);
  const std::size_t end = base + part.size();
  if (from_here.size() < kWorthRemembering || from_here[kWorthRemembering - 1].position >= end ||
      part.size() > kCleanBytes) {
    finder_.confirm(part, base, from_here, context, hits_);
    return;
  }
  if (clean_.empty()) clean_.resize(kCleanTexts);
  std::uint64_t hash = part.size();
  std::size_t at = 0;
  for (; at + sizeof hash <= part.size(); at += sizeof hash) {
    std::uint64_t word;
    std::memcpy(&word, part.data() + at, sizeof word);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  }
  for (; at < part.size(); ++at) hash = (hash ^ static_cast<unsigned char>(part[at])) * 0x9E3779B97F4A7C15u;
  CleanText& clean = clean_[hash >> 55];
  static_assert(kCleanTexts == 1 << 9);
  if (clean.size == part.size() && clean.context == context && std::memcmp(clean.bytes, part.data(), part.size()) == 0)
    return;
  finder_.confirm(part, base, from_here, context, hits_);
  if (!hits_.empty()) return;
  clean.size = static_cast<std::uint32_t>(part.size());
  clean.context = context;
  std::memcpy(clean.bytes, part.data(), part.size());
}

void Redactor::redact_value(Value& value, Trait trait, std::string_view raw, Arena& arena) {
  const std::string_view whole = value.text();
  const std::string_view text = whole.substr(0, kTextBytes);
  switch (value.kind) {
    case Value::Kind::null:
    case Value::Kind::boolean: return;
    case Value::Kind::integer:
    case Value::Kind::real:
      if (text.size() < kNumberBytesLeast && trait != Trait::phone && trait != Trait::secret) return;
      break;
    case Value::Kind::ip:
      hits_.assign(1, {0, static_cast<std::uint32_t>(text.size()), value.ip_is_v4 ? Kind::ipv4 : Kind::ipv6});
      note_in_raw(raw, text);
      if (within(text, raw)) judged_.push_back({raw_hits_.back().begin, raw_hits_.back().end});
      if (options_.mode != Mode::dry_run) {
        if (options_.mode == Mode::redact && value.ip_is_v4) {
          const std::size_t size = kind_prefix(Kind::ipv4).size() + 1 + pseudonyms_.digits();
          char* const out = arena.allocate(size);
          pseudonyms_.write_ipv4(value.as.ipv4, out);
          address_token_ = {out, size};
        } else {
          make_replacement(text, hits_[0]);
          address_token_ = arena.copy(replacement_);
        }
        address_ = text;
        value.set_text(address_token_);
      }
      return;
    case Value::Kind::string:
    case Value::Kind::list: break;
  }
  if (text.empty()) return;
  constexpr std::array<Context, 7> contexts = {Context::text,  Context::text, Context::user_agent, Context::version,
                                               Context::phone, Context::text, Context::text};
  const Context context = contexts[static_cast<std::size_t>(trait)];
  if (value.kind == Value::Kind::list) redact_list(value, context, raw, arena);
  hits_.clear();
  const bool secret = trait == Trait::secret || (trait == Trait::secret_text && value.kind == Value::Kind::string);
  if (secret && may_be_secret(text)) hits_.assign(1, {0, static_cast<std::uint32_t>(text.size()), Kind::token});
  if (within(text, raw)) {
    const auto begin = static_cast<std::uint32_t>(text.data() - raw.data());
    const auto end = static_cast<std::uint32_t>(begin + text.size());
    if (context != Context::text) judged_.push_back({begin, end});
    const auto base = static_cast<std::size_t>(text.data() - origin_);
    if (may_hold_something(text, base)) confirm_part(text, base, context);
    if (finder_.has_own()) finder_.find_own(text, hits_);
    if (escaped_ && context != Context::text) value_finder_.find_escaped(text, context, hits_);
    if (escaped_ && context == Context::text)
      for (Hit hit : escaped_hits_) {
        if (hit.begin < begin || hit.end > end) continue;
        hit.begin -= begin;
        hit.end -= begin;
        hits_.push_back(hit);
      }
    if (hits_.size() > 1) finder_.settle(hits_);
  } else {
    const bool whole_is_secret = !hits_.empty();
    value_finder_.find(text, context, hits_);
    if (whole_is_secret) {
      hits_.push_back({0, static_cast<std::uint32_t>(text.size()), Kind::token});
      finder_.settle(hits_);
    }
  }
  if (hits_.empty() && text.size() == whole.size()) return;
  note_in_raw(raw, text);
  if (options_.mode != Mode::dry_run) value.set_text(rewrite(text, hits_, arena));
}

// A list is shown by its items, which may be decoded although its text is part of the line.
void Redactor::redact_list(Value& value, Context context, std::string_view raw, Arena& arena) {
  const ValueList& items = value.as_list();
  Value* changed = nullptr;
  for (std::uint32_t i = 0; i < items.size; ++i) {
    const std::string_view text = items.items[i].text().substr(0, kTextBytes);
    const bool is_text = items.items[i].kind == Value::Kind::string;
    if (text.empty() || (!is_text && text.size() < kNumberBytesLeast && context != Context::phone)) continue;
    value_finder_.find(text, context, hits_);
    if (hits_.empty()) continue;
    note_in_raw(raw, text);
    if (options_.mode == Mode::dry_run) continue;
    if (changed == nullptr) {
      changed = arena.array<Value>(items.size);
      std::copy(items.begin(), items.end(), changed);
    }
    changed[i].set_text(rewrite(text, hits_, arena));
  }
  if (changed == nullptr) return;
  auto* const list = arena.array<ValueList>(1);
  *list = {changed, items.size};
  value.as.list = list;
  if (within(value.text(), raw)) return;  // the line's findings are its own
  std::string text = "[";
  for (const Value& item : *list) text.append(text.size() > 1 ? "," : "").append(item.text());
  const std::string_view kept = arena.copy(text + "]");
  value.text_data = kept.data();
  value.text_size = static_cast<std::uint32_t>(kept.size());
}

// A name that has findings: they are the line's, or counted apart.
void Redactor::count_name(std::string_view name, std::string_view raw) {
  find_in_name(value_finder_, name, name_hits_);
  for (const Hit& hit : name_hits_) {
    const std::string_view value = name.substr(hit.begin, hit.end - hit.begin);
    // The dots of an outer object's name may look like part of the inner one: users.ann@example.com.
    bool in_raw = false;
    for (std::size_t at = 0; !in_raw && at < value.size(); at = value.find('.', at), at += at < value.size() ? 1 : 0) {
      const std::string_view rest = value.substr(at);
      if (rest.size() < kDecodedBytesLeast || raw.empty()) break;
      in_raw = raw.find(rest) != std::string_view::npos ||
               (escaped_ && finder_.unescaped().text().find(rest) != std::string_view::npos);
      if (hit.kind != Kind::email) break;
    }
    if (!in_raw) count_apart(hit.kind, value);
  }
}

// The message or the host, where it is a text of its own.
void Redactor::redact_apart(std::string_view& part, std::string_view raw, Arena& arena) {
  if (part.empty() || within(part, raw)) return;
  value_finder_.find(part, Context::text, hits_);
  note_in_raw(raw, part);
  if (raw.empty()) note_open_key(part, hits_);
  part = rewrite(part.substr(0, kTextBytes), hits_, arena);
}

// The message or the host, where it is part of the raw line.
std::string_view Redactor::redact_part(std::string_view part, std::string_view raw, Arena& arena) {
  const auto begin = static_cast<std::uint32_t>(part.data() - raw.data());
  const auto end = static_cast<std::uint32_t>(begin + part.size());
  clipped_.clear();
  for (Hit hit : raw_hits_) {
    if (hit.end <= begin || hit.begin >= end) continue;
    // Half an address is none: what is cut by the edge is hashed as it stands.
    if (hit.begin < begin || hit.end > end) hit.kind = hit.kind == Kind::own ? Kind::own : Kind::token;
    hit.begin = std::max(hit.begin, begin) - begin;
    hit.end = std::min(hit.end, end) - begin;
    clipped_.push_back(hit);
  }
  return rewrite(part, clipped_, arena);
}

// While a key is open its lines are findings as a whole. True if this record was one.
bool Redactor::follow_private_key(Record& record, std::string_view raw, Arena& arena) {
  if (open_key_lines_ == 0) return false;
  const std::string_view line = record.message.empty() ? raw : record.message;
  if (++open_key_lines_ > kOpenKeyLinesMost || !is_key_line(line)) {
    open_key_lines_ = 0;
    return false;
  }
  const std::size_t closing = line.find("-----END ");
  if (closing != std::string_view::npos) open_key_lines_ = 0;
  if (line.empty()) return true;
  hits_.assign(1, {0, static_cast<std::uint32_t>(line.size()), Kind::private_key});
  note_in_raw(raw, line);
  if (options_.mode == Mode::dry_run) return true;
  for (Value& value : record)
    if (within(value.text(), line))
      value.set_text(rewrite(value.text(), std::array<Hit, 1>{Hit{0, value.text_size, Kind::private_key}}, arena));
  if (!within(line, raw)) record.message = rewrite(line, hits_, arena);
  return true;
}

void Redactor::redact(Record& record, Arena& arena, const FieldNames& names) {
  candidates_.clear();
  const std::string_view raw = record.raw.substr(0, kTextBytes);
  if (!raw.empty()) Finder::candidates(raw, candidates_);
  origin_ = raw.data();
  line_ = candidates_;
  together_ = {};
  redact_record(record, arena, names);
}

// With the line's candidates in line_.
void Redactor::redact_record(Record& record, Arena& arena, const FieldNames& names) {
  raw_hits_.clear();
  judged_.clear();
  apart_.clear();
  address_ = address_token_ = {};
  cursor_ = 0;
  const std::string_view raw = record.raw.substr(0, kTextBytes);
  escaped_hits_.clear();
  escaped_ = may_be_escaped(raw) && finder_.find_escaped(raw, Context::text, escaped_hits_);
  if (open_key_lines_ != 0) follow_private_key(record, raw, arena);
  for (Value& value : record) {
    const Naming of_field = naming(value.field, names);
    if (of_field.personal) count_name(names.name(value.field), raw);
    if (of_field.trait != Trait::text || !nothing_in(value, raw)) redact_value(value, of_field.trait, raw, arena);
  }
  const bool message_is_raw = record.message.data() == record.raw.data() && record.message.size() == record.raw.size();
  const bool host_in_raw = within(record.host, raw), message_in_raw = !message_is_raw && within(record.message, raw);
  redact_apart(record.host, raw, arena);
  if (!message_is_raw) redact_apart(record.message, raw, arena);
  if (raw.empty()) return;

  hits_.clear();
  // What stands in a typed address, or where a field decides alone, was decided there.
  left_to_judge_.clear();
  const auto begin = static_cast<std::uint32_t>(raw.data() - origin_);
  // Fields come in the order of the line, nearly always; its candidates always do.
  const auto before = [](const Span& a, const Span& b) { return a.begin < b.begin; };
  if (!std::is_sorted(judged_.begin(), judged_.end(), before)) std::sort(judged_.begin(), judged_.end(), before);
  auto next_span = judged_.begin();
  for (const Candidate& candidate : line_) {
    const std::uint32_t place = candidate.position - begin;
    while (next_span != judged_.end() && next_span->end <= place) ++next_span;
    if (next_span == judged_.end() || place <= next_span->begin) left_to_judge_.push_back({place, candidate.triggers});
  }
  if (!left_to_judge_.empty()) finder_.confirm(raw, 0, left_to_judge_, Context::text, hits_);
  if (finder_.has_own()) finder_.find_own(raw, hits_);
  hits_.insert(hits_.end(), escaped_hits_.begin(), escaped_hits_.end());
  for (const Hit& hit : hits_) {
    const bool judged = std::any_of(judged_.begin(), judged_.end(),
                                    [&](const Span& span) { return hit.begin >= span.begin && hit.end <= span.end; });
    if (!judged) raw_hits_.push_back(hit);
  }
  if (raw_hits_.size() > 1) finder_.settle(raw_hits_);
  if (std::any_of(raw_hits_.begin(), raw_hits_.end(), [](const Hit& hit) { return hit.kind == Kind::private_key; }))
    note_open_key(raw, raw_hits_);
  count(raw_hits_);
  if (host_in_raw) record.host = redact_part(record.host, raw, arena);
  if (message_in_raw) record.message = redact_part(record.message, raw, arena);
  record.raw = rewrite(raw, raw_hits_, arena);
  if (message_is_raw) record.message = record.raw;
}

// Whether the records are lines of the batch's text.
bool Redactor::together(const RecordBatch& batch) noexcept {
  const std::string_view text = batch.text.view();
  return !batch.records.empty() && text.size() <= kTextBytes && within(batch.records.front().raw, text);
}

bool Redactor::look_ahead(const RecordBatch& batch) {
  constexpr std::string_view kMarker = "-----BEGIN ";
  constexpr std::size_t kDashes = kMarker.find('B');  // before the literal candidates are found by
  const std::string_view text = batch.text.view();
  looked_ahead_ = together(batch);
  if (!looked_ahead_) return memmem(text.data(), text.size(), kMarker.data(), kMarker.size()) != nullptr;
  Finder::candidates(text, batch_candidates_);
  return std::any_of(batch_candidates_.begin(), batch_candidates_.end(), [&](const Candidate& candidate) {
    return (candidate.triggers & literal) != 0 && candidate.position >= kDashes &&
           has(text, candidate.position - kDashes, kMarker);
  });
}

void Redactor::redact(RecordBatch& batch, const FieldNames& names) {
  constexpr std::size_t kAhead = 8;  // records between asking for an address's entry and needing it
  const std::string_view text = batch.text.view();
  const bool lines = together(batch);
  if (lines && !looked_ahead_) Finder::candidates(text, batch_candidates_);
  looked_ahead_ = false;
  std::size_t at = 0;  // the first candidate of the next line
  escapes_from_ = text.size();
  next_escape_ = 0;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    if (i + kAhead < batch.records.size()) {
      const Record& later = batch.records[i + kAhead];
      if (later.field_count > 0 && later.fields->kind == Value::Kind::ip && later.fields->ip_is_v4)
        pseudonyms_.prefetch_ipv4(later.fields->as.ipv4);
    }
    Record& record = batch.records[i];
    if (!lines || !within(record.raw, text)) {
      redact(record, batch.arena, names);
      continue;
    }
    // Lines are found in a block's pass as in passes of their own: what may begin or end a finding looks back over a line
    // end only to find more places, never fewer.
    const auto begin = static_cast<std::size_t>(record.raw.data() - text.data());
    if (at > 0 && batch_candidates_[at - 1].position >= begin) at = 0;
    while (at < batch_candidates_.size() && batch_candidates_[at].position < begin) ++at;
    const std::size_t first = at;
    while (at < batch_candidates_.size() && batch_candidates_[at].position <= begin + record.raw.size()) ++at;
    together_ = text;
    origin_ = text.data();
    line_ = std::span<const Candidate>(batch_candidates_).subspan(first, at - first);
    redact_record(record, batch.arena, names);
  }
}

std::string Redactor::redact_name(std::string_view name) {
  find_in_name(value_finder_, name, name_hits_);
  Arena arena;
  return std::string(rewrite(name, name_hits_, arena));
}

std::string_view Redactor::redact(std::string_view text, Context context, Arena& arena) {
  finder_.find(text, context, hits_);
  count(hits_);
  return rewrite(text.substr(0, kTextBytes), hits_, arena);
}

}  // namespace logystera::redact
