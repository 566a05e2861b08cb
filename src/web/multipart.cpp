#include "web/multipart.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>

#include "core/json.hpp"

namespace logystera::web {
namespace {

constexpr std::string_view kType = "multipart/form-data";
constexpr std::string_view kDisposition = "Content-Disposition:";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::size_t kBoundaryBytes = 70;  // RFC 2046, 5.1.1
constexpr std::size_t kNameBytes = 64, kFileNameBytes = 255;

const Error kBroken{"the form is no multipart/form-data as browsers send it", ErrorKind::invalid};

bool begins(std::string_view text, std::string_view with) noexcept {
  return text.size() >= with.size() && ::strncasecmp(text.data(), with.data(), with.size()) == 0;
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_boundary_character(char c) noexcept {
  constexpr std::string_view kOthers = "'()+_,-./:=? ";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         kOthers.find(c) != std::string_view::npos;
}

// Takes `; name=value` or `; name="value"` off the front; nothing when there is none, or it is not well formed. Browsers write a
// quotation mark in a name as %22 and leave backslashes alone (WHATWG HTML, 4.10.21.8).
std::optional<std::pair<std::string_view, std::string_view>> take_parameter(std::string_view& text) {
  text = trimmed(text);
  if (text.empty() || text.front() != ';') return std::nullopt;
  text = trimmed(text.substr(1));
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  const std::string_view name = text.substr(0, equals);
  text.remove_prefix(equals + 1);
  std::size_t size = 0, skip = 0;
  if (!text.empty() && text.front() == '"') {
    text.remove_prefix(1);
    size = text.find('"');
    if (size == std::string_view::npos) return std::nullopt;
    skip = 1;
  } else {
    size = std::min(text.find(';'), text.size());
  }
  const std::string_view value = text.substr(0, size);
  text.remove_prefix(size + skip);
  return std::pair{name, skip == 1 ? value : trimmed(value)};
}

// The reverse of what browsers write for three characters.
std::string unescaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape = begins(text, "%22") || begins(text, "%0D") || begins(text, "%0A");
    if (!escape) out += text.front();
    else out += text[1] == '2' ? '"' : ' ';
    text.remove_prefix(escape ? 3 : 1);
  }
  return out;
}

bool is_name(std::string_view text, std::size_t most) {
  return text.size() <= most && json::is_utf8(text) && text.find('\0') == std::string_view::npos;
}

// The lines before a part's value.
Result<Multipart::Part> read_head(std::string_view head) {
  Multipart::Part part;
  bool disposed = false;
  while (!head.empty()) {
    const std::size_t end = std::min(head.find(kLineEnd), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(head.size(), end + kLineEnd.size()));
    if (!begins(line, kDisposition)) continue;
    if (disposed) return kBroken;
    disposed = true;
    std::string_view rest = trimmed(line.substr(kDisposition.size()));
    constexpr std::string_view kFormData = "form-data";
    if (!begins(rest, kFormData)) return kBroken;
    rest.remove_prefix(kFormData.size());
    while (const auto parameter = take_parameter(rest)) {
      if (begins(parameter->first, "name") && parameter->first.size() == 4) part.name = unescaped(parameter->second);
      else if (begins(parameter->first, "filename") && parameter->first.size() == 8)
        part.file = unescaped(parameter->second);
    }
    if (!trimmed(rest).empty()) return kBroken;
  }
  if (!disposed || part.name.empty() || !is_name(part.name, kNameBytes)) return kBroken;
  if (part.file && !is_name(*part.file, kFileNameBytes))
    return Error{fmt::format("the file's name must be UTF-8 of at most {} bytes", kFileNameBytes), ErrorKind::invalid};
  return part;
}

}  // namespace

std::optional<std::string> Multipart::boundary_of(std::string_view content_type) {
  content_type = trimmed(content_type);
  if (!begins(content_type, kType)) return std::nullopt;
  content_type.remove_prefix(kType.size());
  while (const auto parameter = take_parameter(content_type)) {
    if (parameter->first.size() != 8 || !begins(parameter->first, "boundary")) continue;
    const std::string_view boundary = parameter->second;
    if (boundary.empty() || boundary.size() > kBoundaryBytes || boundary.back() == ' ' ||
        !std::all_of(boundary.begin(), boundary.end(), is_boundary_character))
      return std::nullopt;
    return std::string(boundary);
  }
  return std::nullopt;
}

Result<Multipart> Multipart::parse(std::string_view body, std::string_view boundary) {
  const std::string opening = fmt::format("--{}", boundary);
  const std::string delimiter = fmt::format("\r\n--{}", boundary);
  Multipart form;
  if (!body.starts_with(opening)) return kBroken;
  body.remove_prefix(opening.size());
  while (!body.starts_with("--")) {
    if (!body.starts_with(kLineEnd)) return kBroken;
    body.remove_prefix(kLineEnd.size());
    constexpr std::string_view kHeadEnd = "\r\n\r\n";
    const std::size_t head = body.substr(0, kPartHeaderBytes).find(kHeadEnd);
    if (head == std::string_view::npos) return kBroken;
    auto part = read_head(body.substr(0, head));
    if (!part) return part.error();
    body.remove_prefix(head + kHeadEnd.size());
    const std::size_t size = body.find(delimiter);
    if (size == std::string_view::npos) return kBroken;
    part->value = body.substr(0, size);
    body.remove_prefix(size + delimiter.size());
    if (form.find(part->name)) return Error{"a field is there twice", ErrorKind::invalid};
    if (form.parts_.size() == kMultipartParts)
      return Error{fmt::format("the form has more than {} fields", kMultipartParts), ErrorKind::too_large};
    form.parts_.push_back(std::move(part).value());
  }
  return form;
}

const Multipart::Part* Multipart::find(std::string_view name) const noexcept {
  for (const Part& part : parts_) {
    if (part.name == name) return &part;
  }
  return nullptr;
}

}  // namespace logystera::web
