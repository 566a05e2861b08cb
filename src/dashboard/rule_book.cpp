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

const detect::BuiltInPack* built_in_pack(std::string_view name) {
  const auto& packs = detect::built_in_packs();
  const auto found = std::find_if(packs.begin(), packs.end(), [&](const auto& one) { return one.name == name; });
  return found == packs.end() ? nullptr : &*found;
}

}  // namespace

const detect::Rule& as_written(const detect::Rule& rule) {
  const detect::Rule* found = built_in_rules().find(rule.id);
  // A rule of one's own may have a built-in one's id in its place.
  return found && found->title == rule.title && (rule.pack.empty() || rule.pack == found->pack) ? *found : rule;
}

std::string pack_of(const detect::Rule& rule) {
  if (rule.pack.empty()) return "your own";
  return built_in_pack(rule.pack) ? rule.pack : rule.pack.substr(rule.pack.rfind('/') + 1);
}

RuleText text_of(const detect::Rule& rule) {
  std::string_view document;
  std::string file;
  if (const detect::BuiltInPack* const pack = built_in_pack(rule.pack)) {
    document = document_at(pack->text, rule.at.line);
  } else if (!rule.pack.empty()) {
    auto read = detect::rule_file_text(rule.pack);
    if (!read) return {};
    file = std::move(read).value();
    document = document_at(file, rule.at.line);
    // It may have been written anew since the rules were loaded.
    if (document.find(rule.id) == std::string_view::npos) return {};
  }
  const std::size_t samples = document.find("\nsamples:");
  if (samples == std::string_view::npos) return {std::string(document), {}};
  return {std::string(document.substr(0, samples + 1)), std::string(document.substr(samples + 1))};
}

detect::Rule as_its_text_says(const detect::Rule& rule, const RuleText& text) {
  if (text.rule.empty() || built_in_pack(rule.pack)) return rule;
  detect::Loader loader(detect::built_in_options());
  loader.add_text(rule.pack, text.rule + text.samples);
  const detect::RuleSet rules = loader.finish();
  const detect::Rule* const found = rules.find(rule.id);
  if (!found) return rule;  // a correlation, whose rules are elsewhere
  detect::Rule written = *found;
  written.at = rule.at;
  return written;
}

}  // namespace logystera::dashboard
