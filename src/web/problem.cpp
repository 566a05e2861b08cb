#include "web/problem.hpp"

#include <string>

#include "core/json_text.hpp"
#include "web/headers.hpp"

namespace logystera::web {

server::Answer api_problem(int status, std::string_view code, std::string_view title, std::string_view detail) {
  std::string type = "/api/docs#problem-" + std::string(code);
  for (char& c : type) c = c == '_' ? '-' : c;
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("type", type).member("title", title).number("status", status);
  text.member("detail", detail).member("code", code).end_object();
  server::Answer answer = server::json_answer(status, text.take());
  answer.content_type = "application/problem+json";
  forbid_sniffing(answer);
  return answer;
}

bool is_api(const server::Request& request) { return request.path.starts_with("/api/") || request.path == "/metrics"; }

}  // namespace logystera::web
