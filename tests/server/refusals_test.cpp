#include "serving.hpp"

using namespace logystera;
using namespace logystera::testing;

TEST_CASE("what_the_server_refuses_is_said_in_the_words_of_whoever_asked") {
  std::vector<server::Route> routes{
      {"POST", "/api/x", 4, [](const server::Request&, const server::Reply& reply) { reply({}); }}};
  const Serving serving(std::move(routes), {}, {}, {}, [](const server::Request& request, server::Answer answer) {
    if (request.path.starts_with("/api/")) answer.body = "{\"reworded\":" + std::to_string(answer.status) + "}";
    return answer;
  });
  CHECK(body_of(serving.ask("GET", "/api/none")) == "{\"reworded\":404}");
  const std::string method = serving.ask("GET", "/api/x");
  CHECK(body_of(method) == "{\"reworded\":405}");
  CHECK(method.find("Allow: ") != std::string::npos);
  CHECK(body_of(serving.ask("POST", "/api/x", "", "12345")) == "{\"reworded\":413}");
  CHECK(body_of(serving.ask("POST", "/api/x", "Transfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n0\r\n")) ==
        "{\"reworded\":413}");
  CHECK(has_status(serving.ask("POST", "/api/x", "", "1234"), 200));
  CHECK(body_of(serving.ask("GET", "/none")).find("reworded") == std::string::npos);
}
