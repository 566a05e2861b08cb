// Query strings, read strictly: every parameter is known, once there and within its range, or the whole is refused, with words for
// each that is wrong. An empty value is as none: a form sends all its fields.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/severity.hpp"
#include "web/form.hpp"

namespace logystera::query {

inline constexpr std::int64_t kSinceHoursMost = 8760;
inline constexpr std::size_t kTextBytes = 256;   // of what is looked for
inline constexpr std::size_t kNameBytes = 1024;  // of a rule, a source, a site
inline constexpr std::size_t kLimitMost = 1000;

/// What is wrong with one parameter, for the person who wrote it: what it may be, and what was given.
struct Fault {
  std::string parameter;  // empty: the query string itself
  std::string detail;
};

/// Something read, or why it could not be.
template <typename T>
struct Read {
  std::optional<T> value;
  std::vector<Fault> faults;  // at least one where there is no value

  explicit operator bool() const noexcept { return value.has_value(); }
  T* operator->() noexcept { return &*value; }
  const T* operator->() const noexcept { return &*value; }
};

/// "2026-05-18T10:00:01Z", with an offset or a fraction (which is dropped), or "2026-05-18" alone (midnight, UTC): unix seconds.
std::optional<std::int64_t> time_from(std::string_view text);

class Parameters {
 public:
  explicit Parameters(std::string_view query);

  /// What was given; empty: nothing. Longer than `most` bytes is a fault.
  std::string text(std::string_view name, std::size_t most);
  std::optional<bool> boolean(std::string_view name);
  std::optional<std::int64_t> integer(std::string_view name, std::int64_t least, std::int64_t most);
  /// One of the words; its place among them.
  std::optional<std::size_t> word(std::string_view name, std::initializer_list<std::string_view> words);
  std::optional<Level> level(std::string_view name);
  std::optional<Severity> severity(std::string_view name);
  /// `since_hours` or `since`, not both.
  std::optional<std::int64_t> since(std::int64_t now);
  std::optional<std::int64_t> time(std::string_view name);

  void fault(std::string_view parameter, std::string detail);
  /// To be called last: parameters nobody has asked for are faults.
  std::vector<Fault> finish();

 private:
  std::string_view ask(std::string_view name);

  std::optional<web::Form> form_;
  std::vector<std::string> asked_;
  std::vector<Fault> faults_;
};

/// A query string put together again: percent-encoded, in the order of the calls, without what is empty.
class QueryText {
 public:
  QueryText& add(std::string_view name, std::string_view value);
  QueryText& number(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// Of a value in words: at most 64 bytes of it, without control characters.
std::string shown(std::string_view value);

}  // namespace logystera::query
