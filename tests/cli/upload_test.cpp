// Logs uploaded to a running server: looked at, and nothing of them remains.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "catch.hpp"
#include "cli/program.hpp"
#include "core/hmac.hpp"
#include "scratch.hpp"
#include "socket_client.hpp"

using namespace logystera::testing;

namespace {

struct House {
  Scratch scratch;
  Running server;
  std::string url;

  House()
      : server({"--store", "sqlite:" + scratch.file("a.db"), "serve", "--port", "0"}),
        url("http://127.0.0.1:" + server.said("listening on http://127.0.0.1:")) {}

  std::string ask(const std::string& method, const std::string& path, const std::string& more = "",
                  const std::string& body = "") const {
    SocketClient client(url);
    client.send(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n", method, path,
                            url.substr(7), more, body.size()));
    client.send(body);
    return client.receive_all();
  }
  /// The token of the page's form.
  std::string csrf() const {
    const std::string page = ask("GET", "/upload");
    const std::size_t at = page.find("data-csrf=\"");
    REQUIRE(at != std::string::npos);
    return page.substr(at + 11, page.find('"', at + 11) - at - 11);
  }
  std::string put(const std::string& query, const std::string& body) const {
    return ask("PUT", "/upload/scan?" + query, "X-CSRF-Token: " + csrf() + "\r\n", body);
  }
  /// Every file of the store, by what it holds.
  std::map<std::string, logystera::Digest> files() const {
    std::map<std::string, logystera::Digest> all;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(scratch.file("a.db")).parent_path())) {
      // The index of the write-ahead log is shared memory, with the marks of who reads.
      if (entry.path().extension() == ".db-shm") continue;
      all[entry.path().filename().string()] = logystera::sha256(read_whole(entry.path().string()));
    }
    return all;
  }
};

const std::string kLine = "May 18 10:00:10 web1 sshd[1000]: Failed password for root from 198.51.100.7 port 22 ssh2\n";

std::string lines(int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += kLine;
  return all;
}

bool has(const std::string& answer, std::string_view words) { return answer.find(words) != std::string::npos; }
bool has_status(const std::string& answer, int status) { return answer.starts_with(fmt::format("HTTP/1.1 {} ", status)); }

}  // namespace

TEST_CASE("an_uploaded_log_is_shown_redacted_and_nothing_of_it_is_stored") {
  const House house;
  (void)house.csrf();
  const auto before = house.files();
  const std::string redacted = house.put("name=auth.log&mode=redact", lines(100));
  CHECK(has_status(redacted, 200));
  CHECK(has(redacted, "auth.log"));
  CHECK(has(redacted, "SSH_BRUTE_FORCE"));
  CHECK(has(redacted, "The first 20 of 100 events"));
  CHECK(!has(redacted, "198.51.100.7"));
  CHECK(!has(redacted, "<html"));  // a part of the page
  CHECK(has(house.put("name=auth.log&mode=mask", lines(100)), "&lt;ip&gt;"));
  const std::string dry = house.put("name=auth.log&mode=dry-run", lines(100));
  CHECK(has(dry, "198.51.100.7"));
  CHECK(has(dry, "shown as they are"));
  for (int i = 0; i < 50; ++i) CHECK(has_status(house.put("name=many.log", lines(i)), 200));
  CHECK(house.files() == before);
  for (const auto& [name, digest] : before) CHECK(!has(read_whole(house.scratch.file(name)), "Failed password"));
}

TEST_CASE("a_thousand_uploads_in_turn_leave_the_server_as_it_was") {
  const House house;
  const std::string csrf = "X-CSRF-Token: " + house.csrf() + "\r\n", log = lines(200);
  const auto upload = [&](int times) {
    for (int i = 0; i < times; ++i)
      REQUIRE(has_status(house.ask("PUT", "/upload/scan?name=auth.log&mode=mask", csrf, log),
                         200));  // a place is free each time
  };
  upload(100);
  const auto before = house.files();
  const std::size_t resident = resident_kib(house.server), open = open_files(house.server);
  upload(1'000);
  CHECK(house.files() == before);
  CHECK(eventually([&] { return open_files(house.server) <= open + 8; }));
  CHECK(resident_kib(house.server) < resident + 8 * 1024);
}

TEST_CASE("a_form_without_a_script_is_answered_by_the_whole_page") {
  const House house;
  const auto post = [&](const std::string& csrf, const std::string& log) {
    const std::string body = "--b\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n" + csrf +
                             "\r\n--b\r\nContent-Disposition: form-data; name=\"mode\"\r\n\r\nmask\r\n"
                             "--b\r\nContent-Disposition: form-data; name=\"log\"; filename=\"<b>.log\"\r\n\r\n" +
                             log + "\r\n--b--\r\n";
    return house.ask("POST", "/upload", "Content-Type: multipart/form-data; boundary=b\r\n", body);
  };
  const std::string page = post(house.csrf(), lines(10));
  CHECK(has_status(page, 200));
  CHECK(has(page, "<!doctype html>"));
  CHECK(has(page, "Content-Security-Policy: default-src 'none'; script-src 'self'"));
  CHECK(has(page, "&lt;b&gt;.log"));
  CHECK(!has(page, "<b>.log"));
  CHECK(has(page, "&lt;ip&gt;"));
  CHECK(has_status(post("wrong", lines(10)), 403));
  const std::string empty = post(house.csrf(), "");
  CHECK(has_status(empty, 200));
  CHECK(has(empty, "No rule found anything in it"));
}

TEST_CASE("a_log_of_ten_mib_is_looked_at_and_one_byte_more_is_refused_with_words") {
  const House house;
  std::string log = lines(10'485'760 / static_cast<int>(kLine.size()) + 1);
  log.resize(10'485'760);
  CHECK(has_status(house.put("name=a.log", log), 200));
  log += 'x';
  const std::string refused = house.put("name=a.log", log);
  CHECK(has_status(refused, 413));
  CHECK(has(refused, "10485760 bytes"));
  CHECK(has(refused, "logystera scan FILE"));
  const std::string line = house.put("name=a.log", std::string(10'000'000, 'x'));
  CHECK(has_status(line, 200));
  CHECK(has(line, "cut there"));
}

TEST_CASE("nobody_else_s_page_can_hand_a_log_over") {
  const House house;
  CHECK(has_status(house.ask("PUT", "/upload/scan?name=a", "", kLine), 403));
  CHECK(has_status(house.ask("PUT", "/upload/scan?name=a", "X-CSRF-Token: x\r\n", kLine), 403));
  CHECK(has_status(house.ask("PUT", "/upload/scan?name=a",
                             "Sec-Fetch-Site: cross-site\r\nX-CSRF-Token: " + house.csrf() + "\r\n", kLine),
                   403));
  CHECK(has_status(house.ask("PUT", "/upload/scan?name=a&mode=all", "X-CSRF-Token: " + house.csrf() + "\r\n", kLine), 400));
}

TEST_CASE("what_is_no_log_or_damaged_is_said_in_a_word") {
  const House house;
  CHECK(has(house.put("name=a.zip", std::string("PK\3\4\24\0\0\0\10\0 zip", 16)), "zip archive"));
  CHECK(has(house.put("name=a", std::string("\x7f"
                                            "ELF\2\1\1\0\0\0\0\0\0\0\0\0",
                                            16)),
            "class=\"notice bad\""));
  CHECK(has(house.put("name=a.gz", std::string("\x1f\x8b\x08\0\0\0\0\0\0\3"
                                               "damaged",
                                               17)),
            "gzip"));
  CHECK(has_status(house.put("name=%zz", kLine), 400));
  // U+202E turns what follows around; it is shown as what it is.
  const std::string turned = house.put("name=%E2%80%AEgol.exe", "x \xe2\x80\xae turned \x1b[31m red\n");
  CHECK(has_status(turned, 200));
  CHECK(!has(turned, "\xe2\x80\xae"));
  CHECK(!has(turned, "\x1b"));
}
