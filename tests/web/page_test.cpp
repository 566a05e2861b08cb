// What every page shares: escaping, headers, cookies, tokens.
#include <map>

#include <string>
#include <vector>

#include "catch.hpp"
#include "web/cookies.hpp"
#include "web/csrf.hpp"
#include "web/headers.hpp"
#include "web/html.hpp"

using namespace logystera;
using namespace logystera::web;

namespace {

const std::string kSecret(43, 's');

std::string header_of(const server::Answer& answer, const std::string& name) {
  std::string joined;
  for (const auto& [key, value] : answer.headers) {
    if (key == name) joined += (joined.empty() ? "" : " | ") + value;
  }
  return joined;
}

server::Request with_cookie(const std::string& value) {
  server::Request request;
  request.headers.emplace_back("Cookie", value);
  return request;
}

}  // namespace

TEST_CASE("text_cannot_leave_its_place_in_html_or_in_a_quoted_attribute") {
  CHECK(escaped("a&b<c>d\"e'f") == "a&amp;b&lt;c&gt;d&quot;e&#39;f");
  CHECK(escaped("&amp;") == "&amp;amp;");
  CHECK(escaped("\xc3\xa4 plain") == "\xc3\xa4 plain");
  CHECK(escaped("").empty());
}

TEST_CASE("a_page_runs_embeds_remembers_and_passes_on_nothing") {
  server::Answer page;
  make_page(page);
  CHECK(page.content_type == "text/html; charset=utf-8");
  CHECK(header_of(page, "Content-Security-Policy") ==
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'");
  CHECK(header_of(page, "X-Frame-Options") == "DENY");
  CHECK(header_of(page, "Referrer-Policy") == "no-referrer");
  CHECK(header_of(page, "X-Content-Type-Options") == "nosniff");
  CHECK(header_of(page, "Cross-Origin-Opener-Policy") == "same-origin");
  CHECK(header_of(page, "Cross-Origin-Resource-Policy") == "same-origin");
  server::Answer leading;
  make_page(leading, "'self' https://example.org");
  CHECK(header_of(leading, "Content-Security-Policy").ends_with("; form-action 'self' https://example.org"));
  const server::Answer elsewhere = see_other("/login");
  CHECK(elsewhere.status == 303);
  CHECK(header_of(elsewhere, "Location") == "/login");
  CHECK(header_of(elsewhere, "Referrer-Policy") == "no-referrer");
}

TEST_CASE("a_cookie_is_out_of_reach_of_scripts_other_hosts_and_other_sites_forms") {
  server::Answer plain, secure, ended;
  Cookies(false).set(plain, "c", kSecret);
  CHECK(header_of(plain, "Set-Cookie") == "c=" + kSecret + "; Path=/; HttpOnly; SameSite=Lax");
  Cookies(true).set(secure, "c", kSecret);
  CHECK(header_of(secure, "Set-Cookie") == "__Host-c=" + kSecret + "; Path=/; HttpOnly; SameSite=Lax; Secure");
  Cookies(true).end(ended, "c");
  CHECK(header_of(ended, "Set-Cookie") == "__Host-c=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0");
}

TEST_CASE("a_cookie_counts_when_it_was_sent_once_and_could_be_ours") {
  const Cookies cookies(false);
  CHECK(cookies.secret_of(with_cookie("a=1; c=" + kSecret + "; b=2"), "c") == kSecret);
  const std::vector<std::string> wrong{"",
                                       "c=" + kSecret + "; c=" + kSecret,
                                       "c=" + kSecret + "x",
                                       "c=" + kSecret.substr(1),
                                       "C=" + kSecret,
                                       "xc=" + kSecret,
                                       "c=" + std::string(42, 's') + "\"",
                                       "c=\"" + kSecret.substr(2) + "\"",
                                       "c",
                                       "c=",
                                       ";;;"};
  for (const std::string& sent : wrong) {
    INFO(sent);
    CHECK(cookies.secret_of(with_cookie(sent), "c").empty());
  }
  server::Request twice = with_cookie("c=" + kSecret);
  twice.headers.emplace_back("cookie", "d=1");
  CHECK(cookies.secret_of(twice, "c").empty());
}

TEST_CASE("a_token_holds_for_its_form_its_owner_and_its_process_alone") {
  const FormTokens tokens("a secret of this process"), others("a secret of another");
  const std::string token = tokens.token("logout", kSecret);
  CHECK(token.size() == 86);
  CHECK(tokens.holds(token, "logout", kSecret));
  const std::string again = tokens.token("logout", kSecret);
  CHECK(tokens.holds(again, "logout", kSecret));
  CHECK(again.substr(0, 43) != token.substr(0, 43));  // nothing of it is the same twice: a page may be compressed
  CHECK(again.substr(43) != token.substr(43));
  CHECK(!tokens.holds(again.substr(0, 43) + token.substr(43), "logout", kSecret));
  CHECK(!tokens.holds(std::string(86, 'A'), "logout", kSecret));
  CHECK(!tokens.holds(std::string(86, '*'), "logout", kSecret));
  for (std::size_t at = 0; at < token.size(); ++at) {
    INFO(at);
    std::string wrong = token;
    wrong[at] = wrong[at] == 'A' ? 'B' : 'A';
    CHECK(!tokens.holds(wrong, "logout", kSecret));
  }
  CHECK(!tokens.holds(token, "login", kSecret));
  CHECK(!tokens.holds(token, "logout", kSecret + "x"));
  CHECK(!tokens.holds("", "logout", kSecret));
  CHECK(!tokens.holds(token + "x", "logout", kSecret));
  CHECK(!others.holds(token, "logout", kSecret));
}

TEST_CASE("a_browser_that_says_the_request_is_another_sites_is_believed") {
  const auto said = [](const std::vector<std::string>& values) {
    server::Request request;
    for (const std::string& value : values) request.headers.emplace_back("Sec-Fetch-Site", value);
    return comes_from_elsewhere(request);
  };
  CHECK(!said({}));
  CHECK(!said({"same-origin"}));
  CHECK(!said({"none"}));
  CHECK(said({"cross-site"}));
  CHECK(said({"same-site"}));
  CHECK(said({"same-origin", "cross-site"}));
}
