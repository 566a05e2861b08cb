// Everything else: a line, with its time and level where they can be seen, and what loggers write around them.
//
//   2026-05-18 10:00:01,123 ERROR [pool-1] c.e.App: text        time, level, thread, logger
//   03-17 16:13:38.811  1702  2395 E WindowManager: text        logcat: process, thread, the level's letter, tag
//   I0518 10:00:01.123456 77 file.cc:12] text                   glog: the level's letter in front of the time
//   20171223-22:15:29:606|Step_LSC|30002312|text                columns between bars
//   - 1117838570 2005.06.03 R02-M1 2005-06-03-15.42.50 R02-M1 RAS KERNEL INFO text
//   [2026-05-18 10:00:01] prod.ERROR: text, May 18 10:00:01 text, text
//
// What stands in front of the message becomes fields (pid, tid, thread, logger, prefix) or stays in the message; nothing is left
// out of both. Without a time nothing is taken off but a level at the very start.
#include <algorithm>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kLevelWords = 6;  // a level stands among the first words behind the time, or nowhere
constexpr std::size_t kLevelBytes = 120;
constexpr std::size_t kNameBytes = 128;  // a logger's
constexpr std::size_t kPrefixBytes = 128;

bool blank(char c) noexcept { return c == ' ' || c == '\t'; }
bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool letter(char c) noexcept { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

bool is_number(std::string_view text) noexcept {
  constexpr std::size_t kMost = 10;
  return !text.empty() && text.size() <= kMost && std::all_of(text.begin(), text.end(), digit);
}

std::string_view first_word(std::string_view text) noexcept {
  std::size_t end = 0;
  while (end < text.size() && !blank(text[end])) ++end;
  return text.substr(0, end);
}

// "c.e.App", "dfs.DataNode$PacketResponder", "chrome.exe". What an exception is called belongs to the message.
bool is_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > kNameBytes || !std::any_of(text.begin(), text.end(), letter)) return false;
  for (std::string_view ending : {std::string_view("Exception"), std::string_view("Error"), std::string_view("Throwable")})
    if (text.ends_with(ending)) return false;
  return text.find_first_of("\"'=,;()[]{}") == std::string_view::npos;
}

// The text in brackets at the start, brackets within it included: its size with both, 0 if there is none.
std::size_t bracketed(std::string_view text) noexcept {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '[') ++depth;
    else if (text[at] == ']' && --depth == 0) return at + 1;
    if (depth == 0) return 0;
  }
  return 0;
}

class PlaintextParser final : public LineParser {
 public:
  explicit PlaintextParser(const ParserContext& context)
      : time_(context.time), thread_(context.names.add("thread")), prefix_(context.names.add("prefix")) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    record.kind = RecordKind::text;
    levelled_ = bracketed_time_ = comma_ = false;
    bar_ = false;
    std::string_view rest = line;
    take_time(rest, batch, record);
    if (!record.time_known) {
      without_time(line, record);
    } else if (bar_) {
      between_bars(rest, batch, record);
    } else {
      envelope(rest, batch, record);
    }
    if (record.message.empty()) record.message = rest.empty() ? line : rest;
    return LineRead::record;
  }

 private:
  // Moves `rest` behind the time and what goes with it.
  void take_time(std::string_view& rest, RecordBatch& batch, Record& record) {
    std::string_view at = rest, node;
    if (take_alert_preamble(at, record.time_ns, node)) {
      record.time_known = true;
      record.host = node;
      // The line says both once more.
      std::int64_t again;
      if (const std::size_t used = read_any_time(at, time_, again)) {
        at = trim_left(at.substr(used));
        if (std::string_view behind = at; skip(behind, node) && skip(behind, " ")) at = behind;
      }
      rest = at;
      return;
    }
    Severity level;
    if (at.size() > 2 && digit(at[1]) && severity_of_letter(at[0], level)) {
      if (const std::size_t used = read_glog_time(at.substr(1), time_, record.time_ns)) {
        at.remove_prefix(1 + used);
        record.time_known = levelled_ = true;
        record.severity = level;
        rest = trim_left(at);
        return;
      }
    }
    if (take_clock(rest, record)) return;
    // A word in front, as grep, docker-compose and collectors put the name of the file there.
    const std::string_view word = first_word(rest);
    if (word.size() == rest.size() || word.size() > kPrefixBytes) return;
    std::string_view behind = trim_left(rest.substr(word.size()));
    if (!digit(behind.empty() ? ' ' : behind[0]) || !is_name(word) || !take_clock(behind, record)) return;
    batch.add_text(prefix_, word);
    rest = behind;
  }

  bool take_clock(std::string_view& rest, Record& record) {
    std::string_view at = rest;
    const bool bracket = skip(at, "[") || skip(at, "(");
    const std::size_t used = read_any_time(at, time_, record.time_ns);
    if (used == 0) return false;
    // A number that happens to look like an epoch must end like a time does.
    const char next = used < at.size() ? at[used] : ' ';
    if (!(blank(next) || next == ']' || next == ')' || next == ':' || next == ',' || next == '|' || next == ';'))
      return false;
    record.time_known = true;
    at.remove_prefix(used);
    if (bracket) {
      // "[2026-05-18 10:00:01.123 +0200]", "[2026-05-18 10:00:01 UTC]": what else is in the brackets goes with the time.
      const std::size_t close = at.find_first_of("])");
      if (close != std::string_view::npos && close < 12) {
        at.remove_prefix(close + 1);
        bracketed_time_ = true;
      }
    }
    bar_ = !at.empty() && at[0] == '|';
    while (!at.empty() && (blank(at[0]) || at[0] == ':' || at[0] == ',' || at[0] == '|' || at[0] == ';' || at[0] == '-')) {
      comma_ = comma_ || at[0] == ',';
      at.remove_prefix(1);
    }
    rest = at;
    return true;
  }

  // A level at the start is taken off, one among the first words is believed; else the wording decides.
  static void without_time(std::string_view line, Record& record) {
    record.message = line;
    const std::string_view first = first_word(line);
    Severity level;
    if (level_of_token(first, place_of(line, 0, first.size(), false), level)) {
      record.severity = level;
      const std::size_t from = line.find_first_not_of("]>|: \t-", first.size());
      if (from != std::string_view::npos) record.message = line.substr(from);
    } else {
      record.severity = level_within(line, level) ? level : severity_of_wording(line);
    }
  }

  static LevelPlace place_of(std::string_view text, std::size_t at, std::size_t end, bool comma) {
    const bool apart = end + 1 < text.size() && blank(text[end]) && (blank(text[end + 1]) || text[end] == '\t');
    if (at == 0) return comma || apart ? LevelPlace::column : LevelPlace::first;
    return LevelPlace::within;
  }

  static bool level_within(std::string_view text, Severity& level) {
    const std::string_view look = text.substr(0, kLevelBytes);
    std::size_t words = 0;
    for (std::size_t at = 0; at < look.size() && words < kLevelWords; ++words) {
      const std::size_t end = std::min(look.find_first_of(" \t", at), look.size());
      if (level_of_token(look.substr(at, end - at), place_of(text, at, end, false), level)) return true;
      at = std::min(look.find_first_not_of(" \t", end), look.size());
    }
    return false;
  }

  // NUMBERS WORDS LEVEL [thread] logger: message, as far as it goes.
  void envelope(std::string_view rest, RecordBatch& batch, Record& record) {
    std::string_view at = rest, numbers[2], group, word_before, channel;
    std::size_t count = 0;
    if (levelled_) {
      const std::string_view word = first_word(at);
      if (is_number(word)) {
        numbers[count++] = word;
        at = trim_left(at.substr(word.size()));
      }
      take_place(at, batch);
    } else {
      for (std::size_t words = 0; words < kLevelWords && !levelled_; ++words) {
        const std::string_view word = first_word(at);
        if (word.empty()) break;
        const std::string_view behind = trim_left(at.substr(word.size()));
        const std::size_t group_size = bracketed(at);
        if (level_of_token(word, place_of(at, 0, word.size(), comma_ && at.data() == rest.data()), record.severity) ||
            is_level_letter(word, behind, count, record.severity)) {
          levelled_ = true;
          if (const std::size_t dot = word.rfind('.'); dot != std::string_view::npos && dot > 0)
            channel = word.substr(0, dot);
          at = at.substr(word.size());
          const std::size_t from = at.find_first_not_of("]>|: \t-");
          at = from == std::string_view::npos ? std::string_view() : at.substr(from);
        } else if (is_number(word) && count < std::size(numbers) && word_before.empty()) {
          numbers[count++] = word;
          at = behind;
        } else if (group_size > 0 && group.empty() && word_before.empty()) {
          group = at.substr(0, group_size);
          at = trim_left(at.substr(group_size));
        } else if (is_capitals(word)) {
          word_before = word;
          at = behind;
        } else if (word == "-" || word == "|") {
          at = behind;
        } else {
          break;
        }
      }
    }
    if (!levelled_) {
      record.message = rest;
      if (take_program(batch, record, rest)) return;
      Severity level;
      record.severity = level_within(rest, level) ? level : severity_of_wording(record.message);
      return;
    }
    record.message = at.empty() ? rest : at;
    if (count > 0) batch.add_number(field::pid, numbers[0]);
    if (count > 1) batch.add_number(field::tid, numbers[1]);
    if (!channel.empty()) {  // "prod.ERROR: text"
      batch.add_text(field::logger, channel);
      if (!group.empty()) batch.add_text(thread_, inside(group));
      return;
    }
    if (!word_before.empty()) {
      const char* const begin = numbers_end(rest, numbers, count, group);
      batch.add_text(field::logger, words_between(begin, word_before));
      if (!group.empty()) batch.add_text(thread_, inside(group));
      return;
    }
    if (group.empty()) group = take_group(record.message);
    if (!group.empty()) batch.add_text(thread_, inside(group));
    take_logger(group.empty(), batch, record);
  }

  // Where the words in front of the level begin.
  static const char* numbers_end(std::string_view rest, const std::string_view (&numbers)[2], std::size_t count,
                                 std::string_view group) {
    const char* end = rest.data();
    if (count > 0) end = numbers[count - 1].data() + numbers[count - 1].size();
    if (!group.empty() && group.data() + group.size() > end) end = group.data() + group.size();
    while (blank(*end) || *end == '-' || *end == '|') ++end;
    return end;
  }
  static std::string_view words_between(const char* begin, std::string_view last) {
    return {begin, static_cast<std::size_t>(last.data() + last.size() - begin)};
  }
  static std::string_view inside(std::string_view group) { return group.substr(1, group.size() - 2); }

  static bool is_capitals(std::string_view word) {
    return word.size() > 1 && word.size() <= 32 && letter(word[0]) &&
           std::all_of(word.begin(), word.end(), [](char c) { return (c >= 'A' && c <= 'Z') || digit(c) || c == '_'; });
  }

  // "E" behind the process and thread of logcat, or behind the time with a tag behind it; "A" is a word, too.
  static bool is_level_letter(std::string_view word, std::string_view behind, std::size_t numbers, Severity& severity) {
    if (word.size() == 1) {
      const bool tagged = numbers == 2 || first_word(behind).ends_with(':') || is_capitals(first_word(behind));
      return tagged && (word[0] != 'A' || numbers == 2) && severity_of_letter(word[0], severity);
    }
    // "E/WindowManager( 1702): text", logcat's brief form: the tag is left.
    return false;
  }

  // "file.cc:12]" of glog.
  static void take_place(std::string_view& at, RecordBatch& batch) {
    const std::string_view word = first_word(at);
    const std::size_t colon = word.rfind(':');
    if (word.size() < 4 || word.back() != ']' || colon == std::string_view::npos || colon == 0) return;
    const std::string_view line = word.substr(colon + 1, word.size() - colon - 2);
    if (!is_number(line)) return;
    batch.add_text(field::file, word.substr(0, colon));
    batch.add_number(field::line, line);
    at = trim_left(at.substr(word.size()));
  }

  // "[main] " or "[QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:FastLeaderElection@774] - ".
  static std::string_view take_group(std::string_view& message) {
    const std::size_t size = bracketed(message);
    if (size <= 2 || size > kNameBytes || size == message.size() || !blank(message[size])) return {};
    const std::string_view group = message.substr(0, size);
    message = trim_left(message.substr(size));
    skip(message, "- ");
    return group;
  }

  // "c.e.App: ", "c.e.App - ", "nova.server [request] ", "CBS    ".
  void take_logger(bool may_have_group, RecordBatch& batch, Record& record) {
    std::string_view& message = record.message;
    const std::string_view word = first_word(message);
    std::string_view behind = message.substr(word.size());
    if (behind.empty()) return;
    const bool apart = behind.size() > 2 && blank(behind[0]) && blank(behind[1]);
    behind = trim_left(behind);
    std::string_view name = word;
    if (word.ends_with(':') || starts_with(behind, ": ")) {
      if (word.ends_with(':')) name.remove_suffix(1);
      else behind = trim_left(behind.substr(1));
    } else if (starts_with(behind, "- ")) {
      behind = trim_left(behind.substr(2));
    } else if (may_have_group && !behind.empty() && behind[0] == '[' && name.find('.') != std::string_view::npos) {
      if (const std::string_view group = take_group(behind); !group.empty()) batch.add_text(thread_, inside(group));
    } else if (!apart) {
      return;
    }
    if (!is_name(name) || behind.empty()) return;
    batch.add_text(field::logger, name);
    message = behind;
  }

  // "[10.30 16:49:06] chrome.exe - text", "[…] chrome.exe *64 - text".
  bool take_program(RecordBatch& batch, Record& record, std::string_view rest) {
    if (!bracketed_time_) return false;
    const std::string_view word = first_word(rest);
    const std::size_t dash = rest.find(" - ");
    if (!is_name(word) || dash == std::string_view::npos || dash > word.size() + 4) return false;
    batch.add_text(field::program, rest.substr(0, dash));
    record.message = rest.substr(dash + 3);
    record.severity = severity_of_wording(record.message);
    return true;
  }

  // Columns apart by bars, as far as they are numbers, a level and names; the last is the message.
  void between_bars(std::string_view rest, RecordBatch& batch, Record& record) {
    constexpr std::size_t kColumns = 4;
    bool named = false, numbered = false;
    for (std::size_t columns = 0; columns < kColumns; ++columns) {
      const std::size_t bar = rest.find('|');
      if (bar == std::string_view::npos) break;
      const std::string_view cell = trim_left(trim_right(rest.substr(0, bar)));
      if (!levelled_ && level_of_token(cell, LevelPlace::column, record.severity)) levelled_ = true;
      else if (!numbered && is_number(cell)) numbered = batch.add_number(field::pid, cell).text_size > 0;
      else if (!named && is_name(cell) && cell.find(' ') == std::string_view::npos)
        named = batch.add_text(field::logger, cell).text_size > 0;
      else break;
      rest = trim_left(rest.substr(bar + 1));
    }
    record.message = rest;
    if (!levelled_) record.severity = severity_of_wording(rest);
  }

  TimeContext time_;
  FieldId thread_, prefix_;
  // Of the line being read.
  bool levelled_ = false;        // its level is known
  bool bracketed_time_ = false;  // the time stands in brackets
  bool comma_ = false;           // a comma follows it
  bool bar_ = false;             // a bar follows it
};

}  // namespace

bool take_alert_preamble(std::string_view& text, std::int64_t& ns, std::string_view& node) noexcept {
  std::string_view at = text;
  const std::string_view label = first_word(at);
  if (label.empty() || label.size() > 32 || label.size() == at.size() || digit(label[0])) return false;
  at.remove_prefix(label.size() + 1);
  constexpr std::size_t kEpoch = 10, kDate = 10;
  if (at.size() < kEpoch + 1 + kDate + 2 || read_epoch(at.substr(0, kEpoch), ns) != kEpoch || at[kEpoch] != ' ')
    return false;
  at.remove_prefix(kEpoch + 1);
  for (std::size_t i = 0; i < kDate; ++i)
    if (i == 4 || i == 7 ? at[i] != '.' : !digit(at[i])) return false;
  if (at[kDate] != ' ') return false;
  at.remove_prefix(kDate + 1);
  node = first_word(at);
  if (node.empty() || node.size() == at.size()) return false;
  text = trim_left(at.substr(node.size()));
  return true;
}

std::unique_ptr<LineParser> make_plaintext_parser(const ParserContext& context) {
  return std::make_unique<PlaintextParser>(context);
}

}  // namespace logystera::parse
