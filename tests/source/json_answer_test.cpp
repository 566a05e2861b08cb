#include "source/json_answer.hpp"

#include <string>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::source;

TEST_CASE("a document's fields have dotted names, and keep what they are", "[json_answer]") {
  auto json = JsonAnswer::read(
      R"({"a":{"b":"text","c":5,"d":[1,"x",{"y":null}],"e":true},"f.g":"404","h":null,"i":1.50,"j":"q\"\\\u00e9","k":""})");
  REQUIRE(json.ok());
  const auto fields = flat_fields(json->root());
  const auto is = [&](std::string_view name, std::string_view value, bool number) {
    const EntryField* const field = field_of(fields, name);
    INFO(name);
    REQUIRE(field);
    CHECK(field->value == value);
    CHECK(field->number == number);
  };
  is("a.b", "text", false);
  is("a.c", "5", true);
  is("a.d", R"([1,"x",{"y":null}])", false);
  is("a.e", "true", false);
  is("f.g", "404", false);
  is("i", "1.50", true);
  is("j", "q\"\\\xc3\xa9", false);
  is("k", "", false);
  CHECK_FALSE(field_of(fields, "h"));
}

TEST_CASE("a long key is not written out for each of its fields", "[json_answer]") {
  std::string text = "{\"" + std::string(30'000, 'k') + "\":{";
  for (int i = 0; i < 1'000; ++i) text += (i == 0 ? "\"f" : ",\"f") + std::to_string(i) + "\":1";
  const auto fields = flat_fields(JsonAnswer::read(text + "}}").value().root());
  CHECK(fields.size() == 1'000);
  for (const EntryField& field : fields) CHECK(field.name.size() < 300);
}

TEST_CASE("what anybody may have logged does not take the other documents with it", "[json_answer]") {
  const std::string digits(400, '9');
  for (const char* odd : {"\"\\ud800\"", "\"\\udc00 \\ud83d\\ude00\"", "\"\\ud800\\ud800\"", "1e999", "-1E+400",
                          "1e99999999999999999999999", "1e-999"})
    CHECK(text_of(member(&JsonAnswer::read("{\"odd\":" + std::string(odd) + ",\"good\":\"yes\"}").value().root(),
                         "good")) == "yes");
  for (const std::string& odd : {digits, "-" + digits + ".5", digits + "e5"})
    CHECK(text_of(member(&JsonAnswer::read("{\"odd\":" + odd + ",\"good\":\"yes\"}").value().root(), "good")) == "yes");
  auto kept = JsonAnswer::read(R"({"a":"\ud83d\ude00 1e999 \\ud800","b":1e200,"c":-0.5e+10})");
  REQUIRE(kept.ok());
  CHECK(text_of(member(&kept->root(), "a")) == "\xf0\x9f\x98\x80 1e999 \\ud800");
  CHECK(text_of(member(&kept->root(), "b")) == "1e200");
  CHECK(text_of(member(&kept->root(), "c")) == "-0.5e+10");
}

TEST_CASE("what is no object of JSON is refused", "[json_answer]") {
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  for (const std::string& text :
       {std::string(), std::string("x"), std::string("[]"), std::string("{\"a\":1"), std::string("{\"a\":\"b"),
        std::string("{\"a\":\"\\"), std::string("{}{}"), std::string("{\"a\":1\0}", 8), "{\"a\":" + deep + "}",
        std::string("{\"a\":-}"), std::string("{\"a\":\"\\u12\"}")})
    CHECK_FALSE(JsonAnswer::read(text).ok());
}
