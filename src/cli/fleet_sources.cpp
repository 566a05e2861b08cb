// See fleet_sources.hpp.
#include "cli/fleet_sources.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "cli/fleet_remote.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/file_time.hpp"
#include "source/child.hpp"
#include "source/file_source.hpp"
#include "source/follow.hpp"
#include "source/live_logs.hpp"
#include "source/paths.hpp"
#include "source/renamed.hpp"

namespace logystera::cli {
namespace {

using fleet::Target;
using fleet::Type;

constexpr auto kLook = std::chrono::milliseconds(100);

source::JournalTarget journal_of(const Target& target) {
  source::JournalTarget journal;
  journal.units = target.texts("unit");
  journal.since = target.text("since");
  return journal;
}

SshWanted ssh_of(const Target& target) {
  SshWanted wanted;
  wanted.target.host = target.text("host");
  if (const std::string user = target.text("user"); !user.empty()) wanted.target.host.insert(0, user + "@");
  wanted.target.port = target.number("port");
  wanted.target.options = target.texts("ssh_opt");
  wanted.paths = target.texts("path");
  wanted.journald = target.flag("journald");
  if (wanted.journald) wanted.journal = journal_of(target);
  return wanted;
}

std::optional<Error> wrong_with_values(const Target& target) {
  std::optional<Error> wrong;
  if (target.type == Type::journald) wrong = source::wrong_with(journal_of(target));
  if (target.type == Type::ssh) wrong = wrong_with(ssh_of(target));
  if (wrong) wrong->message = fmt::format("{}: {}: {}", target.place, target.name, wrong->message);
  return wrong;
}

// What it is to be stopped by travels with the options of reading.
parse::SourceOptions reading(const Analysis& analysis, Stop stop) {
  parse::SourceOptions options = analysis.program->pipeline().source;
  options.input.stop = &stop;
  return options;
}

Result<analysis::NextSource> files_once(const Target& target, const Analysis& analysis, bool follow_links, Stop stop) {
  auto found = source::find_sources(target.texts("path"), {.follow_links = follow_links});
  if (!found) return found.error();
  auto sets = std::make_shared<const std::vector<source::SourceSet>>(std::move(found).value());
  return analysis::NextSource([sets, &analysis, &stop,
                               at = std::size_t{0}]() mutable -> std::unique_ptr<source::RecordSource> {
    if (at >= sets->size()) return nullptr;
    return std::make_unique<source::FileSource>((*sets)[at++], analysis.program->formats(), analysis.program->names(),
                                                source::FileSourceOptions{.source = reading(analysis, stop), .resume = {}});
  });
}

Opened follow_file(const FilePath& log, const Analysis& analysis, bool follow_links, const Begin& begin) {
  source::Follower::Options following;
  following.source = analysis.program->pipeline().source;
  following.follow_links = follow_links;
  following.from_start = begin.from_start;
  if (begin.position) {
    auto position = source::LogPosition::of_text(begin.position->text);
    if (!position) return position.error();
    following.resume = std::move(position).value();
  }
  auto opened = source::Follower::open(log, analysis.program->formats(), analysis.program->names(), std::move(following));
  if (!opened) return opened.error();
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

FleetFeed feed_of(const std::string& prefix, const std::string& name, bool waits,
                  std::function<Opened(const Begin&)> open) {
  return {
      prefix + name,
      [open = std::move(open), prefix](const Begin& begin) -> Opened {
        auto opened = open(begin);
        if (!opened) return opened.error();
        return std::unique_ptr<source::RecordSource>(std::make_unique<source::Renamed>(std::move(opened).value(), prefix));
      },
      waits};
}

// Paths of this machine as feeds.
struct FileFeeds {
  std::string prefix;
  const Analysis* analysis;
  bool follow_links;

  // Whoever looks later knows since when.
  std::vector<FleetFeed> of(const std::vector<std::string>& paths, std::vector<source::NoLogs>& problems) const {
    PassedOver passed;
    std::map<std::string, FleetFeed> feeds;  // by path
    std::set<std::size_t> settled;           // paths that mean a log, or why not
    for (const source::LiveLog& log : source::live_logs(paths, follow_links, passed, problems)) {
      FilePath file = log.file;
      file.root_size += log.whole.size() - file.path.size();  // what lies below that is spelt the same
      file.path = log.whole;
      FleetFeed feed = feed_of(prefix, log.whole, false,
                               [file = std::move(file), analysis = analysis, links = follow_links](const Begin& begin) {
                                 return follow_file(file, *analysis, links, begin);
                               });
      feed.path_key = path_key(paths[log.argument]);
      settled.insert(log.argument);
      feeds.emplace(log.whole, std::move(feed));
    }
    for (const source::NoLogs& problem : problems) settled.insert(problem.argument);
    // One whose logs another path means as well finds them when it looks, and is done.
    for (std::size_t at = 0; at < paths.size(); ++at)
      if (!settled.contains(at))
        problems.push_back({at, {paths[at] + ": no log that is written to lies there", ErrorKind::not_found}});
    std::vector<FleetFeed> all;
    for (auto& [path, feed] : feeds) all.push_back(std::move(feed));
    return all;
  }
  // Of a path that means no log now, and why.
  FleetFeed looking(const std::string& path, const Error& why) const {
    FleetFeed feed{.key = prefix + path, .open = {}};
    feed.path_key = path_key(path);
    const bool absent = why.kind == ErrorKind::not_found;
    feed.look = [feeds = *this, path, absent,
                 since_ns = nanoseconds_of(time_of(CLOCK_REALTIME_COARSE))]() -> Result<std::vector<FleetFeed>> {
      std::vector<source::NoLogs> problems;
      std::vector<FleetFeed> found = feeds.of({path}, problems);
      if (!problems.empty()) return problems.front().why;
      // One that was last written before came with its directory.
      for (FleetFeed& one : found) {
        struct stat status {};
        one.appeared =
            absent && (::stat(one.key.c_str() + feeds.prefix.size(), &status) != 0 || written_ns(status) >= since_ns);
      }
      return found;
    };
    return feed;
  }

 private:
  std::string path_key(const std::string& path) const { return "logs:" + prefix + source::whole_path(path); }
};

// How a program ends.
Result<source::Child::End> run(const std::vector<std::string>& arguments, Stop stop, std::chrono::seconds limit) {
  auto started = source::Child::start(arguments);
  if (!started) return started.error();
  source::Child child = std::move(started).value();
  const auto until = std::chrono::steady_clock::now() + limit;
  std::string output;
  for (;;) {
    output.clear();
    if (child.read(output, 4096, kLook) == source::Child::Got::ended) break;
    if (stop.load()) return Error{"interrupted"};
    if (std::chrono::steady_clock::now() < until) continue;
    child.kill();
    return Error{fmt::format("no answer within {} s", limit.count()), ErrorKind::busy};
  }
  return child.end();
}

Result<Done> runs(const std::vector<std::string>& arguments, Stop stop, std::chrono::seconds limit) {
  auto end = run(arguments, stop, limit);
  if (!end) return end.error();
  return end->well() ? Result<Done>(Done{}) : Result<Done>(Error{end->text()});
}

Result<std::string> check_files(const Target& target) {
  auto found = source::find_sources(target.texts("path"));
  if (!found) return found.error();
  std::size_t files = 0;
  for (const source::SourceSet& set : found.value())
    for (const FilePath& file : set.files) {
      const Fd opened(::open(file.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
      struct stat status {};
      if (opened && ::fstat(opened.get(), &status) == 0 && !S_ISREG(status.st_mode))
        return Error{file.path + ": is no regular file", ErrorKind::invalid};
      if (!opened)
        return Error{fmt::format("{}: cannot be read: {}", file.path, std::strerror(errno)), kind_of_errno(errno)};
      ++files;
    }
  return fmt::format("{} {}", files, files == 1 ? "file" : "files");
}

Result<std::string> check_ssh(const SshWanted& wanted, Stop stop, std::chrono::seconds limit) {
  if (wanted.journald) {
    auto done = runs(source::ssh_command(wanted.target, {"journalctl", "-n", "0", "--quiet"}), stop, limit);
    if (!done) return done.error();
    return std::string("its journal can be read");
  }
  for (const std::string& path : wanted.paths) {
    auto end = run(source::ssh_command(wanted.target, {"test", "-f", path, "-a", "-r", path}), stop, limit);
    if (!end) return end.error();
    if (end->code == 1) return Error{path + ": is no file, or cannot be read"};
    if (!end->well()) return Error{end->text()};
  }
  return fmt::format("{} {}", wanted.paths.size(), wanted.paths.size() == 1 ? "file" : "files");
}

}  // namespace

Result<analysis::NextSource> fleet_scan(const Target& target, const Analysis& analysis, bool follow_links, Stop stop) {
  if (auto wrong = wrong_with_values(target)) return *wrong;
  Result<analysis::NextSource> made = Error{"no such type"};
  switch (target.type) {
    case Type::file: made = files_once(target, analysis, follow_links, stop); break;
    case Type::journald: made = journal_once(journal_of(target), *analysis.program, stop); break;
    case Type::ssh: made = ssh_once(ssh_of(target), *analysis.program, stop); break;
    case Type::docker:
    case Type::opensearch:
    case Type::loki:
    case Type::graylog: {
      auto opened = open_server(target, analysis, false, {}, stop);
      if (!opened) return opened.error();
      made = only([source = std::make_shared<std::unique_ptr<source::RecordSource>>(std::move(opened).value())] {
        return std::exchange(*source, nullptr);
      });
      break;
    }
  }
  if (!made) return made.error();
  return analysis::NextSource([next = std::move(made).value(),
                               prefix = fleet::source_prefix(target.name)]() -> std::unique_ptr<source::RecordSource> {
    std::unique_ptr<source::RecordSource> source = next();
    if (!source) return nullptr;
    return std::make_unique<source::Renamed>(std::move(source), prefix);
  });
}

Result<std::vector<FleetFeed>> fleet_feeds(const Target& target, const Analysis& analysis, bool follow_links, Stop stop) {
  if (auto wrong = wrong_with_values(target)) return *wrong;
  std::vector<FleetFeed> feeds;
  const std::string prefix = fleet::source_prefix(target.name);
  const auto add = [&](const std::string& name, bool waits, std::function<Opened(const Begin&)> open) {
    feeds.push_back(feed_of(prefix, name, waits, std::move(open)));
  };
  switch (target.type) {
    case Type::file: {
      const FileFeeds files{prefix, &analysis, follow_links};
      const std::vector<std::string> paths = target.texts("path");
      std::vector<source::NoLogs> problems;
      feeds = files.of(paths, problems);
      for (const source::NoLogs& problem : problems) feeds.push_back(files.looking(paths[problem.argument], problem.why));
      break;
    }
    case Type::journald:
      add("journald", true, [journal = journal_of(target), &analysis, &stop](const Begin& begin) {
        source::JournalTarget followed = journal;
        followed.since.clear();
        return follow_journal(followed, *analysis.program, begin, stop);
      });
      break;
    case Type::ssh: {
      const SshWanted all = ssh_of(target);
      const auto follow = [&](const std::string& what, SshWanted wanted) {
        wanted.journal.since.clear();
        const std::string name = wanted.name_of(what);
        add(name, true, [wanted = std::move(wanted), &analysis, &stop](const Begin& begin) {
          return follow_ssh(wanted, *analysis.program, begin, stop);
        });
      };
      if (all.journald) follow("journald", all);
      for (const std::string& path : std::set<std::string>(all.paths.begin(), all.paths.end())) {
        SshWanted one = all;
        one.paths = {path};
        follow(path, std::move(one));
      }
      break;
    }
    case Type::docker:
    case Type::opensearch:
    case Type::loki:
    case Type::graylog:
      add(std::string(fleet::type_name(target.type)), true,
          [target, &analysis, &stop](const Begin& begin) { return open_server(target, analysis, true, begin, stop); });
      break;
  }
  return feeds;
}

Result<std::string> fleet_check(const Target& target, const Analysis& analysis, Stop stop, std::chrono::seconds limit) {
  if (auto wrong = wrong_with_values(target)) return *wrong;
  switch (target.type) {
    case Type::file: return check_files(target);
    case Type::journald: {
      auto done = runs({"journalctl", "-n", "0", "--quiet"}, stop, limit);
      if (!done) return done.error();
      return std::string("its journal can be read");
    }
    case Type::ssh: return check_ssh(ssh_of(target), stop, limit);
    case Type::docker:
    case Type::opensearch:
    case Type::loki:
    case Type::graylog: return check_server(target, analysis, stop);
  }
  return Error{"no such type"};
}

}  // namespace logystera::cli
