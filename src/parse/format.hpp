// Log formats as data. A format is a JSON file (formats/*.json, compiled into the program; a user's directory adds more):
// which reader takes its lines apart, with what parameters, how specific it is, and samples with what must come out of them.
// Samples are checked whenever a format is loaded, so a format that does not do what it says is refused with the sample's
// number and the difference.
//
//   { "name": "access_combined", "title": "nginx or Apache access log, combined",
//     "reader": "access", "kind": "web_access", "specificity": 0.95,
//     "nginx": "$remote_addr - $remote_user [$time_local] \"$request\" $status …",
//     "samples": [ { "line": "…", "time": "2026-05-18T10:00:01Z", "severity": "WARNING", "fields": { "status": "404" } } ],
//     "rejects": [ "a line this format must not read" ] }
//
// Readers: access, nginx_error, apache_error, php_error, syslog, syslog_5424, json, logfmt, w3c, cri, plaintext, and pattern, which is an
// expression of the definition's own (line_pattern.hpp).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "parse/timestamp.hpp"

namespace logystera::parse {

/// What a parser made of a line.
enum class LineRead : std::uint8_t {
  unknown,    // not of this format
  record,     // a record
  directive,  // about the log itself (W3C's #Fields); no record
};

/// A line that holds a part of a record: container runtimes cut what a process writes (Docker at 16 KiB, CRI with "P"), and so
/// does journald (LineMax=).
struct RecordPart {
  bool stream_wanted = false;              // of a last part, too
  std::string_view group, stream;          // parts with the same belong together; empty for a last part unless wanted
  std::size_t text_at = 0, text_size = 0;  // of the part's text in the line
  bool bytes = false;                      // that is what is inside of a JSON list of its bytes
  bool last = true;
};

/// Takes the lines of one source apart. One instance a source: it may remember (W3C's #Fields line, a year).
class LineParser {
 public:
  virtual ~LineParser() = default;
  /// Fills `record` (time, severity, kind, host, message, fields) from `line`, which lies in `batch.text` or otherwise outlives
  /// the batch. Unless it was a record, what was added to the batch is to be dropped by the caller.
  virtual LineRead read(std::string_view line, RecordBatch& batch, Record& record) = 0;
  /// Whether lines of this format can be parts of a record, and which part `line` is; false if it is no line of the format.
  /// Joined texts, in the place of the first part's, make a line of the format.
  virtual bool has_parts() const noexcept { return false; }
  virtual bool part(std::string_view /*line*/, RecordPart& /*part*/) const { return false; }
  /// Whether a record this parser made is of the sort the format is named for; detection wants half of them to be.
  virtual bool typical(const Record&) const { return true; }
  /// Fields left out, of all lines it was given: their names are too long, or the table of names is full (FieldNames).
  std::uint64_t unnamed_fields() const noexcept { return unnamed_fields_; }

 protected:
  std::uint64_t unnamed_fields_ = 0;
};

/// What may follow a record's first line and still belong to it.
enum class Continuation : std::uint8_t {
  none,    // every line is a record
  traces,  // indented lines and what belongs to a stack trace
};

struct FormatSample {
  std::string line;
  bool line_only = false;  // it has to be read; what comes out of it is not compared
  std::string time;        // ISO 8601, or empty when the line has none
  std::string severity;    // as severity_name() says, or empty: not checked
  std::string message;     // empty: not checked
  std::string host;        // empty: not checked
  std::string kind;        // empty: the format's
  std::vector<std::pair<std::string, std::string>> fields;
};

struct Format;
struct ParserContext;
class LinePattern;
/// Makes a parser of what no reader here can read.
using MakeParser = std::function<Result<std::unique_ptr<LineParser>>(const ParserContext& context)>;

struct Format {
  std::string name;
  std::string title;
  std::string reader;
  RecordKind kind = RecordKind::text;
  double specificity = 0.5;  // 0-1: how little else could look like this; the confidence when every line fits
  Continuation continuation = Continuation::none;

  std::string nginx;                                                           // access: an nginx log_format string,
  std::string apache;                                                          // or an Apache LogFormat string
  bool rest_allowed = false;                                                   // access: more may follow the last field
  std::vector<std::string> programs;                                           // syslog: what makes a record typical
  std::vector<std::string> required;                                           // json: keys (dotted paths) a line must have
  std::vector<std::string> time_keys, severity_keys, message_keys, host_keys;  // json: first one present wins
  std::map<std::string, std::string> aliases;  // json: dotted path → known field it is also given as
  bool byte_lists = false;                     // json: a list of numbers 0-255 is a text given byte by byte (journald)
  std::string strip;                           // json: a leading path left out of field names ("labels.")
  std::string parts;                           // json: the key whose text ends in a line feed unless the next line goes on
  bool journal_parts = false;                  // json: other fields of the journal say which MESSAGE goes on (journal.hpp)

  std::string pattern;                              // pattern: an RE2 expression with named groups
  std::shared_ptr<const LinePattern> line_pattern;  // the same, compiled

  MakeParser make;  // in the place of a reader

  std::vector<FormatSample> samples;
  std::vector<std::string> rejects;
};

/// What a parser needs to know of its surroundings. `names` outlives it.
struct ParserContext {
  FieldNames& names;
  TimeContext time;
};

/// The formats a run knows. Immutable once filled; formats keep their addresses.
class Formats {
 public:
  /// The formats compiled into the program. Their samples are checked by its tests, not again at every start.
  static Result<Formats> built_in();

  /// Adds one definition, or replaces the one of the same name. Errors name `file`, the place and the remedy.
  Result<Done> add(std::string_view json, const std::string& file);
  /// The same of one that is no file's; `where` is for messages.
  Result<Done> add(Format format, const std::string& where) { return keep(std::move(format), where); }
  /// Adds every *.json of a directory, in name order. One that is no regular file is an error (core/walk.hpp).
  Result<Done> add_directory(const std::string& directory, bool follow_links = false);
  /// A format for a log_format/LogFormat string given by the user; name and title are made of it.
  Result<const Format*> add_access(const std::string& name, std::string_view server, std::string_view log_format);

  const Format* find(std::string_view name) const;
  const std::vector<std::unique_ptr<const Format>>& all() const { return formats_; }

 private:
  Result<Done> keep(Format format, const std::string& file);
  Result<Done> put(Format format, const std::string& file);

  std::vector<std::unique_ptr<const Format>> formats_;
};

/// A parser for one source of that format; an Error only for definitions that never passed `Formats`.
Result<std::unique_ptr<LineParser>> make_parser(const Format& format, const ParserContext& context);

/// Runs a format's samples and rejects; the first difference is the error.
Result<Done> check_samples(const Format& format);

}  // namespace logystera::parse
