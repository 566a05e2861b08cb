#include "live/bus.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

namespace logystera::live {
namespace {

using server::Answer;
using server::EventStream;
using web::Principal;

constexpr int kUnavailable = 503;

// Nothing a stranger chose stands in it: a token is our own making.
std::string data_of(std::string_view site, std::uint64_t count) {
  if (site.empty()) return fmt::format(R"({{"n":{}}})", count);
  return fmt::format(R"({{"site":"{}","n":{}}})", site, count);
}

}  // namespace

// How many there are; streams that end after the bus give back what is theirs here.
struct Bus::Places {
  std::mutex mutex;
  std::size_t all = 0;
  std::map<std::string, std::size_t> of_one;
};

class Bus::Place {
 public:
  /// None: there are as many as may be.
  static std::shared_ptr<Place> take(const std::shared_ptr<Places>& places, const Options& options, std::string key) {
    const std::lock_guard lock(places->mutex);
    std::size_t& mine = places->of_one[key];
    if (places->all >= options.streams || mine >= options.streams_of_one) {
      if (mine == 0) places->of_one.erase(key);
      return nullptr;
    }
    ++places->all;
    ++mine;
    return std::make_shared<Place>(places, std::move(key));
  }

  Place(std::shared_ptr<Places> places, std::string key) : places_(std::move(places)), key_(std::move(key)) {}
  ~Place() {
    const std::lock_guard lock(places_->mutex);
    --places_->all;
    if (const auto mine = places_->of_one.find(key_); --mine->second == 0) places_->of_one.erase(mine);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  const std::shared_ptr<Places> places_;
  const std::string key_;
};

Bus::Bus(std::string epoch, Options options)
    : epoch_(std::move(epoch)), options_(options), places_(std::make_shared<Places>()) {}

// A session, or whoever it is where nobody has one.
std::string Bus::key_of(const Principal& who) {
  return who.session.empty() ? fmt::format("{}/{}", static_cast<int>(who.kind), who.name) : who.session;
}

// What is found in logs belongs to no site: whoever is restricted to some hears nothing of it.
bool Bus::may_hear(const Principal& who, const Change& change) { return who.all_sites || who.sees(change.site); }

std::string Bus::id_of(std::uint64_t number) const { return fmt::format("{}-{}", epoch_, number); }

Answer Bus::join(std::shared_ptr<const Principal> who, std::string_view last_id) {
  const std::string key = key_of(*who);
  auto place = Place::take(places_, options_, key);
  if (!place) {
    // Of a page that was left, perhaps: that is only noticed when something is sent to it.
    end_oldest_of(key);
    place = Place::take(places_, options_, key);
  }
  if (!place) {
    Answer answer =
        server::problem(kUnavailable, "too_many_streams", "too many pages are live: this one asks now and then instead");
    answer.headers.emplace_back("Retry-After", "60");
    return answer;
  }
  // Held here until the stream begins, and by its listener from then on.
  auto held = std::make_shared<std::shared_ptr<Place>>(std::move(place));
  return server::event_stream([this, who = std::move(who), held = std::move(held), last = std::string(last_id)](
                                  const EventStream& stream) { add(stream, who, std::exchange(*held, nullptr), last); });
}

void Bus::end_oldest_of(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto oldest = std::find_if(listeners_.begin(), listeners_.end(),
                                   [&](const Listener& listener) { return key_of(*listener.who) == key; });
  if (oldest == listeners_.end()) return;
  oldest->stream.end();
  listeners_.erase(oldest);
}

void Bus::add(const EventStream& stream, std::shared_ptr<const Principal> who, std::shared_ptr<Place> place,
              const std::string& last_id) {
  const std::lock_guard lock(mutex_);
  if (!catch_up(stream, *who, last_id)) stream.send("resync", "{}", id_of(number_));
  listeners_.push_back({stream, std::move(who), std::move(place), Clock::now() + options_.lifetime});
}

// False: what came since then is not known.
bool Bus::catch_up(const EventStream& stream, const Principal& who, std::string_view last_id) const {
  if (last_id.empty()) {
    stream.send("hello", "{}", id_of(number_));
    return true;
  }
  if (!last_id.starts_with(epoch_) || last_id.substr(epoch_.size()).substr(0, 1) != "-") return false;
  const std::string_view digits = last_id.substr(epoch_.size() + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number > number_) return false;
  if (number < number_ && (changes_.empty() || changes_.front().number > number + 1)) return false;
  for (const Change& change : changes_) {
    if (change.number > number && may_hear(who, change)) stream.send(change.topic, change.data, id_of(change.number));
  }
  return true;
}

void Bus::publish(const store::Changes& changes) {
  const std::lock_guard lock(mutex_);
  for (const auto& site : changes.events) tell("events", site.token, site.events);
  for (const auto& site : changes.alerts) tell("alerts", site.site, site.alerts);
  if (changes.findings) tell("findings", {}, 1);
  if (changes.errors) tell("errors", {}, 1);
  if (changes.sites) tell("sites", {}, 1);
}

void Bus::tell(std::string topic, std::string site, std::uint64_t count) {
  std::string data = data_of(site, count);
  changes_.push_back({++number_, std::move(topic), std::move(site), std::move(data)});
  if (changes_.size() > options_.remembered) changes_.pop_front();
  const Change& change = changes_.back();
  const std::string id = id_of(change.number);
  std::erase_if(listeners_, [&](const Listener& listener) {
    return may_hear(*listener.who, change) ? !listener.stream.send(change.topic, change.data, id) : !listener.stream.open();
  });
}

void Bus::tidy(Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(listeners_, [&](const Listener& listener) {
    if (now >= listener.until) listener.stream.end();
    return !listener.stream.open();
  });
}

bool Bus::has_listeners() const { return listeners() != 0; }

std::size_t Bus::listeners() const {
  const std::lock_guard lock(places_->mutex);
  return places_->all;
}

}  // namespace logystera::live
