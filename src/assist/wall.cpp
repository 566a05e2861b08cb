#include "assist/wall.hpp"

#include <fmt/core.h>

#include "redact/finder.hpp"

namespace logystera::assist {
namespace {

using redact::Hit;
using redact::Kind;

}  // namespace

Wall::Wall(const redact::Options& options, std::string_view ours) : state_(std::make_shared<State>(options.patterns)) {
  redact::Finder finder(state_->patterns);
  std::vector<Hit> hits;
  finder.find(ours, redact::Context::text, hits);
  for (const Hit& hit : hits)
    if (hit.kind == Kind::own) state_->ours.emplace(ours.substr(hit.begin, hit.end - hit.begin));
}

Result<Done> Wall::look(std::string_view text) const {
  redact::Finder finder(state_->patterns);
  std::vector<Hit> hits;
  finder.find(text, redact::Context::text, hits);
  for (const Hit& hit : hits) {
    const std::string_view found = text.substr(hit.begin, hit.end - hit.begin);
    if (hit.kind == Kind::own && state_->ours.contains(found)) continue;
    if (state_->pseudonyms.hold(text, hit)) continue;
    ++state_->refused;
    return Error{
        fmt::format("redaction failed: the request to the model holds what looks like personal data ({}), so it was not "
                    "sent: report this",
                    hit.kind == Kind::own ? "own pattern " + state_->patterns[hit.pattern].name()
                                          : std::string(redact::kind_prefix(hit.kind))),
        ErrorKind::broken};
  }
  return Done{};
}

Result<Cleared> Wall::pass(std::string body, Quotes quotes) const {
  if (body.size() > redact::kTextBytes)
    return Error{"the request to the model is too long to be looked at", ErrorKind::too_large};
  const std::size_t deepest = quotes == Quotes::evidence ? 1 : 0;
  const std::string_view whole = body;
  std::size_t begin = 0, backslashes = 0;
  for (std::size_t at = 0; at <= whole.size(); ++at) {
    if (at < whole.size() && whole[at] == '\\') {
      ++backslashes;
      continue;
    }
    const std::size_t before = std::exchange(backslashes, 0);
    if (at < whole.size() && (whole[at] != '"' || before > deepest)) continue;
    if (auto fine = look(whole.substr(begin, at - before - begin)); !fine) return fine.error();
    begin = at + 1;
  }
  return Cleared(std::move(body));
}

}  // namespace logystera::assist
