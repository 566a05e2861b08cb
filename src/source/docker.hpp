// The logs of containers, asked of Docker's daemon (Engine API over a unix socket, or TCP with TLS).
//
// Once: one container after the other, each a part. Followed (docker_follow.hpp): a connection a container, at most kContainers. Either
// way a container is a log of its own (docker_container.hpp), read from a place of its own (docker_place.hpp).
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/http.hpp"
#include "parse/source_options.hpp"
#include "source/record_source.hpp"

namespace logystera::source {

inline constexpr std::size_t kContainers = 256;  // followed at the same time

struct DockerOptions {
  std::vector<std::string> names;   // whole names; none: every container
  std::vector<std::string> labels;  // "KEY" or "KEY=VALUE"; all of them
  bool all = false;                 // once: stopped ones too
  bool follow = false;
  std::optional<std::int64_t> since_ns;  // lines from then on. Without it, once: all; followed: from now on
  std::optional<Position> resume;        // followed: wins over since_ns
  std::string key;                       // 32 bytes for digests in positions
  parse::SourceOptions source;
  const std::atomic<bool>* stop = nullptr;
};

/// Where the daemon is: `address` is unix:///path, tcp://host:port, http:// or https://; empty is unix:///var/run/docker.sock. A `tls_dir`
/// holds ca.pem, and cert.pem with key.pem if the daemon wants to know its clients; tcp:// is https:// then. Errors: it is no such
/// address, a file is missing.
Result<net::Server> docker_server(const std::string& address, const std::string& tls_dir);

/// Asks the daemon for its version and its containers. Errors: it cannot be asked; once: there is no container to read (not_found);
/// followed: the position is damaged (broken). `formats` and `names` outlive the source and its parts.
Result<std::unique_ptr<RecordSource>> open_docker(const net::Server& server, const parse::Formats& formats,
                                                  FieldNames& names, DockerOptions options);

}  // namespace logystera::source
