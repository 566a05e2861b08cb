// W3C extended logs (IIS, Exchange, CloudFront): the #Fields line names the columns of what follows, and may change.
#include <algorithm>
#include <cstring>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kColumns = 256;

struct Column {
  enum class Shape : std::uint8_t { text, number, address, date, time, agent, millis, host };
  FieldId id;
  Shape shape;
};

struct KnownColumn {
  std::string_view name;
  FieldId id;
  Column::Shape shape;
};

using Shape = Column::Shape;
constexpr KnownColumn kKnown[] = {
    {"date", field::none, Shape::date},
    {"time", field::none, Shape::time},
    {"c-ip", field::client_ip, Shape::address},
    {"c-port", field::client_port, Shape::number},
    {"cs-username", field::remote_user, Shape::text},
    {"cs-method", field::method, Shape::text},
    {"cs-uri-stem", field::path, Shape::text},
    {"cs-uri-query", field::query, Shape::text},
    {"cs-uri", field::url, Shape::text},
    {"cs-version", field::protocol, Shape::text},
    {"cs-protocol-version", field::protocol, Shape::text},
    {"cs-host", field::vhost, Shape::text},
    {"cs(Host)", field::vhost, Shape::text},
    {"cs(User-Agent)", field::user_agent, Shape::agent},
    {"cs(Referer)", field::referer, Shape::text},
    {"sc-status", field::status, Shape::number},
    {"sc-bytes", field::bytes, Shape::number},
    {"s-port", field::server_port, Shape::number},
    {"s-computername", field::server, Shape::host},
    {"time-taken", field::request_time, Shape::millis},
    {"x-forwarded-for", field::forwarded_for, Shape::text},
};

class W3cParser final : public LineParser {
 public:
  explicit W3cParser(const ParserContext& context) : names_(context.names) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    if (!line.empty() && line[0] == '#') return read_directive(line);
    if (columns_.empty()) return LineRead::unknown;
    record.kind = RecordKind::web_access;
    record.message = line;
    std::string_view date = date_, time, path, query;
    std::int64_t status = 0;
    std::string_view rest = line;
    const char separator = line.find('\t') != std::string_view::npos ? '\t' : ' ';
    for (const Column& column : columns_) {
      if (rest.empty()) return LineRead::unknown;
      const std::string_view text = take(rest, separator, batch);
      if (column.shape == Shape::date) date = text;
      else if (column.shape == Shape::time) time = text;
      if (text.empty() || text == "-" || column.id == field::none) continue;
      if (column.id == field::path) path = text;
      if (column.id == field::query) query = text;
      switch (column.shape) {
        case Shape::number: {
          const Value& value = batch.add_number(column.id, text);
          if (column.id == field::status) {
            if (value.kind != Value::Kind::integer) return LineRead::unknown;
            status = value.as_integer();
          }
          break;
        }
        case Shape::address: batch.add_ip(column.id, text); break;
        case Shape::agent: batch.add_text(column.id, spaces(text, batch)); break;
        case Shape::millis: add_seconds(column.id, text, batch); break;
        case Shape::host:
          record.host = text;
          batch.add_text(column.id, text);
          break;
        default: batch.add_text(column.id, text);
      }
    }
    if (!trim_right(rest).empty()) return LineRead::unknown;
    if (!path.empty()) add_url(path, query, batch);
    set_time(date, time, record);
    record.severity = status >= 500 ? Severity::error : status >= 400 ? Severity::warning : Severity::info;
    return LineRead::record;
  }

 private:
  LineRead read_directive(std::string_view line) {
    std::string_view rest = line.substr(1);
    const std::size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return LineRead::unknown;
    const std::string_view name = rest.substr(0, colon);
    rest = trim_right(trim_left(rest.substr(colon + 1)));
    if (name == "Fields") {
      columns_.clear();
      while (!rest.empty() && columns_.size() < kColumns) {
        const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
        columns_.push_back(column_of(rest.substr(0, end)));
        rest = trim_left(rest.substr(end));
      }
      if (!rest.empty()) columns_.clear();
      return columns_.empty() ? LineRead::unknown : LineRead::directive;
    }
    if (name == "Date") date_ = rest.substr(0, 10);
    if (name == "Software") iis_ = rest.find("Microsoft") != std::string_view::npos;
    constexpr std::string_view known[] = {"Date", "Software", "Version", "Remark", "Start-Date", "End-Date"};
    return std::find(std::begin(known), std::end(known), name) != std::end(known) ? LineRead::directive : LineRead::unknown;
  }

  Column column_of(std::string_view name) {
    for (const KnownColumn& known : kKnown) {
      if (known.name != name) continue;
      // IIS counts milliseconds, everyone else seconds.
      if (known.shape == Shape::millis && !iis_) return {known.id, Shape::text};
      return {known.id, known.shape};
    }
    return {names_.add(name), Shape::text};
  }

  // One column. In a quoted one, "" is a quote (W3C extended log format, <string>); a quote that no separator follows was not
  // the closing one of a string, so the column is taken as it stands.
  static std::string_view take(std::string_view& rest, char separator, RecordBatch& batch) {
    std::string_view text;
    if (rest[0] != '"' || !take_quoted(rest, separator, text, batch)) {
      const std::size_t end = std::min(rest.find(separator), rest.size());
      text = rest.substr(0, end);
      rest.remove_prefix(end);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return text;
  }

  static bool take_quoted(std::string_view& rest, char separator, std::string_view& text, RecordBatch& batch) {
    std::size_t doubled = 0, end = 1;
    for (;; end += 2, ++doubled) {
      end = rest.find('"', end);
      if (end == std::string_view::npos) return false;
      if (end + 1 >= rest.size() || rest[end + 1] != '"') break;
    }
    if (end + 1 < rest.size() && rest[end + 1] != separator) return false;
    text = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (doubled == 0) return true;
    char* const out = batch.arena.allocate(text.size());
    std::size_t size = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      out[size++] = text[i];
      if (text[i] == '"') ++i;
    }
    text = {out, size};
    return true;
  }

  // IIS writes blanks in header values as '+'.
  static std::string_view spaces(std::string_view text, RecordBatch& batch) {
    if (text.find('+') == std::string_view::npos) return text;
    char* out = batch.arena.allocate(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) out[i] = text[i] == '+' ? ' ' : text[i];
    return {out, text.size()};
  }

  static void add_seconds(FieldId id, std::string_view text, RecordBatch& batch) {
    Value& value = batch.add_number(id, text);
    if (value.kind != Value::Kind::integer) return;
    const double millis = static_cast<double>(value.as_integer());
    value.kind = Value::Kind::real;
    value.as.real = millis / 1000;
  }

  static void add_url(std::string_view path, std::string_view query, RecordBatch& batch) {
    if (query.empty()) {
      batch.add_text(field::url, path);
      add_plain_target(path, batch);
      return;
    }
    char* out = batch.arena.allocate(path.size() + 1 + query.size());
    std::memcpy(out, path.data(), path.size());
    out[path.size()] = '?';
    std::memcpy(out + path.size() + 1, query.data(), query.size());
    const std::string_view url{out, path.size() + 1 + query.size()};
    batch.add_text(field::url, url);
    add_plain_target(url, batch);
  }

  // "2026-05-18" and "10:00:01" in UTC, as the standard has it.
  static void set_time(std::string_view date, std::string_view time, Record& record) {
    if (date.size() != 10 || time.size() < 8 || time.size() > 15) return;
    char text[32];
    std::memcpy(text, date.data(), 10);
    text[10] = 'T';
    std::memcpy(text + 11, time.data(), time.size());
    const std::size_t size = 11 + time.size();
    record.time_known = read_iso_time({text, size}, TimeContext{}, record.time_ns) == size;
  }

  FieldNames& names_;
  std::vector<Column> columns_;
  std::string date_;
  bool iis_ = false;
};

}  // namespace

std::unique_ptr<LineParser> make_w3c_parser(const ParserContext& context) { return std::make_unique<W3cParser>(context); }

}  // namespace logystera::parse
