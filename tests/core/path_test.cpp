#include "core/path.hpp"

#include "catch.hpp"
#include "core/ip.hpp"

using namespace logystera;

namespace {

const HmacKey& key() {
  static const HmacKey kKey("a key of the site");
  return kKey;
}

std::string path(std::string_view text) {
  std::string room(65536, '\0');
  json::Output out(room.data(), room.size());
  write_path(out, text, key());
  return room.substr(1, out.size() - 2);
}

std::string hash(std::string_view id) { return to_hex(key().digest(id)).substr(0, 12); }

}  // namespace

TEST_CASE("ordinary_paths_are_written_as_they_are") {
  for (const char* text : {"/", "", "/admin/content", "/node/42", "/users/42", "/user", "/user/", "/user/login",
                           "/blog/how-to-build-a-house-in-2024", "/internationalization-of-everything",
                           "/a/very/deep/path/with/many/segments/in/it", "/über/uns"}) {
    CHECK(path(text) == text);
  }
}

TEST_CASE("query_and_fragment_are_cut_off") {
  CHECK(path("/search?q=secret") == "/search");
  CHECK(path("/page#part") == "/page");
  CHECK(path("?q=1") == "");
  CHECK(path("/user/42?destination=/user/43") == "/user/" + hash("42"));
}

TEST_CASE("user_ids_in_paths_are_hashed") {
  CHECK(path("/user/42") == "/user/" + hash("42"));
  CHECK(path("/user/42/edit") == "/user/" + hash("42") + "/edit");
  CHECK(path("/en/user/42/edit") == "/en/user/" + hash("42") + "/edit");
  CHECK(path("/User/42/edit") == "/User/" + hash("42") + "/edit");
  CHECK(path("//user//42") == "//user//" + hash("42"));
  CHECK(path("/user/%34%32/edit") == "/user/" + hash("42") + "/edit");
  CHECK(path("/%75ser/42/edit") == "/%75ser/" + hash("42") + "/edit");
  for (const char* rest : {";a=1", ",43", "~", "%00", "_old", "%20", ";", "..42"}) {
    INFO(rest);
    const bool dot = rest[0] == '.';
    CHECK(path("/user/42" + std::string(rest)) == "/user/" + hash("42") + (dot ? ".*" : "*"));
  }
  CHECK(path("/user/+42/edit") == "/user/" + hash("42") + "/edit");
  CHECK(path("/user/%2042") == "/user/" + hash("42"));
  CHECK(path("/user/42.json") == "/user/" + hash("42") + ".json");
  CHECK(path("/user/2fa") == "/user/2fa");  // a page, not an account
  const std::string uuid = "9ad113c7-0ff8-4dc6-bb68-1b836a90ea80";
  CHECK(path("/jsonapi/user/user/" + uuid) == "/jsonapi/user/user/" + hash(uuid));
  CHECK(path("/jsonapi/user/user/" + uuid + ";x") == "/jsonapi/user/user/" + hash(uuid) + "*");
  CHECK(path("/jsonapi/node/article/" + uuid) == "/jsonapi/node/article/" + uuid);
}

TEST_CASE("a_one_time_login_link_leaves_nothing_behind") {
  CHECK(path("/user/reset/42/1774211679/abcdefghijklmnopqrstuvwxyz/login") == "/user/reset/*");
  CHECK(path("/en/user/RESET/42") == "/en/user/RESET/*");
}

TEST_CASE("tokens_are_replaced") {
  CHECK(path("/verify/0123456789abcdef0123") == "/verify/*");
  CHECK(path("/verify/0123456789ABCDEF0123/done") == "/verify/*/done");
  CHECK(path("/t/aGVsbG8gd29ybGQxMjM0NTY3ODk=") == "/t/*");
  CHECK(path("/t/k3j5h2k3j4h5k2j3h4k5") == "/t/*");
  CHECK(path("/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl") == "/t/*");
  CHECK(path("/t/Ab3-Cd4_Ef5-Gh6_Ij7-Kl8") == "/t/*");
  CHECK(path("/t/deadbeefdeadbeefdeadbeef") == "/t/*");
  CHECK(path("/t/AbCdEfGhIjKlMnOpQrStUvWx") == "/t/*");
  CHECK(path("/t/0123456789abcdef0123456789abcdef.json") == "/t/*.json");
  CHECK(path("/docs/HowToBuildAHouseInTheWoods") == "/docs/HowToBuildAHouseInTheWoods");
  CHECK(path("/t/0123456789abcdef012") == "/t/0123456789abcdef012");  // 19 characters
}

TEST_CASE("long_paths_are_cut_and_said_to_be") {
  std::string room(65536, '\0');
  json::Output out(room.data(), room.size());
  CHECK(write_path(out, "/" + std::string(5000, 'x'), key()));
  CHECK(out.size() <= kPathBytesMax + 2);
}

TEST_CASE("addresses_are_shortened_to_their_network") {
  char room[kIpChars];
  CHECK(anonymize_ip("192.168.1.100", room) == "192.168.1.0");
  CHECK(anonymize_ip("::ffff:192.168.1.100", room) == "192.168.1.0");
  CHECK(anonymize_ip("2001:db8:1:2:3:4:5:6", room) == "2001:db8:1:2::");
  CHECK(anonymize_ip("not an address", room).empty());
  CHECK(anonymize_ip("", room).empty());
  CHECK(anonymize_ip(std::string(100, '1'), room).empty());
}
