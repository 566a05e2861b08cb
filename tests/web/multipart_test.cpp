// A file posted by a browser's form.
#include "web/multipart.hpp"

#include <random>

#include "catch.hpp"

using namespace logystera;
using web::Multipart;

namespace {

std::string part(const std::string& disposition, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + value + "\r\n";
}

}  // namespace

TEST_CASE("a boundary is read from a content type, or there is none") {
  CHECK(Multipart::boundary_of("multipart/form-data; boundary=----WebKitFormBoundaryA1") == "----WebKitFormBoundaryA1");
  CHECK(Multipart::boundary_of("Multipart/Form-Data; charset=utf-8; Boundary=\"a b\"") == "a b");
  for (const char* type :
       {"", "multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=b", "text/plain",
        "multipart/form-data; boundary=\"b", "multipart/form-data; boundary=a\x01", "multipart/form-data; boundary=\"a \""})
    CHECK(!Multipart::boundary_of(type));
  CHECK(Multipart::boundary_of("multipart/form-data; boundary=" + std::string(70, 'b')));
  CHECK(!Multipart::boundary_of("multipart/form-data; boundary=" + std::string(71, 'b')));
}

TEST_CASE("fields and a file are found by their names, whatever bytes the file has") {
  std::string file = "line 1\r\n--not the boundary\r\n\r\n";
  for (int c = 0; c < 256; ++c) file += static_cast<char>(c);
  const std::string body = part("name=\"mode\"", "mask") +
                           part("name=\"log\"; filename=\"a%22b \xc3\xa4.log\"\r\nContent-Type: text/plain", file) +
                           "--b--\r\n";
  const auto form = Multipart::parse(body, "b");
  REQUIRE(form.ok());
  REQUIRE(form->find("mode"));
  CHECK(form->find("mode")->value == "mask");
  CHECK(!form->find("mode")->file);
  REQUIRE(form->find("log"));
  CHECK(form->find("log")->value == file);
  CHECK(form->find("log")->file == "a\"b \xc3\xa4.log");
  CHECK(!form->find("other"));
}

TEST_CASE("a form that does not parse, or breaks a limit, is refused whole") {
  const std::string good = part("name=\"a\"", "1") + "--b--\r\n";
  REQUIRE(Multipart::parse(good, "b").ok());
  for (std::size_t cut = 0; cut + 4 < good.size(); ++cut) {
    INFO(cut);
    CHECK(!Multipart::parse(std::string_view(good).substr(0, cut), "b").ok());
  }
  for (const std::string& body :
       {std::string("x") + good, part("name=\"a\"", "1") + part("name=\"a\"", "2") + "--b--\r\n",
        part("other=\"a\"", "1") + "--b--\r\n", part("name=\"\"", "1") + "--b--\r\n", part("name=\"a", "1") + "--b--\r\n",
        part("name=\"\xff\"", "1") + "--b--\r\n", part("name=\"a\" trailing", "1") + "--b--\r\n",
        std::string("--b\r\n\r\nvalue\r\n--b--\r\n"),
        part("name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"", "1") + "--b--\r\n",
        part("name=\"a\"; filename=\"" + std::string(256, 'x') + "\"", "1") + "--b--\r\n",
        part("name=\"a\"\r\nX: " + std::string(web::kPartHeaderBytes, 'x'), "1") + "--b--\r\n"}) {
    INFO(body.substr(0, 100));
    CHECK(!Multipart::parse(body, "b").ok());
  }
  std::string many;
  for (std::size_t i = 0; i < web::kMultipartParts; ++i) many += part("name=\"f" + std::to_string(i) + "\"", "");
  CHECK(Multipart::parse(many + "--b--\r\n", "b").ok());
  CHECK(!Multipart::parse(many + part("name=\"more\"", "") + "--b--\r\n", "b").ok());
}

TEST_CASE("damaged forms are refused or read, and nothing else") {
  std::mt19937 random(7);
  const std::string good =
      part("name=\"mode\"", "mask") + part("name=\"log\"; filename=\"x.log\"", "a\r\nb\r\n") + "--b--\r\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string body = good;
    for (int change = 0; change < 1 + round % 3; ++change) {
      const std::size_t at = random() % body.size();
      switch (random() % 3) {
        case 0: body[at] = static_cast<char>(random()); break;
        case 1: body.erase(at, 1 + random() % 8); break;
        default: body.insert(at, body.substr(random() % body.size(), random() % 16)); break;
      }
      if (body.empty()) body = "-";
    }
    const auto form = Multipart::parse(body, "b");
    if (!form) continue;
    for (const char* name : {"mode", "log"}) {
      if (const auto* found = form->find(name))
        CHECK(
            (found->value.data() >= body.data() && found->value.data() + found->value.size() <= body.data() + body.size()));
    }
  }
}
