// Who may connect sites, managed as an operator does, beside a gateway that runs.
#include <pty.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cstdlib>
#include <fstream>

#include "access/users.hpp"
#include "catch.hpp"
#include "cli/site.hpp"
#include "socket_client.hpp"
#include "store/store.hpp"
#include "web/form.hpp"

using namespace logystera::testing;

namespace {

const std::string kPassword = "correct horse battery staple";

struct House {
  Scratch scratch;
  std::string store = "sqlite:" + scratch.file("a.db");

  std::string password_file(const std::string& text, mode_t mode = 0600) const {
    const std::string path = scratch.file("password");
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  Finished user(Arguments arguments) const {
    arguments.insert(arguments.begin(), {"--store", store, "user"});
    return run(arguments);
  }
};

std::string body_between(const std::string& text, const std::string& before, const std::string& after) {
  const std::size_t begin = text.find(before);
  if (begin == std::string::npos) return {};
  const std::size_t end = text.find(after, begin + before.size());
  return text.substr(begin + before.size(), end - begin - before.size());
}

std::string get(const std::string& url, const std::string& target, const std::string& cookie = "") {
  SocketClient client(url);
  client.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
              (cookie.empty() ? "" : "Cookie: " + cookie + "\r\n") + "\r\n");
  return client.receive_all();
}

std::string post(const std::string& url, const std::string& target, const std::string& body,
                 const std::string& cookie = "") {
  SocketClient client(url);
  client.send("POST " + target +
              " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
              (cookie.empty() ? "" : "Cookie: " + cookie + "\r\n") + "Content-Length: " + std::to_string(body.size()) +
              "\r\n\r\n" + body);
  return client.receive_all();
}

std::string cookie_of(const std::string& answer) { return body_between(answer, "Set-Cookie: ", ";"); }

}  // namespace

TEST_CASE("users_are_added_listed_changed_and_removed") {
  House house;
  const Finished added = house.user({"add", "anna", "--password-file", house.password_file(kPassword + "\n")});
  CHECK(added.code == 0);
  CHECK(added.out == "anna may connect sites now.\n");
  const Finished again = house.user({"add", "Anna", "--password-file", house.password_file(kPassword)});
  CHECK(again.code == 2);
  CHECK(again.err.find("there is one of this name") != std::string::npos);
  const Finished list = house.user({"list", "--json"});
  CHECK(list.out.find(R"({"name":"anna","created_at":)") == 0);
  CHECK(list.out.find(R"("last_login_at":0})") != std::string::npos);
  CHECK(house.user({"list"}).out.find("never") != std::string::npos);
  CHECK(house.user({"password", "anna", "--password-file", house.password_file("another password of anna's")}).code == 0);
  CHECK(house.user({"remove", "anna"}).code == 0);
  CHECK(house.user({"remove", "anna"}).code == 2);
  CHECK(house.user({"list", "--json"}).out.empty());
}

TEST_CASE("a_password_that_will_not_do_says_why_and_is_not_repeated") {
  House house;
  const auto refused = [&](const std::string& path, std::string_view words) {
    const Finished finished = house.user({"add", "anna", "--password-file", path});
    INFO(finished.err);
    CHECK(finished.code == 2);
    CHECK(finished.err.find(words) != std::string::npos);
    CHECK(finished.err.find("hunter") == std::string::npos);
  };
  refused(house.password_file("hunter2\n"), "at least 12 characters");
  refused(house.password_file("\n" + kPassword), "at least 12 characters");
  refused(house.password_file(std::string(5000, 'x')), "at most 1024 bytes");
  refused(house.password_file(kPassword, 0640), "run chmod 600");
  refused(house.password_file(kPassword, 0604), "mode 0604");
  refused(house.scratch.file("none"), "No such file");
  refused("/dev/null", "not a regular file");
  CHECK(house.user({"add", "anna", kPassword}).code == 2);  // there is no argument for it
  CHECK(house.user({"add", "two words", "--password-file", house.password_file(kPassword)}).code == 2);
}

TEST_CASE("a_password_is_the_first_line_of_standard_input") {
  House house;
  const auto piped = [&](const std::string& lines, const std::string& command) {
    std::ofstream(house.scratch.file("lines")) << lines;
    const std::string line = "'" LOGYSTERA_BINARY "' --store '" + house.store + "' user " + command + " <'" +
                             house.scratch.file("lines") + "' >/dev/null 2>&1";
    return WEXITSTATUS(std::system(line.c_str()));
  };
  CHECK(piped("", "add anna") == 2);
  CHECK(piped(kPassword + "\r\nnot this\n", "add anna") == 0);
  CHECK(piped("another password of anna's", "password anna") == 0);
  const auto store = std::move(logystera::store::open(house.store)).value();
  const logystera::access::Users users(*store);
  CHECK(users.check("anna", "another password of anna's")->has_value());
  CHECK(!users.check("anna", kPassword)->has_value());
}

TEST_CASE("a_terminal_is_asked_twice_and_shows_nothing_of_the_password") {
  House house;
  const auto [second, code] = GENERATE(table<std::string, int>({{kPassword, 0}, {kPassword + "!", 2}}));
  int master = -1;
  const pid_t child = ::forkpty(&master, nullptr, nullptr, nullptr);
  REQUIRE(child >= 0);
  if (child == 0) {
    ::execl(LOGYSTERA_BINARY, LOGYSTERA_BINARY, "--store", house.store.c_str(), "user", "add", "anna", nullptr);
    ::_exit(127);
  }
  std::string shown;
  const auto until = [&](std::string_view words) {
    char chunk[512];
    while (shown.find(words) == std::string::npos) {
      const ssize_t got = ::read(master, chunk, sizeof chunk);
      if (got <= 0) return;
      shown.append(chunk, static_cast<std::size_t>(got));
    }
  };
  until("Password: ");
  REQUIRE(::write(master, (kPassword + "\n").data(), kPassword.size() + 1) > 0);
  until("Repeat the password: ");
  REQUIRE(::write(master, (second + "\n").data(), second.size() + 1) > 0);
  until("\x01 nothing ends with this");
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::close(master);
  INFO(shown);
  CHECK(WEXITSTATUS(status) == code);
  CHECK(shown.find("Repeat the password: ") != std::string::npos);
  CHECK(shown.find("correct horse") == std::string::npos);
  CHECK((shown.find("may connect sites now") != std::string::npos) == (code == 0));
  CHECK((shown.find("passwords differ") != std::string::npos) == (code != 0));
}

TEST_CASE("a_user_connects_a_site_at_a_gateway_that_runs") {
  House house;
  Running gateway({"--store", house.store, "serve", "--port", "0", "--public-url", "http://localhost:7999/"});
  const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  REQUIRE(house.user({"add", "anna", "--password-file", house.password_file(kPassword)}).code == 0);

  const std::string query =
      "response_type=code&client_id=http%3A%2F%2Flocalhost%3A8888%2F&redirect_uri=http%3A%2F%2Flocalhost%3A8888%2Fcallback"
      "&state=0123456789012345678901234567890123456789012&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
      "&code_challenge_method=S256";
  const std::string login = get(url, body_between(get(url, "/oauth/authorize?" + query), "Location: ", "\r\n"));
  const auto field = [](const std::string& page, const std::string& name) {
    std::string value = body_between(page, "name=\"" + name + "\" value=\"", "\"");
    for (std::size_t at; (at = value.find("&amp;")) != std::string::npos;) value.replace(at, 5, "&");
    return logystera::web::percent_encoded(value);
  };
  const std::string entered = post(
      url, "/login",
      "csrf=" + field(login, "csrf") + "&next=" + field(login, "next") + "&name=anna&password=correct+horse+battery+staple",
      cookie_of(login));
  const std::string session = cookie_of(entered);
  const std::string consent = get(url, body_between(entered, "Location: ", "\r\n"), session);
  const std::string allowed =
      post(url, "/oauth/authorize",
           "csrf=" + field(consent, "csrf") + "&request=" + field(consent, "request") + "&decision=allow", session);
  CHECK(allowed.find("&iss=http%3A%2F%2Flocalhost%3A7999\r\n") != std::string::npos);
  const std::string code = body_between(allowed, "?code=", "&");
  const std::string token =
      post(url, "/oauth/token",
           "grant_type=authorization_code&code=" + code +
               "&client_id=http%3A%2F%2Flocalhost%3A8888%2F&redirect_uri=http%3A%2F%2Flocalhost%3A8888%2Fcallback"
               "&code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  rapidjson::Document document;
  document.Parse(token.substr(token.find("\r\n\r\n") + 4).c_str());
  REQUIRE(document.IsObject());
  REQUIRE(document.HasMember("entity_secret"));
  CHECK(document["gateway_url"].GetString() == std::string("http://localhost:7999"));
  CHECK(document["entity_name"].GetString() == std::string("localhost:8888"));
  const Site site{document["entity_token"].GetString(), document["entity_secret"].GetString()};
  CHECK(site.send(url, event_lines(0, 2)).status == 202);

  // A new password ends what the browser has.
  CHECK(get(url, "/login", session).find("Signed in as <b><bdi>anna</bdi></b>") != std::string::npos);
  REQUIRE(house.user({"password", "anna", "--password-file", house.password_file("another password of anna's")}).code == 0);
  CHECK(get(url, "/login", session).find("Signed in as") == std::string::npos);
  gateway.kill(SIGTERM);
  CHECK(gateway.wait() == 0);
  for (const std::string& hidden : {kPassword, code, site.secret, session.substr(session.find('=') + 1)}) {
    CHECK((gateway.out() + gateway.err()).find(hidden) == std::string::npos);
  }
  CHECK(gateway.err().find("user anna allows http://localhost:8888 to connect") != std::string::npos);
}

TEST_CASE("a_public_url_that_is_none_is_refused_at_the_start") {
  House house;
  for (const char* url : {"gateway.example.org", "http://gateway.example.org", "https://gateway.example.org/prefix",
                          "https://gateway.example.org/?a", "https://user@gateway.example.org"}) {
    const Finished finished = run({"--store", house.store, "serve", "--port", "0", "--public-url", url});
    INFO(url);
    CHECK(finished.code == 2);
    CHECK(finished.err.find("--public-url") != std::string::npos);
  }
}

TEST_CASE("a_gateway_behind_a_proxy_waits_to_be_told_its_address") {
  House house;
  Running gateway({"--store", house.store, "serve", "--port", "0", "--behind-proxy"});
  const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  const std::string answer = get(url, "/.well-known/oauth-authorization-server");
  CHECK(answer.find("HTTP/1.1 503 ") == 0);
  CHECK(answer.find("--public-url") != std::string::npos);
  CHECK(get(url, "/health").find("HTTP/1.1 200 ") == 0);
}
