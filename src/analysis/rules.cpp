#include "analysis/rules.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "core/clock.hpp"
#include "detect/loader.hpp"
#include "detect/packs.hpp"
#include "parse/source.hpp"
#include "parse/whole_file.hpp"

namespace logystera::analysis {
namespace {

constexpr std::size_t kPlaceholderBytes = 4 * 1024 * 1024;
constexpr std::int64_t kSampleReference = std::int64_t{1'780'000'000} * kSecondNs;  // 2026: syslog lines name no year

}  // namespace

Result<detect::RuleSet> load_rules(const RuleSources& sources) {
  detect::LoadOptions options = detect::built_in_options();
  if (!sources.placeholders.empty()) {
    auto text = parse::read_whole_file(sources.placeholders, kPlaceholderBytes);
    if (!text) return text.error();
    auto values = detect::load_placeholders(sources.placeholders, text.value());
    if (!values) return values.error();
    for (auto& [name, list] : values.value()) options.placeholders[name] = std::move(list);
  }
  detect::Loader loader(std::move(options));
  if (sources.built_in) detect::add_built_in_packs(loader);
  for (const std::string& path : sources.paths) {
    std::error_code ignored;
    auto added = std::filesystem::is_directory(path, ignored) ? loader.add_directory(path, sources.follow_links)
                                                              : loader.add_file(path);
    if (!added) return added.error();
  }
  for (const RuleDocument& document : sources.documents) loader.add_node(document.file, document.root);
  return loader.finish();
}

detect::LineReader sample_reader() {
  auto formats = std::make_shared<Result<parse::Formats>>(parse::Formats::built_in());
  return [formats](std::string_view format, std::string_view lines, FieldNames& names, RecordBatch& batch) -> Result<Done> {
    if (!formats->ok()) return formats->error();
    const parse::Format* found = formats->value().find(format);
    if (!found)
      return Error{fmt::format("there is no format '{}': 'logystera formats' lists them", format), ErrorKind::not_found};
    const parse::ParserContext context{names, parse::TimeContext(kSampleReference)};
    auto parser = parse::make_parser(*found, context);
    if (!parser) return parser.error();
    auto fallback = parse::make_parser(*formats->value().find("plaintext"), context);
    if (!fallback) return fallback.error();
    parse::SourceOptions options;
    options.reference_ns = kSampleReference;
    batch.text.resize(lines.size());
    std::copy(lines.begin(), lines.end(), batch.text.data());
    parse::LineRecords records(*found, std::move(parser).value(), std::move(fallback).value(), "sample", options);
    records.read(batch, true);
    if (records.counts().unparsed > 0)
      return Error{fmt::format("a line of the sample is not of the format '{}'", format), ErrorKind::invalid};
    return Done{};
  };
}

}  // namespace logystera::analysis
