// Sigma 2.1, statement by statement: each rule is asked of the naive evaluator and of the engine.
#include "catch.hpp"
#include "detect/sigma/value.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::hits;
using logystera::test::refusal;

namespace {

// A rule over any Windows event whose detections are `detection`.
std::string rule(const std::string& detection, const std::string& condition = "selection") {
  return "title: T\nid: t\nlogsource: {product: windows}\ndetection:\n" + detection + "  condition: " + condition + "\n";
}
std::string selection(const std::string& items) { return rule("  selection: " + items + "\n"); }
std::string event(const std::string& fields) { return "{kind: windows_event, " + fields + "}"; }

bool selects(const std::string& items, const std::string& fields) { return hits(selection(items), event(fields)); }

}  // namespace

TEST_CASE("sigma_compares_without_case_and_whole") {
  CHECK(selects("{Image: 'C:\\Windows\\CMD.exe'}", "Image: 'c:\\windows\\cmd.EXE'"));
  CHECK_FALSE(selects("{Image: cmd}", "Image: cmd.exe"));
  CHECK_FALSE(selects("{Image: cmd}", "Other: cmd"));
  CHECK_FALSE(selects("{Image|cased: CMD}", "Image: cmd"));
  CHECK(selects("{Image|cased|contains: Cm}", "Image: xCmd"));
  CHECK_FALSE(selects("{Image|cased|contains: Cm}", "Image: xcmd"));
  for (const char* part : {"contains", "startswith", "endswith"}) {
    INFO(part);
    CHECK(selects(std::string("{Image|") + part + ": ''}", "Image: cmd"));
    CHECK_FALSE(selects(std::string("{Image|") + part + ": ''}", "Other: cmd"));
  }
}

TEST_CASE("sigma_wildcards_and_escapes") {
  CHECK(selects("{F: 'prog?.exe'}", "F: progA.exe"));
  CHECK_FALSE(selects("{F: 'prog?.exe'}", "F: prog.exe"));
  CHECK(selects("{F: 'a?b'}", "F: aéb"));  // one character, two bytes
  CHECK(selects("{F: 'a*c*e'}", "F: abcde"));
  CHECK_FALSE(selects("{F: 'a*c*e'}", "F: abcd"));
  CHECK(selects("{F: '\\*'}", "F: '*'"));
  CHECK_FALSE(selects("{F: '\\*'}", "F: x"));
  CHECK(selects("{F: 'C:\\\\*'}", "F: 'C:\\x'"));  // \\* is a backslash and a wildcard
  CHECK_FALSE(selects("{F: 'C:\\\\*'}", "F: 'C:*'"));
  CHECK(selects("{F: 'a\\\\\\*'}", "F: 'a\\*'"));  // \\\* is both, plain
  CHECK(selects("{F: 'a\\b'}", "F: 'a\\b'"));
  CHECK(selects("{F: 'a\\\\b'}", "F: 'a\\b'"));                // single and double backslash are one
  CHECK(selects("{F: '\\\\\\\\server'}", "F: '\\\\server'"));  // four are two
}

TEST_CASE("sigma_lists_maps_and_keywords") {
  CHECK(selects("{F: [a, b]}", "F: b"));
  CHECK_FALSE(selects("{F: [a, b], G: c}", "F: b"));
  CHECK(selects("[{F: a}, {G: c}]", "G: c"));
  CHECK(selects("{F|contains|all: [ab, cd]}", "F: xcdxabx"));
  CHECK_FALSE(selects("{F|contains|all: [ab, cd]}", "F: xcdx"));
  CHECK(selects("[mimikatz, 'event::clear']", "CommandLine: 'x EVENT::clear y'"));
  CHECK(selects("mimikatz", "message: 'a MimiKatz b'"));
  CHECK(selects("{'|all': [one, two]}", "A: one, B: two"));
  CHECK_FALSE(selects("{'|all': [one, two]}", "A: one"));
  CHECK(selects("{'|re': 'o[nm]e'}", "A: one"));
  CHECK(selects("['one*three']", "A: 'x one two three y'"));
  CHECK(selects("{F: a}", "F: [x, a]"));  // a list field holds if an item does
}

TEST_CASE("sigma_null_empty_and_exists") {
  CHECK(selects("{F: null}", "G: a"));
  CHECK(selects("{F: null}", "F: null"));
  CHECK_FALSE(selects("{F: null}", "F: ''"));
  CHECK(selects("{F: ''}", "F: ''"));
  CHECK_FALSE(selects("{F: ''}", "G: a"));
  CHECK_FALSE(selects("{F: ''}", "F: null"));
  CHECK(selects("{F|exists: true}", "F: null"));
  CHECK(selects("{F|exists: false}", "G: a"));
  CHECK_FALSE(selects("{F|exists: false}", "F: ''"));
}

TEST_CASE("sigma_numbers_booleans_and_comparisons") {
  CHECK(selects("{EventID: 4688}", "EventID: 4688"));
  CHECK(selects("{EventID: 4688}", "EventID: '4688'"));
  CHECK_FALSE(selects("{EventID: 4688}", "EventID: 46880"));
  CHECK(selects("{F: '4688'}", "F: 4688"));
  CHECK(selects("{F: true}", "F: true"));
  CHECK(selects("{F: true}", "F: 'True'"));
  CHECK_FALSE(selects("{F: true}", "F: false"));
  CHECK(selects("{F|gt: 5}", "F: 6"));
  CHECK_FALSE(selects("{F|gt: 5}", "F: 5"));
  CHECK(selects("{F|gte: 5}", "F: 5"));
  CHECK(selects("{F|lt: 5}", "F: -1"));
  CHECK(selects("{F|lte: 5.5}", "F: '5.5'"));
  CHECK_FALSE(selects("{F|lt: 5}", "F: abc"));
  CHECK(selects("{F|neq: 5}", "F: 6"));
  CHECK_FALSE(selects("{F|neq: [5, 6]}", "F: 6"));
  CHECK(selects("{F: 12345678901234567890}", "F: '12345678901234567890'"));
  CHECK_FALSE(selects("{F: 12345678901234567890}", "F: '12345678901234567891'"));
}

TEST_CASE("sigma_regular_expressions_and_their_flags") {
  CHECK(selects("{F|re: 'a.c$'}", "F: xabc"));
  CHECK_FALSE(selects("{F|re: 'a.c$'}", "F: xABC"));
  CHECK(selects("{F|re|i: 'a.c$'}", "F: xABC"));
  CHECK_FALSE(selects("{F|re: '^b'}", "F: \"a\\nb\""));
  CHECK(selects("{F|re|m: '^b'}", "F: \"a\\nb\""));
  CHECK_FALSE(selects("{F|re: 'a.b'}", "F: \"a\\nb\""));
  CHECK(selects("{F|re|s: 'a.b'}", "F: \"a\\nb\""));
  CHECK(refusal(selection("{F|re: '(?=x)y'}")).find("5:21 look-around ('(?=')") == 0);
  CHECK(refusal(selection("{F|re: '(a)\\1'}")).find("back-references") != std::string::npos);
  CHECK(refusal(selection("{F|re: '(a'}")).find("not a usable regular expression") != std::string::npos);
  CHECK(refusal(selection("{F|i: 'a'}")).find("flags of the modifier re") != std::string::npos);
}

TEST_CASE("sigma_catastrophic_regular_expression_stays_linear") {
  // Backtracking engines take 2^40 steps for this.
  CHECK_FALSE(selects("{F|re: '^(a+)+$'}", "F: '" + std::string(40, 'a') + "!'"));
}

TEST_CASE("sigma_encodings") {
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64_offsets("foobar") == std::vector<std::string>{"Zm9vYmFy", "Zvb2Jhc", "mb29iYX"});
  CHECK(selects("{F|base64: foobar}", "F: Zm9vYmFy"));
  for (const char* text : {"foobar", "xfoobar", "xxfoobar", "xxxfoobarxx"})
    CHECK(selects("{F|base64offset|contains: foobar}", "F: '" + base64(text) + "'"));
  CHECK_FALSE(selects("{F|base64offset|contains: foobar}", "F: '" + base64("foo-bar") + "'"));
  std::string wide;
  REQUIRE(to_utf16("hi", Utf16::little, wide));
  CHECK(wide == std::string("h\0i\0", 4));
  REQUIRE(to_utf16("hi", Utf16::big, wide));
  CHECK(wide == std::string("\0h\0i", 4));
  REQUIRE(to_utf16("h\xF0\x9F\x98\x80", Utf16::marked, wide));
  CHECK(wide == std::string("\xFF\xFEh\0\x3D\xD8\x00\xDE", 8));
  CHECK_FALSE(to_utf16("\xFF", Utf16::little, wide));
  REQUIRE(to_utf16("ping", Utf16::little, wide));
  CHECK(selects("{F|wide|base64offset|contains: ping}", "F: 'x " + base64("z" + wide) + "'"));
  CHECK(refusal(selection("{F|contains|base64: a}")).find("a wildcard cannot be encoded") != std::string::npos);
  CHECK(refusal(selection("{F|base64offset: ''}")).find("too short") != std::string::npos);
}

TEST_CASE("sigma_windash_takes_every_dash") {
  for (const char* dash : {"-", "/", "–", "—", "―"})
    CHECK(selects("{F|windash|contains: ' -enc '}", std::string("F: 'x ") + dash + "enc y'"));
  CHECK(selects("{F|windash|contains: ' -a -b'}", "F: 'x /a –b'"));
  CHECK_FALSE(selects("{F|windash|contains: 'a-b'}", "F: 'a/b'"));  // no option: the dash stands in a word
  CHECK(dash_variants(parse_pattern("-a -b -c -d")).size() == 625);
  CHECK(dash_variants(parse_pattern("-a -b -c -d -e")).empty());
}

TEST_CASE("sigma_networks") {
  CHECK(selects("{F|cidr: 10.0.0.0/8}", "F: 10.255.1.2"));
  CHECK_FALSE(selects("{F|cidr: 10.0.0.0/8}", "F: 11.0.0.1"));
  CHECK(selects("{F|cidr: ['2001:db8::/33', 127.0.0.1]}", "F: '2001:db8:7fff::1'"));
  CHECK_FALSE(selects("{F|cidr: '2001:db8::/33'}", "F: '2001:db8:8000::1'"));
  CHECK_FALSE(selects("{F|cidr: 10.0.0.0/8}", "F: 10.0.0.0.1"));
  // An address with its zone is in the network of the address; an IPv4 address has none.
  CHECK(selects("{F|cidr: 'fe80::/10'}", "F: 'fe80::1%12'"));
  CHECK(selects("{F|cidr: 'fe80::/10'}", "F: 'fe80::1%eth0'"));
  CHECK_FALSE(selects("{F|cidr: 'fe80::/10'}", "F: 'fe80::1%'"));
  CHECK_FALSE(selects("{F|cidr: 'fe80::/10'}", "F: 'fec0::1%12'"));
  CHECK_FALSE(selects("{F|cidr: 10.0.0.0/8}", "F: '10.0.0.1%1'"));
  CHECK(refusal(selection("{F|cidr: 10.0.0.0/33}")).find("is no network") != std::string::npos);
}

TEST_CASE("sigma_field_references") {
  CHECK(selects("{User|fieldref: Parent}", "User: Bob, Parent: bob"));
  CHECK_FALSE(selects("{User|fieldref: Parent}", "User: bob, Parent: eve"));
  CHECK_FALSE(selects("{User|fieldref: Parent}", "User: bob"));
  CHECK(selects("{User|fieldref|neq: Parent}", "User: bob, Parent: eve"));
  CHECK(selects("{A|fieldref|contains: B}", "A: xboby, B: BOB"));
  CHECK(selects("{A|fieldref|startswith: B}", "A: bobby, B: BOB"));
  CHECK(selects("{A|fieldref|endswith: B}", "A: abob, B: BOB"));
}

TEST_CASE("sigma_parts_of_dates") {
  CHECK(selects("{Date|hour: 3}", "Date: '2026-01-01T03:04:05Z'"));
  CHECK(selects("{Date|minute: 4, Date|day: 1, Date|month: 1, Date|year: 2026, Date|week: 1}", "Date: '2026-01-01 03:04'"));
  CHECK(selects("{Date|hour|lt: 6}", "Date: '2026-01-01T03:04:05Z'"));
  CHECK_FALSE(selects("{Date|hour|lt: 3}", "Date: '2026-01-01T03:04:05Z'"));
  CHECK_FALSE(selects("{Date|hour: 3}", "Date: 'yesterday'"));
  CHECK(selects("{Date|week: 53}", "Date: '2027-01-01'"));
  CHECK(selects("{timestamp|year: 2026}", "A: b"));  // the record's own time
}

TEST_CASE("sigma_placeholders") {
  LoadOptions options;
  options.placeholders["admins"] = {"adm_*", "root"};
  options.placeholders["none"] = {};
  const std::string expand = selection("{User|expand: '%admins%'}");
  CHECK(hits(expand, event("User: adm_bob"), options));
  CHECK(hits(expand, event("User: root"), options));
  CHECK_FALSE(hits(expand, event("User: '%admins%'"), options));
  CHECK(hits(selection("{User|expand|contains: 'x%admins%y'}"), event("User: axrootyb"), options));
  CHECK(hits(selection("{User|expand: '\\%admins%'}"), event("User: '%admins%'"), options));
  CHECK(hits(selection("{User: '%admins%'}"), event("User: '%admins%'"), options));  // without expand: as it stands
  CHECK_FALSE(hits(selection("{User|expand: '%none%'}"), event("User: x"), options));
  CHECK(refusal(selection("{User|expand: '%missing%'}"), options).find("the placeholder %missing% has no values") !=
        std::string::npos);
}

TEST_CASE("sigma_conditions") {
  const std::string three = "  sel_a: {A: 1}\n  sel_b: {B: 1}\n  _hidden: {C: 1}\n";
  const auto says = [&](const std::string& condition, const std::string& fields) {
    return hits(rule(three, condition), event(fields));
  };
  CHECK(says("1 of sel_*", "B: 1"));
  CHECK(says("any of sel_*", "A: 1"));
  CHECK_FALSE(says("all of sel_*", "A: 1"));
  CHECK(says("all of sel_*", "A: 1, B: 1"));
  CHECK_FALSE(says("1 of them", "C: 1"));
  CHECK(says("1 of *", "C: 1"));
  CHECK(says("1 of *_b", "B: 1"));
  CHECK(says("sel_a or sel_b and _hidden", "A: 1"));  // and before or
  CHECK_FALSE(says("(sel_a or sel_b) and _hidden", "A: 1"));
  CHECK(says("not sel_a and sel_b", "B: 1"));  // not before and
  CHECK(says("not (sel_a and sel_b)", "A: 1"));
  CHECK(says("not not sel_a", "A: 1"));
  CHECK(says("sel_a AND NOT sel_b", "A: 1"));
  CHECK(says("[sel_a and sel_b, _hidden]", "C: 1"));  // a list is joined by or
  CHECK(says("not 1 of sel_*", "D: 1"));
}

TEST_CASE("sigma_refusals_name_place_and_remedy") {
  const auto refused = [](const std::string& condition) { return refusal(rule("  selection: {A: 1}\n", condition)); };
  CHECK(refused("selction") == "6:14 condition, at character 1: there is no detection 'selction'");
  CHECK(refused("selection and").find("it ends where the name of a detection is wanted") != std::string::npos);
  CHECK(refused("(selection").find("a ')' is missing") != std::string::npos);
  CHECK(refused("selection selection").find("at character 11: 'selection' does not belong here") != std::string::npos);
  CHECK(refused("2 of selection").find("'2 of' is not Sigma") != std::string::npos);
  CHECK(refused("1 of filter*").find("no detection is named like 'filter*'") != std::string::npos);
  CHECK(refused(std::string(200, '(') + "selection" + std::string(200, ')')).find("nested deeper") != std::string::npos);
  CHECK(refusal(selection("{F|foo: 1}")).find("5:15 unknown modifier 'foo'") == 0);
  CHECK(refusal(selection("{F: {a: b}}")).find("has a map for a value") != std::string::npos);
  CHECK(refusal(selection("{F: []}")).find("an empty list can never match") != std::string::npos);
  CHECK(refusal(selection("{}")).find("an empty selection would match every event") != std::string::npos);
  CHECK(refusal(selection("{F|contains: null}")).find("null cannot be modified") != std::string::npos);
  CHECK(refusal(selection("{F|gt: x}")).find("is not a number") != std::string::npos);
  CHECK(refusal("title: T\ndetection: {selection: {A: 1}, condition: selection}\n").find("'logsource'") !=
        std::string::npos);
  CHECK(refusal("title: T\nlogsource: {product: windows}\nlevel: severe\ndetection: {s: {A: 1}, condition: s}\n")
            .find("3:8 the level 'severe' is not one of") == 0);
  CHECK(refusal("title: T\nid: a\nlogsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n---\n"
                "title: U\nid: a\nlogsource: {product: windows}\ndetection: {s: {A: 1}, condition: s}\n")
            .find("6:1 the id 'a' is taken by test.yml:1") == 0);
}

TEST_CASE("sigma_log_sources_scope_rules") {
  const auto in = [](const std::string& logsource, const std::string& record) {
    return hits("title: T\nlogsource: {" + logsource + "}\ndetection: {s: {F: 1}, condition: s}\n",
                "{F: 1, " + record + "}");
  };
  const std::string sysmon = "kind: windows_event, Channel: Microsoft-Windows-Sysmon/Operational, EventID: ";
  CHECK(in("product: windows, category: process_creation", sysmon + "1"));
  CHECK_FALSE(in("product: windows, category: process_creation", sysmon + "3"));
  CHECK(in("product: windows, category: process_creation", "kind: windows_event, Channel: Security, EventID: 4688"));
  CHECK(in("product: windows, service: sysmon", sysmon + "255"));
  CHECK(in("product: windows, category: ps_script",
           "kind: windows_event, Channel: PowerShellCore/Operational, EventID: 4104"));
  CHECK_FALSE(in("product: windows", "kind: syslog"));
  CHECK(in("product: linux, service: sshd", "kind: auth, program: sshd"));
  CHECK_FALSE(in("product: linux, service: sshd", "kind: auth, program: sudo"));
  CHECK(in("category: webserver", "kind: web_access"));
  CHECK_FALSE(in("category: webserver", "kind: auth"));
  CHECK(in("category: proxy", "kind: web_access, url: 'http://a.example/x'"));
  CHECK_FALSE(in("category: proxy", "kind: web_access, url: /x"));
  CHECK_FALSE(in("product: aws, service: cloudtrail", "kind: application"));
}

TEST_CASE("sigma_field_names_are_found_under_ours") {
  const auto web = [](const std::string& selection, const std::string& record) {
    return hits("title: T\nlogsource: {category: webserver}\ndetection:\n  s: {" + selection + "}\n  condition: s\n",
                "{kind: web_access, " + record + "}");
  };
  CHECK(web("cs-uri-query|contains: /admin", "url: /admin?x=1"));
  CHECK(web("cs-method: GET, sc-status: 404", "method: GET, status: 404"));
  CHECK(web("c-ip|cidr: 203.0.113.0/24", "client_ip: 203.0.113.9"));
  CHECK(web("cs-user-agent|contains: sqlmap", "user_agent: sqlmap/1"));
  CHECK(web("c-uri-extension: php", "path: /a/b.PHP"));
  CHECK_FALSE(web("c-uri-extension: php", "path: /a/b.phpx"));
  CHECK(
      hits("title: T\nlogsource: {product: windows, category: process_creation}\ndetection: {s: {Image|endswith: cmd.exe}, "
           "condition: s}\n",
           "{kind: windows_event, Channel: Security, EventID: 4688, NewProcessName: 'C:\\cmd.exe'}"));
  CHECK(hits(
      "title: T\nlogsource: {product: windows, service: windefend}\ndetection: {s: {ThreatName|contains: Eicar}, "
      "condition: s}\n",
      "{kind: windows_event, Channel: 'Microsoft-Windows-Windows Defender/Operational', 'Threat Name': 'EICAR-Test'}"));
}

TEST_CASE("sigma_filters_are_joined_to_their_rules") {
  const std::string base =
      "title: R\nid: r\nlogsource: {product: windows, category: process_creation}\n"
      "detection: {s: {A: 1}, condition: s}\n";
  const std::string filter =
      "---\ntitle: F\nlogsource: {product: windows, category: process_creation}\n"
      "filter:\n  rules: [r]\n  selection: {User|startswith: adm_}\n  condition: not selection\n";
  const std::string record = "{kind: windows_event, Channel: Security, EventID: 4688, A: 1, User: ";
  CHECK(hits(base + filter, record + "bob}"));
  CHECK_FALSE(hits(base + filter, record + "adm_bob}"));
  const RuleSet other =
      test::rules_of(base +
                     "---\ntitle: F\nlogsource: {product: linux}\nfilter: {rules: [r, nobody], selection: "
                     "{User: x}, condition: not selection}\n");
  CHECK(other.refused() == 0);
  CHECK(other.documents[1].warnings.size() == 2);  // another log source; no rule 'nobody'
}
