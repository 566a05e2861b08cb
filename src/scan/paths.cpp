#include "scan/paths.hpp"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>

#include "parse/source.hpp"

namespace logystera::scan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStdin = "-";
constexpr std::size_t kDigitsMost = 14;  // of a rotation's number or date: 20260518103000

std::string_view without_packing(std::string_view name) {
  for (std::string_view packed : {std::string_view(".gz"), std::string_view(".zst")})
    if (name.size() > packed.size() && name.ends_with(packed)) return name.substr(0, name.size() - packed.size());
  return name;
}

// ".1", ".2026-05-18", "-20260518"; the size of such an ending, or 0.
std::size_t rotation_ending(std::string_view name) {
  std::size_t at = name.size(), digits = 0;
  while (at > 0) {
    const char c = name[at - 1];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !((c == '-' || c == '_') && digits > 0)) break;
    digits += digit;
    --at;
  }
  // A date is written 2026-05-18 after a dot, and a dash belongs to it; "-20260518" begins with the dash itself.
  if (digits == 0 || digits > kDigitsMost) return 0;
  if (at > 0 && name[at - 1] == '.') return at > 1 ? name.size() - at + 1 : 0;
  return at > 0 && at < name.size() && name[at] == '-' ? name.size() - at : 0;
}

Result<Done> add_directory(const std::string& path, std::size_t most, std::vector<std::string>& files) {
  std::error_code error;
  fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end;
  const std::size_t first = files.size();
  for (; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.')) {
      if (at->is_directory()) at.disable_recursion_pending();
      continue;
    }
    std::error_code ignored;
    if (!at->is_regular_file(ignored)) continue;
    if (files.size() == most) return Error{fmt::format("{}: more than {} files: name a smaller directory", path, most)};
    files.push_back(at->path().string());
  }
  if (error) return Error{fmt::format("{}: cannot be listed: {}", path, error.message())};
  std::sort(files.begin() + static_cast<std::ptrdiff_t>(first), files.end());
  return Done{};
}

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

Result<Done> add_pattern(const std::string& pattern, std::size_t most, std::vector<std::string>& files) {
  struct Matches {
    glob_t list{};
    ~Matches() { ::globfree(&list); }
  } matches;
  const int status = ::glob(pattern.c_str(), 0, nullptr, &matches.list);
  if (status == GLOB_NOMATCH) return Error{fmt::format("{}: no file fits this pattern", pattern)};
  if (status != 0) return Error{fmt::format("{}: the pattern cannot be expanded", pattern)};
  for (std::size_t i = 0; i < matches.list.gl_pathc; ++i) {
    const std::string path = matches.list.gl_pathv[i];
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) continue;
    if (files.size() == most) return Error{fmt::format("{}: more than {} files: use a narrower pattern", pattern, most)};
    files.push_back(path);
  }
  return Done{};
}

Result<Done> add_path(const std::string& path, const PathOptions& options, std::vector<std::string>& files) {
  std::error_code error;
  if (path.empty()) return Error{"a path is empty: name a file or directory, or '-' for standard input"};
  if (path == kStdin) {
    files.push_back(path);
    return Done{};
  }
  const fs::file_status status = fs::status(path, error);
  if (fs::is_directory(status)) return add_directory(path, options.files_most, files);
  if (fs::exists(status)) {
    if (!options.rotated) {
      files.push_back(path);
      return Done{};
    }
    for (std::string& member : parse::rotated_set(path)) files.push_back(std::move(member));
    return Done{};
  }
  if (is_pattern(path)) return add_pattern(path, options.files_most, files);
  return Error{fmt::format("{}: {}", path, error ? error.message() : "no such file or directory")};
}

// Same log, same set; sets stand where their first member was named.
std::vector<SourceSet> grouped(const std::vector<std::string>& files) {
  std::map<std::string, std::vector<std::string>> members;
  std::vector<std::string> order;
  for (const std::string& file : files) {
    const std::string base = file == kStdin ? file : rotation_base(file);
    auto [found, fresh] = members.try_emplace(base);
    if (fresh) order.push_back(base);
    std::vector<std::string>& list = found->second;
    if (std::find(list.begin(), list.end(), file) == list.end()) list.push_back(file);
  }
  std::vector<SourceSet> sets;
  for (const std::string& base : order) {
    std::vector<std::string>& list = members[base];
    SourceSet set;
    if (list.size() == 1) {
      set = {list.front(), list};
    } else {
      set.name = base;
      // A directory's listing spells paths its own way; names are enough within one directory.
      const auto position = [names = parse::rotated_set(base)](const std::string& file) {
        const auto same = [name = fs::path(file).filename()](const std::string& one) {
          return fs::path(one).filename() == name;
        };
        return std::find_if(names.begin(), names.end(), same) - names.begin();
      };
      std::stable_sort(list.begin(), list.end(),
                       [&](const std::string& a, const std::string& b) { return position(a) < position(b); });
      set.files = list;
    }
    sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace

std::string rotation_base(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t name_at = slash == std::string::npos ? 0 : slash + 1;
  std::string_view name = without_packing(std::string_view(path).substr(name_at));
  const std::size_t ending = rotation_ending(name);
  if (ending == 0 || ending >= name.size()) return path;
  return path.substr(0, name_at) + std::string(name.substr(0, name.size() - ending));
}

std::string source_key(const std::string& path) {
  if (path == kStdin) return "stdin";
  std::string name = fs::path(rotation_base(path)).filename().string();
  name = std::string(without_packing(name));
  const std::size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

Result<std::vector<SourceSet>> find_sources(const std::vector<std::string>& paths, const PathOptions& options) {
  std::vector<std::string> files;
  if (paths.empty()) files.emplace_back(kStdin);
  for (const std::string& path : paths)
    if (auto added = add_path(path, options, files); !added) return added.error();
  if (files.empty()) return Error{fmt::format("{}: there is no file to read", paths.front())};
  return grouped(files);
}

}  // namespace logystera::scan
