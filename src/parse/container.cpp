// Logs of containers. Kubernetes' runtimes write "2016-10-06T00:17:09.669794202Z stdout F text" (CRI), with P where a record goes
// on in the next line of its stream; Docker writes JSON whose text ends in a line feed unless it goes on.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "parse/inside.hpp"
#include "parse/journal.hpp"
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

// The pieces of a line: time, stream, tags ("F", "P", perhaps more behind ':').
struct CriLine {
  std::string_view stream;
  std::size_t text_at = 0;
  bool last = true;
};

bool take_apart(std::string_view line, const TimeContext& time, std::int64_t& ns, CriLine& out) {
  constexpr std::size_t kShortest = 20;  // "2016-10-06T00:17:09Z"
  if (line.size() < kShortest || line[10] != 'T') return false;
  const std::size_t used = read_iso_time(line, time, ns);
  if (used < kShortest || used >= line.size() || line[used] != ' ') return false;
  const std::string_view rest = line.substr(used + 1);
  if (starts_with(rest, "stdout ")) out.stream = rest.substr(0, 6);
  else if (starts_with(rest, "stderr ")) out.stream = rest.substr(0, 6);
  else return false;
  const std::size_t tags = used + 1 + out.stream.size() + 1;
  if (tags >= line.size() || (line[tags] != 'F' && line[tags] != 'P')) return false;
  std::size_t end = tags + 1;
  while (end < line.size() && line[end] != ' ') ++end;
  if (end > tags + 1 && line[tags + 1] != ':') return false;
  out.last = line[tags] == 'F';
  out.text_at = end < line.size() ? end + 1 : end;
  return true;
}

class CriParser final : public LineParser {
 public:
  explicit CriParser(const ParserContext& context) : context_(context), time_(context.time) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    std::int64_t ns;
    CriLine parts;
    if (!take_apart(line, time_, ns, parts)) return LineRead::unknown;
    batch.add_text(field::stream, parts.stream);
    const std::string_view text = line.substr(parts.text_at);
    record.message = text;
    record.kind = RecordKind::application;
    // Made for a log that has such lines: detection asks a parser of each format about every log.
    if (!text.empty() && !inside_) inside_.emplace(context_);
    if (!text.empty()) inside_->read(text, batch, record);
    record.time_known = true;
    record.time_ns = ns;
    if (record.message.empty()) record.message = line;
    return LineRead::record;
  }

  bool has_parts() const noexcept override { return true; }
  bool part(std::string_view line, RecordPart& part) const override {
    std::int64_t ns;
    CriLine parts;
    if (!take_apart(line, time_, ns, parts)) return false;
    part.stream = parts.stream;
    part.text_at = parts.text_at;
    part.text_size = line.size() - parts.text_at;
    part.last = parts.last;
    return true;
  }

 private:
  ParserContext context_;
  TimeContext time_;
  std::optional<InsideReader> inside_;
};

// The text of the string that begins behind `"key":`, quotes left out; npos as `at` if there is none.
struct Found {
  std::size_t at = std::string_view::npos, size = 0;
  bool list = false;  // if that is asked for: what is inside of a list that stands there
};

Found string_of(std::string_view line, std::string_view key, bool or_list = false) noexcept {
  constexpr auto npos = std::string_view::npos;
  for (std::size_t at = line.find(key); at != npos; at = line.find(key, at + 1)) {
    // A key stands between quotes that are not escaped; inside of a text they would be.
    std::size_t behind = at + key.size();
    if (at < 2 || line[at - 1] != '"' || line[at - 2] == '\\' || behind >= line.size() || line[behind] != '"') continue;
    behind = line.find_first_not_of(" \t", behind + 1);
    if (behind == npos || line[behind] != ':') continue;
    behind = line.find_first_not_of(" \t", behind + 1);
    if (or_list && behind != npos && line[behind] == '[') {
      const std::size_t end = line.find(']', behind);
      if (end == npos) return {};
      return {behind + 1, end - behind - 1, true};
    }
    if (behind == npos || line[behind] != '"') continue;
    const std::size_t from = behind + 1;
    for (std::size_t end = from; (end = line.find('"', end)) != npos; ++end) {
      std::size_t slashes = 0;
      while (end > from + slashes && line[end - 1 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 0) return {from, end - from};
    }
    return {};
  }
  return {};
}

}  // namespace

bool json_part(std::string_view line, std::string_view key, RecordPart& part) noexcept {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  const Found text = string_of(line, key);
  if (text.at == std::string_view::npos) return false;
  part.text_at = text.at;
  part.text_size = text.size;
  const std::string_view inside = line.substr(text.at, text.size);
  part.last = false;
  for (std::string_view feed : {std::string_view("\\n"), std::string_view("\\u000a"), std::string_view("\\u000A")}) {
    if (inside.size() < feed.size() || inside.substr(inside.size() - feed.size()) != feed) continue;
    std::size_t slashes = 0;
    for (std::size_t at = inside.size() - feed.size() + 1; at > 0 && inside[at - 1] == '\\'; --at) ++slashes;
    part.last = slashes % 2 == 1;
  }
  part.stream = {};
  if (part.last && !part.stream_wanted) return true;
  const Found stream = string_of(line, "stream");
  if (stream.at != std::string_view::npos) part.stream = line.substr(stream.at, stream.size);
  if (part.stream != "stdout" && part.stream != "stderr") part.stream = {};
  return true;
}

bool json_journal_part(std::string_view line, RecordPart& part) noexcept {
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  const auto occurs = [line](std::string_view text) {
    return ::memmem(line.data(), line.size(), text.data(), text.size()) != nullptr;
  };
  if (!part.stream_wanted && !occurs("\"CONTAINER_PARTIAL_") && !occurs("\"line-max\"")) return false;
  const auto value = [line](std::string_view key) {
    const Found found = string_of(line, key);
    return found.at == std::string_view::npos ? std::string_view() : line.substr(found.at, found.size);
  };
  JournalPartFields fields;
  fields.partial_id = value("CONTAINER_PARTIAL_ID");
  fields.partial_last = value("CONTAINER_PARTIAL_LAST");
  fields.partial_message = value("CONTAINER_PARTIAL_MESSAGE");
  fields.container = value("CONTAINER_ID_FULL");
  if (fields.container.empty()) fields.container = value("CONTAINER_ID");
  fields.priority = value("PRIORITY");
  fields.line_break = value("_LINE_BREAK");
  fields.stream = value("_STREAM_ID");
  if (!journal_part(fields, part)) return false;
  const Found text = string_of(line, "MESSAGE", true);
  part.text_at = text.at;
  part.text_size = text.size;
  part.bytes = text.list;
  return text.at != std::string_view::npos;
}

bool json_text_of_bytes(std::string_view list, std::string& out) {
  const auto pass_blanks = [&list] {
    while (!list.empty() && static_cast<unsigned char>(list.front()) <= ' ') list.remove_prefix(1);
  };
  for (pass_blanks(); !list.empty();) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(list.data(), list.data() + list.size(), byte);
    if (error != std::errc() || byte > 255) return false;
    list.remove_prefix(static_cast<std::size_t>(end - list.data()));
    constexpr char digits[] = "0123456789abcdef";
    if (byte == '"' || byte == '\\') out += '\\';
    if (byte < ' ') {
      out += "\\u00";
      out += digits[byte >> 4];
      out += digits[byte & 15];
    } else {
      out += static_cast<char>(byte);
    }
    pass_blanks();
    if (!list.empty() && !skip(list, ",")) return false;
    pass_blanks();
  }
  return true;
}

std::unique_ptr<LineParser> make_cri_parser(const ParserContext& context) { return std::make_unique<CriParser>(context); }

}  // namespace logystera::parse
