#include "source/docker.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "core/printable.hpp"
#include "net/streams.hpp"
#include "source/docker_api.hpp"
#include "source/docker_container.hpp"
#include "source/docker_follow.hpp"

namespace logystera::source {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLookMost{100};
constexpr std::chrono::seconds kTryAgain{1};
constexpr unsigned kTries = 4;
constexpr int kStatusGone = 404;
constexpr std::string_view kUnix = "unix://", kTcp = "tcp://";

/// One container after the other.
class DockerScan final : public RecordSource {
 public:
  DockerScan(const net::Server& server, const parse::Formats& formats, FieldNames& names, DockerOptions options)
      : options_(std::move(options)),
        reading_(formats, names, options_.source),
        api_(server, options_.stop),
        streams_(server, options_.stop) {}

  Result<Done> begin();
  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override { return {}; }
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  const std::string& label() const noexcept override { return label_; }

 private:
  struct One {
    std::string id;
    DockerContainer container;
    bool begun = false, over = false;
    unsigned failures = 0;
    Clock::time_point retry_at{};
  };

  void begin_part(One& one);
  void connect(One& one);
  void hear(One& one, std::chrono::milliseconds patience);
  void over(One& one, const net::Outcome& outcome);
  void leave();
  void collect_notices(One& one);

  const DockerOptions options_;
  const DockerReading reading_;
  DockerApi api_;
  net::Streams streams_;
  std::string label_ = "docker";
  std::deque<One> containers_;  // the first one is read
  std::uint64_t stream_ = 0;    // 0: not connected
  std::shared_ptr<const Part> part_;
  std::vector<std::string> notices_;
};

Result<Done> DockerScan::begin() {
  if (auto begun = api_.begin(); !begun) return begun;
  auto listed = api_.list(options_.all, options_.labels);
  if (!listed) return listed.error();
  const char* const running = options_.all ? "" : "running ";
  for (const std::string& name : options_.names)
    if (std::none_of(listed->begin(), listed->end(), [&name](const Listed& one) { return wanted(one, {name}); }))
      return Error{fmt::format("there is no {}container {}{}", running, printable(name),
                               options_.labels.empty() ? "" : " with that label"),
                   ErrorKind::not_found};
  for (const Listed& one : listed.value())
    if (wanted(one, options_.names)) {
      containers_.push_back({one.id, DockerContainer(one, reading_, options_.key, true)});
      if (options_.since_ns) containers_.back().container.begin_at(*options_.since_ns);
    }
  if (containers_.empty())
    return Error{fmt::format("there is no {}container{}", running, options_.labels.empty() ? "" : " with that label"),
                 ErrorKind::not_found};
  return Done{};
}

void DockerScan::begin_part(One& one) {
  part_ = one.container.part();
  label_ = "docker:" + one.container.name();
}

void DockerScan::connect(One& one) {
  bool terminal = false;
  if (const net::Outcome outcome = api_.has_terminal(one.id, terminal); !outcome.ok()) return over(one, outcome);
  one.container.begin_answer(terminal);
  stream_ = streams_.open({.path = api_.log_path(one.id, false, one.container.since_ns())});
  if (stream_ == 0) one.over = true;
}

void DockerScan::leave() {
  if (stream_ != 0) streams_.close(std::exchange(stream_, 0));
}

void DockerScan::over(One& one, const net::Outcome& outcome) {
  leave();
  Part& part = *one.container.part();
  one.over = true;
  if (outcome.ok() || outcome.fault == net::Fault::stopped) {
    one.container.end_answer();
  } else if (outcome.fault == net::Fault::passing && ++one.failures < kTries) {
    one.over = false;
    one.retry_at = Clock::now() + kTryAgain * one.failures;
  } else if (outcome.answer.status != kStatusGone) {  // removed meanwhile
    part.problem = Error{fmt::format("{}: {}", one.container.name(), daemon_says(outcome)), outcome.error.kind};
    // A driver that holds no log to read is no fault, unless it was asked for.
    part.passed_over = outcome.fault == net::Fault::configuration && options_.names.empty();
  }
}

void DockerScan::hear(One& one, std::chrono::milliseconds patience) {
  for (const auto& ready : streams_.wait(patience)) {
    if (ready.stream != stream_) continue;
    if (const auto taken = one.container.take(*ready.bytes); !taken) {
      one.container.part()->problem =
          Error{fmt::format("{}: {}", one.container.name(), taken.error().message), taken.error().kind};
      one.over = true;
      return leave();
    }
    if (ready.ended && !one.container.full()) return over(one, net::Outcome(*ready.ended));
  }
}

void DockerScan::collect_notices(One& one) {
  for (std::string& notice : one.container.notices()) notices_.push_back(std::move(notice));
}

Result<State> DockerScan::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  batch.clear();
  if (containers_.empty()) return State::ended;
  One& one = containers_.front();
  if (!std::exchange(one.begun, true)) begin_part(one);
  const auto until = Clock::now() + patience;
  while (!one.over) {
    if (stream_ == 0 && Clock::now() >= one.retry_at) connect(one);
    if (!one.over) hear(one, kLookMost);
    const bool any = one.container.hand_out(batch, false);
    collect_notices(one);
    if (any) return State::records;
    if (!one.over && (Clock::now() >= until || (options_.stop && options_.stop->load()))) return State::idle;
  }
  if (one.container.hand_out(batch, true)) return State::records;
  batch.clear();
  one.container.finish();
  leave();
  containers_.pop_front();
  return containers_.empty() ? State::ended : State::part_ended;
}

bool DockerScan::finish(RecordBatch& batch) {
  batch.clear();
  if (containers_.empty() || !containers_.front().begun) return false;
  One& one = containers_.front();
  if (one.container.hand_out(batch, true)) return true;
  one.container.finish();
  return false;
}

}  // namespace

Result<net::Server> docker_server(const std::string& address, const std::string& tls_dir) {
  net::ServerOptions options;
  options.idle = std::chrono::seconds(0);  // a log that is followed may be silent for days
  std::string base = "http://docker";
  if (address.empty()) {
    options.socket = "/var/run/docker.sock";
  } else if (address.starts_with(kUnix)) {
    options.socket = address.substr(kUnix.size());
  } else if (address.starts_with(kTcp)) {
    base = (tls_dir.empty() ? "http://" : "https://") + address.substr(kTcp.size());
  } else if (address.starts_with("http://") || address.starts_with("https://")) {
    base = address;
  } else {
    return Error{
        fmt::format("{} is no address of Docker's daemon: it is unix:///PATH or tcp://HOST:PORT", printable(address)),
        ErrorKind::invalid};
  }
  if (!options.socket.empty() || tls_dir.empty()) return net::Server::at(base, std::move(options));
  options.ca_certs = tls_dir + "/ca.pem";
  options.client_cert = tls_dir + "/cert.pem";
  options.client_key = tls_dir + "/key.pem";
  const auto readable = [](const std::string& file) { return ::access(file.c_str(), R_OK) == 0; };
  if (!readable(options.client_cert) && !readable(options.client_key)) {
    options.client_cert.clear();
    options.client_key.clear();
  }
  for (const std::string* file : {&options.ca_certs, &options.client_cert, &options.client_key})
    if (!file->empty() && !readable(*file))
      return Error{fmt::format("{} cannot be read: certificates for the daemon are ca.pem, cert.pem and key.pem", *file),
                   ErrorKind::not_found};
  return net::Server::at(base, std::move(options));
}

Result<std::unique_ptr<RecordSource>> open_docker(const net::Server& server, const parse::Formats& formats,
                                                  FieldNames& names, DockerOptions options) {
  const auto begun = [](auto source) -> Result<std::unique_ptr<RecordSource>> {
    if (auto done = source->begin(); !done) return done.error();
    return std::unique_ptr<RecordSource>(std::move(source));
  };
  if (options.follow) return begun(std::make_unique<DockerFollow>(server, formats, names, std::move(options)));
  return begun(std::make_unique<DockerScan>(server, formats, names, std::move(options)));
}

}  // namespace logystera::source
