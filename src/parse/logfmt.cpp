// logfmt: key=value key="a value" flag, as Go services, Heroku and Grafana's tools write it.
#include <unordered_map>

#include "parse/keys.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kKeys = 4'096;  // distinct keys remembered

bool key_char(char c) noexcept {
  const char low = static_cast<char>(c | 0x20);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-' || c == '@' || c == '/';
}

class LogfmtParser final : public LineParser {
 public:
  LogfmtParser(const Format& format, const ParserContext& context)
      : format_(format), names_(context.names), time_(context.time) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    LineRoles roles(time_);
    std::size_t pairs = 0;
    for (std::string_view rest = trim_left(line); !rest.empty(); rest = trim_left(rest)) {
      std::size_t end = 0;
      while (end < rest.size() && key_char(rest[end])) ++end;
      if (end == 0) return LineRead::unknown;
      const std::string_view key = rest.substr(0, end);
      rest.remove_prefix(end);
      if (!skip(rest, "=")) {  // a bare word is a flag, but a line does not begin with one
        if (pairs == 0 || (!rest.empty() && rest[0] != ' ')) return LineRead::unknown;
        continue;
      }
      std::string_view text;
      if (!take_value(rest, text, batch)) return LineRead::unknown;
      ++pairs;
      const KeyMeaning& meaning = meaning_of(key);
      Value value;
      if (meaning.id != field::none) {
        value = batch.add_number(meaning.id, text);
      } else {
        value.set_text(text);
      }
      roles.take(meaning, value, batch);
    }
    if (pairs < 2 || !(roles.has_time() || roles.has_severity() || roles.has_message())) return LineRead::unknown;
    roles.apply(format_, line, batch, record);
    return LineRead::record;
  }

 private:
  static bool take_value(std::string_view& rest, std::string_view& value, RecordBatch& batch) {
    if (rest.empty() || rest[0] != '"') {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      value = rest.substr(0, end);
      rest.remove_prefix(end);
      return value.find('"') == std::string_view::npos;
    }
    std::size_t end = 1;
    bool escapes = false;
    while (end < rest.size() && rest[end] != '"') {
      if (rest[end] == '\\') {
        escapes = true;
        ++end;
      }
      ++end;
    }
    if (end >= rest.size()) return false;
    value = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (escapes) value = unescaped(value, batch);
    return rest.empty() || rest[0] == ' ';
  }

  static std::string_view unescaped(std::string_view text, RecordBatch& batch) {
    char* out = batch.arena.allocate(text.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      char c = text[i];
      if (c == '\\' && i + 1 < text.size()) {
        c = text[++i];
        if (c == 'n') c = '\n';
        else if (c == 't') c = '\t';
        else if (c == 'r') c = '\r';
      }
      out[size++] = c;
    }
    return {out, size};
  }

  const KeyMeaning& meaning_of(std::string_view key) {
    lookup_.assign(key);
    if (auto known = meanings_.find(lookup_); known != meanings_.end()) return known->second;
    if (meanings_.size() >= kKeys) return unknown_;
    return meanings_.emplace(lookup_, key_meaning(format_, key, names_)).first->second;
  }

  const Format& format_;
  FieldNames& names_;
  TimeContext time_;
  std::unordered_map<std::string, KeyMeaning> meanings_;
  KeyMeaning unknown_;
  std::string lookup_;
};

}  // namespace

std::unique_ptr<LineParser> make_logfmt_parser(const Format& format, const ParserContext& context) {
  return std::make_unique<LogfmtParser>(format, context);
}

}  // namespace logystera::parse
