#include "assist/redacted.hpp"

#include <mutex>
#include <vector>

#include "assist/pseudonym_words.hpp"
#include "assist/text.hpp"
#include "core/record.hpp"
#include "redact/finder.hpp"

namespace logystera::assist {

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
  text = text.substr(0, redact::kTextBytes);
  std::vector<redact::Hit> hits;
  state_->finder.find(text, redact::Context::text, hits);
  std::erase_if(hits, [&](const redact::Hit& hit) { return state_->pseudonyms.hold(text, hit); });
  Arena arena;
  state_->rewriter.begin_record();
  return Redacted(std::string(state_->rewriter.rewrite(text, hits, arena)));
}

const redact::Options& Redaction::options() const noexcept { return state_->options; }

}  // namespace logystera::assist
