// See opening.hpp.
#include "cli/opening.hpp"

#include <utility>

#include "source/child_source.hpp"
#include "source/ssh_file.hpp"

namespace logystera::cli {
namespace {

parse::SourceOptions reading(const analysis::Program& program, Stop stop) {
  parse::SourceOptions options = program.pipeline().source;
  options.input.stop = &stop;
  return options;
}

// Everything before is read: an end that is not well is the run's fault.
source::JudgeEnd ended_early(const char* what) {
  return [what](const source::Child::End& end) -> std::optional<Error> {
    if (end.well()) return std::nullopt;
    return Error{std::string(what) + " ended early: " + end.text(), ErrorKind::failed};
  };
}

// The place that was kept, read as its source's.
template <typename Place>
Result<std::optional<Place>> kept(const Begin& begin) {
  if (!begin.position) return std::optional<Place>();
  auto place = Place::of_text(begin.position->text);
  if (!place) return place.error();
  return std::optional<Place>(std::move(place).value());
}

Opened open_journal(source::JournalSource::Options journal, const analysis::Program& program, const Begin& begin,
                    Stop stop) {
  journal.stop = &stop;
  auto place = kept<source::JournalPlace>(begin);
  if (!place) return place.error();
  journal.resume = std::move(place).value();
  if (!journal.resume && begin.from_start) journal.resume = source::JournalPlace();
  auto opened = source::JournalSource::open(program.names(), std::move(journal));
  if (!opened) return opened.error();
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

Error with_remedy(const Error& error) {
  if (error.kind != ErrorKind::not_found) return error;
  return Error{
      error.message + ": it comes with systemd; 'logystera scan FILE' reads what 'journalctl -o export' wrote elsewhere",
      error.kind};
}

}  // namespace

analysis::NextSource only(std::function<std::unique_ptr<source::RecordSource>()> make) {
  return [make = std::move(make), given = false]() mutable -> std::unique_ptr<source::RecordSource> {
    return std::exchange(given, true) ? nullptr : make();
  };
}

analysis::NextSource journal_once(const source::JournalTarget& target, const analysis::Program& program, Stop stop) {
  return only([target, &program, &stop] {
    return std::make_unique<source::ChildSource>(source::journal_scan(target), "journald", program.formats(),
                                                 program.names(), reading(program, stop), ended_early("journalctl"));
  });
}

Opened follow_journal(const source::JournalTarget& target, const analysis::Program& program, const Begin& begin,
                      Stop stop) {
  source::JournalSource::Options journal;
  journal.name = "journald";
  journal.arguments = [target](const source::JournalPlace& place) { return source::journal_follow(target, place); };
  journal.judge = source::judge_journalctl;
  auto opened = open_journal(std::move(journal), program, begin, stop);
  if (!opened) return with_remedy(opened.error());
  return opened;
}

std::optional<Error> wrong_with(const SshWanted& wanted) {
  if (auto wrong = source::wrong_with(wanted.target)) return wrong;
  if (auto wrong = source::wrong_with(wanted.journal)) return wrong;
  for (const std::string& path : wanted.paths)
    if (auto wrong = source::wrong_with_path(path)) return wrong;
  return std::nullopt;
}

analysis::NextSource ssh_once(const SshWanted& wanted, const analysis::Program& program, Stop stop) {
  return [wanted, &program, &stop, at = std::size_t{0}]() mutable -> std::unique_ptr<source::RecordSource> {
    const std::size_t index = at++;
    const auto read = [&](std::vector<std::string> arguments, const std::string& what) {
      return std::make_unique<source::ChildSource>(std::move(arguments), wanted.name_of(what), program.formats(),
                                                   program.names(), reading(program, stop), ended_early("ssh"));
    };
    if (wanted.journald) {
      if (index > 0) return nullptr;
      return read(source::ssh_command(wanted.target, source::journal_scan(wanted.journal)), "journald");
    }
    if (index >= wanted.paths.size()) return nullptr;
    return read(source::ssh_read(wanted.target, wanted.paths[index]), wanted.paths[index]);
  };
}

Opened follow_ssh(const SshWanted& wanted, const analysis::Program& program, const Begin& begin, Stop stop) {
  if (wanted.journald) {
    source::JournalSource::Options journal;
    journal.name = wanted.name_of("journald");
    journal.arguments = [wanted](const source::JournalPlace& place) {
      return source::ssh_command(wanted.target, source::journal_follow(wanted.journal, place));
    };
    journal.judge = source::judge_ssh;
    return open_journal(std::move(journal), program, begin, stop);
  }
  source::SshFile::Options file;
  file.target = wanted.target;
  file.path = wanted.paths.front();
  file.name = wanted.name_of(file.path);
  file.source = program.pipeline().source;
  file.stop = &stop;
  auto place = kept<source::SshPlace>(begin);
  if (!place) return place.error();
  if (place.value()) file.begin = std::move(*place.value());
  else if (begin.from_start) file.begin.mode = source::SshPlace::Mode::start;
  return std::unique_ptr<source::RecordSource>(
      std::make_unique<source::SshFile>(program.formats(), program.names(), std::move(file)));
}

}  // namespace logystera::cli
