#include "assist/redacted.hpp"

#include <mutex>
#include <vector>

#include "assist/pseudonym_words.hpp"
#include "assist/text.hpp"
#include "core/record.hpp"
#include "redact/finder.hpp"
#include "redact/labels.hpp"

namespace logystera::assist {
namespace {

constexpr int kRounds = 8;  // two or three suffice; the second wall refuses what they have not settled

}  // namespace

struct Redaction::State {
  explicit State(redact::Options all)
      : options(std::move(all)),
        pseudonyms(options.patterns),
        finder(options.patterns),
        rewriter(options.mode, options.salt, options.digits, options.patterns) {}
  const redact::Options options;
  const PseudonymWords pseudonyms;
  std::mutex mutex;
  redact::Finder finder;
  redact::Rewriter rewriter;

  /// Redacted until nothing is found any more: what has been replaced may have hidden something beside it, and an escape that shows
  /// something unseen may make a value of what was none.
  std::string settled(std::string text);
  std::vector<redact::Hit> hits_in(std::string_view text);
  /// Of `hits`, which are in order and without overlaps, those in what redaction has written are left as they are.
  std::string rewritten(std::string_view text, std::vector<redact::Hit>& hits);
};

Redacted Redacted::cut(std::size_t bytes) const {
  if (text_.size() <= bytes) return *this;
  return Redacted(std::string(whole_characters(std::string_view(text_).substr(0, bytes))) + "…");
}

Result<Redaction> Redaction::make(redact::Options options) {
  if (options.mode == redact::Mode::dry_run)
    return Error{"dry-run leaves personal data as they are, and those never go to a model: redact or mask them",
                 ErrorKind::invalid};
  return Redaction(std::make_shared<State>(std::move(options)));
}

Redacted Redaction::operator()(std::string_view text) const {
  const std::lock_guard lock(state_->mutex);
  return Redacted(state_->settled(std::string(text.substr(0, redact::kTextBytes))));
}

Redacted Redaction::name(std::string_view text) const {
  // What stands between slashes is a name of its own, of which the finder of names knows the dots.
  std::string whole;
  const std::string before = (*this)(text).text();
  const std::lock_guard lock(state_->mutex);
  for (std::string_view rest = before;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    std::vector<redact::Hit> hits;
    redact::find_in_name(state_->finder, part, hits);
    whole += state_->rewritten(part, hits);
    if (slash == std::string_view::npos) return Redacted(std::move(whole));
    whole += '/';
    rest.remove_prefix(slash + 1);
  }
}

const redact::Options& Redaction::options() const noexcept { return state_->options; }

std::vector<redact::Hit> Redaction::State::hits_in(std::string_view text) {
  std::vector<redact::Hit> hits;
  finder.find(text, redact::Context::text, hits);
  std::erase_if(hits, [&](const redact::Hit& hit) { return pseudonyms.hold(text, hit); });
  return hits;
}

std::string Redaction::State::settled(std::string text) {
  for (int round = 0; round < kRounds; ++round) {
    auto hits = hits_in(text);
    if (!hits.empty()) {
      text = rewritten(text, hits);
      continue;
    }
    std::string shown = visible(text);
    if (shown == text || hits_in(shown).empty()) break;
    text = std::move(shown);
  }
  return text;
}

std::string Redaction::State::rewritten(std::string_view text, std::vector<redact::Hit>& hits) {
  std::erase_if(hits, [&](const redact::Hit& hit) { return pseudonyms.hold(text, hit); });
  Arena arena;
  rewriter.begin_record();
  return std::string(rewriter.rewrite(text, hits, arena));
}

}  // namespace logystera::assist
