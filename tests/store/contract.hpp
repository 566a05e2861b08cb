// The contract of src/store's interfaces: what every implementation must keep, tested once for each way to open each of them.
// A new implementation adds its Place to contract.cpp and passes every contract_*_test.cpp as it stands.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catch.hpp"
#include "store/store.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kNow = 1'774'211'679;
inline constexpr std::int64_t kHour = 3600, kDay = 24 * kHour;

/// Where one store can be made, and the ways to trouble it that only its implementation knows.
class Place {
 public:
  virtual ~Place() = default;

  virtual std::string url() const = 0;
  /// Options that make the store when there is none.
  virtual store::OpenOptions options() const = 0;
  /// Another program holds the write lock for as long as the result lives.
  virtual std::shared_ptr<void> other_writer() = 0;
  /// There is no space for as long as the result lives.
  virtual std::shared_ptr<void> full_disk() = 0;

  std::unique_ptr<store::Store> open() const { return open(options()); }
  std::unique_ptr<store::Store> open(const store::OpenOptions& options) const;
};

struct Kind {
  std::string name;
  std::function<std::unique_ptr<Place>()> make;
};
/// Every implementation, in every way it can be opened.
const std::vector<Kind>& kinds();

/// Runs the test it stands in once for each kind; `place` is of that kind and new.
#define IN_EVERY_STORE(place)                                        \
  const Kind kind_of_store = GENERATE(from_range(kinds()));          \
  INFO(kind_of_store.name);                                          \
  const std::unique_ptr<Place> place##_owner = kind_of_store.make(); \
  Place& place = *place##_owner

// ---- What the tests store ----------------------------------------------------------------------------------------------

store::Entity entity_of(const std::string& token);
/// An open store that has the entity "ent_a".
std::unique_ptr<store::Store> store_with_entity(const Place& place, store::OpenOptions options);
std::unique_ptr<store::Store> store_with_entity(const Place& place);

/// Events with ids first … first + count - 1, and what they point at.
struct Lines {
  std::vector<std::string> text;
  std::vector<store::NewEvent> events;
  std::string type;

  Lines(unsigned first, unsigned count, std::string event_type = "auth.login", std::int64_t created_at = kNow);
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
};
/// The batch points at all three.
store::Batch batch_of(const Lines& lines, std::string_view id, std::string_view entity = "ent_a");
/// Waits for the writer's answer.
Result<store::Appended> append(store::BatchWriter& writer, store::Batch batch);
std::vector<std::string> lines_of(store::Store& store, const store::EventQuery& query = {});

store::Finding finding_of(std::string rule, Level level, std::int64_t time, std::string source = "auth.log",
                          std::string message = "m");
store::ErrorOccurrence occurrence_of(std::string fingerprint, std::int64_t time, std::uint64_t line = 1);

}  // namespace logystera::testing
