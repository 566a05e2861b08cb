// `logystera relay`: a long-running dispatcher. It sleeps until the kernel says that a buffer changed, then sends.
#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>

#include "agent/buffer_layout.hpp"
#include "agent/dispatch.hpp"
#include "agent/file.hpp"
#include "cli/command.hpp"
#include "cli/credentials_file.hpp"
#include "cli/gateway_store.hpp"
#include "cli/interrupt.hpp"
#include "cli/log.hpp"
#include "cli/shipping.hpp"
#include "core/clock.hpp"

namespace logystera::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kGather{200};          // after a first event: what else the same moment brings goes along
constexpr milliseconds kUnwatchedPause{500};  // between looks when the kernel cannot tell us
constexpr milliseconds kSafetyPause{30'000};  // between looks although it can: a watch may be lost
constexpr milliseconds kBusyPause{1'000};
constexpr milliseconds kTroublePause{5'000};  // unusable directory or suspended: how soon a repair is noticed
constexpr std::uint32_t kRunSeconds = 10;     // one run, so that SIGTERM is heard soon

struct Options {
  std::vector<std::string> directories, credentials;
  agent::DispatchOptions dispatch;
};

/// Tells apart one state of a credentials file from the next.
struct FileStamp {
  ino_t inode = 0;
  off_t size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;

  static FileStamp of(const std::string& path) {
    struct stat info {};
    if (path.empty() || ::stat(path.c_str(), &info) != 0) return {};
    return {info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
  }
  bool operator==(const FileStamp&) const = default;
};

/// Hears of appends to one buffer directory, and of the order to stop.
class Watch {
 public:
  Watch(std::string directory, int stop_fd)
      : directory_(std::move(directory)), stop_fd_(stop_fd), inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

  /// Sleeps up to `longest`; with `hear` an append ends it sooner. False: stop.
  bool sleep(milliseconds longest, bool hear);

 private:
  /// True when the watch is new: what was appended before it was not heard.
  bool arm() {
    if (watch_ >= 0 || !inotify_) return false;
    watch_ = ::inotify_add_watch(inotify_.get(), directory_.c_str(), IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW);
    return watch_ >= 0;
  }
  bool appended();

  std::string directory_;
  int stop_fd_;
  Fd inotify_;
  int watch_ = -1;
};

// Only appends and spills count. The dispatcher's own files lie in the same directory, and hearing those it would wake
// itself for ever.
bool Watch::appended() {
  alignas(inotify_event) char events[4096];
  bool found = false;
  for (ssize_t got; (got = ::read(inotify_.get(), events, sizeof events)) > 0;) {
    for (const char* at = events; at < events + got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(at);
      at += sizeof *event + event->len;
      if (event->mask & IN_IGNORED) watch_ = -1;  // the directory is gone
      std::uint64_t sequence = 0;
      const auto kind = event->len ? agent::layout::parse_name(event->name, sequence) : agent::layout::Kind::other;
      found = found || (event->mask & IN_Q_OVERFLOW) || kind == agent::layout::Kind::spill ||
              ((event->mask & IN_MODIFY) && kind == agent::layout::Kind::current);
    }
  }
  return found;
}

bool Watch::sleep(milliseconds longest, bool hear) {
  if (arm() && hear) longest = milliseconds(0);
  if (watch_ < 0) longest = std::min(longest, kUnwatchedPause);
  const auto end = std::chrono::steady_clock::now() + longest;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    pollfd sources[] = {{stop_fd_, POLLIN, 0}, {hear && watch_ >= 0 ? inotify_.get() : -1, POLLIN, 0}};
    if (left.count() <= 0) return ::poll(sources, 1, 0) == 0;
    const int ready = ::poll(sources, 2, static_cast<int>(left.count()));
    if (sources[0].revents) return false;
    if (ready > 0 && appended()) return sleep(kGather, false);
    if (watch_ < 0 && hear) return true;
  }
}

/// One buffer directory and the thread that drains it.
class Relay {
 public:
  Relay(std::string directory, std::string credentials_path, agent::DispatchOptions options, int stop_fd)
      : directory_(std::move(directory)),
        credentials_path_(std::move(credentials_path)),
        options_(std::move(options)),
        watch_(directory_, stop_fd) {}

  /// Until told to stop.
  void run();

 private:
  agent::FlushResult flush();
  void report(const agent::FlushResult& result);
  milliseconds pause_after(const agent::FlushResult& result) const;

  std::string directory_;
  std::string credentials_path_;
  agent::DispatchOptions options_;
  Watch watch_;
  FileStamp stamp_;
  std::optional<agent::Dispatcher> dispatcher_;
  std::string trouble_;  // last said
};

agent::FlushResult Relay::flush() {
  agent::FlushResult result;
  const FileStamp stamp = FileStamp::of(credentials_path_);
  if (!dispatcher_ || !(stamp == stamp_)) {
    result.status = agent::FlushStatus::unavailable;
    auto access = read_access(credentials_path_);
    if (!access) return result.error = access.error().message, result;
    auto opened = agent::Dispatcher::open(directory_, std::move(access->credentials), through(access->proxy, options_));
    if (!opened) return result.error = opened.error().message, result;
    dispatcher_.emplace(std::move(opened).value());
    stamp_ = stamp;
  }
  return dispatcher_->flush();
}

void Relay::report(const agent::FlushResult& result) {
  const bool bad = result.status == agent::FlushStatus::backoff || result.status == agent::FlushStatus::suspended ||
                   result.status == agent::FlushStatus::unavailable;
  const std::string trouble = bad ? result.error : "";
  if (trouble == trouble_) return;
  if (bad) log(fmt::format("{}: {}: {}", directory_, agent::name_of(result.status), trouble));
  else log(fmt::format("{}: sending again", directory_));
  trouble_ = trouble;
}

milliseconds Relay::pause_after(const agent::FlushResult& result) const {
  switch (result.status) {
    case agent::FlushStatus::idle:
    case agent::FlushStatus::sent: return kSafetyPause;
    case agent::FlushStatus::partial: return milliseconds(0);
    case agent::FlushStatus::busy: return kBusyPause;
    case agent::FlushStatus::backoff: {
      const std::int64_t seconds = result.retry_at - wall_seconds();
      return std::clamp(milliseconds(seconds * 1000), kBusyPause, kTroublePause);
    }
    case agent::FlushStatus::suspended:
    case agent::FlushStatus::unavailable: break;
  }
  return kTroublePause;
}

void Relay::run() {
  for (;;) {
    const agent::FlushResult result = flush();
    report(result);
    const bool well = result.status == agent::FlushStatus::idle || result.status == agent::FlushStatus::sent;
    if (!watch_.sleep(pause_after(result), well)) return;
  }
}

int run(const Options& options) {
  const auto& credentials = options.credentials;
  if (credentials.size() > 1 && credentials.size() != options.directories.size()) {
    return fail("relay",
                Error{fmt::format("{} times --credentials for {} directories: give it once for all, or once for each, "
                                  "in their order",
                                  credentials.size(), options.directories.size()),
                      ErrorKind::invalid});
  }
  if (auto good = agent::validate(options.dispatch); !good) return fail("relay", good.error());
  const auto path_for = [&](std::size_t i) {
    return credentials.empty() ? std::string() : credentials[credentials.size() == 1 ? 0 : i];
  };
  // Later a file may be repaired while we run; at the start a mistake is told at once.
  for (std::size_t i = 0; i < options.directories.size(); ++i) {
    if (auto read = read_access(path_for(i)); !read) return fail("relay", read.error());
  }
  const EndSignals end_signals;

  const Fd stop(::eventfd(0, EFD_CLOEXEC));
  if (!stop) return fail("relay", Error{"cannot create an eventfd: too many open files?"});
  std::vector<std::unique_ptr<Relay>> relays;
  std::vector<std::thread> threads;
  threads.reserve(options.directories.size());
  const auto end_all = [&] {
    const std::uint64_t one = 1;
    if (::write(stop.get(), &one, sizeof one) != sizeof one) log("cannot tell the threads to stop");
    for (std::thread& thread : threads) thread.join();
  };
  for (std::size_t i = 0; i < options.directories.size(); ++i) {
    relays.push_back(std::make_unique<Relay>(options.directories[i], path_for(i), options.dispatch, stop.get()));
    try {
      threads.emplace_back([relay = relays.back().get()] { relay->run(); });
    } catch (const std::system_error& error) {
      end_all();
      return fail("relay", Error{fmt::format("{}: no thread can be started for it ({}); relay fewer directories, or raise "
                                             "'ulimit -u' and 'ulimit -v'",
                                             options.directories[i], error.code().message())});
    }
  }
  fmt::print("relaying {} {}\n", options.directories.size(), options.directories.size() == 1 ? "directory" : "directories");
  std::fflush(stdout);
  end_signals.wait();
  end_all();
  return kExitDone;
}

}  // namespace

void add_relay(Program program) {
  auto* relay = program.app.add_subcommand("relay", "Send buffered events as soon as they are recorded, until stopped");
  auto options = std::make_shared<Options>();
  options->dispatch.max_requests = 0;
  options->dispatch.max_seconds = kRunSeconds;
  options->dispatch.user_agent = "logystera/" LOGYSTERA_VERSION " (relay)";
  add_buffer_directory(*relay, options->directories, "The directories sites buffer in");
  relay
      ->add_option("--credentials", options->credentials,
                   "File of mode 0600 with a site's credentials: once for all directories, or once for each in their order")
      ->allow_extra_args(false);
  add_shipping(*relay, options->dispatch);
  relay->footer(
      "Examples:\n"
      "  logystera relay --credentials /etc/logystera/shop.credentials /srv/shop/logystera\n"
      "  logystera relay --credentials a.credentials --credentials b.credentials buffer-a buffer-b\n\n"
      "Run it as the user the sites run as. Events leave within a second; a failure is retried with growing\n"
      "pauses and nothing is lost meanwhile. A changed credentials file is read again. SIGTERM ends it cleanly.\n"
      "Without --credentials they come from LOGYSTERA_GATEWAY_URL, LOGYSTERA_ENTITY_TOKEN and\n"
      "LOGYSTERA_ENTITY_SECRET in the environment. LOGYSTERA_PROXY beside them, or in the file, sets the proxy.\n"
      "The section 'relay' of the file --config or $LOGYSTERA_CONFIG names may have buffer and credentials (one or a\n"
      "list), batch_size, sent_bytes, proxy, proxy_from_environment, ca_bundle, share_group and allow_network_fs;\n"
      "options win.");
  add_named_config(*relay, program.globals);
  relay->callback([program, options, relay] {
    auto config = load_shipping("relay", program.globals, &Config::relay);
    if (!config) {
      program.exit_code = fail("relay", config.error());
      return;
    }
    if (options->directories.empty()) options->directories = config->buffers;
    if (options->credentials.empty()) options->credentials = config->credentials;
    fill_in(*relay, config.value(), options->dispatch);
    program.exit_code =
        options->directories.empty()
            ? fail("relay",
                   Error{"BUFFERDIR is required: name a directory, or set relay.buffer in --config", ErrorKind::invalid})
            : run(*options);
  });
}

}  // namespace logystera::cli
