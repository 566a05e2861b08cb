#include "gateway/signed_route.hpp"

#include <string>
#include <utility>

namespace logystera::gateway {

using server::Answer;
using server::Reply;
using server::Request;

server::Route signed_route(std::string_view path, std::size_t body_bytes, const SignatureCheck& check,
                           SignedHandler handler, std::shared_ptr<server::Workers> workers) {
  const auto handle = [&check, handler = std::move(handler)](Request request, const Reply& reply) {
    const auto sent = std::make_shared<SignedRequest>();
    sent->request = std::move(request);
    Answer refusal;
    if (!check.verify(sent->request, sent->verified, refusal)) return reply(std::move(refusal));
    const Reply acknowledged = [sent, reply](Answer answer) {
      sent->verified.acknowledge(answer);
      reply(std::move(answer));
    };
    if (!check.admit(sent->request, sent->verified, refusal)) return acknowledged(std::move(refusal));
    handler(sent, acknowledged);
  };
  server::Route route{"POST", std::string(path), body_bytes, handle, std::move(workers)};
  route.any_host = true;  // the signature says whom it is for
  return route;
}

}  // namespace logystera::gateway
