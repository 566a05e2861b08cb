// `logystera health`: whether a server answers, for people, service managers and containers.
#include <fmt/core.h>
#include <rapidjson/document.h>

#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/own_server.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "core/secret.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string url = "http://127.0.0.1:8080";
  std::string ca_file;
  long seconds = 5;
};

Result<ServerAnswer> ask(const Options& options) {
  auto health = ask_server({options.url, options.ca_file, options.seconds}, "/health");
  if (!health && health.error().kind == ErrorKind::not_found)
    return Error{fmt::format("{}: {}: is `logystera serve` running there?", without_url_secrets(options.url),
                             health.error().message),
                 ErrorKind::not_found};
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
