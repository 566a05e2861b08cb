#include "core/json_text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "catch.hpp"
#include "core/clock.hpp"

using namespace logystera;

namespace {

std::string copied(const std::string& json) {
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(json.data(), json.size());
  REQUIRE_FALSE(document.HasParseError());
  JsonText text(JsonText::Reader::program);
  JsonCopy copy(text);
  document.Accept(copy);
  return text.take();
}

std::string by_rapidjson(double value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.Double(value);
  return buffer.GetString();
}

std::string decimal(double value) { return JsonText().decimal(value).take(); }

std::string for_program(std::string_view text) { return JsonText(JsonText::Reader::program).string(text).take(); }
std::string for_terminal(std::string_view text) { return JsonText().string(text).take(); }

}  // namespace

TEST_CASE("commas_stand_between_values_and_nowhere_else") {
  JsonText json;
  json.begin_object().member("a", "x").count("b", 18'446'744'073'709'551'615U).number("c", -5).member("d", true);
  json.key("e").begin_array().end_array().key("f").begin_array().null().begin_object().end_object().real(0.5).end_array();
  json.key("g").raw("[1,2]").end_object();
  CHECK(json.text() == R"({"a":"x","b":18446744073709551615,"c":-5,"d":true,"e":[],"f":[null,{},0.5],"g":[1,2]})");
  CHECK(json.take().size() == 85);
  json.string("anew");
  CHECK(json.text() == "\"anew\"");
}

TEST_CASE("growing_and_bounded_text_escape_alike") {
  CHECK(for_program("\"\\\b\f\n\r\t/\x01\x1b") == R"("\"\\\b\f\n\r\t/\u0001\u001b")");
  CHECK(for_program(std::string(300, '\x01')).size() == 1802);
  CHECK(for_program("\xff|\xed\xa0\x80|\xf0\x9f\x98") ==
        "\"\xEF\xBF\xBD|\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD|\xEF\xBF\xBD\"");
  std::minstd_rand random(3);
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(random() % 80, '\0');
    for (char& c : bytes) c = static_cast<char>(random() % (i % 2 == 0 ? 256 : 128));
    const std::string text = for_program(bytes);
    rapidjson::Document document;
    REQUIRE_FALSE(document.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str()).HasParseError());
    if (i % 2 == 1) REQUIRE(std::string(document.GetString(), document.GetStringLength()) == bytes);
    REQUIRE(terminal_safe(text) == for_terminal(bytes));
  }
}

TEST_CASE("only_a_terminal_is_spared_what_it_would_obey") {
  const std::string bytes = "\x7f \xc2\x9b \xd8\x9c \xe2\x80\xae \xe2\x81\xa6 \xef\xbb\xbf \xc2\xa0 \xe2\x82\xac";
  CHECK(for_program(bytes) == '"' + bytes + '"');
  CHECK(for_terminal(bytes) == "\"\\u007f \\u009b \\u061c \\u202e \\u2066 \\ufeff \xc2\xa0 \xe2\x82\xac\"");
}

TEST_CASE("decimals_are_laid_out_as_rapidjson_lays_them_out") {
  for (const double value : {0.0,
                             -0.0,
                             1.0,
                             -1.0,
                             0.1,
                             12.5,
                             1104.0,
                             100000.0,
                             1e20,
                             1e21,
                             1e22,
                             1.5e300,
                             123456789012345680000.0,
                             1e-6,
                             1e-7,
                             1.25e-7,
                             -2.5e-5,
                             0.00001234,
                             5e-324,
                             1.7976931348623157e308,
                             3.141592653589793}) {
    CHECK(decimal(value) == by_rapidjson(value));
  }
  CHECK(decimal(std::numeric_limits<double>::infinity()) == "null");
  CHECK(JsonText().real(100000.0).take() == "1e+05");
  std::minstd_rand random(7);
  for (int i = 0; i < 20'000; ++i) {
    // RapidJSON's digits are now and then more than are needed, or not the nearest.
    const double scale = std::pow(10, static_cast<int>(random() % 60) - 30);
    const double value = static_cast<double>(random()) / static_cast<double>(1 + random() % 100'000) * scale;
    const std::string text = decimal(value);
    REQUIRE(std::strtod(text.c_str(), nullptr) == value);
    REQUIRE(by_rapidjson(value).size() >= text.size());
  }
}

TEST_CASE("what_was_read_is_written_again") {
  CHECK(
      copied(R"( { "a" : [ 1 , -2, 18446744073709551615, 1.0, 1e5 , true,false,null, {} ], "\u0041\n" : "\u00e9\"" } )") ==
      "{\"a\":[1,-2,18446744073709551615,1.0,100000.0,true,false,null,{}],\"A\\n\":\"\xc3\xa9\\\"\"}");
}

TEST_CASE("times_are_written_by_rfc3339") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(1'779'098'401'000'000'000) == "2026-05-18T10:00:01Z");
  CHECK(rfc3339(1'779'098'401'050'000'000) == "2026-05-18T10:00:01.05Z");
  CHECK(rfc3339(1'779'098'401'000'000'001) == "2026-05-18T10:00:01.000000001Z");
  CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
}
