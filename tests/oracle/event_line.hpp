// What an event line is, read a character at a time: the grammar of RFC 8259, UTF-8 by the definition of code points, and the five
// fields. Shares no code with the reader, which takes the line in blocks and leaves the grammar to a library.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logystera::oracle {

class EventLine {
 public:
  enum class Verdict {
    event,
    no_event,
    either,  // half a surrogate pair as an escape, a number beyond every double: RFC 8259 leaves these to the reader
  };

  static Verdict of(std::string_view line) {
    if (line.empty() || line.size() > 64 * 1024 || !is_text(line)) return Verdict::no_event;
    EventLine reading(line);
    const bool holds = reading.value(0) && reading.at_ == line.size() && reading.is_event();
    return !holds ? Verdict::no_event : reading.lenient_ ? Verdict::either : Verdict::event;
  }

 private:
  explicit EventLine(std::string_view line) : line_(line) {}

  static bool is_text(std::string_view line) {
    for (std::size_t i = 0; i < line.size();) {
      const auto lead = static_cast<unsigned char>(line[i++]);
      if (lead < 0x20) return false;
      if (lead < 0x80) continue;
      const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
      if (lead < 0xC0 || lead > 0xF7) return false;
      std::uint32_t code = lead & (0x3Fu >> more);
      for (int k = 0; k < more; ++k, ++i) {
        if (i == line.size() || (static_cast<unsigned char>(line[i]) & 0xC0) != 0x80) return false;
        code = code << 6 | (static_cast<unsigned char>(line[i]) & 0x3Fu);
      }
      const std::uint32_t least = more == 1 ? 0x80 : more == 2 ? 0x800 : 0x10000;
      if (code < least || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
    }
    return true;
  }

  void blanks() {
    while (at_ < line_.size() && line_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    if (at_ == line_.size() || line_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::size_t digits() {
    const std::size_t from = at_;
    while (at_ < line_.size() && line_[at_] >= '0' && line_[at_] <= '9') ++at_;
    return at_ - from;
  }

  // `depth` objects and arrays are open. Of the outermost object's members, name and place are remembered.
  bool value(int depth) {
    blanks();
    if (at_ == line_.size()) return false;
    const char first = line_[at_];
    const bool holds = first == '{'   ? members(depth, '}')
                       : first == '[' ? members(depth, ']')
                       : first == '"' ? string(nullptr)
                                      : number_or_word();
    blanks();
    return holds;
  }

  bool members(int depth, char close) {
    ++at_;
    if (depth == 32) return false;
    blanks();
    if (take(close)) return true;
    do {
      std::string name;
      if (close == '}') {
        blanks();
        if (at_ == line_.size() || line_[at_] != '"' || !string(&name)) return false;
        blanks();
        if (!take(':')) return false;
        blanks();
      }
      const std::size_t from = at_;
      if (!value(depth + 1)) return false;
      if (depth == 0) {
        std::size_t to = at_;
        while (line_[to - 1] == ' ') --to;
        fields_.emplace_back(name, line_.substr(from, to - from));
      }
    } while (take(','));
    return take(close);
  }

  // With `out`, names are spelled out as far as ASCII goes; no field's name holds more.
  bool string(std::string* out) {
    ++at_;
    bool high = false;  // half a pair was read
    while (at_ < line_.size() && line_[at_] != '"') {
      const char c = line_[at_++];
      std::uint32_t code = static_cast<unsigned char>(c);
      bool escaped_unit = false;
      if (c == '\\') {
        if (at_ == line_.size()) return false;
        const char kind = line_[at_++];
        const std::size_t letter = std::string_view("\"\\/bfnrt").find(kind);
        if (kind == 'u') {
          code = 0;
          for (int k = 0; k < 4; ++k, ++at_) {
            if (at_ == line_.size()) return false;
            const std::size_t digit = std::string_view("0123456789abcdefABCDEF").find(line_[at_]);
            if (digit == std::string_view::npos) return false;
            code = code << 4 | static_cast<std::uint32_t>(digit < 16 ? digit : digit - 6);
          }
          escaped_unit = true;
        } else if (letter == std::string_view::npos) {
          return false;
        } else {
          code = static_cast<unsigned char>("\"\\/\b\f\n\r\t"[letter]);
        }
      }
      const bool low = escaped_unit && code >= 0xDC00 && code <= 0xDFFF;
      if (high != low) lenient_ = true;
      high = escaped_unit && code >= 0xD800 && code <= 0xDBFF;
      if (out != nullptr) out->push_back(code < 0x100 ? static_cast<char>(code) : '?');
    }
    if (high) lenient_ = true;
    return take('"');
  }

  bool number_or_word() {
    for (const std::string_view word : {"true", "false", "null"}) {
      if (line_.substr(at_, word.size()) == word) {
        at_ += word.size();
        return true;
      }
    }
    take('-');
    const std::size_t first = at_;
    const std::size_t whole = digits();
    if (whole == 0 || (whole > 1 && line_[first] == '0')) return false;
    if (take('.') && digits() == 0) return false;
    std::size_t exponent = 0;
    if (take('e') || take('E')) {
      if (!take('+')) take('-');
      exponent = digits();
      if (exponent == 0) return false;
    }
    if (whole > 200 || exponent > 2) lenient_ = true;
    return true;
  }

  const std::string_view* only(std::string_view name) const {
    const std::string_view* found = nullptr;
    for (const auto& [key, text] : fields_) {
      if (key != name) continue;
      if (found != nullptr) return nullptr;
      found = &text;
    }
    return found;
  }

  static std::optional<std::uint64_t> seconds(const std::string_view* text) {
    if (text == nullptr || text->empty()) return std::nullopt;
    if (*text == "-0") return 0;
    std::uint64_t value = 0;
    for (const char c : *text) {
      if (c < '0' || c > '9' || value > (INT64_MAX - static_cast<std::uint64_t>(c - '0')) / 10) return std::nullopt;
      value = value * 10 + static_cast<std::uint64_t>(c - '0');
    }
    return value;
  }

  // The characters of a string written without an escape.
  static std::string_view plain(const std::string_view* text) {
    if (text == nullptr || text->size() < 2 || text->front() != '"' || text->find('\\') != std::string_view::npos)
      return {};
    return text->substr(1, text->size() - 2);
  }

  bool is_event() const {
    if (fields_.size() != 5) return false;
    const std::string_view type = plain(only("event_type")), id = plain(only("event_id"));
    const std::string_view* labels = only("labels");
    const auto created_at = seconds(only("created_at")), timestamp = seconds(only("timestamp"));
    if (type.empty() || type.size() > 64 || labels == nullptr || labels->front() != '{') return false;
    if (!created_at || created_at != timestamp || id.size() != 36) return false;
    for (std::size_t i = 0; i < id.size(); ++i) {
      const std::string_view allowed = i == 8 || i == 13 || i == 18 || i == 23 ? "-"
                                       : i == 14                               ? "4"
                                       : i == 19                               ? "89abAB"
                                                                               : "0123456789abcdefABCDEF";
      if (allowed.find(id[i]) == std::string_view::npos) return false;
    }
    return true;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  bool lenient_ = false;
  std::vector<std::pair<std::string, std::string_view>> fields_;
};

}  // namespace logystera::oracle
