#include "redact/finder.hpp"

#include <algorithm>
#include <iterator>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"

namespace logystera::redact {
namespace {

// One text being confirmed: remembers per kind how far it has got, so that findings of a kind never overlap and no byte is
// the start of a search twice.
class Confirmation {
 public:
  Confirmation(std::string_view text, Context context, std::vector<Hit>& hits) noexcept
      : text_(text), context_(context), hits_(hits) {}

  void look(std::size_t at, unsigned triggers) {
    if (triggers & number) numbers(at);
    if (at >= text_.size()) return;
    if (triggers & literal) literals(at);
    if (triggers & at_sign) sign(at);
    if (triggers & uuid_dashes && at >= past(Kind::uuid)) keep(Kind::uuid, match_uuid(text_, at));
    if (triggers & iban_head && at >= 3 && at - 3 >= past(Kind::iban)) keep(Kind::iban, match_iban(text_, at - 3));
    if (triggers & colons && at >= past(Kind::ipv6)) keep(Kind::ipv6, match_ipv6(text_, at, context_));
    if (triggers & dotted_quad && at >= past(Kind::ipv4)) keep(Kind::ipv4, match_ipv4(text_, at, context_));
    if (triggers & plus_digit && at >= 1) phone(at - 1);
  }

 private:
  std::size_t& past(Kind kind) noexcept { return past_[static_cast<std::size_t>(kind)]; }

  void keep(Kind kind, Extent found) {
    if (!found || found.begin < past(kind)) return;
    hits_.push_back({static_cast<std::uint32_t>(found.begin), static_cast<std::uint32_t>(found.end), kind});
    past(kind) = found.end;
  }

  void sign(std::size_t at) {
    if (at >= past(Kind::email)) keep(Kind::email, match_email(text_, at, past(Kind::email)));
    if (at >= url_past_) keep_container(match_url_password(text_, at), url_past_);
  }

  // What may hold other secrets: which of them counts is settled at the end.
  void keep_container(Extent found, std::size_t& past_container) {
    if (!found || found.begin < past_container) return;
    hits_.push_back({static_cast<std::uint32_t>(found.begin), static_cast<std::uint32_t>(found.end), Kind::token});
    past_container = found.end;
  }

  void literals(std::size_t at) {
    if (at >= named_past_ && at + 2 < text_.size()) {
      const char sign = text_[at + 2];
      if (sign == '=' || sign == ':' || sign == '"' || sign == '\'' || sign == '\\')
        keep_container(match_named_secret(text_, at), named_past_);
    }
    switch (text_[at]) {
      case 'e':
        if (at >= past(Kind::jwt)) keep(Kind::jwt, match_jwt(text_, at));
        return;
      case '%':
        if (has(text_, at, "%40") && at >= past(Kind::email)) keep(Kind::email, match_email(text_, at, past(Kind::email)));
        return;
      case 'B':
        if (has(text_, at, "BEGIN ") && at >= past(Kind::private_key)) {
          bool open;
          keep(Kind::private_key, match_private_key(text_, at, open));
          return;
        }
        [[fallthrough]];
      default:
        if (at >= past(Kind::token)) keep(Kind::token, match_token(text_, at));
    }
  }

  void phone(std::size_t at) {
    if (at >= past(Kind::phone)) keep(Kind::phone, match_phone(text_, at, context_));
  }

  // Every place in the digits and separators before `end` where a number may begin. What a number of each sort needs at
  // least is looked at first, since most runs of digits are neither: sizes, dates, identifiers.
  void numbers(std::size_t end) {
    constexpr std::size_t kCardDigits = 12;
    constexpr std::size_t kPlanDigits = 10;  // NANP; 00, country code and number
    constexpr std::size_t kNationalDigits = 7;
    constexpr std::size_t kBehind = 40;  // more than the longest dotted number's rest
    end = std::min(end, text_.size());
    std::size_t begin = end;
    std::size_t left = 0;  // digits from there on
    unsigned seen = 0;
    for (unsigned part; begin > numbers_past_ && (part = part_of_number(text_[begin - 1])) != 0; --begin) {
      left += part & number_digit;
      seen |= part;
    }
    numbers_past_ = std::max(numbers_past_, end);
    // A run of dotted groups is reported before it ends, so digits behind count too.
    std::size_t stop = end;
    for (; stop < text_.size() && stop < end + kBehind && belongs_to_number(text_[stop]); ++stop)
      left += is_digit(text_[stop]);
    if (left < kNationalDigits) return;
    const bool named_behind = context_ == Context::phone || may_be_named_behind(stop);
    if (left < kPlanDigits && !named_behind && (seen & number_bracket) == 0) {
      // Too short for all but a national number, or an international one behind %2b. Both need a letter before them, and
      // that is looked for back to the nearest digit, so only the first number of the run can have it.
      while (begin < end && !is_digit(text_[begin])) ++begin;
      if (begin < end && may_be_named_before(begin)) phone(begin);
      return;
    }
    bool first = true;
    for (std::size_t at = begin; at < end && left >= kNationalDigits; ++at) {
      const char c = text_[at];
      if (c == '(') {
        phone(at);
        continue;
      }
      if (!is_digit(c)) continue;
      const std::size_t from_here = left--;
      if (at > begin && is_digit(text_[at - 1]) && !may_follow_escape(at)) continue;
      std::size_t run = 1;
      while (run < kCardDigits && at + run < text_.size() && is_digit(text_[at + run])) ++run;
      if ((run == kCardDigits || run == 4) && from_here >= kCardDigits && at >= past(Kind::card))
        keep(Kind::card, match_card(text_, at));
      const bool plan =
          from_here >= kPlanDigits && (run == 3 || (c == '0' && at + 1 < text_.size() && text_[at + 1] == '0'));
      const bool encoded_plus = at >= 3 && text_[at - 3] == '%';
      if (plan || encoded_plus || named_behind || (first && may_be_named_before(at))) phone(at);
      first = first && at > begin && text_[at - 1] == '%';
    }
  }

  // Whether a word can stand between `at` and the digit before it, or just behind `at`: conditions of a national number
  // that cost little.
  bool may_be_named_before(std::size_t at) const noexcept {
    constexpr std::size_t kReach = 24;
    for (std::size_t i = at; i > 0 && at - i < kReach && !is_digit(text_[i - 1]); --i)
      if (is_letter(text_[i - 1])) return true;
    return false;
  }
  bool may_be_named_behind(std::size_t at) const noexcept {
    // Separators were passed already; an extension may come first.
    if (at >= text_.size()) return false;
    switch (lower(text_[at])) {
      case 'c':
      case 'd':
      case 'e':
      case 'f':
      case 'm':
      case 'o':
      case 'p':
      case 't':
      case 'x': return true;
      default: return false;
    }
  }

  // Whether the digit before `at` may be an escape's last: %20, \x20, \u0020, #012.
  bool may_follow_escape(std::size_t at) const noexcept {
    return (at >= 3 && text_[at - 3] == '%') || (at >= 6 && text_[at - 6] == '\\') ||
           (at >= 4 && (text_[at - 4] == '\\' || text_[at - 4] == '#'));
  }

  std::string_view text_;
  Context context_;
  std::vector<Hit>& hits_;
  std::array<std::size_t, kKinds> past_{};
  std::size_t numbers_past_ = 0;
  std::size_t url_past_ = 0, named_past_ = 0;
};

}  // namespace

void Finder::confirm(std::string_view part, std::size_t base, std::span<const Candidate> candidates, Context context,
                     std::vector<Hit>& hits) const {
  const Candidate* first = candidates.data();
  const Candidate* const end = first + candidates.size();
  while (first != end && first->position < base) ++first;
  const Candidate* last = first;
  while (last != end && last->position <= base + part.size()) ++last;
  // A run of digits that goes on behind the part ends, for the part, with it.
  const bool number_at_end = number_goes_on(part, base, {last, end});
  if (first == last && !number_at_end) return;
  Confirmation confirmation(part, context, hits);
  for (; first != last; ++first) confirmation.look(first->position - base, first->triggers);
  if (number_at_end) confirmation.look(part.size(), number);
}

bool Finder::number_goes_on(std::string_view part, std::size_t base, std::span<const Candidate> behind) noexcept {
  const std::size_t end = base + part.size();
  if (behind.empty() || part.empty() || behind.front().position <= end || !belongs_to_number(part.back())) return false;
  // Whatever is reported of the run stands in it, or just behind it.
  std::size_t stop = end;
  for (const Candidate& candidate : behind) {
    for (; stop < candidate.position; ++stop)
      if (!belongs_to_number(part.data()[stop - base])) return false;
    if ((candidate.triggers & number) != 0) return true;
  }
  return false;
}

void Finder::find_own(std::string_view text, std::vector<Hit>& hits) const {
  for (std::size_t i = 0; i < patterns_.size(); ++i) patterns_[i].find(text, static_cast<std::uint16_t>(i), hits);
}

void Finder::find(std::string_view text, Context context, std::vector<Hit>& hits) {
  hits.clear();
  text = text.substr(0, kTextBytes);
  candidates(text, candidates_);
  if (!candidates_.empty()) confirm(text, 0, candidates_, context, hits);
  if (has_own()) find_own(text, hits);
  find_escaped(text, context, hits);
  settle(text, hits);
  find_beside(text, context, hits);
}

bool Finder::find_escaped(std::string_view text, Context context, std::vector<Hit>& hits) {
  if (!has_escapes(text)) return false;
  unescaped_.assign(text);
  const std::string_view plain = unescaped_.text();
  candidates(plain, candidates_);
  plain_hits_.clear();
  if (!candidates_.empty()) confirm(plain, 0, candidates_, context, plain_hits_);
  if (has_own()) find_own(plain, plain_hits_);
  settle(plain, plain_hits_);
  find_beside(plain, context, plain_hits_);
  for (Hit hit : plain_hits_) {
    hit.begin = unescaped_.origin(hit.begin);
    hit.end = unescaped_.origin(hit.end);
    hits.push_back(hit);
  }
  return true;
}

void Finder::settle(std::string_view text, std::vector<Hit>& hits) {
  if (hits.size() < 2) return;
  std::sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) {
    if (a.kind != b.kind) return a.kind < b.kind;
    if (a.begin != b.begin) return a.begin < b.begin;
    return a.end != b.end ? a.end > b.end : a.pattern < b.pattern;
  });
  // Kind by kind into what is kept, both in order of place.
  kept_.clear();
  for (std::size_t first = 0; first < hits.size();) {
    std::size_t last = first;
    while (last < hits.size() && hits[last].kind == hits[first].kind) ++last;
    merged_.clear();
    std::size_t k = 0;
    for (std::size_t h = first; h < last; ++h) {
      const Hit& hit = hits[h];
      while (k < kept_.size() && kept_[k].end <= hit.begin) merged_.push_back(kept_[k++]);
      const std::uint32_t taken = merged_.empty() ? 0 : merged_.back().end;
      if (taken <= hit.begin && (k == kept_.size() || kept_[k].begin >= hit.end)) {
        merged_.push_back(hit);
        continue;
      }
      // What others have left of it.
      std::uint32_t at = std::max(hit.begin, taken);
      while (at < hit.end) {
        const bool last_part = k == kept_.size() || kept_[k].begin >= hit.end;
        keep_part(text, hit, at, last_part ? hit.end : kept_[k].begin);
        if (last_part) break;
        at = kept_[k].end;
        merged_.push_back(kept_[k++]);
      }
    }
    merged_.insert(merged_.end(), kept_.begin() + static_cast<std::ptrdiff_t>(k), kept_.end());
    kept_.swap(merged_);
    first = last;
  }
  hits.swap(kept_);
}

void Finder::keep_part(std::string_view text, const Hit& hit, std::uint32_t begin, std::uint32_t end) {
  const auto says_something = [&](std::uint32_t at) { return is_alnum(text[at]) || is_high(text[at]); };
  bool whole = false;
  if (hit.kind == Kind::email) {
    // A host alone is nobody's address (https://ann:password@host.example is no mail of password's); with somebody before it, it is one.
    const auto sign = static_cast<std::uint32_t>(text.substr(0, hit.end).find_first_of("@%", hit.begin));
    while (begin < end && !says_something(begin)) ++begin;
    whole = begin < sign && sign < end && end == hit.end;
    if (!whole) end = std::min(end, sign);
  }
  while (begin < end && !says_something(begin)) ++begin;
  while (end > begin && !says_something(end - 1)) --end;
  if (begin >= end) return;
  merged_.push_back(part_of(hit, begin, end));
  if (whole) merged_.back().kind = Kind::email;
}

// ---- what touches a finding ----

namespace {

constexpr std::size_t kBesideBytes = 16;      // between a finding and what touches it, at most
constexpr std::size_t kBehindBytes = 160;     // searched behind a finding at first
constexpr std::size_t kBeforeBytes = 320;     // and before one
constexpr std::size_t kLongestBytes = 9'000;  // searched behind a finding where what begins there has not ended yet

constexpr bool is_group_separator(char c) noexcept { return c == ' ' || c == '-' || c == '(' || c == ')' || c == '.'; }
constexpr bool is_word(char c) noexcept { return is_alnum(c) || is_high(c); }

// Whether what begins at or soon behind `end` may have been taken for the rest of what ends there.
bool joined_behind(std::string_view text, std::size_t end) noexcept {
  if (end == 0 || end >= text.size()) return false;
  const char c = text[end];
  if (c == ' ') {
    if (!is_digit(text[end - 1])) return false;
    std::size_t next = end + 1;
    if (next < text.size() && is_group_separator(text[next])) ++next;
    return next < text.size() && is_digit(text[next]);
  }
  if (is_word(c)) return true;
  switch (c) {
    case '+':
    case '%':
    case '\\':
    case ':':
    case '_':
    case ',':
    case '#':
    case '$':
    case '/': return true;
    default: return is_group_separator(c);
  }
}

// Whether what ends at or soon before `begin` may have been taken for the beginning of what begins there.
bool joined_before(std::string_view text, std::size_t begin) noexcept {
  if (begin == 0) return false;
  const char c = text[begin - 1];
  if (is_word(c)) return true;
  if (begin >= 2 && (c == '-' || c == '.' || c == ':' || c == ',') && is_word(text[begin - 2])) return true;
  if (begin >= 2 && c == '/' && is_digit(text[begin - 2])) return true;
  std::size_t before = begin;
  while (before > 0 && before + 2 > begin && is_group_separator(text[before - 1])) --before;
  return before < begin && before > 0 && is_digit(text[before - 1]) &&
         (is_digit(text[begin]) || text[begin] == '+' || text[begin] == '(');
}

}  // namespace

// Findings of a part of `text` as if nothing stood around it, into beside_.
void Finder::find_in_part(std::string_view text, std::size_t begin, std::size_t end, Context context) {
  const std::string_view part = text.substr(begin, end - begin);
  beside_.clear();
  candidates(part, candidates_);
  if (!candidates_.empty()) confirm(part, 0, candidates_, context, beside_);
  if (has_own()) find_own(part, beside_);
  settle(part, beside_);
  for (Hit& hit : beside_) {
    hit.begin += static_cast<std::uint32_t>(begin);
    hit.end += static_cast<std::uint32_t>(begin);
  }
}

bool Finder::find_behind(std::string_view text, std::size_t begin, std::size_t end, Context context) {
  for (const std::size_t most : {kBehindBytes, kLongestBytes}) {
    const std::size_t stop = std::min(end, begin + most);
    find_in_part(text, begin, stop, context);
    std::erase_if(beside_, [&](const Hit& hit) { return hit.begin > begin + kBesideBytes; });
    if (beside_.empty() || stop == end || beside_.back().end < stop) break;
  }
  return !beside_.empty();
}

bool Finder::find_before(std::string_view text, std::size_t begin, std::size_t end, Context context) {
  const std::size_t start = end - begin > kBeforeBytes ? end - kBeforeBytes : begin;
  find_in_part(text, start, end, context);
  // What begins where the part was cut may have begun before.
  std::erase_if(beside_,
                [&](const Hit& hit) { return hit.end + kBesideBytes < end || (hit.begin == start && start > begin); });
  return !beside_.empty();
}

void Finder::search_beside(std::string_view text, Context context, std::vector<Hit>& hits) {
  ahead_.assign(hits.rbegin(), hits.rend());
  hits.clear();
  bool looked_behind = true;  // the last of `hits`
  const auto take = [&] {
    ahead_.insert(ahead_.end(), beside_.rbegin(), beside_.rend());
    return true;
  };
  for (;;) {
    const std::size_t begin = hits.empty() ? 0 : hits.back().end;
    const std::size_t end = ahead_.empty() ? text.size() : ahead_.back().begin;
    if (!looked_behind && begin < end && joined_behind(text, begin)) {
      looked_behind = true;
      if (find_behind(text, begin, end, context) && take()) continue;
    }
    if (ahead_.empty()) return;
    if (begin < end && joined_before(text, end) && find_before(text, begin, end, context) && take()) continue;
    hits.push_back(ahead_.back());
    ahead_.pop_back();
    looked_behind = false;
  }
}

bool Finder::touched(std::string_view text, std::span<const Hit> hits) noexcept {
  return std::any_of(hits.begin(), hits.end(),
                     [&](const Hit& hit) { return joined_behind(text, hit.end) || joined_before(text, hit.begin); });
}

void Finder::find_beside(std::string_view text, Context context, std::vector<Hit>& hits) {
  if (touched(text, hits)) search_beside(text, context, hits);
}

}  // namespace logystera::redact
