// `tail` as a user runs it: a process beside a log that grows.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "catch.hpp"
#include "cli/program.hpp"
#include "core/hmac.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }

bool shows(const Running& tail, const std::string& words) {
  return eventually([&] { return has(tail.out(), words); });
}

struct House {
  Scratch scratch;
  const std::string log = scratch.file("app.log");
  const std::string store = "sqlite:" + scratch.file("a.db");
  Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};

  House() {
    append(scratch.file("rule.yml"),
           "id: LEAK\ntitle: A leak\nlevel: high\ndetection: {match: [{field: message, op: contains, value: leak}]}\n");
    append(log, "2026-05-18 10:00:00 INFO begun\n");
  }
  Arguments arguments(Arguments more) const {
    Arguments all{"tail", log, "--rules-dir", scratch.file("rule.yml"), "--store", store, "--poll-interval", "0.02"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

// One connection's request, answered with 204: what a webhook's receiver is.
class Receiver {
 public:
  Receiver() {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 4) == 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/hook";
  }
  ~Receiver() { ::close(socket_); }

  std::string request() {
    timeval patience{60, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int peer = ::accept(socket_, nullptr, nullptr);
    REQUIRE(peer >= 0);
    std::string text;
    char piece[4096];
    while (text.find("\r\n\r\n") == std::string::npos || text.back() != '}') {
      const ssize_t got = ::recv(peer, piece, sizeof piece, 0);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
    }
    const std::string answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    REQUIRE(::send(peer, answer.data(), answer.size(), 0) == static_cast<ssize_t>(answer.size()));
    ::close(peer);
    return text;
  }
  std::string url;

 private:
  int socket_;
};

std::string header(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("tail_shows_new_lines_redacted_and_ends_well_when_interrupted") {
  House house;
  Running tail(house.arguments({"--from-start"}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO a leak from 192.0.2.1\n");
  CHECK(shows(tail, "LEAK A leak: a leak from ip_"));
  CHECK_FALSE(has(tail.out(), "192.0.2.1"));
  tail.kill(SIGINT);
  CHECK(tail.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(house.scratch.file("a.db")));
}

TEST_CASE("tail_honours_a_dismissal_made_meanwhile") {
  House house;
  Running tail(house.arguments({"--from-start", "--track-findings"}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO leak one\n");
  CHECK(shows(tail, "A leak: leak one"));
  CHECK(run({"findings", "dismiss", "LEAK", "--store", house.store}, house.setting).code == 0);
  append(house.log, "2026-05-18 10:00:02 INFO leak two\n");
  CHECK(shows(tail, "leak two"));
  append(house.log, "2026-05-18 10:00:03 INFO nothing\n");
  CHECK(shows(tail, "nothing"));
  CHECK_FALSE(has(tail.out(), "A leak: leak two"));
}

TEST_CASE("tail_goes_on_where_it_was_stopped") {
  House house;
  {
    Running tail(house.arguments({"--resume", "--from-start"}), house.setting);
    CHECK(shows(tail, "begun"));
    tail.kill(SIGTERM);
    CHECK(tail.wait() == 0);
  }
  append(house.log, "2026-05-18 10:00:01 INFO while away\n");
  Running tail(house.arguments({"--resume"}), house.setting);
  CHECK(shows(tail, "while away"));
  CHECK_FALSE(has(tail.out(), "begun"));
}

TEST_CASE("tail_posts_findings_signed_as_standard_webhooks_are") {
  House house;
  Receiver receiver;
  house.setting.environment["LOGYSTERA_WEBHOOK_SECRET"] = "whsec_MDEyMzQ1Njc4OWFiY2RlZg==";
  Running tail(house.arguments({"--from-start", "--alert-webhook", receiver.url}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO a leak from 192.0.2.1\n");
  const std::string request = receiver.request();
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  CHECK(has(body, "\"rule\":\"LEAK\""));
  CHECK_FALSE(has(body, "192.0.2.1"));
  const std::string signature = header(request, "webhook-signature");
  REQUIRE(signature.starts_with("v1,"));
  const std::string signed_text = header(request, "webhook-id") + "." + header(request, "webhook-timestamp") + "." + body;
  const logystera::Digest expected = logystera::hmac_sha256("0123456789abcdef", signed_text);
  static const char* const kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  for (std::size_t i = 0; i < expected.size(); i += 3) {
    const unsigned one = expected[i], two = i + 1 < expected.size() ? expected[i + 1] : 0u,
                   three = i + 2 < expected.size() ? expected[i + 2] : 0u;
    const unsigned bits = one << 16 | two << 8 | three;
    encoded += kDigits[bits >> 18];
    encoded += kDigits[bits >> 12 & 63];
    encoded += i + 1 < expected.size() ? kDigits[bits >> 6 & 63] : '=';
    encoded += i + 2 < expected.size() ? kDigits[bits & 63] : '=';
  }
  CHECK(signature == "v1," + encoded);
}

TEST_CASE("tail_refuses_what_cannot_work") {
  House house;
  CHECK(run({"tail"}, house.setting).code == 2);
  CHECK(has(run({"tail", house.scratch.file("nothing.log")}, house.setting).err,
            "cannot be opened: No such file or directory"));
  CHECK(has(run(house.arguments({"--alert-webhook", "ftp://example.org/"}), house.setting).err,
            "begins with https:// or http://"));
  house.setting.environment["LOGYSTERA_WEBHOOK_SECRET"] = "guessable";
  CHECK(has(run(house.arguments({"--alert-webhook", "http://127.0.0.1:1/"}), house.setting).err, "whsec_"));
}

// The URLs of chat services are secrets: whoever has one may post.
TEST_CASE("a_webhook_that_is_a_secret_stands_in_no_list_of_processes_and_in_no_message") {
  House house;
  Receiver receiver;
  const std::string secret = "T0001-s3cr3t-of-the-hook", file = house.scratch.file("hook");
  const std::string url = receiver.url + "/" + secret + "?key=" + secret;
  const auto proc = [](const Running& tail, const char* name) {
    return read_whole("/proc/" + std::to_string(tail.pid()) + "/" + name);
  };
  const auto delivers = [&](const Running& tail) {
    CHECK(shows(tail, "begun"));
    CHECK_FALSE(has(proc(tail, "cmdline"), secret));
    CHECK(has(proc(tail, "cmdline"), "--poll-interval"));
    CHECK_FALSE(has(proc(tail, "environ"), secret));
    append(house.log, "2026-05-18 10:00:01 INFO a leak\n");
    const std::string request = receiver.request();
    CHECK(has(request, "/hook/" + secret + "?key=" + secret + " HTTP/1.1\r\n"));
    tail.kill(SIGTERM);
    CHECK_FALSE(has(tail.out() + tail.err(), secret));
  };
  SECTION("from the environment") {
    house.setting.environment["LOGYSTERA_WEBHOOK_URL"] = url;
    delivers(Running(house.arguments({"--from-start"}), house.setting));
  }
  SECTION("from the first line of a file") {
    append(file, url + "\r\nnot read\n");
    ::chmod(file.c_str(), 0600);
    delivers(Running(house.arguments({"--from-start", "--alert-webhook-file", file}), house.setting));
  }
  SECTION("from a service's credentials, whose mode shows a group") {
    append(file, url);
    ::chmod(file.c_str(), 0440);
    house.setting.environment["CREDENTIALS_DIRECTORY"] = std::filesystem::path(file).parent_path();
    delivers(Running(house.arguments({"--from-start", "--alert-webhook-file", file}), house.setting));
  }
  SECTION("as an argument, overwritten at once") {
    delivers(Running(house.arguments({"--from-start", "--alert-webhook", url}), house.setting));
  }
  SECTION("as an argument in one word") {
    delivers(Running(house.arguments({"--from-start", "--alert-webhook=" + url}), house.setting));
  }
  SECTION("a file wins over the environment") {
    house.setting.environment["LOGYSTERA_WEBHOOK_URL"] = "http://127.0.0.1:1/";
    append(file, url);
    ::chmod(file.c_str(), 0600);
    delivers(Running(house.arguments({"--from-start", "--alert-webhook-file", file}), house.setting));
  }
}

TEST_CASE("a_finding_that_cannot_be_delivered_names_the_host_alone") {
  House house;
  house.setting.environment["LOGYSTERA_WEBHOOK_URL"] = "http://user:hunter2@127.0.0.1:1/hook/s3cr3t";
  Running tail(house.arguments({"--from-start"}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO a leak\n");
  CHECK(eventually([&] { return has(tail.err(), "the webhook at 127.0.0.1: "); }));
  tail.kill(SIGINT);
  CHECK(tail.wait() == 0);
  CHECK_FALSE(has(tail.err(), "s3cr3t"));
  CHECK_FALSE(has(tail.err(), "hunter2"));
}

// It takes connections, and answers none of them.
TEST_CASE("a_webhook_that_hangs_holds_the_end_up_for_seconds_and_what_it_did_not_get_is_counted") {
  House house;
  const Receiver receiver;
  Running tail(house.arguments({"--from-start", "--alert-webhook", receiver.url}), house.setting);
  CHECK(shows(tail, "begun"));
  for (int i = 0; i < 20; ++i) append(house.log, "2026-05-18 10:00:01 INFO a leak " + std::to_string(i) + "\n");
  CHECK(shows(tail, "a leak 19"));
  const auto begun = std::chrono::steady_clock::now();
  tail.kill(SIGINT);
  CHECK(tail.wait() == 0);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(60));
  CHECK(has(tail.err(), "20 findings could not be delivered to the webhook"));
}

TEST_CASE("a_webhook_gets_what_is_queued_when_tail_ends") {
  House house;
  Receiver receiver;
  Running tail(house.arguments({"--from-start", "--alert-webhook", receiver.url}), house.setting);
  CHECK(shows(tail, "begun"));
  for (int i = 0; i < 3; ++i) append(house.log, "2026-05-18 10:00:01 INFO a leak " + std::to_string(i) + "\n");
  CHECK(shows(tail, "a leak 2"));
  tail.kill(SIGINT);
  for (int i = 0; i < 3; ++i) CHECK(has(receiver.request(), "a leak " + std::to_string(i)));
  CHECK(tail.wait() == 0);
  CHECK_FALSE(has(tail.err(), "could not be delivered"));
}

TEST_CASE("a_webhook_that_cannot_be_used_says_why_and_is_not_repeated") {
  House house;
  const std::string file = house.scratch.file("hook");
  const auto refused = [&](const Arguments& more, const std::string& words) {
    const Finished finished = run(house.arguments(more), house.setting);
    INFO(finished.err);
    CHECK(finished.code == 2);
    CHECK(has(finished.err, words));
    CHECK_FALSE(has(finished.err + finished.out, "s3cr3t"));
  };
  const auto in_file = [&](const std::string& text, mode_t mode, const std::string& words) {
    std::ofstream(file, std::ios::trunc) << text;
    ::chmod(file.c_str(), mode);
    refused({"--alert-webhook-file", file}, words);
  };
  const std::string url = "https://hooks.example.org/s3cr3t";
  in_file(url, 0640, "mode 0640 lets others read the secret: run chmod 600 on it");
  in_file(url, 0604, "have the receiver make another URL");
  in_file("\n" + url, 0600, "its first line is empty");
  in_file("ftp://hooks.example.org/s3cr3t", 0600, "begins with https:// or http://");
  in_file("https://hooks.example.org/s3cr3t s3cr3t", 0600, "blanks or control characters");
  in_file("https://hooks.example.org:port/s3cr3t", 0600, "cannot be read");
  in_file("https://hooks.example.org/s3cr3t" + std::string(4096, 'x'), 0600, "at most 4096 bytes");
  refused({"--alert-webhook-file", "/dev/null"}, "not a regular file");
  refused({"--alert-webhook-file", house.scratch.file("none")}, "No such file");
  refused({"--alert-webhook-file", file, "--alert-webhook", url}, "exclude each other");
  refused({"--alert-webhook", "hooks.example.org/s3cr3t"}, "begins with https:// or http://");
  house.setting.environment["LOGYSTERA_WEBHOOK_URL"] = "hooks.example.org/s3cr3t";
  refused({}, "begins with https:// or http://");
  refused({"--redact", "dry-run"}, "never stored or sent");
}

TEST_CASE("a_webhook_s_signing_secret_comes_from_a_file_too") {
  House house;
  Receiver receiver;
  const std::string file = house.scratch.file("signing");
  append(file, "whsec_MDEyMzQ1Njc4OWFiY2RlZg==\n");
  ::chmod(file.c_str(), 0600);
  Running tail(house.arguments({"--from-start", "--alert-webhook", receiver.url, "--webhook-secret-file", file}),
               house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO a leak\n");
  CHECK(header(receiver.request(), "webhook-signature").starts_with("v1,"));
}

TEST_CASE("an_argument_that_is_misspelt_is_named_without_the_secret_in_it") {
  House house;
  for (const Arguments& more : {Arguments{"--alert-webhok", "https://hooks.example.org/s3cr3t"},
                                Arguments{"--alert-webhok=https://hooks.example.org/s3cr3t"}}) {
    const Finished finished = run(house.arguments(more), house.setting);
    CHECK(finished.code == 2);
    CHECK(has(finished.err, "--alert-webhok"));
    CHECK(has(finished.err, "https://hooks.example.org/") == (more.size() == 1));  // else it is taken for a path
    CHECK_FALSE(has(finished.err, "s3cr3t"));
  }
  const Finished path = run(house.arguments({"https://hooks.example.org/s3cr3t"}), house.setting);
  CHECK(path.code == 2);
  CHECK(has(path.err, "https://hooks.example.org/"));
  CHECK(has(path.err, ": is an address and no log: that of a webhook stands behind --alert-webhook"));
  CHECK_FALSE(has(path.err, "s3cr3t"));
  const Finished command = run({"https://user:s3cr3t@hooks.example.org/"}, house.setting);
  CHECK(command.code == 2);
  CHECK_FALSE(has(command.err, "s3cr3t"));
}

TEST_CASE("a_program_that_is_started_is_given_no_secret") {
  House house;
  const std::string seen = house.scratch.file("seen");
  append(house.scratch.file("xdg-open"), "#!/bin/sh\nenv > " + seen + ".part; mv " + seen + ".part " + seen + "\n");
  ::chmod(house.scratch.file("xdg-open").c_str(), 0755);
  std::ofstream(house.scratch.file("empty.log")) << "";
  house.setting.environment["PATH"] = std::filesystem::path(seen).parent_path().string() + ":/usr/bin:/bin";
  for (const char* name : {"LOGYSTERA_PII_SALT", "LOGYSTERA_WEBHOOK_URL", "LOGYSTERA_WEBHOOK_SECRET",
                           "LOGYSTERA_ENTITY_TOKEN", "LOGYSTERA_ENTITY_SECRET", "LOGYSTERA_PROXY"})
    house.setting.environment[name] = "s3cr3t";
  REQUIRE(run({"scan", house.log, "--track-errors", "--store", house.store}, house.setting).code == 0);
  REQUIRE(
      run({"export", "report", "--open", "-o", house.scratch.file("r.html"), "--store", house.store}, house.setting).code ==
      0);
  REQUIRE(eventually([&] { return std::filesystem::exists(seen); }));
  CHECK(has(read_whole(seen), "PATH="));
  CHECK_FALSE(has(read_whole(seen), "s3cr3t"));
  CHECK_FALSE(has(read_whole(seen), "LOGYSTERA_PII_SALT"));
}

namespace {

// A log of numbered lines that logrotate rotates, and a service that writes it and opens it anew when it is told to.
class RotatedLog {
 public:
  RotatedLog(House& house, const std::string& scheme)
      : directory_(house.scratch.file("logs")), log(directory_ + "/app.log") {
    std::filesystem::create_directories(directory_ + "/old");
    copies_ = has(scheme, "copytruncate");
    // The service is told by files, as it would be by a signal, before its old file is packed.
    const std::string told = "postrotate\n touch " + directory_ + "/tell\n i=0\n while [ ! -e " + directory_ +
                             "/told ] && [ $i -lt 2000 ]; do sleep 0.01; i=$((i+1)); done\n rm -f " + directory_ +
                             "/told\nendscript\n";
    append(directory_ + "/conf", log + " {\nsize 1\nrotate 50\nmissingok\n" + scheme + (copies_ ? "" : told) + "}\n");
    ::chmod((directory_ + "/conf").c_str(), 0644);
    ::chmod(directory_.c_str(), 0755);
    open();
  }
  void lines(int count) {
    for (; count > 0; --count) out_ << "2026-05-18 10:00:00 INFO number " << ++number << " .\n" << std::flush;
  }
  // `late` lines come to the old file after it was renamed.
  void rotate(int late) {
    const pid_t logrotate = ::fork();
    if (logrotate == 0) {
      const std::string status = directory_ + "/status", conf = directory_ + "/conf";
      ::execlp("logrotate", "logrotate", "-f", "-s", status.c_str(), conf.c_str(), nullptr);
      ::_exit(127);
    }
    int code = -1;
    const bool ended = eventually([&] {
      if (std::filesystem::remove(directory_ + "/tell")) {
        lines(late);
        out_.close();
        open();
        append(directory_ + "/told", "");
      }
      return ::waitpid(logrotate, &code, WNOHANG) == logrotate;
    });
    REQUIRE(ended);
    REQUIRE(WEXITSTATUS(code) == 0);
    if (copies_) lines(late);
  }

  int number = 0;

 private:
  void open() { out_.open(log, std::ios::app); }

  const std::string directory_;

 public:
  const std::string log;

 private:
  std::ofstream out_;
  bool copies_ = false;
};

// How often each number was shown. A number that the output so far ends in is not whole yet.
void count_numbers(const std::string& text, std::map<int, int>& shown) {
  for (std::size_t at = 0; (at = text.find("number ", at)) != std::string::npos;) {
    at += 7;
    const std::size_t end = text.find_first_not_of("0123456789", at);
    if (end == std::string::npos) return;
    if (text.compare(end, 2, " .") == 0) ++shown[std::stoi(text.substr(at, end - at))];
  }
}

}  // namespace

TEST_CASE("tail_loses_no_line_to_any_scheme_of_logrotate_running_stopped_or_killed") {
  if (std::system("logrotate --version >/dev/null 2>&1") != 0) {
    WARN("logrotate is not installed: nothing was rotated");
    return;
  }
  const std::string scheme = GENERATE(as<std::string>(), "create\n", "nocreate\n", "copytruncate\n", "create\ncompress\n",
                                      "create\ncompress\ndelaycompress\n", "create\ndateext\ndateformat -%Y%m%d-%s\n",
                                      "create\nolddir old\n", "copytruncate\ncompress\n", "create\nextension .log\n");
  INFO(scheme);
  House house;
  RotatedLog log(house, scheme);
  const Arguments arguments{"tail",
                            log.log,
                            "--resume",
                            "--from-start",
                            "--no-rules",
                            "--redact",
                            "dry-run",
                            "--rotated-dir",
                            house.scratch.file("logs/old"),
                            "--poll-interval",
                            "0.02"};
  std::vector<std::string> outs;
  auto tail = std::make_unique<Running>(arguments, house.setting);
  const auto end = [&](int signal) {
    tail->kill(signal);
    tail->wait();
    outs.push_back(tail->out());
  };
  // The first run has kept where it began before anything is killed.
  REQUIRE(eventually([&] {
    std::error_code error;
    for (const auto& file : std::filesystem::recursive_directory_iterator(house.scratch.file("state"), error))
      if (file.path().filename().string().starts_with("tail-") && !file.path().has_extension()) return true;
    return false;
  }));
  int written_at_kill = 0;
  for (int round = 0; round < 6; ++round) {
    log.lines(80);
    if (round == 3) written_at_kill = log.number;
    if (round % 2 == 1) end(round == 3 ? SIGKILL : SIGTERM);
    // Twice while nobody looks; a date tells seconds apart.
    for (int i = 0; i < (round == 5 && !has(scheme, "dateext") ? 2 : 1); ++i) {
      log.rotate(20);
      log.lines(30);
    }
    if (has(scheme, "dateext")) std::this_thread::sleep_for(std::chrono::milliseconds(1010));
    if (round % 2 == 1) tail = std::make_unique<Running>(arguments, house.setting);
  }
  log.lines(10);
  std::map<int, int> shown;
  CHECK(eventually([&] {
    shown.clear();
    for (const std::string& out : outs) count_numbers(out, shown);
    count_numbers(tail->out(), shown);
    return shown.size() == static_cast<std::size_t>(log.number);
  }));
  int doubles = 0;
  for (const auto& [number, times] : shown) doubles += times - 1;
  // Only what the killed run read can be shown again, and it began where the run before it had ended.
  std::map<int, int> shown_before;
  count_numbers(outs.front(), shown_before);
  CHECK(doubles <= written_at_kill - static_cast<int>(shown_before.size()));
  tail->kill(SIGTERM);
  CHECK(tail->wait() == 0);
}

TEST_CASE("tail_that_is_killed_at_once_has_kept_where_it_began") {
  House house;
  {
    Running tail(house.arguments({"--resume"}), house.setting);
    CHECK(eventually([&] {
      std::error_code error;
      for (const auto& file : std::filesystem::recursive_directory_iterator(house.scratch.file("state"), error))
        if (file.path().filename().string().starts_with("tail-") && !file.path().has_extension()) return true;
      return false;
    }));
    tail.kill(SIGKILL);
    tail.wait();
  }
  append(house.log, "2026-05-18 10:00:01 INFO while away\n");
  Running tail(house.arguments({"--resume"}), house.setting);
  CHECK(shows(tail, "while away"));
}

namespace {

// The file in which the one log's position is kept.
std::string position_file(const House& house) {
  for (const auto& file : std::filesystem::directory_iterator(house.scratch.file("state/logystera")))
    if (file.path().filename().string().starts_with("tail-")) return file.path();
  return {};
}

void keep_a_position(const House& house) {
  Running tail(house.arguments({"--resume", "--from-start"}), house.setting);
  REQUIRE(shows(tail, "begun"));
  tail.kill(SIGTERM);
  REQUIRE(tail.wait() == 0);
}

sqlite3* database_of(const House& house) {
  sqlite3* database = nullptr;
  ::sqlite3_open_v2(house.scratch.file("a.db").c_str(), &database, SQLITE_OPEN_READWRITE, nullptr);
  ::sqlite3_busy_timeout(database, 10'000);
  return database;
}

// Of the one position in the database; empty: there is none yet.
std::string position_text(const House& house) {
  sqlite3* database = database_of(house);
  sqlite3_stmt* statement = nullptr;
  std::string text;
  if (::sqlite3_prepare_v2(database, "SELECT CAST(text AS TEXT) FROM positions", -1, &statement, nullptr) == SQLITE_OK &&
      ::sqlite3_step(statement) == SQLITE_ROW)
    text = reinterpret_cast<const char*>(::sqlite3_column_text(statement, 0));
  ::sqlite3_finalize(statement);
  ::sqlite3_close(database);
  return text;
}

bool set_position_text(const House& house, const std::string& text) {
  sqlite3* database = database_of(house);
  const std::string change = "UPDATE positions SET text = CAST('" + text + "' AS BLOB)";
  const bool done = ::sqlite3_exec(database, change.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  ::sqlite3_close(database);
  return done;
}

constexpr const char* kRemedy =
    "run once with --resume --reset-position to begin now, or with --from-start besides to read everything again";

}  // namespace

TEST_CASE("tail_refuses_a_damaged_position_naming_the_place_and_the_remedy_and_the_remedy_helps") {
  House house;
  keep_a_position(house);
  const std::string kept = position_file(house);
  for (const char* damaged : {"", "logystera tail 2\nseen", "logystera tail 2\nseen 5\nend\n", "\xff\xfe", "no position"}) {
    std::ofstream(kept) << damaged;
    const Finished refused = run(house.arguments({"--resume", "--from-start"}), house.setting);
    CHECK(refused.code == 2);
    CHECK_FALSE(has(refused.out, "begun"));
    CHECK(has(refused.err, kept + ": the position kept there cannot be used: it is damaged; " + kRemedy));
    CHECK(read_whole(kept) == damaged);
  }
  append(house.log, "2026-05-18 10:00:01 INFO skipped\n");
  {
    Running now(house.arguments({"--resume", "--reset-position"}), house.setting);
    REQUIRE(eventually([&] { return read_whole(kept).starts_with("logystera tail 2\n"); }));
    append(house.log, "2026-05-18 10:00:02 INFO from here\n");
    CHECK(shows(now, "from here"));
    CHECK_FALSE(has(now.out(), "skipped"));
  }
  Running all(house.arguments({"--resume", "--reset-position", "--from-start"}), house.setting);
  CHECK(shows(all, "from here"));
  CHECK(has(all.out(), "begun"));
  CHECK(has(all.out(), "skipped"));
}

TEST_CASE("tail_refuses_a_position_that_cannot_be_read_and_begins_nothing_anew") {
  House house;
  keep_a_position(house);
  const std::string kept = position_file(house);
  std::filesystem::remove(kept);
  std::filesystem::create_directory(kept);
  const Finished refused = run(house.arguments({"--resume"}), house.setting);
  CHECK(refused.code == 2);
  CHECK(refused.out.empty());
  CHECK(
      has(refused.err, kept + ": the position kept there cannot be read: it is no file; make it readable, or " + kRemedy));
  std::filesystem::remove(kept);
  std::filesystem::create_symlink("/etc/hostname", kept);
  CHECK(has(run(house.arguments({"--resume"}), house.setting).err, kept + ": the position kept there cannot be read: "));
}

TEST_CASE("a_damaged_position_in_the_database_is_refused_as_one_in_a_file_is") {
  House house;
  const Arguments tracking = house.arguments({"--resume", "--track-findings"});
  {
    Running tail(tracking, house.setting);
    REQUIRE(eventually([&] { return !position_text(house).empty(); }));
  }
  REQUIRE(set_position_text(house, "damaged"));
  const Finished refused = run(tracking, house.setting);
  CHECK(refused.code == 2);
  CHECK(
      has(refused.err, "the position of file:" + house.log + " in the database cannot be used: it is damaged; " + kRemedy));
  CHECK(position_text(house) == "damaged");
  Running again(house.arguments({"--resume", "--track-findings", "--reset-position"}), house.setting);
  CHECK(eventually([&] { return position_text(house).starts_with("logystera tail 2\n"); }));
}

TEST_CASE("a_source_that_is_no_file_refuses_a_damaged_position_the_same_way") {
  House house;
  const Arguments tracking{"ssh",      "tail",           "web01.invalid", "--path",   "/var/log/auth.log",
                           "--resume", "--track-errors", "--store",       house.store};
  {
    Running tail(tracking, house.setting);
    REQUIRE(eventually([&] { return !position_text(house).empty(); }));
  }
  REQUIRE(set_position_text(house, "damaged"));
  const Finished refused = run(tracking, house.setting);
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "the position of ssh:web01.invalid:file:/var/log/auth.log in the database cannot be used: "));
  CHECK(has(refused.err, kRemedy));
}

TEST_CASE("a_position_is_reset_only_where_one_is_kept") {
  House house;
  const Finished refused = run(house.arguments({"--reset-position"}), house.setting);
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "--reset-position is about what --resume keeps: use it with --resume"));
}

TEST_CASE("tail_masks_a_record_that_came_in_parts_as_one_also_when_it_is_stopped") {
  House house;
  const std::string at = "2026-05-18T10:00:01.5Z ";
  std::ofstream(house.log, std::ios::trunc) << at + "stdout F begun\n";
  Running tail(house.arguments({"--from-start"}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, at + "stdout P peer 203.0.\n" + at + "stderr F other\n");
  CHECK(shows(tail, "other"));
  append(house.log, at + "stdout F 113.91 gone\n");
  CHECK(shows(tail, "gone"));
  append(house.log, at + "stdout P stopped at 198.51.\n" + at + "stdout P 100.7 and\n" + at + "stderr F mark\n");
  CHECK(shows(tail, "mark"));
  tail.kill(SIGINT);
  CHECK(tail.wait() == 0);
  CHECK(has(tail.out(), "peer ip_"));
  CHECK(has(tail.out(), "stopped at ip_"));
  CHECK_FALSE(has(tail.out(), "113.91"));
  CHECK_FALSE(has(tail.out(), "100.7"));
}

TEST_CASE("a_position_stands_in_the_database_with_what_was_found_up_to_it") {
  House house;
  {
    Running tail(house.arguments({"--resume", "--from-start", "--track-findings"}), house.setting);
    REQUIRE(shows(tail, "begun"));
    append(house.log, "2026-05-18 10:00:01 INFO a leak\n");
    REQUIRE(shows(tail, "A leak"));
    REQUIRE(eventually([&] { return has(run({"findings", "list", "--store", house.store}, house.setting).out, "LEAK"); }));
  }  // killed
  append(house.log, "2026-05-18 10:00:02 INFO away\n");
  CHECK_FALSE(std::filesystem::exists(house.scratch.file("state")));  // where it would be without a database
  Running again(house.arguments({"--resume", "--track-findings"}), house.setting);
  REQUIRE(shows(again, "away"));
  CHECK_FALSE(has(again.out(), "a leak"));
}

namespace {

std::string numbered(int number) { return "2026-05-18 10:00:00 INFO number " + std::to_string(number) + " .\n"; }

Arguments many(const House& house, Arguments paths, const Arguments& more) {
  Arguments all{"tail"};
  all.insert(all.end(), paths.begin(), paths.end());
  for (const char* option : {"--no-rules", "--poll-interval", "0.02", "--store"}) all.push_back(option);
  all.push_back(house.store);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

}  // namespace

TEST_CASE("tail_of_many_logs_says_which_each_line_is_of") {
  House house;
  const std::string dir = house.scratch.file("d");
  std::filesystem::create_directories(dir);
  append(dir + "/a.log", numbered(1));
  REQUIRE(::mkfifo(house.scratch.file("pipe").c_str(), 0600) == 0);
  const Arguments paths{house.log, dir, house.log, house.scratch.file("pipe")};
  Running tail(many(house, paths, {"--from-start"}), house.setting);
  CHECK(shows(tail, house.log + ": begun"));
  CHECK(shows(tail, dir + "/a.log: number 1 ."));
  append(dir + "/new.log", numbered(2));
  CHECK(shows(tail, dir + "/new.log: number 2 ."));
  CHECK(has(tail.err(), "pipe: not a regular file: only those can be followed; 'logystera scan -' reads a pipe"));
  std::filesystem::remove(dir + "/new.log");
  CHECK(eventually([&] { return has(tail.err(), dir + "/new.log: it is gone\n"); }));
  tail.kill(SIGINT);
  CHECK(tail.wait() == 0);
  std::map<int, int> shown;
  count_numbers(tail.out(), shown);
  CHECK(shown == std::map<int, int>{{1, 1}, {2, 1}});

  Running json(many(house, {house.log, dir}, {"--from-start", "--json"}), house.setting);
  CHECK(shows(json, "\"source\":\"" + dir + "/a.log\""));
  CHECK(shows(json, "\"source\":\"" + house.log + "\""));
}

TEST_CASE("tail_of_many_logs_loses_no_line_and_shows_none_twice_when_it_is_killed_while_they_rotate") {
  House house;
  const std::string dir = house.scratch.file("d");
  std::filesystem::create_directories(dir);
  const std::vector<std::string> logs{dir + "/a.log", dir + "/b.log", house.log};
  append(logs[0], "");
  append(logs[1], "");
  const Arguments arguments = many(house, {dir, house.log}, {"--resume", "--from-start", "--track-errors"});
  int number = 0;
  std::map<int, int> shown, shown_by_killed;
  for (int round = 0; round < 6; ++round) {
    Running tail(arguments, house.setting);
    const auto write = [&](int count) {
      for (; count > 0; --count) {
        ++number;
        append(logs[static_cast<std::size_t>(number) % logs.size()], numbered(number));
      }
    };
    const auto all_shown = [&] {
      return eventually([&] {
        std::map<int, int> all = shown;
        count_numbers(tail.out(), all);
        return all.size() == static_cast<std::size_t>(number);
      });
    };
    write(60);
    if (round == 0) CHECK(all_shown());  // what was rotated before a first run is not followed
    for (const std::string& log : logs) {
      std::filesystem::remove(log + ".2");
      std::error_code none;
      std::filesystem::rename(log + ".1", log + ".2", none);
      std::filesystem::rename(log, log + ".1");
      append(log, "");
    }
    write(60);
    const bool killed = round % 2 == 1;
    if (!killed || round == 5) CHECK(all_shown());
    tail.kill(killed ? SIGKILL : SIGTERM);
    tail.wait();
    std::map<int, int> now;
    count_numbers(tail.out(), now);
    if (killed) shown_by_killed.insert(now.begin(), now.end());
    for (const auto& [one, times] : now) {
      CHECK(times == 1);
      shown[one] += times;
    }
  }
  CHECK(shown.size() == static_cast<std::size_t>(number));
  // Positions are committed with each batch: only what a killed run was handing out comes again.
  for (const auto& [one, times] : shown) CHECK(times <= 1 + static_cast<int>(shown_by_killed.count(one)));
}

TEST_CASE("tail_follows_three_hundred_logs_at_once") {
  House house;
  const std::string dir = house.scratch.file("d");
  std::filesystem::create_directories(dir);
  const auto log = [&](int number) { return dir + "/" + std::to_string(number) + ".app.log"; };
  for (int number = 1; number <= 300; ++number) append(log(number), "2026-05-18 10:00:00 INFO old\n");
  Running tail(many(house, {dir}, {"--resume"}), house.setting);
  CHECK(eventually([&] {
    std::error_code error;
    std::size_t kept = 0;
    for (const auto& file : std::filesystem::directory_iterator(house.scratch.file("state/logystera"), error))
      kept += file.path().filename().string().starts_with("tail-") && !file.path().has_extension();
    return kept == 301;  // and the directory itself
  }));
  for (int number = 1; number <= 300; ++number) append(log(number), numbered(number));
  std::map<int, int> shown;
  CHECK(eventually([&] {
    shown.clear();
    count_numbers(tail.out(), shown);
    return shown.size() == 300;
  }));
  CHECK_FALSE(has(tail.out(), "old"));
  CHECK(resident_kib(tail) < 160 * 1024);
  tail.kill(SIGTERM);
  CHECK(tail.wait() == 0);
}

TEST_CASE("tail_of_more_logs_than_the_process_may_open_says_what_helps") {
  House house;
  const std::string dir = house.scratch.file("d");
  std::filesystem::create_directories(dir);
  for (int number = 1; number <= 30; ++number) append(dir + "/" + std::to_string(number) + ".app.log", numbered(number));
  house.setting.open_files = 100;
  const Finished refused = run(many(house, {dir}, {}), house.setting);
  CHECK(refused.code == 2);
  CHECK(has(
      refused.err,
      "30 logs are meant, and at most 12 are followed at once: this process may have 100 open files: raise 'ulimit -n'"));
}
