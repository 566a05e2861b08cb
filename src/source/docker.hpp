// The logs of containers, asked of Docker's daemon (Engine API over a unix socket, or TCP with TLS).
//
// Once: one container after the other, each a part. Followed: a connection a container, at most kContainers, read by one thread; the
// list of containers is asked again every ten seconds and whenever the daemon reports an event. A container is a log of its own: its
// format is detected, its records carry `container.name`, `container.id`, `container.image` and `stream`, and its name is their source.
// A record without a time of its own has the daemon's.
//
// The daemon writes two streams of a container slightly out of order, and repeats lines when it rotates a log that is followed. So
// reading goes on five seconds before the newest line (source/overlap.hpp), and a line that was handed out, by stream, time and text, is
// not handed out again. Lines the daemon rotated away meanwhile are gone: that is a notice.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
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
  bool all = false;                 // stopped ones too; a source that follows reads of them what they wrote
  bool follow = false;
  std::optional<std::int64_t> since_ns;  // once: lines from then on. Followed: from now on without it
  std::optional<Position> resume;        // wins over since_ns
  std::string key;                       // 32 bytes for digests in positions
  parse::SourceOptions source;
  const std::atomic<bool>* stop = nullptr;
};

/// Where the daemon is: `address` is unix:///path, tcp://host:port (https if `tls_dir`, with its ca.pem, cert.pem and key.pem), http:// or
/// https://; empty is unix:///var/run/docker.sock.
Result<net::Server> docker_server(const std::string& address, const std::string& tls_dir);

/// Asks the daemon for its version and its containers. Errors: it cannot be asked, a named container is not there, the position is broken.
/// `formats` and `names` outlive the source and its parts.
Result<std::unique_ptr<RecordSource>> open_docker(net::Server server, const parse::Formats& formats, FieldNames& names,
                                                  DockerOptions options);

}  // namespace logystera::source
