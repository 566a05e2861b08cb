#include "yaml/yaml.hpp"

#include <libfyaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <memory>
#include <unordered_map>

#include "core/json.hpp"

namespace logystera::yaml {
namespace {

struct DiagRelease {
  void operator()(fy_diag* diag) const noexcept { fy_diag_destroy(diag); }
};
struct ParserRelease {
  void operator()(fy_parser* parser) const noexcept { fy_parser_destroy(parser); }
};

// libfyaml would rather print what it finds; we keep it and say it ourselves.
void swallow(fy_diag*, void*, const char*, std::size_t) {}

// An event is given back to its parser, whichever way the loop is left.
class Event {
 public:
  explicit Event(fy_parser* parser) : parser_(parser), event_(fy_parser_parse(parser)) {}
  ~Event() {
    if (event_) fy_parser_event_free(parser_, event_);
  }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  explicit operator bool() const noexcept { return event_ != nullptr; }
  fy_event* operator->() const noexcept { return event_; }
  fy_event* get() const noexcept { return event_; }
  Position at() const noexcept {
    const fy_mark* mark = fy_event_start_mark(event_);
    if (!mark) return {};
    return {static_cast<std::uint32_t>(mark->line + 1), static_cast<std::uint32_t>(mark->column + 1)};
  }

 private:
  fy_parser* parser_;
  fy_event* event_;
};

std::string_view text_of(fy_token* token) noexcept {
  if (!token) return {};
  std::size_t size = 0;
  const char* text = fy_token_get_text(token, &size);
  return text ? std::string_view(text, size) : std::string_view();
}

bool is_digits(std::string_view text) noexcept {
  for (char c : text)
    if (c < '0' || c > '9') return false;
  return !text.empty();
}

// YAML 1.2 core schema, §10.3.2. `012` is the integer 12 there, and `yes` a string.
void type_plain(Node& node) {
  const std::string& text = node.text;
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    node.kind = Node::Kind::null;
    return;
  }
  if (text == "true" || text == "True" || text == "TRUE" || text == "false" || text == "False" || text == "FALSE") {
    node.kind = Node::Kind::boolean;
    node.boolean = text[0] == 't' || text[0] == 'T';
    return;
  }
  const char* begin = text.data();
  const char* end = begin + text.size();
  const bool negative = *begin == '-';
  const std::string_view body(begin + (negative || *begin == '+'), end);
  if (is_digits(body)) {
    const char* first = negative ? begin : body.data();
    auto [at, error] = std::from_chars(first, end, node.integer);
    if (error == std::errc() && at == end) {
      node.kind = Node::Kind::integer;
      node.real = static_cast<double>(node.integer);
      return;
    }
  }
  if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'o')) {
    auto [at, error] = std::from_chars(begin + 2, end, node.integer, text[1] == 'x' ? 16 : 8);
    if (error == std::errc() && at == end) {
      node.kind = Node::Kind::integer;
      node.real = static_cast<double>(node.integer);
      return;
    }
  }
  const bool may_be_real = body.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
                           body.find_first_of("0123456789") != std::string_view::npos && body[0] != '+' && body[0] != '-' &&
                           body[0] != 'e' && body[0] != 'E';
  if (may_be_real) {
    auto [at, error] = std::from_chars(body.data(), end, node.real);
    if (error == std::errc() && at == end) {
      if (negative) node.real = -node.real;
      node.kind = Node::Kind::real;
      return;
    }
  }
  if (body == ".inf" || body == ".Inf" || body == ".INF") {
    node.kind = Node::Kind::real;
    node.real = negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  } else if (text == ".nan" || text == ".NaN" || text == ".NAN") {
    node.kind = Node::Kind::real;
    node.real = std::numeric_limits<double>::quiet_NaN();
  } else {
    node.kind = Node::Kind::string;
  }
}

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Node::Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

std::size_t text_bytes_of(const Node& node) {
  std::size_t bytes = node.text.size();
  for (const Node& item : node.items) bytes += text_bytes_of(item);
  for (const Node::Entry& entry : node.entries) bytes += entry.key.size() + text_bytes_of(entry.value);
  return bytes;
}

std::size_t depth_of(const Node& node) {
  std::size_t depth = 0;
  for (const Node& item : node.items) depth = std::max(depth, depth_of(item));
  for (const Node::Entry& entry : node.entries) depth = std::max(depth, depth_of(entry.value));
  return depth + (node.is_scalar() ? 0 : 1);
}

// Turns events into nodes with a stack of open collections, so nesting costs heap and never the call stack.
class Builder {
 public:
  Builder(std::string_view text, const Limits& limits, Documents& out) : text_(text), limits_(limits), out_(out) {}

  // False once something was refused; out.problem says what.
  bool take(const Event& event);

 private:
  struct Open {
    Node node;
    std::string anchor;
    bool has_key = false;  // maps: a key waits for its value
    std::string key;
    Position key_at;
    std::unordered_map<std::string, std::uint32_t> seen;  // maps: key → line
  };

  bool refuse(Position at, std::string message) {
    out_.problem = {at, std::move(message)};
    return false;
  }
  bool open(Node::Kind kind, Position at, fy_token* anchor);
  bool close();
  bool scalar(const Event& event);
  bool alias(const Event& event);
  bool place(Node node, std::string_view anchor);
  bool may_copy(const Node& node, Position at);
  bool keep(std::string_view anchor, const Node& node);

  bool reread_quotes(const Event& event, Node& node);

  std::string_view text_;
  const Limits& limits_;
  Documents& out_;
  std::vector<Open> open_;
  std::unordered_map<std::string, Node> anchors_;
  std::size_t nodes_ = 0;
  std::size_t kept_nodes_ = 0, copied_bytes_ = 0;  // nodes that anchors keep; texts of those and of what aliases stand for
};

bool Builder::take(const Event& event) {
  switch (event->type) {
    case FYET_DOCUMENT_START:
      anchors_.clear();
      if (out_.roots.size() >= limits_.documents)
        return refuse(event.at(), "more than " + std::to_string(limits_.documents) + " documents: split the file");
      return true;
    case FYET_MAPPING_START: return open(Node::Kind::map, event.at(), event->mapping_start.anchor);
    case FYET_SEQUENCE_START: return open(Node::Kind::list, event.at(), event->sequence_start.anchor);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END: return close();
    case FYET_SCALAR: return scalar(event);
    case FYET_ALIAS: return alias(event);
    default: return true;
  }
}

bool Builder::open(Node::Kind kind, Position at, fy_token* anchor) {
  if (open_.size() >= limits_.depth)
    return refuse(at, "nested deeper than " + std::to_string(limits_.depth) + " levels: flatten it");
  if (!open_.empty() && open_.back().node.is_map() && !open_.back().has_key)
    return refuse(at, "a key must be a plain text, not a list or a map");
  Open next;
  next.node.kind = kind;
  next.node.at = at;
  next.anchor = std::string(text_of(anchor));
  open_.push_back(std::move(next));
  return true;
}

bool Builder::close() {
  Open done = std::move(open_.back());
  open_.pop_back();
  return place(std::move(done.node), done.anchor);
}

bool Builder::scalar(const Event& event) {
  fy_token* token = event->scalar.value;
  Node node;
  node.at = event.at();
  node.text = std::string(text_of(token));
  const fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
  const bool plain = style == FYSS_PLAIN;
  // libfyaml marks what is within the quotes; a person looks for the quote.
  node.quoted = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
  if (node.quoted && node.at.column > 1) --node.at.column;
  node.kind = Node::Kind::string;
  if (style == FYSS_SINGLE_QUOTED && !reread_quotes(event, node)) return false;
  if (!open_.empty() && open_.back().node.is_map() && !open_.back().has_key) {
    Open& map = open_.back();
    auto [seen, fresh] = map.seen.emplace(node.text, node.at.line);
    if (!fresh)
      return refuse(node.at, "the key '" + node.text + "' is there already, in line " + std::to_string(seen->second) +
                                 ": keep one of them");
    map.key = std::move(node.text);
    map.key_at = node.at;
    map.has_key = true;
    return true;
  }
  if (plain) type_plain(node);
  return place(std::move(node), text_of(event->scalar.anchor));
}

// libfyaml 0.7 loses what follows two quoted quotes in a row ('a''''b' is a''b, and it says a'''). Such a text is read again
// here, where it stands on one line.
bool Builder::reread_quotes(const Event& event, Node& node) {
  const fy_mark* mark = fy_event_start_mark(event.get());
  if (!mark || mark->input_pos == 0 || mark->input_pos > text_.size() || text_[mark->input_pos - 1] != '\'') return true;
  std::string text;
  bool doubled = false, folded = false;
  std::size_t at = mark->input_pos;
  for (; at < text_.size(); ++at) {
    if (text_[at] == '\'') {
      if (at + 1 >= text_.size() || text_[at + 1] != '\'') break;
      doubled = doubled || text_.substr(at, 4) == "''''";
      ++at;
    }
    folded = folded || text_[at] == '\n';
    text += text_[at];
  }
  if (!doubled) return true;
  if (folded) return refuse(node.at, "two quotes in a row in a quoted text of several lines: put it in double quotes");
  node.text = std::move(text);
  return true;
}

bool Builder::alias(const Event& event) {
  const std::string name(text_of(event->alias.anchor));
  auto found = anchors_.find(name);
  if (found == anchors_.end()) return refuse(event.at(), "the alias *" + name + " has no anchor &" + name + " before it");
  if (!open_.empty() && open_.back().node.is_map() && !open_.back().has_key)
    return refuse(event.at(), "an alias cannot be a key: write the key out");
  if (open_.size() + depth_of(found->second) > limits_.depth)
    return refuse(event.at(), "the alias *" + name + " nests deeper than " + std::to_string(limits_.depth) + " levels");
  const std::size_t size = count_nodes(found->second);
  if (nodes_ + size > limits_.nodes)
    return refuse(event.at(), "the alias *" + name + " makes this more than " + std::to_string(limits_.nodes) +
                                  " values: write out what is needed");
  nodes_ += size - 1;
  if (!may_copy(found->second, event.at())) return false;
  Node copy = found->second;
  copy.at = event.at();
  return place(std::move(copy), {});
}

// A text that anchors and aliases copy counts each time.
bool Builder::may_copy(const Node& node, Position at) {
  copied_bytes_ += text_bytes_of(node);
  return copied_bytes_ <= limits_.bytes ||
         refuse(at, "anchors and aliases stand for more than " + std::to_string(limits_.bytes) +
                        " bytes: write out what is needed");
}

bool Builder::keep(std::string_view anchor, const Node& node) {
  kept_nodes_ += count_nodes(node);
  if (kept_nodes_ > limits_.nodes)
    return refuse(
        node.at, "anchors within anchors stand for more than " + std::to_string(limits_.nodes) + " values: take some away");
  if (!may_copy(node, node.at)) return false;
  anchors_[std::string(anchor)] = node;
  return true;
}

bool Builder::place(Node node, std::string_view anchor) {
  if (++nodes_ > limits_.nodes)
    return refuse(node.at, "more than " + std::to_string(limits_.nodes) + " values: split the file");
  if (!anchor.empty() && !keep(anchor, node)) return false;
  if (open_.empty()) {
    if (!node.is_null()) out_.roots.push_back(std::move(node));
    return true;
  }
  Open& parent = open_.back();
  if (parent.node.is_list()) {
    parent.node.items.push_back(std::move(node));
  } else {
    parent.node.entries.push_back({std::move(parent.key), parent.key_at, std::move(node)});
    parent.has_key = false;
  }
  return true;
}

Position position_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return {static_cast<std::uint32_t>(std::count(before.begin(), before.end(), '\n') + 1),
          static_cast<std::uint32_t>(offset - line_start + 1)};
}

// What libfyaml would pass over in silence: it stops at a NUL as if the text ended there, and drops bytes that are not
// UTF-8.
bool check_bytes(std::string_view text, Problem& problem) {
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte == 0) {
      problem = {position_of(text, at), "a NUL byte: this is no YAML text"};
      return false;
    }
    std::size_t skip = 0;
    const std::size_t size = byte < 0x80 ? 1 : json::utf8_sequence(text.substr(at), skip);
    if (size == 0) {
      problem = {position_of(text, at), "not valid UTF-8: save the file as UTF-8"};
      return false;
    }
    at += size;
  }
  return true;
}

Problem first_problem(fy_diag* diag) {
  void* at = nullptr;
  if (fy_diag_error* error = fy_diag_errors_iterate(diag, &at)) {
    Problem problem;
    if (error->line > 0 && error->column > 0)
      problem.at = {static_cast<std::uint32_t>(error->line), static_cast<std::uint32_t>(error->column)};
    problem.message = std::string("not valid YAML: ") + (error->msg ? error->msg : "unreadable");
    while (!problem.message.empty() && problem.message.back() == '\n') problem.message.pop_back();
    return problem;
  }
  return {{1, 1}, "not valid YAML"};
}

}  // namespace

const Node* Node::find(std::string_view key) const noexcept {
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

std::string_view kind_name(Node::Kind kind) noexcept {
  switch (kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::boolean: return "true or false";
    case Node::Kind::integer:
    case Node::Kind::real: return "a number";
    case Node::Kind::string: return "a text";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a map";
  }
  return "a value";
}

std::string describe(std::string_view name, const Problem& problem) {
  std::string text(name);
  if (problem.at.line != 0) text += ":" + std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column);
  return text + ": " + problem.message;
}

Documents parse(std::string_view text, const Limits& limits) {
  Documents out;
  if (text.size() > limits.bytes) {
    out.problem = {{1, 1},
                   std::to_string(text.size()) + " bytes, more than the " + std::to_string(limits.bytes) +
                       " a rule file may have: split it"};
    return out;
  }
  if (!check_bytes(text, out.problem)) return out;
  fy_diag_cfg diag_config{};
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = nullptr;
  diag_config.output_fn = swallow;
  std::unique_ptr<fy_diag, DiagRelease> diag(fy_diag_create(&diag_config));
  if (!diag) {
    out.problem = {{}, "out of memory"};
    return out;
  }
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config{};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE);
  config.diag = diag.get();
  std::unique_ptr<fy_parser, ParserRelease> parser(fy_parser_create(&config));
  if (!parser || fy_parser_set_string(parser.get(), text.data(), text.size()) != 0) {
    out.problem = {{}, "out of memory"};
    return out;
  }
  Builder builder(text, limits, out);
  bool ended = false;
  while (!ended) {
    Event event(parser.get());
    if (!event) {
      out.problem = first_problem(diag.get());
      break;
    }
    ended = event->type == FYET_STREAM_END;
    if (!builder.take(event)) break;
  }
  return out;
}

}  // namespace logystera::yaml
