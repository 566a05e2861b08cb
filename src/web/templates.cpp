#include "web/templates.hpp"

#include <fmt/core.h>

#include <kainjow/mustache.hpp>
#include <utility>

#include "core/printable.hpp"
#include "web/assets.hpp"
#include "web/embedded.hpp"
#include "web/html.hpp"

namespace logystera::web {

namespace mustache = kainjow::mustache;

struct View::Data {
  mustache::data fields;
};

View::View() : data_(std::make_unique<Data>()) {}
View::~View() = default;
View::View(View&&) noexcept = default;
View& View::operator=(View&&) noexcept = default;

// The library takes an empty text for something that is there.
View& View::text(std::string_view name, std::string_view value) {
  data_->fields[std::string(name)] = value.empty() ? mustache::data(false) : mustache::data(std::string(value));
  return *this;
}

View& View::flag(std::string_view name, bool value) {
  data_->fields[std::string(name)] = mustache::data(value);
  return *this;
}

View& View::number(std::string_view name, std::uint64_t value) { return text(name, grouped(value)); }

View& View::time(std::string_view name, std::int64_t seconds) {
  if (seconds == 0) return flag(name, false);
  View moment;
  moment.text("iso", iso_time(seconds)).text("words", utc_words(seconds));
  return view(name, std::move(moment));
}

View& View::view(std::string_view name, View value) {
  data_->fields[std::string(name)] = std::move(value.data_->fields);
  return *this;
}

View& View::rows(std::string_view name, std::vector<View> rows) {
  mustache::list list;
  list.reserve(rows.size());
  for (View& row : rows) list.emplace_back(std::move(row.data_->fields));
  data_->fields[std::string(name)] = mustache::data(list);
  return *this;
}

struct Templates::Parsed {
  explicit Parsed(const std::string& text) : code(text) {
    code.set_custom_escape([](const std::string& value) { return escaped(printable(value)); });
  }
  // render() writes to it when a partial or a lambda is at fault; there are neither.
  mutable mustache::mustache code;
};

namespace {

constexpr std::string_view kEnding = ".mustache";
constexpr int kDeepest = 8;

std::string_view source_of(std::string_view name) {
  for (const embedded::File& file : embedded::templates()) {
    if (file.name.size() == name.size() + kEnding.size() && file.name.starts_with(name)) return file.bytes;
  }
  return {};
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \n"), last = text.find_last_not_of(" \n");
  return first == std::string_view::npos ? std::string_view() : text.substr(first, last - first + 1);
}

// What is between braces is resolved where it does not depend on a view, and lines lose their indentation, which would cost the
// library a piece for each blank.
void load(std::string_view text, int depth, std::string& out, std::string& fault) {
  if (depth > kDeepest) fault = "partials that hold each other";
  bool line_begins = true;
  while (!text.empty() && fault.empty()) {
    if (line_begins && text.front() == ' ') {
      text.remove_prefix(1);
      continue;
    }
    if (!text.starts_with("{{")) {
      line_begins = text.front() == '\n';
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    line_begins = false;
    const std::size_t end = text.find("}}");
    if (end == std::string_view::npos) {
      fault = "a tag without its end";
      return;
    }
    const std::string_view tag = text.substr(2, end - 2);
    if (tag.starts_with('>')) {
      const std::string_view name = trimmed(tag.substr(1)), part = source_of(name);
      if (part.empty()) fault = fmt::format("no partial '{}'", name);
      load(part.ends_with('\n') ? part.substr(0, part.size() - 1) : part, depth + 1, out, fault);
    } else if (tag.starts_with("asset ")) {
      const std::string path = asset_path(trimmed(tag.substr(6)));
      if (path.empty()) fault = fmt::format("no asset '{}'", trimmed(tag.substr(6)));
      out += path;
    } else if (tag.starts_with('{') || tag.starts_with('&') || tag.starts_with('=')) {
      fault = "a tag that would not be escaped";
    } else if (!tag.starts_with('!')) {
      out += text.substr(0, end + 2);
    }
    text.remove_prefix(end + 2);
  }
}

}  // namespace

Templates::Templates() {
  for (const embedded::File& file : embedded::templates()) {
    const std::string_view name = file.name.substr(0, file.name.size() - kEnding.size());
    std::string text, fault;
    load(file.bytes, 0, text, fault);
    auto parsed = std::make_unique<Parsed>(text);
    if (fault.empty()) fault = parsed->code.error_message();
    if (!fault.empty()) faults_.push_back(fmt::format("{}: {}", file.name, fault));
    parsed_.emplace(name, std::move(parsed));
  }
}

Templates::~Templates() = default;

const Templates& Templates::all() {
  static const Templates templates;
  return templates;
}

std::string Templates::render(std::string_view name, const View& view) const {
  std::string out;
  const auto found = parsed_.find(name);
  if (found != parsed_.end())
    found->second->code.render(view.data_->fields, [&](const std::string& piece) { out += piece; });
  return out;
}

std::vector<std::string> Templates::names() const {
  std::vector<std::string> names;
  for (const auto& [name, parsed] : parsed_) names.push_back(name);
  return names;
}

}  // namespace logystera::web
