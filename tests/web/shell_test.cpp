// Templates, what stands around a page, and what pages load.
#include "web/shell.hpp"

#include <libdeflate.h>

#include <regex>

#include "catch.hpp"
#include "web/assets.hpp"
#include "web/compression.hpp"
#include "web/embedded.hpp"
#include "web/templates.hpp"

using namespace logystera;
using namespace logystera::web;

namespace {

const FormTokens kForms("a secret of this process");

server::Request request_of(const std::string& path, std::shared_ptr<const Principal> principal = nullptr) {
  server::Request request;
  request.method = "GET";
  request.path = path;
  request.principal = std::move(principal);
  return request;
}

std::shared_ptr<const Principal> somebody(Role role, Principal::Kind kind = Principal::Kind::session) {
  Principal principal;
  principal.kind = kind;
  principal.role = role;
  principal.user = 7;
  principal.name = "anna <b>";
  principal.session = std::string(43, 's');
  return std::make_shared<const Principal>(std::move(principal));
}

server::Route route_of(const std::string& path, server::Handler handler = nullptr) {
  return {"GET", path, 0, std::move(handler)};
}

Shell shell_with(const std::vector<std::string>& paths) {
  Shell shell(kForms, {[] { return std::vector<Shell::Site>{{"ent_a", "A <i>"}, {"ent_b", "B"}}; }});
  std::vector<server::Route> routes;
  for (const std::string& path : paths) routes.push_back(route_of(path));
  shell.link(routes);
  return shell;
}

std::string page_of(const Shell& shell, const server::Request& request, std::string_view section = "/") {
  View view;
  view.text("words", "w");
  return shell.page(request, {.name = "trouble", .title = "T", .view = std::move(view), .section = section}).body;
}

std::vector<std::string> header_lines(const server::Answer& answer, const std::string& name) {
  std::vector<std::string> lines;
  for (const auto& [key, value] : answer.headers) {
    if (key == name) lines.push_back(value);
  }
  return lines;
}

server::Answer answered(const server::Route& route, server::Request request) {
  server::Answer got = server::no_answer();
  route.handler(std::move(request), [&](server::Answer answer) { got = std::move(answer); });
  return got;
}

std::string inflated(const std::string& packed) {
  std::string out(1 << 20, '\0');
  std::size_t size = 0;
  auto* inflater = libdeflate_alloc_decompressor();
  REQUIRE(libdeflate_gzip_decompress(inflater, packed.data(), packed.size(), out.data(), out.size(), &size) ==
          LIBDEFLATE_SUCCESS);
  libdeflate_free_decompressor(inflater);
  out.resize(size);
  return out;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("every_template_can_be_loaded") {
  for (const std::string& fault : Templates::all().faults()) FAIL_CHECK(fault);
  CHECK(Templates::all().names().size() == embedded::templates().size());
}

TEST_CASE("a_template_shows_whatever_a_text_holds_as_text") {
  View view;
  view.text("words", "<script>alert(1)</script> \"'& \x1b[2J \xe2\x80\xae\xd8\xa7 \xe2\x80\xa8 \xff {{title}} {{{title}}}");
  const std::string body = plain_page({.name = "problem", .title = "<b>", .view = std::move(view)}).body;
  CHECK(has(body,
            "&lt;script&gt;alert(1)&lt;/script&gt; &quot;&#39;&amp; \\x1b[2J \\u{202e}\xd8\xa7 \\u{2028} \\xff {{title}} "
            "{{{title}}}"));
  CHECK(has(body, "<h1>&lt;b&gt;</h1>"));
  CHECK(!has(body, "<b>"));
}

TEST_CASE("a_section_is_shown_for_what_is_there") {
  View view;
  view.text("problem", "").text("next", "q").text("csrf", "c").text("name", "");
  const std::string body = plain_page({.name = "login", .title = "t", .view = std::move(view)}).body;
  CHECK(!has(body, "role=\"alert\""));
  CHECK(has(body, "name=\"next\" value=\"q\""));
}

TEST_CASE("times_are_words_in_utc_and_a_moment_for_scripts") {
  CHECK(iso_time(1'774'211'679) == "2026-03-22T20:34:39Z");
  CHECK(utc_words(1'774'211'679) == "22 Mar 2026, 20:34 UTC");
  CHECK(iso_time(-62'135'596'800) == "0001-01-01T00:00:00Z");
  CHECK(iso_time(253'402'300'799) == "9999-12-31T23:59:59Z");
  CHECK(iso_time(253'402'300'800).empty());
  CHECK(utc_words(INT64_MIN).empty());
  CHECK(utc_words(INT64_MAX).empty());
}

TEST_CASE("the_navigation_names_what_there_is_and_who_asks_may") {
  const Shell shell = shell_with({"/", "/findings", "/upload", "/settings"});
  const std::string body = page_of(shell, request_of("/findings", somebody(Role::viewer)), "/findings");
  CHECK(has(body, "href=\"/findings\" aria-current=\"page\""));
  for (const char* absent :
       {"href=\"/errors\"", "href=\"/upload\"", "href=\"/settings\"", "href=\"/alerts\"", "href=\"/account\""}) {
    INFO(absent);
    CHECK(!has(body, absent));
  }
  const std::string all = page_of(shell, request_of("/", somebody(Role::admin)));
  CHECK(has(all, "href=\"/upload\""));
  CHECK(has(all, "href=\"/settings\""));
  CHECK(has(all, "anna &lt;b&gt;"));
  CHECK(!has(all, "Sign out"));  // there is nowhere to
}

TEST_CASE("the_header_offers_the_sites_a_person_may_see") {
  const Shell shell = shell_with({"/", "/sites", "/events", "/logout"});
  Principal restricted = *somebody(Role::viewer);
  restricted.all_sites = false;
  restricted.sites = {"ent_b"};
  const std::string body = page_of(shell, request_of("/", std::make_shared<const Principal>(restricted)));
  CHECK(!has(body, "/sites/ent_a"));
  CHECK(has(body, "/sites/ent_b"));
  server::Request events = request_of("/events", somebody(Role::viewer));
  events.query = "site=ent_a&type=auth.login";
  const std::string filtered = page_of(shell, events, "/events");
  CHECK(has(filtered, "href=\"/events?site=ent_a\" aria-current=\"true\""));
  CHECK(has(filtered, "name=\"back\" value=\"/events?site=ent_a&amp;type=auth.login\""));
  CHECK(has(filtered, "Sign out"));
}

TEST_CASE("a_form_is_good_for_whom_its_page_was_made") {
  const Shell shell = shell_with({"/"});
  const server::Request mine = request_of("/", somebody(Role::viewer));
  const auto form = [&](const server::Request& request) { return kForms.token(kFormPurpose, request.principal->session); };
  CHECK(shell.holds(mine, form(mine)));
  Principal other = *mine.principal;
  other.session[0] = 't';
  CHECK(!shell.holds(request_of("/", std::make_shared<const Principal>(other)), form(mine)));
  CHECK(!shell.holds(request_of("/"), form(mine)));
  CHECK(!shell.holds(mine, ""));
  server::Request elsewhere = mine;
  elsewhere.headers.emplace_back("Sec-Fetch-Site", "cross-site");
  CHECK(!shell.holds(elsewhere, form(mine)));
}

TEST_CASE("a_page_has_the_theme_of_the_cookie_and_no_other_word") {
  const server::Route route = finished(
      route_of("/", [](const server::Request&, const server::Reply& reply) { reply(problem_page(404, "t", "w")); }));
  const auto with = [&](const std::string& cookie) {
    server::Request request = request_of("/");
    request.headers.emplace_back("cookie", cookie);
    return answered(route, request).body;
  };
  CHECK(has(with("a=b; logystera_theme=dark"), "data-theme=\"dark\""));
  CHECK(has(with("logystera_theme=light; x=y"), "data-theme=\"light\""));
  for (const char* other :
       {"", "logystera_theme=", "logystera_theme=\"><script>", "xlogystera_theme=dark", "logystera_theme=DARK"}) {
    INFO(other);
    CHECK(has(with(other), "data-theme=\"system\""));
  }
}

TEST_CASE("a_theme_is_chosen_without_a_script_and_leads_nowhere_else") {
  const server::Route route = shell_with({"/"}).theme_route();
  const auto posted = [&](const std::string& body, const std::string& from = "same-origin") {
    server::Request request;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Sec-Fetch-Site", from}};
    request.body = body;
    return answered(route, request);
  };
  const server::Answer dark = posted("theme=dark&back=%2Ffindings%3Fseverity%3Dhigh");
  CHECK(dark.status == 303);
  CHECK(header_lines(dark, "Location") == std::vector<std::string>{"/findings?severity=high"});
  CHECK(header_lines(dark, "Set-Cookie") ==
        std::vector<std::string>{"logystera_theme=dark; Path=/; Max-Age=31536000; SameSite=Lax"});
  for (const char* back :
       {"//evil.example", "/%5Cevil.example", "https://evil.example", "", "%2F%2Fevil.example", "/a%0D%0AX: y"}) {
    INFO(back);
    CHECK(header_lines(posted(std::string("theme=light&back=") + back), "Location") == std::vector<std::string>{"/"});
  }
  CHECK(posted("theme=red&back=/").status == 400);
  CHECK(posted("theme=dark&back=/", "cross-site").status == 400);
}

TEST_CASE("a_person_is_told_of_a_missing_page_by_a_page_and_a_program_by_json") {
  server::Request request = request_of("/nothing");
  const server::Answer missing = server::problem(404, "not_found", "there is nothing at this path");
  CHECK(refused_page(request, missing).content_type == "application/json");
  request.headers.emplace_back("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
  request.headers.emplace_back("Cookie", "logystera_theme=dark");
  const server::Answer page = refused_page(request, missing);
  CHECK(page.status == 404);
  CHECK(has(page.body, "data-theme=\"dark\""));
  CHECK(has(page.body, "There is no such page"));
  CHECK(has(page.body, "href=\"/\""));
}

TEST_CASE("what_the_server_refuses_keeps_its_headers_and_what_is_a_page_already_its_words") {
  server::Request request = request_of("/nothing");
  request.headers.emplace_back("Accept", "text/html");
  server::Answer refused = server::problem(405, "method_not_allowed", "this path takes GET");
  refused.headers.emplace_back("Allow", "GET");
  const server::Answer page = refused_page(request, refused);
  CHECK(page.status == 405);
  CHECK(header_lines(page, "Allow") == std::vector<std::string>{"GET"});
  CHECK(header_lines(page, "Content-Security-Policy").size() == 1);
  CHECK(header_lines(page, "Strict-Transport-Security").empty());
  CHECK(header_lines(refused_page(request, refused, true), "Strict-Transport-Security").size() == 1);
  CHECK(has(refused_page(request, problem_page(404, "Our own", "words")).body, "Our own"));
  // Of another's name the program says nothing that outlasts the answer.
  const server::Answer elsewhere = server::problem(421, "misdirected_request", "not here");
  CHECK(header_lines(refused_page(request, elsewhere, true), "Strict-Transport-Security").empty());
}

TEST_CASE("a_page_is_compressed_for_who_takes_it") {
  const auto accepts = [](const std::string& value) {
    server::Request request;
    request.headers.emplace_back("Accept-Encoding", value);
    return accepts_gzip(request);
  };
  for (const char* yes : {"gzip", "br, gzip", "GZIP;q=0.5", "*", "identity, x-gzip", "deflate , gzip ; q=1"})
    CHECK(accepts(yes));
  for (const char* no : {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzipped", "gzip;q=0, *"}) CHECK(!accepts(no));
  server::Request request;
  request.headers.emplace_back("Accept-Encoding", "gzip");
  server::Answer page = problem_page(404, "t", std::string(4000, 'x'));
  const std::string before = page.body;
  compress(request, page);
  CHECK(page.body.size() < before.size() / 2);
  CHECK(inflated(page.body) == before);
  CHECK(header_lines(page, "Content-Encoding") == std::vector<std::string>{"gzip"});
  CHECK(header_lines(page, "Vary") == std::vector<std::string>{"Accept-Encoding"});
  server::Answer small;
  small.body = "short";
  compress(request, small);
  CHECK(small.body == "short");
}

TEST_CASE("assets_have_names_of_their_content_and_are_kept_for_good") {
  CHECK(asset_path("nothing.css").empty());
  CHECK(std::regex_match(asset_path("app.css"), std::regex("/assets/app\\.[0-9a-f]{12}\\.css")));
  const auto routes = asset_routes();
  CHECK(routes.size() == embedded::assets().size());
  for (const server::Route& route : routes) {
    INFO(route.path);
    server::Request request;
    const server::Answer plain = answered(route, request);
    CHECK(header_lines(plain, "Cache-Control") == std::vector<std::string>{"public, max-age=31536000, immutable"});
    CHECK(header_lines(plain, "X-Content-Type-Options") == std::vector<std::string>{"nosniff"});
    CHECK(header_lines(plain, "Content-Encoding").empty());
    request.headers.emplace_back("Accept-Encoding", "gzip");
    const server::Answer packed = answered(route, request);
    if (!header_lines(packed, "Content-Encoding").empty()) CHECK(inflated(packed.body) == plain.body);
  }
  CHECK(assets_bytes() < 100'000);
}
