#include "cli/source_watch.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "core/file_time.hpp"

namespace logystera::cli {
namespace {

std::pair<std::int64_t, std::int64_t> mark_of(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {-1, 0};
  return {info.st_size, written_ns(info)};
}

}  // namespace

SourceWatch::SourceWatch(std::vector<std::string> paths) : paths_(std::move(paths)), first_(look()), last_(first_) {}

SourceWatch::Marks SourceWatch::look() const {
  Marks marks;
  for (const std::string& path : paths_) {
    std::error_code ignored;
    const bool directory = std::filesystem::is_directory(path, ignored);
    marks[path] = directory ? Marks::mapped_type{} : mark_of(path);
    if (!directory) continue;
    std::filesystem::recursive_directory_iterator below(path, std::filesystem::directory_options::skip_permission_denied,
                                                        ignored);
    for (; below != std::filesystem::recursive_directory_iterator() && marks.size() < kFilesMost;
         below.increment(ignored)) {
      if (below->is_regular_file(ignored)) marks[below->path().string()] = mark_of(below->path().string());
    }
  }
  return marks;
}

std::string SourceWatch::changed() {
  Marks now = look();
  const bool settled = now == last_;
  last_ = std::move(now);
  if (!settled || last_ == first_) return {};
  for (const auto& [path, mark] : last_) {
    if (const auto before = first_.find(path); before == first_.end() || before->second != mark) return path;
  }
  for (const auto& [path, mark] : first_) {
    if (!last_.contains(path)) return path;
  }
  return {};
}

std::string program_file() {
  std::error_code ignored;
  std::string path = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  constexpr std::string_view kGone = " (deleted)";
  if (path.ends_with(kGone)) path.resize(path.size() - kGone.size());
  return path;
}

void run_again(const std::string& file) {
  std::ifstream in("/proc/self/cmdline", std::ios::binary);
  std::string line{std::istreambuf_iterator<char>(in), {}};
  std::vector<char*> arguments;
  for (std::size_t at = 0; at < line.size(); at = line.find('\0', at) + 1) arguments.push_back(&line[at]);
  arguments.push_back(nullptr);
  ::execv(file.c_str(), arguments.data());
}

}  // namespace logystera::cli
