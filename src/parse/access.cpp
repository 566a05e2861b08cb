// Access logs of any shape. nginx's log_format and Apache's LogFormat strings compile to the same thing: a run of fields, each
// with the literal text that ends it. Reading a line is then one forward scan, about 20 times faster than a regular
// expression with captures.
//
// What the simple account leaves out: a field ends at the first occurrence of the literal behind it, but a user name may
// contain " [" and a browser may send a quote. So a literal only counts when what must follow it does follow (a time behind
// " ["), and quotes behind a backslash do not count (Apache writes \", nginx \x22). Lists (upstreams, X-Forwarded-For) hold
// blanks: one behind a comma does not end them.
//
// A visitor may call himself "a [10/Oct/2000:13:55:36 -0700]", and whatever the first occurrence of a literal made of it then,
// a later field does not add up. Only such lines go the slow way, Search: every place where a field can end is tried, and the
// first reading in which all fields are what they must be is taken. Servers escape quotes, so readings without a bare quote
// within a field come first; and of the times a line may have, the last, since what stands behind the time is quoted.
//
// One file: what a format is compiled to is read by the scan and by the search alone, and both tell a field's end by the same tests,
// which the scan of every line has inlined.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "parse/find_byte.hpp"
#include "parse/plain_target.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

enum class Shape : std::uint8_t {
  text,
  list,     // items apart by ", ", and by " : " where nginx went on to another server
  address,  // ip or host name
  number,   // integer, else text
  status,   // three digits, or the line is not of this format
  seconds,  // real
  millis,   // integer milliseconds, given as real seconds
  micros,   // integer microseconds, given as real seconds
  time_clf,
  time_iso,
  time_epoch,
  request,
  target,  // url with path and query
  path,
  query,    // Apache's %q: '?' included, or empty
  host,     // the machine the line speaks of
  message,  // what a person reads, in logs that are no web server's
  ignored,
};

struct Piece {
  Shape shape;
  FieldId id;
  std::string after;          // the literal that ends it; empty for the last
  bool quoted;                // between double quotes
  bool free = false;          // a visitor chooses it, blanks included
  std::string variable = {};  // as the log format writes it
  bool before_time = false;   // the next one is a time
  bool last = false;
  bool goes_on = false;  // a list without quotes, ended by a blank
  // The first bytes of `after`, and which bytes of a word they are.
  std::uint64_t after_word = 0, after_mask = 0;
};

bool is_time(Shape shape) { return shape == Shape::time_clf || shape == Shape::time_iso || shape == Shape::time_epoch; }

struct Variable {
  std::string_view name;
  Shape shape;
  FieldId id;
};

// nginx: https://nginx.org/en/docs/varindex.html, those that appear in log_format in practice.
constexpr Variable kNginx[] = {
    {"remote_addr", Shape::address, field::client_ip},
    {"realip_remote_addr", Shape::address, field::none},
    {"http_x_real_ip", Shape::address, field::none},
    {"remote_user", Shape::text, field::remote_user},
    {"remote_port", Shape::number, field::client_port},
    {"time_local", Shape::time_clf, field::none},
    {"time_iso8601", Shape::time_iso, field::none},
    {"msec", Shape::time_epoch, field::none},
    {"request", Shape::request, field::none},
    {"request_method", Shape::text, field::method},
    {"request_uri", Shape::target, field::url},
    {"uri", Shape::path, field::path},
    {"document_uri", Shape::path, field::path},
    {"args", Shape::text, field::query},
    {"query_string", Shape::text, field::query},
    {"server_protocol", Shape::text, field::protocol},
    {"status", Shape::status, field::status},
    {"body_bytes_sent", Shape::number, field::bytes},
    {"bytes_sent", Shape::number, field::bytes},
    {"http_referer", Shape::text, field::referer},
    {"http_user_agent", Shape::text, field::user_agent},
    {"http_x_forwarded_for", Shape::list, field::forwarded_for},
    {"proxy_add_x_forwarded_for", Shape::list, field::forwarded_for},
    {"host", Shape::text, field::vhost},
    {"http_host", Shape::text, field::vhost},
    {"server_name", Shape::text, field::server},
    {"server_port", Shape::number, field::server_port},
    {"request_time", Shape::seconds, field::request_time},
    {"upstream_addr", Shape::list, field::upstream},
    {"pid", Shape::number, field::pid},
    // No variable of nginx, but of logs that have the same shape.
    {"message", Shape::message, field::none},
    {"node", Shape::host, field::none},
};

// Apache: mod_log_config. A directive with an argument in braces is looked up as "{Name}x".
constexpr Variable kApache[] = {
    {"h", Shape::address, field::client_ip},
    {"a", Shape::address, field::client_ip},
    {"l", Shape::text, field::ident},
    {"u", Shape::text, field::remote_user},
    {"t", Shape::time_clf, field::none},
    {"r", Shape::request, field::none},
    {"s", Shape::status, field::status},
    {"b", Shape::number, field::bytes},
    {"B", Shape::number, field::bytes},
    {"O", Shape::number, field::bytes},
    {"I", Shape::number, field::none},
    {"S", Shape::number, field::none},
    {"v", Shape::text, field::vhost},
    {"V", Shape::text, field::vhost},
    {"p", Shape::number, field::server_port},
    {"m", Shape::text, field::method},
    {"U", Shape::path, field::path},
    {"q", Shape::query, field::query},
    {"H", Shape::text, field::protocol},
    {"D", Shape::micros, field::request_time},
    {"T", Shape::seconds, field::request_time},
    {"P", Shape::number, field::pid},
    {"f", Shape::text, field::file},
    {"{Referer}i", Shape::text, field::referer},
    {"{Referrer}i", Shape::text, field::referer},
    {"{User-Agent}i", Shape::text, field::user_agent},
    {"{User-agent}i", Shape::text, field::user_agent},
    {"{X-Forwarded-For}i", Shape::list, field::forwarded_for},
    {"{Host}i", Shape::text, field::vhost},
    {"{c}a", Shape::address, field::none},
    {"{ms}T", Shape::millis, field::request_time},
    {"{us}T", Shape::micros, field::request_time},
    {"{s}T", Shape::seconds, field::request_time},
    {"{tid}P", Shape::number, field::tid},
    {"{pid}P", Shape::number, field::pid},
};

template <std::size_t N>
const Variable* look_up(const Variable (&table)[N], std::string_view name) {
  for (const Variable& variable : table) {
    if (variable.name == name) return &variable;
  }
  return nullptr;
}

bool word_char(char c) {
  const char low = static_cast<char>(c | 0x20);
  return (low >= 'a' && low <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

// What a visitor may write blanks into: header lines, names, decoded paths, values of queries and cookies.
bool is_free(Shape shape, std::string_view variable) {
  if (shape == Shape::list || (shape != Shape::text && shape != Shape::path && shape != Shape::request)) return false;
  constexpr std::string_view chosen[] = {"$remote_user", "$request", "$uri", "$document_uri", "%u", "%r", "%U", "%f"};
  if (std::find(std::begin(chosen), std::end(chosen), variable) != std::end(chosen)) return true;
  for (std::string_view start : {"$http_", "$cookie_", "$arg_"})
    if (starts_with(variable, start) && variable != "$http_host") return true;
  return variable.size() > 2 && variable[0] == '%' && (variable.ends_with("}i") || variable.ends_with("}C"));
}

// A log_format being compiled: literals and fields are appended in turn.
class Template {
 public:
  // `variable`: as it is written, "$remote_user" or "%{Referer}i".
  Result<Done> field(Shape shape, FieldId id, const std::string& variable) {
    if (!pieces_.empty() && pieces_.back().after.empty()) {
      return Error{
          "two fields follow each other with nothing between them, so a line cannot be taken apart; put a space or a "
          "quote between them",
          ErrorKind::invalid};
    }
    const std::string& before = pieces_.empty() ? prefix_ : pieces_.back().after;
    const bool quoted = !before.empty() && before.back() == '"';
    const bool free = !quoted && is_free(shape, variable);
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    if (free && !pieces_.empty() && pieces_.back().free && std::all_of(before.begin(), before.end(), blank)) {
      return Error{
          pieces_.back().variable + " and " + variable +
              " follow each other with only a blank between them, and visitors decide what both hold, blanks included: "
              "nobody can tell where one ends. Put quotes around them in the server's log format",
          ErrorKind::invalid};
    }
    pieces_.push_back({shape, id, {}, quoted, free, variable});
    return Done{};
  }
  void literal(char c) { (pieces_.empty() ? prefix_ : pieces_.back().after).push_back(c); }

  std::string prefix_;
  std::vector<Piece> pieces_;
};

Result<Template> compile_nginx(std::string_view text, FieldNames& names) {
  Template result;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      result.literal(text[at++]);
      continue;
    }
    std::size_t end = ++at;
    const bool braced = at < text.size() && text[at] == '{';
    if (braced) end = ++at;
    while (end < text.size() && word_char(text[end])) ++end;
    const std::string_view name = text.substr(at, end - at);
    if (name.empty()) return Error{"'$' at character " + std::to_string(at) + " names no variable", ErrorKind::invalid};
    if (braced && (end >= text.size() || text[end] != '}'))
      return Error{"'${" + std::string(name) + "' is not closed by '}'", ErrorKind::invalid};
    const Variable* known = look_up(kNginx, name);
    const FieldId id = known && known->id != field::none ? known->id : names.add(name);
    const Shape shape = known ? known->shape : starts_with(name, "upstream_") ? Shape::list : Shape::text;
    Result<Done> added = result.field(shape, id, "$" + std::string(name));
    if (!added) return added.error();
    at = end + (braced ? 1 : 0);
  }
  return result;
}

Result<Template> compile_apache(std::string_view text, FieldNames& names) {
  Template result;
  for (std::size_t at = 0; at < text.size();) {
    const char c = text[at++];
    if (c == '\\' && at < text.size()) {
      const char escaped = text[at++];
      result.literal(escaped == 't' ? '\t' : escaped == 'n' ? '\n' : escaped);
      continue;
    }
    if (c != '%') {
      result.literal(c);
      continue;
    }
    if (at < text.size() && text[at] == '%') {
      result.literal(text[at++]);
      continue;
    }
    // Status conditions (%!200,304r) and original/final marks (%<s, %>s) do not change the shape.
    while (at < text.size() && std::strchr("!<>,0123456789", text[at]) && text[at] != '\0') ++at;
    std::string argument;
    if (at < text.size() && text[at] == '{') {
      const std::size_t close = text.find('}', at);
      if (close == std::string_view::npos)
        return Error{"'%{' at character " + std::to_string(at) + " is not closed by '}'", ErrorKind::invalid};
      argument = text.substr(at, close - at + 1);
      at = close + 1;
    }
    while (at < text.size() && (text[at] == '<' || text[at] == '>')) ++at;
    if (at >= text.size()) return Error{"'%' at the end names no directive", ErrorKind::invalid};
    std::string name = argument + text[at++];
    if (name == "^" && text.substr(at, 2).size() == 2) {  // %^FB, trailers
      name += text.substr(at, 2);
      at += 2;
    }
    const Variable* known = look_up(kApache, name);
    if (name.back() == 't' && !argument.empty()) {
      const std::string_view how = std::string_view(argument).substr(1, argument.size() - 2);
      if (how == "sec" || how == "msec" || how == "usec") {
        if (Result<Done> added = result.field(Shape::time_epoch, field::none, "%" + name); !added) return added.error();
        continue;
      }
      if (how == "%Y-%m-%dT%H:%M:%S%z" || how == "%Y-%m-%d %H:%M:%S" || how == "%Y-%m-%dT%H:%M:%S" || how == "%FT%T%z") {
        if (Result<Done> added = result.field(Shape::time_iso, field::none, "%" + name); !added) return added.error();
        continue;
      }
    }
    // %t writes its own brackets.
    const bool bracketed = name == "t";
    if (bracketed) result.literal('[');
    std::string plain = argument.empty() ? name : argument.substr(1, argument.size() - 2);
    for (char& letter : plain)
      letter = letter == '-'                                         ? '_'
               : letter >= 'A' && letter <= 'Z' && !argument.empty() ? static_cast<char>(letter | 0x20)
                                                                     : letter;
    const FieldId id = known && known->id != field::none ? known->id : names.add(plain);
    if (Result<Done> added = result.field(known ? known->shape : Shape::text, id, "%" + name); !added) return added.error();
    if (bracketed) result.literal(']');
  }
  return result;
}

class AccessParser final : public LineParser {
 public:
  AccessParser(Template compiled, const Format& format, const ParserContext& context)
      : prefix_(std::move(compiled.prefix_)),
        pieces_(std::move(compiled.pieces_)),
        kind_(format.kind == RecordKind::text ? RecordKind::web_access : format.kind),
        rest_allowed_(format.rest_allowed),
        rest_(context.names.add("rest")),
        time_(context.time) {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      Piece& piece = pieces_[i];
      piece.last = i + 1 == pieces_.size();
      piece.before_time = !piece.last && is_time(pieces_[i + 1].shape);
      piece.goes_on = piece.shape == Shape::list && !piece.quoted && !piece.after.empty() && piece.after[0] == ' ';
      has_elastic_ = has_elastic_ || (!piece.before_time && (piece.free || piece.goes_on));
      std::memcpy(&piece.after_word, piece.after.data(), std::min(piece.after.size(), sizeof piece.after_word));
      std::memset(&piece.after_mask, 0xFF, std::min(piece.after.size(), sizeof piece.after_mask));
    }
  }

  // A host in front of the line shifts everything by one: the user is then "- -".
  bool typical(const Record& record) const override { return !starts_with(record.text(field::remote_user), "- "); }

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    return parse(line, batch, record) ? LineRead::record : LineRead::unknown;
  }

  bool parse(std::string_view line, RecordBatch& batch, Record& record) {
    if (!prefix_.empty() && !starts_with(line, prefix_)) return false;
    const std::size_t before = batch.open_fields();
    if (parse_forward(line, batch, record)) return true;
    if (!has_elastic_ && !has_two_times(line)) return false;
    ends_.resize(pieces_.size());
    for (const bool bare_quotes : {false, true}) {
      tries_ = kTries;
      if (!search(line, prefix_.size(), 0, bare_quotes)) continue;
      batch.drop_fields(before);
      return take(line, batch, record);
    }
    return false;
  }

 private:
  // Places of ends looked at before a line is given up.
  static constexpr std::size_t kTries = 2'000;

  // Whether there is a second place where what ends the field in front of a time stands: the only thing to choose between where
  // no other field may hold blanks.
  bool has_two_times(std::string_view line) const {
    std::size_t places = 0;
    for (const Piece& piece : pieces_) {
      if (!piece.before_time || !(piece.free || piece.goes_on)) continue;
      for (std::size_t at = 0; (at = line.find(piece.after, at)) != std::string_view::npos; at += piece.after.size()) {
        const std::size_t next = at + piece.after.size();
        places += next < line.size() && line[next] >= '0' && line[next] <= '9';
      }
    }
    return places > 1;
  }

  void begin(std::string_view line, Record& record) {
    record.kind = kind_;
    record.message = line;
    status_ = 0;
  }

  // One forward scan.
  bool parse_forward(std::string_view line, RecordBatch& batch, Record& record) {
    begin(line, record);
    std::size_t at = prefix_.size();
    for (const Piece& piece : pieces_) {
      const std::size_t end = piece_end(line, at, piece);
      if (end == std::string_view::npos) return false;
      if (!add(piece, line.substr(at, end - at), batch, record)) return false;
      at = end + piece.after.size();
    }
    // More behind the last field may be one that the server's administrator added, or the rest of a forged line.
    if (at < line.size() && line.find("] \"", at) != std::string_view::npos) return false;
    return finish(line, at, batch, record);
  }

  bool finish(std::string_view line, std::size_t at, RecordBatch& batch, Record& record) {
    if (at < line.size()) {
      std::string_view rest = line.substr(at);
      if (!rest_allowed_ || rest.front() != ' ') return false;
      batch.add_text(rest_, trim_left(rest));
    }
    record.severity = status_ >= 500 ? Severity::error : status_ >= 400 ? Severity::warning : Severity::info;
    if (kind_ != RecordKind::web_access) record.severity = severity_of_wording(record.message);
    return true;
  }

  // Adds the fields where `search` found that they end.
  [[gnu::noinline]] bool take(std::string_view line, RecordBatch& batch, Record& record) {
    begin(line, record);
    std::size_t at = prefix_.size();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      if (!add(pieces_[i], line.substr(at, ends_[i] - at), batch, record)) return false;
      at = ends_[i] + pieces_[i].after.size();
    }
    return finish(line, at, batch, record);
  }

  // Whether the pieces from `index` on fit the line from `at` on; where each ends is left in ends_.
  bool search(std::string_view line, std::size_t at, std::size_t index, bool bare_quotes) {
    if (index == pieces_.size())
      return at == line.size() || (rest_allowed_ && line[at] == ' ' && (bare_quotes || !quoted_rest(line, at)));
    const Piece& piece = pieces_[index];
    std::vector<std::size_t> ends;
    if (piece.after.empty()) {
      ends.push_back(rest_allowed_ ? std::min(line.find(' ', at), line.size()) : line.size());
    } else {
      for (std::size_t end = at; (end = find_byte(line, end, piece.after[0])) < line.size(); ++end) {
        if (tries_ == 0) return false;
        --tries_;
        const std::size_t next = end + piece.after.size();
        if (!stands(line, end, piece) || (piece.quoted && escaped(line, at, end))) continue;
        if (piece.before_time && (next >= line.size() || line[next] < '0' || line[next] > '9')) continue;
        if (fits(piece, line.substr(at, end - at), bare_quotes)) ends.push_back(end);
        // A quoted field goes no further than its quote.
        else if (piece.quoted) break;
        if (is_time(piece.shape)) break;
      }
    }
    // In front of a time the last place first; a list's own blanks last.
    if (piece.before_time) std::reverse(ends.begin(), ends.end());
    if (piece.goes_on)
      std::stable_partition(ends.begin(), ends.end(), [&](std::size_t end) { return !list_goes_on(line, at, end); });
    for (const std::size_t end : ends) {
      if (piece.after.empty() && !fits(piece, line.substr(at, end - at), bare_quotes)) continue;
      ends_[index] = end;
      if (search(line, end + piece.after.size(), index + 1, bare_quotes)) return true;
    }
    return false;
  }

  static bool quoted_rest(std::string_view line, std::size_t at) { return line.find("] \"", at) != std::string_view::npos; }

  // Whether the text can be the piece's value.
  bool fits(const Piece& piece, std::string_view text, bool bare_quotes) const {
    std::int64_t ns;
    switch (piece.shape) {
      case Shape::time_clf: return !text.empty() && read_clf_time(text, ns) == text.size();
      case Shape::time_iso: return !text.empty() && read_iso_time(text, time_, ns) == text.size();
      case Shape::time_epoch: return !text.empty() && read_epoch(text, ns) == text.size();
      case Shape::status: return text == "-" || (text.size() == 3 && text.find_first_not_of("0123456789") == text.npos);
      case Shape::number:
      case Shape::seconds:
      case Shape::millis:
      case Shape::micros: return text.find_first_not_of("0123456789.-") == text.npos;
      case Shape::address: return !has_space(text);
      default: break;
    }
    if (bare_quotes && !piece.quoted) return true;
    for (std::size_t at = 0; (at = find_byte(text, at, '"')) < text.size(); ++at)
      if (!escaped(text, 0, at)) return false;
    return true;
  }

  // Whether what ends the piece stands at `at`, where its first byte does.
  static bool stands(std::string_view line, std::size_t at, const Piece& piece) {
    if (line.size() - at < sizeof piece.after_word || piece.after.size() > sizeof piece.after_word)
      return line.substr(at).starts_with(piece.after);
    std::uint64_t word;
    std::memcpy(&word, line.data() + at, sizeof word);
    return ((word ^ piece.after_word) & piece.after_mask) == 0;
  }

  // Where a piece that starts at `at` ends; npos if the line is not of this format.
  std::size_t piece_end(std::string_view line, std::size_t at, const Piece& piece) const {
    if (piece.after.empty()) return rest_allowed_ ? std::min(line.find(' ', at), line.size()) : line.size();
    const char first = piece.after[0];
    for (std::size_t end = at;; ++end) {
      end = find_byte(line, end, first);
      if (end == line.size()) return std::string_view::npos;
      if (!stands(line, end, piece) || (piece.quoted && escaped(line, at, end))) continue;
      const std::size_t next = end + piece.after.size();
      if (piece.last) return next == line.size() || (rest_allowed_ && line[next] == ' ') ? end : std::string_view::npos;
      if (piece.before_time && (next >= line.size() || line[next] < '0' || line[next] > '9')) continue;
      if (piece.goes_on && list_goes_on(line, at, end)) continue;
      return end;
    }
  }

  // Whether the blank at `end` stands within a list: behind a comma, or beside a colon that stands alone.
  static bool list_goes_on(std::string_view line, std::size_t at, std::size_t end) {
    constexpr std::size_t kBlanksMost = 16;  // each blank of a run asks
    std::size_t item = end;
    while (item > at && end - item < kBlanksMost && line[item - 1] == ' ') --item;
    if (item > at && line[item - 1] == ',') return true;
    if (line.substr(end, 3) == " : ") return true;
    return end >= at + 2 && line[end - 1] == ':' && line[end - 2] == ' ';
  }

  static bool has_space(std::string_view text) { return find_byte(text, 0, ' ') < text.size(); }

  // Whether the character at `at` stands behind an odd number of backslashes.
  static bool escaped(std::string_view line, std::size_t begin, std::size_t at) {
    std::size_t slashes = 0;
    while (at - slashes > begin && line[at - slashes - 1] == '\\') ++slashes;
    return slashes % 2 == 1;
  }

  // Called from two places, of which one is the hot path.
  [[gnu::always_inline]] bool add(const Piece& piece, std::string_view text, RecordBatch& batch, Record& record) {
    if (is_time(piece.shape)) return add_time(piece.shape, text, record);
    const bool absent = text.empty() || text == "-";
    switch (piece.shape) {
      case Shape::status: {
        if (text.size() != 3) return text == "-";
        const Value& value = batch.add_number(piece.id, text);
        if (value.kind != Value::Kind::integer || text[0] == '-') return false;
        status_ = value.as_integer();
        return true;
      }
      case Shape::request:
        if (!text.empty()) record.message = text;
        if (!absent) add_request(text, batch);
        return true;
      case Shape::address:
        if (absent) return true;
        return batch.add_ip(piece.id, text).kind == Value::Kind::ip || !has_space(text);
      default: break;
    }
    if (absent) return true;
    switch (piece.shape) {
      case Shape::number: return batch.add_number(piece.id, text).kind == Value::Kind::integer || !has_space(text);
      case Shape::seconds: add_seconds(piece.id, text, 1.0, batch); break;
      case Shape::millis: add_seconds(piece.id, text, 1e-3, batch); break;
      case Shape::micros: add_seconds(piece.id, text, 1e-6, batch); break;
      case Shape::target: add_target(text, batch); break;
      case Shape::query: batch.add_text(piece.id, text[0] == '?' ? text.substr(1) : text); break;
      case Shape::ignored: break;
      case Shape::message: record.message = text; break;
      case Shape::host: record.host = text; break;
      default: batch.add_text(piece.id, text);
    }
    return true;
  }

  // A busy server writes many lines a second: the last time is remembered as it was written.
  bool add_time(Shape shape, std::string_view text, Record& record) {
    if (text.size() == last_time_size_ && std::memcmp(text.data(), last_time_, text.size()) == 0) {
      record.time_ns = last_time_ns_;
      return record.time_known = true;
    }
    std::size_t used = 0;
    switch (shape) {
      case Shape::time_clf: used = read_clf_time(text, record.time_ns); break;
      case Shape::time_iso: used = read_iso_time(text, time_, record.time_ns); break;
      default: used = read_epoch(text, record.time_ns);
    }
    record.time_known = used == text.size() && used > 0;
    if (record.time_known && text.size() <= sizeof last_time_) {
      last_time_size_ = text.size();
      std::memcpy(last_time_, text.data(), text.size());
      last_time_ns_ = record.time_ns;
    }
    return record.time_known;
  }

  static void add_seconds(FieldId id, std::string_view text, double unit, RecordBatch& batch) {
    Value& value = batch.add_text(id, text);
    std::uint64_t whole = 0, fraction = 0, scale = 1;
    std::size_t at = 0;
    while (at < text.size() && at < 15 && text[at] >= '0' && text[at] <= '9')
      whole = whole * 10 + static_cast<unsigned>(text[at++] - '0');
    if (at > 0 && at < text.size() && text[at] == '.') {
      for (++at; at < text.size() && scale < 1'000'000'000 && text[at] >= '0' && text[at] <= '9'; ++at) {
        fraction = fraction * 10 + static_cast<unsigned>(text[at] - '0');
        scale *= 10;
      }
    }
    if (at != text.size()) return;  // "0.1, 0.2": several upstreams
    value.kind = Value::Kind::real;
    value.as.real = (static_cast<double>(whole) + static_cast<double>(fraction) / static_cast<double>(scale)) * unit;
  }

  std::string prefix_;
  std::vector<Piece> pieces_;
  RecordKind kind_;
  bool rest_allowed_;
  bool has_elastic_ = false;  // a field that may hold blanks, elsewhere than in front of a time
  FieldId rest_;
  TimeContext time_;
  std::int64_t status_ = 0;
  std::vector<std::size_t> ends_;  // of the pieces, as `search` found them
  std::size_t tries_ = 0;          // it still has
  char last_time_[40];
  std::size_t last_time_size_ = 0;  // 0: none yet
  std::int64_t last_time_ns_ = 0;
};

}  // namespace

void add_target(std::string_view target, RecordBatch& batch) {
  batch.add_text(field::url, target);
  const std::size_t mark = find_byte(target, 0, '?');
  batch.add_text(field::path, target.substr(0, mark));
  if (mark < target.size()) batch.add_text(field::query, target.substr(mark + 1));
  add_plain_target(target, batch);
}

void add_plain_target(std::string_view target, RecordBatch& batch) {
  if (const std::string_view plain = plain_target(target, batch.arena); !plain.empty())
    batch.add_text(field::url_plain, plain);
}

void add_request(std::string_view request, RecordBatch& batch) {
  const std::size_t space = find_byte(request, 0, ' ');
  bool method = space < request.size() && space > 0;
  for (std::size_t i = 0; method && i < space; ++i) {
    const char c = request[i];
    method = (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  }
  if (!method) {
    batch.add_text(field::request, request);
    return;
  }
  std::string_view target = request.substr(space + 1);
  std::string_view protocol;
  const std::size_t last = target.rfind(' ');
  if (last != std::string_view::npos && starts_with(target.substr(last + 1), "HTTP/")) {
    protocol = target.substr(last + 1);
    target = target.substr(0, last);
  } else if (target.empty() || (target[0] != '/' && target != "*")) {
    batch.add_text(field::request, request);
    return;
  }
  batch.add_text(field::method, request.substr(0, space));
  add_target(target, batch);
  if (!protocol.empty()) batch.add_text(field::protocol, protocol);
}

Result<std::unique_ptr<LineParser>> make_access_parser(const Format& format, const ParserContext& context) {
  Result<Template> compiled =
      format.nginx.empty() ? compile_apache(format.apache, context.names) : compile_nginx(format.nginx, context.names);
  if (!compiled) return compiled.error();
  if (compiled->pieces_.empty()) return Error{"the log format names no field", ErrorKind::invalid};
  return std::unique_ptr<LineParser>(new AccessParser(std::move(compiled.value()), format, context));
}

}  // namespace logystera::parse
