#include "filter/expression.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/printable.hpp"

namespace logystera::filter {
namespace {

constexpr std::size_t kDrawnBefore = 30, kDrawn = 60;  // characters around a place
constexpr std::size_t kNameShown = 30;
constexpr std::size_t kCharacterBytes = 4;

constexpr std::array<std::string_view, 12> kComparisons = {
    "=", "!=", "<", "<=", ">", ">=", "contains", "starts with", "ends with", "matches", "in", "exists"};
constexpr std::array<std::string_view, 11> kWords = {"and",  "or", "not",     "contains", "starts", "ends",
                                                     "with", "in", "matches", "exists",   "is"};

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
// Bytes of UTF-8 beyond ASCII belong to words: fields of JSON are named as people please.
constexpr bool is_word(char c) noexcept {
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("._:/@%+*-").find(c) != std::string_view::npos;
}
constexpr bool continues_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  return out;
}

bool is_reserved(std::string_view word) { return std::find(kWords.begin(), kWords.end(), lowered(word)) != kWords.end(); }

struct Token {
  enum class Kind : std::uint8_t { end, word, text, sign };
  Kind kind = Kind::end;
  std::size_t at = 0, end = 0;
  std::string text;  // of a text, without quotes and backslashes; of a sign, as comparison_name() spells it

  bool is(std::string_view word) const { return kind == Kind::word && lowered(text) == word; }
  bool is_sign(std::string_view sign) const { return kind == Kind::sign && text == sign; }
};

class Parser {
 public:
  Parser(std::string_view option, std::string_view text) : option_(option), text_(text) {}

  Result<Expression> parse() {
    if (text_.size() > kExpressionBytes)
      return Error{fmt::format("{}: longer than {} bytes: leave conditions out", option_, kExpressionBytes),
                   ErrorKind::too_large};
    if (next() && token_.kind == Token::Kind::end) fail(0, "it is empty: write a condition like status >= 500");
    if (!failed_) any();
    if (!failed_ && token_.kind != Token::Kind::end)
      fail(token_.at, token_.is_sign(")") ? "this parenthesis closes nothing: take it away"
                                          : "the condition before it is complete: write and, or, or nothing here");
    if (failed_) return *failed_;
    return std::move(expression_);
  }

 private:
  bool fail(std::size_t at, std::string_view what) {
    if (!failed_) failed_ = wrong_at(option_, text_, at, what);
    return false;
  }

  std::uint32_t add(Node node) {
    expression_.nodes.push_back(std::move(node));
    return static_cast<std::uint32_t>(expression_.nodes.size() - 1);
  }

  // Reads the next token; false: it is none.
  bool next() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    token_ = Token();
    token_.at = token_.end = at_;
    if (at_ == text_.size()) return true;
    const char c = text_[at_];
    if (c == '"' || c == '\'') return quoted(c);
    if (is_word(c)) {
      token_.kind = Token::Kind::word;
      while (at_ < text_.size() && is_word(text_[at_])) ++at_;
      token_.end = at_;
      token_.text = text_.substr(token_.at, at_ - token_.at);
      return true;
    }
    return sign();
  }

  bool quoted(char quote) {
    token_.kind = Token::Kind::text;
    for (std::size_t at = at_ + 1; at < text_.size(); ++at) {
      if (text_[at] == quote) {
        at_ = token_.end = at + 1;
        return true;
      }
      const bool escaped = text_[at] == '\\' && at + 1 < text_.size() && (text_[at + 1] == quote || text_[at + 1] == '\\');
      token_.text += text_[at += escaped];
    }
    return fail(at_, "this quote is not closed: write the same one behind the text");
  }

  bool sign() {
    static constexpr std::pair<std::string_view, std::string_view> kSigns[] = {
        {"==", "="}, {"!=", "!="}, {"<>", "!="}, {"<=", "<="}, {">=", ">="}, {"&&", "and"}, {"||", "or"},
        {"=", "="},  {"<", "<"},   {">", ">"},   {"!", "not"}, {"(", "("},   {")", ")"},    {",", ","}};
    const std::string_view rest = text_.substr(at_);
    for (const auto& [written, meant] : kSigns) {
      if (!rest.starts_with(written)) continue;
      const bool word = is_letter(meant[0]);
      token_.kind = word ? Token::Kind::word : Token::Kind::sign;
      token_.text = meant;
      at_ = token_.end = at_ + written.size();
      return true;
    }
    return fail(at_, "this character means nothing here: put texts between quotes");
  }

  // and-terms, or'ed. `into` is the node.
  bool any(std::uint32_t* into = nullptr) { return chain("or", Node::Kind::any, &Parser::all, into); }
  bool all(std::uint32_t* into) { return chain("and", Node::Kind::all, &Parser::term, into); }

  bool chain(std::string_view word, Node::Kind kind, bool (Parser::*part)(std::uint32_t*), std::uint32_t* into) {
    Node node;
    node.kind = kind;
    for (;;) {
      std::uint32_t one = 0;
      if (!(this->*part)(&one)) return false;
      node.parts.push_back(one);
      if (!token_.is(word)) break;
      if (!next()) return false;
    }
    const std::uint32_t whole = node.parts.size() == 1 ? node.parts.front() : add(std::move(node));
    if (into) *into = whole;
    return true;
  }

  bool term(std::uint32_t* into) {
    const bool negates = token_.is("not"), opens = token_.is_sign("(");
    if (!negates && !opens) return test(into);
    const std::size_t at = token_.at;
    if (++depth_ > kDepthMost)
      return fail(at, fmt::format("more than {} conditions stand within each other: take parentheses away", kDepthMost));
    if (!next()) return false;
    std::uint32_t inside = 0;
    if (negates) {
      if (!term(&inside)) return false;
      Node node;
      node.kind = Node::Kind::no;
      node.parts.push_back(inside);
      *into = add(std::move(node));
    } else {
      if (!any(&inside)) return false;
      if (!token_.is_sign(")"))
        return fail(token_.kind == Token::Kind::end ? at : token_.at,
                    token_.kind == Token::Kind::end ? "this parenthesis is not closed: write ) behind its condition"
                                                    : "the condition before it is complete: write and, or, or )");
      *into = inside;
      if (!next()) return false;
    }
    --depth_;
    return true;
  }

  bool test(std::uint32_t* into) {
    if (token_.kind != Token::Kind::word || is_reserved(token_.text))
      return fail(token_.at, token_.kind == Token::Kind::end ? "a condition is missing: write one like status >= 500"
                                                             : "a field's name belongs here, like status or message");
    if (expression_.tests.size() == kTestsMost)
      return fail(token_.at, fmt::format("more than {} tests: write several values as FIELD in (…)", kTestsMost));
    Test test;
    test.field = token_.text;
    test.at = token_.at;
    if (!next()) return false;
    const bool negated = token_.is("not");
    if (negated && !next()) return false;
    if (negated && !token_.is("in") && !token_.is("contains") && !token_.is("starts") && !token_.is("ends") &&
        !token_.is("matches") && !token_.is("exists"))
      return fail(token_.at, "write in (…), contains, starts with, ends with, matches or exists behind not");
    if (!comparison(test)) return false;
    const auto number = static_cast<std::uint32_t>(expression_.tests.size());
    expression_.tests.push_back(std::move(test));
    Node node;
    node.test = number;
    *into = add(std::move(node));
    if (!negated) return true;
    Node no;
    no.kind = Node::Kind::no;
    no.parts.push_back(*into);
    *into = add(std::move(no));
    return true;
  }

  bool comparison(Test& test) {
    if (token_.kind == Token::Kind::sign)
      for (std::size_t i = 0; i < kComparisons.size(); ++i)
        if (token_.text == kComparisons[i]) {
          test.comparison = static_cast<Comparison>(i);
          return next() && value(test);
        }
    if (token_.is("contains")) return compared(test, Comparison::contains);
    if (token_.is("exists")) {
      test.comparison = Comparison::exists;
      return next();
    }
    if (token_.is("starts") || token_.is("ends")) {
      const Comparison which = token_.is("starts") ? Comparison::starts_with : Comparison::ends_with;
      if (!next()) return false;
      if (!token_.is("with")) return fail(token_.at, fmt::format("write {} and a text", comparison_name(which)));
      return compared(test, which);
    }
    if (token_.is("matches")) {
      test.comparison = Comparison::matches;
      return regex(test);
    }
    if (token_.is("in")) return list(test);
    return fail(token_.kind == Token::Kind::end ? text_.size() : token_.at,
                fmt::format("a comparison belongs behind {}: write =, !=, <, <=, >, >=, contains, starts with, ends with, "
                            "matches /…/, in (…) or exists",
                            test.field.substr(0, kNameShown)));
  }

  bool compared(Test& test, Comparison comparison) {
    test.comparison = comparison;
    return next() && value(test);
  }

  bool value(Test& test) {
    const bool word = token_.kind == Token::Kind::word && !is_reserved(token_.text);
    if (!word && token_.kind != Token::Kind::text)
      return fail(token_.at, token_.kind == Token::Kind::word
                                 ? "this word is one of the language: put it between quotes to compare with it"
                                 : "a value belongs here: a number, a word, or a text between quotes");
    test.values.push_back({token_.text, token_.at, token_.kind == Token::Kind::text});
    return next();
  }

  // What stands between slashes is no token: it is read as it is, \/ being a slash. A text between quotes will do as well.
  bool regex(Test& test) {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return next() && value(test);
    if (at_ == text_.size() || text_[at_] != '/') return fail(at_, "write an expression between slashes: matches /…/");
    const std::size_t from = at_;
    Literal literal;
    literal.at = from;
    literal.quoted = true;
    for (std::size_t at = from + 1; at < text_.size(); ++at) {
      if (text_[at] == '/') {
        at_ = at + 1;
        test.values.push_back(std::move(literal));
        return next();
      }
      if (text_[at] == '\\' && at + 1 < text_.size()) {
        if (text_[at + 1] != '/') literal.text += '\\';
        ++at;
      }
      literal.text += text_[at];
    }
    return fail(from, "this expression is not closed: write / behind it");
  }

  bool list(Test& test) {
    test.comparison = Comparison::in;
    if (!next()) return false;
    if (!token_.is_sign("(")) return fail(token_.at, "write the values between parentheses: in (500, 502)");
    const std::size_t at = token_.at;
    do {
      if (++values_ > kValuesMost) return fail(token_.at, fmt::format("more than {} values in lists", kValuesMost));
      if (!next() || !value(test)) return false;
    } while (token_.is_sign(","));
    if (!token_.is_sign(")"))
      return fail(token_.kind == Token::Kind::end ? at : token_.at, "write a comma between values, and ) behind the last");
    return next();
  }

  const std::string_view option_, text_;
  std::size_t at_ = 0;
  Token token_;
  std::size_t depth_ = 0, values_ = 0;
  Expression expression_;
  std::optional<Error> failed_;
};

}  // namespace

std::string_view comparison_name(Comparison comparison) noexcept {
  return kComparisons[static_cast<std::size_t>(comparison)];
}

Error wrong_at(std::string_view option, std::string_view text, std::size_t at, std::string_view what) {
  at = std::min(at, text.size());
  std::size_t column = 1, from = at, before = 0;
  for (std::size_t i = 0; i < at; ++i) column += !continues_character(text[i]);
  // Bytes that continue no character are many to a column.
  while (from > 0 && before < kDrawnBefore && at - from < kDrawnBefore * kCharacterBytes)
    before += !continues_character(text[--from]);
  std::size_t until = from;
  for (std::size_t drawn = 0; until < text.size() && until - from < kDrawn * kCharacterBytes; ++until)
    if (!continues_character(text[until]) && ++drawn > kDrawn) break;
  until = std::max(until, at);
  const std::string said = printable(what);
  const std::string left = printable(text.substr(from, at - from));
  std::string drawing = "  " + left + printable(text.substr(at, until - at)) + "\n  ";
  drawing.append(
      static_cast<std::size_t>(std::count_if(left.begin(), left.end(), [](char c) { return !continues_character(c); })),
      ' ');
  return Error{fmt::format("{}, column {}: {}\n{}^\n", option, column, said, drawing), ErrorKind::invalid};
}

std::string take_drawing(Error& error) {
  const std::size_t end = error.message.find('\n');
  if (end == std::string::npos) return {};
  std::string drawing = error.message.substr(end + 1);
  error.message.resize(end);
  return drawing;
}

Result<Expression> parse_expression(std::string_view option, std::string_view text) { return Parser(option, text).parse(); }

}  // namespace logystera::filter
