// What every route of sites has in common, whatever it does with a request.
#include "gateway/signed_route.hpp"

#include <set>

#include "catch.hpp"
#include "core/limits.hpp"
#include "core/wire.hpp"
#include "gateway/ingest.hpp"
#include "gateway/site_requests.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::gateway;
using logystera::testing::Scratch;
using server::Answer;
using server::Request;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

struct House {
  Scratch scratch;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Entities> entities;
  IssuedSecret site;

  House() {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
    entities = std::make_unique<Entities>(
        std::move(Entities::open(store->entities(), std::move(Vault::open(scratch.file("a.key"), true)).value())).value());
    site = std::move(entities->add("shop", kNow)).value();
  }
  SignatureCheck::Options options() const {
    return {"1.0.0", [] { return kNow; }, [](std::string_view) {}};
  }
  Request request(const std::string& path, std::int64_t timestamp = kNow,
                  const std::string& agent = "logystera/1.0.0") const {
    const std::string body = "anything", batch = wire::batch_id(site.token, body);
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    request.headers = {{"Logystera-Entity", site.token},
                       {"Logystera-Timestamp", std::to_string(timestamp)},
                       {"Logystera-Batch", batch},
                       {"Logystera-Signature",
                        "v1=" + wire::sign(site.secret, {"POST", path, site.token, timestamp, batch, "identity", body})},
                       {"User-Agent", agent}};
    return request;
  }
  bool acknowledges(const Answer& answer) const {
    for (const auto& [name, value] : answer.headers) {
      if (name == wire::kAckHeader)
        return wire::carries(
            value, wire::acknowledge(site.secret, answer.status, wire::batch_id(site.token, "anything"), answer.body));
    }
    return false;
  }
};

Answer answer_of(const server::Route& route, Request request) {
  std::optional<Answer> answer;
  route.handler(std::move(request), [&](Answer given) {
    REQUIRE(!answer);
    answer = std::move(given);
  });
  REQUIRE(answer);
  return *answer;
}

}  // namespace

TEST_CASE("a_signed_route_hands_on_only_what_is_proven_and_admitted_and_acknowledges_from_there_on") {
  House house;
  const SignatureCheck check(*house.entities, house.options());
  int handled = 0;
  const server::Route route = signed_route("/v1/any", 100, check, [&](const auto& sent, const server::Reply& reply) {
    ++handled;
    CHECK(sent->verified.sender.name == "shop");
    CHECK(sent->request.body == "anything");
    Answer answer;
    answer.body = "done";
    reply(std::move(answer));
  });
  CHECK(route.method == "POST");
  CHECK(route.body_bytes == 100);
  const Answer done = answer_of(route, house.request("/v1/any"));
  CHECK(done.status == 200);
  CHECK(house.acknowledges(done));
  CHECK(done.to_proven);
  CHECK(handled == 1);
  // Signed for another route: nobody has proven anything, so nothing is acknowledged.
  Request elsewhere = house.request("/v1/other");
  elsewhere.path = "/v1/any";
  const Answer unproven = answer_of(route, std::move(elsewhere));
  CHECK(unproven.status == 401);
  CHECK(!house.acknowledges(unproven));
  CHECK(!unproven.to_proven);
  // Proven, and refused: by clock and by version.
  for (const Request& refused : {house.request("/v1/any", kNow - 301), house.request("/v1/any", kNow, "logystera/0.9")}) {
    const Answer answer = answer_of(route, refused);
    CHECK((answer.status == 401 || answer.status == 426));
    CHECK(house.acknowledges(answer));
  }
  CHECK(handled == 1);
}

TEST_CASE("the_routes_of_sites_are_these_four_and_all_of_them_are_signed") {
  House house;
  const auto writer = std::move(house.store->start_batch_writer()).value();
  Ingest ingest(*house.entities, *writer, {{}, "1.0.0", [] { return kNow; }, [](std::string_view) {}});
  const web::Arrival arrival;
  SiteRequests requests(*house.entities, *house.store, arrival, house.options());
  std::vector<server::Route> routes = ingest.routes();
  for (server::Route& route : requests.routes(nullptr)) routes.push_back(std::move(route));
  std::set<std::string> paths;
  for (const server::Route& route : routes) {
    INFO(route.path);
    paths.insert(route.path);
    CHECK(route.method == "POST");
    Request unsigned_request = house.request(route.path);
    unsigned_request.headers.erase(unsigned_request.headers.begin() + 3);
    const Answer unproven = answer_of(route, std::move(unsigned_request));
    CHECK(unproven.status == 401);
    CHECK(!house.acknowledges(unproven));
    CHECK(house.acknowledges(answer_of(route, house.request(route.path, kNow - 301))));
  }
  CHECK(paths == std::set<std::string>{"/v1/ingest", "/v1/ping", "/v1/disconnect", "/v1/support"});
}
