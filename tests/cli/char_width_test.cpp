// Columns of characters on a terminal.
#include "cli/char_width.hpp"

#include <locale.h>
#include <wchar.h>

#include <string>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::cli;

namespace {

template <std::size_t size>
bool in_order(const CodePoints (&ranges)[size]) {
  for (std::size_t i = 0; i < size; ++i)
    if (ranges[i].last < ranges[i].first || (i > 0 && ranges[i].first <= ranges[i - 1].last)) return false;
  return true;
}

}  // namespace

TEST_CASE("widths_of_characters_stand_in_order") {
  CHECK(in_order(kWide));
  CHECK(in_order(kZeroWidth));
}

TEST_CASE("a_character_takes_the_columns_that_the_c_library_says") {
  const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  REQUIRE(utf8 != nullptr);
  const locale_t before = ::uselocale(utf8);
  const std::u32string
      narrow = U"aé€ﬁ†→☀✓❤Яא☎\u00ad\u0600\u0903\u0e33\u1f321",
      wide =
          U"漢字ひア한！￥⌚⏩⏰⏳◽☔♈♿⚓⚡⚪⚽⛄⛎⛔⛪⛲⛵⛺⛽✅✊✨❌❎❓❗➕➰➿⬛⭐⭕ꥠ\U0001f004\U0001f0cf\U0001f18e\U0001f191"
          U"\U0001f200\U00016fe0\U00017000\U0001b000\U0001f600\U0001f680\U0001f9ff\U00020000",
      none =
          U"\u0301\u0483\u0591\u05bf\u05c7\u0610\u064b\u0670\u06d6\u06ea\u0901\u093c\u0941\u094d\u0951\u0e31"
          U"\u0e34\u0e47\u1160\u11ff\u200b\u200d\u200f\u2060\u2064\u20d0\ufe0f\ufeff\U000e0100";
  for (const auto& [text, columns] : {std::pair{&narrow, 1}, {&wide, 2}, {&none, 0}})
    for (const char32_t point : *text) {
      CAPTURE(static_cast<unsigned>(point));
      CHECK(static_cast<int>(width_of(point)) == columns);
      CHECK(::wcwidth(static_cast<wchar_t>(point)) == columns);
    }
  ::uselocale(before);
  ::freelocale(utf8);
}
