// See live_logs.hpp.
#include "source/live_logs.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <utility>

#include "source/paths.hpp"
#include "source/rotation.hpp"

namespace logystera::source {
namespace {

constexpr std::ptrdiff_t kDateDigits = 6;  // of a part's ending; fewer are a number, which counts back

bool packed(const std::string& path) { return without_packing(path).size() != path.size(); }

// Plain, and its name is the set's with a date behind it.
bool dated(const std::string& path, const std::string& base) {
  if (packed(path) || path.size() <= base.size()) return false;
  return std::count_if(path.begin() + static_cast<std::ptrdiff_t>(base.size()), path.end(),
                       [](char c) { return c >= '0' && c <= '9'; }) >= kDateDigits;
}

// The file of a set that is written to, and of one that is named by dates those before it; none: nobody writes to what is there.
void add_written(const SourceSet& set, std::size_t argument, std::vector<LiveLog>& logs) {
  const std::string base = rotation_base(set.files.size() == 1 ? set.files.front().path : set.name);
  const auto log = std::find(set.files.begin(), set.files.end(), FilePath(base));
  if (log != set.files.end()) {
    if (!packed(base)) logs.push_back({*log, whole_path(base), argument, {}});
    return;
  }
  const FilePath& newest = set.files.back();
  if (!dated(newest.path, base)) return;
  logs.push_back({newest, whole_path(newest.path), argument, {}});
  std::copy_if(set.files.begin(), set.files.end() - 1, std::back_inserter(logs.back().older),
               [&](const FilePath& part) { return dated(part.path, base); });
}

}  // namespace

std::string whole_path(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  std::string whole = error ? path : absolute.lexically_normal().string();
  if (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  return whole;
}

std::vector<LiveLog> live_logs(const std::vector<std::string>& paths, bool follow_links, PassedOver& passed,
                               std::vector<NoLogs>& problems) {
  std::vector<LiveLog> all;
  for (std::size_t at = 0; at < paths.size(); ++at) {
    const std::string& path = paths[at];
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    const bool pattern = !std::filesystem::exists(status) && path.find_first_of("*?[") != std::string::npos;
    if (!pattern && !std::filesystem::is_directory(status)) {
      all.push_back({path, whole_path(path), at, {}});
      continue;
    }
    auto found = find_sources({path}, {.follow_links = follow_links}, &passed);
    if (!found) {
      problems.push_back({at, found.error()});
      continue;
    }
    for (const SourceSet& set : found.value()) add_written(set, at, all);
  }
  std::set<std::string> there;
  for (const LiveLog& log : all) there.insert(log.whole);
  std::set<std::string> names;
  std::set<std::pair<dev_t, ino_t>> files;
  std::vector<LiveLog> logs;
  for (LiveLog& log : all) {
    if (!names.insert(log.whole).second) continue;
    const std::string base = rotation_base(log.whole), beside = base_beside(log.whole);
    const bool part = (base != log.whole && there.contains(base)) || (beside != log.whole && there.contains(beside));
    struct stat status {};
    const bool twice = !part && ::stat(log.file.path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                       !files.emplace(status.st_dev, status.st_ino).second;
    if (!part && !twice) logs.push_back(std::move(log));
    else if (twice || !log.file.found) passed.add(std::move(log.file.path), Passed::same_file);
  }
  return logs;
}

}  // namespace logystera::source
