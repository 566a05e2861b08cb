#include "source/journal_source.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>
#include <thread>
#include <utility>

namespace logystera::source {
namespace {

constexpr std::string_view kTitle = "logystera journal 1";
constexpr std::size_t kTimeDigits = 18;
constexpr std::size_t kCursorBytes = 512;
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr auto kPartsMost = std::chrono::seconds(5);  // a message in parts waits for the next one
constexpr auto kRefusedAgain = std::chrono::minutes(5);

bool is_cursor(std::string_view text) {
  return text.substr(0, 2) == "s=" && text.size() <= kCursorBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789=;-") == text.npos;
}

std::vector<std::string> journalctl(const JournalTarget& target) {
  // Quiet, everything of a field. Without a terminal there is no pager.
  std::vector<std::string> arguments{"journalctl", "-q", "-a", "-o", "export"};
  const auto add = [&](const char* option, const std::string& value) {
    arguments.emplace_back(option);
    arguments.push_back(value);
  };
  for (const std::string& unit : target.units) add("-u", unit);
  if (!target.priority.empty()) add("-p", target.priority);
  if (!target.directory.empty()) add("-D", target.directory);
  return arguments;
}

// "1h" is an hour ago, as "-1h" is.
std::string since_of(const std::string& since) {
  const bool span = since.size() >= 2 && since.find_first_not_of("0123456789") == since.size() - 1 &&
                    std::string_view("smhdw").find(since.back()) != std::string_view::npos;
  return span ? "-" + since : since;
}

}  // namespace

std::optional<Error> wrong_with(const JournalTarget& target) {
  constexpr std::size_t kMost = 256;
  const auto wrong = [&](std::string_view what, const std::string& value) -> std::optional<Error> {
    if (!value.empty() && value.size() <= kMost &&
        std::none_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
      return std::nullopt;
    return Error{fmt::format("{}: write 1 to {} characters, none of them a control character", what, kMost),
                 ErrorKind::invalid};
  };
  for (const std::string& unit : target.units)
    if (auto error = wrong("unit", unit)) return error;
  if (!target.since.empty())
    if (auto error = wrong("since", target.since)) return error;
  if (!target.priority.empty())
    if (auto error = wrong("priority", target.priority)) return error;
  if (!target.directory.empty())
    if (auto error = wrong("directory", target.directory)) return error;
  return std::nullopt;
}

std::string JournalPlace::text() const {
  return fmt::format("{}\n{} {} {}\nend\n", kTitle, cursor.empty() ? "since" : "cursor",
                     cursor.empty() ? std::to_string(since_us) : cursor, records);
}

Result<JournalPlace> JournalPlace::of_text(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::string title, what, value, end;
  JournalPlace place;
  std::getline(in, title);
  in >> what >> value >> place.records >> end;
  const bool cursor = what == "cursor" && is_cursor(value);
  const bool time = what == "since" && value.size() <= kTimeDigits && value.find_first_not_of("0123456789") == value.npos;
  if (title != kTitle || !in || end != "end" || (!cursor && !time))
    return Error{"the position in the journal that was kept is damaged", ErrorKind::broken};
  if (cursor) place.cursor = value;
  else place.since_us = std::stoll(value);
  return place;
}

std::vector<std::string> journal_scan(const JournalTarget& target) {
  std::vector<std::string> arguments = journalctl(target);
  if (!target.since.empty()) {
    arguments.emplace_back("-S");
    arguments.push_back(since_of(target.since));
  }
  return arguments;
}

std::vector<std::string> journal_follow(const JournalTarget& target, const JournalPlace& place) {
  std::vector<std::string> arguments = journalctl(target);
  // Following shows the last ten alone unless it is told otherwise.
  for (const char* one : {"-f", "-n", "all"}) arguments.emplace_back(one);
  arguments.emplace_back(place.cursor.empty() ? "-S" : "-c");
  arguments.push_back(place.cursor.empty()
                          ? fmt::format("@{}.{:06}", place.since_us / 1'000'000, place.since_us % 1'000'000)
                          : place.cursor);
  return arguments;
}

JournalSource::Verdict judge_journalctl(const Child::End& end, bool worked) {
  return end.signal != 0 || worked || end.well() ? JournalSource::Verdict::again : JournalSource::Verdict::final;
}

JournalSource::JournalSource(FieldNames& names, Options options)
    : options_(std::move(options)),
      part_(std::make_shared<Part>()),
      entries_(options_.name, names, options_.resume ? options_.resume->records : 0) {
  part_->name = options_.name;
  part_->format = "journal_export";
  if (options_.resume) {
    begin_ = *options_.resume;
  } else {
    begin_.since_us =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  }
}

Result<std::unique_ptr<JournalSource>> JournalSource::open(FieldNames& names, Options options) {
  std::unique_ptr<JournalSource> source(new JournalSource(names, std::move(options)));
  // Here and not at the first look: what cannot be started is an error of the command.
  if (auto started = source->start(); !started) return started.error();
  return source;
}

Result<Done> JournalSource::start() {
  JournalPlace place = begin_;
  if (!entries_.cursor().empty()) place.cursor = entries_.cursor();
  asked_ = place.cursor;
  gap_looked_for_ = false;
  entries_.begin(asked_);
  auto child = Child::start(options_.arguments(place));
  if (!child) return Error{options_.name + ": " + child.error().message, child.error().kind};
  child_.emplace(std::move(child).value());
  return Done{};
}

// Too many processes or open files, no memory: that passes. A program that is gone does not come back.
Result<Done> JournalSource::not_started(const Error& error) {
  if (error.kind == ErrorKind::not_found) return error;
  const auto now = Clock::now();
  again_at_ = now + backoff_.failed(now, random_bits());
  if (trouble_.empty()) notices_.push_back(error.message + "; it is tried again");
  trouble_ = error.message;
  return Done{};
}

// What was asked for is the first that comes, unless it is gone.
void JournalSource::look_for_gap() {
  if (gap_looked_for_ || entries_.first_cursor().empty()) return;
  gap_looked_for_ = true;
  if (asked_.empty() || entries_.first_cursor() == asked_) return;
  notices_.push_back(
      options_.name +
      ": the entry that was read last is not in the journal any more: entries between it and the next ones may "
      "be lost");
}

Result<Done> JournalSource::ended() {
  const Child::End end = child_->end();
  child_.reset();
  const bool worked = !entries_.first_cursor().empty();
  const Verdict verdict = options_.judge(end, worked);
  if (verdict == Verdict::final) return Error{fmt::format("{}: {}", options_.name, end.text()), ErrorKind::invalid};
  const auto now = Clock::now();
  auto wait = backoff_.failed(now, random_bits());
  if (verdict == Verdict::refused) wait = kRefusedAgain;
  again_at_ = now + wait;
  if (trouble_.empty()) notices_.push_back(fmt::format("{}: ended ({}); it is tried again", options_.name, end.text()));
  trouble_ = end.text();
  return Done{};
}

Result<State> JournalSource::next(RecordBatch& batch, std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  for (;;) {
    if (entries_.take(batch)) {
      look_for_gap();
      parts_since_.reset();
      part_->counts = entries_.counts();
      return State::records;
    }
    look_for_gap();
    const auto now = Clock::now();
    if (!entries_.has_parts()) parts_since_.reset();
    else if (!parts_since_) parts_since_ = now;
    else if (now - *parts_since_ >= kPartsMost && entries_.take_parts(batch)) return State::records;
    const auto left =
        std::max(std::chrono::milliseconds(0), std::chrono::duration_cast<std::chrono::milliseconds>(until - now));
    const auto piece = std::min(left, std::chrono::milliseconds(100));
    if (options_.stop && options_.stop->load()) return State::idle;
    if (!child_) {
      if (now >= again_at_) {
        if (auto started = start(); !started)
          if (auto passes = not_started(started.error()); !passes) return passes.error();
        continue;
      }
      if (left.count() == 0) return State::idle;
      std::this_thread::sleep_for(std::min<Clock::duration>(piece, again_at_ - now));
      continue;
    }
    std::string bytes;
    switch (child_->read(bytes, kReadBytes, piece)) {
      case Child::Got::bytes:
        backoff_.works(now);
        if (!trouble_.empty()) notices_.push_back(options_.name + ": is read again");
        trouble_.clear();
        entries_.add(bytes);
        break;
      case Child::Got::ended:
        if (auto done = ended(); !done) return done.error();
        break;
      case Child::Got::nothing:
        if (left.count() == 0) return State::idle;
    }
  }
}

bool JournalSource::finish(RecordBatch& batch) {
  if (child_) child_->kill();
  child_.reset();
  // A message whose last part has not come is read again by whoever resumes.
  batch.clear();
  part_->counts = entries_.counts();
  return false;
}

Position JournalSource::position() const {
  JournalPlace place = begin_;
  if (!entries_.resume_cursor().empty()) place.cursor = entries_.resume_cursor();
  place.records = entries_.counts().records;
  return {place.text()};
}

}  // namespace logystera::source
