#include "ask/sqlite/pushed.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "core/severity.hpp"
#include "filter/level_word.hpp"
#include "filter/moment.hpp"
#include "redact/pseudonym.hpp"

namespace logystera::ask {
namespace {

using filter::Own;

constexpr std::size_t kDigitsThatMayGo = 12;              // of a number: a card's at least
constexpr std::int64_t kShiftNs = 25 * 3600 * kSecondNs;  // clocks were set at that time: no more than a day and an hour

bool is_order(int op) noexcept {
  return op == SQLITE_INDEX_CONSTRAINT_GT || op == SQLITE_INDEX_CONSTRAINT_GE || op == SQLITE_INDEX_CONSTRAINT_LT ||
         op == SQLITE_INDEX_CONSTRAINT_LE;
}

// Whether redaction may have written this: a mask, or a name with the digits of a pseudonym.
bool may_be_replacement(std::string_view text) noexcept {
  if (text.find('<') != std::string_view::npos) return true;
  for (std::size_t at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
    std::size_t digits = 0;
    while (at + 1 + digits < text.size() &&
           std::string_view("0123456789abcdef").find(text[at + 1 + digits]) != std::string_view::npos)
      ++digits;
    if (digits >= redact::kPseudonymDigits) return true;
  }
  return false;
}

// Whether SQLite may take it for a number where it is compared with one.
bool may_be_number(std::string_view text) noexcept {
  return !text.empty() &&
         (static_cast<unsigned char>(text[0]) <= ' ' || (text[0] >= '+' && text[0] <= '9' && text[0] != '/'));
}

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text ? std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value))) : std::string_view();
}

}  // namespace

std::optional<int> level_order(std::string_view name) noexcept {
  name = filter::level_word(name);
  for (int i = 0; i <= static_cast<int>(Severity::critical); ++i)
    if (filter::same_letters(severity_name(static_cast<Severity>(i)), name)) return i;
  return std::nullopt;
}

const char* own_collation(const Column& column) noexcept { return column.own == Own::level ? "severity" : "BINARY"; }

bool can_push(const Column& column, int op, std::string_view collation, bool redacted) noexcept {
  if (column.all_fields || (redacted && column.redacted) || !filter::same_letters(collation, own_collation(column)))
    return false;
  const bool equal = op == SQLITE_INDEX_CONSTRAINT_EQ || op == kOneOf;
  switch (column.own) {
    case Own::time: return op == SQLITE_INDEX_CONSTRAINT_EQ || is_order(op);
    case Own::none:
    case Own::level:
    case Own::line: return equal || is_order(op);
    case Own::source:
    case Own::format:
    case Own::kind: return equal;
    case Own::message:
    case Own::raw:
    case Own::host: return false;
  }
  return false;
}

// Times are shown, and compared, as texts of a clock. A text that is a whole time is a point; others are left to SQLite.
bool Pushed::bound_time(Test& test, std::string_view text) const {
  constexpr std::size_t kDateBytes = 10, kTimeBytes = 19;
  if (text.size() != kDateBytes && text.size() != 16 && text.size() != kTimeBytes) return false;
  constexpr std::string_view kShape = "0000-00-00 00:00:00";
  for (std::size_t i = 0; i < text.size(); ++i)
    if (kShape[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != kShape[i]) return false;
  auto moment = filter::parse_moment(text, {0, zone_});
  if (!moment) return false;
  // At most a second is between a text without a fraction and what it begins; where clocks were set, far more.
  std::int64_t slack = kSecondNs;
  const std::int64_t around = moment->begin / kSecondNs;
  if (zone_->offset_at(around - kShiftNs / kSecondNs) != zone_->offset_at(around + kShiftNs / kSecondNs)) slack = kShiftNs;
  const std::int64_t unit = text.size() == 16           ? 60 * kSecondNs
                            : text.size() == kDateBytes ? 24 * 3600 * kSecondNs
                                                        : kSecondNs;
  if (test.op != SQLITE_INDEX_CONSTRAINT_LT && test.op != SQLITE_INDEX_CONSTRAINT_LE) test.from_ns = moment->begin - slack;
  if (test.op != SQLITE_INDEX_CONSTRAINT_GT && test.op != SQLITE_INDEX_CONSTRAINT_GE)
    test.until_ns = moment->begin + unit + slack;
  return true;
}

// One value to compare with. False: whether it holds is left to SQLite.
bool Pushed::take(const Column& column, Test& test, sqlite3_value* value) const {
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    // A column of texts compares numbers as texts.
    if ((column.own != Own::none && column.own != Own::line) || column.type == Type::text) return false;
    test.number = true;
    test.reals.insert(sqlite3_value_double(value));
    return true;
  }
  if (type != SQLITE_TEXT) return false;
  const std::string_view text = text_of(value);
  switch (column.own) {
    case Own::time: return bound_time(test, text);
    case Own::level: {
      const auto order = level_order(text);
      if (!order) return false;
      test.number = true;
      test.reals.insert(*order);
      return true;
    }
    case Own::none:
      // Numbers are equal however they are written.
      if (is_order(test.op) || column.type != Type::text || may_be_number(text)) return false;
      if (redacted_ && may_be_replacement(text)) return false;
      break;
    case Own::source:
    case Own::format:
    case Own::kind: break;
    default: return false;
  }
  test.texts.emplace(text);
  return true;
}

bool Pushed::take_list(const Column& column, Test& test, sqlite3_value* list) const {
  sqlite3_value* value = nullptr;
  int code = sqlite3_vtab_in_first(list, &value);
  for (; code == SQLITE_OK && value; code = sqlite3_vtab_in_next(list, &value))
    if (sqlite3_value_type(value) != SQLITE_NULL && !take(column, test, value)) return false;
  return code == SQLITE_DONE && (!test.reals.empty() || !test.texts.empty());
}

void Pushed::add(const Column& column, int op, sqlite3_value* value) {
  Test test;
  test.own = column.own;
  test.field = column.field;
  test.op = op;
  if (op == kOneOf ? take_list(column, test, value) : take(column, test, value)) tests_.push_back(std::move(test));
}

bool Pushed::holds(const Test& test, double value) {
  const double first = *test.reals.begin();
  switch (test.op) {
    case SQLITE_INDEX_CONSTRAINT_GT: return value > first;
    case SQLITE_INDEX_CONSTRAINT_GE: return value >= first;
    case SQLITE_INDEX_CONSTRAINT_LT: return value < first;
    case SQLITE_INDEX_CONSTRAINT_LE: return value <= first;
    default: return test.reals.contains(value);
  }
}

bool Pushed::holds(const Test& test, std::string_view value) { return test.texts.contains(value); }

bool Pushed::passes(const Test& test, const Record& record) {
  switch (test.own) {
    case Own::time: return record.time_known && record.time_ns >= test.from_ns && record.time_ns < test.until_ns;
    case Own::level: return holds(test, static_cast<double>(record.severity));
    case Own::line: return holds(test, static_cast<double>(record.line));
    case Own::source: return true;  // by may_be_of()
    case Own::format: return holds(test, record.format);
    case Own::kind: return holds(test, record_kind_name(record.kind));
    default: break;
  }
  const Value* value = record.find(test.field);
  if (!value || value->kind == Value::Kind::null) return false;  // NULL is neither
  if (test.number) {
    if (value->kind == Value::Kind::boolean) return true;
    if (!value->is_number() || value->text_size >= kDigitsThatMayGo) return true;
    return holds(test, value->as_real());
  }
  return value->kind != Value::Kind::string || holds(test, value->text());
}

bool Pushed::may_be(const Record& record) const {
  return std::all_of(tests_.begin(), tests_.end(), [&](const Test& test) { return passes(test, record); });
}

bool Pushed::may_be_of(std::string_view source) const {
  return std::all_of(tests_.begin(), tests_.end(),
                     [&](const Test& test) { return test.own != Own::source || holds(test, source); });
}

}  // namespace logystera::ask
