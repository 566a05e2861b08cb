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
  CHECK(added.out == "anna can sign in now, as admin.\n");
  const Finished again = house.user({"add", "Anna", "--password-file", house.password_file(kPassword)});
  CHECK(again.code == 2);
  CHECK(again.err.find("there is one of this name") != std::string::npos);
  const Finished list = house.user({"list", "--json"});
  CHECK(list.out.find(
            R"({"name":"anna","role":"admin","disabled":false,"second_factor":false,"sites":null,"created_at":)") == 0);
  CHECK(list.out.find(R"("last_login_at":0})") != std::string::npos);
  CHECK(house.user({"list"}).out.find("never") != std::string::npos);
  CHECK(house.user({"password", "anna", "--password-file", house.password_file("another password of anna's")}).code == 0);
  const Finished last = house.user({"remove", "anna"});
  CHECK(last.code == 2);
  CHECK(last.err.find("is the last administrator: make somebody else one first, or give --last") != std::string::npos);
  CHECK(house.user({"remove", "anna", "--last"}).code == 0);
  CHECK(house.user({"remove", "anna", "--last"}).code == 2);
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
  CHECK((shown.find("can sign in now") != std::string::npos) == (code == 0));
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

TEST_CASE("roles_sites_and_whether_one_may_sign_in_are_changed_beside_a_server_that_runs") {
  House house;
  const Site shop = Site::added(house.store, "shop");
  const std::string password = house.password_file(kPassword);
  CHECK(house.user({"add", "anna", "--password-file", password}).out == "anna can sign in now, as admin.\n");
  CHECK(house.user({"add", "bert", "--password-file", password}).out == "bert can sign in now, as viewer.\n");
  CHECK(house.user({"add", "carl", "--password-file", password, "--role", "analyst", "--site", "shop"}).code == 0);
  const auto one = [&](const std::string& name) {
    return body_between(house.user({"list", "--json"}).out, "{\"name\":\"" + name + "\",", "\"created_at\"");
  };
  CHECK(one("bert").find(R"("role":"viewer","disabled":false,"second_factor":false,"sites":null)") == 0);
  CHECK(one("carl").find(R"("role":"analyst","disabled":false,"second_factor":false,"sites":[")" + shop.token + "\"]") ==
        0);
  CHECK(house.user({"list"}).out.find("shop") != std::string::npos);
  CHECK(house.user({"role", "bert", "analyst", "--site", shop.token}).out ==
        "bert is analyst now; every session that was open has ended.\n");
  CHECK(one("bert").find(R"("role":"analyst","disabled":false,"second_factor":false,"sites":[")") == 0);
  CHECK(house.user({"role", "bert", "viewer"}).code == 0);
  CHECK(one("bert").find(R"("sites":null)") != std::string::npos);
  CHECK(house.user({"disable", "bert"}).code == 0);
  CHECK(one("bert").find(R"("disabled":true)") != std::string::npos);
  CHECK(house.user({"list"}).out.find("disabled") != std::string::npos);
  CHECK(house.user({"enable", "bert"}).code == 0);
  const auto refused = [&](const Arguments& arguments, const std::string& words) {
    const Finished finished = house.user(arguments);
    INFO(finished.err);
    CHECK(finished.code == 2);
    CHECK(finished.err.find(words) != std::string::npos);
  };
  refused({"role", "anna", "viewer"}, "is the last administrator");
  refused({"disable", "anna"}, "is the last administrator");
  refused({"role", "anna", "admin", "--site", "shop"}, "an administrator sees all sites");
  refused({"role", "bert", "root"}, "root");
  refused({"role", "dora", "viewer"}, "there is none of this name");
  refused({"role", "bert", "viewer", "--site", "blog"}, "--site blog: there is none");
  refused({"add", "dora", "--password-file", password, "--role", "root"}, "root");
  refused({"second-factor-off", "bert"}, "has no second factor");
  const auto store = std::move(logystera::store::open(house.store)).value();
  const auto rows = store->audit().list({.action = "user."}).value();
  REQUIRE(rows.size() == 7);
  CHECK(rows[0].actor.starts_with("command:"));
  CHECK(rows[6].object == "anna");
}

TEST_CASE("a_token_is_printed_once_opens_the_api_and_is_revoked") {
  House house;
  const Site shop = Site::added(house.store, "shop");
  const auto token = [&](Arguments arguments) {
    arguments.insert(arguments.begin(), {"--store", house.store, "token"});
    return run(arguments);
  };
  REQUIRE(house.user({"add", "anna", "--password-file", house.password_file(kPassword)}).code == 0);
  const Finished made = token({"add", "ci"});
  CHECK(made.code == 0);
  const std::string secret = made.out.substr(0, made.out.find('\n'));
  CHECK(secret.starts_with("lgy_"));
  CHECK(made.out == secret + "\n");
  CHECK(made.err.find("shown once") != std::string::npos);
  const Finished json = token({"add", "shop", "--role", "analyst", "--site", "shop", "--expires", "30d", "--json"});
  const std::string second = body_between(json.out, "\"token\":\"", "\"");
  CHECK(second.size() == secret.size());
  CHECK(token({"add", "hers", "--user", "anna", "--role", "admin", "--expires", "never"}).code == 0);
  const Finished list = token({"list"});
  CHECK(list.out.find(secret.substr(0, 8) + "…") != std::string::npos);
  CHECK(list.out.find(secret.substr(0, 12)) == std::string::npos);
  CHECK(list.out.find("never ends") != std::string::npos);
  CHECK(token({"list", "--json"}).out.find(R"("name":"shop","prefix":"lgy_)") != std::string::npos);
  const auto refused = [&](const Arguments& arguments, const std::string& words) {
    const Finished finished = token(arguments);
    INFO(finished.err);
    CHECK(finished.code == 2);
    CHECK(finished.err.find(words) != std::string::npos);
  };
  refused({"add", "a", "--expires", "90"}, "--expires 90: write a number of days like 90d");
  refused({"add", "a", "--expires", "0d"}, "write a number of days");
  refused({"add", "a", "--expires", "99999d"}, "write a number of days");
  refused({"add", "a", "--user", "dora"}, "--user dora: there is none");
  refused({"add", "a", "--site", "blog"}, "--site blog: there is none");
  refused({"add", "a", "--role", "admin", "--site", "shop"}, "an administrator sees all sites");
  refused({"add", ""}, "token name");
  refused({"revoke", "999"}, "token 999: there is none");
  refused({"revoke", "x"}, "x");
  CHECK(token({"revoke", "1"}).out == "Token 1 is revoked.\n");
  CHECK(token({"revoke", "1"}).code == 2);
  CHECK(token({"list", "--json"}).out.find("\"name\":\"ci\"") == std::string::npos);
}

TEST_CASE("how_one_gets_in_is_said_at_the_start_and_the_setup_secret_makes_the_first_administrator") {
  House house;
  const auto err_of = [&](const Arguments& more, const std::string& words,
                          const std::map<std::string, std::string>& environment) {
    Arguments arguments{"--store", house.store, "serve", "--port", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Running gateway(arguments, {.environment = environment});
    (void)gateway.said("listening on http://127.0.0.1:");
    CHECK(eventually([&] { return gateway.err().find(words) != std::string::npos; }));
    return gateway.err();
  };
  (void)err_of({}, "open to whoever uses this machine, as nobody has an account", {});
  (void)err_of({"--no-auth"}, "OPEN TO EVERYBODY", {});
  (void)err_of({}, "OPEN TO EVERYBODY", {{"LOGYSTERA_NO_AUTH", "1"}});
  const std::string weak = err_of({}, "the API token has 7 characters", {{"LOGYSTERA_API_TOKEN", "mytoken"}});
  CHECK(weak.find("mytoken") == std::string::npos);
  Running gateway({"--store", house.store, "serve", "--port", "0", "--behind-proxy"});
  const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  REQUIRE(eventually([&] { return gateway.err().find("/setup#k=") != std::string::npos; }));
  const std::string secret = body_between(gateway.err(), "/setup#k=", "\n");
  CHECK(get(url, "/upload").find("Location: /setup\r\n") != std::string::npos);
  const std::string page = get(url, "/setup");
  CHECK(page.find(secret) == std::string::npos);
  const std::string made =
      post(url, "/setup",
           "csrf=" + logystera::web::percent_encoded(body_between(page, "name=\"csrf\" value=\"", "\"")) +
               "&secret=" + secret + "&name=anna&password=correct+horse+battery+staple&again=correct+horse+battery+staple",
           cookie_of(page));
  CHECK(made.find("HTTP/1.1 303 ") == 0);
  CHECK(get(url, "/upload", cookie_of(made)).find("HTTP/1.1 200 ") == 0);
  CHECK(house.user({"list", "--json"}).out.find(R"({"name":"anna","role":"admin")") == 0);
}

TEST_CASE("mistakes_about_who_may_come_in_stop_the_server_from_starting") {
  House house;
  const auto refused = [&](const Arguments& more, const std::map<std::string, std::string>& environment,
                           const std::string& words) {
    Arguments arguments{"--store", house.store, "serve", "--port", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(arguments, {.environment = environment});
    INFO(finished.err);
    CHECK(finished.code == 2);
    CHECK(finished.err.find(words) != std::string::npos);
  };
  refused({}, {{"LOGYSTERA_NO_AUTH", "yes please"}}, "$LOGYSTERA_NO_AUTH: must be 1 (open to everybody) or 0");
  refused({"--no-auth"}, {{"LOGYSTERA_API_TOKEN", "a-token-that-is-long-enough"}}, "give one of them");
  refused({}, {{"LOGYSTERA_API_TOKEN", "a token with blanks"}}, "holds blanks");
  refused({"--allow-host", "https://gateway.example.org"}, {}, "--allow-host");
}

TEST_CASE("a_server_is_called_by_the_names_its_operator_says") {
  House house;
  std::ofstream(house.scratch.file("config.yaml")) << "allow_hosts: [configured.example]\napi_token: a token-of-the-file\n";
  CHECK(run({"--config", house.scratch.file("config.yaml"), "--store", house.store, "serve", "--port", "0"}).code == 2);
  std::ofstream(house.scratch.file("config.yaml"))
      << "allow_hosts: [configured.example]\napi_token: the-token-of-the-file\n";
  Running gateway({"--config", house.scratch.file("config.yaml"), "--store", house.store, "serve", "--port", "0",
                   "--allow-host", "allowed.example:99", "--public-url", "https://public.example:444"});
  const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  const auto status = [&](const std::string& host, const std::string& target) {
    SocketClient client(url);
    client.send("GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    return client.receive_all().substr(9, 3);
  };
  for (const char* host : {"localhost", "127.0.0.1:1", "[::1]", "configured.example", "allowed.example:99",
                           "public.example", "public.example:8080"}) {
    INFO(host);
    CHECK(status(host, "/login") == "200");
  }
  for (const char* host : {"evil.example", "allowed.example", "192.0.2.1"}) {
    INFO(host);
    CHECK(status(host, "/login") == "421");
    CHECK(status(host, "/api/v1/stats") == "421");
    CHECK(status(host, "/health") == "200");
  }
}
