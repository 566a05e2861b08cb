#include "store/sqlite/pool.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/sqlite/schema.hpp"

namespace logystera::store::sqlite {
namespace {

// 32 MiB of WAL between checkpoints: fewer, larger ones. SQLite's 4 MB write the same pages over and over, for events and
// occurrences go into their indexes at random places; so a run of analysis has more than the 2 MB of cache SQLite has, too.
constexpr int kCheckpointFrames = 8192;
constexpr std::chrono::milliseconds kCheckpointPatience(250);
constexpr std::string_view kSettings = "PRAGMA foreign_keys=OFF; PRAGMA secure_delete=ON;";
constexpr std::string_view kFull = "PRAGMA synchronous=FULL;";
constexpr std::string_view kProcess = "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768;";

constexpr std::size_t kIdleMost = 16;  // beyond, one that comes back is closed

// Makes the file with its mode before SQLite can make it with the umask's. Only a file that was not there is opened: closing a
// descriptor of another would drop the locks this process's other connections hold on it.
Result<Done> create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 && errno != EEXIST) {
    return Error{fmt::format("store {}: cannot create it: {}: choose a directory that exists and is writable", path,
                             std::strerror(errno)),
                 kind_of_errno(errno)};
  }
  if (fd >= 0) ::close(fd);
  return Done{};
}

}  // namespace

Pool::Pool(std::string path, const OpenOptions& options, bool in_memory)
    : path_(std::move(path)),
      options_(options),
      in_memory_(in_memory),
      checkpoints_(kCheckpointFrames, kCheckpointPatience) {}

Lent::Lent(Lent&& other) noexcept
    : reading_(std::move(other.reading_)),
      pool_(std::exchange(other.pool_, nullptr)),
      looks_(other.looks_),
      own_(std::move(other.own_)),
      connection_(own_ ? &*own_ : other.connection_) {
  other.own_.reset();
}

Lent::~Lent() {
  if (pool_ && reading_ && !own_->failed() && reading_->end()) {
    own_->copy_log();
    pool_->checkpoints_.done();
  }
  if (pool_ && !own_->failed() && !own_->in_transaction()) pool_->take_back(std::move(*own_), looks_);
}

Result<std::unique_ptr<Pool>> Pool::open(const std::string& path, const OpenOptions& options) {
  const bool missing = ::access(path.c_str(), F_OK) != 0;
  const bool nowhere = missing && errno == ENOENT;
  if (options.access == Access::create) {
    if (auto created = create_private(path); !created) return created.error();
  } else if (missing && options.access == Access::existing) {
    return Error{fmt::format("store {}: {}: start the gateway or add an entity first, or name the right file", path,
                             std::strerror(errno)),
                 kind_of_errno(errno)};
  }
  std::unique_ptr<Pool> pool(new Pool(path, options, options.access == Access::look && nowhere));
  auto first = pool->connect();
  if (!first) return first.error();
  if (!pool->in_memory_) {
    // Of a database that is not there yet: removed events' pages can be given back while it is in use. One that is there is not asked:
    // SQLite writes the setting down each time, and whoever only reads must neither wait for a writer nor need room on the disk.
    auto pages = first->integer("PRAGMA page_count");
    if (!pages) return pages.error();
    if (pages.value() == 0) {
      if (auto set = first->run("PRAGMA auto_vacuum=INCREMENTAL"); !set) return set.error();
    }
    if (auto set = first->run("PRAGMA journal_mode=WAL"); !set) return set.error();
    if (auto migrated = migrate(first.value()); !migrated) return migrated.error();
  }
  pool->file_ = first->file();
  pool->idle_.push_back(std::move(first).value());
  return pool;
}

Result<Connection> Pool::connect() {
  auto connection = in_memory_ ? Connection::open_in_memory(path_) : Connection::open(path_, false, options_.busy_ms);
  if (!connection) return connection;
  const std::string_view durability = options_.durability == Durability::full ? kFull : kProcess;
  if (auto set = connection->run(fmt::format("{}{}", kSettings, durability)); !set) return set.error();
  connection->checkpoint_by(checkpoints_);
  if (in_memory_) {
    if (auto made = migrate(connection.value()); !made) return made.error();
  }
  return connection;
}

std::optional<Connection> Pool::take_idle(std::vector<Connection>& idle) {
  const std::lock_guard lock(mutex_);
  if (idle.empty()) return std::nullopt;
  std::optional<Connection> taken(std::move(idle.back()));
  idle.pop_back();
  return taken;
}

Result<Done> Pool::check_place() const {
  if (in_memory_ || FileId::of(path_) == file_) return Done{};
  return removed_or_replaced(path_);
}

Result<Lent> Pool::lend() {
  if (auto there = check_place(); !there) return there.error();
  if (auto idle = take_idle(idle_)) return Lent(*this, std::move(*idle));
  auto connection = connect();
  if (!connection) return connection.error();
  return Lent(*this, std::move(connection).value());
}

Result<Lent> Pool::lend_for_long() {
  Checkpoints::Reading reading(checkpoints_);
  auto lent = lend();
  if (lent) lent->reading_.emplace(std::move(reading));
  return lent;
}

void Pool::close_idle() {
  const std::lock_guard lock(mutex_);
  idle_.clear();
  idle_looking_.clear();
}

Result<Lent> Pool::lend_to_look() {
  if (auto there = check_place(); !there) return there.error();
  Checkpoints::Reading reading(checkpoints_);
  std::optional<Connection> connection = take_idle(idle_looking_);
  if (connection) {
    connection->allow();
  } else {
    auto made = connect();
    if (!made) return made.error();
    if (auto set = made->only_look(options_.query_ms); !set) return set.error();
    connection.emplace(std::move(made).value());
  }
  Lent lent(*this, std::move(*connection), true);
  lent.reading_.emplace(std::move(reading));
  return lent;
}

void Pool::take_back(Connection connection, bool looks) noexcept {
  const std::lock_guard lock(mutex_);
  std::vector<Connection>& idle = looks ? idle_looking_ : idle_;
  if (idle.size() < kIdleMost) idle.push_back(std::move(connection));
}

}  // namespace logystera::store::sqlite
