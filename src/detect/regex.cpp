#include "detect/regex.hpp"

#include <algorithm>

namespace logystera::detect {
namespace {

// Reads an expression from left to right and adds up what must be there. What it does not know counts as nothing, or, where
// it could not even tell how far that goes, ends the reading with nothing known at all.
class LeastBytes {
 public:
  explicit LeastBytes(std::string_view regex) noexcept : regex_(regex) {}

  std::size_t whole() {
    const std::size_t least = alternatives(0);
    return lost_ || at_ != regex_.size() ? 0 : std::min(least, kMost);
  }

 private:
  static constexpr std::size_t kMost = 1 << 20;  // nothing is added up beyond
  static constexpr int kDepth = 32;

  bool done() const { return lost_ || at_ >= regex_.size(); }
  char now() const { return regex_[at_]; }
  bool ahead(std::string_view text) const { return regex_.substr(at_, text.size()) == text; }

  std::size_t alternatives(int depth) {
    std::size_t least = sequence(depth);
    while (!done() && now() == '|') {
      ++at_;
      least = std::min(least, sequence(depth));
    }
    return least;
  }

  std::size_t sequence(int depth) {
    std::size_t sum = 0;
    while (!done() && now() != '|' && now() != ')') {
      const std::size_t one = atom(depth);
      if (lost_) break;
      sum = std::min(kMost, sum + one * repeats());
    }
    return sum;
  }

  // How often at least; `x*?` and the like are read as one.
  std::size_t repeats() {
    std::size_t times = 1;
    while (!done()) {
      const char c = now();
      if (c == '*' || c == '?') {
        times = 0;
        ++at_;
      } else if (c == '+') {
        ++at_;
      } else if (c == '{') {
        std::size_t at = at_ + 1, number = 0;
        const std::size_t digits = at;
        for (; at < regex_.size() && regex_[at] >= '0' && regex_[at] <= '9' && number < kMost; ++at)
          number = number * 10 + static_cast<std::size_t>(regex_[at] - '0');
        const std::size_t close = regex_.find('}', at);
        if (at == digits || close == std::string_view::npos || (regex_[at] != '}' && regex_[at] != ',')) {
          lost_ = true;  // a brace that may stand for itself
          break;
        }
        times = std::min(kMost, times * number);
        at_ = close + 1;
      } else {
        break;
      }
    }
    return times;
  }

  std::size_t atom(int depth) {
    const char c = regex_[at_++];
    switch (c) {
      case '^':
      case '$': return 0;
      case '(': return group(depth);
      case '[': return set();
      case '\\': return escape();
      case '*':
      case '+':
      case '?':
      case '{': lost_ = true; return 0;
      default:
        // A character of several bytes counts once, and a repetition behind it is of the whole.
        while (!done() && (static_cast<unsigned char>(now()) & 0xC0) == 0x80) ++at_;
        return 1;
    }
  }

  std::size_t group(int depth) {
    if (depth == kDepth) lost_ = true;
    if (lost_) return 0;
    if (ahead("?")) {
      ++at_;
      if (ahead("P<")) {
        at_ = std::min(regex_.find('>', at_), regex_.size() - 1) + 1;
      } else {
        bool flags = true;
        for (; !done() && now() != ':' && now() != ')'; ++at_)
          flags = flags && std::string_view("imsU-").find(now()) != std::string_view::npos;
        if (done() || !flags) {
          lost_ = true;
          return 0;
        }
        if (regex_[at_++] == ')') {
          // Flags for what follows. A repetition behind them is of what stands before them, which has been added already.
          lost_ = !done() && std::string_view("*+?{").find(now()) != std::string_view::npos;
          return 0;
        }
      }
    }
    const std::size_t least = alternatives(depth + 1);
    if (done() || now() != ')') {
      lost_ = true;
      return 0;
    }
    ++at_;
    return least;
  }

  // One character out of a set.
  std::size_t set() {
    if (ahead("^")) ++at_;
    if (ahead("]")) ++at_;
    while (!done() && now() != ']') {
      if (ahead("[:")) {
        const std::size_t close = regex_.find(":]", at_ + 2);
        if (close == std::string_view::npos) {
          ++at_;
          continue;
        }
        at_ = close + 2;
        continue;
      }
      at_ += now() == '\\' ? 2 : 1;
    }
    if (done()) {
      lost_ = true;
      return 0;
    }
    ++at_;
    return 1;
  }

  std::size_t escape() {
    if (done()) {
      lost_ = true;
      return 0;
    }
    const char c = regex_[at_++];
    if (std::string_view("bBAz").find(c) != std::string_view::npos) return 0;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter && std::string_view("dDsSwWntrfav").find(c) == std::string_view::npos) lost_ = true;
    return 1;
  }

  std::string_view regex_;
  std::size_t at_ = 0;
  bool lost_ = false;
};

}  // namespace

bool runs_over_bytes(std::string_view regex) noexcept {
  return std::all_of(regex.begin(), regex.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool ignores_case(std::string_view regex) noexcept {
  for (std::size_t at = 0; at < regex.size(); ++at) {
    if (regex[at] == '\\') ++at;
    else if (regex.substr(at, 2) == "(?")
      for (std::size_t i = at + 2; i < regex.size() && ((regex[i] | 0x20) >= 'a' && (regex[i] | 0x20) <= 'z'); ++i)
        if (regex[i] == 'i') return true;
  }
  return false;
}

std::size_t least_bytes(std::string_view regex) noexcept { return LeastBytes(regex).whole(); }

const re2::RE2& LazyRegex::compile(std::string_view regex) const {
  std::unique_ptr<const re2::RE2> mine = compile_regex(regex);
  const re2::RE2* first = nullptr;
  // Another thread may have been quicker; then its expression is the one.
  if (compiled_.compare_exchange_strong(first, mine.get(), std::memory_order_acq_rel)) return *mine.release();
  return *first;
}

std::unique_ptr<const re2::RE2> compile_regex(std::string_view regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytes);
  options.set_encoding(runs_over_bytes(regex) ? re2::RE2::Options::EncodingLatin1 : re2::RE2::Options::EncodingUTF8);
  return std::make_unique<const re2::RE2>(re2::StringPiece(regex.data(), regex.size()), options);
}

}  // namespace logystera::detect
