#include "source/paths.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string_view>

#include "source/rotation.hpp"

namespace logystera::source {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStdin = "-";

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

// What is packed in a way that is not unpacked here would be read as it lies there.
void without_unpackable(std::vector<FilePath>& files, std::size_t first, PassedOver& passed) {
  const auto packed = [&](FilePath& file) {
    if (!is_unpackable(file.path)) return false;
    passed.add(file.path, Passed::unpackable);
    return true;
  };
  files.erase(std::remove_if(files.begin() + static_cast<std::ptrdiff_t>(first), files.end(), packed), files.end());
}

Result<Done> add_path(const std::string& path, const PathOptions& options, std::vector<FilePath>& files,
                      PassedOver& passed) {
  std::error_code error;
  if (path.empty())
    return Error{"a path is empty: name a file or directory, or '-' for standard input", ErrorKind::invalid};
  if (path == kStdin) {
    files.emplace_back(path);
    return Done{};
  }
  const WalkOptions walk{.follow_links = options.follow_links,
                         .hidden = false,
                         .files_most = options.files_most > files.size() ? options.files_most : files.size()};
  const std::size_t first = files.size();
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) {
    if (auto walked = walk_directory(path, walk, files, passed); !walked) return walked;
    without_unpackable(files, first, passed);
    return Done{};
  }
  if (fs::exists(status)) {
    if (options.rotated)
      for (FilePath& part : rotated_parts(path, {}, walk, passed)) files.push_back(std::move(part));
    files.emplace_back(path);
    return Done{};
  }
  if (!is_pattern(path))
    return Error{fmt::format("{}: {}", path, error ? error.message() : "no such file or directory"), ErrorKind::not_found};
  if (auto matched = match_pattern(path, walk, files, passed); !matched) return matched;
  without_unpackable(files, first, passed);
  if (files.size() == first && passed.total() == 0)
    return Error{fmt::format("{}: no file fits this pattern", path), ErrorKind::not_found};
  return Done{};
}

// One file is read once, whatever names were given for it.
void without_doubles(std::vector<FilePath>& files, PassedOver& passed) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> met;
  std::set<std::string> names;
  std::vector<FilePath> kept;
  for (FilePath& file : files) {
    struct stat status {};
    const bool regular = file.path != kStdin && ::stat(file.path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
    if (!names.insert(file.path).second) continue;
    if (regular && !met.emplace(status.st_dev, status.st_ino).second) passed.add(std::move(file.path), Passed::same_file);
    else kept.push_back(std::move(file));
  }
  files = std::move(kept);
}

// Same log, same set; sets stand where their first member was named.
std::vector<SourceSet> grouped(std::vector<FilePath> files, PassedOver& passed) {
  std::map<std::string, std::vector<FilePath>> members;
  std::vector<std::string> order;
  for (FilePath& file : files) {
    const std::string base = file.path == kStdin ? file.path : rotation_base(file.path);
    auto [found, fresh] = members.try_emplace(base);
    if (fresh) order.push_back(base);
    found->second.push_back(std::move(file));
  }
  std::vector<SourceSet> sets;
  for (const std::string& base : order) {
    std::vector<FilePath>& list = members[base];
    SourceSet set;
    if (list.size() == 1) {
      set = {list.front().path, list};
    } else {
      set.name = base;
      sort_parts(base, list);
      std::set<std::string_view> names;
      for (const FilePath& file : list) names.insert(file.path);
      for (FilePath& file : list) {
        const bool packed = without_packing(file.path).size() != file.path.size();
        // It is being packed just now: one of the two is the other's copy, perhaps half of it.
        if (file.found && packed && names.contains(without_packing(file.path))) passed.add(file.path, Passed::same_file);
        else set.files.push_back(file);
      }
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace

Result<parse::Input> open_source(const FilePath& file, const parse::InputLimits& limits) {
  if (!file.found) return parse::open_input(file.path, limits);
  auto fd = open_found(file);
  if (!fd) return fd.error();
  return parse::open_input(fd->release(), file.path, limits);
}

std::string source_key(const std::string& path) {
  if (path == kStdin) return "stdin";
  std::string name = fs::path(rotation_base(path)).filename().string();
  name = std::string(without_packing(name));
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

Result<std::vector<SourceSet>> find_sources(const std::vector<std::string>& paths, const PathOptions& options,
                                            PassedOver* passed_over) {
  PassedOver unsaid;
  PassedOver& passed = passed_over ? *passed_over : unsaid;
  std::vector<FilePath> files;
  if (paths.empty()) files.emplace_back(std::string(kStdin));
  for (const std::string& path : paths)
    if (auto added = add_path(path, options, files, passed); !added) return added.error();
  if (paths.size() > 1) without_doubles(files, passed);
  if (files.empty()) return Error{fmt::format("{}: there is no file to read", paths.front()), ErrorKind::not_found};
  return grouped(std::move(files), passed);
}

}  // namespace logystera::source
