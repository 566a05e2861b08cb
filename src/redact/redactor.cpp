// A record's texts are mostly views into its raw line, so the line is searched for candidates once. These are confirmed for
// each field, within its bounds and in its context, then for the line. Where a field decides alone (a typed address; a user
// agent, which has versions instead of addresses), its decision holds for those bytes of the line, too.
#include "redact/redactor.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <tuple>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"
#include "redact/labels.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kNumberBytesLeast = 12;  // a card number's; shorter numeric values are not searched
constexpr std::size_t kDecodedBytesLeast = 4;  // a decoded value's finding shorter than this is not looked for in the line
constexpr std::string_view kMarker = "-----BEGIN ";
constexpr std::size_t kOutsideLineMost = 256;  // a record's findings outside its line, remembered to count each once
constexpr std::size_t kLookedForMost = 256;    // decoded values of a record, remembered to look for each in its line once
// Bytes of a line that are searched for decoded values of its record, all searches together: where those are more, all of the line is one
// finding.
constexpr std::size_t kSearchedMost = std::size_t{256} << 20;

bool within(std::string_view part, std::string_view whole) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(part.data()) - reinterpret_cast<std::uintptr_t>(whole.data());
  return !part.empty() && offset < whole.size() && part.size() <= whole.size() - offset;
}

}  // namespace

Redactor::Redactor(Options options)
    : options_(std::move(options)),
      finder_(options_.patterns),
      rewriter_(options_.mode, options_.salt, options_.digits, options_.patterns),
      value_finder_(options_.patterns) {
  wipe(options_.salt);
}

Redactor::Redactor(const Redactor& other)
    : options_(other.options_),
      finder_(options_.patterns),
      rewriter_(other.rewriter_, options_.patterns),
      value_finder_(options_.patterns) {}

std::uint64_t Redactor::total() const noexcept {
  std::uint64_t sum = 0;
  for (std::uint64_t count : counts_) sum += count;
  return sum;
}

void Redactor::count(std::span<const Hit> hits) noexcept {
  for (const Hit& hit : hits) ++counts_[static_cast<std::size_t>(hit.kind)];
}

void Redactor::count_outside_line(Kind kind, std::string_view value) {
  for (const auto& [other_kind, other] : outside_line_)
    if (other_kind == kind && other == value) return;
  if (outside_line_.size() < kOutsideLineMost) outside_line_.emplace_back(kind, value);
  ++counts_[static_cast<std::size_t>(kind)];
}

// Whether all has been searched that may be; then the whole line is a finding, and there is nothing left to look for.
bool Redactor::withholds(std::string_view raw) {
  searched_ += raw.size();
  if (searched_ <= kSearchedMost) return false;
  const Hit all{0, static_cast<std::uint32_t>(raw.size()), Kind::token};
  if (raw_hits_.empty() || raw_hits_.front() != all) raw_hits_.insert(raw_hits_.begin(), all);
  return true;
}

// Whether it is looked for a second time. What is not remembered is.
bool Redactor::looked_for(Kind kind, std::string_view value) {
  for (const auto& [other_kind, other] : looked_for_)
    if (other_kind == kind && other == value) return true;
  if (looked_for_.size() < kLookedForMost) looked_for_.emplace_back(kind, value);
  return false;
}

// As find(), in the time of the text's length whatever both are.
static std::size_t find_text(std::string_view text, std::string_view what, std::size_t from) noexcept {
  const void* const found = ::memmem(text.data() + from, text.size() - from, what.data(), what.size());
  return found ? static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) : std::string_view::npos;
}

// Makes every place of the raw line that has `value`, as it stands or escaped, a finding. False if there is none.
bool Redactor::find_in_raw(std::string_view raw, std::string_view value, Hit hit) {
  if (raw.empty() || value.size() < kDecodedBytesLeast) return false;
  if (withholds(raw)) return true;
  const auto note = [&](std::size_t begin, std::size_t end) {
    hit.begin = static_cast<std::uint32_t>(begin);
    hit.end = static_cast<std::uint32_t>(end);
    raw_hits_.push_back(hit);
  };
  const std::size_t before = raw_hits_.size();
  for (std::size_t at = find_text(raw, value, 0); at != std::string_view::npos;
       at = find_text(raw, value, at + value.size()))
    note(at, at + value.size());
  if (!escaped_) return raw_hits_.size() > before;
  const Unescaped& plain = finder_.unescaped();
  for (std::size_t at = find_text(plain.text(), value, 0); at != std::string_view::npos;
       at = find_text(plain.text(), value, at + value.size()))
    note(plain.origin(at), plain.origin(at + value.size()));
  return raw_hits_.size() > before;
}

// Findings of a field become findings of the line: at the same place where the field is part of it, else wherever the line
// has the same text. What the line does not have is counted by itself.
void Redactor::note_in_raw(std::string_view raw, std::string_view part, std::span<const Hit> hits) {
  if (within(part, raw)) {
    const auto offset = static_cast<std::uint32_t>(part.data() - raw.data());
    for (Hit hit : hits) {
      hit.begin += offset;
      hit.end += offset;
      raw_hits_.push_back(hit);
    }
    return;
  }
  for (const Hit& hit : hits) {
    const std::string_view value = part.substr(hit.begin, hit.end - hit.begin);
    if (!looked_for(hit.kind, value) && !find_in_raw(raw, value, hit)) count_outside_line(hit.kind, value);
  }
}

// The candidates from `place` on. Fields nearly always come in the order of the line, so this goes on from the last place.
inline std::span<const Candidate> Redactor::candidates_from(std::size_t place) noexcept {
  if (cursor_ > 0 && line_candidates_[cursor_ - 1].position >= place) {
    const auto known = line_candidates_.first(cursor_);
    const auto from = std::lower_bound(known.begin(), known.end(), place,
                                       [](const Candidate& one, std::size_t at) { return one.position < at; });
    cursor_ = static_cast<std::size_t>(from - known.begin());
  }
  while (cursor_ < line_candidates_.size() && line_candidates_[cursor_].position < place) ++cursor_;
  return line_candidates_.subspan(cursor_);
}

// Whether confirming a part of the line can find anything: it has a candidate, or digits at its end may go on behind it.
inline bool Redactor::may_have_findings(std::string_view part, std::size_t base) noexcept {
  const std::span<const Candidate> from_here = candidates_from(base);
  if (from_here.empty()) return false;
  if (from_here.front().position <= base + part.size()) return true;
  return belongs_to_number(part.back()) && belongs_to_number(part.data()[part.size()]) &&
         Finder::number_goes_on(part, base, from_here);
}

// The quick check for values whose field's name says nothing (FieldTrait::text): true if there can be no finding.
inline bool Redactor::cannot_have_findings(const Value& value, std::string_view raw) noexcept {
  if (value.kind == Value::Kind::integer) return value.text_size < kNumberBytesLeast;
  if (value.kind != Value::Kind::string || finder_.has_own() || escaped_) return false;
  const std::string_view text = value.text();
  return within(text, raw) && !may_have_findings(text, static_cast<std::size_t>(text.data() - candidates_text_));
}

// Whether the raw line has a byte that escapes begin with. The lines of a batch nearly always come in the order of its text, so
// one search answers for all lines up to the next such byte.
inline bool Redactor::may_be_escaped(std::string_view raw) noexcept {
  if (batch_text_.empty()) return !raw.empty();
  const auto begin = static_cast<std::size_t>(raw.data() - batch_text_.data());
  if (begin < escapes_from_ || begin > next_escape_) {
    escapes_from_ = begin;
    next_escape_ = find_escape_sign(batch_text_, begin);
  }
  return next_escape_ < begin + raw.size();
}

// Appends the findings of a part of the line.
void Redactor::confirm_part(std::string_view part, std::size_t base, Context context, std::vector<Hit>& hits) {
  constexpr std::size_t kWorthRemembering = 2;  // candidates; fewer are looked at as fast
  const std::span<const Candidate> from_here = candidates_from(base);
  const std::size_t end = base + part.size();
  if (from_here.size() < kWorthRemembering || from_here[kWorthRemembering - 1].position >= end ||
      part.size() > CleanTexts::kBytes) {
    finder_.confirm(part, base, from_here, context, hits);
    return;
  }
  CleanTexts::Slot& clean = clean_texts_.slot(part);
  if (clean.has(part, context)) return;
  finder_.confirm(part, base, from_here, context, hits);
  if (hits.empty()) clean.put(part, context);
}

void Redactor::redact_value(Value& value, FieldTrait trait, std::string_view raw, Arena& arena) {
  const std::string_view whole = value.text();
  const std::string_view text = whole.substr(0, kTextBytes);
  switch (value.kind) {
    case Value::Kind::null:
    case Value::Kind::boolean: return;
    case Value::Kind::integer:
    case Value::Kind::real:
      if (text.size() < kNumberBytesLeast && trait != FieldTrait::phone && trait != FieldTrait::secret) return;
      break;
    case Value::Kind::ip:
      hits_.assign(1, {0, static_cast<std::uint32_t>(text.size()), value.ip_is_v4 ? Kind::ipv4 : Kind::ipv6});
      note_in_raw(raw, text, hits_);
      if (within(text, raw)) decided_.push_back({raw_hits_.back().begin, raw_hits_.back().end});
      if (options_.mode != Mode::dry_run) value.set_text(rewriter_.rewrite_address(value, text, hits_[0], arena));
      return;
    case Value::Kind::string:
    case Value::Kind::list: break;
  }
  if (text.empty()) return;
  const Context context = context_of(trait);
  if (value.kind == Value::Kind::list) redact_list(value, context, raw, arena);
  hits_.clear();
  const bool secret =
      trait == FieldTrait::secret || (trait == FieldTrait::secret_text && value.kind == Value::Kind::string);
  if (secret && may_be_secret(text)) hits_.assign(1, {0, static_cast<std::uint32_t>(text.size()), Kind::token});
  if (within(text, raw)) {
    const auto begin = static_cast<std::uint32_t>(text.data() - raw.data());
    const auto end = static_cast<std::uint32_t>(begin + text.size());
    if (context != Context::text) decided_.push_back({begin, end});
    const auto base = static_cast<std::size_t>(text.data() - candidates_text_);
    if (may_have_findings(text, base)) confirm_part(text, base, context, hits_);
    if (finder_.has_own()) finder_.find_own(text, hits_);
    if (escaped_ && context != Context::text) value_finder_.find_escaped(text, context, hits_);
    if (escaped_ && context == Context::text) {
      const auto is_before = [](const Hit& hit, std::uint32_t place) { return hit.begin < place; };
      auto escaped = std::lower_bound(escaped_hits_.begin(), escaped_hits_.end(), begin, is_before);
      for (; escaped != escaped_hits_.end() && escaped->begin < end; ++escaped) {
        if (escaped->end > end) continue;
        hits_.push_back(*escaped);
        hits_.back().begin -= begin;
        hits_.back().end -= begin;
      }
    }
    if (hits_.size() > 1) finder_.settle(text, hits_);
    if (!hits_.empty()) finder_.find_beside(text, context, hits_);
  } else {
    const bool whole_is_secret = !hits_.empty();
    value_finder_.find(text, context, hits_);
    if (whole_is_secret) {
      hits_.push_back({0, static_cast<std::uint32_t>(text.size()), Kind::token});
      finder_.settle(text, hits_);
    }
  }
  if (hits_.empty() && text.size() == whole.size()) return;
  note_in_raw(raw, text, hits_);
  if (options_.mode != Mode::dry_run) value.set_text(rewriter_.rewrite(text, hits_, arena));
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
    note_in_raw(raw, text, hits_);
    if (options_.mode == Mode::dry_run) continue;
    if (changed == nullptr) {
      changed = arena.array<Value>(items.size);
      std::copy(items.begin(), items.end(), changed);
    }
    changed[i].set_text(rewriter_.rewrite(text, hits_, arena));
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

// Counts the findings of a field's name, unless the line has the same text: there they are the line's.
void Redactor::count_name(std::string_view name, std::string_view raw) {
  find_in_name(value_finder_, name, name_hits_);
  for (const Hit& hit : name_hits_) {
    const std::string_view value = name.substr(hit.begin, hit.end - hit.begin);
    if (!raw.empty() && withholds(raw)) return;
    // The dots of an outer object's name may look like part of the inner one: users.ann@example.com.
    bool in_raw = false;
    for (std::size_t at = 0; !in_raw && at < value.size(); at = value.find('.', at), at += at < value.size() ? 1 : 0) {
      const std::string_view rest = value.substr(at);
      if (rest.size() < kDecodedBytesLeast || raw.empty()) break;
      in_raw = raw.find(rest) != std::string_view::npos ||
               (escaped_ && finder_.unescaped().text().find(rest) != std::string_view::npos);
      if (hit.kind != Kind::email) break;
    }
    if (!in_raw) count_outside_line(hit.kind, value);
  }
}

// The message or the host, where it is no part of the raw line.
void Redactor::redact_outside_line(std::string_view& part, std::string_view raw, Arena& arena) {
  if (part.empty() || within(part, raw)) return;
  value_finder_.find(part, Context::text, hits_);
  note_in_raw(raw, part, hits_);
  if (raw.empty()) key_lines_.note(part, hits_);
  part = rewriter_.rewrite(part.substr(0, kTextBytes), hits_, arena);
}

// The message or the host, where it is part of the raw line.
std::string_view Redactor::redact_within_line(std::string_view part, std::string_view raw, Arena& arena) {
  const auto begin = static_cast<std::uint32_t>(part.data() - raw.data());
  const auto end = static_cast<std::uint32_t>(begin + part.size());
  clipped_.clear();
  for (Hit hit : raw_hits_) {
    if (hit.end <= begin || hit.begin >= end) continue;
    if (hit.begin < begin || hit.end > end) hit = part_of(hit, std::max(hit.begin, begin), std::min(hit.end, end));
    hit.begin -= begin;
    hit.end -= begin;
    clipped_.push_back(hit);
  }
  return rewriter_.rewrite(part, clipped_, arena);
}

// If the record is a line of the private key that is open, the whole line is a finding.
void Redactor::follow_private_key(Record& record, std::string_view raw, Arena& arena) {
  const std::string_view line = record.message.empty() ? raw : record.message;
  if (!key_lines_.take(line)) return;
  if (line.empty()) return;
  hits_.assign(1, {0, static_cast<std::uint32_t>(line.size()), Kind::private_key});
  note_in_raw(raw, line, hits_);
  if (options_.mode == Mode::dry_run) return;
  for (Value& value : record)
    if (within(value.text(), line))
      value.set_text(
          rewriter_.rewrite(value.text(), std::array<Hit, 1>{Hit{0, value.text_size, Kind::private_key}}, arena));
  if (!within(line, raw)) record.message = rewriter_.rewrite(line, hits_, arena);
}

void Redactor::redact(Record& record, Arena& arena, const FieldNames& names) {
  candidates_.clear();
  const std::string_view raw = record.raw.substr(0, kTextBytes);
  if (!raw.empty()) Finder::candidates(raw, candidates_);
  candidates_text_ = raw.data();
  line_candidates_ = candidates_;
  batch_text_ = {};
  redact_record(record, arena, names);
}

// Puts decided_ in order of place; what lies in a span ends no later than the furthest one that begins before it.
void Redactor::order_decided() {
  // Fields nearly always are.
  const auto before = [](const Span& a, const Span& b) { return a.begin < b.begin; };
  if (!std::is_sorted(decided_.begin(), decided_.end(), before)) std::sort(decided_.begin(), decided_.end(), before);
  std::uint32_t furthest = 0;
  for (Span& span : decided_) span.furthest = furthest = std::max(furthest, span.end);
}

// Whether a field alone decides about the bytes of the finding.
bool Redactor::is_decided(const Hit& hit) const noexcept {
  const auto behind = std::upper_bound(decided_.begin(), decided_.end(), hit.begin,
                                       [](std::uint32_t place, const Span& span) { return place < span.begin; });
  return behind != decided_.begin() && hit.end <= std::prev(behind)->furthest;
}

void Redactor::find_beside_in_line(std::string_view raw) {
  hits_.assign(raw_hits_.begin(), raw_hits_.end());
  finder_.find_beside(raw, Context::text, raw_hits_);
  if (raw_hits_.size() == hits_.size()) return;
  const auto order = [](const Hit& a, const Hit& b) {
    return std::tie(a.begin, a.end, a.kind, a.pattern) < std::tie(b.begin, b.end, b.kind, b.pattern);
  };
  std::sort(hits_.begin(), hits_.end(), order);
  std::erase_if(raw_hits_, [&](const Hit& hit) {
    return is_decided(hit) && !std::binary_search(hits_.begin(), hits_.end(), hit, order);
  });
}

// Expects the line's candidates in line_candidates_.
void Redactor::redact_record(Record& record, Arena& arena, const FieldNames& names) {
  raw_hits_.clear();
  decided_.clear();
  outside_line_.clear();
  looked_for_.clear();
  searched_ = 0;
  rewriter_.begin_record();
  cursor_ = 0;
  const std::string_view raw = record.raw.substr(0, kTextBytes);
  escaped_hits_.clear();
  escaped_ = may_be_escaped(raw) && finder_.find_escaped(raw, Context::text, escaped_hits_);
  std::sort(escaped_hits_.begin(), escaped_hits_.end(), [](const Hit& a, const Hit& b) { return a.begin < b.begin; });
  if (key_lines_.open() != 0) follow_private_key(record, raw, arena);
  for (Value& value : record) {
    const FieldTraits::Entry of_field = traits_.of(value.field, names, value_finder_);
    if (of_field.personal_name) count_name(names.name(value.field), raw);
    if (of_field.trait != FieldTrait::text || !cannot_have_findings(value, raw))
      redact_value(value, of_field.trait, raw, arena);
  }
  const bool message_is_raw = record.message.data() == record.raw.data() && record.message.size() == record.raw.size();
  const bool host_in_raw = within(record.host, raw), message_in_raw = !message_is_raw && within(record.message, raw);
  redact_outside_line(record.host, raw, arena);
  if (!message_is_raw) redact_outside_line(record.message, raw, arena);
  if (raw.empty()) return;

  hits_.clear();
  // Candidates within a typed address, or in a field that decides alone, were dealt with there.
  undecided_.clear();
  const auto begin = static_cast<std::uint32_t>(raw.data() - candidates_text_);
  // Candidates are in the order of the line.
  order_decided();
  auto next_span = decided_.begin();
  for (const Candidate& candidate : line_candidates_) {
    const std::uint32_t place = candidate.position - begin;
    while (next_span != decided_.end() && next_span->end <= place) ++next_span;
    if (next_span == decided_.end() || place <= next_span->begin) undecided_.push_back({place, candidate.triggers});
  }
  if (!undecided_.empty()) finder_.confirm(raw, 0, undecided_, Context::text, hits_);
  if (finder_.has_own()) finder_.find_own(raw, hits_);
  hits_.insert(hits_.end(), escaped_hits_.begin(), escaped_hits_.end());
  for (const Hit& hit : hits_)
    if (!is_decided(hit)) raw_hits_.push_back(hit);
  if (raw_hits_.size() > 1) finder_.settle(raw, raw_hits_);
  if (finder_.touched(raw, raw_hits_)) find_beside_in_line(raw);
  if (std::any_of(raw_hits_.begin(), raw_hits_.end(), [](const Hit& hit) { return hit.kind == Kind::private_key; }))
    key_lines_.note(raw, raw_hits_);
  count(raw_hits_);
  if (host_in_raw) record.host = redact_within_line(record.host, raw, arena);
  if (message_in_raw) record.message = redact_within_line(record.message, raw, arena);
  record.raw = rewriter_.rewrite(raw, raw_hits_, arena);
  if (message_is_raw) record.message = record.raw;
}

// Whether the records' raw lines lie in the batch's text, so that one search finds the candidates of all.
bool Redactor::share_text(const RecordBatch& batch) noexcept {
  const std::string_view text = batch.text.view();
  return !batch.records.empty() && text.size() <= kTextBytes && within(batch.records.front().raw, text);
}

bool Redactor::may_begin_key(const RecordBatch& batch) noexcept {
  const std::string_view text = batch.text.view();
  return !text.empty() && ::memmem(text.data(), text.size(), kMarker.data(), kMarker.size()) != nullptr;
}

bool Redactor::look_ahead(const RecordBatch& batch) {
  constexpr std::size_t kDashes = kMarker.find('B');  // candidates stand at the literal BEGIN, behind these
  const std::string_view text = batch.text.view();
  looked_ahead_ = share_text(batch);
  if (!looked_ahead_) return may_begin_key(batch);
  Finder::candidates(text, batch_candidates_);
  return std::any_of(batch_candidates_.begin(), batch_candidates_.end(), [&](const Candidate& candidate) {
    return (candidate.triggers & literal) != 0 && candidate.position >= kDashes &&
           has(text, candidate.position - kDashes, kMarker);
  });
}

void Redactor::redact(RecordBatch& batch, const FieldNames& names) {
  constexpr std::size_t kAhead = 8;  // records between prefetching an address's pseudonym and using it
  const std::string_view text = batch.text.view();
  const bool lines = share_text(batch);
  if (lines && !looked_ahead_) Finder::candidates(text, batch_candidates_);
  looked_ahead_ = false;
  std::size_t at = 0;  // the first candidate of the next line
  escapes_from_ = text.size();
  next_escape_ = 0;
  for (std::size_t i = 0; i < batch.records.size(); ++i) {
    if (i + kAhead < batch.records.size()) {
      const Record& later = batch.records[i + kAhead];
      if (later.field_count > 0 && later.fields->kind == Value::Kind::ip && later.fields->ip_is_v4)
        rewriter_.prefetch_ipv4(later.fields->as.ipv4);
    }
    Record& record = batch.records[i];
    if (!lines || !within(record.raw, text)) {
      redact(record, batch.arena, names);
      continue;
    }
    // One search over the batch's text finds at least the candidates that a search of each line would: looking back over a line
    // end can only add some.
    const auto begin = static_cast<std::size_t>(record.raw.data() - text.data());
    if (at > 0 && batch_candidates_[at - 1].position >= begin) at = 0;
    while (at < batch_candidates_.size() && batch_candidates_[at].position < begin) ++at;
    const std::size_t first = at;
    while (at < batch_candidates_.size() && batch_candidates_[at].position <= begin + record.raw.size()) ++at;
    batch_text_ = text;
    candidates_text_ = text.data();
    line_candidates_ = std::span<const Candidate>(batch_candidates_).subspan(first, at - first);
    redact_record(record, batch.arena, names);
  }
}

std::string Redactor::redact_name(std::string_view name) {
  find_in_name(value_finder_, name, name_hits_);
  Arena arena;
  return std::string(rewriter_.rewrite(name, name_hits_, arena));
}

std::string_view Redactor::redact(std::string_view text, Context context, Arena& arena) {
  finder_.find(text, context, hits_);
  count(hits_);
  return rewriter_.rewrite(text.substr(0, kTextBytes), hits_, arena);
}

}  // namespace logystera::redact
