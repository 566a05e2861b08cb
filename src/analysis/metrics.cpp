#include "analysis/metrics.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/walk.hpp"
#include "parse/whole_file.hpp"

namespace logystera::analysis {
namespace {

constexpr std::size_t kFileBytes = 1024 * 1024, kFilesMost = 1'000;

Result<Done> add_file(metric::Definitions& definitions, const std::string& path) {
  auto text = parse::read_whole_file(path, kFileBytes);
  if (!text) return text.error();
  definitions.add(path, text.value());
  return Done{};
}

Result<Done> add_directory(metric::Definitions& definitions, const std::string& path, bool follow_links) {
  WalkOptions options;
  options.follow_links = follow_links;
  options.files_most = kFilesMost;
  options.wanted = [](std::string_view name) { return name.ends_with(".yml") || name.ends_with(".yaml"); };
  std::vector<FilePath> files;
  PassedOver passed;
  if (auto walked = walk_directory(path, options, files, passed); !walked) return walked;
  for (const auto& [name, reason] : passed.named)
    definitions.add_problem(fmt::format("{}: passed over: {}", name, passed_text(reason)));
  for (const FilePath& file : files)
    if (auto added = add_file(definitions, file.path); !added) return added;
  return Done{};
}

}  // namespace

Result<metric::Definitions> load_metrics(const std::vector<std::string>& paths, bool follow_links) {
  metric::Definitions definitions = metric::Definitions::built_in();
  for (const std::string& path : paths) {
    std::error_code ignored;
    auto added = std::filesystem::is_directory(path, ignored) ? add_directory(definitions, path, follow_links)
                                                              : add_file(definitions, path);
    if (!added) return added.error();
  }
  return definitions;
}

}  // namespace logystera::analysis
