#include "cli/remote.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "cli/interrupt.hpp"
#include "cli/span.hpp"
#include "core/base64.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kScanSince = "1h";
constexpr std::int64_t kOverlapSecondsMost = 3'600;

Result<source::PagedSource::Options> asked_options(const std::string& product, const Analysis& analysis,
                                                   const RemoteOptions& remote) {
  const auto overlap = parse_span("--overlap", remote.overlap);
  if (!overlap) return overlap.error();
  if (overlap.value() < 1 || overlap.value() > kOverlapSecondsMost)
    return Error{fmt::format("--overlap {}: write a span from 1s to 1h", remote.overlap), ErrorKind::invalid};
  const auto since = remote.since.empty() ? Result<std::int64_t>(wall_ns()) : begin_ns("--since", remote.since);
  if (!since) return since.error();
  return paged_options(product, analysis, since.value(), overlap.value(), interrupted());
}

Result<std::unique_ptr<source::PagedSource>> open_source(const Analysis& analysis, const OpenStore& open,
                                                         source::PagedSource::Options options) {
  auto store = open(analysis.config);
  if (!store) return store.error();
  options.name = store->name;
  return source::PagedSource::open(std::move(store->store), analysis.program->formats(), analysis.program->names(),
                                   std::move(options));
}

}  // namespace

void add_remote(Command& command, RemoteOptions& options, bool tail) {
  if (!tail) options.since = kScanSince;
  Option* since = command.add_option("--since", options.since,
                                     tail ? "Begin so long ago instead of now: 30m, 24h, 7d, or unix seconds"
                                          : "From so long ago until now: 30m, 24h, 7d, or unix seconds");
  if (!tail) since->capture_default_str();
  if (tail)
    command
        .add_option("--overlap", options.overlap,
                    "An entry may appear so much later than newer ones; so much is asked for again at each look")
        ->capture_default_str();
  command.add_flag("--insecure-http", options.insecure_http, "Send credentials to another machine over http:// as well");
}

void add_graylog_token(net::ServerOptions& options, const std::string& token) {
  options.user = token;
  options.password = "token";
}

void add_api_key(net::ServerOptions& options, const std::string& key) {
  options.authorization = "ApiKey " + (key.find(':') == std::string::npos ? key : base64(key));
}

Result<std::int64_t> begin_ns(std::string_view option, std::string since) {
  if (since.starts_with('-')) since.erase(0, 1);
  const auto from = parse_since(option, since, wall_seconds());
  if (!from) return from.error();
  return std::max<std::int64_t>(from.value(), 0) * kSecondNs;
}

source::PagedSource::Options paged_options(std::string product, const Analysis& analysis, std::int64_t since_ns,
                                           std::int64_t overlap_seconds, const std::atomic<bool>& stop) {
  source::PagedSource::Options options;
  options.since_ns = since_ns;
  options.product = std::move(product);
  options.overlap.overlap_ns = overlap_seconds * kSecondNs;
  options.key = analysis.program->pipeline().salt;
  options.source = analysis.program->pipeline().source;
  options.stop = &stop;
  return options;
}

Error with_http_remedy(const Error& error) {
  if (error.message.find("unencrypted") == std::string::npos) return error;
  return Error{error.message + ", or say that it may be with --insecure-http", error.kind};
}

std::optional<Error> wrong_with_file(std::string_view what, const std::string& path) {
  if (path.empty() || ::access(path.c_str(), R_OK) == 0) return std::nullopt;
  return Error{fmt::format("{} {}: {}", what, path, std::strerror(errno)), kind_of_errno(errno)};
}

Result<Config> remote_config(const Globals& globals) { return load_config(globals.config); }

int run_remote_scan(const std::string& command, const std::string& product, const Globals& globals, const ScanOptions& scan,
                    const RemoteOptions& remote, const OpenStore& open) {
  return run_scan(command, globals, scan, [&](const Analysis& analysis) -> Result<Scanned> {
    auto options = asked_options(product, analysis, remote);
    if (!options) return options.error();
    auto opened = open_source(analysis, open, std::move(options).value());
    if (!opened) return opened.error();
    auto source = std::make_shared<std::unique_ptr<source::RecordSource>>(std::move(opened).value());
    return scanned(analysis, [source] { return std::exchange(*source, nullptr); });
  });
}

int run_remote_tail(const std::string& command, const std::string& product, const Globals& globals, const LiveOptions& live,
                    const RemoteOptions& remote, const std::string& target, const OpenStore& open) {
  LiveSource source;
  source.command = command;
  source.target = target;
  source.open = [&](const Analysis& analysis, const Begin& begin) -> Result<std::unique_ptr<source::RecordSource>> {
    auto options = asked_options(product, analysis, remote);
    if (!options) return options.error();
    options->follow = true;
    options->poll = std::chrono::milliseconds(static_cast<std::int64_t>(live.poll_seconds * 1'000));
    options->resume = begin.position;
    auto opened = open_source(analysis, open, std::move(options).value());
    if (!opened) return opened.error();
    return std::unique_ptr<source::RecordSource>(std::move(opened).value());
  };
  return run_live(globals, live, source);
}

}  // namespace logystera::cli
