// Lists as files: CSV (RFC 4180) and JSON, made while they are sent.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "dashboard/page.hpp"
#include "query/lists.hpp"
#include "server/message.hpp"

namespace logystera::dashboard {

inline constexpr std::size_t kExportRows = 100'000;  // of a file
inline constexpr std::size_t kExportPiece = 500;     // rows that are read at a time

/// A row's cells, in the order of the columns; numbers are texts of digits.
using Cells = std::vector<std::string>;

struct Column {
  std::string_view name;
  bool number = false;  // JSON has it bare
  bool json = false;    // its cells are JSON already
};

struct Export {
  std::string_view file;  // "findings"
  std::vector<Column> columns;
  /// Appends at most kExportPiece rows behind those given out, and says whether there are more.
  std::function<Result<bool>(std::vector<Cells>& rows)> next;
};

enum class FileForm { csv, json };

/// An answer that is a file. When something fails in the middle it breaks off, which a client can tell, and `log` is told.
server::Answer exported(Export what, FileForm form, std::function<void(std::string_view)> log);

/// `next` of a list that src/query reads: `query` is its first page's query string, and `read` and `list` are the functions for it.
template <typename Read, typename List, typename CellsOf>
auto pages_of(std::string query, query::Defaults defaults, Read read, List list, CellsOf cells_of) {
  defaults.limit = kExportPiece;
  return [=](std::vector<Cells>& rows) mutable -> Result<bool> {
    auto asked = read(query, defaults);
    if (!asked) return error_of(asked.faults);
    asked->counted = false;
    auto page = list(*asked.value);
    if (!page) return page.error();
    for (const auto& row : page->rows) rows.push_back(cells_of(row));
    query = page->older;
    return !query.empty();
  };
}

/// What makes a list's file.
using FileOf = Result<server::Answer> (*)(const Context& context, const server::Request& request, const web::Form& form,
                                          FileForm as);
/// The routes of a list's files: `path` with .csv and .json.
void add_files(const Context& context, std::vector<server::Route>& routes, const std::string& path, FileOf file);

/// A cell as CSV: quoted where it must be, no formula for a spreadsheet to run, control and bidirectional characters visible.
std::string csv_cell(std::string_view text);

}  // namespace logystera::dashboard
