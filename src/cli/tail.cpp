// `logystera tail`: a log that is being written, analysed as it grows.
#include <filesystem>
#include <memory>
#include <utility>

#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/live.hpp"
#include "source/follow.hpp"

namespace logystera::cli {
namespace {

struct Options : LiveOptions {
  std::string path;
  std::vector<std::string> rotated_dirs;
};

Result<std::unique_ptr<source::RecordSource>> open(const Options& options, const Analysis& analysis, Begin begin) {
  source::Follower::Options following;
  following.source = analysis.program->pipeline().source;
  following.from_start = begin.from_start;
  following.rotated_dirs = options.rotated_dirs;
  following.rotated_dirs_name = "--rotated-dir";
  following.follow_links = options.analysis.follow_links;
  if (begin.position) {
    auto position = source::LogPosition::of_text(begin.position->text);
    if (!position) return position.error();
    following.resume = std::move(position).value();
  }
  auto opened =
      source::Follower::open(options.path, analysis.program->formats(), analysis.program->names(), std::move(following));
  if (!opened) return opened.error();
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

int run(const Globals& globals, const Options& options) {
  std::error_code error;
  LiveSource live;
  live.command = "tail";
  live.target = "file:" + std::filesystem::absolute(options.path, error).lexically_normal().string();
  live.open = [&](const Analysis& analysis, Begin begin) { return open(options, analysis, std::move(begin)); };
  live.waits = false;
  return run_live(globals, options, live);
}

}  // namespace

void add_tail(Program program) {
  auto* tail = program.app.add_subcommand("tail", "Analyse a log as it is written, until interrupted");
  auto options = std::make_shared<Options>();
  tail->add_option("PATH", options->path, "The log to follow, across rotation and truncation")->required();
  tail->add_flag("--from-start", options->from_start, "Begin at the beginning of the file instead of its end");
  tail->add_flag("--resume", options->resume,
                 "Begin where the last --resume run of this log ended, also if it was rotated since");
  tail->add_option("--rotated-dir", options->rotated_dirs,
                   "Where rotated parts of the log lie, if not beside it (logrotate's olddir); may be repeated")
      ->allow_extra_args(false);
  add_span(*tail, options->analysis.question, "records");
  add_live(*tail, program.globals, *options);
  tail->footer(
      "Examples:\n"
      "  logystera tail /var/log/auth.log --track-findings\n"
      "  logystera tail /var/log/nginx/access.log --resume --findings-only --alert-webhook-file /etc/logystera/webhook\n\n"
      "Rotated parts are read in order, packed ones (gzip, zstd) too, also those of while tail was away. What may be lost, "
      "and\n"
      "a change of format, is said on standard error.\n"
      "What is dismissed while tail runs is not reported from then on. A finding is posted three times at most; findings "
      "that\n"
      "could not be delivered are counted at the end. Exit codes: 0 interrupted by the user, 2 an error.");
  tail->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
