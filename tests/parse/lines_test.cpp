// What single lines of text formats become, one behaviour a test.
#include "one_line.hpp"

using namespace logystera;
using namespace logystera::parse;

TEST_CASE("a_5424_header_with_more_blanks_or_empty_words_is_read", "[syslog]") {
  for (std::string_view line : {"<14>1 2026-04-15T23:19:14Z nas1 app - - [s@1  x=\"a\"] two blanks",
                                "<14>1 2026-04-15T23:19:14Z  nas1  app  -  -  [s@1 x=\"a\"  ]  two blanks",
                                "<14>1  2026-04-15T23:19:14Z nas1 app - - [s@1 x=\"a\" ][b@1] two blanks",
                                "<14>1 2026-04-15T23:19:14Z nas1 app  - [s@1 x=\"a\"] two blanks"}) {
    INFO(line);
    const OneLine read = read_one("syslog_5424", line);
    REQUIRE(read);
    CHECK(read.time_known);
    CHECK(read.host == "nas1");
    CHECK(read.text("program") == "app");
    CHECK(read.text("s@1.x") == "a");
    CHECK(read.text("s@1. x") == "<absent>");
    CHECK(read.message.substr(read.message.size() - 10) == "two blanks");
  }
  // An empty word is empty, whichever it is.
  OneLine read = read_one("syslog_5424", "<14>1 2026-04-15T23:19:14Z nas1 app  ID7 - text");
  CHECK(read.text("program") == "app");
  CHECK(read.text("pid") == "<absent>");
  CHECK(read.text("msgid") == "ID7");
  CHECK(read.message == "text");
  read = read_one("syslog_5424", "<14>1 2026-04-15T23:19:14Z nas1  7 ID7 - text");
  CHECK(read.text("program") == "<absent>");
  CHECK(read.text("pid") == "7");
}

TEST_CASE("faulty_structured_data_costs_itself_and_not_the_header", "[syslog]") {
  struct Case {
    std::string_view data, message, field;
  };
  for (const Case& one :
       {Case{"[sd@1 a=\"b] text", "[sd@1 a=\"b] text", ""}, Case{"[sd@1 a=b] text", "[sd@1 a=b] text", ""},
        Case{"[sd@1 a=\"b\"][x", "[x", "b"}, Case{"[sd@1 a=\"b\"]text", "text", "b"},
        Case{"no data at all", "no data at all", ""}, Case{"[", "[", ""}, Case{"[sd@1 a=\"b\"", "[sd@1 a=\"b\"", ""}}) {
    const std::string line = "<11>1 2026-04-15T23:19:14Z nas1 app 7 ID " + std::string(one.data);
    INFO(line);
    const OneLine read = read_one("syslog_5424", line);
    REQUIRE(read);
    CHECK(read.severity == Severity::error);
    CHECK(read.host == "nas1");
    CHECK(read.text("program") == "app");
    CHECK(read.text("pid") == "7");
    CHECK(read.message == one.message);
    CHECK(read.text("sd@1.a") == (one.field.empty() ? "<absent>" : std::string(one.field)));
  }
  const OneLine cut = read_one("syslog_5424", "<11>1 2026-04-15T23:19:14Z nas1 app");
  REQUIRE(cut);
  CHECK(cut.text("program") == "app");
  CHECK(cut.message.empty());
}

TEST_CASE("a_message_that_is_there_and_empty_is_empty", "[message]") {
  CHECK(read_one("syslog_5424", "<30>1 2026-04-15T23:19:15Z nas1 app 2139 app - ").message.empty());
  CHECK(read_one("syslog", "May 18 10:00:01 web1 app[7]:").message.empty());
  for (std::string_view message : {R"("")", "null", "[]"}) {
    const std::string line = R"({"__REALTIME_TIMESTAMP":"1779098404000000","MESSAGE":)" + std::string(message) + "}";
    INFO(line);
    CHECK(read_one("journal_json", line).message.empty());
  }
  CHECK(read_one("docker_json", R"({"log":"\n","stream":"stdout","time":"2026-05-18T10:00:01Z"})").message.empty());
  CHECK(read_one("json", R"({"msg":"","level":"error"})").message.empty());
  CHECK(read_one("logfmt", "ts=2026-05-18T10:00:01Z level=info msg=").message.empty());
  // The first that has a text wins; without any such key the line is the message.
  CHECK(read_one("json", R"({"message":"","msg":"x"})").message == "x");
  CHECK(read_one("json", R"({"a":1})").message == R"({"a":1})");
}

TEST_CASE("journal_fields_given_as_bytes_are_texts", "[json]") {
  const std::string head = R"({"__REALTIME_TIMESTAMP":"1779098404000000","MESSAGE":"x",)";
  CHECK(read_one("journal_json", head + R"("_CMDLINE":[99,117,114,108, 27 ]})").text("_CMDLINE") == "curl\x1b");
  CHECK(read_one("journal_json", head + R"("A":[[104,105],"b",[99]]})").text("A") == R"([[104,105],"b",[99]])");
  CHECK(read_one("journal_json", head + R"("A":[256,1]})").text("A") == "[256,1]");
  CHECK(read_one("journal_json", head + R"("A":[-1,1]})").text("A") == "[-1,1]");
  std::string longer = head + "\"A\":[104";
  for (int i = 0; i < 5'000; ++i) longer += ",105";
  CHECK(read_one("journal_json", longer + "]}").text("A").size() == 5'001);
  // Elsewhere numbers are numbers.
  CHECK(read_one("json", R"({"msg":"x","ports":[80,25]})").text("ports") == "[80,25]");
}

TEST_CASE("escapes_that_json_lacks_do_not_lose_the_line", "[json]") {
  const OneLine read =
      read_one("json", R"({"msg":"say \x22hi\x22 \xD0\xBF","path":"C:\qq","status":"401","a\x2Eb":1,"rt":-})");
  REQUIRE(read);
  CHECK(read.message == "say \"hi\" \xD0\xBF");
  CHECK(read.text("path") == "C:\\qq");
  CHECK(read.text("a.b") == "1");
  CHECK(read.text("rt").empty());
  CHECK(read_one("json", R"({"msg":"\x2","n":1})").message == "\\x2");
  CHECK(read_one("json", R"({"msg":"\u00","n":1})").message == "\\u00");
  CHECK(read_one("json", R"({"msg":"\\x41","n":1})").message == "\\x41");
}

TEST_CASE("numbers_beyond_64_bits_keep_their_digits", "[json]") {
  const OneLine read =
      read_one("json", R"({"msg":"x","a":9223372036854775807,"b":9223372036854775808,"c":123456789012345678901234567890})");
  CHECK(read.kinds.at("a") == Value::Kind::integer);
  CHECK(read.text("b") == "9223372036854775808");
  CHECK(read.text("c") == "123456789012345678901234567890");
}

TEST_CASE("logfmt_flags_are_fields_and_escapes_are_resolved", "[logfmt]") {
  OneLine read = read_one("logfmt", "ts=2026-12-22T20:19:30Z level=info msg=flag debug key=KKK=");
  REQUIRE(read);
  CHECK(read.text("debug").empty());
  CHECK(read.text("key") == "KKK=");
  read = read_one(
      "logfmt",
      R"(ts=2026-12-22T20:19:31Z level=info msg="\u001b[31mred" x="a\u0020b" y="\x1b" z="\ud83d\ude00" w="\w\\n")");
  REQUIRE(read);
  CHECK(read.message == "\x1b[31mred");
  CHECK(read.text("x") == "a b");
  CHECK(read.text("y") == "\x1b");
  CHECK(read.text("z") == "\xF0\x9F\x98\x80");
  CHECK(read.text("w") == "\\w\\n");
  CHECK(read_one("logfmt", "debug ts=2026-12-22T20:19:30Z level=info msg=x").text("debug").empty());
  CHECK(read_one("logfmt", "ts=2026-12-22T20:19:30Z\tlevel=warn\tmsg=x").severity == Severity::warning);
  CHECK(!read_one("logfmt", "well said level=info msg=x"));
}

TEST_CASE("doubled_quotes_in_w3c_columns_are_quotes", "[w3c]") {
  const std::string_view fields = "#Fields: date time c-ip cs-method cs-uri-stem sc-status cs(User-Agent) cs(Referer)";
  const std::string head = "2026-10-22 10:00:05 203.0.113.1 GET /y 403 ";
  const auto agent = [&](std::string_view columns) {
    const OneLine read = read_one("w3c", head + std::string(columns), {fields});
    return read ? read.text("user_agent") + "|" + read.text("referer") : std::string("unknown");
  };
  CHECK(agent(R"("Mozilla (X; Y) ""q"" z" -)") == R"(Mozilla (X; Y) "q" z|<absent>)");
  CHECK(agent(R"("a""b" -)") == "a\"b|<absent>");
  CHECK(agent(R"("" x)") == "<absent>|x");
  CHECK(agent(R"("""" """x""")") == "\"|\"x\"");
  CHECK(agent(R"("open x)") == "\"open|x");
  CHECK(agent(R"(a"b" x)") == "a\"b\"|x");
}

TEST_CASE("a_visitor_s_name_cannot_hide_what_the_server_answered", "[access]") {
  const std::string behind = "[18/May/2026:10:00:01 +0000] \"GET /admin HTTP/1.1\" 401 12";
  for (std::string_view user :
       {"a [10/Oct/2000:13:55:36 -0700]", "a [10/Oct/2000:13:55:36 -0700] [10/Oct/2000:13:55:36 -0700] ", "- - [1",
        "x - - [10/Oct/2000:13:55:36 -0700] y", "a [10/Oct/2000:13:55:36 -0700] \\\"GET / HTTP/1.1\\\" 200 5",
        "a [10/Oct/2000:13:55:36 -0700] \\x22GET / HTTP/1.1\\x22 200 5", "a\\\" b", "[10/Oct/2000:13:55:36 -0700]",
        "a [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5 \"-\" \"-"}) {
    INFO(user);
    const std::string line = "203.0.113.5 - " + std::string(user) + " " + behind;
    for (const OneLine& read :
         {read_one("access_common", line), read_one("access_combined", line + " \"-\" \"curl/8.0\"")}) {
      REQUIRE(read);
      CHECK(read.text("client_ip") == "203.0.113.5");
      CHECK(read.text("remote_user") == user);
      CHECK(read.text("status") == "401");
      CHECK(read.text("path") == "/admin");
      CHECK(read.severity == Severity::warning);
      CHECK(read.time_ns == 1'779'098'401'000'000'000);
    }
  }
}

TEST_CASE("what_a_browser_sends_is_never_taken_for_the_time_and_answer", "[access]") {
  const std::string line =
      R"(203.0.113.5 - - [18/May/2026:10:00:01 +0000] "GET /admin HTTP/1.1" 401 12 "-" "x [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.1\" 200 5 \"-\" \"-")";
  const OneLine read = read_one("access_combined", line);
  REQUIRE(read);
  CHECK(read.text("status") == "401");
  CHECK(read.text("remote_user") == "<absent>");
}

namespace {
OneLine read_nginx(const char* log_format, std::string_view line) {
  Formats formats;
  auto added = formats.add_access("mine", "nginx", log_format);
  REQUIRE(added.ok());
  return read_one(*added.value(), line);
}
}  // namespace

TEST_CASE("blanks_within_nginx_lists_end_no_field", "[access]") {
  const char* const upstream = "$status $upstream_addr $upstream_status $upstream_response_time $request_time";
  OneLine read = read_nginx(upstream, "502 10.0.0.3:80, 10.0.0.4:80 : unix:/a 502, 502 : 200 0.101, 0.202 : - 0.303");
  REQUIRE(read);
  CHECK(read.text("upstream") == "10.0.0.3:80, 10.0.0.4:80 : unix:/a");
  CHECK(read.text("upstream_status") == "502, 502 : 200");
  CHECK(read.text("upstream_response_time") == "0.101, 0.202 : -");
  CHECK(read.text("request_time") == "0.303");
  const char* const forwarded = "$http_x_forwarded_for $remote_user [$time_local] \"$request\" $status";
  const std::string behind = " [14/Oct/2026:06:25:13 -0700] \"GET /z HTTP/1.1\" 502";
  for (std::string_view list : {"203.0.113.53", "203.0.113.53, 198.51.100.7", "a, b,  c, unix:", "1.2.3.4,"}) {
    INFO(list);
    read = read_nginx(forwarded, std::string(list) + " -" + behind);
    REQUIRE(read);
    CHECK(read.text("status") == "502");
    CHECK(read.text("path") == "/z");
    if (list.back() != ',') CHECK(read.text("forwarded_for") == list);
    if (list.back() != ',') CHECK(read.text("remote_user") == "<absent>");
  }
  CHECK(read_nginx(forwarded, "203.0.113.53, 198.51.100.7 ann" + behind).text("remote_user") == "ann");
  // Without quotes, but with an end that can be told.
  read = read_nginx("$remote_addr $http_user_agent $status $bytes_sent", "10.0.0.1 x 200 5 401 7");
  REQUIRE(read);
  CHECK(read.text("status") == "401");
  CHECK(read.text("user_agent") == "x 200 5");
}

TEST_CASE("a_log_format_nobody_can_take_apart_is_refused_by_the_names_of_its_variables", "[access]") {
  Formats formats;
  auto added = formats.add_access("m", "nginx", "$remote_addr $http_user_agent $http_referer $status");
  REQUIRE(!added.ok());
  CHECK(added.error().message.find("$http_user_agent and $http_referer") != std::string::npos);
  added = formats.add_access("m", "apache", "%h %{User-Agent}i %u %>s");
  REQUIRE(!added.ok());
  CHECK(added.error().message.find("%{User-Agent}i and %u") != std::string::npos);
  CHECK(formats.add_access("m", "nginx", "$remote_addr \"$http_user_agent\" \"$http_referer\" $status").ok());
  CHECK(formats.add_access("m", "nginx", "$remote_addr $http_user_agent|$http_referer $status").ok());
}
