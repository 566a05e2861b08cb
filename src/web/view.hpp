// What a template is filled with: named texts, flags, and lists of the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace logystera::web {

/// A section of a template ({{#name}}…{{/name}}) is shown for a flag that is set, a text that is not empty, each row of a list, and
/// a view; a name that is missing here is looked for in what encloses it, so a row names everything its template asks for.
/// Texts may be anything: the template shows markup, control and bidirectional characters as what they are.
class View {
 public:
  View();
  ~View();
  View(View&&) noexcept;
  View& operator=(View&&) noexcept;

  View& text(std::string_view name, std::string_view value);
  View& flag(std::string_view name, bool value);
  /// "1,234".
  View& number(std::string_view name, std::uint64_t value);
  /// A moment, unix seconds, for the partial `time`; 0: not shown.
  View& time(std::string_view name, std::int64_t seconds);
  View& view(std::string_view name, View value);
  View& rows(std::string_view name, std::vector<View> rows);

 private:
  friend class Templates;
  struct Data;
  std::unique_ptr<Data> data_;
};

/// "2026-11-28T20:35:00Z" and "28 Nov 2026, 20:35 UTC"; empty outside the years 1 to 9999.
std::string iso_time(std::int64_t seconds);
std::string utc_words(std::int64_t seconds);

}  // namespace logystera::web
