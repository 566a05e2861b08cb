#include "core/message.hpp"

#include <cstdint>

#include "core/bounded_text.hpp"
#include "core/path.hpp"

namespace logystera {
namespace {

constexpr std::size_t kDigitsMax = 6;
constexpr std::size_t kNameBytesMax = 64;  // of a quoted name in SQL
constexpr std::string_view kStackTrace = "Stack trace:";

// Words behind whose `=` or `:` a secret stands, in lower case; a longer word counts when it ends with one of them.
constexpr std::string_view kSecretWords[] = {"password",      "passwd", "passwort", "pwd",     "pass",
                                             "secret",        "token",  "apikey",   "api_key", "api-key",
                                             "authorization", "cookie", "sid",      "session"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_letter(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || (c & 0x80) != 0; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
// What an address, a token and a word can be made of.
bool is_run(char c) { return is_word(c) || c == '.' || c == '+' || c == '-'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Not strchr: it finds a NUL in every set, and what is behind one in a value would stay.
bool ends_value(char c) { return std::string_view(",;&)]}").find(c) != std::string_view::npos; }

bool ends_with_secret(std::string_view word) {
  for (const std::string_view secret : kSecretWords) {
    if (word.size() < secret.size()) continue;
    std::size_t i = 0;
    const std::size_t start = word.size() - secret.size();
    while (i < secret.size() && lower(word[start + i]) == secret[i]) ++i;
    if (i == secret.size()) return true;
  }
  return false;
}

// `small` in lower case.
bool is_same(std::string_view word, std::string_view small) {
  for (std::size_t i = 0; i < small.size(); ++i) {
    if (i >= word.size() || lower(word[i]) != small[i]) return false;
  }
  return word.size() == small.size();
}

bool is_scheme(std::string_view word) { return is_same(word, "bearer") || is_same(word, "basic"); }

std::string_view without_spaces_behind(std::string_view text) {
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view last_word(std::string_view text) {
  std::size_t start = text.size();
  while (start > 0 && is_word(text[start - 1])) --start;
  return text.substr(start);
}

class Scrubber {
 public:
  Scrubber(std::string_view text, bool is_sql, BoundedWriter& out) : text_(text), is_sql_(is_sql), out_(out) {}

  void scrub() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if ((c == '\'' || c == '"') && (is_sql_ || opens_quote())) quoted(c);
      else if (is_sql_ && (c == '(' || c == ')')) parenthesis(c);
      else if (!is_sql_ && typographic_quote()) continue;
      else if (!is_sql_ && c == '(' && shows_row()) row();
      else if (!is_sql_ && c == '=' && at_ + 1 < text_.size() && text_[at_ + 1] == '(') value_in_parentheses();
      else if (is_run(c)) run();
      else keep_one();
    }
  }

 private:
  void keep(std::size_t bytes) {
    out_.append(text_.substr(at_, bytes));
    at_ += bytes;
  }
  void keep_one() { out_.append(text_[at_++]); }
  // Where there is nothing to hide, as in `Key ()=()`, nothing is put in its place.
  void replace(std::size_t bytes) {
    if (bytes != 0) out_.append('?');
    at_ += bytes;
  }
  // To `end`, or to the text's where that is nowhere, or before.
  void replace_until(std::size_t end) { replace((end == std::string_view::npos || end < at_ ? text_.size() : end) - at_); }

  // An apostrophe behind a word, or as in "eval()'d code", is none.
  bool opens_quote() const { return at_ == 0 || (!is_word(text_[at_ - 1]) && text_[at_ - 1] != ')'); }

  // An apostrophe within a word neither opens nor closes; text that is cut off before the end belongs to the value.
  void quoted(char quote) {
    std::size_t end = at_ + 1;
    for (; end < text_.size(); ++end) {
      if (text_[end] == '\\') ++end;
      else if (is_sql_ && quote == '"' && text_.substr(end, 2) == "\"\"") ++end;
      else if (text_[end] == quote && (is_sql_ || end + 1 == text_.size() || !is_word(text_[end + 1]))) break;
    }
    const std::size_t size = end < text_.size() ? end + 1 - at_ : text_.size() - at_;
    if (is_sql_ && quote == '"' && is_name(text_.substr(at_ + 1, size >= 2 ? size - 2 : 0)) && !is_value(at_ + size))
      return keep(size);
    replace(size);
  }

  // Double quotes hold a name, or in MySQL, unless ANSI_QUOTES is set, a value. What stands alone behind a comparison, or among
  // values, is taken for one; Drupal puts placeholders there and a table's name before a column's.
  bool is_value(std::size_t end) const {
    if (end < text_.size() && text_[end] == '.') return false;
    const std::string_view before = without_spaces_behind(text_.substr(0, at_));
    if (before.empty() || before.back() == '.') return false;
    return holds_values() || compares(before);
  }

  // Whether a value is next.
  bool compares(std::string_view before) const {
    if (before.empty()) return false;
    if (std::string_view("=<>").find(before.back()) != std::string_view::npos) return true;
    const std::string_view word = last_word(before);
    for (const std::string_view known : {"like", "ilike", "rlike", "regexp", "binary", "between"})
      if (is_same(word, known)) return true;
    // The second of BETWEEN, and a character set (_utf8 "…").
    return before.size() == between_end_ || (word.size() > 1 && word.front() == '_');
  }

  // Of the innermost parenthesis; one there is no bit for holds values.
  bool holds_values() const { return depth_ != 0 && (values_ & 1) != 0; }

  void parenthesis(char c) {
    if (c == '(') {
      values_ = values_ << 1 | static_cast<std::uint64_t>(opens_values());
      ++depth_;
    } else if (depth_ != 0) {
      if (holds_values()) values_end_ = at_ + 1;
      values_ = values_ >> 1 | std::uint64_t{1} << 63;
      --depth_;
    }
    keep_one();
  }

  // Behind IN and VALUES, and behind a row of these, behind a comparison, with a function before it too, and among values.
  // `a = VALUES(a)` names a column.
  bool opens_values() const {
    const std::string_view before = without_spaces_behind(text_.substr(0, at_));
    if (!before.empty() && before.back() == ',' && values_end_ != 0 &&
        without_spaces_behind(before.substr(0, before.size() - 1)).size() == values_end_)
      return true;
    const std::string_view word = last_word(before);
    if (is_same(word, "in") || is_same(word, "against")) return true;
    std::size_t start = before.size();
    while (start > 0 &&
           (is_word(before[start - 1]) || std::string_view(".\"`").find(before[start - 1]) != std::string_view::npos))
      --start;
    const std::string_view ahead = without_spaces_behind(before.substr(0, start));
    if (is_same(word, "values") || is_same(word, "value")) return ahead.empty() || ahead.back() != '=';
    return compares(before) || compares(ahead) || holds_values();
  }

  static bool is_name(std::string_view text) {
    for (const char c : text) {
      if (!is_word(c) && c != '.' && c != '$') return false;
    }
    return !text.empty() && text.size() <= kNameBytesMax;
  }

  bool typographic_quote() {
    const std::string_view open = text_.substr(at_, 3);
    if (open != "\u2018" && open != "\u201c") return false;
    const std::size_t end = text_.find(open == "\u2018" ? "\u2019" : "\u201d", at_ + 3);
    replace(end == std::string_view::npos ? text_.size() - at_ : end + 3 - at_);
    return true;
  }

  // PostgreSQL tells a violated constraint by the whole row: "Failing row contains (1, Ann, a) b)." in English, and in every
  // language with one of these states in front of it. Values may hold parentheses; what is behind the last ")." is not of the row.
  bool shows_row() const {
    constexpr std::string_view kRow = "Failing row contains ";
    const std::string_view before = text_.substr(0, at_);
    if (before.size() >= kRow.size() && before.substr(before.size() - kRow.size()) == kRow) return true;
    if (row_shown_ || before.empty() || before.back() != ' ') return false;
    for (const std::string_view state : {"SQLSTATE[23502]", "SQLSTATE[23514]", "SQLSTATE[44000]"})
      if (before.find(state) != std::string_view::npos) return true;
    return false;
  }

  void row() {
    row_shown_ = true;
    keep_one();
    replace_until(text_.rfind(")."));
  }

  void value_in_parentheses() {
    const bool shows_key = follows_key();
    keep(2);
    replace_until(shows_key ? end_of_key() : text_.find(')', at_));
  }

  // Whether columns in parentheses, and a word before them, stand in front of the place.
  bool follows_key() const {
    if (at_ < 1 || text_[at_ - 1] != ')') return false;
    const std::size_t open = text_.rfind('(', at_ - 1);
    return open != std::string_view::npos && open > 0 && text_[open - 1] == ' ' && open + 2 < at_;
  }

  // PostgreSQL: "Key (name)=(a) b) already exists." Values may hold parentheses, and the sentence itself; behind its last one,
  // or the last parenthesis in another language, nothing is of the value.
  std::size_t end_of_key() const {
    std::size_t end = std::string_view::npos;
    for (const std::string_view rest : {") already exists", ") is not present in table", ") is still referenced from table",
                                        ") conflicts with existing key"}) {
      const std::size_t at = text_.rfind(rest);
      if (at != std::string_view::npos && at >= at_ && (end == std::string_view::npos || at > end)) end = at;
    }
    return end != std::string_view::npos ? end : text_.rfind(')');
  }

  void run() {
    std::size_t end = at_;
    while (end < text_.size() && is_run(text_[end])) ++end;
    if (!is_sql_ && end < text_.size() && text_[end] == '@' && end + 1 < text_.size() && is_run(text_[end + 1])) {
      std::size_t last = end + 1;
      while (last < text_.size() && is_run(text_[last])) ++last;
      // The full stop behind an address ends the sentence.
      while (text_[last - 1] == '.') --last;
      return replace(last - at_);
    }
    const std::string_view all = text_.substr(at_, end - at_);
    if (!is_sql_ && looks_like_token(all)) return replace(all.size());
    while (at_ < end) {
      if (!is_word(text_[at_])) {
        keep_one();
        continue;
      }
      std::size_t word_end = at_;
      while (word_end < end && (is_word(text_[word_end]) || (!is_sql_ && text_[word_end] == '-'))) ++word_end;
      word(text_.substr(at_, word_end - at_));
    }
    if (!is_sql_ && ends_with_secret(all)) secret();
  }

  void word(std::string_view word) {
    if (is_sql_) {
      // IN (SELECT "a", "b" …): no values.
      if (is_same(word, "select")) values_ &= ~std::uint64_t{1};
      else if (is_same(word, "between")) between_depth_ = depth_ + 1;
      else if (between_depth_ == depth_ + 1 && is_same(word, "and")) {
        between_depth_ = 0;
        between_end_ = at_ + word.size();
      }
      return is_digit(word[0]) ? replace(number_size(word.size())) : keep(word.size());
    }
    std::size_t digits = 0, most = 0;
    for (const char c : word) {
      digits = is_digit(c) ? digits + 1 : 0;
      most = digits > most ? digits : most;
    }
    constexpr std::string_view user = "user/";
    const std::string_view before = out_.view();
    const bool is_user_id =
        digits == word.size() && before.size() >= user.size() && before.substr(before.size() - user.size()) == user;
    if (most > kDigitsMax || is_user_id || looks_like_token(word)) return replace(word.size());
    keep(word.size());
  }

  // A number with its fraction: 2.5 is one literal.
  std::size_t number_size(std::size_t whole) const {
    std::size_t end = at_ + whole;
    if (end + 1 < text_.size() && text_[end] == '.' && is_digit(text_[end + 1])) {
      ++end;
      while (end < text_.size() && is_word(text_[end])) ++end;
    }
    return end - at_;
  }

  // Behind a word for a secret: `=` or `:`, and the value, with the scheme of an authorization header before it.
  void secret() {
    std::size_t next = at_;
    while (next < text_.size() && is_space(text_[next])) ++next;
    if (next < text_.size() && (text_[next] == '"' || text_[next] == '\'')) ++next;  // "password": "…"
    if (next >= text_.size() || (text_[next] != '=' && text_[next] != ':')) return;
    if (next + 1 < text_.size() && text_[next + 1] == text_[next]) return;  // a::b, a == b
    if (next + 1 < text_.size() && text_[next] == '=' && text_[next + 1] == '>') ++next;
    ++next;
    while (next < text_.size() && is_space(text_[next])) ++next;
    keep(next - at_);
    std::size_t end = value_end(at_);
    if (is_scheme(text_.substr(at_, end - at_))) {
      while (end < text_.size() && is_space(text_[end])) ++end;
      end = value_end(end);
    }
    if (end > at_) replace(end - at_);
  }

  std::size_t value_end(std::size_t from) const {
    if (from < text_.size() && (text_[from] == '"' || text_[from] == '\'')) {
      const std::size_t end = text_.find(text_[from], from + 1);
      return end == std::string_view::npos ? text_.size() : end + 1;
    }
    while (from < text_.size() && !is_space(text_[from]) && !ends_value(text_[from])) ++from;
    return from;
  }

  std::string_view text_;
  bool is_sql_;
  BoundedWriter& out_;
  std::size_t at_ = 0;
  bool row_shown_ = false;
  // Of a statement: how many parentheses are open, for each of them whether it holds values, from the innermost on, and where
  // the last such one ended; one more than the depth of a BETWEEN whose AND is to come, and where the last such AND ended.
  std::size_t depth_ = 0;
  std::uint64_t values_ = 0;
  std::size_t values_end_ = 0;
  std::size_t between_depth_ = 0;
  std::size_t between_end_ = 0;
};

// Whether a slash behind this character is the first of an absolute path: not in `and/or`, `./x`, `)/x`.
bool precedes_path(char c) { return !is_word(c) && std::string_view("./-~*)]}").find(c) == std::string_view::npos; }

bool is_path(char c) {
  return static_cast<unsigned char>(c) > ' ' && std::string_view(":()[]{}<>\"',;|").find(c) == std::string_view::npos;
}

std::size_t path_end(std::string_view text, std::size_t from) {
  while (from < text.size() && is_path(text[from])) ++from;
  return from;
}

// What a file is called that is not of the application.
std::string_view last_part(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return path.size() == 1 ? path : path.substr(path.rfind('/') + 1);
}

}  // namespace

void relative_paths(BoundedWriter& out, std::string_view text, std::string_view root) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '/' || (at != 0 && !precedes_path(text[at - 1]))) {
      out.append(text[at++]);
      continue;
    }
    if (at != 0 && text[at - 1] == ':' && text.substr(at, 2) == "//") {
      out.append("//");
      at += 2;
      if (at == text.size() || text[at] != '/') {  // a URL's host: what follows is no path of this machine
        const std::size_t end = path_end(text, at);
        out.append(text.substr(at, end - at));
        at = end;
        continue;
      }
    }
    const std::string_view rest = text.substr(at);
    if (!root.empty() && rest.size() > root.size() && rest.substr(0, root.size()) == root && rest[root.size()] == '/') {
      at += root.size() + 1;
      const std::size_t end = path_end(text, at);
      out.append(text.substr(at, end - at));
      at = end;
      continue;
    }
    const std::size_t end = path_end(text, at);
    out.append(last_part(text.substr(at, end - at)));
    at = end;
  }
}

void scrub_message(BoundedWriter& out, std::string_view text, bool is_sql) noexcept { Scrubber(text, is_sql, out).scrub(); }

bool write_message(json::Output& out, std::string_view text, bool is_sql, json::Bound bound) noexcept {
  if (!is_sql) text = text.substr(0, text.find(kStackTrace));
  const bool cut = text.size() > kMessageBytesMax;
  text = text.substr(0, kMessageBytesMax);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  LOGYSTERA_UNINITIALIZED BoundedText<kMessageBytesMax> scrubbed;
  scrub_message(scrubbed, text, is_sql);
  const bool shortened = out.string(scrubbed.view(), bound);
  return shortened || cut || scrubbed.cut();
}

}  // namespace logystera
