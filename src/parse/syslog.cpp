// Syslog, both RFCs, and what rsyslog and syslog-ng write to files: RFC 3164 with or without <PRI>, with its own or an ISO
// time; RFC 5424 with structured data.
#include <algorithm>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

// RFC 5424 §6.1: none of the header's words is longer.
constexpr std::size_t kLongestWord = 255;

class SyslogParser final : public LineParser {
 public:
  SyslogParser(const Format& format, const ParserContext& context)
      : names_(context.names),
        time_(context.time),
        job_(context.names.add("job")),
        programs_(format.programs),
        only_5424_(format.reader == "syslog_5424") {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    return parse(line, batch, record) ? LineRead::record : LineRead::unknown;
  }

  bool parse(std::string_view line, RecordBatch& batch, Record& record) {
    std::string_view rest = line;
    unsigned priority = 0;
    const bool has_priority = take_priority(rest, priority);
    if (has_priority && starts_with(rest, "1 ")) return parse_5424(rest.substr(2), priority, batch, record);
    if (only_5424_) return false;
    std::int64_t alert_ns = 0;
    std::string_view node;
    const bool alert = !has_priority && take_alert_preamble(rest, alert_ns, node);
    std::size_t used = read_syslog_time(rest, time_, record.time_ns);
    if (used == 0) {
      used = read_iso_time(rest, time_, record.time_ns);
      // "2026-05-18 10:00:01 …" is an application's own log far more often than syslog.
      if (used == 0 || rest[10] == ' ') return false;
    }
    rest.remove_prefix(used);
    if (!skip(rest, " ")) return false;
    record.time_known = true;
    if (alert) record.time_ns = alert_ns;
    if (has_priority) add_priority(priority, batch, record);
    rest = trim_left(rest);
    const std::size_t space = rest.find(' ');
    if (space == std::string_view::npos) return false;
    std::string_view program, pid, message, job;
    if (rest[space - (space > 0)] == ':' && split_tag(rest, program, pid, message, job)) {
      // No host: "May 18 10:00:01 kernel: …"
    } else {
      record.host = rest.substr(0, space);
      if (record.host.empty()) return false;
      rest = trim_left(rest.substr(space + 1));
      if (bracketed_tag(record.host, program)) {  // "May 18 10:00:01 [sshd]: …", without a host
        record.host = {};
        message = rest;
      } else if (!split_tag(rest, program, pid, message, job)) {
        message = rest;
      }
    }
    if (!job.empty()) batch.add_text(job_, job);
    finish(program, pid, message, has_priority, batch, record);
    return true;
  }

  bool typical(const Record& record) const override {
    // A time and a word in front are not yet syslog: container runtimes write "TIME stdout F …". The tag tells.
    const std::string_view program = record.text(field::program);
    if (programs_.empty()) return only_5424_ || !program.empty();
    return record.kind == RecordKind::auth || std::find(programs_.begin(), programs_.end(), program) != programs_.end();
  }

 private:
  static bool take_priority(std::string_view& text, unsigned& priority) {
    if (text.size() < 3 || text[0] != '<') return false;
    std::size_t at = 1;
    unsigned number = 0;
    while (at < text.size() && at < 4 && text[at] >= '0' && text[at] <= '9')
      number = number * 10 + static_cast<unsigned>(text[at++] - '0');
    if (at == 1 || at >= text.size() || text[at] != '>' || number > 191) return false;
    priority = number;
    text.remove_prefix(at + 1);
    return true;
  }

  static void add_priority(unsigned priority, RecordBatch& batch, Record& record) {
    record.severity = severity_of_priority(priority);
    constexpr std::string_view digits[] = {"0",  "1",  "2",  "3",  "4",  "5",  "6",  "7",  "8",  "9",  "10", "11",
                                           "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23"};
    batch.add_integer(field::facility, digits[priority / 8], priority / 8);
    batch.add_integer(field::priority, digits[priority % 8], priority % 8);
  }

  // "sshd[123]: message", "kernel: message", "sshd(pam_unix)[12]: message". False if the text starts with no tag.
  static bool split_tag(std::string_view text, std::string_view& program, std::string_view& pid, std::string_view& message,
                        std::string_view& job) {
    constexpr std::size_t kLongestTag = 64;
    std::size_t end = 0;
    while (end < text.size() && end < kLongestTag && text[end] != ' ' && text[end] != '[' && text[end] != ':') ++end;
    if (end == 0 || end >= text.size() || text[end] == ' ' || end == kLongestTag) return false;
    program = text.substr(0, end);
    if (text[end] == '[') {
      const std::size_t close = text.find(']', end);
      if (close == std::string_view::npos || close - end > 24) return false;
      pid = text.substr(end + 1, close - end - 1);
      end = close + 1;
      if (end < text.size() && text[end] != ':' && text[end] != ' ') return false;
    }
    message = text.substr(std::min(end, text.size()));
    // macOS: "com.apple.xpc.launchd[1] (com.apple.x[17]): message"
    if (starts_with(message, " (")) {
      if (const std::size_t close = message.find("): "); close < kLongestTag * 2) {
        job = message.substr(2, close - 2);
        message.remove_prefix(close + 1);
      }
    }
    skip(message, ":");
    message = trim_left(message);
    return true;
  }

  // "[sshd]" and "[sshd]:" where the host should stand; an IPv6 address in brackets is one.
  static bool bracketed_tag(std::string_view word, std::string_view& program) {
    if (word.back() == ':') word.remove_suffix(1);
    if (word.size() < 3 || word.front() != '[' || word.back() != ']' || word.find(':') != std::string_view::npos)
      return false;
    program = word.substr(1, word.size() - 2);
    return true;
  }

  static void finish(std::string_view program, std::string_view pid, std::string_view message, bool severity_given,
                     RecordBatch& batch, Record& record) {
    if (!program.empty()) batch.add_text(field::program, program);
    if (!pid.empty()) batch.add_number(field::pid, pid);
    read_program_message(program, message, severity_given, batch, record);
  }

  // The header's words behind the version, and what follows them.
  struct Header {
    enum Word : std::uint8_t { time, host, program, pid, msgid, count };
    std::string_view words[count];
    std::string_view rest;
    bool whole = false;  // structured data, or the mark that there is none, follows where it must
  };

  // TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA [MSG]
  //
  // Devices write a second blank, or leave a word out: then two blanks stand together as well. Whichever reading has its
  // structured data in the right place is meant. Where none has, what the header says so far is still true, and the rest is
  // the message.
  bool parse_5424(std::string_view text, unsigned priority, RecordBatch& batch, Record& record) {
    text = trim_left(text);
    Header header = split_header(text, true);
    if (!header.whole) {
      if (const Header empties = split_header(text, false); empties.whole) header = empties;
    }
    std::string_view(&words)[Header::count] = header.words;
    if (words[Header::time] != "-") {
      record.time_known = read_iso_time(words[Header::time], time_, record.time_ns) == words[Header::time].size();
      // Without a time, only a header that is whole shows that this is one.
      if (!record.time_known && !header.whole) return false;
    }
    if (words[Header::host].empty()) return false;
    add_priority(priority, batch, record);
    for (std::string_view& word : words)
      if (word == "-") word = {};
    record.host = words[Header::host];
    if (!words[Header::msgid].empty()) batch.add_text(field::msgid, words[Header::msgid]);
    std::string_view message = header.rest;
    if (!skip_none(message)) take_structured_data(message, batch);
    skip(message, " ");
    skip(message, "\xEF\xBB\xBF");  // the BOM that says the message is UTF-8
    finish(words[Header::program], words[Header::pid], message, true, batch, record);
    return true;
  }

  // `joined`: several blanks are one; else each pair of them has an empty word between.
  static Header split_header(std::string_view rest, bool joined) {
    Header header;
    for (std::string_view& word : header.words) {
      const std::size_t space = std::min(rest.find(' '), rest.size());
      if (space > kLongestWord) break;
      word = rest.substr(0, space);
      rest.remove_prefix(std::min(space + 1, rest.size()));
      if (joined) rest = trim_left(rest);
    }
    header.rest = rest;
    std::string_view data = rest;
    header.whole = (!rest.empty() && rest[0] == '[') || skip_none(data);
    return header;
  }

  // "-": there is no structured data.
  static bool skip_none(std::string_view& text) {
    if (text.empty() || text[0] != '-' || (text.size() > 1 && text[1] != ' ')) return false;
    text.remove_prefix(1);
    return true;
  }

  // [id name="value" …][id …]: moves `rest` behind the elements that are sound; what is not is left for the message.
  void take_structured_data(std::string_view& rest, RecordBatch& batch) {
    while (!rest.empty() && rest[0] == '[') {
      const std::size_t before = batch.open_fields();
      std::string_view element = rest;
      if (!take_element(element, batch)) {
        batch.drop_fields(before);
        return;
      }
      rest = element;
    }
  }

  // `\"`, `\\` and `\]` are escapes inside values (RFC 5424 §6.3.3). More blanks than one, and some before the ']', are against
  // the letter of it, but written.
  bool take_element(std::string_view& rest, RecordBatch& batch) {
    rest.remove_prefix(1);  // the '['
    const std::size_t id_end = rest.find_first_of(" ]");
    if (id_end == std::string_view::npos || id_end == 0 || id_end > kLongestWord) return false;
    const std::string_view id = rest.substr(0, id_end);
    rest.remove_prefix(id_end);
    for (;;) {
      rest = trim_left(rest);
      if (skip(rest, "]")) return true;
      const std::size_t equals = rest.find_first_of("=\" ]");
      if (equals == std::string_view::npos || equals == 0 || equals > kLongestWord || rest[equals] != '=') return false;
      const std::string_view name = rest.substr(0, equals);
      rest.remove_prefix(equals + 1);
      if (!skip(rest, "\"")) return false;
      std::size_t end = 0;
      bool escapes = false;
      while (end < rest.size() && rest[end] != '"') {
        if (rest[end] == '\\') {
          escapes = true;
          ++end;
        }
        ++end;
      }
      if (end >= rest.size()) return false;
      const std::string_view value = rest.substr(0, end);
      scratch_.assign(id);
      scratch_ += '.';
      scratch_ += name;
      if (const FieldId field = names_.add(scratch_)) batch.add_text(field, escapes ? unescaped(value, batch) : value);
      else ++unnamed_fields_;
      rest.remove_prefix(end + 1);
    }
  }

  static std::string_view unescaped(std::string_view value, RecordBatch& batch) {
    char* out = batch.arena.allocate(value.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
      const bool escape =
          value[i] == '\\' && i + 1 < value.size() && (value[i + 1] == '"' || value[i + 1] == '\\' || value[i + 1] == ']');
      if (escape) ++i;
      out[size++] = value[i];
    }
    return {out, size};
  }

  FieldNames& names_;
  TimeContext time_;
  FieldId job_;  // what launchd speaks of
  std::vector<std::string> programs_;
  bool only_5424_;
  std::string scratch_;
};

}  // namespace

std::unique_ptr<LineParser> make_syslog_parser(const Format& format, const ParserContext& context) {
  return std::make_unique<SyslogParser>(format, context);
}

}  // namespace logystera::parse
