#include "assist/redacted.hpp"

#include "assist/text.hpp"

namespace logystera::assist {

Redacted Redacted::cut(std::size_t bytes) const {
  if (text_.size() <= bytes) return *this;
  return Redacted(std::string(whole_characters(std::string_view(text_).substr(0, bytes))) + "…");
}

Result<Redaction> Redaction::make(redact::Options options) {
  if (options.mode == redact::Mode::dry_run)
    return Error{"dry-run leaves personal data as they are, and those never go to a model: use redact or mask (--redact, or "
                 "'redact' in the configuration)",
                 ErrorKind::invalid};
  return Redaction(std::make_shared<State>(std::move(options)));
}

Redacted Redaction::operator()(std::string_view text) const {
  const std::lock_guard lock(state_->mutex);
  Arena arena;
  state_->redactor.begin_source();
  return Redacted(std::string(state_->redactor.redact(text, redact::Context::text, arena)));
}

}  // namespace logystera::assist
