// Compiled rules kept for the next start: thousands of rule files take half a second to read and compile, and a few
// milliseconds to take from here.
//
// One file for each choice of rules lies in the user's own cache directory ($XDG_CACHE_HOME/logystera, else
// ~/.cache/logystera). It says what it was made of: the build of the program, the paths as they were named, and of every rule
// file and every directory walked for them device, inode, size, and times of change in nanoseconds. All of that must still
// hold. Rule files that changed within the last two seconds are not kept: a second change in the same tick of the file
// system's clock would not show.
//
// The file ends in an HMAC-SHA256 of the rest, under a key of the user's own (rule-cache-key among his state files, 0600). It
// keeps out bytes that rotted, files that another program, a backup or a synchroniser put there, and whoever can write to the
// cache but not read the key: rules decide what a scan reports, and a made-up cache could make it report nothing. It keeps
// out nobody who is the user; he may edit the rules themselves.
//
// A cache that cannot be used is a reason, never a failure: the rules are read from their files then, and kept anew.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analysis/rules.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/engine.hpp"

namespace logystera::analysis {

/// Most bytes of one file, and most files and bytes of the whole cache; the ones not used longest go first.
inline constexpr std::uint64_t kCachedBytesMost = 64ull << 20;
inline constexpr std::size_t kCachesMost = 8;
inline constexpr std::uint64_t kCacheBytesMost = 128ull << 20;

/// Rule files and the directories they were found in, as they are at one moment. Take it before the files are read: then what
/// changes meanwhile shows as a change.
struct Inventory {
  struct Stamp {
    std::uint64_t device = 0, inode = 0, size = 0;  // all zero: it is not there
    std::int64_t changed_ns = 0, status_changed_ns = 0;

    friend bool operator==(const Stamp&, const Stamp&) = default;
  };
  struct Entry {
    std::string path;  // below the root's; empty: the root itself
    Stamp stamp;
  };
  struct Root {
    std::string path;  // as named by the user
    std::vector<Entry> entries;
  };
  std::vector<Root> roots;
  std::int64_t taken_ns = 0;  // Unix time
};

/// Walks what load_rules() will walk. An error if something cannot be listed.
Result<Inventory> take_inventory(const RuleSources& sources);

class RuleCache {
 public:
  struct Place {
    std::string directory;  // made, 0700, if it is missing
    std::string key_file;
    std::string build;  // whatever tells one build of the program from another
  };
  explicit RuleCache(Place place) : place_(std::move(place)) {}

  /// The user's own, for the program that is running. An error if there is no home to keep it in.
  static Result<RuleCache> of_user();

  /// The rules of `sources` as they were kept; `rules` must outlive the engine (see detect::read_image). An error says why
  /// they have to be loaded instead.
  Result<detect::Engine> load(const RuleSources& sources, FieldNames& names, detect::RuleSet& rules) const;

  /// Keeps the engine that was compiled from `sources` after `inventory` was taken.
  Result<Done> save(const RuleSources& sources, const Inventory& inventory, const detect::Engine& engine) const;

  /// The file for these sources.
  std::string file_of(const RuleSources& sources) const;

 private:
  std::string identity(const RuleSources& sources) const;
  Place place_;
};

/// What `--verbose` says about where rules came from.
struct ReadyRules {
  detect::Engine engine;
  bool from_cache = false;
  std::string note;  // why not, or why they could not be kept; may be empty
};

/// The rules of `sources`, ready to run: from the cache if there is one and it holds, else from their files, and then kept.
/// `cache` may be null. `rules` must outlive the engine.
Result<ReadyRules> ready_rules(const RuleSources& sources, const RuleCache* cache, FieldNames& names,
                               detect::RuleSet& rules);

}  // namespace logystera::analysis
