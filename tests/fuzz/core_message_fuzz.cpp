// Any bytes as an error text or a statement: valid JSON within its bound, nothing written behind the room it is given, and a value
// that is planted in it never comes through.
#include <cstring>

#include "core/message.hpp"
#include "fuzz/core_oracle.hpp"
#include "guarded.hpp"

using namespace logystera;
using namespace logystera::test;

namespace {

constexpr std::string_view kNumber = "918273645";
constexpr std::string_view kSecret = "Hunter2Hunter2";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Guarded guarded(64 * 1024);
  Parts parts(data, size);
  const std::uint8_t choice = parts.byte();
  const bool is_sql = (choice & 1) != 0;
  const json::Bound bound = {std::size_t{parts.byte()} * 17, (choice & 2) != 0};
  const std::size_t room = std::size_t{parts.byte()} * 19;

  // The rule alone, into memory as long as the text: it makes nothing longer.
  const std::string_view text = parts.rest();
  BoundedWriter scrubbed(guarded.last(text.size() <= 64 * 1024 ? text.size() : 0),
                         text.size() <= 64 * 1024 ? text.size() : 0);
  scrub_message(scrubbed, text, is_sql);
  require(text.size() > 64 * 1024 || !scrubbed.cut());

  // Paths made relative: no longer than the text either, and nothing of a root that is planted.
  BoundedWriter relative(guarded.last(text.size() <= 64 * 1024 ? text.size() : 0),
                         text.size() <= 64 * 1024 ? text.size() : 0);
  relative_paths(relative, text, choice & 4 ? "/srv/site" : "");
  require(text.size() > 64 * 1024 || !relative.cut());

  json::Output whole(guarded.last(64 * 1024), 64 * 1024);
  write_message(whole, text, is_sql, bound);
  require(!whole.full());
  text_of(whole.view(), bound);

  json::Output small(guarded.last(room), room);
  write_message(small, text, is_sql, bound);
  require(small.size() <= room);
  if (!small.full()) text_of(small.view(), bound);

  // A value at the end, where nothing before it can end its own text inside of it.
  std::string planted(text.substr(0, kMessageBytesMax / 2));
  planted.append(is_sql ? " = " : " token=").append(is_sql ? kNumber : kSecret).append(" ");
  json::Output safe(guarded.last(64 * 1024), 64 * 1024);
  write_message(safe, planted, is_sql, {kMessageBytesMax, false});
  require(safe.view().find(is_sql ? kNumber : kSecret) == std::string_view::npos ||
          text.find(is_sql ? kNumber : kSecret) != std::string_view::npos);

  // A row PostgreSQL shows, whatever stands in it before that value.
  std::string row("DETAIL:  Failing row contains (");
  row.append(text.substr(0, kMessageBytesMax / 2)).append(", ").append(kSecret).append(").");
  json::Output masked(guarded.last(64 * 1024), 64 * 1024);
  write_message(masked, row, false, {kMessageBytesMax, false});
  require(masked.view().find(kSecret) == std::string_view::npos || text.find(kSecret) != std::string_view::npos);
  return 0;
}
