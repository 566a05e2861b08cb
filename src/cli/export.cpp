// `logystera export report`: what was stored, as a document.
#include <fmt/core.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/history.hpp"
#include "cli/terminal.hpp"
#include "cli/whole_file.hpp"
#include "core/clock.hpp"
#include "parse/zone.hpp"
#include "report/report.hpp"

namespace logystera::cli {
namespace {

constexpr std::pair<std::string_view, report::Form> kForms[] = {{"markdown", report::Form::markdown},
                                                                {"html", report::Form::html},
                                                                {"json", report::Form::json},
                                                                {"sarif", report::Form::sarif}};

struct Options {
  filter::Question question{.since = "168h"};
  std::string output = "report.md", severity, title = "Logystera Security Report", format;
  bool open = false;
};

// Starts the desktop's opener and does not wait for it.
Result<Done> open_document(const std::string& path) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::fork() != 0) ::_exit(0);  // the opener's parent is gone, so nobody has to wait for it
    ::execlp("xdg-open", "xdg-open", path.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  if (child < 0) return Error{std::string("the report cannot be opened: ") + std::strerror(errno), kind_of_errno(errno)};
  ::waitpid(child, nullptr, 0);
  return Done{};
}

Result<report::Contents> collect(const Globals& globals, const Options& options) {
  auto opened = open_history("export report", globals);
  if (!opened) return opened.error();
  report::Query query;
  query.title = options.title;
  query.until = wall_seconds();
  query.zone = parse::Zone::local();
  query.stored_from = opened->config.findings_min_severity;
  auto findings = RowFilter::make(RowFilter::Rows::findings, options.question, opened->config);
  if (!findings) return findings.error();
  // A condition on what only findings have leaves no error in the report.
  auto errors = RowFilter::make(RowFilter::Rows::errors, options.question, opened->config);
  query.from = findings.value()->since().value_or(0);
  query.before = findings.value()->until();
  query.until = query.before.value_or(query.until);
  query.finding = [&](const store::Finding& one) { return findings.value()->wants(one); };
  query.error = [&](const store::ErrorGroup& one) { return errors && errors.value()->wants(one); };
  if (!options.severity.empty() && options.severity != "all") {
    query.at_least = reported_level_from(options.severity);
    if (!query.at_least)
      return Error{"--severity " + options.severity + ": write all, low, medium, high or critical", ErrorKind::invalid};
  }
  IdleProbes idle(opened->config);
  query.idle_probe = [&](const store::Finding& one) { return idle.has(one); };
  auto contents = report::collect(*opened->store, query);
  if (idle.problem()) return *idle.problem();
  return contents;
}

// The format that was asked for, else the one the file's name ends in: a reader opens a file by its name.
Result<report::Form> form_of(const Options& options) {
  for (const auto& [name, form] : kForms)
    if (options.format == name) return form;
  std::string plain = std::filesystem::path(options.output).filename().string();
  for (char& c : plain) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  const std::filesystem::path name = plain;
  const std::string ending = name.extension().string();
  if (ending.size() <= 1 || ending == ".md" || ending == ".markdown") return report::Form::markdown;
  if (ending == ".html" || ending == ".htm") return report::Form::html;
  // SARIF 2.1.0, 3.2: a file's name may end in .sarif.json.
  if (ending == ".json") return name.stem().extension() == ".sarif" ? report::Form::sarif : report::Form::json;
  if (ending == ".sarif") return report::Form::sarif;
  return Error{fmt::format("{}: no report is written as '{}': name a file that ends in .md, .html, .json or .sarif, or say "
                           "which form it shall have with --format",
                           printable(options.output), printable(ending)),
               ErrorKind::invalid};
}

// A report goes over what had its name before; nobody means a database by that, ours least of all.
bool is_database(const std::string& path) {
  constexpr std::string_view kMagic = "SQLite format 3";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::string begins(kMagic.size(), '\0');
  std::ifstream(path, std::ios::binary).read(begins.data(), static_cast<std::streamsize>(begins.size()));
  return begins == kMagic;
}

int write_report(const Globals& globals, const Options& options) {
  auto chosen = form_of(options);
  if (!chosen) return fail("export report", chosen.error());
  auto contents = collect(globals, options);
  if (!contents) return fail("export report", contents.error());
  const std::string text = report::as_text(contents.value(), chosen.value());
  if (options.output == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitDone;
  }
  if (is_database(options.output))
    return fail("export report", Error{fmt::format("{}: is a database, which the report would replace: name another file",
                                                   printable(options.output)),
                                       ErrorKind::invalid});
  if (auto written = write_whole_file(options.output, text); !written) return fail("export report", written.error());
  if (!globals.json)
    fmt::print("{}: {} findings, {} errors\n", printable(options.output), contents->findings.size(),
               contents->errors.size());
  if (const std::string left_out = report::left_out_words(contents.value()); !left_out.empty())
    fmt::print(stderr, "logystera export report: {}\n", left_out);
  if (options.open)
    if (auto opened = open_document(options.output); !opened) return fail("export report", opened.error());
  return kExitDone;
}

}  // namespace

void add_export(Program program) {
  auto* exporting = program.app.add_subcommand("export", "Write reports of what was stored");
  exporting->require_subcommand(1);
  auto* sub = exporting->add_subcommand("report", "Write a report: Markdown, HTML, JSON or SARIF");
  auto options = std::make_shared<Options>();
  sub->add_option("--output,-o", options->output, "File to write, '-' for standard output")->capture_default_str();
  sub->add_option("--format", options->format,
                  "markdown, html, json or sarif [default: by the file's ending, without one markdown]")
      ->check(Check::one_of({"markdown", "html", "json", "sarif"}));
  add_question(*sub, options->question, "findings and errors");
  sub->add_option("--severity", options->severity, "Only this severity and worse [default: all]");
  sub->add_option("--title", options->title, "The report's title")->capture_default_str();
  sub->add_flag("--open", options->open, "Open the report afterwards (xdg-open)");
  add_json(*sub, program.globals, "Print nothing on standard output");
  add_store(*sub, program.globals);
  sub->callback([program, options] { program.exit_code = write_report(program.globals, *options); });
}

}  // namespace logystera::cli
