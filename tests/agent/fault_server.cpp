#include "fault_server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <shared_mutex>
#include <stdexcept>

#include "core/event.hpp"
#include "core/wire.hpp"

namespace logystera::test {
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(::tolower(c)); });
  return text;
}

std::string gunzip(const std::string& data) {
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 16) != Z_OK) throw std::runtime_error("inflateInit2");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  std::string out;
  char block[65536];
  int code = Z_OK;
  while (code == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(block);
    stream.avail_out = sizeof block;
    code = inflate(&stream, Z_NO_FLUSH);
    out.append(block, sizeof block - stream.avail_out);
  }
  inflateEnd(&stream);
  return code == Z_STREAM_END ? out : std::string();
}

// Held shared by a server's thread while it runs, let go while it waits; held alone by who forks.
std::shared_mutex& gate() {
  static std::shared_mutex gate;
  return gate;
}

class Running {
 public:
  Running() { gate().lock_shared(); }
  ~Running() { gate().unlock_shared(); }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
};

// The other way round, for a system call that may take its time.
class Waiting {
 public:
  Waiting() { gate().unlock_shared(); }
  ~Waiting() { gate().lock_shared(); }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
};

// The server's own mutex together with the gate: who waits for the mutex is not running, and who has it back is.
class Held {
 public:
  explicit Held(std::mutex& mutex) : mutex_(mutex) {
    const Waiting waiting;
    mutex_.lock();
  }
  ~Held() { mutex_.unlock(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  std::mutex& mutex_;
};

// A thread of a server that is past its own beginning, which takes locks as well.
template <typename Work>
std::thread started(Work work) {
  std::atomic<bool> running{false};
  std::thread thread([work, &running] {
    running = true;
    work();
  });
  while (!running) std::this_thread::yield();
  return thread;
}

void nap(int ms) {
  const Waiting waiting;
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

// A self-signed certificate that is its own authority.
SSL_CTX* make_tls(const Certificate& wanted, std::string& pem) {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 86400L * wanted.valid_from_days);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * wanted.valid_to_days);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("fault server"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  const std::string names = "DNS:" + wanted.host;
  for (const auto& [nid, value] :
       {std::pair<int, std::string>{NID_subject_alt_name, names}, {NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(certificate, key, EVP_sha256());
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  SSL_CTX_use_certificate(context, certificate);
  SSL_CTX_use_PrivateKey(context, key);
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  pem.assign(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return context;
}

void parse_head(const std::string& head, Request& request) {
  std::size_t at = head.find("\r\n");
  const std::string first = head.substr(0, at);
  request.method = first.substr(0, first.find(' '));
  request.target = first.substr(first.find(' ') + 1, first.rfind(' ') - first.find(' ') - 1);
  while (at != std::string::npos && at + 2 < head.size()) {
    const std::size_t begin = at + 2;
    at = head.find("\r\n", begin);
    const std::string line = head.substr(begin, at == std::string::npos ? at : at - begin);
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::size_t value = colon + 1;
    while (value < line.size() && line[value] == ' ') ++value;
    request.headers[lower(line.substr(0, colon))] = line.substr(value);
  }
}

void check(Request& request) {
  const std::string encoding = request.header("content-encoding");
  request.body = encoding == "gzip" ? gunzip(request.wire_body) : request.wire_body;
  for (std::size_t at = 0; at < request.body.size();) {
    const std::size_t end = std::min(request.body.find('\n', at), request.body.size());
    request.lines.push_back(request.body.substr(at, end - at));
    at = end + 1;
  }
  const std::string entity = request.header("logystera-entity");
  const std::string timestamp = request.header("logystera-timestamp");
  const std::string batch = request.batch();
  const wire::SignedRequest claimed{request.method, request.target, entity,           std::atoll(timestamp.c_str()),
                                    batch,          encoding,       request.wire_body};
  request.signature_holds = wire::carries(request.header("logystera-signature"), wire::sign(kSecret, claimed));
  request.batch_id_holds = batch == wire::batch_id(entity, request.body);
}

}  // namespace

std::string Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::string event_id_of(std::string_view line) {
  EventView view;
  return read_event_line(line, view) == LineFault::none ? std::string(view.event_id) : std::string();
}

Reply accepted() {
  Reply reply;
  reply.store = true;
  return reply;
}

Reply status(int code, Ack ack) {
  Reply reply;
  reply.status = code;
  reply.body = "{}";
  reply.ack = ack;
  return reply;
}

Reply refused(std::string_view code) {
  Reply reply = status(400);
  reply.body = "{\"error\":\"" + std::string(code) + "\"}";
  return reply;
}

pid_t fork_among_threads() {
  const std::lock_guard<std::shared_mutex> alone(gate());
  return ::fork();
}

int poll_patiently(int fd, short events, int timeout_ms) {
  const Waiting waiting;
  pollfd one{fd, events, 0};
  return ::poll(&one, 1, timeout_ms);
}

// A socket, plain or with TLS.
class FaultServer::Connection {
 public:
  Connection(int fd, SSL_CTX* tls) : fd_(fd) {
    if (tls == nullptr) return;
    ssl_ = SSL_new(tls);
    SSL_set_fd(ssl_, fd);
    poll_patiently(fd_, POLLIN, -1);
    good_ = SSL_accept(ssl_) == 1;
  }
  ~Connection() {
    if (ssl_ != nullptr) SSL_free(ssl_);
  }
  bool good() const { return good_; }
  bool read(std::string& into) {
    char block[65536];
    if (ssl_ == nullptr || SSL_pending(ssl_) == 0) poll_patiently(fd_, POLLIN, -1);
    const auto got = ssl_ != nullptr ? SSL_read(ssl_, block, sizeof block) : ::recv(fd_, block, sizeof block, 0);
    if (got <= 0) return false;
    into.append(block, static_cast<std::size_t>(got));
    return true;
  }
  bool write(std::string_view data) {
    while (!data.empty()) {
      poll_patiently(fd_, POLLOUT, -1);
      const auto put = ssl_ != nullptr ? SSL_write(ssl_, data.data(), static_cast<int>(data.size()))
                                       : ::send(fd_, data.data(), data.size(), MSG_NOSIGNAL);
      if (put <= 0) return false;
      data.remove_prefix(static_cast<std::size_t>(put));
    }
    return true;
  }

 private:
  int fd_;
  SSL* ssl_ = nullptr;
  bool good_ = true;
};

FaultServer::FaultServer(Script script, std::unique_ptr<Certificate> certificate) : script_(std::move(script)) {
  if (certificate) {
    tls_ = make_tls(*certificate, pem_);
    hang_up_ = certificate->hang_up;
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("fault server: no port");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = started([this] { accept_loop(); });
}

FaultServer::~FaultServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard<std::mutex> guard(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    work_.notify_all();
  }
  for (std::thread& server : servers_) server.join();
  ::close(listener_);
  if (tls_ != nullptr) SSL_CTX_free(tls_);
}

std::string FaultServer::url() const {
  return tls_ != nullptr ? "https://localhost:" + std::to_string(port_) : "http://127.0.0.1:" + std::to_string(port_);
}

agent::Credentials FaultServer::credentials(std::string_view secret) const {
  return agent::Credentials::make(url(), kEntity, secret).value();
}

void FaultServer::script(Script script) {
  const std::lock_guard<std::mutex> guard(mutex_);
  script_ = std::move(script);
}

std::vector<Request> FaultServer::requests() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return requests_;
}

std::size_t FaultServer::request_count() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return requests_.size();
}

std::vector<std::string> FaultServer::stored() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  return stored_;
}

std::size_t FaultServer::repeats() const {
  const std::lock_guard<std::mutex> guard(mutex_);
  std::size_t repeats = 0;
  for (const auto& [id, times] : seen_) repeats += static_cast<std::size_t>(times - 1);
  return repeats;
}

void FaultServer::accept_loop() {
  const Running running;
  for (;;) {
    poll_patiently(listener_, POLLIN, -1);
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 || stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ++connections_;
    const Held held(mutex_);
    open_.push_back(fd);
    waiting_.push_back(fd);
    if (waiting_.size() > idle_) servers_.push_back(started([this] { work(); }));
    work_.notify_one();
  }
}

void FaultServer::work() {
  const Running running;
  // For this thread only: the dispatcher under test has to look after itself.
  sigset_t pipe;
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  for (;;) {
    int fd;
    {
      const Waiting waiting;
      std::unique_lock<std::mutex> lock(mutex_);
      ++idle_;
      work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      --idle_;
      if (waiting_.empty()) return;
      fd = waiting_.back();
      waiting_.pop_back();
    }
    serve(fd);
  }
}

void FaultServer::serve(int fd) {
  {
    Connection connection(fd, tls_);
    std::string input;
    while (connection.good() && !stopping_ && !hang_up_) {
      std::size_t head_end;
      while ((head_end = input.find("\r\n\r\n")) == std::string::npos) {
        if (!connection.read(input)) goto done;
      }
      Request request;
      parse_head(input.substr(0, head_end + 2), request);
      const std::size_t length = std::strtoul(request.header("content-length").c_str(), nullptr, 10);
      while (input.size() < head_end + 4 + length) {
        if (!connection.read(input)) goto done;
      }
      request.wire_body = input.substr(head_end + 4, length);
      input.erase(0, head_end + 4 + length);
      check(request);
      Reply reply;
      {
        const Held held(mutex_);
        requests_.push_back(request);
        reply = script_(request);
        if (reply.store) {
          for (const std::string& line : request.lines) {
            const std::string id = event_id_of(line);
            if (++seen_[id] == 1) stored_.push_back(id);
          }
        }
      }
      if (reply.reset) {
        const linger hard{1, 0};
        ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        break;
      }
      answer(connection, request, reply);
      if (reply.close_after || !reply.raw.empty() || reply.endless_body != 0) break;
    }
  }
done:
  const Held held(mutex_);
  open_.erase(std::find(open_.begin(), open_.end(), fd));
  ::close(fd);
}

void FaultServer::answer(Connection& connection, const Request& request, const Reply& reply) {
  std::string text = reply.raw;
  if (text.empty()) {
    text = "HTTP/1.1 " + std::to_string(reply.status) + " Scripted\r\n";
    for (const std::string& line : reply.headers) text += line + "\r\n";
    if (reply.ack != Ack::none) {
      const std::string batch = reply.ack == Ack::for_other_batch ? std::string(32, '0') : request.batch();
      const std::string_view secret = reply.ack == Ack::forged ? "another-secret-of-some-length" : kSecret;
      text += "Logystera-Ack: v1=" + wire::acknowledge(secret, reply.status, batch, reply.body) + "\r\n";
    }
    if (reply.endless_body != 0) {
      text += "\r\n";
    } else {
      text += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
    }
  }
  if (reply.delay_ms != 0) nap(reply.delay_ms);
  if (reply.drip_ms != 0) {
    for (const char c : text) {
      if (stopping_ || !connection.write(std::string_view(&c, 1))) return;
      nap(reply.drip_ms);
    }
    return;
  }
  if (!connection.write(text)) return;
  const std::string block(65536, 'x');
  for (std::size_t sent = 0; sent < reply.endless_body && !stopping_; sent += block.size()) {
    if (!connection.write(block)) return;
  }
}

}  // namespace logystera::test
