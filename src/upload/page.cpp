#include "upload/page.hpp"

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/clock.hpp"
#include "core/severity.hpp"
#include "web/csrf.hpp"
#include "web/headers.hpp"
#include "web/parts.hpp"
#include "web/templates.hpp"
#include "web/view.hpp"

namespace logystera::upload {
namespace {

using analysis::UploadEnd;
using analysis::UploadReport;
using server::Answer;
using server::Request;
using web::View;

constexpr std::string_view kPath = "/upload", kScanPath = "/upload/scan";
constexpr std::string_view kCsrfHeader = "X-CSRF-Token";
constexpr std::size_t kFindingsShown = 100;
constexpr double kMib = 1024.0 * 1024.0;

std::string capital(std::string_view word) {
  std::string text(word);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - ('a' - 'A'));
  return text;
}

View tile(std::string_view label, std::uint64_t value, std::string_view note = {}) {
  View view;
  view.text("label", label).number("value", value).text("note", note);
  return view;
}

// "1 line", "2 lines".
std::string counted(std::uint64_t number, std::string_view thing) {
  return fmt::format("{} {}{}", number, thing, number == 1 ? "" : "s");
}

View note(std::string words) {
  View view;
  view.text("words", words);
  return view;
}

// What was found of personal data, by its kind: "ip 12, email 3".
std::string kinds_of(const analysis::SourceReport& log) {
  std::string text;
  for (std::size_t i = 0; i < log.redacted.size(); ++i) {
    if (log.redacted[i] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", redact::kind_prefix(static_cast<redact::Kind>(i)),
                        log.redacted[i]);
  }
  return text;
}

std::vector<View> notes_of(const UploadReport& report) {
  std::vector<View> notes;
  const parse::SourceCounts& counts = report.log.counts;
  if (report.end == UploadEnd::time)
    notes.push_back(
        note("The time was up before the end of it: this is what was read until then. `logystera scan` has no limit."));
  if (report.end == UploadEnd::stopped) notes.push_back(note("The server ends: this is what was read until then."));
  if (report.log.problem && counts.records > 0) notes.push_back(note(report.log.problem->message));
  if (counts.truncated > 0)
    notes.push_back(note(counted(counts.truncated, "line") + " longer than what is read of one: cut there."));
  if (counts.unparsed > 0)
    notes.push_back(note(counted(counts.unparsed, "line") + " of no known format: looked at as plain text."));
  if (counts.damaged > 0) notes.push_back(note(counted(counts.damaged, "damaged record") + " passed over."));
  if (report.mode == redact::Mode::dry_run)
    notes.push_back(note("Dry-run: personal data are shown as they are in the log. They are on your screen only."));
  return notes;
}

std::vector<View> levels_of(const UploadReport& report) {
  std::vector<View> rows;
  for (std::size_t i = kLevels; i-- > 0;) {
    if (report.by_level[i] == 0) continue;
    View row;
    web::add_level(row, static_cast<Level>(i));
    row.number("count", report.by_level[i]);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<View> rules_of(const UploadReport& report) {
  std::vector<View> rows;
  for (const UploadReport::Rule& rule : report.rules) {
    View row;
    row.text("id", rule.id).text("title", rule.title).number("count", rule.findings);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<View> findings_of(const UploadReport& report) {
  std::vector<View> rows;
  for (const analysis::Finding& finding : report.findings) {
    if (rows.size() == kFindingsShown) break;
    View row;
    web::add_level(row, finding.level);
    row.text("title", finding.title).text("message", finding.message);
    row.text("who", store::words_beside(finding.message, finding.who));
    row.text("line", finding.line == 0 ? std::string() : std::to_string(finding.line));
    row.text("hits", finding.window ? std::to_string(finding.hits) : std::string());
    row.time("time", finding.time_known ? finding.time_ns / kSecondNs : 0);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<View> sample_of(const UploadReport& report) {
  std::vector<View> rows;
  for (const analysis::UploadedEvent& event : report.sample) {
    View row;
    row.text("line", event.line == 0 ? std::string() : std::to_string(event.line));
    row.time("time", event.time_known ? event.time_ns / kSecondNs : 0);
    row.text("severity", capital(severity_name(event.severity))).text("message", event.message).flag("cut", event.cut);
    rows.push_back(std::move(row));
  }
  return rows;
}

// What `upload_result` shows of a log that was looked at.
View view_of(const Wish& wish, const UploadReport& report) {
  const parse::SourceCounts& counts = report.log.counts;
  View view;
  view.text("name", wish.name);
  view.rows("notes", notes_of(report));
  const bool looked = !report.log.problem || counts.records > 0;
  view.flag("looked", looked);
  if (!looked) view.text("problem", report.log.problem->message);
  std::vector<View> tiles;
  tiles.push_back(tile("Events", counts.records,
                       fmt::format("{}{}", report.log.title.empty() ? report.log.format : report.log.title,
                                   report.log.compression.empty() ? "" : ", " + report.log.compression)));
  tiles.push_back(tile("Findings", report.findings_total(),
                       report.rules.empty() ? std::string() : "of " + counted(report.rules.size(), "rule")));
  tiles.push_back(tile("Personal data", report.log.redacted_total(), kinds_of(report.log)));
  tiles.push_back(tile("Lines", counts.lines, fmt::format("in {:.1f} s", report.seconds)));
  view.rows("tiles", std::move(tiles));
  view.flag("has_findings", report.findings_total() > 0).rows("levels", levels_of(report)).rows("rules", rules_of(report));
  std::vector<View> findings = findings_of(report);
  view.text("findings_caption",
            fmt::format("{} of {} findings, the worst first", findings.size(), report.findings_total()));
  view.rows("findings", std::move(findings));
  view.text("rules_words", "That is not to say that it is harmless: rules know what they were written for.");
  view.flag("has_sample", !report.sample.empty()).rows("sample", sample_of(report));
  view.text("sample_caption", fmt::format("The first {} of {} events", report.sample.size(), counts.records));
  return view;
}

int status_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::too_large: return 413;
    case ErrorKind::busy: return 503;
    case ErrorKind::denied: return 403;
    case ErrorKind::invalid: return 400;
    default: return 500;
  }
}

// The report, or what was wrong, and the status of an answer with it.
std::pair<int, View> outcome(const Wish& wish, const Result<UploadReport>& report) {
  if (report) return {200, view_of(wish, report.value())};
  View view;
  view.text("name", wish.name.empty() ? "This log" : wish.name).text("problem", capital(report.error().message));
  view.flag("looked", false).rows("notes", {});
  return {status_of(report.error()), std::move(view)};
}

void add_retry(Answer& answer) {
  constexpr int kUnavailable = 503;
  if (answer.status == kUnavailable) answer.headers.emplace_back("Retry-After", "3");
}

class Page {
 public:
  Page(Desk& desk, const web::Shell& shell) : desk_(desk), shell_(shell) {}

  Answer form(const Request& request, int status = 200, std::optional<View> result = {}) const {
    web::Page page{.name = "upload", .title = "Upload a log", .section = kPath, .status = status};
    page.view.text("most", std::to_string(desk_.file_bytes()));
    page.view.text("most_words", fmt::format("{:g} MiB", static_cast<double>(desk_.file_bytes()) / kMib));
    if (result) page.view.view("result", std::move(*result));
    else page.view.flag("result", false);
    Answer answer = shell_.page(request, std::move(page));
    add_retry(answer);
    return answer;
  }

  Show as_page() const {
    return [this](const Request& request, const Wish& wish, const Result<UploadReport>& report) {
      auto [status, view] = outcome(wish, report);
      return form(request, status, std::move(view));
    };
  }

  // For the page's script; what it has to send with it is checked before anything is read.
  Show as_part() const {
    return [](const Request&, const Wish& wish, const Result<UploadReport>& report) {
      auto [status, view] = outcome(wish, report);
      Answer answer;
      answer.status = status;
      answer.body = web::Templates::all().render("upload_result", view);
      web::make_page(answer);
      add_retry(answer);
      return answer;
    };
  }

  bool may_scan(const Request& request) const {
    return !web::comes_from_elsewhere(request) &&
           shell_.holds(request, request.header(kCsrfHeader).value_or(std::string_view()));
  }
  bool holds(const Request& request, std::string_view csrf) const {
    return !web::comes_from_elsewhere(request) && shell_.holds(request, csrf);
  }

 private:
  Desk& desk_;
  const web::Shell& shell_;
};

}  // namespace

std::vector<server::Route> page_routes(Desk& desk, const web::Shell& shell,
                                       const std::shared_ptr<server::Workers>& workers) {
  const auto page = std::make_shared<const Page>(desk, shell);
  server::Route form{"GET",   std::string(kPath),
                     0,       [page](const Request& request, const server::Reply& reply) {
                       reply(page->form(request)); },
                     workers, "analyst"};
  server::Route post{"POST", std::string(kPath), desk.body_bytes(), {}, workers, "analyst"};
  post.receiver = desk.takes_form(
      page->as_page(), [page](const Request& request, std::string_view csrf) { return page->holds(request, csrf); });
  server::Route put{"PUT", std::string(kScanPath), desk.body_bytes(), {}, workers, "analyst"};
  put.receiver = desk.takes_file(page->as_part(), [page](const Request& request) { return page->may_scan(request); });
  return {form, post, put};
}

}  // namespace logystera::upload
