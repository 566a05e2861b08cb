#include "cli/shortened.hpp"

#include <algorithm>
#include <vector>

#include "cli/answer_text.hpp"
#include "cli/terminal.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::size_t kNameColumns = 32;  // of a file's name that is longer (a container's), its end

bool goes_on(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

std::string begin_of(std::string_view text, std::size_t columns) {
  while (columns_of(text) >= columns) {
    while (goes_on(text.back())) text.remove_suffix(1);
    text.remove_suffix(1);
  }
  return std::string(text) + std::string(kEllipsis);
}

// The last `columns` of it, the ellipsis among them.
std::string end_of(std::string_view text, std::size_t columns) {
  while (columns_of(text) >= columns) {
    text.remove_prefix(1);
    while (!text.empty() && goes_on(text.front())) text.remove_prefix(1);
  }
  return std::string(kEllipsis) + std::string(text);
}

std::string short_path(std::string_view path, std::size_t columns) {
  const std::size_t last = path.size() > 1 ? path.rfind('/', path.size() - 2) : std::string_view::npos;
  if (last == std::string_view::npos || columns_of(path.substr(last)) >= columns) return end_of(path, columns);
  std::string_view head, tail = path.substr(last);
  const auto fits = [&](std::string_view front, std::string_view back) {
    return columns_of(front) + (front.empty() ? 1 : 2) + columns_of(back) <= columns;
  };
  // The first name, then as many of the last ones as there is room for.
  if (const std::size_t end = path.find('/', 1); end < last && fits(path.substr(0, end), tail)) head = path.substr(0, end);
  for (std::size_t at = last; at > head.size();) {
    at = path.rfind('/', at - 1);
    if (at == std::string_view::npos || at <= head.size() || !fits(head, path.substr(at))) break;
    tail = path.substr(at);
  }
  return std::string(head) + (head.empty() ? "" : "/") + std::string(kEllipsis) + std::string(tail);
}

// As many words as there is room for; a path that has no room for all of it is shortened, if that leaves its last name.
std::string short_words(std::string_view text, std::size_t columns) {
  std::string line = wrapped(text, columns, 0, 1).front();
  if (!line.ends_with(" …")) return line;
  line.resize(line.size() - kEllipsis.size());
  const std::size_t used = columns_of(line), at = text.find_first_not_of(' ', line.size());
  if (at == std::string_view::npos || !text.starts_with(line)) return line + std::string(kEllipsis);
  const std::string_view word = text.substr(at, text.find(' ', at) - at);
  const std::size_t slash = word.rfind('/');
  if (slash != std::string_view::npos && used + 1 + columns_of(word.substr(slash)) + 2 <= columns)
    line += short_path(word, columns - used - 2) + " ";
  return line + std::string(kEllipsis);
}

// Whether `text` is what the shortened `form` may stand for.
bool may_be(std::string_view form, std::string_view text) {
  bool from_the_start = true;
  for (;;) {
    const std::size_t end = form.find(kEllipsis);
    const std::string_view part = form.substr(0, end);
    if (end == std::string_view::npos) return from_the_start ? text == part : text.ends_with(part);
    const std::size_t at = from_the_start ? (text.starts_with(part) ? 0 : std::string_view::npos) : text.find(part);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + part.size());
    form.remove_prefix(end + kEllipsis.size());
    from_the_start = false;
  }
}

}  // namespace

std::string shortened(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  if (text.find(' ') != std::string_view::npos) return short_words(text, columns);
  if (text.find('/') != std::string_view::npos) return short_path(text, columns);
  return begin_of(text, columns);
}

void SourceNames::add(std::string_view source) { sources_.insert(printable(source)); }

const std::string& SourceNames::of(std::string_view source) const {
  const auto known = names_.find(source);
  if (known != names_.end()) return known->second;
  return names_.emplace(source, name_of(printable(source))).first->second;
}

std::string SourceNames::name_of(const std::string& source) const {
  if (columns_of(source) <= columns_) return source;
  const std::size_t most = std::max(columns_, kNameColumns);
  const auto is_its_own = [&](const std::string& form) {
    return std::none_of(sources_.begin(), sources_.end(),
                        [&](const std::string& other) { return other != source && may_be(form, other); });
  };
  // The ends of the path, the longest first.
  std::vector<std::string> ends;
  for (std::size_t at = source.find('/', 1); at != std::string::npos; at = source.find('/', at + 1))
    ends.push_back(std::string(kEllipsis) + source.substr(at));
  for (const std::string& end : ends)
    if (columns_of(end) <= columns_ && is_its_own(end)) return end;
  for (std::size_t at = ends.size(); at-- > 0;)
    if (columns_of(ends[at]) <= most && is_its_own(ends[at])) return ends[at];
  // The name that differs, and the last one.
  const std::size_t slash = source.rfind('/');
  const std::string_view last = std::string_view(source).substr(slash == std::string::npos ? 0 : slash);
  for (std::size_t end = slash; end != std::string::npos && end > 0;) {
    const std::size_t begin = source.rfind('/', end - 1);
    if (begin == std::string::npos) break;
    std::string form = std::string(kEllipsis) + source.substr(begin, end - begin) + "/" + std::string(kEllipsis);
    form += last;
    if (end < slash && columns_of(form) <= most && is_its_own(form)) return form;
    end = begin;
  }
  if (std::string form = end_of(source, kNameColumns); is_its_own(form)) return form;
  std::string form = begin_of(source, kNameColumns / 2) + end_of(source, kNameColumns / 2).substr(kEllipsis.size());
  return is_its_own(form) ? form : source;
}

}  // namespace logystera::cli
