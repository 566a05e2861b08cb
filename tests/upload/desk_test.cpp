// Logs handed over the network, looked at and forgotten.
#include "upload/desk.hpp"

#include <thread>

#include "catch.hpp"
#include "eventually.hpp"
#include "server/serving.hpp"

using namespace logystera;
using testing::eventually;
using testing::has_status;
using testing::Serving;
using testing::SocketClient;

namespace {

Result<std::shared_ptr<const analysis::Program>> made_program() {
  analysis::ProgramOptions options;
  options.salt = "a salt of sixteen";
  options.timezone = "UTC";
  options.rule_cache = false;
  analysis::ProgramNotes notes;
  return analysis::Program::make(options, notes);
}

const analysis::CurrentProgram& program() {
  static const analysis::CurrentProgram current(made_program());
  return current;
}

server::Answer shown(const server::Request&, const upload::Wish& wish, const Result<analysis::UploadReport>& report) {
  if (!report) {
    const int status = report.error().kind == ErrorKind::too_large ? 413
                       : report.error().kind == ErrorKind::busy    ? 503
                       : report.error().kind == ErrorKind::denied  ? 403
                       : report.error().kind == ErrorKind::broken  ? 500
                                                                   : 400;
    return server::problem(status, "no", report.error().message);
  }
  server::Answer answer;
  answer.body = wish.name + " " + std::string(redact::mode_name(wish.mode)) + " " +
                std::to_string(report->log.counts.records) + " " + std::to_string(report->log.counts.bytes) + " " +
                (report->sample.empty() ? "" : report->sample.front().message);
  return answer;
}

struct Bench {
  std::shared_ptr<server::Workers> workers = std::make_shared<server::Workers>(server::Workers::Options{});
  upload::Desk desk;
  Serving serving;

  explicit Bench(upload::Options options = {}, const analysis::CurrentProgram& with = program())
      : desk(with, options), serving(routes()) {}
  ~Bench() { serving.server->stop(); }

  std::vector<server::Route> routes() {
    server::Route file{"PUT", "/file", desk.body_bytes(), {}, workers};
    file.receiver = desk.takes_file(shown, [](const server::Request& request) { return !request.header("Foreign"); });
    server::Route form{"POST", "/form", desk.body_bytes(), {}, workers};
    form.receiver = desk.takes_form(shown, [](const server::Request&, std::string_view csrf) { return csrf == "right"; });
    return {file, form};
  }
  std::string put(const std::string& query, const std::string& body) const {
    return serving.ask("PUT", "/file" + query, "", body);
  }
  std::string post(const std::string& body) const {
    return serving.ask("POST", "/form", "Content-Type: multipart/form-data; boundary=b\r\n", body);
  }
};

std::string typed(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}
std::string file(const std::string& name, const std::string& value) {
  return "--b\r\nContent-Disposition: form-data; name=\"log\"; filename=\"" + name + "\"\r\n\r\n" + value + "\r\n--b--\r\n";
}

const std::string kLine = "May 18 10:00:10 web1 sshd[1000]: Failed password for root from 198.51.100.7 port 22 ssh2\n";

}  // namespace

TEST_CASE("a file and a form say the same of the same log") {
  const Bench bench;
  const std::string put = bench.put("?name=auth.log&mode=mask", kLine);
  CHECK(has_status(put, 200));
  CHECK(put.find("auth.log mask 1 " + std::to_string(kLine.size())) != std::string::npos);
  CHECK(put.find("<ip>") != std::string::npos);
  CHECK(put.find("198.51.100.7") == std::string::npos);
  const std::string posted = bench.post(typed("csrf", "right") + typed("mode", "mask") + file("auth.log", kLine));
  CHECK(has_status(posted, 200));
  CHECK(posted.substr(posted.find("auth.log")) == put.substr(put.find("auth.log")));
  CHECK(bench.put("", kLine).find("upload redact 1 ") != std::string::npos);
}

TEST_CASE("a log may have so many bytes, and not one more") {
  const Bench bench;
  std::string log;
  while (log.size() < upload::kFileBytes) log += kLine;
  log.resize(upload::kFileBytes);
  CHECK(has_status(bench.put("?mode=mask", log), 200));
  CHECK(has_status(bench.post(typed("csrf", "right") + file("a", log)), 200));
  log += 'x';
  for (const std::string& answer : {bench.put("?mode=mask", log), bench.post(typed("csrf", "right") + file("a", log))}) {
    CHECK(has_status(answer, 413));
    CHECK(answer.find("10485760 bytes") != std::string::npos);
    CHECK(answer.find("logystera scan FILE") != std::string::npos);
  }
  CHECK(has_status(bench.put("", std::string(12'000'000, 'x')), 413));
}

TEST_CASE("what is wrong with an upload is said") {
  const Bench bench;
  CHECK(has_status(bench.put("?mode=all", kLine), 400));
  CHECK(has_status(bench.serving.ask("PUT", "/file", "Foreign: yes\r\n", kLine), 403));
  CHECK(has_status(bench.put("?name=" + std::string(256, 'x'), kLine), 400));
  CHECK(has_status(bench.put("?a=%zz", kLine), 400));
  CHECK(has_status(bench.post(typed("csrf", "wrong") + file("a", kLine)), 403));
  CHECK(has_status(bench.post(file("a", kLine)), 403));
  CHECK(bench.post(typed("csrf", "right") + file("", "")).find("choose a file") != std::string::npos);
  CHECK(bench.post(typed("csrf", "right") + typed("log", "text") + "--b--\r\n").find("choose a file") != std::string::npos);
  CHECK(has_status(bench.post("no form"), 400));
  CHECK(has_status(bench.serving.ask("POST", "/form", "Content-Type: text/plain\r\n", "x"), 400));
}

TEST_CASE("without rules an upload says why") {
  const analysis::CurrentProgram none(Error{"no salt", ErrorKind::broken});
  const Bench bench({}, none);
  const std::string answer = bench.put("", kLine);
  CHECK(has_status(answer, 500));
  CHECK(answer.find("no salt") != std::string::npos);
}

TEST_CASE("there are few places, and each is free again when its sender has gone") {
  const Bench bench({.places = 2});
  const auto in_hand = [&](std::size_t logs) { return eventually([&] { return bench.desk.in_hand() == logs; }); };
  for (int round = 0; round < 3; ++round) {
    std::vector<std::unique_ptr<SocketClient>> slow;
    for (int i = 0; i < 2; ++i) {
      slow.push_back(std::make_unique<SocketClient>(bench.serving.url()));
      slow.back()->send("PUT /file HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + kLine);
    }
    REQUIRE(in_hand(2));
    const std::string answer = bench.put("", kLine);
    CHECK(has_status(answer, 503));
    CHECK(answer.find("try again") != std::string::npos);
    CHECK(bench.desk.in_hand() == 2);
    slow.clear();
    REQUIRE(in_hand(0));
    CHECK(has_status(bench.put("", kLine), 200));
    REQUIRE(in_hand(0));
  }
}

TEST_CASE("uploads at the same time are all answered, one way or the other") {
  const Bench bench;
  std::string log;
  for (int i = 0; i < 5'000; ++i) log += kLine;
  std::vector<std::thread> senders;
  std::atomic<int> done{0}, turned_away{0}, other{0};
  for (int i = 0; i < 16; ++i) {
    senders.emplace_back([&] {
      for (int n = 0; n < 10; ++n) {
        const std::string answer = bench.put("", log);
        ++(has_status(answer, 200) ? done : has_status(answer, 503) ? turned_away : other);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  CHECK(done > 0);
  CHECK(other == 0);
  CHECK(done + turned_away == 160);
}
