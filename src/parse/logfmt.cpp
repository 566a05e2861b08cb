// logfmt: key=value key="a value" flag, as Go services, Heroku and Grafana's tools write it.
#include <unordered_map>

#include "parse/escapes.hpp"
#include "parse/keys.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kKeys = 4'096;  // distinct keys remembered

bool blank(char c) noexcept { return c == ' ' || c == '\t'; }

// What a flag, a key without a value, is made of. Prose has other characters sooner or later; a key with a value may hold any.
bool flag_char(char c) noexcept {
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
    bool begins_with_flag = false;
    for (std::string_view rest = trim_left(line); !rest.empty(); rest = trim_left(rest)) {
      std::size_t end = 0;
      bool plain = true;
      while (end < rest.size() && rest[end] != '=' && rest[end] != '"' && !blank(rest[end]))
        plain = flag_char(rest[end++]) && plain;
      const bool pair = end < rest.size() && rest[end] == '=';
      if (end == 0 || (!pair && (!plain || (end < rest.size() && rest[end] == '"')))) return LineRead::unknown;
      const KeyMeaning& meaning = meaning_of(rest.substr(0, end));
      rest.remove_prefix(end);
      std::string_view text;
      if (!pair) {
        // Its field is there, and empty.
        begins_with_flag = begins_with_flag || pairs == 0;
        if (meaning.id != field::none) batch.add_text(meaning.id, {rest.data(), 0});
        else unnamed_fields_ += meaning.alias == field::none;
        continue;
      }
      rest.remove_prefix(1);
      if (!take_value(rest, text, batch)) return LineRead::unknown;
      ++pairs;
      Value value;
      if (meaning.id != field::none) {
        value = batch.add_number(meaning.id, text);
      } else {
        unnamed_fields_ += meaning.alias == field::none;
        value.set_text(text);
      }
      roles.take(meaning, value, batch);
    }
    if (pairs < 2 || !(roles.has_time() || roles.has_severity() || roles.has_message())) return LineRead::unknown;
    // Prose begins with a word, too: then the line has to say more.
    if (begins_with_flag && !(roles.has_time() && (roles.has_severity() || roles.has_message()))) return LineRead::unknown;
    roles.apply(format_, line, batch, record);
    return LineRead::record;
  }

 private:
  static bool take_value(std::string_view& rest, std::string_view& value, RecordBatch& batch) {
    if (rest.empty() || rest[0] != '"') {
      const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
      value = rest.substr(0, end);
      rest.remove_prefix(end);
      return value.find('"') == std::string_view::npos;
    }
    std::size_t end = 1;
    while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
    if (end >= rest.size()) return false;
    value = unescaped(rest.substr(1, end - 1), batch.arena, Escapes::c);
    rest.remove_prefix(end + 1);
    return rest.empty() || blank(rest[0]);
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
