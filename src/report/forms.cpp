// A report in each of its forms.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <map>

#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "core/record.hpp"
#include "core/severity.hpp"
#include "report/report.hpp"
#include "report/stored.hpp"
#include "web/form.hpp"
#include "web/html.hpp"

namespace logystera::report {
namespace {

std::string time_text(const Zone& zone, std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds + (zone ? zone->offset_at(unix_seconds) : 0);
  std::tm parts{};
  if (!::gmtime_r(&time, &parts)) return std::to_string(unix_seconds);
  char text[80];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts)};
}

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
  std::string out =
      fmt::format("# {}\n\n{} to {}\n\n## Summary\n\n| Severity | Findings |\n|---|---|\n", markdown(contents.title),
                  time_text(contents.zone, contents.from), time_text(contents.zone, contents.until));
  for (const Level level : kReportedLevels)
    out += fmt::format("| {} | {} |\n", level_name(level), grouped(contents.counts.of(level)));
  out += "\n";
  if (const std::string left_out = left_out_words(contents); !left_out.empty()) out += markdown(left_out) + "\n\n";
  out += markdown(not_stored_words(contents.stored_from)) + "\n\n## Rules\n\n| Rule | Findings |\n|---|---|\n";
  for (const auto& [count, rule] : contents.by_rule) out += fmt::format("| {} | {} |\n", markdown(rule), grouped(count));
  out +=
      "\n## Episodes\n\n| Severity | Rule | Who | Times | Findings | First | Last | Targets | Outcome "
      "|\n|---|---|---|---|---|---|---|---|---|\n";
  for (const store::Episode& episode : contents.episodes)
    out +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", level_name(episode.level), markdown(episode.rule),
                    markdown(store::actor_words(episode)), grouped(store::times_of(episode)), grouped(episode.findings),
                    time_text(contents.zone, episode.first_time), time_text(contents.zone, episode.last_time),
                    grouped(episode.targets), store::outcome_words(episode));
  out +=
      "\n## Findings\n\n| Time | Severity | Rule | Who | Target | Outcome | Source | Message "
      "|\n|---|---|---|---|---|---|---|---|\n";
  for (const store::Finding& finding : contents.findings)
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", time_text(contents.zone, finding.time),
                       level_name(finding.level), markdown(finding.rule), markdown(store::actor_words(finding.who)),
                       markdown(finding.who.target), store::outcome_words(finding.who), markdown(finding.source),
                       markdown(finding.message));
  out += "\n## Errors\n\n| Last seen | Count | Severity | Fingerprint | Error |\n|---|---|---|---|---|\n";
  for (const store::ErrorGroup& group : contents.errors)
    out += fmt::format("| {} | {} | {} | {} | {} |\n", time_text(contents.zone, group.last_seen), grouped(group.count),
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
      html(contents.title), time_text(contents.zone, contents.from), time_text(contents.zone, contents.until));
  out += "<h2>Summary</h2>\n<table><tr><th>Severity</th><th>Findings</th></tr>\n";
  for (const Level level : kReportedLevels)
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", level_name(level), grouped(contents.counts.of(level)));
  out += "</table>\n";
  if (const std::string left_out = left_out_words(contents); !left_out.empty()) out += "<p>" + html(left_out) + "</p>\n";
  out += "<p>" + html(not_stored_words(contents.stored_from)) +
         "</p>\n<h2>Rules</h2>\n<table><tr><th>Rule</th><th>Findings</th></tr>\n";
  for (const auto& [count, rule] : contents.by_rule)
    out += fmt::format("<tr><td>{}</td><td>{}</td></tr>\n", html(rule), grouped(count));
  out +=
      "</table>\n<h2>Episodes</h2>\n<table><tr><th>Severity</th><th>Rule</th><th>Who</th><th>Times</th><th>Findings</"
      "th><th>First</"
      "th><th>"
      "Last</th><th>Targets</th><th>Outcome</th></tr>\n";
  for (const store::Episode& episode : contents.episodes)
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        level_name(episode.level), html(episode.rule), html(store::actor_words(episode)), grouped(store::times_of(episode)),
        grouped(episode.findings), time_text(contents.zone, episode.first_time),
        time_text(contents.zone, episode.last_time), grouped(episode.targets), store::outcome_words(episode));
  out +=
      "</table>\n<h2>Findings</h2>\n<table><tr><th>Time</th><th>Severity</th><th>Rule</th><th>Who</th><th>Target</"
      "th><th>Outcome</th><th>"
      "Source</th><th>Message</th></tr>\n";
  for (const store::Finding& finding : contents.findings)
    out +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    time_text(contents.zone, finding.time), level_name(finding.level), html(finding.rule),
                    html(store::actor_words(finding.who)), html(finding.who.target), store::outcome_words(finding.who),
                    html(finding.source), html(finding.message));
  out +=
      "</table>\n<h2>Errors</h2>\n<table><tr><th>Last "
      "seen</th><th>Count</th><th>Severity</th><th>Fingerprint</th><th>Error</th></tr>\n";
  for (const store::ErrorGroup& group : contents.errors)
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                       time_text(contents.zone, group.last_seen), grouped(group.count), severity_text(group),
                       group.fingerprint, html(group.pattern));
  return out + "</table></body></html>\n";
}

std::string as_json(const Contents& contents) {
  JsonText json;
  json.begin_object().member("title", contents.title).member("from", rfc3339(contents.from * kSecondNs));
  json.member("stored_from", level_name(contents.stored_from));
  json.member("until", rfc3339(contents.until * kSecondNs)).key("by_severity").begin_object();
  for (const Level level : {Level::low, Level::medium, Level::high, Level::critical})
    json.count(level_name(level), contents.counts.of(level));
  json.end_object().key("episodes").begin_array();
  for (const store::Episode& episode : contents.episodes) store::append_episode(json, episode);
  json.end_array().key("findings").begin_array();
  for (const store::Finding& finding : contents.findings) append_stored(json, finding);
  json.end_array().key("errors").begin_array();
  for (const store::ErrorGroup& group : contents.errors) append_stored(json, group);
  json.end_array().member("more_findings", contents.more_findings).member("more_errors", contents.more_errors);
  json.end_object();
  return json.take() + "\n";
}

// A path as a reference to a URI.
std::string reference(std::string_view path) {
  std::string out;
  for (;;) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    out += web::percent_encoded(path.substr(0, slash));
    if (slash == path.size()) return out;
    out += '/';
    path.remove_prefix(slash + 1);
  }
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
    json.key("artifactLocation").begin_object().member("uri", reference(finding.source)).end_object();
    if (finding.line > 0) json.key("region").begin_object().count("startLine", finding.line).end_object();
    json.end_object().end_object().end_array();
    json.key("properties").begin_object().member("severity", level_name(finding.level));
    json.member("time", rfc3339(finding.time * kSecondNs));
    store::append_who(json, finding.who);
    json.end_object().end_object();
  }
  json.end_array().key("properties").begin_object();
  std::string note = left_out_words(contents);
  if (!note.empty()) note += ' ';
  json.member("stored_from", level_name(contents.stored_from))
      .member("note", note + not_stored_words(contents.stored_from));
  json.member("more_findings", contents.more_findings);
  json.end_object().end_object().end_array().end_object();
  return json.take() + "\n";
}

}  // namespace

std::string as_text(const Contents& contents, Form form) {
  switch (form) {
    case Form::markdown: return as_markdown(contents);
    case Form::html: return as_html(contents);
    case Form::json: return as_json(contents);
    case Form::sarif: return as_sarif(contents);
  }
  return {};
}

}  // namespace logystera::report
