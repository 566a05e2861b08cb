#include "alert/link.hpp"

#include <map>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::alert;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

std::map<std::string, std::string> parts_of(const std::string& link) {
  std::map<std::string, std::string> parts;
  parts["alert"] = link.substr(3, link.find('/', 3) - 3);
  for (std::size_t at = link.find('?'); at != link.npos;) {
    const std::size_t equal = link.find('=', at), next = link.find('&', equal);
    parts[link.substr(at + 1, equal - at - 1)] = link.substr(equal + 1, next == link.npos ? next : next - equal - 1);
    at = next;
  }
  return parts;
}

Result<SnoozeLink> read(const HmacKey& key, const std::map<std::string, std::string>& parts, std::int64_t now = kNow) {
  return read_link(key, parts.at("alert"), parts.at("d"), parts.at("c"), parts.at("e"), parts.at("t"), now);
}

}  // namespace

TEST_CASE("a_snooze_link_is_good_for_its_alert_duration_channel_and_a_day") {
  const HmacKey key("secret");
  const SnoozeLink link{812, "4h", 3, kNow + kLinkSeconds};
  const auto parts = parts_of(link.text(key));
  auto read_back = read(key, parts);
  REQUIRE(read_back.ok());
  CHECK(read_back->alert == 812);
  CHECK(read_back->duration == "4h");
  CHECK(read_back->channel == 3);
  CHECK(read(key, parts, kNow + kLinkSeconds - 1).ok());
  CHECK(read(key, parts, kNow + kLinkSeconds).error().kind == ErrorKind::not_found);
}

TEST_CASE("a_snooze_link_somebody_changed_is_none") {
  const HmacKey key("secret");
  const auto parts = parts_of(SnoozeLink{812, "4h", 3, kNow + 100}.text(key));
  const std::pair<std::string, std::vector<std::string>> changes[] = {
      {"alert", {"813", "0812", "+812", "", "812 ", "99999999999999999999"}},
      {"d", {"24h", "4H", "", "4", "90d"}},
      {"c", {"4", "-3", "03", ""}},
      {"e", {std::to_string(kNow + 101), "", "x"}},
      {"t", {"", "x", parts.at("t") + "A", parts.at("t").substr(1)}}};
  for (const auto& [name, values] : changes) {
    for (const std::string& value : values) {
      auto changed = parts;
      changed[name] = value;
      INFO(name << "=" << value);
      auto result = read(key, changed);
      REQUIRE_FALSE(result.ok());
      CHECK(result.error().kind == ErrorKind::denied);
    }
  }
  CHECK_FALSE(read(HmacKey("another"), parts).ok());
  // However it was signed, none is good for longer than a day.
  CHECK_FALSE(read(key, parts_of(SnoozeLink{812, "4h", 3, kNow + kLinkSeconds + 1}.text(key))).ok());
}
