// Everything else: a line, with its time and level where they can be seen. "2026-05-18 10:00:01,123 ERROR [pool-1] c.e.App:
// text", "[2026-05-18 10:00:01] prod.ERROR: text", "May 18 10:00:01 text", "text".
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kLevelWords = 6;  // a level stands among the first words behind the time, or nowhere
constexpr std::size_t kLevelBytes = 120;

class PlaintextParser final : public LineParser {
 public:
  explicit PlaintextParser(const ParserContext& context) : time_(context.time) {}

  LineRead read(std::string_view line, RecordBatch&, Record& record) override {
    std::string_view rest = line;
    take_time(rest, record);
    record.kind = RecordKind::text;
    record.message = rest;
    std::string_view behind;
    if (find_level(rest, record.severity, behind)) {
      if (!behind.empty()) record.message = behind;
    } else {
      record.severity = severity_of_wording(rest);
    }
    if (record.message.empty()) record.message = line;
    return LineRead::record;
  }

 private:
  void take_time(std::string_view& rest, Record& record) {
    std::string_view at = rest;
    const bool bracket = skip(at, "[") || skip(at, "(");
    std::size_t used = read_any_time(at, time_, record.time_ns);
    if (used == 0) return;
    // A number that happens to look like an epoch must end like a time does.
    const char next = used < at.size() ? at[used] : ' ';
    if (!(next == ' ' || next == '\t' || next == ']' || next == ')' || next == ':' || next == ',' || next == '|' ||
          next == ';'))
      return;
    record.time_known = true;
    at.remove_prefix(used);
    if (bracket) {
      // "[2026-05-18 10:00:01.123 +0200]", "[2026-05-18 10:00:01 UTC]": what else is in the brackets goes with the time.
      const std::size_t close = at.find_first_of("])");
      if (close != std::string_view::npos && close < 12) at.remove_prefix(close + 1);
    }
    while (!at.empty() && (at[0] == ' ' || at[0] == '\t' || at[0] == ':' || at[0] == ',' || at[0] == '|' || at[0] == ';' ||
                           at[0] == '-')) {
      at.remove_prefix(1);
    }
    rest = at;
  }

  // Words are runs of letters; levels are written in capitals, in brackets, before a colon, or behind "level=".
  static bool find_level(std::string_view text, Severity& severity, std::string_view& behind) {
    const std::string_view look = text.substr(0, kLevelBytes);
    std::size_t words = 0;
    for (std::size_t at = 0; at < look.size() && words < kLevelWords;) {
      const char low = static_cast<char>(look[at] | 0x20);
      if (low < 'a' || low > 'z') {
        ++at;
        continue;
      }
      std::size_t end = at;
      bool capitals = true;
      while (end < look.size() && (look[end] | 0x20) >= 'a' && (look[end] | 0x20) <= 'z') {
        capitals = capitals && look[end] <= 'Z';
        ++end;
      }
      ++words;
      const char before = at > 0 ? look[at - 1] : ' ';
      const char after = end < text.size() ? text[end] : ' ';
      const bool marked =
          capitals || before == '[' || before == '<' || before == '=' || before == '|' || (words == 1 && after == ':');
      if (marked && severity_of_word(look.substr(at, end - at), severity)) {
        const std::size_t from = text.find_first_not_of("]>|: \t-", end);
        // Only a level at the front is envelope; one behind a thread or logger name leaves that name in the message.
        if (words == 1 && from != std::string_view::npos) behind = text.substr(from);
        return true;
      }
      at = end;
    }
    return false;
  }

  TimeContext time_;
};

}  // namespace

std::unique_ptr<LineParser> make_plaintext_parser(const ParserContext& context) {
  return std::make_unique<PlaintextParser>(context);
}

}  // namespace logystera::parse
