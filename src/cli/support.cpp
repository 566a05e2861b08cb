// `logystera support`: what sites have written to whoever runs the gateway.
#include <fmt/core.h>

#include <cstdio>
#include <memory>

#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

constexpr std::uint64_t kListed = 200;

void begin_json(JsonText& json, const store::SupportRequest& request) {
  json.begin_object().member("reference", request.reference).member("entity", request.entity);
  json.member("name", request.entity_name).key("received_at").integer(request.received_at);
  json.key("email");
  if (request.email.empty()) json.null();
  else json.string(request.email);
}

int list(const Globals& globals) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("support list", store.error());
  auto requests = store.value()->support().list(kListed);
  if (!requests) return fail("support list", requests.error());
  if (globals.json) {
    for (const auto& request : requests.value()) {
      JsonText json;
      begin_json(json, request);
      json.end_object();
      std::puts(json.text().c_str());
    }
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows{{"REFERENCE", "RECEIVED", "SITE", "E-MAIL"}};
  for (const auto& request : requests.value()) {
    rows.push_back({request.reference, local_time(request.received_at), printable(request.entity_name),
                    request.email.empty() ? "-" : printable(request.email)});
  }
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

// Lines stay lines; everything else of a stranger's text is neutralised.
std::string printable_lines(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += printable(line) + "\n";
    at = end + 1;
  }
  return out;
}

int show(const Globals& globals, const std::string& reference) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail("support show", store.error());
  auto found = store.value()->support().find(reference);
  if (!found) return fail("support show", found.error());
  if (!found.value()) {
    return fail("support show", Error{fmt::format("{}: there is no such request: 'logystera support list' shows them",
                                                  printable(reference)),
                                      ErrorKind::not_found});
  }
  const store::SupportRequest& request = *found.value();
  if (globals.json) {
    JsonText json;
    begin_json(json, request);
    json.member("message", request.message).key("diagnostics");
    if (request.diagnostics.empty()) json.null();
    else json.raw(terminal_safe(request.diagnostics));
    json.end_object();
    std::puts(json.text().c_str());
    return kExitDone;
  }
  fmt::print("reference  {}\nreceived   {}\nsite       {} ({})\ne-mail     {}\n\n{}", request.reference,
             local_time(request.received_at), printable(request.entity_name), request.entity,
             request.email.empty() ? "-" : printable(request.email), printable_lines(request.message));
  if (!request.diagnostics.empty()) fmt::print("\ndiagnostics\n{}\n", printable(request.diagnostics));
  return kExitDone;
}

}  // namespace

void add_support(Program program) {
  auto* support = program.app.add_subcommand("support", "Read the support requests of connected sites");
  support->require_subcommand(1);
  support->footer(
      "Examples:\n"
      "  logystera support list\n"
      "  logystera support show sup_…            message and diagnostics; --json for programs\n\n"
      "A site sends a message with an e-mail address for the answer and, if its administrator included them,\n"
      "diagnostics.");
  auto* list_command = support->add_subcommand("list", "Show the newest 200 requests, oldest first");
  add_json(*list_command, program.globals, "Print one JSON object a line");
  add_store(*list_command, program.globals);
  list_command->callback([program] { program.exit_code = list(program.globals); });
  auto reference = std::make_shared<std::string>();
  auto* show_command = support->add_subcommand("show", "Show one request in full");
  show_command->add_option("REFERENCE", *reference, "The reference the site was given")->required();
  add_json(*show_command, program.globals, "Print JSON");
  add_store(*show_command, program.globals);
  show_command->callback([program, reference] { program.exit_code = show(program.globals, *reference); });
}

}  // namespace logystera::cli
