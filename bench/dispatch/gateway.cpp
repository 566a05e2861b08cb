// bench_dispatch_gateway STORE: the routes of sites on a store with its entities, as `logystera serve` has them, and one page more that
// reads every stored event: GET /pages/slow. Prints "listening on URL"; ends with SIGTERM.
#include <signal.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <string>

#include "gateway/freed_memory.hpp"
#include "gateway/ingest.hpp"
#include "gateway/pages.hpp"
#include "gateway/vault.hpp"
#include "server/http.hpp"
#include "store/store.hpp"

using namespace logystera;

namespace {

int fail(const Error& error) {
  std::fprintf(stderr, "%s\n", error.message.c_str());
  return 2;
}

server::Route slow_page(store::Store& store) {
  const auto handle = [&store](server::Request request, const server::Reply& reply) {
    std::size_t events = 0, bytes = 0;
    const auto read = store.events().read({}, [&](const store::StoredEvent& event) {
      ++events;
      bytes += event.line.size();
      return !request.stopping.stop_requested();
    });
    server::Answer answer;
    if (!read) answer = server::problem(503, "store_failed", "see the log");
    else answer.body = std::to_string(events) + " events, " + std::to_string(bytes) + " bytes\n";
    reply(std::move(answer));
  };
  return {"GET", "/pages/slow", 0, handle, std::make_shared<server::Workers>(gateway::pages::workers())};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return fail(Error{"usage: bench_dispatch_gateway STORE"});
  gateway::keep_freed_memory();
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &end, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const std::string path = argv[1];
  auto store = store::open("sqlite:" + path);
  if (!store) return fail(store.error());
  auto vault = gateway::Vault::open(path + ".key", false);
  if (!vault) return fail(vault.error());
  auto entities = gateway::Entities::open(store.value()->entities(), std::move(vault).value());
  if (!entities) return fail(entities.error());
  const auto log = [](std::string_view text) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(text.size()), text.data());
  };
  gateway::IngestOptions options;
  options.rate.events_per_second = 0;
  options.now = [] { return static_cast<std::int64_t>(std::time(nullptr)); };
  options.log = log;
  auto writer = store.value()->start_batch_writer();
  if (!writer) return fail(writer.error());
  gateway::Ingest ingest(entities.value(), *writer.value(), options);
  server::Listener listener;
  listener.host = "127.0.0.1";
  listener.routes = ingest.routes();
  listener.routes.push_back(slow_page(*store.value()));
  std::vector<server::Listener> listeners;
  listeners.push_back(std::move(listener));
  auto server = server::Server::start(std::move(listeners), {}, log);
  if (!server) return fail(server.error());
  std::printf("listening on %s\n", server.value()->urls().front().c_str());
  std::fflush(stdout);
  int number = 0;
  sigwait(&end, &number);
  server.value()->stop();
  writer.value().reset();
  return 0;
}
