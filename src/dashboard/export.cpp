#include "dashboard/export.hpp"

#include <fmt/core.h>

#include <memory>
#include <stdexcept>
#include <utility>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

// Spreadsheets take a cell that begins so for a formula, whatever blanks stand before it; some fold the wide forms.
bool is_formula(std::string_view text) {
  const std::size_t at = text.find_first_not_of(" \t");
  if (at == std::string_view::npos) return false;
  const std::string_view rest = text.substr(at);
  for (const std::string_view wide : {"\xef\xbc\x9d", "\xef\xbc\x8b", "\xef\xbc\x8d", "\xef\xbc\xa0"}) {
    if (rest.starts_with(wide)) return true;
  }
  return std::string_view("=+-@|%").find(rest[0]) != std::string_view::npos;
}

void append_csv(std::string& out, const Export& what, const Cells& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) out += ',';
    out += what.columns[i].number ? cells[i] : csv_cell(cells[i]);
  }
  out += "\r\n";
}

void append_json(std::string& out, const Export& what, const Cells& cells) {
  JsonText text;  // whoever opens it in a terminal is safe too
  text.begin_object();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (what.columns[i].number && !cells[i].empty()) text.key(what.columns[i].name).raw(cells[i]);
    else if (what.columns[i].number) text.key(what.columns[i].name).null();
    else if (what.columns[i].json) text.key(what.columns[i].name).raw(cells[i]);
    else text.member(what.columns[i].name, cells[i]);
  }
  text.end_object();
  out += text.take();
}

struct Progress {
  Export what;
  FileForm form;
  std::function<void(std::string_view)> log;
  std::size_t rows = 0;
  bool begun = false;
};

void append_head(std::string& out, const Progress& progress) {
  if (progress.form == FileForm::json) {
    out += '[';
    return;
  }
  const char* before = "";
  for (const Column& column : progress.what.columns) out += std::exchange(before, ",") + std::string(column.name);
  out += "\r\n";
}

bool append_piece(std::string& out, Progress& progress) {
  if (!std::exchange(progress.begun, true)) append_head(out, progress);
  std::vector<Cells> rows;
  const auto more = progress.what.next(rows);
  if (!more) {
    progress.log(more.error().message);
    throw std::runtime_error("an export ended in the middle");  // the answer breaks off
  }
  for (const Cells& cells : rows) {
    if (progress.rows == kExportRows) break;
    if (progress.form == FileForm::json) {
      out += progress.rows == 0 ? "\n" : ",\n";
      append_json(out, progress.what, cells);
    } else {
      append_csv(out, progress.what, cells);
    }
    ++progress.rows;
  }
  const bool go_on = more.value() && progress.rows < kExportRows;
  if (!go_on && progress.form == FileForm::json) out += "\n]\n";
  return go_on;
}

}  // namespace

std::string csv_cell(std::string_view text) {
  std::string shown = printable(text);
  if (is_formula(shown)) shown.insert(0, 1, '\'');
  if (shown.find_first_of(",\"") == std::string::npos && (shown.empty() || (shown.front() != ' ' && shown.back() != ' ')))
    return shown;
  std::string out = "\"";
  for (const char c : shown) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

void add_files(const Context& context, std::vector<server::Route>& routes, const std::string& path, FileOf file) {
  for (const auto& [ending, as] : {std::pair(".csv", FileForm::csv), std::pair(".json", FileForm::json)}) {
    routes.push_back(
        context.get(path + ending, [&context, file, as = as](const server::Request& request, const web::Form& form) {
          return file(context, request, form, as);
        }));
  }
}

server::Answer exported(Export what, FileForm form, std::function<void(std::string_view)> log) {
  server::Answer answer;
  const std::string_view ending = form == FileForm::csv ? "csv" : "json";
  answer.content_type = form == FileForm::csv ? "text/csv; charset=utf-8; header=present" : "application/json";
  answer.headers.emplace_back("Content-Disposition",
                              fmt::format("attachment; filename=\"logystera-{}.{}\"", what.file, ending));
  web::forbid_sniffing(answer);
  auto progress = std::make_shared<Progress>(Progress{std::move(what), form, std::move(log)});
  answer.streamed.next = [progress](std::string& piece) { return append_piece(piece, *progress); };
  return answer;
}

}  // namespace logystera::dashboard
