// A gateway on the loopback that can be made to misbehave in every way a network, a proxy or a gateway does.
//
// It reads real requests from real sockets, checks signature and batch id as the gateway would, keeps which events it
// stored, and answers what the test's script says: a proper signed answer, a forged one, raw bytes, a reset, a trickle.
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/credentials.hpp"

namespace logystera::test {

inline constexpr std::string_view kEntity = "ent_test";
inline constexpr std::string_view kSecret = "s3cr3t-entity-secret-32-bytes-min!";

struct Request {
  std::string method, target;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string wire_body;                       // as sent
  std::string body;                            // decompressed
  std::vector<std::string> lines;              // of body, without newlines
  bool signature_holds = false;
  bool batch_id_holds = false;

  std::string header(const std::string& name) const;
  std::string batch() const { return header("logystera-batch"); }
};

enum class Ack { valid, none, forged, for_other_batch };

struct Reply {
  int status = 202;
  std::string body = "{\"accepted\":1}";
  std::vector<std::string> headers;  // further header lines
  Ack ack = Ack::valid;
  bool store = false;  // keep the request's events as stored
  bool reset = false;  // RST instead of an answer
  bool close_after = false;
  std::string raw;               // sent instead of everything above
  int drip_ms = 0;               // one byte each so often
  int delay_ms = 0;              // before the first byte
  std::size_t endless_body = 0;  // so many bytes of body follow, with no length given
};

Reply accepted();                              // 202, stored
Reply status(int code, Ack ack = Ack::valid);  // nothing stored
Reply refused(std::string_view code);          // 400 with {"error":code}

using Script = std::function<Reply(const Request&)>;

/// fork() while no fault server's thread is inside the program's own code: all of them wait for the network or for work.
///
/// A child of a process with threads inherits the locks those held at that moment for good. glibc's allocator is prepared for
/// that, AddressSanitizer's (GCC 12) is not: a child forked at the wrong moment waits for ever in its first allocation.
/// Errors and result as fork(2).
pid_t fork_among_threads();
/// poll(2) of one descriptor, for scripts: fork_among_threads() does not wait for it.
int poll_patiently(int fd, short events, int timeout_ms);

/// How the server presents itself over TLS.
struct Certificate {
  std::string host = "localhost";
  int valid_from_days = -1;
  int valid_to_days = 30;
  bool hang_up = false;  // as soon as the handshake is done
};

class FaultServer {
 public:
  explicit FaultServer(Script script, std::unique_ptr<Certificate> certificate = nullptr);
  ~FaultServer();

  std::string url() const;
  int port() const noexcept { return port_; }
  agent::Credentials credentials(std::string_view secret = kSecret) const;
  /// PEM of its certificate, to be used as CA bundle.
  const std::string& certificate_pem() const noexcept { return pem_; }

  void script(Script script);
  std::vector<Request> requests() const;
  std::size_t request_count() const;
  std::size_t connection_count() const { return connections_; }
  /// Event ids in the order they were first stored.
  std::vector<std::string> stored() const;
  /// How often events came that were stored already.
  std::size_t repeats() const;

 private:
  class Connection;
  void accept_loop();
  void work();
  void serve(int fd);
  void answer(Connection& connection, const Request& request, const Reply& reply);

  Script script_;
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::vector<std::string> stored_;
  std::map<std::string, int> seen_;
  std::atomic<std::size_t> connections_{0};
  std::atomic<bool> stopping_{false};
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  // Threads live as long as the server (one that ends or begins holds locks too, see fork_among_threads); a new one is
  // made when a connection finds none idle.
  std::vector<std::thread> servers_;
  std::condition_variable work_;
  std::vector<int> waiting_;  // accepted, not yet served
  std::size_t idle_ = 0;
  std::vector<int> open_;
  SSL_CTX* tls_ = nullptr;
  bool hang_up_ = false;
  std::string pem_;
};

/// The event_id of a line.
std::string event_id_of(std::string_view line);

}  // namespace logystera::test
