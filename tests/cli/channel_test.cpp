// channel and route as a user runs them; the server that sends is a thread here.
#include <atomic>
#include <ctime>
#include <thread>

#include "catch.hpp"
#include "cli/program.hpp"
#include "notify/channel.hpp"
#include "notify/route.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::testing;
using store::OutboxState;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct House {
  Scratch scratch;
  const Running::Setting setting{{{"TZ", "UTC"}}, RLIM_INFINITY, 0};
  const std::string url = "sqlite:" + scratch.file("a.db");
  std::unique_ptr<store::Store> store = std::move(store::open(url, {.access = store::Access::create})).value();

  std::int64_t channel(const std::string& name, const notify::ChannelOptions& options = {}, bool enabled = true) const {
    store::Channel one;
    one.name = name;
    one.kind = notify::kind_name(options.kind);
    one.options = notify::to_json(options);
    one.sealed = "sealed-and-secret";
    one.shown = "hooks.example.org …aB3d";
    one.enabled = enabled;
    one.created_at = std::time(nullptr);
    const auto id = store->channels().add(one);
    REQUIRE(id.ok());
    return id.value();
  }
  Finished go(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--store", url});
    return run(arguments, setting);
  }
  std::vector<store::OutboxRow> rows(std::int64_t channel) const {
    store::OutboxFilter filter;
    filter.channel = channel;
    return store->outbox().list(filter).value();
  }
};

// Takes what is due for the channel, as a server does, and says of each receiver what `answer` says: nothing, or an error.
class Server {
 public:
  Server(const House& house, std::int64_t channel, std::function<std::string(const std::string& target)> answer)
      : thread_([this, &house, channel, answer = std::move(answer)] {
          store::OutboxStore& outbox = house.store->outbox();
          while (!over_) {
            const std::int64_t now = std::time(nullptr);
            for (const std::string& target : outbox.targets(channel, now).value()) {
              const auto batch = outbox.take(channel, target, now, 10);
              if (!batch || !batch.value()) continue;
              const std::string error = answer(target);
              const std::int64_t number = batch.value()->number;
              (void)(error.empty() ? outbox.sent(number, now) : outbox.failed(number, now + 3600, error));
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
        }) {}
  ~Server() {
    over_ = true;
    thread_.join();
  }

 private:
  std::atomic<bool> over_{false};
  std::thread thread_;
};

notify::ChannelOptions mail_to(std::vector<std::string> addresses) {
  notify::ChannelOptions options;
  options.kind = notify::ChannelKind::email;
  options.host = "mail.example.org";
  options.from = "alerts@example.org";
  for (std::string& address : addresses) options.receivers.push_back({std::move(address)});
  return options;
}

}  // namespace

TEST_CASE("channels_are_listed_with_how_it_stands_with_them_and_without_secrets") {
  House house;
  CHECK(has(house.go({"channel", "list"}).out, "No channels"));
  const std::int64_t ops = house.channel("ops"), bad = house.channel("bad\x1b[31m");
  house.channel("late", {}, false);
  REQUIRE(house.store->channels().note(ops, std::time(nullptr), "").ok());
  REQUIRE(house.store->channels().note(bad, std::time(nullptr), "it answered 500\x1b[2J").ok());
  const Finished listed = house.go({"channel", "list"});
  CHECK(listed.code == 0);
  for (const char* words : {"ops", "slack", "on", "failing", "off", "hooks.example.org …aB3d", "it answered 500"})
    CHECK(has(listed.out, words));
  CHECK_FALSE(has(listed.out, "\x1b"));
  CHECK_FALSE(has(listed.out, "sealed-and-secret"));
  const Finished json = house.go({"channel", "list", "--json"});
  CHECK(has(json.out, R"("name":"ops","kind":"slack","state":"on","enabled":true)"));
  CHECK(has(json.out, R"("state":"off","enabled":false)"));
  CHECK_FALSE(has(json.out, "sealed-and-secret"));
}

TEST_CASE("a_test_says_what_came_back_of_each_receiver") {
  House house;
  const std::int64_t post = house.channel("Post", mail_to({"anna@example.org", "bert@example.org"}));
  {
    const Server server(house, post, [](const std::string&) { return std::string(); });
    const Finished taken = house.go({"channel", "test", "post"});
    CHECK(taken.code == 0);
    CHECK(has(taken.out, "anna@example.org: taken by hooks.example.org …aB3d"));
    CHECK(has(taken.out, "bert@example.org: taken"));
    CHECK(has(taken.out, "look whether it arrived"));
  }
  const Server server(house, post, [](const std::string& target) {
    return std::string(target == "bert@example.org" ? "550 nobody here\x1b[31m" : "");
  });
  const Finished half = house.go({"channel", "test", "Post"});
  CHECK(half.code == 1);
  CHECK(has(half.out, "anna@example.org: taken"));
  CHECK(has(half.out, "bert@example.org: not delivered: 550 nobody here"));
  CHECK_FALSE(has(half.out, "\x1b"));
  CHECK_FALSE(has(half.out, "look whether it arrived"));
  const Finished json = house.go({"channel", "test", "Post", "--json"});
  CHECK(json.code == 1);
  CHECK(has(json.out, R"("receiver":"anna@example.org","delivered":true,"state":"sent")"));
  CHECK(has(json.out, R"("receiver":"bert@example.org","delivered":false,"state":"failed")"));
  // What failed is not tried again behind the back of whoever was told so; and who tested stands in the audit.
  for (const store::OutboxRow& row : house.rows(post))
    CHECK(row.state ==
          (row.target == "bert@example.org" && !row.error.empty() ? OutboxState::discarded : OutboxState::sent));
}

TEST_CASE("a_test_that_nobody_sends_is_taken_back_and_said") {
  House house;
  const std::int64_t ops = house.channel("ops");
  const Finished alone = house.go({"channel", "test", "ops", "--timeout", "1"});
  CHECK(alone.code == 1);
  CHECK(has(alone.out, "is 'logystera serve' running with this database?"));
  REQUIRE(house.rows(ops).size() == 1);
  CHECK(house.rows(ops)[0].state == OutboxState::discarded);
  house.channel("off", {}, false);
  for (const auto& [arguments, words] :
       {std::pair(Arguments{"channel", "test", "nowhere"}, "there is no channel 'nowhere'"),
        std::pair(Arguments{"channel", "test", "off"}, "switched off"),
        std::pair(Arguments{"channel", "test", "ops", "--timeout", "0"}, "--timeout"),
        std::pair(Arguments{"channel", "test"}, "NAME")}) {
    const Finished wrong = house.go(arguments);
    CHECK(wrong.code == 2);
    CHECK(has(wrong.err, words));
  }
}

TEST_CASE("routes_are_listed_in_words_and_as_the_api_has_them") {
  House house;
  const Finished defaults = house.go({"route", "list"});
  CHECK(defaults.code == 0);
  CHECK(has(defaults.out, "every channel"));
  CHECK(has(defaults.out, "No routes are saved"));
  store::Entity site;
  site.token = "ent_a";
  site.name = "shop\x1b[31m";
  REQUIRE(house.store->entities().add(site).ok());
  notify::Route route;
  route.name = "night";
  route.sites = {"ent_a"};
  route.least = Level::critical;
  route.tags = {"login"};
  route.channels = {house.channel("ops")};
  route.quiet = notify::Quiet{22 * 60, 7 * 60};
  route.steps = {{30, {99}}};
  REQUIRE(house.store->routes().replace({notify::to_json(route)}).ok());
  const Finished listed = house.go({"route", "list"});
  for (const char* words : {"night", "critical", "shop", "login", "ops", "quiet from 22:00 to 07:00 UTC", "channel 99"})
    CHECK(has(listed.out, words));
  CHECK_FALSE(has(listed.out, "No routes are saved"));
  CHECK_FALSE(has(listed.out, "\x1b"));
  CHECK(house.go({"route", "list", "--json"}).out == notify::to_json(route) + "\n");
}
