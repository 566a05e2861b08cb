#include "analysis/rule_cache.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/rand.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <new>
#include <utility>

#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/file_time.hpp"
#include "core/hmac.hpp"
#include "core/user_directory.hpp"
#include "core/walk.hpp"
#include "detect/program_image.hpp"
#include "redact/salt.hpp"

namespace logystera::analysis {

template <typename Io>
static void pass(Io& io, Inventory::Stamp& stamp) {
  io.number(stamp.device);
  io.number(stamp.inode);
  io.number(stamp.size);
  io.number(stamp.changed_ns);
  io.number(stamp.status_changed_ns);
}

template <typename Io>
static void pass(Io& io, Inventory::Entry& entry) {
  io.terminated_text(entry.path);
  pass(io, entry.stamp);
}

template <typename Io>
static void pass(Io& io, Inventory::Root& root) {
  io.text(root.path);
  io.list(root.entries);
}

namespace {

constexpr std::string_view kMagic = "logystera rule cache 01\n";
constexpr std::string_view kPrefix = "rules-", kSuffix = ".cache", kDraft = ".new-";
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kNameDigits = 32;
constexpr std::size_t kEntriesMost = 200'000;
constexpr std::int64_t kSettledNs = 2 * kSecondNs;
constexpr std::int64_t kDraftSecondsMost = 3600;  // older ones are of processes that died

std::string reason() { return std::strerror(errno); }

Inventory::Stamp stamp_at(int directory, const char* path) noexcept {
  struct stat status;
  if (::fstatat(directory, path, &status, 0) != 0) return {};
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size), written_ns(status),
          nanoseconds_of(status.st_ctim)};
}

// What a root's entries are found from: the root itself if it is a directory.
Fd open_root(const std::string& path) { return Fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }
Inventory::Stamp stamp_of(const std::string& root, int directory, const char* entry) noexcept {
  return *entry == '\0' ? stamp_at(AT_FDCWD, root.c_str()) : stamp_at(directory, entry);
}

// Reads the roots of an inventory as save() wrote them. Empty if all is as it was; else the first thing that is not.
std::string first_change(ByteReader& in) {
  std::uint32_t roots = 0, entries = 0;
  for (in.number(roots); roots > 0 && in.ok(); --roots) {
    std::string root;
    in.text(root);
    const Fd directory = open_root(root);
    for (in.number(entries); entries > 0 && in.ok(); --entries) {
      std::string_view path;
      in.terminated_text(path);
      Inventory::Stamp stamp;
      pass(in, stamp);
      if (in.ok() && stamp_of(root, directory.get(), path.data()) != stamp)
        return path.empty() ? root : root + "/" + std::string(path);
    }
  }
  return {};
}

// The directory, made if need be, if it can be trusted with what decides which rules run.
Result<Fd> open_directory(const std::string& path, bool make) {
  if (make) {
    for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1))
      ::mkdir(path.substr(0, slash).c_str(), 0700);
    ::mkdir(path.c_str(), 0700);
  }
  Fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!directory)
    return Error{fmt::format("{}: cannot be opened as a directory ({})", path, reason()), kind_of_errno(errno)};
  struct stat status;
  if (::fstat(directory.get(), &status) != 0) return Error{fmt::format("{}: {}", path, reason()), kind_of_errno(errno)};
  if (status.st_uid != ::geteuid()) return Error{path + ": belongs to another user", ErrorKind::denied};
  if ((status.st_mode & 022) != 0) return Error{path + ": others may write to it: chmod 700 it", ErrorKind::denied};
  return directory;
}

struct Bytes {
  std::shared_ptr<char[]> data;
  std::size_t size = 0;
  std::string_view view() const noexcept { return {data.get(), size}; }
};

// Aligned, and on large pages where the system has them: entering small ones one by one takes as long as reading does. Not the
// file's own pages, since another process may cut it while they are looked at.
Bytes room_for(std::size_t size) {
  constexpr std::size_t kLargePage = std::size_t{2} << 20;
  const std::size_t room = (std::max<std::size_t>(size, 1) + kLargePage - 1) / kLargePage * kLargePage;
  void* const memory = std::aligned_alloc(kLargePage, room);
  if (!memory) throw std::bad_alloc();
  ::madvise(memory, room, MADV_HUGEPAGE);
  return {std::shared_ptr<char[]>(static_cast<char*>(memory), [](char* data) { std::free(data); }), 0};
}

Result<Bytes> read_file(int directory, const std::string& name) {
  Fd file(::openat(directory, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) return Error{errno == ENOENT ? "these rules have not been kept yet" : reason(), kind_of_errno(errno)};
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return Error{reason(), kind_of_errno(errno)};
  if (!S_ISREG(status.st_mode)) return Error{"it is no ordinary file", ErrorKind::denied};
  if (status.st_uid != ::geteuid()) return Error{"it belongs to another user", ErrorKind::denied};
  if ((status.st_mode & 077) != 0) return Error{"others may read or write it", ErrorKind::denied};
  if (static_cast<std::uint64_t>(status.st_size) > kCachedBytesMost)
    return Error{"it is larger than 64 MiB", ErrorKind::too_large};
  Bytes bytes = room_for(static_cast<std::size_t>(status.st_size));
  const ssize_t size = read_up_to(file.get(), bytes.data.get(), static_cast<std::size_t>(status.st_size));
  if (size < 0) return Error{reason(), kind_of_errno(errno)};
  bytes.size = static_cast<std::size_t>(size);
  ::futimens(file.get(), nullptr);  // used now: the ones not used longest go first
  return bytes;
}

// Written beside its place and renamed there, so that nobody reads half of one; the later of two processes stays. Not synced:
// what a power loss leaves of it fails its HMAC.
Result<Done> replace_file(int directory, const std::string& name, std::string_view bytes) {
  unsigned char random[8];
  if (RAND_bytes(random, sizeof random) != 1) return Error{"the system gives no random bytes"};
  const std::string draft = name + std::string(kDraft) + to_hex({reinterpret_cast<const char*>(random), sizeof random});
  {
    Fd out(::openat(directory, draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out) return Error{reason(), kind_of_errno(errno)};
    if (write_all(out.get(), bytes) && ::renameat(directory, draft.c_str(), directory, name.c_str()) == 0) return Done{};
  }
  const std::string why = reason();
  ::unlinkat(directory, draft.c_str(), 0);
  return Error{why};
}

// Removes what is too many or too much, and drafts of processes that died.
void tidy(int directory, const std::string& newest) {
  const int copy = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::fdopendir(copy), &::closedir);
  if (!list) {
    ::close(copy);
    return;
  }
  struct Kept {
    std::int64_t used_ns;
    std::uint64_t size;
    std::string name;
  };
  std::vector<Kept> kept;
  const std::int64_t now = wall_seconds();
  while (const dirent* entry = ::readdir(list.get())) {
    const std::string_view name = entry->d_name;
    struct stat status;
    if (!name.starts_with(kPrefix) || ::fstatat(directory, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (name.find(kDraft) != std::string_view::npos) {
      if (now - status.st_mtim.tv_sec > kDraftSecondsMost) ::unlinkat(directory, entry->d_name, 0);
    } else if (name.ends_with(kSuffix) && name != newest) {
      kept.push_back({written_ns(status), static_cast<std::uint64_t>(status.st_size), std::string(name)});
    } else if (name == newest) {
      kept.push_back({INT64_MAX, static_cast<std::uint64_t>(status.st_size), std::string(name)});
    }
  }
  std::sort(kept.begin(), kept.end(), [](const Kept& a, const Kept& b) { return a.used_ns > b.used_ns; });
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    bytes += kept[i].size;
    if (i > 0 && (i >= kCachesMost || bytes > kCacheBytesMost)) ::unlinkat(directory, kept[i].name.c_str(), 0);
  }
}

// The file of the program that runs: an update is another file, or was written at another time.
std::string running_build() {
  const Inventory::Stamp stamp = stamp_at(AT_FDCWD, "/proc/self/exe");
  if (stamp == Inventory::Stamp{}) return {};
  return fmt::format("{} {} {} {} {} {}", LOGYSTERA_VERSION, stamp.device, stamp.inode, stamp.size, stamp.changed_ns,
                     stamp.status_changed_ns);
}

}  // namespace

Result<Inventory> take_inventory(const RuleSources& sources) {
  namespace fs = std::filesystem;
  Inventory inventory;
  inventory.taken_ns = wall_ns();
  std::vector<std::string> paths = sources.paths;
  if (!sources.placeholders.empty()) paths.push_back(sources.placeholders);
  for (const std::string& path : paths) {
    Inventory::Root root{path, {}};
    root.entries.push_back({"", {}});
    std::error_code error;
    if (fs::is_directory(path, error)) {
      WalkOptions options;
      options.hidden = true;
      options.entries_most = kEntriesMost;
      options.files_most = kEntriesMost;
      options.wanted = [](std::string_view name) { return name.ends_with(".yml") || name.ends_with(".yaml"); };
      std::vector<FilePath> files;
      std::vector<std::string> directories;
      PassedOver passed;
      if (auto walked = walk_directory(path, options, files, passed, &directories); !walked) return walked.error();
      for (std::string& below : directories) root.entries.push_back({std::move(below), {}});
      for (const FilePath& file : files) {
        const std::size_t from = file.path.find_first_not_of('/', file.root_size);
        root.entries.push_back({file.path.substr(from), {}});
      }
    }
    const Fd directory = open_root(path);
    for (Inventory::Entry& entry : root.entries) entry.stamp = stamp_of(root.path, directory.get(), entry.path.c_str());
    inventory.roots.push_back(std::move(root));
  }
  return inventory;
}

Result<RuleCache> RuleCache::of_user() {
  Place place;
  if (std::string cache = user_directory(UserDirectory::cache); !cache.empty()) place.directory = cache + "/logystera";
  place.key_file = state_file("rule-cache-key");
  place.build = running_build();
  if (place.directory.empty() || place.key_file.empty())
    return Error{"there is no home directory to keep rules in", ErrorKind::not_found};
  if (place.build.empty()) return Error{"the program cannot see its own file in /proc"};
  return RuleCache(std::move(place));
}

// Kind, place, texts and what is below; numbers and booleans are in their texts.
void write_node(ByteWriter& out, const yaml::Node& node) {
  out.number(static_cast<std::uint32_t>(node.kind));
  out.number(node.at.line);
  out.boolean(node.quoted);
  out.text(node.text);
  out.number(static_cast<std::uint32_t>(node.items.size()));
  for (const yaml::Node& item : node.items) write_node(out, item);
  out.number(static_cast<std::uint32_t>(node.entries.size()));
  for (const yaml::Node::Entry& entry : node.entries) {
    out.text(entry.key);
    write_node(out, entry.value);
  }
}

// What a cache was made of, as far as it is known before anything is looked at.
std::string RuleCache::identity(const RuleSources& sources) const {
  std::string bytes;
  ByteWriter out(bytes);
  out.text(place_.build);
  out.number(detect::kImageVersion);
  out.boolean(sources.built_in);
  out.text(sources.placeholders);
  out.number(static_cast<std::uint32_t>(sources.paths.size()));
  for (const std::string& path : sources.paths) out.text(path);
  out.number(static_cast<std::uint32_t>(sources.documents.size()));
  for (const RuleDocument& document : sources.documents) {
    out.text(document.file);
    write_node(out, document.root);
  }
  // A relative path is another file elsewhere.
  std::error_code ignored;
  out.text(std::filesystem::current_path(ignored).string());
  return bytes;
}

std::string RuleCache::file_of(const RuleSources& sources) const {
  return place_.directory + "/" + std::string(kPrefix) + to_hex(sha256(identity(sources))).substr(0, kNameDigits) +
         std::string(kSuffix);
}

Result<detect::Engine> RuleCache::load(const RuleSources& sources, FieldNames& names, detect::RuleSet& rules) const {
  const std::string path = file_of(sources);
  const auto fault = [&path](const std::string& why) { return Error{path + ": " + why}; };
  auto directory = open_directory(place_.directory, false);
  if (!directory) return directory.error();
  auto bytes = read_file(directory->get(), std::filesystem::path(path).filename().string());
  if (!bytes) return fault(bytes.error().message);
  auto key = redact::kept_secret(place_.key_file, "key of the rule cache");
  if (!key) return key.error();
  const std::string_view whole = bytes->view();
  if (whole.size() < kMagic.size() + kMacBytes) return fault("it is cut");
  const std::string_view content = whole.substr(0, whole.size() - kMacBytes);
  const Digest mac = hmac_sha256(key.value(), content);
  wipe(key.value());
  if (!equal_constant_time(bytes_of(mac), whole.substr(content.size()))) return fault("it is damaged, or not this user's");
  if (content.substr(0, kMagic.size()) != kMagic) return fault("it is of another version");
  static_assert(kMagic.size() % 8 == 0);
  ByteReader in(content.substr(kMagic.size()));
  std::string_view made_of;
  in.text(made_of);
  if (made_of != identity(sources)) return fault("it is of other rules");
  if (const std::string change = first_change(in); !change.empty()) return fault(change + " has changed since");
  if (!in.ok()) return fault("its parts do not add up");
  in.skip_to_eighth();
  auto engine = detect::read_image({bytes->data, in.rest()}, names, rules);
  if (!engine) return fault(engine.error().message);
  return engine;
}

Result<Done> RuleCache::save(const RuleSources& sources, const Inventory& inventory, const detect::Engine& engine) const {
  for (const Inventory::Root& root : inventory.roots)
    for (const Inventory::Entry& entry : root.entries)
      if (std::max(entry.stamp.changed_ns, entry.stamp.status_changed_ns) > inventory.taken_ns - kSettledNs)
        return Error{fmt::format("{}/{} changed just now: the rules are kept at a later start", root.path, entry.path),
                     ErrorKind::busy};
  std::string content(kMagic);
  ByteWriter out(content);
  out.text(identity(sources));
  std::vector<Inventory::Root> roots = inventory.roots;
  out.list(roots);
  content.append((8 - content.size() % 8) % 8, '\0');
  content += detect::write_image(engine);
  const std::string path = file_of(sources);
  if (content.size() + kMacBytes > kCachedBytesMost)
    return Error{"these rules would take more than 64 MiB of the cache", ErrorKind::too_large};
  auto directory = open_directory(place_.directory, true);
  if (!directory) return directory.error();
  auto key = redact::kept_secret(place_.key_file, "key of the rule cache");
  if (!key) return key.error();
  const Digest mac = hmac_sha256(key.value(), content);
  wipe(key.value());
  content += bytes_of(mac);
  const std::string name = std::filesystem::path(path).filename().string();
  auto replaced = replace_file(directory->get(), name, content);
  if (!replaced) return Error{path + ": " + replaced.error().message, replaced.error().kind};
  tidy(directory->get(), name);
  return Done{};
}

Result<ReadyRules> ready_rules(const RuleSources& sources, const RuleCache* cache, FieldNames& names,
                               detect::RuleSet& rules) {
  std::string note;
  if (cache && sources.follow_links) {
    note = "links are followed, and what they lead to can change without their directories";
    cache = nullptr;
  }
  if (cache) {
    auto kept = cache->load(sources, names, rules);
    if (kept) return ReadyRules{std::move(kept).value(), true, {}};
    note = kept.error().message;
  }
  // First, so that whatever changes while the files are read shows as a change.
  Result<Inventory> inventory = cache ? take_inventory(sources) : Result<Inventory>(Inventory{});
  auto loaded = load_rules(sources);
  if (!loaded) return loaded.error();
  rules = std::move(loaded).value();
  auto engine = detect::Engine::compile(rules, names);
  if (!engine) return engine.error();
  if (cache) {
    const Result<Done> saved =
        inventory ? cache->save(sources, inventory.value(), engine.value()) : Result<Done>(inventory.error());
    if (!saved) note += "; not kept: " + saved.error().message;
  }
  return ReadyRules{std::move(engine).value(), false, std::move(note)};
}

}  // namespace logystera::analysis
