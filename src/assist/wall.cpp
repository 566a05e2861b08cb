#include "assist/wall.hpp"

#include <fmt/core.h>

#include "redact/finder.hpp"

namespace logystera::assist {
namespace {

using redact::Hit;
using redact::Kind;

bool is_hex(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }
bool is_word(char c) noexcept { return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

}  // namespace

Wall::Wall(const redact::Options& options, std::string_view ours) : state_(std::make_shared<State>()) {
  state_->patterns = options.patterns;
  for (std::size_t kind = 0; kind < redact::kKinds; ++kind)
    state_->prefixes.emplace_back(redact::kind_prefix(static_cast<Kind>(kind)));
  for (const redact::Pattern& pattern : state_->patterns) state_->prefixes.push_back(pattern.prefix());
  redact::Finder finder(state_->patterns);
  std::vector<Hit> hits;
  finder.find(ours, redact::Context::text, hits);
  for (const Hit& hit : hits)
    if (hit.kind == Kind::own) state_->ours.emplace(ours.substr(hit.begin, hit.end - hit.begin));
}

// Whether what was found lies in a word redaction has written: prefix, '_' and hex digits, or a mask.
bool Wall::is_pseudonym(std::string_view body, const Hit& hit) const {
  std::size_t begin = hit.begin, end = hit.end;
  while (begin > 0 && is_word(body[begin - 1])) --begin;
  while (end < body.size() && is_word(body[end])) ++end;
  const std::string_view word = body.substr(begin, end - begin);
  for (const std::string& prefix : state_->prefixes) {
    if (word == prefix && begin > 0 && body[begin - 1] == '<' && end < body.size() && body[end] == '>') return true;
    if (word.size() < prefix.size() + 1 + redact::kPseudonymDigits || !word.starts_with(prefix) || word[prefix.size()] != '_')
      continue;
    const std::string_view digits = word.substr(prefix.size() + 1);
    if (digits.find_first_not_of("0123456789abcdef") == std::string_view::npos) return true;
  }
  return false;
}

Result<Cleared> Wall::pass(std::string body) const {
  if (body.size() > redact::kTextBytes) return Error{"the request to the model is too long to be looked at", ErrorKind::too_large};
  redact::Finder finder(state_->patterns);
  std::vector<Hit> hits;
  finder.find(body, redact::Context::text, hits);
  for (const Hit& hit : hits) {
    const std::string_view found = std::string_view(body).substr(hit.begin, hit.end - hit.begin);
    if (hit.kind == Kind::own && state_->ours.contains(found)) continue;
    if (is_pseudonym(body, hit)) continue;
    ++state_->refused;
    return Error{fmt::format("redaction failed: the request to the model holds what looks like personal data ({}), so it was not "
                             "sent: report this",
                             hit.kind == Kind::own ? "own pattern " + state_->patterns[hit.pattern].name()
                                                   : std::string(redact::kind_prefix(hit.kind))),
                 ErrorKind::broken};
  }
  return Cleared(std::move(body));
}

}  // namespace logystera::assist
