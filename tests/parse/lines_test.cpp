// What single lines of text formats become, one behaviour a test.
#include <ctime>

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

namespace {
Severity severity_of(std::string_view line) { return read_one("plaintext", line).severity; }
std::string time_of(std::string_view line) {
  const OneLine read = read_one("plaintext", line);
  if (!read.time_known) return "none";
  const std::time_t seconds = read.time_ns / 1'000'000'000;
  char text[32];
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  const auto millis = std::to_string(1'000 + read.time_ns / 1'000'000 % 1'000).substr(1);
  return std::string(text) + (millis == "000" ? "" : "." + millis);
}
}  // namespace

TEST_CASE("a_level_written_in_a_line_beats_the_words_of_its_text", "[severity]") {
  CHECK(severity_of("2016-09-28 04:30:31, Info                  CBS    SQM: Failed to start upload") == Severity::info);
  CHECK(severity_of("- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.675872 R02 RAS KERNEL INFO parity error corrected") ==
        Severity::info);
  CHECK(severity_of("- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.675872 R02 RAS KERNEL FATAL all is well") ==
        Severity::critical);
  CHECK(severity_of("03-17 16:13:38.811  1702  2395 E WindowManager: boom") == Severity::error);
  CHECK(severity_of("03-17 16:13:38.811  1702  2395 V WindowManager: fatal error") == Severity::debug);
  CHECK(severity_of("I0518 10:00:01.123456 7 a.cc:1] failed") == Severity::info);
  CHECK(severity_of("2026-05-18T10:00:01.000+0000 W NETWORK  [conn1] end connection") == Severity::warning);
  CHECK(severity_of("2026-05-18 10:00:01 A user failed to log in") == Severity::warning);
  CHECK(severity_of("2026-05-18 10:00:01 [main] INFO c.e.App - no error") == Severity::info);
  CHECK(severity_of("[2026-05-18 10:00:01] local.NOTICE: fatal") == Severity::info);
  CHECK(severity_of("2026-05-18 10:00:01|WARN|7|c.e.App|it is fine") == Severity::warning);
  CHECK(severity_of("INFO: connection refused") == Severity::info);
  CHECK(severity_of("level=debug error refused") == Severity::debug);
  CHECK(read_one("syslog", "May 18 10:00:01 web1 app[7]: INFO failed over").severity == Severity::info);
  CHECK(read_one("syslog", "May 18 10:00:01 web1 app[7]: [debug] error").severity == Severity::debug);
  CHECK(read_one("json", R"({"msg":"INFO: no error at all"})").severity == Severity::info);
}

TEST_CASE("no_word_alone_makes_a_line_critical", "[severity]") {
  for (std::string_view word : {"panic", "fatal", "critical", "emergency", "segfault", "Critical", "Fatal", "alert"}) {
    INFO(word);
    for (const std::string& text :
         {"a " + std::string(word) + " happened", std::string(word) + " thing", "it is " + std::string(word)}) {
      CHECK(severity_of(text) < Severity::critical);
      CHECK(severity_of("2026-05-18 10:00:01 " + text) < Severity::critical);
      CHECK(read_one("syslog", "May 18 10:00:01 web1 app[7]: " + text).severity < Severity::critical);
    }
  }
}

TEST_CASE("what_stands_in_front_of_a_message_is_a_field_or_stays", "[plaintext]") {
  OneLine read = read_one("plaintext", "081109 203615 148 INFO dfs.DataNode: Receiving block x");
  CHECK(read.message == "Receiving block x");
  CHECK(read.text("pid") == "148");
  CHECK(read.text("logger") == "dfs.DataNode");
  // Not a date: the line is the message.
  for (std::string_view line :
       {"089909 203615 148 INFO dfs.DataNode: x", "148 INFO dfs.DataNode: x", "351109 203615 148 INFO a: x"}) {
    INFO(line);
    CHECK(read_one("plaintext", line).message == line);
    CHECK(!read_one("plaintext", line).time_known);
    CHECK(read_one("plaintext", line).severity == Severity::info);
  }
  read = read_one("plaintext", "2026-05-18 10:00:01 ERROR java.sql.SQLException: gone");
  CHECK(read.message == "java.sql.SQLException: gone");
  read = read_one("plaintext", "2026-05-18 10:00:01 4 items for pool ERROR x");
  CHECK(read.message == "4 items for pool ERROR x");
  CHECK(read.severity == Severity::error);
  read = read_one("plaintext", "app.log 2026-05-18 10:00:01 started");
  CHECK(read.text("prefix") == "app.log");
  CHECK(read.message == "started");
}

TEST_CASE("times_are_read_in_every_shape_that_logs_have", "[time]") {
  CHECK(time_of("081109 203615 x") == "2008-11-09 20:36:15");
  CHECK(time_of("081109  3:36:15 x") == "2008-11-09 03:36:15");
  CHECK(time_of("20260518T100001Z x") == "2026-05-18 10:00:01");
  CHECK(time_of("20260518 10:00:01.5 x") == "2026-05-18 10:00:01.500");
  CHECK(time_of("20171223-0:2:9:606|a|b") == "2017-12-23 00:02:09.606");
  CHECK(time_of("03-17 16:13:38.811 x") == "2026-03-17 16:13:38.811");
  CHECK(time_of("[10.30 16:49:06] x") == "2026-10-30 16:49:06");
  CHECK(time_of("30.10 16:49:06 x") == "2026-10-30 16:49:06");
  CHECK(time_of("17/06/09 20:10:40 x") == "2017-06-09 20:10:40");
  CHECK(time_of("- 1117838570 2005.06.03 R02 2005-06-03-15.42.50.675872 R02 x y") == "2005-06-03 22:42:50");
  CHECK(time_of("2005-06-03-15.42.50.675872 x") == "2005-06-03 15:42:50.675");
  CHECK(time_of("2026-05-18 10:00:01 +08:00 x") == "2026-05-18 02:00:01");
  CHECK(time_of("2026-05-18 10:00:01 -0800 x") == "2026-05-18 18:00:01");
  CHECK(time_of("2026-05-18 10:00:01 -5 items") == "2026-05-18 10:00:01");
  CHECK(time_of("18.05.2026 10:00:01 +02:00 x") == "2026-05-18 08:00:01");
  CHECK(time_of("Mon May 18 10:00:01 UTC 2026 x") == "2026-05-18 10:00:01");
  CHECK(time_of("Fri May 8 10:00:01 2026 x") == "2026-05-08 10:00:01");
  CHECK(time_of("May 18 2026 10:00:01 x") == "2026-05-18 10:00:01");
  CHECK(time_of("Sep 8 07:46:30 x") == "2026-09-08 07:46:30");
  for (std::string_view none : {"123456 123456 x", "12345678 123456 x", "99-17 16:13:38 x", "40.40 16:49:06 x",
                                "13-45 10:00:01 x", "20260518 1000012 x", "2005-06-03-25.42.50.1 x", "300101 000000 x"}) {
    INFO(none);
    CHECK(time_of(none) == "none");
  }
}

TEST_CASE("a_day_of_one_digit_needs_no_second_blank", "[syslog]") {
  for (std::string_view day : {"Sep 8", "Sep  8", "Sep 08"}) {
    for (std::string_view format : {"syslog", "auth_log"}) {
      const OneLine read = read_one(
          format, std::string(day) + " 07:46:30 canyon sshd[1]: Failed password for root from 203.0.113.5 port 1 ssh2");
      REQUIRE(read);
      CHECK(read.host == "canyon");
      CHECK(read.text("client_ip") == "203.0.113.5");
      CHECK(read.time_ns == 1'788'853'590'000'000'000);
    }
  }
  const OneLine priority = read_one("syslog", "<38>Sep 8 07:46:30 canyon app: x");
  CHECK(priority.host == "canyon");
  const OneLine alert = read_one(
      "syslog",
      "- 1131566461 2005.11.09 dn228 Nov 9 12:01:01 dn228/dn228 crond(pam_unix)[2915]: session closed for user root");
  REQUIRE(alert);
  CHECK(alert.time_ns == 1'131'566'461'000'000'000);
  CHECK(alert.message == "session closed for user root");
}

TEST_CASE("levels_of_loggers_are_read_as_numbers_letters_and_words", "[severity]") {
  const auto level = [](std::string_view value) {
    return read_one("json", R"({"msg":"x","level":)" + std::string(value) + "}").severity;
  };
  CHECK(level("20") == Severity::debug);
  CHECK(level("50") == Severity::error);
  CHECK(level("250") == Severity::info);
  CHECK(level("400") == Severity::error);
  CHECK(level("550") == Severity::critical);
  CHECK(level("\"W\"") == Severity::warning);
  CHECK(level("\"3\"") == Severity::error);
  CHECK(read_one("json", R"({"msg":"x","level_name":"ERROR"})").severity == Severity::error);
  CHECK(read_one("json", R"({"msg":"x","severityText":"Warn"})").severity == Severity::warning);
}
