// What a process writes into its container is a log of its own. The formats that wrap such lines (CRI, Docker's json-file, the
// journal's entries of containers) read the wrapped text with this.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "parse/format.hpp"

namespace logystera::parse {

/// Reads JSON, logfmt, access logs and the error logs of nginx, Apache and PHP, line by line: what a line is read as depends on
/// no other.
class InsideReader {
 public:
  explicit InsideReader(const ParserContext& context);
  ~InsideReader();

  /// Reads `text` as the most specific format it fits: severity, message, kind and fields become those of the text, time and host
  /// only where `record` has none. False, with nothing changed: it fits none.
  bool read_structured(std::string_view text, RecordBatch& batch, Record& record);
  /// The same, and what fits none as plain text.
  void read(std::string_view text, RecordBatch& batch, Record& record);

 private:
  // A format, and a character without which no line is of it: most text has neither a bracket nor an equals sign.
  struct Inner {
    char needs;
    std::unique_ptr<LineParser> parser;
  };

  std::vector<Inner> json_, others_;
  std::unique_ptr<LineParser> plain_;
};

}  // namespace logystera::parse
