// `logystera health`: whether a server answers, for people, service managers and containers.
#include <curl/curl.h>
#include <fmt/core.h>
#include <rapidjson/document.h>

#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "core/secret.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kAnswerBytes = 64 * 1024;  // of a server that may be any program

struct Options {
  std::string url = "http://127.0.0.1:8080";
  std::string ca_file;
  long seconds = 5;
};

struct Health {
  long status = 0;
  std::string body;
};

std::size_t take(char* data, std::size_t size, std::size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kAnswerBytes) return 0;
  body.append(data, size * count);
  return size * count;
}

Result<Health> ask(const Options& options) {
  static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> curl(::curl_easy_init(), &::curl_easy_cleanup);
  if (ready != CURLE_OK || !curl) return Error{"libcurl cannot be started"};
  std::string url = options.url;
  while (url.ends_with('/')) url.pop_back();
  url += "/health";
  Health health;
  ::curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, options.seconds);
  ::curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");  // it is this very server that is asked
  ::curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "logystera/" LOGYSTERA_VERSION);
  ::curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take);
  ::curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &health.body);
  if (!options.ca_file.empty()) ::curl_easy_setopt(curl.get(), CURLOPT_CAINFO, options.ca_file.c_str());
  const std::string shown = without_url_secrets(options.url);
  if (const CURLcode code = ::curl_easy_perform(curl.get()); code != CURLE_OK) {
    return Error{fmt::format("{}: {}: is `logystera serve` running there?", shown, ::curl_easy_strerror(code)),
                 ErrorKind::not_found};
  }
  ::curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &health.status);
  return health;
}

int run(const Globals& globals, const Options& options) {
  auto health = ask(options);
  if (!health) return fail("health", health.error());
  const std::string shown = without_url_secrets(options.url);
  rapidjson::Document answer;
  answer.Parse(health->body.data(), health->body.size());
  const auto text = [&](const char* name) -> std::string {
    if (!answer.IsObject() || !answer.HasMember(name) || !answer[name].IsString()) return {};
    return {answer[name].GetString(), answer[name].GetStringLength()};
  };
  constexpr long kFine = 200;
  const std::string status = text("status"), version = text("version"), message = text("message");
  if (health->status != kFine || status != "ok") {
    return fail("health", Error{fmt::format("{} answers {}: {}", shown, health->status,
                                            !message.empty()  ? message
                                            : !status.empty() ? status
                                                              : "this is no logystera server")});
  }
  if (globals.json) {
    JsonText json;
    json.begin_object().member("status", status).member("version", version).end_object();
    fmt::print("{}\n", json.text());
  } else {
    fmt::print("{}: {}, version {}\n", printable(shown), printable(status), printable(version));
  }
  return kExitDone;
}

}  // namespace

void add_health(Program program) {
  auto* health = program.app.add_subcommand("health", "Ask a running server whether it is well");
  auto options = std::make_shared<Options>();
  health->add_option("URL", options->url, "Where it listens")->capture_default_str();
  health->add_option("--timeout", options->seconds, "Seconds to wait for its answer")
      ->capture_default_str()
      ->check(Check::range(1, 3600));
  health->add_option("--ca-file", options->ca_file, "PEM certificates to trust instead of the system's");
  add_json(*health, program.globals, "One JSON object");
  health->footer(
      "Examples:\n"
      "  logystera health\n"
      "  logystera health https://logs.example.org --timeout 2\n\n"
      "Asks GET /health, which needs no token. Exit codes: 0 it is well; 2 it is not, or does not answer.");
  health->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli
