// `logystera tail`: logs that are being written, analysed as they grow.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/live.hpp"
#include "cli/open_files.hpp"
#include "core/secret.hpp"
#include "source/follow.hpp"
#include "source/log_set.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kFilesOfALog = 3, kFilesBeside = 64;  // a log, a rotated part of it and one it was left for

struct Options : LiveOptions {
  std::vector<std::string> paths, rotated_dirs;
};

source::Follower::Options following(const Options& options, const Analysis& analysis, bool from_start) {
  source::Follower::Options following;
  following.source = analysis.program->pipeline().source;
  following.from_start = from_start;
  following.rotated_dirs = options.rotated_dirs;
  following.rotated_dirs_name = "--rotated-dir";
  following.follow_links = options.analysis.follow_links;
  return following;
}

Result<std::unique_ptr<source::RecordSource>> open_one(const Options& options, const Analysis& analysis, Begin begin) {
  source::Follower::Options one = following(options, analysis, begin.from_start);
  if (begin.position) {
    auto position = source::LogPosition::of_text(begin.position->text);
    if (!position) return position.error();
    one.resume = std::move(position).value();
  }
  auto opened =
      source::Follower::open(options.paths.front(), analysis.program->formats(), analysis.program->names(), std::move(one));
  if (!opened) return opened.error();
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

Result<std::unique_ptr<source::ManySources>> open_many(const Options& options, const Analysis& analysis, Begin begin) {
  source::LogSet::Options set;
  set.following = following(options, analysis, begin.from_start);
  if (options.resume) {
    set.left = std::move(begin.left);
    set.unusable = std::move(begin.unusable);
  }
  set.poll_every =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(options.poll_seconds));
  set.stop = &interrupted();
  set.more_logs = "name fewer of them, or have several runs follow a part each";
  const std::uint64_t files = open_files_most();
  if (files < kFilesBeside + kFilesOfALog * set.logs_most) {
    set.logs_most = std::max<std::uint64_t>(1, files > kFilesBeside ? (files - kFilesBeside) / kFilesOfALog : 1);
    set.more_logs = fmt::format(
        "this process may have {} open files: raise 'ulimit -n' (LimitNOFILE= of a service), or name fewer logs", files);
  }
  auto opened = source::LogSet::open(options.paths, analysis.program->formats(), analysis.program->names(), std::move(set));
  if (!opened) return opened.error();
  say_passed_over("tail", opened.value()->passed());
  return std::unique_ptr<source::ManySources>(std::move(opened).value());
}

// One file is followed as it always was: an error of it is the run's.
bool is_one_file(const std::vector<std::string>& paths) {
  std::error_code error;
  const auto status = std::filesystem::status(paths.front(), error);
  if (paths.size() > 1 || std::filesystem::is_directory(status)) return false;
  return std::filesystem::exists(status) || paths.front().find_first_of("*?[") == std::string::npos;
}

// What stands behind a misspelt option is taken for a path, and may be an address with a secret in it.
std::optional<Error> wrong_with_paths(const std::vector<std::string>& paths) {
  std::error_code error;
  for (const std::string& path : paths)
    if (path.find("://") != std::string::npos && !std::filesystem::exists(path, error))
      return Error{
          without_url_secrets(path) + ": is an address and no log: that of a webhook stands behind --alert-webhook",
          ErrorKind::invalid};
  return std::nullopt;
}

int run(const Globals& globals, const Options& options) {
  if (auto wrong = wrong_with_paths(options.paths)) return fail("tail", *wrong);
  LiveSource live;
  live.command = "tail";
  if (is_one_file(options.paths)) {
    live.target = "file:" + source::whole_path(options.paths.front());
    live.open = [&](const Analysis& analysis, Begin begin) { return open_one(options, analysis, std::move(begin)); };
    live.waits = false;
  } else {
    live.open_many = [&](const Analysis& analysis, Begin begin) { return open_many(options, analysis, std::move(begin)); };
    live.names_sources = true;
  }
  return run_live(globals, options, live);
}

}  // namespace

void add_tail(Program program) {
  auto* tail = program.app.add_subcommand("tail", "Analyse logs as they are written, until interrupted");
  auto options = std::make_shared<Options>();
  tail->add_option("PATH", options->paths,
                   "The logs to follow, across rotation and truncation: files, directories, patterns")
      ->required();
  tail->add_flag("--from-start", options->from_start, "Begin at the beginning of each log instead of its end");
  tail->add_flag("--resume", options->resume,
                 "Begin where the last --resume run of these logs ended, also if they were rotated since");
  tail->add_option("--rotated-dir", options->rotated_dirs,
                   "Where rotated parts of the logs lie, if not beside them (logrotate's olddir); may be repeated")
      ->allow_extra_args(false);
  add_span(*tail, options->analysis.question, "records");
  add_live(*tail, program.globals, *options);
  tail->footer(
      "Examples:\n"
      "  logystera tail /var/log/auth.log --track-findings\n"
      "  logystera tail /var/log /srv/shop/logs --resume --findings-only\n"
      "  logystera tail /var/log/nginx/access.log --resume --findings-only --alert-webhook-file /etc/logystera/webhook\n\n"
      "Rotated parts are read in order, packed ones (gzip, zstd) too, also those of while tail was away. What may be lost, "
      "and\n"
      "a change of format, is said on standard error. Of several logs each line says which it is of; logs that appear in "
      "a\n"
      "directory are read from their beginning, within two seconds or so, one that cannot be read is tried again, and at\n"
      "most 1,024 are followed at once.\n"
      "What is dismissed while tail runs is not reported from then on. A finding is posted three times at most; findings "
      "that\n"
      "could not be delivered are counted at the end. Exit codes: 0 interrupted by the user, 2 an error.");
  tail->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
