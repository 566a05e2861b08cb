// Files found below directories that other people write to.
//
// What a walk meets is hostile: links that loop, links to what only this process may read, pipes and devices that look like
// files, trees without end, names that are swapped between listing and opening. So everything goes through descriptors: a
// directory is opened step by step from the one the user named, never through a link, and a file is opened the same way and
// looked at once it is open. What the user named himself is his own choice and may be a link.
//
// Links are followed only where that was asked for; then no directory is walked twice and no file found twice, whatever names
// lead there. What is no regular file is passed over, and said (PassedOver). Nothing here throws.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace logystera {

/// Why something a walk met is not read.
enum class Passed : std::uint8_t {
  link,        // a symbolic link, and links are not followed
  lost_link,   // followed, and leads nowhere or in a circle
  same_file,   // a file or directory that was found under another name
  pipe,        // a named pipe
  socket,      //
  device,      //
  directory,   // where a pattern asks for files
  unreadable,  // a directory that may not be listed, a name that cannot be looked at
  too_deep,    // below the deepest directory that is walked
  unpackable,  // packed in a way that is not unpacked here
  count_,
};
inline constexpr std::size_t kPassedReasons = static_cast<std::size_t>(Passed::count_);

/// "link", "lost_link", …: the enumerator's name.
std::string_view passed_name(Passed reason) noexcept;
/// "a symbolic link (--follow-links follows it)": for a person, to stand behind the path.
std::string_view passed_text(Passed reason) noexcept;

/// What walks passed over: all of it counted, the first of it by name.
struct PassedOver {
  static constexpr std::size_t kNamedMost = 100;

  std::array<std::uint64_t, kPassedReasons> counts{};
  std::vector<std::pair<std::string, Passed>> named;

  void add(std::string path, Passed reason);
  std::uint64_t total() const noexcept;
};

/// A file to be read, and how it came to be known.
struct FilePath {
  std::string path;    // as it is shown
  bool found = false;  // by a walk; false: the user named it
  bool follow_links = false;
  std::size_t root_size = 0;  // found: the bytes of `path` that are the directory the user named; 0: the current one

  FilePath(std::string named) : path(std::move(named)) {}
  FilePath(const char* named) : path(named) {}
  FilePath(std::string path_, std::size_t root_size_, bool follow_links_)
      : path(std::move(path_)), found(true), follow_links(follow_links_), root_size(root_size_) {}

  friend bool operator==(const FilePath& a, const FilePath& b) noexcept { return a.path == b.path; }
};

struct WalkOptions {
  bool follow_links = false;
  bool hidden = false;  // entries whose names begin with '.', too
  std::size_t files_most = 100'000;
  std::size_t entries_most = 1'000'000;  // looked at
  std::size_t depth_most = 64;           // directories below the one named
  /// Entries whose names begin otherwise are not looked at, whatever they are.
  std::string_view prefix = {};
  /// Which files are wanted, by name; nullptr: all. Others are not even passed over.
  bool (*wanted)(std::string_view name) = nullptr;
};

/// Adds the regular files below `directory`, sorted by path. `directories`, if given, gets every directory below it that was met,
/// readable or not, in no order. An error if it cannot be listed, or holds more than the limits.
Result<Done> walk_directory(const std::string& directory, const WalkOptions& options, std::vector<FilePath>& files,
                            PassedOver& passed, std::vector<std::string>* directories = nullptr);

/// Adds the regular files that fit a pattern of `*`, `?` and `[…]` (fnmatch's, a leading '.' must be written), sorted. Parts of
/// the path before the first pattern are the user's own choice; below them links are as in a walk. None is no error.
Result<Done> match_pattern(const std::string& pattern, const WalkOptions& options, std::vector<FilePath>& files,
                           PassedOver& passed);

/// Opens a file that was found, as a regular file or not at all: whatever took its place meanwhile is an error by its name.
Result<Fd> open_found(const FilePath& file);

}  // namespace logystera
