#include "query/parameters.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "core/json.hpp"

namespace logystera::query {
namespace {

constexpr std::size_t kFaultsMost = 16;

template <typename Number>
std::optional<Number> number_from(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Exactly so many digits.
std::optional<int> digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, count)) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + (c - '0');
  }
  text.remove_prefix(count);
  return number;
}

bool take(std::string_view& text, std::string_view any) {
  if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// Days from 1970-01-01, of the proleptic Gregorian calendar.
std::int64_t days_of(int year, int month, int day) noexcept {
  const std::int64_t y = month <= 2 ? year - 1 : year;
  const std::int64_t era = (y >= 0 ? y : y - 399) / 400;
  const std::int64_t of_era = y - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int days_in(int year, int month) noexcept {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

}  // namespace

std::optional<std::int64_t> time_from(std::string_view text) {
  const auto year = digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = digits(text, 2);
  if (!month || !take(text, "-") || *month < 1 || *month > 12) return std::nullopt;
  const auto day = digits(text, 2);
  if (!day || *day < 1 || *day > days_in(*year, *month)) return std::nullopt;
  const std::int64_t date = days_of(*year, *month, *day) * 86400;
  if (text.empty()) return date;
  if (!take(text, "Tt ")) return std::nullopt;
  const auto hour = digits(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = digits(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  if (take(text, ".")) {
    if (!digits(text, 1)) return std::nullopt;
    while (digits(text, 1)) {
    }
  }
  std::int64_t offset = 0;
  if (!take(text, "Zz")) {
    const bool west = !text.empty() && text.front() == '-';
    if (!take(text, "+-")) return std::nullopt;
    const auto hours = digits(text, 2);
    if (!hours || !take(text, ":")) return std::nullopt;
    const auto minutes = digits(text, 2);
    if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
    offset = (*hours * 60 + *minutes) * (west ? -60 : 60);
  }
  if (!text.empty()) return std::nullopt;
  return date + *hour * 3600 + *minute * 60 + *second - offset;
}

std::string shown(std::string_view value) {
  constexpr std::size_t kShown = 64;
  std::string out;
  while (!value.empty()) {
    std::size_t skip = 1;
    const std::size_t size = json::utf8_sequence(value, skip);
    if (out.size() + std::max<std::size_t>(size, 1) > kShown) return out + "…";
    const auto first = static_cast<unsigned char>(value.front());
    if (size == 0 || first < 0x20 || first == 0x7f) out += '?';
    else out += value.substr(0, size);
    value.remove_prefix(size ? size : skip);
  }
  return out;
}

Parameters::Parameters(std::string_view query) {
  auto form = web::Form::parse(query);
  if (form) form_.emplace(std::move(form).value());
  else fault("", "the query string: " + form.error().message);
}

void Parameters::fault(std::string_view parameter, std::string detail) {
  if (faults_.size() < kFaultsMost) faults_.push_back({std::string(parameter), std::move(detail)});
}

std::string_view Parameters::ask(std::string_view name) {
  asked_.emplace_back(name);
  return form_ ? (*form_)[name] : std::string_view();
}

std::string Parameters::text(std::string_view name, std::size_t most) {
  const std::string_view given = ask(name);
  if (given.size() <= most) return std::string(given);
  fault(name, fmt::format("{} may have {} bytes, got {}", name, most, given.size()));
  return {};
}

std::optional<bool> Parameters::boolean(std::string_view name) {
  const std::string_view given = ask(name);
  if (given.empty()) return std::nullopt;
  if (given == "true" || given == "1") return true;
  if (given == "false" || given == "0") return false;
  fault(name, fmt::format("{} must be true or false, got '{}'", name, shown(given)));
  return std::nullopt;
}

std::optional<std::int64_t> Parameters::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const std::string_view given = ask(name);
  if (given.empty()) return std::nullopt;
  const auto number = number_from<std::int64_t>(given);
  if (number && *number >= least && *number <= most) return number;
  fault(name, fmt::format("{} must be {} to {}, got '{}'", name, least, most, shown(given)));
  return std::nullopt;
}

std::optional<std::size_t> Parameters::word(std::string_view name, std::initializer_list<std::string_view> words) {
  const std::string_view given = ask(name);
  if (given.empty()) return std::nullopt;
  const auto* found = std::find(words.begin(), words.end(), given);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  std::string all;
  for (const std::string_view word : words) all += (all.empty() ? "" : ", ") + std::string(word);
  fault(name, fmt::format("{} must be one of {}, got '{}'", name, all, shown(given)));
  return std::nullopt;
}

std::optional<Level> Parameters::level(std::string_view name) {
  const std::string_view given = ask(name);
  if (given.empty()) return std::nullopt;
  if (const auto level = level_from(lower(given))) return level;
  fault(name, fmt::format("{} must be one of informational, low, medium, high, critical, got '{}'", name, shown(given)));
  return std::nullopt;
}

std::optional<Severity> Parameters::severity(std::string_view name) {
  const std::string_view given = ask(name);
  if (given.empty()) return std::nullopt;
  const std::string wanted = lower(given);
  for (const Severity severity :
       {Severity::debug, Severity::info, Severity::warning, Severity::error, Severity::critical}) {
    if (lower(severity_name(severity)) == wanted) return severity;
  }
  fault(name, fmt::format("{} must be one of debug, info, warning, error, critical, got '{}'", name, shown(given)));
  return std::nullopt;
}

std::optional<std::int64_t> Parameters::since(std::int64_t now) {
  const auto hours = integer("since_hours", 1, kSinceHoursMost);
  const auto from = time("since");
  if (hours && from) fault("since", "give since or since_hours, not both");
  if (hours) return now - *hours * 3600;
  return from;
}

std::optional<std::int64_t> Parameters::time(std::string_view name) {
  const std::string_view given = ask(name);
  if (given.empty()) return std::nullopt;
  if (const auto time = time_from(given)) return time;
  fault(name,
        fmt::format("{} must be a time as 2026-05-18T10:00:00Z or a date as 2026-05-18, got '{}'", name, shown(given)));
  return std::nullopt;
}

std::vector<Fault> Parameters::finish() {
  if (form_) {
    for (const auto& [name, value] : form_->fields()) {
      if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
      std::string known;
      for (const std::string& one : asked_) known += (known.empty() ? "" : ", ") + one;
      fault(shown(name), known.empty() ? "there are no parameters here" : "there is no such parameter; known are " + known);
    }
  }
  return std::move(faults_);
}

QueryText& QueryText::add(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += (text_.empty() ? "" : "&") + std::string(name) + "=" + web::percent_encoded(value);
  return *this;
}

}  // namespace logystera::query
