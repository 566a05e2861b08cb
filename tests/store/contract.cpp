#include "contract.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <future>

#include "scratch.hpp"
#include "store/sqlite/connection.hpp"

namespace logystera::testing {
namespace {

class SqlitePlace final : public Place {
 public:
  explicit SqlitePlace(store::Durability durability) : durability_(durability) {}

  std::string url() const override { return "sqlite:" + path_; }
  store::OpenOptions options() const override { return {.access = store::Access::create, .durability = durability_}; }

  std::shared_ptr<void> other_writer() override {
    auto opened = store::sqlite::Connection::open(path_, false, 1000);
    REQUIRE(opened.ok());
    auto other = std::make_shared<store::sqlite::Connection>(std::move(opened).value());
    REQUIRE(other->run("BEGIN EXCLUSIVE").ok());
    return other;
  }

  // No file may grow any more: what a full disk looks like to SQLite, without needing a small disk.
  std::shared_ptr<void> full_disk() override {
    ::signal(SIGXFSZ, SIG_IGN);
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    const rlimit none{1, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
    return {nullptr, [before](void*) { (void)::setrlimit(RLIMIT_FSIZE, &before); }};
  }

 private:
  Scratch scratch_;
  std::string path_ = scratch_.file("store.db");
  store::Durability durability_;
};

Kind sqlite_kind(const char* name, store::Durability durability) {
  return {name, [durability]() -> std::unique_ptr<Place> { return std::make_unique<SqlitePlace>(durability); }};
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{sqlite_kind("SQLite", store::Durability::full),
                                     sqlite_kind("SQLite, durable beyond the process only", store::Durability::process)};
  return all;
}

std::unique_ptr<store::Store> Place::open(const store::OpenOptions& options) const {
  auto opened = store::open(url(), options);
  if (!opened) FAIL(opened.error().message);
  return std::move(opened).value();
}

store::Entity entity_of(const std::string& token) {
  store::Entity entity;
  entity.token = token;
  entity.name = "shop";
  entity.created_at = kNow;
  entity.sealed_secret = std::string("sealed\0secret", 13);
  return entity;
}

std::unique_ptr<store::Store> store_with_entity(const Place& place, store::OpenOptions options) {
  auto store = place.open(options);
  const auto known = store->entities().find("ent_a");
  REQUIRE(known.ok());
  if (!known.value()) REQUIRE(store->entities().add(entity_of("ent_a")).ok());
  return store;
}

std::unique_ptr<store::Store> store_with_entity(const Place& place) { return store_with_entity(place, place.options()); }

Lines::Lines(unsigned first, unsigned count, std::string event_type, std::int64_t created_at)
    : type(std::move(event_type)) {
  text.reserve(count);
  for (unsigned i = first; i < first + count; ++i) {
    text.push_back(fmt::format("{{\"n\":{}}}", i));
    store::EventId id{};
    for (unsigned byte = 0; byte < 4; ++byte) id[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
    events.push_back({text.back(), type, id, created_at});
  }
}

store::Batch batch_of(const Lines& lines, std::string_view id, std::string_view entity) {
  return {entity, id, kNow, 0, lines.events};
}

Result<store::Appended> append(store::BatchWriter& writer, store::Batch batch) {
  // The writer's thread may let go of it last.
  const auto promise = std::make_shared<std::promise<Result<store::Appended>>>();
  auto result = promise->get_future();
  writer.append(std::move(batch), [promise](Result<store::Appended> appended) { promise->set_value(std::move(appended)); });
  return result.get();
}

std::vector<std::string> lines_of(store::Store& store, const store::EventQuery& query) {
  std::vector<std::string> lines;
  const auto read = store.events().read(query, [&](const store::StoredEvent& event) {
    lines.emplace_back(event.line);
    return true;
  });
  REQUIRE(read.ok());
  return lines;
}

store::Finding finding_of(std::string rule, Level level, std::int64_t time, std::string source, std::string message) {
  store::Finding made;
  made.rule = std::move(rule);
  made.title = "title";
  made.level = level;
  made.time = made.stored_at = time;
  made.source = std::move(source);
  made.message = std::move(message);
  return made;
}

store::ErrorOccurrence occurrence_of(std::string fingerprint, std::int64_t time, std::uint64_t line) {
  store::ErrorOccurrence made;
  made.scope = fingerprint;
  made.fingerprint = std::move(fingerprint);
  made.pattern = "timeout after <n> s";
  made.severity = Severity::error;
  made.source = "app.log";
  made.time = time;
  made.line = line;
  made.message = "timeout after 3 s";
  return made;
}

}  // namespace logystera::testing
