// `logystera events`: what arrived.
#include <fmt/core.h>
#include <rapidjson/document.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <memory>
#include <optional>
#include <thread>

#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/interrupt.hpp"
#include "cli/terminal.hpp"
#include "core/catalogue.hpp"
#include "core/clock.hpp"
#include "core/event.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kTableRows = 50;  // the newest, when a person asks without a limit
constexpr auto kFollowPause = std::chrono::milliseconds(250);
constexpr std::size_t kTypeColumns = 24;
constexpr std::size_t kEntityColumns = 20;
constexpr std::size_t kPlainColumns = 200;  // when the output is no terminal

struct Options {
  filter::Question question;
  std::string type, entity;
  std::optional<std::uint64_t> limit;
  bool follow = false;
};

// key=value pairs of the labels object, values neutralised.
std::string labels_for_people(std::string_view line) {
  EventView event;
  if (read_event_line(line, event) != LineFault::none) return printable(line);
  rapidjson::Document labels;
  labels.Parse<rapidjson::kParseIterativeFlag>(event.labels.data(), event.labels.size());
  if (labels.HasParseError() || !labels.IsObject()) return printable(event.labels);
  std::string out;
  for (const auto& member : labels.GetObject()) {
    if (!out.empty()) out += ' ';
    out += printable({member.name.GetString(), member.name.GetStringLength()}) + '=';
    if (member.value.IsString()) {
      const std::string text = printable({member.value.GetString(), member.value.GetStringLength()});
      const bool plain = !text.empty() && text.find_first_of(" \"=") == std::string::npos;
      out += plain ? text : '"' + text + '"';
    } else {
      JsonText text(JsonText::Reader::program);
      JsonCopy copy(text);
      member.value.Accept(copy);
      out += printable(text.text());
    }
  }
  return out;
}

class Printer {
 public:
  explicit Printer(bool json) : json_(json), colour_(!json && colour_wanted()), columns_(terminal_columns(kPlainColumns)) {}

  bool print(const store::StoredEvent& event) {
    if (json_) {
      const std::string line = terminal_safe(event.line);
      std::fwrite(line.data(), 1, line.size(), stdout);
      std::fputc('\n', stdout);
      return std::ferror(stdout) == 0;
    }
    if (!std::exchange(headed_, true)) {
      line("TIME", "TYPE", "ENTITY", "WHAT HAPPENED", "\x1b[1m");
    }
    // The site gave it a type, the catalogue a name.
    const SignalSpec* const spec = catalogue::find(event.type);
    line(local_time(event.created_at), printable(event.type), printable(event.name),
         (spec ? std::string(spec->name) + ": " : std::string()) + labels_for_people(event.line), nullptr);
    return std::ferror(stdout) == 0;
  }

 private:
  void line(std::string_view time, std::string_view type, std::string_view entity, std::string_view labels,
            const char* whole) const {
    constexpr std::size_t kTimeColumns = 19;
    constexpr std::size_t kGap = 2;
    constexpr std::size_t kBefore = kTimeColumns + kTypeColumns + kEntityColumns + 3 * kGap;
    const std::size_t room = columns_ > kBefore + 20 ? columns_ - kBefore : 0;
    std::string cut = room == 0 ? std::string(labels) : fitted(labels, room);
    cut.erase(cut.find_last_not_of(' ') + 1);
    const char* begin = !colour_ ? "" : whole ? whole : "\x1b[36m";
    const char* end = colour_ ? "\x1b[0m" : "";
    if (whole) {
      fmt::print("{}{}  {}  {}  {}{}\n", begin, fitted(time, kTimeColumns), fitted(type, kTypeColumns),
                 fitted(entity, kEntityColumns), cut, end);
    } else {
      fmt::print("{}  {}{}{}  {}  {}\n", fitted(time, kTimeColumns), begin, fitted(type, kTypeColumns), end,
                 fitted(entity, kEntityColumns), cut);
    }
  }

  bool json_, colour_;
  std::size_t columns_;
  bool headed_ = false;
};

// An event that outlives its reading.
class Held {
 public:
  explicit Held(const store::StoredEvent& event)
      : event_(event), type_(event.type), entity_(event.entity), name_(event.name), line_(event.line) {}

  store::StoredEvent event() const {
    store::StoredEvent event = event_;
    event.type = type_;
    event.entity = entity_;
    event.name = name_;
    event.line = line_;
    return event;
  }

 private:
  store::StoredEvent event_;  // but for its texts
  std::string type_, entity_, name_, line_;
};

int run(const Globals& globals, const Options& options) {
  store::EventQuery query;
  query.type = options.type;
  query.entity = options.entity;
  auto made = RowFilter::make(RowFilter::Rows::events, options.question, Config());
  if (!made) return fail("events", made.error());
  RowFilter& wanted = *made.value();
  query.since = wanted.since();
  query.until = wanted.until();
  const bool shortened = !globals.json && !options.limit && options.question.empty();
  const std::optional<std::uint64_t> newest = shortened ? kTableRows : options.limit;
  // Of events that fulfil a condition the newest are known only when all were looked at.
  if (!wanted.asks()) query.newest = newest;
  const std::size_t held_most = wanted.asks() && newest ? static_cast<std::size_t>(*newest) : 0;
  auto opened = open_store(globals, store::Access::existing);
  if (!opened) return fail("events", opened.error());
  store::Store& store = *opened.value();

  Printer printer(globals.json);
  std::uint64_t printed = 0;
  bool writable = true;
  const std::atomic<bool>* stop = nullptr;  // of --follow
  std::deque<Held> held;
  const auto print = [&](const store::StoredEvent& event) {
    ++printed;
    writable = printer.print(event);
  };
  const auto each = [&](const store::StoredEvent& event) {
    query.after = event.sequence;
    if (wanted.wants(event)) {
      if (held_most == 0 || stop) {
        print(event);
      } else {
        if (held.size() == held_most) held.pop_front();
        held.emplace_back(event);
      }
    }
    return writable && !(stop && *stop);
  };
  if (!(wanted.asks() && newest && *newest == 0))
    if (auto read = store.events().read(query, each); !read) return fail("events", read.error());
  for (const Held& one : held)
    if (writable) print(one.event());
  if (shortened && printed == kTableRows && !options.follow) {
    fmt::print(stderr, "The newest {} are shown; --limit and --since show others.\n", kTableRows);
  }
  if (!options.follow) return kExitDone;
  stop = &interrupted();
  query.newest.reset();
  while (!*stop && writable) {
    std::fflush(stdout);
    std::this_thread::sleep_for(kFollowPause);
    if (auto read = store.events().read(query, each); !read) return fail("events", read.error());
  }
  return kExitDone;
}

}  // namespace

void add_events(Program program) {
  auto* events = program.app.add_subcommand("events", "Show the events that arrived, oldest first");
  auto options = std::make_shared<Options>();
  events->add_option("--type", options->type, "Only this type, for example auth.login_failed");
  events->add_option("--entity", options->entity, "Only this site, by token or name");
  add_question(*events, options->question, "events");
  events->add_option("--limit", options->limit, "Show at most this many, the newest");
  events->add_flag("--follow", options->follow, "Keep showing events as they arrive, until interrupted");
  add_json(*events, program.globals,
           "Print one event a line, as sent, control characters as \\uNNNN (all, unless --limit or --since)");
  add_store(*events, program.globals);
  events->footer(
      "Examples:\n"
      "  logystera events                                   the newest 50 as a table\n"
      "  logystera events --type auth.login_failed --since 1h\n"
      "  logystera events --entity shop --follow\n"
      "  logystera events --since yesterday --where 'type = auth.login_failed and uid_hash exists'\n"
      "  logystera events --json --since 7d > week.jsonl\n\n"
      "Colour is used on a terminal only, and not when NO_COLOR is set.");
  events->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
