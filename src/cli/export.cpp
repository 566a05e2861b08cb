// `logystera export report`: what was stored, as a document.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/gate.hpp"
#include "cli/history.hpp"
#include "cli/render.hpp"
#include "cli/span.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "web/html.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kFindingsReported = 10'000;
constexpr std::size_t kErrorsReported = 1'000;

struct Options {
  std::string output = "report.md", since = "168h", severity, title = "Logystera Security Report", format;
  bool open = false;
};

struct Contents {
  std::string title;
  std::int64_t from = 0, until = 0;
  std::vector<store::Finding> findings;
  std::vector<store::ErrorGroup> errors;
  store::FindingSummary counts;
  std::vector<std::pair<std::uint64_t, std::string>> by_rule;  // most first
};

// Text a stranger wrote must not become markup.
std::string markdown(std::string_view text) {
  std::string out;
  for (char c : printable(text)) {
    if (std::strchr("\\`*_{}[]()#+-.!|<>~", c) != nullptr && c != '\0') out += '\\';
    out += c;
  }
  return out;
}

std::string html(std::string_view text) { return web::escaped(printable(text)); }

std::string severity_text(const store::ErrorGroup& group) { return std::string(severity_name(group.severity)); }

std::string as_markdown(const Contents& contents) {
  std::string out = fmt::format("# {}\n\n{} to {}\n\n## Summary\n\n| Severity | Findings |\n|---|---|\n",
                                markdown(contents.title), local_time(contents.from), local_time(contents.until));
  for (const Level level : kReportedLevels)
    out += fmt::format("| {} | {} |\n", level_name(level), grouped(contents.counts.of(level)));
  out += "\n## Rules\n\n| Rule | Findings |\n|---|---|\n";
  for (const auto& [count, rule] : contents.by_rule) out += fmt::format("| {} | {} |\n", markdown(rule), grouped(count));
  out += "\n## Findings\n\n| Time | Severity | Rule | Source | Message |\n|---|---|---|---|---|\n";
  for (const store::Finding& finding : contents.findings)
    out += fmt::format("| {} | {} | {} | {} | {} |\n", local_time(finding.time), level_name(finding.level),
                       markdown(finding.rule), markdown(finding.source), markdown(finding.message));
  out += "\n## Errors\n\n| Last seen | Count | Severity | Fingerprint | Error |\n|---|---|---|---|---|\n";
  for (const store::ErrorGroup& group : contents.errors)
    out += fmt::format("| {} | {} | {} | {} | {} |\n", local_time(group.last_seen), grouped(group.count),
                       severity_text(group), group.fingerprint, markdown(group.pattern));
  return out;
}

std::string as_html(const Contents& contents) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title>\n"
      "<style>body{{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 "
      "1rem}}table{{border-collapse:"
      "collapse;width:100%;margin:1rem 0}}th,td{{border-bottom:1px solid #ccc;padding:.3rem .6rem;text-align:left;"
      "vertical-align:top;overflow-wrap:anywhere}}</style></head>\n<body><h1>{0}</h1><p>{1} to {2}</p>\n",
      html(contents.title), local_time(contents.from), local_time(contents.until));
  out += "<h2>Summary</h2>\n<table><tr><th>Severity</th><th>Findings</th></tr>\n";
  for (const Level level : kReportedLevels)
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", level_name(level), grouped(contents.counts.of(level)));
  out += "</table>\n<h2>Rules</h2>\n<table><tr><th>Rule</th><th>Findings</th></tr>\n";
  for (const auto& [count, rule] : contents.by_rule)
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", html(rule), grouped(count));
  out +=
      "</table>\n<h2>Findings</h2>\n<table><tr><th>Time</th><th>Severity</th><th>Rule</th><th>Source</th><th>Message</th></"
      "tr>\n";
  for (const store::Finding& finding : contents.findings)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", local_time(finding.time),
                       level_name(finding.level), html(finding.rule), html(finding.source), html(finding.message));
  out +=
      "</table>\n<h2>Errors</h2>\n<table><tr><th>Last "
      "seen</th><th>Count</th><th>Severity</th><th>Fingerprint</th><th>Error</th></tr>\n";
  for (const store::ErrorGroup& group : contents.errors)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", local_time(group.last_seen),
                       grouped(group.count), severity_text(group), group.fingerprint, html(group.pattern));
  return out + "</table></body></html>\n";
}

std::string as_json(const Contents& contents) {
  JsonText json;
  json.begin_object().member("title", contents.title).member("from", rfc3339(contents.from * kSecondNs));
  json.member("until", rfc3339(contents.until * kSecondNs)).key("by_severity").begin_object();
  for (const Level level : {Level::low, Level::medium, Level::high, Level::critical})
    json.count(level_name(level), contents.counts.of(level));
  json.end_object().key("findings").begin_array();
  for (const store::Finding& finding : contents.findings) append_stored(json, finding);
  json.end_array().key("errors").begin_array();
  for (const store::ErrorGroup& group : contents.errors) append_stored(json, group);
  json.end_array().end_object();
  return json.take() + "\n";
}

// SARIF 2.1.0 (OASIS), which code hosts and editors read.
std::string as_sarif(const Contents& contents) {
  std::map<std::string, std::string> titles;
  for (const store::Finding& finding : contents.findings) titles.emplace(finding.rule, finding.title);
  JsonText json;
  json.begin_object().member("$schema", "https://json.schemastore.org/sarif-2.1.0.json").member("version", "2.1.0");
  json.key("runs").begin_array().begin_object().key("tool").begin_object().key("driver").begin_object();
  json.member("name", "logystera").member("version", LOGYSTERA_VERSION).key("rules").begin_array();
  for (const auto& [id, title] : titles)
    json.begin_object()
        .member("id", id)
        .key("shortDescription")
        .begin_object()
        .member("text", title)
        .end_object()
        .end_object();
  json.end_array().end_object().end_object().key("results").begin_array();
  for (const store::Finding& finding : contents.findings) {
    const bool severe = finding.level >= Level::high;
    json.begin_object().member("ruleId", finding.rule);
    json.member("level", severe ? "error" : finding.level == Level::medium ? "warning" : "note");
    json.key("message")
        .begin_object()
        .member("text", finding.message.empty() ? finding.title : finding.message)
        .end_object();
    json.key("locations").begin_array().begin_object().key("physicalLocation").begin_object();
    json.key("artifactLocation").begin_object().member("uri", finding.source).end_object();
    if (finding.line > 0) json.key("region").begin_object().count("startLine", finding.line).end_object();
    json.end_object().end_object().end_array();
    json.key("properties").begin_object().member("severity", level_name(finding.level));
    json.member("time", rfc3339(finding.time * kSecondNs)).end_object().end_object();
  }
  json.end_array().end_object().end_array().end_object();
  return json.take() + "\n";
}

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

Result<Contents> collect(const Globals& globals, const Options& options) {
  auto opened = open_history("export report", globals);
  if (!opened) return opened.error();
  Contents contents;
  contents.title = options.title;
  contents.until = wall_seconds();
  auto since = parse_since("--since", options.since, contents.until);
  if (!since) return since.error();
  contents.from = since.value();
  store::FindingQuery query;
  query.since = contents.from;
  query.limit = kFindingsReported;
  if (!options.severity.empty() && options.severity != "all") {
    const auto level = reported_level_from(options.severity);
    if (!level)
      return Error{"--severity " + options.severity + ": write all, low, medium, high or critical", ErrorKind::invalid};
    query.at_least = level;
  }
  auto findings = opened->store->findings().list(query);
  if (!findings) return findings.error();
  contents.findings = std::move(findings).value();
  std::map<std::string, std::uint64_t> rules;
  for (const store::Finding& finding : contents.findings) {
    ++contents.counts.of(finding.level);
    ++rules[finding.rule];
  }
  for (const auto& [rule, count] : rules) contents.by_rule.emplace_back(count, rule);
  std::stable_sort(contents.by_rule.begin(), contents.by_rule.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  auto errors = opened->store->errors().list(store::ErrorSort::last_seen, std::nullopt, kErrorsReported);
  if (!errors) return errors.error();
  for (store::ErrorGroup& group : errors.value())
    if (group.last_seen >= contents.from) contents.errors.push_back(std::move(group));
  return contents;
}

// The format that was asked for, else the one the file's name ends in: a reader opens a file by its name.
Result<std::string> format_of(const Options& options) {
  if (!options.format.empty()) return options.format;
  std::string plain = std::filesystem::path(options.output).filename().string();
  for (char& c : plain) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  const std::filesystem::path name = plain;
  const std::string ending = name.extension().string();
  if (ending.size() <= 1 || ending == ".md" || ending == ".markdown") return std::string("markdown");
  if (ending == ".html" || ending == ".htm") return std::string("html");
  // SARIF 2.1.0, 3.2: a file's name may end in .sarif.json.
  if (ending == ".json") return std::string(name.stem().extension() == ".sarif" ? "sarif" : "json");
  if (ending == ".sarif") return std::string("sarif");
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

int report(const Globals& globals, const Options& options) {
  auto chosen = format_of(options);
  if (!chosen) return fail("export report", chosen.error());
  const std::string& format = chosen.value();
  auto contents = collect(globals, options);
  if (!contents) return fail("export report", contents.error());
  const std::string text = format == "html"    ? as_html(contents.value())
                           : format == "json"  ? as_json(contents.value())
                           : format == "sarif" ? as_sarif(contents.value())
                                               : as_markdown(contents.value());
  if (options.output == "-") {
    std::fwrite(text.data(), 1, text.size(), stdout);
    return kExitDone;
  }
  if (is_database(options.output))
    return fail("export report", Error{fmt::format("{}: is a database, which the report would replace: name another file",
                                                   printable(options.output)),
                                       ErrorKind::invalid});
  std::ofstream file(options.output, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file)
    return fail("export report", Error{fmt::format("{}: cannot be written: {}", options.output, std::strerror(errno)),
                                       kind_of_errno(errno)});
  if (!globals.json)
    fmt::print("{}: {} findings, {} errors\n", printable(options.output), contents->findings.size(),
               contents->errors.size());
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
  sub->add_option("--since", options->since, "How far back: 24h, 7d, or unix seconds")->capture_default_str();
  sub->add_option("--severity", options->severity, "Only this severity and worse [default: all]");
  sub->add_option("--title", options->title, "The report's title")->capture_default_str();
  sub->add_flag("--open", options->open, "Open the report afterwards (xdg-open)");
  add_json(*sub, program.globals, "Print nothing on standard output");
  add_store(*sub, program.globals);
  sub->callback([program, options] { program.exit_code = report(program.globals, *options); });
}

}  // namespace logystera::cli
