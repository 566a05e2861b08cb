#include "web/form.hpp"

#include <random>

#include "catch.hpp"
#include "core/json.hpp"

using namespace logystera;
using namespace logystera::web;

TEST_CASE("a_form_is_decoded") {
  const auto form = Form::parse("a=1&b=x+y%20z&c=%C3%A4%26%3D&d&e=&&f=g=h");
  REQUIRE(form.ok());
  CHECK(form.value()["a"] == "1");
  CHECK(form.value()["b"] == "x y z");
  CHECK(form.value()["c"] == "\xc3\xa4&=");
  CHECK(form->has("d"));
  CHECK(form.value()["e"].empty());
  CHECK(form.value()["f"] == "g=h");
  CHECK(!form->has("g"));
  CHECK(Form::parse("").ok());
  CHECK(percent_encoded("a b&\xc3\xa4\r\n~") == "a%20b%26%C3%A4%0D%0A~");
}

TEST_CASE("a_form_that_does_not_parse_or_breaks_a_limit_is_refused_whole") {
  for (const std::string text :
       {"a=%", "a=%2", "a=%zz", "a=%00", "a=%FF", "a=%C3", "a=\xff", "%=1", "=1", "a=1&a=2", "a=1&%61=2"}) {
    INFO(text);
    CHECK(!Form::parse(text).ok());
  }
  CHECK(!Form::parse(std::string("a=\0", 3)).ok());
  std::string many;
  for (std::size_t i = 0; i < kFormFields; ++i) many += "f" + std::to_string(i) + "=&";
  CHECK(Form::parse(many).ok());
  CHECK(!Form::parse(many + "one=more").ok());
  CHECK(Form::parse("a=" + std::string(kFormValueBytes, 'x')).ok());
  CHECK(!Form::parse("a=" + std::string(kFormValueBytes + 1, 'x')).ok());
  CHECK(Form::parse(std::string(kFormNameBytes, 'a') + "=1").ok());
  CHECK(!Form::parse(std::string(kFormNameBytes + 1, 'a') + "=1").ok());
  CHECK(!Form::parse(std::string(kFormBytes + 1, '&')).ok());
  CHECK(Form::parse("hunter2=%&password=hunter2").error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("any_bytes_are_a_form_of_text_or_none") {
  std::mt19937 random(20261121);
  constexpr std::string_view kAlphabet = "ab=&%+20aFfC3A4\xc3\xa4\xff;\r\n";
  std::size_t parsed = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, '\0');
    for (char& c : text) c = random() % 50 == 0 ? static_cast<char>(random()) : kAlphabet[random() % kAlphabet.size()];
    const auto form = Form::parse(text);
    if (!form) continue;
    ++parsed;
    for (const char* name : {"a", "b", "aa", "2"}) {
      const std::string value(form.value()[name]);
      CHECK(json::is_utf8(value));
      CHECK(value.find('\0') == std::string::npos);
      const auto again = Form::parse("v=" + percent_encoded(value));
      REQUIRE(again.ok());
      CHECK(again.value()["v"] == value);
    }
  }
  CHECK(parsed > 1000);
}

TEST_CASE("a_posted_form_must_say_that_it_is_one") {
  const auto posted = [](const char* type) {
    server::Request request;
    if (type) request.headers.emplace_back("Content-Type", type);
    request.body = "a=1";
    return Form::posted(request);
  };
  CHECK(posted("application/x-www-form-urlencoded").value()["a"] == "1");
  CHECK(posted("Application/X-WWW-Form-urlencoded; charset=utf-8").ok());
  for (const char* type : {static_cast<const char*>(nullptr), "", "text/plain", "application/json", "multipart/form-data"})
    CHECK(posted(type).error().message.find("Content-Type must be") == 0);
}
