#include "dashboard/rule_book.hpp"

#include <algorithm>
#include <cstdint>

#include "detect/packs.hpp"

namespace logystera::dashboard {
namespace {

const detect::RuleSet& built_in_rules() {
  static const detect::RuleSet rules = [] {
    detect::Loader loader(detect::built_in_options());
    detect::add_built_in_packs(loader);
    return loader.finish();
  }();
  return rules;
}

// The document of `text` that has the line.
std::string_view document_at(std::string_view text, std::uint32_t wanted) {
  std::size_t begin = 0, at = 0;
  for (std::uint32_t line = 1; at < text.size(); ++line) {
    const std::size_t next = std::min(text.find('\n', at), text.size() - 1) + 1;
    if (text.substr(at, next - at).starts_with("---")) {
      if (line > wanted) return text.substr(begin, at - begin);
      begin = next;
    }
    at = next;
  }
  return text.substr(begin);
}

}  // namespace

const detect::Rule& as_written(const detect::Rule& rule) {
  const detect::Rule* found = built_in_rules().find(rule.id);
  // A rule of one's own may have a built-in one's id in its place.
  return found && found->title == rule.title && (rule.pack.empty() || rule.pack == found->pack) ? *found : rule;
}

RuleText text_of(const detect::Rule& rule) {
  for (const detect::BuiltInPack& pack : detect::built_in_packs()) {
    if (pack.name != rule.pack) continue;
    const std::string_view text = document_at(pack.text, rule.at.line);
    const std::size_t samples = text.find("\nsamples:");
    if (samples == std::string_view::npos) return {text, {}};
    return {text.substr(0, samples + 1), text.substr(samples + 1)};
  }
  return {};
}

}  // namespace logystera::dashboard
