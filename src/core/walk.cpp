#include "core/walk.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <set>

namespace logystera {
namespace {

using Identity = std::pair<dev_t, ino_t>;

std::string joined(const std::string& directory, std::string_view name) {
  if (directory.empty()) return std::string(name);
  return directory + (directory.back() == '/' ? "" : "/") + std::string(name);
}

// `relative` below `root`, component by component and through no link; "" is the root itself.
Fd open_below(int root, std::string_view relative, int flags) {
  Fd at;
  for (;;) {
    while (!relative.empty() && relative.front() == '/') relative.remove_prefix(1);
    const std::size_t end = std::min(relative.find('/'), relative.size());
    const std::string name = relative.empty() ? std::string(".") : std::string(relative.substr(0, end));
    relative.remove_prefix(end);
    const int directory = at ? at.get() : root;
    if (relative.empty()) return Fd(::openat(directory, name.c_str(), flags | O_NOFOLLOW | O_CLOEXEC));
    Fd next(::openat(directory, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next) return next;
    at = std::move(next);
  }
}

class Walk {
 public:
  Walk(std::string root, const WalkOptions& options, std::vector<FilePath>& files, PassedOver& passed)
      : root_(std::move(root)), options_(options), files_(files), passed_(passed), first_(files.size()) {}

  Result<Done> open() {
    directory_ = Fd(::open(root_.empty() ? "." : root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat status {};
    if (!directory_ || ::fstat(directory_.get(), &status) != 0)
      return Error{root_ + ": cannot be listed: " + std::strerror(errno), kind_of_errno(errno)};
    fresh(status);
    return Done{};
  }

  // Everything below the root.
  Result<Done> everything(std::vector<std::string>* directories) {
    std::vector<std::pair<std::string, std::size_t>> waiting{{"", 0}};
    while (!waiting.empty()) {
      const auto [relative, depth] = std::move(waiting.back());
      waiting.pop_back();
      const std::size_t deep = depth;
      auto listed = list(relative, [&](const std::string& path, const std::string& name, const struct stat& status) {
        if (name[0] == '.' && !options_.hidden) return Result<Done>(Done{});
        if (!S_ISDIR(status.st_mode)) return take(path, name, status);
        if (directories) directories->push_back(path);
        if (deep == options_.depth_most) passed_.add(joined(root_, path), Passed::too_deep);
        else if (!fresh(status)) passed_.add(joined(root_, path), Passed::same_file);
        else waiting.emplace_back(path, deep + 1);
        return Result<Done>(Done{});
      });
      if (!listed) return listed;
    }
    return sorted();
  }

  // What fits the parts of a pattern.
  Result<Done> fitting(const std::vector<std::string>& parts) {
    std::vector<std::string> level{""};
    for (std::size_t i = 0; i < parts.size(); ++i) {
      std::vector<std::string> next;
      for (const std::string& relative : level) {
        auto listed = list(relative, [&](const std::string& path, const std::string& name, const struct stat& status) {
          if (::fnmatch(parts[i].c_str(), name.c_str(), FNM_PERIOD) != 0) return Result<Done>(Done{});
          if (i + 1 == parts.size()) {
            if (!S_ISDIR(status.st_mode)) return take(path, name, status);
            passed_.add(joined(root_, path), Passed::directory);
          } else if (S_ISDIR(status.st_mode)) {
            next.push_back(path);
          } else if (S_ISLNK(status.st_mode)) {
            passed_.add(joined(root_, path), options_.follow_links ? Passed::lost_link : Passed::link);
          }
          return Result<Done>(Done{});
        });
        if (!listed) return listed;
      }
      level = std::move(next);
    }
    return sorted();
  }

 private:
  // Hands every entry of a directory to `each`: path below the root, name, and what it is (what it leads to, where links are
  // followed and this one leads somewhere).
  template <typename Each>
  Result<Done> list(const std::string& relative, Each each) {
    const int flags = O_RDONLY | O_DIRECTORY | O_NONBLOCK;
    Fd directory = options_.follow_links
                       ? Fd(::openat(directory_.get(), relative.empty() ? "." : relative.c_str(), flags | O_CLOEXEC))
                       : open_below(directory_.get(), relative, flags);
    if (!directory) return unreadable(relative);
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(directory.get()), &::closedir);
    if (!entries) return unreadable(relative);
    const int fd = directory.release();
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(entries.get());
      if (!entry) return errno == 0 ? Result<Done>(Done{}) : unreadable(relative);
      const std::string name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++entries_ > options_.entries_most)
        return Error{
            root_ + ": more than " + std::to_string(options_.entries_most) + " entries below it: name a smaller directory",
            ErrorKind::too_large};
      if (name.compare(0, options_.prefix.size(), options_.prefix) != 0) continue;
      const std::string path = joined(relative, name);
      struct stat status {};
      if (::fstatat(fd, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno != ENOENT) passed_.add(joined(root_, path), Passed::unreadable);
        continue;
      }
      struct stat target {};
      if (options_.follow_links && S_ISLNK(status.st_mode) && ::fstatat(fd, name.c_str(), &target, 0) == 0) status = target;
      if (auto taken = each(path, name, status); !taken) return taken;
    }
  }

  // A directory below the one named is passed over; that one itself is what was asked for.
  Result<Done> unreadable(const std::string& relative) {
    if (relative.empty()) return Error{root_ + ": cannot be listed: " + std::strerror(errno), kind_of_errno(errno)};
    passed_.add(joined(root_, relative), Passed::unreadable);
    return Done{};
  }

  Result<Done> take(const std::string& path, const std::string& name, const struct stat& status) {
    if (options_.wanted && !options_.wanted(name)) return Done{};
    const std::string shown = joined(root_, path);
    const auto pass = [&](Passed reason) -> Result<Done> {
      passed_.add(shown, reason);
      return Done{};
    };
    if (S_ISLNK(status.st_mode)) return pass(options_.follow_links ? Passed::lost_link : Passed::link);
    if (S_ISFIFO(status.st_mode)) return pass(Passed::pipe);
    if (S_ISSOCK(status.st_mode)) return pass(Passed::socket);
    if (!S_ISREG(status.st_mode)) return pass(Passed::device);
    if (!fresh(status)) return pass(Passed::same_file);
    if (files_.size() == options_.files_most)
      return Error{root_ + ": more than " + std::to_string(options_.files_most) +
                       " files: name a smaller directory, or use a narrower pattern",
                   ErrorKind::too_large};
    files_.emplace_back(shown, root_.size(), options_.follow_links);
    return Done{};
  }

  bool fresh(const struct stat& status) { return met_.emplace(status.st_dev, status.st_ino).second; }

  Result<Done> sorted() {
    std::sort(files_.begin() + static_cast<std::ptrdiff_t>(first_), files_.end(),
              [](const FilePath& a, const FilePath& b) { return a.path < b.path; });
    return Done{};
  }

  const std::string root_;
  const WalkOptions& options_;
  std::vector<FilePath>& files_;
  PassedOver& passed_;
  const std::size_t first_;
  Fd directory_;
  std::size_t entries_ = 0;
  std::set<Identity> met_;
};

}  // namespace

std::string_view passed_name(Passed reason) noexcept {
  constexpr std::string_view names[] = {"link",   "lost_link", "same_file",  "pipe",     "socket",
                                        "device", "directory", "unreadable", "too_deep", "unpackable"};
  static_assert(std::size(names) == kPassedReasons);
  return names[static_cast<std::size_t>(reason)];
}

std::string_view passed_text(Passed reason) noexcept {
  constexpr std::string_view texts[] = {"a symbolic link (name it, or use --follow-links)",
                                        "a symbolic link that leads nowhere",
                                        "the same as something read under another name",
                                        "a named pipe (name it to read it)",
                                        "a socket",
                                        "a device",
                                        "a directory (name it to read what is in it)",
                                        "cannot be listed or looked at",
                                        "too deep",
                                        ("packed as .bz2, .xz, .lz4, .lzma, .zip or .Z, which is not unpacked here: unpack "
                                         "it, or pipe it into 'logystera scan -'")};
  static_assert(std::size(texts) == kPassedReasons);
  return texts[static_cast<std::size_t>(reason)];
}

void PassedOver::add(std::string path, Passed reason) {
  ++counts[static_cast<std::size_t>(reason)];
  if (named.size() < kNamedMost) named.emplace_back(std::move(path), reason);
}

std::uint64_t PassedOver::total() const noexcept { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); }

Result<Done> walk_directory(const std::string& directory, const WalkOptions& options, std::vector<FilePath>& files,
                            PassedOver& passed, std::vector<std::string>* directories) {
  Walk walk(directory, options, files, passed);
  if (auto opened = walk.open(); !opened) return opened;
  return walk.everything(directories);
}

Result<Done> match_pattern(const std::string& pattern, const WalkOptions& options, std::vector<FilePath>& files,
                           PassedOver& passed) {
  const std::size_t first = pattern.find_first_of("*?[");
  const std::size_t slash = first == std::string::npos ? pattern.rfind('/') : pattern.rfind('/', first);
  const std::string root = slash == std::string::npos ? "" : pattern.substr(0, std::max<std::size_t>(slash, 1));
  std::vector<std::string> parts;
  for (std::size_t at = slash == std::string::npos ? 0 : slash + 1; at <= pattern.size();) {
    const std::size_t end = std::min(pattern.find('/', at), pattern.size());
    if (end > at) parts.push_back(pattern.substr(at, end - at));
    at = end + 1;
  }
  Walk walk(root, options, files, passed);
  if (!walk.open()) return Done{};  // nothing fits below what is not there
  return walk.fitting(parts);
}

Result<Fd> open_found(const FilePath& file) {
  const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  Fd fd;
  if (!file.found || file.follow_links) {
    fd = Fd(::open(file.path.c_str(), flags));
  } else {
    const std::string root = file.root_size == 0 ? "." : file.path.substr(0, file.root_size);
    const Fd directory(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (directory) fd = open_below(directory.get(), std::string_view(file.path).substr(file.root_size), flags);
  }
  if (!fd) {
    const bool link = errno == ELOOP || errno == ENOTDIR;
    return Error{file.path + ": cannot be opened: " +
                     (link ? "it, or a directory it lies in, is a symbolic link by now; links are not followed"
                           : std::strerror(errno)),
                 kind_of_errno(errno)};
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{file.path + ": is no regular file, and is not read unless it is named itself", ErrorKind::denied};
  return fd;
}

}  // namespace logystera
