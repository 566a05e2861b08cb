#include "parse/format.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <iterator>

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "core/walk.hpp"
#include "parse/built_in_formats.hpp"
#include "parse/line_pattern.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kFormats = 256;
constexpr std::size_t kDefinitionBytes = 256 * 1024;
constexpr std::size_t kSamples = 200;
// Of an expression that does not say: plain text is less, whatever has a form of its own is as much.
constexpr double kPatternSpecificity = 0.9;
// Samples of RFC 3164 have no year: 2026-12-31 makes 2026 of all of them.
constexpr std::int64_t kSampleReference = 1'798'675'200'000'000'000;

constexpr const char* kSamplesAre = "must be a list of at most 200 samples, each a line or an object with one";

using Json = rapidjson::Value;

// Reads one definition; the first thing that is wrong ends it and is kept with its place.
class Definition {
 public:
  explicit Definition(const std::string& file) : file_(file) {}

  Result<Format> read(const Json& root) {
    if (!root.IsObject()) return fail("the file must hold one object");
    for (const auto& member : root.GetObject()) {
      const std::string_view key(member.name.GetString(), member.name.GetStringLength());
      if (!read_member(key, member.value)) return fail("\"" + std::string(key) + "\": " + why_);
    }
    if (format_.name.empty()) return fail("\"name\" is missing");
    if (format_.reader.empty() && !format_.pattern.empty()) format_.reader = "pattern";
    if (format_.reader.empty())
      return fail(
          "\"reader\" is missing (access, nginx_error, apache_error, php_error, syslog, syslog_5424, json, "
          "logfmt, w3c, cri or plaintext), or \"pattern\", an expression with named groups");
    if (auto good = read_pattern(); !good) return fail(good.error().message);
    if (format_.title.empty()) format_.title = format_.name;
    if (format_.samples.empty()) return fail("\"samples\" is missing: a format shows at least one line it reads");
    return std::move(format_);
  }

 private:
  Error fail(const std::string& what) const { return Error{file_ + ": " + what, ErrorKind::invalid}; }
  bool no(const std::string& why) {
    why_ = why;
    return false;
  }

  Result<Done> read_pattern() {
    if (format_.reader != "pattern")
      return format_.pattern.empty()
                 ? Result<Done>(Done{})
                 : Error{"\"pattern\" and the reader " + format_.reader + " exclude each other: leave one out",
                         ErrorKind::invalid};
    if (!kind_given_) format_.kind = RecordKind::application;
    if (!specificity_given_) format_.specificity = kPatternSpecificity;
    auto compiled = LinePattern::compile(format_);
    if (!compiled) return compiled.error();
    format_.line_pattern = std::move(compiled).value();
    return Done{};
  }

  bool truth(const Json& value, bool& into) {
    if (!value.IsBool()) return no("must be true or false");
    into = value.GetBool();
    return true;
  }
  bool text(const Json& value, std::string& into) {
    if (!value.IsString()) return no("must be a string");
    into.assign(value.GetString(), value.GetStringLength());
    return true;
  }
  bool texts(const Json& value, std::vector<std::string>& into) {
    if (!value.IsArray()) return no("must be a list of strings");
    for (const Json& item : value.GetArray()) {
      if (!text(item, into.emplace_back())) return no("must be a list of strings");
    }
    return true;
  }

  bool read_member(std::string_view key, const Json& value) {
    if (key == "name") return text(value, format_.name) && named();
    if (key == "title") return text(value, format_.title);
    if (key == "reader") return text(value, format_.reader);
    if (key == "nginx") return text(value, format_.nginx);
    if (key == "apache") return text(value, format_.apache);
    if (key == "pattern") return text(value, format_.pattern);
    if (key == "strip") return text(value, format_.strip);
    if (key == "parts") return text(value, format_.parts);
    if (key == "kind") return kind(value);
    if (key == "continuation") return continuation(value);
    if (key == "programs") return texts(value, format_.programs);
    if (key == "required") return texts(value, format_.required);
    if (key == "time") return texts(value, format_.time_keys);
    if (key == "severity") return texts(value, format_.severity_keys);
    if (key == "message") return texts(value, format_.message_keys);
    if (key == "host") return texts(value, format_.host_keys);
    if (key == "rejects") return texts(value, format_.rejects);
    if (key == "aliases") return aliases(value);
    if (key == "samples") return samples(value);
    if (key == "sample") return sample(value);
    if (key == "rest_allowed") return truth(value, format_.rest_allowed);
    if (key == "byte_lists") return truth(value, format_.byte_lists);
    if (key == "journal_parts") return truth(value, format_.journal_parts);
    if (key == "specificity") {
      if (!value.IsNumber() || value.GetDouble() < 0 || value.GetDouble() > 1) return no("must be a number from 0 to 1");
      format_.specificity = value.GetDouble();
      return specificity_given_ = true;
    }
    return no(
        "is not known; known are name, title, reader, kind, specificity, continuation, nginx, apache, rest_allowed, "
        "programs, required, time, severity, message, host, aliases, byte_lists, journal_parts, strip, parts, pattern, "
        "samples, "
        "sample and rejects");
  }

  bool named() {
    for (char c : format_.name) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) return no("may hold a-z, 0-9 and _ only");
    }
    return format_.name.empty() || format_.name.size() > 64 ? no("must have 1 to 64 characters") : true;
  }
  bool kind(const Json& value) {
    std::string name;
    if (!text(value, name)) return false;
    for (int i = 0; i <= static_cast<int>(RecordKind::signal); ++i) {
      if (record_kind_name(static_cast<RecordKind>(i)) == name) {
        format_.kind = static_cast<RecordKind>(i);
        return kind_given_ = true;
      }
    }
    return no("'" + name + "' is no kind of record");
  }
  bool continuation(const Json& value) {
    std::string name;
    if (!text(value, name)) return false;
    if (name == "traces") format_.continuation = Continuation::traces;
    else if (name != "none") return no("must be \"none\" or \"traces\"");
    return true;
  }
  bool aliases(const Json& value) {
    if (!value.IsObject()) return no("must be an object of key paths and field names");
    for (const auto& alias : value.GetObject()) {
      if (!text(alias.value, format_.aliases[alias.name.GetString()])) return false;
    }
    return true;
  }
  bool samples(const Json& value) {
    if (!value.IsArray()) return no(kSamplesAre);
    for (const Json& item : value.GetArray())
      if (!sample(item)) return false;
    return true;
  }
  // A line alone, or one with what is to be read of it.
  bool sample(const Json& value) {
    if (format_.samples.size() == kSamples || !(value.IsObject() || value.IsString())) return no(kSamplesAre);
    FormatSample& sample = format_.samples.emplace_back();
    if (value.IsString()) {
      sample.line_only = true;
      return text(value, sample.line);
    }
    for (const auto& member : value.GetObject()) {
      const std::string_view key(member.name.GetString(), member.name.GetStringLength());
      bool good = true;
      if (key == "line") good = text(member.value, sample.line);
      else if (key == "time") good = text(member.value, sample.time);
      else if (key == "severity") good = text(member.value, sample.severity);
      else if (key == "message") good = text(member.value, sample.message);
      else if (key == "host") good = text(member.value, sample.host);
      else if (key == "kind") good = text(member.value, sample.kind);
      else if (key == "fields" && member.value.IsObject()) {
        for (const auto& field : member.value.GetObject()) {
          auto& [name, expected] = sample.fields.emplace_back();
          name = field.name.GetString();
          good = good && text(field.value, expected);
        }
      } else {
        return no("a sample holds line, time, severity, message, host, kind and fields, not '" + std::string(key) + "'");
      }
      if (!good) return no("'" + std::string(key) + "' of a sample " + why_);
    }
    return true;
  }

  const std::string& file_;
  Format format_;
  bool kind_given_ = false, specificity_given_ = false;
  std::string why_;
};

std::string at_line(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line = 1 + static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
  const std::size_t newline = before.rfind('\n');
  return std::to_string(line) + ":" + std::to_string(newline == std::string_view::npos ? offset + 1 : offset - newline);
}

Result<Done> compare(const std::string& where, const std::string& what, std::string_view expected, std::string_view got) {
  if (expected == got) return Done{};
  return Error{where + ": " + what + " should be '" + std::string(expected) + "' but is '" + std::string(got) + "'",
               ErrorKind::invalid};
}

Result<Done> check_sample(const Format& format, const FormatSample& sample, const std::string& where, LineParser& parser,
                          FieldNames& names, RecordBatch& batch) {
  Record record;
  record.raw = sample.line;
  batch.begin_fields();
  const LineRead read = parser.read(sample.line, batch, record);
  if (read == LineRead::directive && sample.time.empty() && sample.fields.empty()) return Done{};
  if (read != LineRead::record) {
    const std::string why =
        format.line_pattern ? ": " + format.line_pattern->refusal(sample.line, format, TimeContext(kSampleReference)) : "";
    return Error{where + ": the line is not read by its own format" + why, ErrorKind::invalid};
  }
  batch.end_fields(record);
  if (sample.line_only) return Done{};
  if (!sample.time.empty()) {
    std::int64_t expected = 0;
    if (read_iso_time(sample.time, {}, expected) != sample.time.size())
      return Error{where + ": 'time' is not an ISO 8601 time", ErrorKind::invalid};
    if (!record.time_known || record.time_ns != expected) {
      return Error{where + ": the time should be " + std::to_string(expected) + " ns but is " +
                       (record.time_known ? std::to_string(record.time_ns) : std::string("unknown")),
                   ErrorKind::invalid};
    }
  } else if (record.time_known) {
    return Error{where + ": a time was read but the sample names none", ErrorKind::invalid};
  }
  if (!sample.severity.empty()) {
    if (auto same = compare(where, "severity", sample.severity, severity_name(record.severity)); !same) return same;
  }
  if (!sample.message.empty()) {
    if (auto same = compare(where, "message", sample.message, record.message); !same) return same;
  }
  if (!sample.host.empty()) {
    if (auto same = compare(where, "host", sample.host, record.host); !same) return same;
  }
  const std::string_view kind = sample.kind.empty() ? record_kind_name(format.kind) : std::string_view(sample.kind);
  if (auto same = compare(where, "kind", kind, record_kind_name(record.kind)); !same) return same;
  for (const auto& [name, expected] : sample.fields) {
    const Value* value = record.find(names.find(name));
    if (!value && !expected.empty()) return Error{where + ": field '" + name + "' is missing", ErrorKind::invalid};
    if (auto same = compare(where, "field '" + name + "'", expected, value ? value->text() : std::string_view()); !same)
      return same;
  }
  return Done{};
}

Result<Format> definition_of(std::string_view json, const std::string& file) {
  if (json.size() > kDefinitionBytes)
    return Error{file + ": a format definition has at most 256 KiB", ErrorKind::too_large};
  rapidjson::Document document;
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseCommentsFlag | rapidjson::kParseValidateEncodingFlag;
  document.Parse<kFlags>(json.data(), json.size());
  if (document.HasParseError()) {
    return Error{file + ":" + at_line(json, document.GetErrorOffset()) +
                     ": not JSON: " + rapidjson::GetParseError_En(document.GetParseError()),
                 ErrorKind::invalid};
  }
  return Definition(file).read(document);
}

}  // namespace

Result<Done> check_samples(const Format& format) {
  FieldNames names;
  const ParserContext context{names, TimeContext(kSampleReference)};
  Result<std::unique_ptr<LineParser>> parser = make_parser(format, context);
  if (!parser) return parser.error();
  RecordBatch batch;
  for (std::size_t i = 0; i < format.samples.size(); ++i) {
    const std::string where = format.name + ", sample " + std::to_string(i + 1);
    batch.clear();
    if (auto good = check_sample(format, format.samples[i], where, *parser.value(), names, batch); !good) return good;
  }
  for (std::size_t i = 0; i < format.rejects.size(); ++i) {
    Record record;
    batch.clear();
    batch.begin_fields();
    if (parser.value()->read(format.rejects[i], batch, record) == LineRead::record) {
      return Error{format.name + ", reject " + std::to_string(i + 1) + ": the line is read though it should not be",
                   ErrorKind::invalid};
    }
  }
  return Done{};
}

Result<std::unique_ptr<LineParser>> make_parser(const Format& format, const ParserContext& context) {
  if (format.make) return format.make(context);
  if (format.reader == "access") return make_access_parser(format, context);
  if (format.reader == "json") return make_json_parser(format, context);
  if (format.reader == "nginx_error") return make_nginx_error_parser(context);
  if (format.reader == "apache_error") return make_apache_error_parser(context);
  if (format.reader == "php_error") return make_php_error_parser(context);
  if (format.reader == "syslog" || format.reader == "syslog_5424") return make_syslog_parser(format, context);
  if (format.reader == "logfmt") return make_logfmt_parser(format, context);
  if (format.reader == "w3c") return make_w3c_parser(context);
  if (format.reader == "cri") return make_cri_parser(context);
  if (format.line_pattern) return make_pattern_parser(format, context);
  if (format.reader == "plaintext") return make_plaintext_parser(context);
  return Error{format.name + ": there is no reader '" + format.reader + "'", ErrorKind::invalid};
}

Result<Formats> Formats::built_in() {
  Formats formats;
  for (const BuiltInFormat& file : built_in_formats()) {
    Result<Format> format = definition_of(file.json, std::string(file.file));
    if (!format) return format.error();
    if (Result<Done> added = formats.put(std::move(format.value()), std::string(file.file)); !added) return added.error();
  }
  return formats;
}

Result<Done> Formats::add(std::string_view json, const std::string& file) {
  Result<Format> format = definition_of(json, file);
  if (!format) return format.error();
  return keep(std::move(format.value()), file);
}

Result<Done> Formats::keep(Format format, const std::string& file) {
  if (Result<Done> good = check_samples(format); !good) return Error{file + ": " + good.error().message, good.error().kind};
  return put(std::move(format), file);
}

Result<Done> Formats::put(Format format, const std::string& file) {
  auto kept = std::make_unique<const Format>(std::move(format));
  const auto same =
      std::find_if(formats_.begin(), formats_.end(), [&](const auto& other) { return other->name == kept->name; });
  if (same != formats_.end()) {
    *same = std::move(kept);
    return Done{};
  }
  if (formats_.size() == kFormats) return Error{file + ": at most 256 formats", ErrorKind::too_large};
  formats_.push_back(std::move(kept));
  return Done{};
}

Result<Done> Formats::add_directory(const std::string& directory, bool follow_links) {
  WalkOptions options;
  options.follow_links = follow_links;
  options.hidden = true;
  options.depth_most = 0;
  options.wanted = [](std::string_view name) { return name.ends_with(".json"); };
  std::vector<FilePath> files;
  PassedOver passed;
  if (auto walked = walk_directory(directory, options, files, passed); !walked) return walked;
  for (const auto& [name, reason] : passed.named)
    if (reason != Passed::too_deep) return Error{name + ": " + std::string(passed_text(reason)), ErrorKind::denied};
  for (const FilePath& file : files) {
    auto fd = open_found(file);
    if (!fd) return fd.error();
    std::string json(kDefinitionBytes + 1, '\0');
    const ssize_t size = read_up_to(fd->get(), json.data(), json.size());
    json.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    if (json.empty()) return Error{file.path + ": cannot be read, or is empty"};
    if (Result<Done> added = add(json, file.path); !added) return added;
  }
  return Done{};
}

Result<const Format*> Formats::add_access(const std::string& name, std::string_view server, std::string_view log_format) {
  Format format;
  format.name = name;
  format.title = std::string(server) + " access log: " + std::string(log_format);
  format.reader = "access";
  format.kind = RecordKind::web_access;
  format.specificity = 0.97;
  (server == "apache" ? format.apache : format.nginx) = log_format;
  if (Result<Done> kept = keep(std::move(format), "log format '" + std::string(log_format) + "'"); !kept)
    return kept.error();
  return find(name);
}

const Format* Formats::find(std::string_view name) const {
  for (const auto& format : formats_) {
    if (format->name == name) return format.get();
  }
  return nullptr;
}

}  // namespace logystera::parse
