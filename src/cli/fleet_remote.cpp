// See fleet_remote.hpp.
#include "cli/fleet_remote.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "cli/remote.hpp"
#include "cli/span.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "net/http.hpp"
#include "source/docker.hpp"
#include "source/graylog.hpp"
#include "source/loki.hpp"
#include "source/opensearch.hpp"

namespace logystera::cli {
namespace {

using fleet::Target;
using fleet::Type;

constexpr const char* kSinceDefault = "1h";

Result<std::int64_t> since_ns(const Target& target, const char* otherwise) {
  const std::string since = target.text("since");
  return begin_ns("since", since.empty() ? otherwise : since);
}

std::string or_else(const std::string& text, const std::string& otherwise) { return text.empty() ? otherwise : text; }

// The error of a server that cannot be spoken to as the target says, with the key that helps.
Error with_key(const Error& error) {
  if (error.message.find("unencrypted") == std::string::npos) return error;
  return Error{error.message + ", or say that it may be with insecure_http: true", error.kind};
}

void add_user(const Target& target, net::ServerOptions& options) {
  options.user = target.text("username");
  options.password = target.text("password");
}

Result<std::unique_ptr<source::PagedStore>> loki(const Target& target, const Config& config, Stop stop) {
  net::ServerOptions options;
  options.ca_certs = config.loki.ca_certs;
  options.insecure_http = target.flag("insecure_http");
  if (const std::string token = target.text("token"); !token.empty()) options.authorization = "Bearer " + token;
  else add_user(target, options);
  auto server = net::Server::at(or_else(target.text("url"), config.loki.url), std::move(options));
  if (!server) return with_key(server.error());
  const std::string tenant = or_else(target.text("org_id"), config.loki.org_id);
  if (tenant.find_first_of("\r\n") != std::string::npos) return Error{"org_id holds a line end", ErrorKind::invalid};
  return std::unique_ptr<source::PagedStore>(std::make_unique<source::LokiStore>(
      std::move(server).value(), source::LokiTarget{target.text("query"), tenant}, &stop));
}

Result<std::unique_ptr<source::PagedStore>> graylog(const Target& target, const Config& config, Stop stop) {
  net::ServerOptions options;
  options.ca_certs = config.graylog.ca_certs;
  options.insecure_http = target.flag("insecure_http");
  if (const std::string token = target.text("token"); !token.empty()) add_graylog_token(options, token);
  else add_user(target, options);
  auto server = net::Server::at(or_else(target.text("url"), config.graylog.url), std::move(options));
  if (!server) return with_key(server.error());
  return std::unique_ptr<source::PagedStore>(std::make_unique<source::GraylogStore>(
      std::move(server).value(), source::GraylogTarget{or_else(target.text("query"), "*"), {}}, &stop));
}

Result<std::unique_ptr<source::PagedStore>> opensearch(const Target& target, const Config& config, Stop stop) {
  const OpensearchConfig& set = config.opensearch;
  net::ServerOptions options;
  options.insecure_http = target.flag("insecure_http");
  options.verify = target.flag("verify_certs", set.verify_certs);
  if (const char* certificates = std::getenv("OPENSEARCH_CA_CERTS")) options.ca_certs = certificates;
  if (const std::string key = target.text("api_key"); !key.empty()) add_api_key(options, key);
  else add_user(target, options);
  const std::string index = or_else(target.text("index"), set.default_index);
  if (auto wrong = source::wrong_with_index(index)) return *wrong;
  const std::string host = or_else(target.text("host"), set.host);
  if (host.find_first_of("/@?#\\") != std::string::npos)
    return Error{"host is a name or an address; https is use_ssl: true", ErrorKind::invalid};
  const unsigned port = target.number("port") > 0 ? target.number("port") : set.port;
  auto server = net::Server::at(
      fmt::format("{}://{}:{}", target.flag("use_ssl", set.use_ssl) ? "https" : "http", host, port), std::move(options));
  if (!server) return with_key(server.error());
  return std::unique_ptr<source::PagedStore>(std::make_unique<source::OpensearchStore>(
      std::move(server).value(),
      source::OpensearchTarget{index, target.text("query"), set.timestamp_field, set.message_field, set.severity_field,
                               set.source_name_field},
      &stop));
}

Result<std::unique_ptr<source::PagedStore>> store_of(const Target& target, const Config& config, Stop stop) {
  if (target.type == Type::loki) return loki(target, config, stop);
  if (target.type == Type::graylog) return graylog(target, config, stop);
  return opensearch(target, config, stop);
}

Opened open_store(const Target& target, const Analysis& analysis, bool follow, const Begin& begin, Stop stop) {
  auto store = store_of(target, analysis.config, stop);
  if (!store) return store.error();
  const auto since = follow ? Result<std::int64_t>(begin.from_start ? 0 : wall_ns()) : since_ns(target, kSinceDefault);
  if (!since) return since.error();
  const auto overlap = parse_span("overlap", kOverlapDefault);
  if (!overlap) return overlap.error();
  const std::string product(fleet::type_name(target.type));
  source::PagedSource::Options options = paged_options(product, analysis, since.value(), overlap.value(), stop);
  options.name = product;
  options.follow = follow;
  options.poll = std::chrono::milliseconds(static_cast<std::int64_t>(kRemotePollSeconds * 1'000));
  options.resume = begin.position;
  auto opened = source::PagedSource::open(std::move(store).value(), analysis.program->formats(), analysis.program->names(),
                                          std::move(options));
  if (!opened) return opened.error();
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

Result<net::Server> daemon_of(const Target& target) {
  std::string address = target.text("socket");
  if (address.starts_with('/')) address.insert(0, "unix://");
  return source::docker_server(address, {});
}

Opened open_daemon(const Target& target, const Analysis& analysis, bool follow, const Begin& begin, Stop stop) {
  auto server = daemon_of(target);
  if (!server) return server.error();
  source::DockerOptions docker;
  docker.names = target.texts("container");
  docker.labels = target.texts("label");
  docker.key = bytes_of(hmac_sha256(analysis.program->pipeline().salt, "docker positions"));
  docker.source = analysis.program->pipeline().source;
  docker.source.input.stop = docker.stop = &stop;
  docker.follow = follow;
  if (follow) {
    docker.resume = begin.position;
    if (begin.from_start) docker.since_ns = 0;
  } else {
    docker.all = target.flag("all");
    if (!target.text("since").empty()) {
      auto since = since_ns(target, kSinceDefault);
      if (!since) return since.error();
      docker.since_ns = since.value();
    }
  }
  return source::open_docker(std::move(server).value(), analysis.program->formats(), analysis.program->names(),
                             std::move(docker));
}

}  // namespace

Opened open_server(const Target& target, const Analysis& analysis, bool follow, const Begin& begin, Stop stop) {
  return target.type == Type::docker ? open_daemon(target, analysis, follow, begin, stop)
                                     : open_store(target, analysis, follow, begin, stop);
}

Result<std::string> check_server(const Target& target, const Analysis& analysis, Stop stop) {
  if (target.type == Type::docker) {
    auto opened = open_daemon(target, analysis, true, {}, stop);  // asks for the version and the list
    if (!opened) return opened.error();
    return std::string("the daemon answers");
  }
  auto store = store_of(target, analysis.config, stop);
  if (!store) return store.error();
  const std::int64_t now = wall_ns();
  const source::PagedStore::Page page =
      store.value()->page({.from_ns = now - 60 * kSecondNs, .until_ns = now, .limit = 1, .cursor = {}, .once = true});
  store.value()->end_look();
  if (page.fault != net::Fault::none || !page.error.message.empty()) return page.error;
  return std::string("the query is answered");
}

}  // namespace logystera::cli
