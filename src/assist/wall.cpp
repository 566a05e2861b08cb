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

Result<Cleared> Wall::pass(std::string body) const {
  if (body.size() > redact::kTextBytes)
    return Error{"the request to the model is too long to be looked at", ErrorKind::too_large};
  redact::Finder finder(state_->patterns);
  std::vector<Hit> hits;
  finder.find(body, redact::Context::text, hits);
  for (const Hit& hit : hits) {
    const std::string_view found = std::string_view(body).substr(hit.begin, hit.end - hit.begin);
    if (hit.kind == Kind::own && state_->ours.contains(found)) continue;
    if (state_->pseudonyms.hold(body, hit)) continue;
    ++state_->refused;
    return Error{
        fmt::format("redaction failed: the request to the model holds what looks like personal data ({}), so it was not "
                    "sent: report this",
                    hit.kind == Kind::own ? "own pattern " + state_->patterns[hit.pattern].name()
                                          : std::string(redact::kind_prefix(hit.kind))),
        ErrorKind::broken};
  }
  return Cleared(std::move(body));
}

}  // namespace logystera::assist
