// Any bytes as a path: valid JSON within its bound, nothing written behind the room it is given, no account id comes through.
#include "core/path.hpp"
#include "fuzz/core_oracle.hpp"
#include "guarded.hpp"

using namespace logystera;
using namespace logystera::test;

namespace {

constexpr std::string_view kAccount = "918273645";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Guarded guarded(16 * 1024);
  static const HmacKey key("a key of the site");
  constexpr json::Bound kBound = {kPathBytesMax, false};
  Parts parts(data, size);
  const std::size_t room = std::size_t{parts.byte()} * 9;
  const std::string_view text = parts.rest();

  json::Output whole(guarded.last(16 * 1024), 16 * 1024);
  write_path(whole, text, key);
  require(!whole.full());
  text_of(whole.view(), kBound);

  json::Output small(guarded.last(room), room);
  write_path(small, text, key);
  require(small.size() <= room);
  if (!small.full()) text_of(small.view(), kBound);

  std::string planted(text.substr(0, kPathBytesMax / 2));
  planted.append("/user/").append(kAccount).append("/edit");
  json::Output safe(guarded.last(16 * 1024), 16 * 1024);
  write_path(safe, planted, key);
  require(text_of(safe.view(), kBound).find(kAccount) == std::string_view::npos ||
          text.find(kAccount) != std::string_view::npos);
  return 0;
}
