#include "parse/line_pattern.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "core/json.hpp"
#include "parse/keys.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::int64_t kProgramBytes = 4 * 1024 * 1024;
constexpr std::size_t kSlots = kLinePatternGroups + 1;  // the whole match is the first

using Slots = std::array<re2::StringPiece, kSlots>;

Error wrong(std::string what) { return Error{std::move(what), ErrorKind::invalid}; }

std::string_view text_of(const re2::StringPiece& slot) { return {slot.data(), slot.size()}; }

bool match(const LinePattern& pattern, std::string_view line, Slots& slots) {
  return pattern.expression().Match({line.data(), line.size()}, 0, line.size(), re2::RE2::ANCHOR_BOTH, slots.data(),
                                    static_cast<int>(pattern.groups().size() + 1));
}

// Bytes that are no UTF-8 as question marks, since the expression's characters are UTF-8's: one stray byte in an address would keep
// a line from being read. Places stay the same.
std::string_view matchable(std::string_view line, Arena& arena) {
  if (json::is_utf8(line)) return line;
  char* const copy = arena.allocate(line.size());
  std::memcpy(copy, line.data(), line.size());
  for (std::size_t at = 0; at < line.size();) {
    std::size_t skip = 0;
    std::size_t size = json::utf8_sequence(line.substr(at), skip);
    if (size == 0) std::memset(copy + at, '?', size = std::max<std::size_t>(skip, 1));
    at += size;
  }
  return {copy, line.size()};
}

class PatternParser final : public LineParser {
 public:
  PatternParser(const Format& format, const ParserContext& context)
      : format_(format), pattern_(*format.line_pattern), time_(context.time) {
    for (const std::string& name : pattern_.groups()) {
      KeyMeaning meaning;
      if (!name.empty()) meaning = key_meaning(format, name, context.names);
      // What a record has besides its fields is no field; what has parts is taken apart.
      if (meaning.role != KeyMeaning::Role::plain) meaning.id = field::none;
      else if (meaning.alias == field::none && has_parts(meaning.id)) std::swap(meaning.id, meaning.alias);
      groups_.push_back({meaning, !name.empty() && meaning.role == KeyMeaning::Role::plain && meaning.id == field::none &&
                                      meaning.alias == field::none});
    }
  }

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    if (line.size() > kLinePatternLine) return LineRead::unknown;
    const std::string_view text = matchable(line, batch.arena);
    Slots slots;
    if (!match(pattern_, text, slots)) return LineRead::unknown;
    LineRoles roles(time_);
    bool timed = false;
    for (std::size_t i = 0; i < groups_.size(); ++i) {
      const std::string_view found = text_of(slots[i + 1]);
      if (found.empty()) continue;  // it took no part, or has nothing to say
      const std::string_view value = line.substr(static_cast<std::size_t>(found.data() - text.data()), found.size());
      const KeyMeaning& meaning = groups_[i].meaning;
      unnamed_fields_ += groups_[i].unnamed;
      timed = timed || meaning.role == KeyMeaning::Role::time;
      take(meaning, value, roles, batch);
    }
    if (timed && !roles.has_time()) return LineRead::unknown;
    roles.apply(format_, line, batch, record);
    return LineRead::record;
  }

 private:
  struct Group {
    KeyMeaning meaning;
    bool unnamed;  // a field the table of names has no room for
  };

  static bool has_parts(FieldId id) noexcept {
    constexpr FieldId kThose[] = {field::client_ip, field::request, field::url,    field::path,
                                  field::method,    field::status,  field::program};
    return std::find(std::begin(kThose), std::end(kThose), id) != std::end(kThose);
  }

  static void take(const KeyMeaning& meaning, std::string_view text, LineRoles& roles, RecordBatch& batch) {
    Value value;
    if (meaning.id != field::none) {
      value = batch.add_number(meaning.id, text);
    } else {
      value.set_text(text);
      if (meaning.role == KeyMeaning::Role::severity) {
        std::int64_t number = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error == std::errc() && end == text.data() + text.size()) {
          value.kind = Value::Kind::integer;
          value.as.integer = number;
        }
      }
    }
    roles.take(meaning, value, batch);
  }

  const Format& format_;
  const LinePattern& pattern_;
  TimeContext time_;
  std::vector<Group> groups_;
};

}  // namespace

Result<std::shared_ptr<const LinePattern>> LinePattern::compile(Format& format) {
  if (format.pattern.empty()) return wrong("\"pattern\" is missing: an expression with named groups, like (?P<message>.*)");
  if (format.pattern.size() > kLinePatternBytes)
    return Error{"\"pattern\": at most " + std::to_string(kLinePatternBytes) + " bytes", ErrorKind::too_large};
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kProgramBytes);
  auto compiled = std::make_shared<LinePattern>();
  auto expression = std::make_shared<const re2::RE2>(format.pattern, options);
  if (!expression->ok())
    return wrong("\"pattern\": RE2 cannot run it: " + expression->error() +
                 " (a group's name is given as (?P<name>…); look-around and back-references are not supported)");
  const auto count = static_cast<std::size_t>(expression->NumberOfCapturingGroups());
  if (count > kLinePatternGroups)
    return Error{"\"pattern\": at most " + std::to_string(kLinePatternGroups) +
                     " groups; write (?:…) where a group's text is not wanted",
                 ErrorKind::too_large};
  if (expression->NamedCapturingGroups().empty())
    return wrong("\"pattern\": no group has a name, so nothing would be read: write (?P<time>…), (?P<message>…) and so on");
  if (re2::RE2::FullMatch("", *expression))
    return wrong("\"pattern\": it matches the empty text, so it would read anything: make it require something");
  if (expression->NamedCapturingGroups().size() != expression->CapturingGroupNames().size())
    return wrong("\"pattern\": two groups have the same name: give each its own");
  compiled->groups_.resize(count);
  for (const auto& [index, name] : expression->CapturingGroupNames())
    compiled->groups_[static_cast<std::size_t>(index) - 1] = name;
  compiled->expression_ = std::move(expression);

  struct Own {
    std::string_view name;
    std::vector<std::string>& keys;
  };
  for (const auto& [name, keys] : {Own{"time", format.time_keys}, Own{"severity", format.severity_keys},
                                   Own{"message", format.message_keys}, Own{"host", format.host_keys}}) {
    for (const std::string& key : keys)
      if (std::find(compiled->groups_.begin(), compiled->groups_.end(), key) == compiled->groups_.end())
        return wrong("\"" + std::string(name) + "\": the pattern has no group named '" + key + "'");
    if (keys.empty()) keys.emplace_back(name);
  }
  for (const auto& [key, alias] : format.aliases)
    if (std::find(compiled->groups_.begin(), compiled->groups_.end(), key) == compiled->groups_.end())
      return wrong("\"aliases\": the pattern has no group named '" + key + "'");
  return std::shared_ptr<const LinePattern>(std::move(compiled));
}

std::string LinePattern::refusal(std::string_view line, const Format& format, const TimeContext& time) const {
  if (line.size() > kLinePatternLine) return "lines over " + std::to_string(kLinePatternLine) + " bytes are not matched";
  Arena arena;
  Slots slots;
  if (!match(*this, matchable(line, arena), slots)) return "the pattern does not match the whole line";
  for (std::size_t i = 0; i < groups_.size(); ++i) {
    const std::string_view text = text_of(slots[i + 1]);
    std::int64_t ns = 0;
    if (text.empty() || std::find(format.time_keys.begin(), format.time_keys.end(), groups_[i]) == format.time_keys.end())
      continue;
    if (read_any_time(text, time, ns) != text.size())
      return "the group '" + groups_[i] + "' has '" + std::string(text.substr(0, 64)) +
             "', which is no time that can be read: ISO 8601 is one, so is an access log's or syslog's";
  }
  return {};
}

std::unique_ptr<LineParser> make_pattern_parser(const Format& format, const ParserContext& context) {
  return std::make_unique<PatternParser>(format, context);
}

}  // namespace logystera::parse
