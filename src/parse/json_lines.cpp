// JSON lines. simdjson's first stage (vectorised, chosen for the processor at run time) finds where every string, number and
// bracket starts and checks the UTF-8; a plain recursive walk over those positions does the rest. Its on-demand parser would
// be the comfortable way, but that one is fixed to one instruction set when it is compiled.
//
// Nested objects become dotted names, arrays of scalars become lists, arrays of objects repeat the names of what is in them.
//
// The costly part of generic JSON is not the parsing but asking "which field is this?" for every key of every line. Lines of
// one log have the same keys in the same order, so each key remembers which key followed it last time; one memcmp then
// replaces a hash lookup.
#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_map>

#include <simdjson.h>

#include "core/json.hpp"
#include "parse/escapes.hpp"
#include "parse/find_byte.hpp"
#include "parse/inside.hpp"
#include "parse/keys.hpp"
#include "parse/readers.hpp"
#include "parse/windows_event.hpp"

namespace logystera::parse {
namespace {

constexpr std::size_t kDepth = 64;     // deeper lines are refused: no logger nests that far, attackers do
constexpr std::size_t kKeys = 65'536;  // distinct key paths remembered; hostile logs have more
// Marks of a line: a bit for each required key, above them WindowsJson's, and the highest for what a container's log has.
constexpr std::size_t kRequiredMost = 60;
constexpr std::uint64_t kRequiredMarks = (std::uint64_t{1} << kRequiredMost) - 1;
constexpr std::uint64_t kWindowsMarks = std::uint64_t{WindowsJson::both} << kRequiredMost;
constexpr std::uint64_t kInsideMark = std::uint64_t{1} << 63;  // the message is a line of a log of its own
constexpr std::size_t kListItems = 1'024;                      // further items are only in the list's text

// Resolves escapes into `out`, which has room for `text`. nginx writes \xHH into JSON, which JSON lacks: what it cannot be
// read as stays as written, since one odd escape is no reason to lose a line.
std::size_t unescape(std::string_view text, char* out) {
  std::size_t size = 0;
  while (!text.empty()) {
    const std::size_t plain = find_byte(text, 0, '\\');
    std::memcpy(out + size, text.data(), plain);
    size += plain;
    text.remove_prefix(plain);
    if (!text.empty()) size += put_escape(text, out + size, Escapes::json);
  }
  return size;
}

class JsonParser final : public LineParser {
 public:
  JsonParser(const Format& format, const ParserContext& context)
      : format_(format), context_(context), names_(context.names), time_(context.time), windows_(context.names) {
    keys_.push_back({});  // the document itself
    keys_.push_back({});  // any key that is not remembered
    // What goes on in the next line is what a process writes into its container; the journal says which entries are a container's.
    inside_key_ = format.journal_parts ? std::string_view("CONTAINER_ID") : std::string_view(format.parts);
    required_all_ = format.required.empty() ? 0 : (std::uint64_t{1} << format.required.size()) - 1;
  }

  bool has_parts() const noexcept override { return format_.journal_parts || !format_.parts.empty(); }
  bool part(std::string_view line, RecordPart& part) const override {
    return format_.journal_parts ? json_journal_part(line, part) : json_part(line, format_.parts, part);
  }

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    std::string_view text = trim_left(line);
    if (text.empty() || text[0] != '{' || text.size() > kLineBytes) return LineRead::unknown;
    simdjson::error_code error = find_structure(text);
    if (error == simdjson::UTF8_ERROR) {
      text = repair(text, batch);
      error = find_structure(text);
    }
    if (error != simdjson::SUCCESS) return LineRead::unknown;
    Walk walk{text,   stage_->structural_indexes.get(),
              0,      stage_->n_structural_indexes,
              &batch, LineRoles(time_),
              0,      std::memchr(text.data(), '\\', text.size()) != nullptr};
    if (!read_object(walk, kDocument, 0) || walk.at != walk.count || (walk.marks & kRequiredMarks) != required_all_)
      return LineRead::unknown;
    walk.roles.apply_envelope(format_, line, record);
    if ((walk.marks & kInsideMark) != 0 && walk.roles.has_message() && read_inside(batch, record)) return LineRead::record;
    walk.roles.apply_content(batch, record);
    if ((walk.marks & kWindowsMarks) == kWindowsMarks && record.kind == RecordKind::application)
      windows_.convert(batch, record, walk.roles.has_severity(), walk.roles.has_message(), time_);
    return LineRead::record;
  }

 private:
  using Key = std::uint32_t;
  static constexpr Key kDocument = 0;
  static constexpr Key kForgotten = 1;
  static constexpr std::size_t kLineBytes = 64 * 1024 * 1024;  // positions are 32 bits

  struct KeyNode {
    std::string text;  // as it stands between the quotes, escapes included
    Key parent = kDocument;
    KeyMeaning meaning;
    std::uint64_t marks = 0;
    Key first_child = 0;  // guesses, 0 for none yet
    Key next_sibling = 0;
    std::string path;  // dotted
  };

  // One line being walked: positions of its structural characters, and the next of them.
  struct Walk {
    std::string_view text;
    const std::uint32_t* positions;
    std::size_t at;
    std::size_t count;
    RecordBatch* batch;
    LineRoles roles;
    std::uint64_t marks;  // of the keys met: which is required, and what makes a Windows event
    bool escapes;         // a backslash occurs somewhere

    char peek() const { return at < count ? text[positions[at]] : '\0'; }
    // From the next position to the one behind it, blanks at the end cut off.
    std::string_view token() {
      const std::size_t from = positions[at++];
      std::size_t end = at < count ? positions[at] : text.size();
      while (end > from && static_cast<unsigned char>(text[end - 1]) <= ' ') --end;
      return text.substr(from, end - from);
    }
  };

  simdjson::error_code find_structure(std::string_view text) {
    if (text.size() > capacity_) {
      const std::size_t capacity = std::max<std::size_t>(text.size() * 2, 64 * 1024);
      if (auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, kDepth, stage_))
        return error;
      capacity_ = capacity;
    }
    return stage_->stage1(reinterpret_cast<const std::uint8_t*>(text.data()), text.size(), simdjson::stage1_mode::regular);
  }

  // Reads the message as a line of the log it is of; false, with nothing changed, if that is left to the journal's own readers.
  bool read_inside(RecordBatch& batch, Record& record) {
    if (record.message.empty()) return false;
    // Made for a log that has such lines: detection asks a parser of each format about every log.
    if (!inside_) inside_ = std::make_unique<InsideReader>(context_);
    if (format_.journal_parts) return inside_->read_structured(record.message, batch, record);
    inside_->read(record.message, batch, record);
    return true;
  }

  bool read_object(Walk& walk, Key parent, std::size_t depth) {
    if (depth >= kDepth) return false;
    ++walk.at;  // the '{'
    if (walk.peek() == '}') {
      ++walk.at;
      return true;
    }
    for (Key previous = 0;;) {
      if (walk.peek() != '"') return false;
      const std::string_view name = walk.token();
      if (name.size() < 2 || name.back() != '"' || walk.peek() != ':') return false;
      ++walk.at;
      previous = find_key(name.substr(1, name.size() - 2), parent, previous);
      if (!read_value(walk, previous, depth)) return false;
      const char next = walk.peek();
      ++walk.at;
      if (next == '}') return true;
      if (next != ',') return false;
    }
  }

  bool read_value(Walk& walk, Key key, std::size_t depth) {
    walk.marks |= keys_[key].marks;
    const char kind = walk.peek();
    if (kind == '{') return read_object(walk, key, depth + 1);
    if (kind == '[') return read_list(walk, key, depth + 1);
    Value value;
    if (!read_scalar(walk, value)) return false;
    add(key, value, walk);
    return true;
  }

  void add(Key key, Value& value, Walk& walk) {
    const KeyMeaning& meaning = keys_[key].meaning;
    if (meaning.id != field::none) {
      Value& cell = walk.batch->add_field(meaning.id);
      value.field = meaning.id;
      cell = value;
    } else if (meaning.alias == field::none) {
      ++unnamed_fields_;  // an aliased one is given under its other name
    }
    if (meaning.role != KeyMeaning::Role::plain || meaning.alias != field::none)
      walk.roles.take(meaning, value, *walk.batch);
  }

  bool read_list(Walk& walk, Key key, std::size_t depth) {
    const std::size_t from = walk.positions[walk.at];
    std::vector<Value> items;
    bool objects = false;
    if (!read_items(walk, key, depth, items, objects)) return false;
    if (objects && items.empty()) return true;
    RecordBatch& batch = *walk.batch;
    auto* list = batch.arena.array<ValueList>(1);
    Value* cells = batch.arena.array<Value>(items.size());
    if (!items.empty()) std::memcpy(static_cast<void*>(cells), items.data(), items.size() * sizeof(Value));
    *list = {cells, static_cast<std::uint32_t>(items.size())};
    const std::size_t end = walk.positions[walk.at - 1] + 1;
    Value whole;
    whole.kind = Value::Kind::list;
    whole.text_data = walk.text.data() + from;
    whole.text_size = static_cast<std::uint32_t>(end - from);
    whole.as.list = list;
    if (format_.byte_lists || keys_[key].meaning.role == KeyMeaning::Role::message) bytes_to_text(whole, batch);
    add(key, whole, walk);
    return true;
  }

  bool read_items(Walk& walk, Key key, std::size_t depth, std::vector<Value>& items, bool& objects) {
    if (depth >= kDepth) return false;
    ++walk.at;  // the '['
    if (walk.peek() == ']') {
      ++walk.at;
      return true;
    }
    for (;;) {
      const char kind = walk.peek();
      if (kind == '{') {
        objects = true;
        if (!read_object(walk, key, depth + 1)) return false;
      } else if (kind == '[') {
        if (!read_inner_list(walk, key, depth + 1, items, objects)) return false;
      } else {
        Value item;
        if (!read_scalar(walk, item)) return false;
        if (items.size() < kListItems) items.push_back(item);
      }
      const char next = walk.peek();
      ++walk.at;
      if (next == ']') return true;
      if (next != ',') return false;
    }
  }

  // Lists within lists are one list, except where a list is a text: a journal field that occurs more than once.
  bool read_inner_list(Walk& walk, Key key, std::size_t depth, std::vector<Value>& items, bool& objects) {
    const std::size_t from = walk.positions[walk.at], before = items.size();
    if (!read_items(walk, key, depth, items, objects)) return false;
    if (!format_.byte_lists || before >= kListItems) return true;
    Value inner;
    inner.kind = Value::Kind::list;
    inner.text_data = walk.text.data() + from;
    inner.text_size = static_cast<std::uint32_t>(walk.positions[walk.at - 1] + 1 - from);
    bytes_to_text(inner, *walk.batch);
    if (inner.kind != Value::Kind::string) return true;
    items.resize(before);
    items.push_back(inner);
    return true;
  }

  // journald writes a value that is not text as a list of its bytes. However long it is: more than a list's items.
  static void bytes_to_text(Value& list, RecordBatch& batch) {
    std::string_view rest = list.text().substr(1);  // behind the '['
    char* const text = batch.arena.allocate(rest.size() / 2 + 1);
    std::size_t size = 0;
    for (bool more = trim_json(rest) != "]"; more;) {
      rest = trim_json(rest);
      unsigned byte = 0;
      const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), byte);
      if (error != std::errc() || byte > 255) return;
      text[size++] = static_cast<char>(byte);
      rest = trim_json(rest.substr(static_cast<std::size_t>(end - rest.data())));
      more = rest != "]";
      if (more && !skip(rest, ",")) return;
    }
    list.set_text({text, size});
  }

  static std::string_view trim_json(std::string_view text) {
    while (!text.empty() && static_cast<unsigned char>(text.front()) <= ' ') text.remove_prefix(1);
    return text;
  }

  static bool read_scalar(Walk& walk, Value& out) {
    if (walk.at >= walk.count) return false;
    const std::string_view token = walk.token();
    out.text_data = token.data();
    out.text_size = static_cast<std::uint32_t>(token.size());
    switch (token.empty() ? '\0' : token[0]) {
      case '"': {
        if (token.size() < 2 || token.back() != '"') return false;
        std::string_view text = token.substr(1, token.size() - 2);
        if (walk.escapes && !text.empty() && std::memchr(text.data(), '\\', text.size())) {
          char* plain = walk.batch->arena.allocate(text.size());
          text = {plain, unescape(text, plain)};
        }
        out.kind = Value::Kind::string;
        out.text_data = text.data();
        out.text_size = static_cast<std::uint32_t>(text.size());
        return true;
      }
      case 't':
      case 'f':
        out.kind = Value::Kind::boolean;
        out.as.boolean = token[0] == 't';
        return token == "true" || token == "false";
      case 'n':
        out.kind = Value::Kind::null;
        out.text_size = 0;
        return token == "null";
      default: return read_number(token, out);
    }
  }

  static bool read_number(std::string_view token, Value& out) {
    if (token == "-") {  // a server's "no value", where its log format has no quotes around a number
      out.kind = Value::Kind::null;
      out.text_size = 0;
      return true;
    }
    if (!json::is_number(token)) return false;
    const char* const end = token.data() + token.size();
    const auto [at, error] = std::from_chars(token.data(), end, out.as.integer);
    if (error == std::errc() && at == end) {
      out.kind = Value::Kind::integer;
      return true;
    }
    double real = 0;  // stays 0 where the number is beyond a double's range
    std::from_chars(token.data(), end, real);
    out.kind = Value::Kind::real;
    out.as.real = real;
    return true;
  }

  // The key's node: the guess if it is right, else by lookup, else new.
  Key find_key(std::string_view name, Key parent, Key previous) {
    const Key guess = previous ? keys_[previous].next_sibling : keys_[parent].first_child;
    if (guess != 0) {
      const KeyNode& node = keys_[guess];
      if (node.text == name && node.parent == parent) return guess;
    }
    const Key key = look_up(name, parent);
    (previous ? keys_[previous].next_sibling : keys_[parent].first_child) = key == kForgotten ? 0 : key;
    return key;
  }

  Key look_up(std::string_view text, Key parent) {
    if (parent == kForgotten || text.size() > FieldNames::kNameBytes) return kForgotten;
    lookup_.assign(reinterpret_cast<const char*>(&parent), sizeof parent);
    lookup_ += text;
    if (auto known = by_text_.find(lookup_); known != by_text_.end()) return known->second;
    if (keys_.size() >= kKeys) return kForgotten;
    KeyNode node;
    node.text = text;
    node.parent = parent;
    std::string plain(text.size(), '\0');
    plain.resize(unescape(text, plain.data()));
    node.path = keys_[parent].path.empty() ? plain : keys_[parent].path + "." + plain;
    node.meaning = key_meaning(format_, node.path, names_);
    if (node.meaning.required >= 0) node.marks = std::uint64_t{1} << node.meaning.required;
    if (!inside_key_.empty() && node.path == inside_key_) node.marks |= kInsideMark;
    if (format_.kind == RecordKind::application)
      node.marks |= std::uint64_t{windows_.learn(node.path, node.meaning.id, names_)} << kRequiredMost;
    keys_.push_back(std::move(node));
    const Key key = static_cast<Key>(keys_.size() - 1);
    by_text_.emplace(lookup_, key);
    return key;
  }

  // A copy whose malformed bytes are U+FFFD.
  static std::string_view repair(std::string_view line, RecordBatch& batch) {
    char* out = batch.arena.allocate(line.size() * 3);
    std::size_t size = 0;
    while (!line.empty()) {
      std::size_t bad = 0;
      const std::size_t good = json::utf8_sequence(line, bad);
      if (good > 0) {
        std::memcpy(out + size, line.data(), good);
        size += good;
        line.remove_prefix(good);
      } else {
        std::memcpy(out + size, "\xEF\xBF\xBD", 3);
        size += 3;
        line.remove_prefix(std::max<std::size_t>(bad, 1));
      }
    }
    return {out, size};
  }

  const Format& format_;
  ParserContext context_;
  std::string_view inside_key_;  // where it stands, the message is a line of a log of its own
  FieldNames& names_;
  TimeContext time_;
  std::unique_ptr<InsideReader> inside_;
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage_;
  std::size_t capacity_ = 0;
  std::vector<KeyNode> keys_;
  std::unordered_map<std::string, Key> by_text_;
  std::string lookup_;
  std::uint64_t required_all_ = 0;
  WindowsJson windows_;
};

}  // namespace

Result<std::unique_ptr<LineParser>> make_json_parser(const Format& format, const ParserContext& context) {
  if (format.required.size() > kRequiredMost) return Error{"at most 60 keys can be required", ErrorKind::too_large};
  return std::unique_ptr<LineParser>(new JsonParser(format, context));
}

}  // namespace logystera::parse
