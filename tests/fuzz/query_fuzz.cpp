// What is made of a query string: any bytes are refused with words, or become a list whose parameters, put together again, are the same
// list; and any cursor is one of ours, written as we write it, or none.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "query/lists.hpp"

namespace {

using namespace logystera;
using namespace logystera::query;

void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

template <typename A>
void one(Read<A> (*read)(std::string_view, const Defaults&), std::string_view text) {
  Defaults defaults;
  defaults.now = 1'774'211'679;
  defaults.personal = true;
  const auto asked = read(text, defaults);
  must(asked.value.has_value() == asked.faults.empty(), "a list and faults");
  if (!asked) return;
  must(asked->request.limit >= 1 && asked->request.limit <= kLimitMost, "a page beyond the limit");
  const auto again = read(asked->parameters, defaults);
  must(again.value.has_value(), "what was put together again is refused");
  must(again->parameters == asked->parameters, "what was put together again is something else");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  one(read_findings, text);
  one(read_alerts, text);
  one(read_errors, text);
  one(read_signals, text);
  if (const auto cursor = time_cursor(List::findings, text))
    must(encoded(List::findings, *cursor) == text, "two spellings of a cursor");
  if (const auto cursor = error_cursor(List::errors_by_count, text)) {
    must(encoded(List::errors_by_count, *cursor) == text, "two spellings of a cursor");
  }
  (void)time_from(text);
  must(shown(text).size() <= 68, "more is shown than a few words");
  return 0;
}
