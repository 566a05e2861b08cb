// What `loki`, `graylog` and `opensearch` have in common: a log store is asked over HTTP, once or again and again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cli/live.hpp"
#include "cli/scan_run.hpp"
#include "net/http.hpp"
#include "source/paged_source.hpp"

namespace logystera::cli {

inline constexpr const char* kOverlapDefault = "15s";
inline constexpr double kRemotePollSeconds = 2;

/// How a store is spoken to, besides its address.
struct RemoteOptions {
  std::string since, overlap = kOverlapDefault;
  bool insecure_http = false;
};

/// A store that is to be asked.
struct RemoteStore {
  std::string name;  // records name it as their source: "loki:logs.example"
  std::unique_ptr<source::PagedStore> store;
};
/// By the configuration and what a command was given; no request is made.
using OpenStore = std::function<Result<RemoteStore>(const Config& config)>;

/// Adds --since, --overlap and --insecure-http. `since` is its default and what is said of it.
void add_remote(Command& command, RemoteOptions& options, bool tail);

/// How Graylog takes a token: as a user's name, with "token" for a password.
void add_graylog_token(net::ServerOptions& options, const std::string& token);
/// How OpenSearch and Elasticsearch take a key: "id:key" as it is shown when it is made, or what that is in a header.
void add_api_key(net::ServerOptions& options, const std::string& key);

/// A time as parse_span() or filter/moment.hpp has it, a '-' in front ignored: Unix nanoseconds, not before 1970. The message names
/// `option`.
Result<std::int64_t> begin_ns(std::string_view option, std::string since);
/// How a store is read from `since_ns` on, but for what following adds.
source::PagedSource::Options paged_options(std::string product, const Analysis& analysis, std::int64_t since_ns,
                                           std::int64_t overlap_seconds, const std::atomic<bool>& stop);

/// The error of net::Server::at() with the option that helps, if one does.
Error with_http_remedy(const Error& error);
/// A file that is named has to be there, or libcurl says of a server what is true of the file.
std::optional<Error> wrong_with_file(std::string_view what, const std::string& path);

int run_remote_scan(const std::string& command, const std::string& product, const Globals& globals, const ScanOptions& scan,
                    const RemoteOptions& remote, const OpenStore& open);
/// `target` names what is asked for: the same for the same entries, run by run.
int run_remote_tail(const std::string& command, const std::string& product, const Globals& globals, const LiveOptions& live,
                    const RemoteOptions& remote, const std::string& target, const OpenStore& open);

/// The configuration, to make a target of; its warnings are said where it is loaded to be used.
Result<Config> remote_config(const Globals& globals);

}  // namespace logystera::cli
