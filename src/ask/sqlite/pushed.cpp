#include "ask/sqlite/pushed.hpp"

#include <algorithm>
#include <utility>

#include "core/clock.hpp"
#include "core/severity.hpp"
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

template <typename T>
bool holds(int op, const T& a, const T& b) {
  switch (op) {
    case SQLITE_INDEX_CONSTRAINT_EQ: return a == b;
    case SQLITE_INDEX_CONSTRAINT_GT: return a > b;
    case SQLITE_INDEX_CONSTRAINT_GE: return a >= b;
    case SQLITE_INDEX_CONSTRAINT_LT: return a < b;
    case SQLITE_INDEX_CONSTRAINT_LE: return a <= b;
    default: return true;
  }
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

std::string_view text_of(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));
  return text ? std::string_view(text, static_cast<std::size_t>(sqlite3_value_bytes(value))) : std::string_view();
}

}  // namespace

std::optional<int> level_order(std::string_view name) noexcept {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  for (int i = 0; i <= static_cast<int>(Severity::critical); ++i) {
    const std::string_view level = severity_name(static_cast<Severity>(i));
    if (level.size() == name.size() &&
        std::equal(level.begin(), level.end(), name.begin(), [&](char a, char b) { return lower(a) == lower(b); }))
      return i;
  }
  return std::nullopt;
}

bool can_push(const Column& column, unsigned char op) noexcept {
  if (column.all_fields) return false;
  const bool equal = op == SQLITE_INDEX_CONSTRAINT_EQ;
  switch (column.own) {
    case Own::none:
    case Own::time:
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
  if (text.size() > kDateBytes && text[kDateBytes] != ' ') return false;
  auto moment = filter::parse_moment(text, {0, zone_});
  if (!moment || text[4] != '-') return false;
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

void Pushed::add(const Column& column, int op, sqlite3_value* value) {
  Test test;
  test.own = column.own;
  test.field = column.field;
  test.op = op;
  const int type = sqlite3_value_type(value);
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    // A column of texts compares numbers as texts.
    if ((column.own != Own::none && column.own != Own::line) || column.type == Type::text) return;
    test.number = true;
    test.real = sqlite3_value_double(value);
    tests_.push_back(std::move(test));
    return;
  }
  if (type != SQLITE_TEXT) return;
  test.text = text_of(value);
  switch (column.own) {
    case Own::time:
      if (bound_time(test, test.text)) tests_.push_back(std::move(test));
      return;
    case Own::level: {
      const auto order = level_order(test.text);
      if (!order) return;
      test.number = true;
      test.real = *order;
      break;
    }
    case Own::none:
      if (op != SQLITE_INDEX_CONSTRAINT_EQ || (redacted_ && may_be_replacement(test.text))) return;
      break;
    case Own::source:
    case Own::format:
    case Own::kind: break;
    default: return;
  }
  tests_.push_back(std::move(test));
}

bool Pushed::passes(const Test& test, const Record& record) {
  switch (test.own) {
    case Own::time: return record.time_known && record.time_ns >= test.from_ns && record.time_ns < test.until_ns;
    case Own::level: return holds(test.op, static_cast<double>(record.severity), test.real);
    case Own::line: return holds(test.op, static_cast<double>(record.line), test.real);
    case Own::source: return true;  // by may_be_of()
    case Own::format: return record.format == test.text;
    case Own::kind: return record_kind_name(record.kind) == test.text;
    default: break;
  }
  const Value* value = record.find(test.field);
  if (!value || value->kind == Value::Kind::null) return false;  // NULL is neither
  if (test.number) {
    if (value->kind == Value::Kind::boolean) return true;
    if (!value->is_number() || value->text_size >= kDigitsThatMayGo) return true;
    return holds(test.op, value->as_real(), test.real);
  }
  return value->kind != Value::Kind::string || value->text() == test.text;
}

bool Pushed::may_be(const Record& record) const {
  return std::all_of(tests_.begin(), tests_.end(), [&](const Test& test) { return passes(test, record); });
}

bool Pushed::may_be_of(const std::string& source) const {
  return std::all_of(tests_.begin(), tests_.end(),
                     [&](const Test& test) { return test.own != Own::source || source == test.text; });
}

}  // namespace logystera::ask
