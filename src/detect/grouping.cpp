#include "detect/grouping.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/hmac.hpp"

namespace logystera::detect {
namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }
// Bytes above 0x7f are letters of some language.
constexpr bool is_word(char c) noexcept {
  return is_digit(c) || is_letter(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
// What words with digits in them are made of: 10.0.0.1, libc-2.36.so, node_17, -19, 2026-05-18.
constexpr bool is_run(char c) noexcept { return is_word(c) || c == '.' || c == '-'; }
constexpr bool is_one_of(char c, std::string_view set) noexcept { return set.find(c) != std::string_view::npos; }

constexpr std::string_view kPathBytes = ".+@%~#$:*-";        // besides those of words
constexpr std::string_view kUrlEnds = "\"'<>])}";            // besides white space
constexpr std::string_view kValueEnds = ",;=)]}\"'<>";       // likewise, behind key=
constexpr std::string_view kBetweenVariables = "-+.:/,@%_";  // 10:00:01, 3/4, a1@b2: one variable, not several
constexpr std::string_view kBeforeVariable = "-+#@$";
constexpr std::size_t kHexBytesLeast = 6;
constexpr std::size_t kPseudonymDigitsLeast = 8;
constexpr std::size_t kUuidBytes = 36;

constexpr std::array<std::string_view, 7> kWeekdays = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                       "Friday", "Saturday", "Sunday"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
// Of sizes and durations: with its number it is one variable, since the same thing is said in B and in MB.
constexpr std::array<std::string_view, 35> kUnits = {
    "B",      "kB",      "KB",    "MB",   "GB",    "TB", "KiB", "MiB",  "GiB",    "TiB",     "byte",  "bytes",
    "ms",     "msec",    "msecs", "us",   "ns",    "s",  "sec", "secs", "second", "seconds", "min",   "mins",
    "minute", "minutes", "h",     "hour", "hours", "hr", "hrs", "day",  "days",   "Kbytes",  "Mbytes"};

template <typename Set>
bool contains(const Set& set, std::string_view word) {
  return std::find(set.begin(), set.end(), word) != set.end();
}

bool all_hex(std::string_view word) noexcept { return std::all_of(word.begin(), word.end(), is_hex); }
bool any_digit(std::string_view word) noexcept { return std::any_of(word.begin(), word.end(), is_digit); }

bool is_weekday(std::string_view word) noexcept {
  return std::any_of(kWeekdays.begin(), kWeekdays.end(),
                     [&](std::string_view day) { return word == day || word == day.substr(0, 3); });
}

bool is_uuid(std::string_view word) noexcept {
  if (word.size() != kUuidBytes) return false;
  for (std::size_t i = 0; i < kUuidBytes; ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    if (hyphen ? word[i] != '-' : !is_hex(word[i])) return false;
  }
  return true;
}

// Takes a message apart into words, byte by byte; nothing is looked at more than twice but for the ends of paths and values.
class Reader {
 public:
  Reader(std::string_view text, const std::vector<std::string>& kinds) : text_(text), kinds_(kinds) {}

  Template read() {
    while (at_ < text_.size() && bytes_ < kTemplateBytes) {
      if (is_space(text_[at_])) white_space();
      else if (value_starts()) value();
      else if (path_starts()) path();
      else if (is_run(text_[at_])) run();
      else literal(at_ + 1);
    }
    end_word();
    return std::move(template_);
  }

 private:
  char before() const noexcept { return at_ > 0 ? text_[at_ - 1] : ' '; }
  char next(std::size_t after) const noexcept { return at_ + after < text_.size() ? text_[at_ + after] : ' '; }

  void end_word() {
    if (word_.key.empty()) return;
    ++bytes_;
    template_.words.push_back(std::exchange(word_, {}));
    literal_since_ = 0;
    variable_ = false;
  }

  void white_space() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    end_word();
  }

  void literal(std::size_t end) {
    const std::string_view piece =
        text_.substr(at_, std::min(end - at_, kTemplateBytes - std::min(bytes_, kTemplateBytes)));
    word_.key.append(piece);
    word_.shown.append(piece);
    bytes_ += piece.size();
    at_ = end;
  }

  // A variable part up to `end`. What stands between it and one just before it belongs to both.
  void variable(std::size_t end, std::string_view kind) {
    at_ = end;
    if (variable_ && std::all_of(word_.key.begin() + static_cast<std::ptrdiff_t>(literal_since_), word_.key.end(),
                                 [](char c) { return is_one_of(c, kBetweenVariables); })) {
      word_.key.resize(literal_since_);
      word_.shown.resize(shown_since_);
    } else {
      if (!word_.key.empty() && is_one_of(word_.key.back(), kBeforeVariable) &&
          (word_.key.size() < 2 || !is_word(word_.key[word_.key.size() - 2]))) {
        word_.key.pop_back();
        word_.shown.pop_back();
      }
      word_.key += kVariable;
      word_.shown.append("<").append(kind).append(">");
      bytes_ += kVariable.size();
    }
    if (at_ < text_.size() && text_[at_] == '%') ++at_;
    literal_since_ = word_.key.size();
    shown_since_ = word_.shown.size();
    variable_ = true;
    unit();
  }

  // "31 s", "1.2 KB": the unit goes with its number.
  void unit() {
    const std::size_t start = at_ < text_.size() && text_[at_] == ' ' ? at_ + 1 : at_;
    std::size_t end = start;
    while (end < text_.size() && is_letter(text_[end])) ++end;
    if (end == start || (end < text_.size() && is_word(text_[end]))) return;
    if (contains(kUnits, text_.substr(start, end - start))) at_ = end;
  }

  bool value_starts() const {
    if (before() != '=' || text_[at_] == '=' || word_.key.empty() || word_.key.back() != '=') return false;
    if (text_[at_] != '"' && is_one_of(text_[at_], kValueEnds)) return false;
    // The key: a word, letters first, as it stands in the message.
    std::size_t start = at_ - 1;
    while (start > 0 && is_run(text_[start - 1])) --start;
    const std::string_view key = text_.substr(start, at_ - 1 - start);
    return !key.empty() && (is_letter(key[0]) || key[0] == '_') && !any_digit(key);
  }
  void value() {
    std::size_t end = at_;
    if (text_[at_] == '"') {
      end = text_.find('"', at_ + 1);
      if (end == std::string_view::npos) return literal(at_ + 1);
      return variable(end + 1, "value");
    }
    while (end < text_.size() && !is_space(text_[end]) && !is_one_of(text_[end], kValueEnds)) ++end;
    const std::string_view kind = pseudonym(text_.substr(at_, end - at_));
    const bool number = is_digit(text_[at_]) || (text_[at_] == '-' && is_digit(next(1)));
    variable(end, !kind.empty() ? kind : number ? std::string_view("n") : std::string_view("value"));
  }

  bool path_starts() const {
    const auto goes_on = [](char c) { return is_word(c) || is_one_of(c, kPathBytes); };
    if (text_[at_] == '/') return !is_word(before()) && !is_one_of(before(), "<>*") && goes_on(next(1));
    return is_letter(text_[at_]) && !is_word(before()) && next(1) == ':' && next(2) == '\\' && !is_space(next(3));
  }
  void path() {
    std::size_t end = at_;
    if (text_[at_] == '/') {
      while (end < text_.size() && (text_[end] == '/' || is_word(text_[end]) || is_one_of(text_[end], kPathBytes))) ++end;
    } else {
      while (end < text_.size() && !is_space(text_[end])) ++end;
    }
    variable(end, "path");
  }

  // "ip_8390373f" → "ip"; empty if the word is no pseudonym.
  std::string_view pseudonym(std::string_view word) const {
    const std::size_t bar = word.rfind('_');
    if (bar == std::string_view::npos || word.size() - bar - 1 < kPseudonymDigitsLeast || !all_hex(word.substr(bar + 1)))
      return {};
    return contains(kinds_, word.substr(0, bar)) ? word.substr(0, bar) : std::string_view();
  }

  // A mask of the redactor's, <ip>: a variable as well.
  void run() {
    std::size_t end = at_;
    while (end < text_.size() && is_run(text_[end])) ++end;
    const std::string_view word = text_.substr(at_, end - at_);
    if (is_letter(word[0]) && text_.substr(end, 3) == "://") {
      end += 3;
      while (end < text_.size() && !is_space(text_[end]) && !is_one_of(text_[end], kUrlEnds)) ++end;
      return variable(end, "url");
    }
    if (!word_.key.empty() && word_.key.back() == '<' && end < text_.size() && text_[end] == '>' &&
        contains(kinds_, word)) {
      word_.key.pop_back();
      word_.shown.pop_back();
      return variable(end + 1, word);
    }
    if (is_weekday(word)) return variable(end, "date");
    if (contains(kMonths, word) && end + 1 < text_.size() && is_space(text_[end]) && day_follows(end))
      return variable(end, "date");
    if (const std::string_view kind = pseudonym(word); !kind.empty()) return variable(end, kind);
    if (!any_digit(word)) return literal(end);
    variable(end, kind_of(word));
  }
  bool day_follows(std::size_t at) const {
    while (at < text_.size() && is_space(text_[at])) ++at;
    return at < text_.size() && is_digit(text_[at]);
  }
  static std::string_view kind_of(std::string_view word) {
    if (is_uuid(word)) return "uuid";
    const std::string_view digits = word.substr(word[0] == '-' ? 1 : 0);
    if (digits.size() > 2 && digits[0] == '0' && (digits[1] | 0x20) == 'x' && all_hex(digits.substr(2))) return "hex";
    if (std::none_of(word.begin(), word.end(), [](char c) { return is_word(c) && !is_digit(c); })) return "n";
    if (word.size() >= kHexBytesLeast && all_hex(word)) return "hex";
    return "id";
  }

  std::string_view text_;
  const std::vector<std::string>& kinds_;
  Template template_;
  Template::Word word_;
  std::size_t at_ = 0;
  std::size_t bytes_ = 0;
  // Where the text behind the last variable of this word begins, in its key and in what is shown.
  std::size_t literal_since_ = 0, shown_since_ = 0;
  bool variable_ = false;  // there is one
};

std::string joined(const std::vector<Template::Word>& words, std::string Template::Word::*part) {
  std::string out;
  for (const Template::Word& word : words) {
    if (!out.empty()) out += ' ';
    out += word.*part;
  }
  return out;
}

}  // namespace

std::string Template::key() const { return joined(words, &Word::key); }
std::string Template::shown() const { return joined(words, &Word::shown); }

Template message_template(std::string_view message, const std::vector<std::string>& kinds) {
  return Reader(message, kinds).read();
}

std::string error_scope(const Record& record) {
  std::string scope(record_kind_name(record.kind));
  for (const FieldId field : {field::program, field::module, field::error_code}) {
    scope += kScopeSeparator;
    scope += record.text(field);
  }
  return scope;
}

std::string fingerprint(std::string_view scope, std::string_view template_key) {
  std::string parts(scope);
  std::replace(parts.begin(), parts.end(), kScopeSeparator, '\0');
  Sha256 hash;
  for (const std::string_view part : {std::string_view(parts), template_key}) {
    hash.update(part);
    hash.update(std::string_view("\0", 1));
  }
  return to_hex(hash.finish()).substr(0, kFingerprintDigits);
}

}  // namespace logystera::detect
