#include "net/http.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "core/base64.hpp"
#include "core/clock.hpp"
#include "core/json.hpp"
#include "core/printable.hpp"
#include "net/easy.hpp"

namespace logystera::net {
namespace {

constexpr std::size_t kHeaderBytes = 64 * 1024;
constexpr std::size_t kQuotedBytes = 200;
constexpr long kReceiveBytes = 256 * 1024;  // at a time; libcurl's 16 KiB would be as many calls more
constexpr std::int64_t kRetryAfterMost = 3'600;

bool has_line_end(std::string_view text) noexcept { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  return out;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  constexpr std::uint32_t kLoopbackNet = 127;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == kLoopbackNet;
}

std::string part_of(CURLU* parts, CURLUPart part) {
  char* text = nullptr;
  if (::curl_url_get(parts, part, &text, 0) != CURLUE_OK) return {};
  std::string out = text;
  ::curl_free(text);
  return out;
}

Fault fault_of(CURLcode code) noexcept {
  switch (code) {
    case CURLE_OK: return Fault::none;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_FILESIZE_EXCEEDED: return Fault::configuration;
    default: return Fault::passing;
  }
}

constexpr std::size_t kSecretBytes = 8;  // a shorter text may be a word like any other
constexpr std::size_t kTokenBytes = 20;

// What of the credentials an answer could hold: as the header has them, and what they are made of.
std::vector<std::string> secrets_of(const ServerOptions& options) {
  std::vector<std::string> secrets;
  if (!options.authorization.empty()) secrets.push_back(options.authorization.substr(options.authorization.find(' ') + 1));
  else if (!options.user.empty()) secrets = {base64(options.user + ':' + options.password), options.password, options.user};
  return secrets;
}

// A server may say what it was sent, and a log may be that of a server that was sent it.
void blank(std::string& text, const std::vector<std::string>& secrets, std::size_t least) {
  for (const std::string& secret : secrets)
    for (std::size_t at = 0; secret.size() >= least && (at = text.find(secret, at)) != text.npos; at += secret.size())
      text.replace(at, secret.size(), secret.size(), '*');
}

// Seconds, or a date (RFC 9110 §10.2.3).
std::optional<std::chrono::seconds> retry_after(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    const std::time_t at = ::curl_getdate(std::string(text).c_str(), nullptr);
    if (at == -1) return std::nullopt;
    seconds = at - wall_seconds();
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kRetryAfterMost));
}

}  // namespace

bool start_libcurl() noexcept {
  static std::once_flag once;
  static CURLcode code = CURLE_FAILED_INIT;
  std::call_once(once, [] { code = ::curl_global_init(CURL_GLOBAL_DEFAULT); });
  return code == CURLE_OK;
}

Fault fault_of_status(int status) noexcept {
  constexpr int kTimeout = 408, kTooEarly = 425, kTooMany = 429, kNotImplemented = 501, kServerErrors = 500;
  switch (status) {
    case 401:
    case 403:
    case 407: return Fault::credentials;
    case kTimeout:
    case kTooEarly:
    case kTooMany: return Fault::passing;
    case kNotImplemented: return Fault::configuration;  // what was asked for is not there, and will not be
    default: break;
  }
  if (status / 100 == 2) return Fault::none;
  return status >= kServerErrors ? Fault::passing : Fault::configuration;
}

std::string_view Answer::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

Result<Server> Server::at(const std::string& base, ServerOptions options) {
  const auto wrong = [](const std::string& what) { return Error{what, ErrorKind::invalid}; };
  if (!base.starts_with("http://") && !base.starts_with("https://"))
    return wrong(fmt::format("'{}' is no address of a server: it begins with http:// or https://",
                             printable(base.substr(0, kQuotedBytes))));
  const std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)> parts(::curl_url(), &::curl_url_cleanup);
  const CURLUcode code =
      parts && !has_line_end(base) ? ::curl_url_set(parts.get(), CURLUPART_URL, base.c_str(), 0) : CURLUE_MALFORMED_INPUT;
  if (code != CURLUE_OK) return wrong(fmt::format("the address of a server cannot be read: {}", ::curl_url_strerror(code)));
  if (!part_of(parts.get(), CURLUPART_USER).empty() || !part_of(parts.get(), CURLUPART_PASSWORD).empty())
    return wrong("an address with a user or a password in it ends up in logs: give them by their own options");
  if (!part_of(parts.get(), CURLUPART_QUERY).empty() || !part_of(parts.get(), CURLUPART_FRAGMENT).empty())
    return wrong("the address of a server ends with its path: leave out what follows '?' or '#'");
  Server server;
  server.host_ = part_of(parts.get(), CURLUPART_HOST);
  server.base_ = base;
  while (server.base_.ends_with('/')) server.base_.pop_back();
  const std::string& host = server.host_;
  if (has_line_end(options.authorization) || has_line_end(options.user) || has_line_end(options.password))
    return wrong(fmt::format("the credentials for {} hold a line end", host));
  if (options.user.find(':') != std::string::npos) return wrong(fmt::format("the user for {} holds a ':'", host));
  const bool secret = !options.user.empty() || !options.authorization.empty();
  if (secret && base.starts_with("http://") && options.socket.empty() && !is_loopback(host) && !options.insecure_http)
    return wrong(fmt::format("credentials for {} would cross the network unencrypted: use https://", host));
  server.options_ = std::move(options);
  return server;
}

std::string escape(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 2);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                       c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string query(const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    if (!out.empty()) out += '&';
    out += escape(name) + '=' + escape(value);
  }
  return out;
}

std::size_t Transfer::body(char* data, std::size_t, std::size_t size, void* self) noexcept try {
  Transfer& transfer = *static_cast<Transfer*>(self);
  long status = 0;
  ::curl_easy_getinfo(transfer.curl(), CURLINFO_RESPONSE_CODE, &status);
  std::string& body = transfer.answer_.body;
  if (fault_of_status(static_cast<int>(status)) != Fault::none) {
    body.append(data, std::min(size, kRefusalBytes - std::min(kRefusalBytes, body.size())));
    return size;
  }
  if (transfer.on_success) {
    const std::size_t taken = transfer.on_success({data, size});
    transfer.refused_ |= taken == 0 && size > 0;
    return taken;
  }
  if (body.size() + size > transfer.answer_bytes_) {
    transfer.too_large_ = true;
    return 0;
  }
  body.append(data, size);
  return size;
} catch (...) {
  return 0;
}

std::size_t Transfer::header(char* data, std::size_t, std::size_t size, void* self) noexcept try {
  Transfer& transfer = *static_cast<Transfer*>(self);
  std::string_view line(data, size);
  transfer.header_bytes_ += size;
  if (transfer.header_bytes_ > kHeaderBytes) {
    transfer.too_large_ = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) transfer.answer_.headers.clear();  // what came before was an interim answer
  const std::size_t colon = line.find(':');
  if (colon == line.npos) return size;
  std::string_view value = line.substr(colon + 1);
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!value.empty() && blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && blank(value.back())) value.remove_suffix(1);
  transfer.answer_.headers.emplace_back(lower(line.substr(0, colon)), value);
  return size;
} catch (...) {
  return 0;
}

int Transfer::progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
  Transfer& transfer = *static_cast<Transfer*>(self);
  if (!transfer.stop_ || !transfer.stop_->load(std::memory_order_relaxed)) return 0;
  transfer.refused_ = true;
  return 1;
}

bool Transfer::prepare(const Server& server, const Request& request, const std::atomic<bool>* stop) {
  server_ = &server;
  stop_ = stop;
  answer_ = {};
  header_bytes_ = 0;
  too_large_ = refused_ = false;
  words_[0] = '\0';
  answer_bytes_ = request.answer_bytes;
  url_ = server.base() + request.path;
  path_ = request.path.substr(0, request.path.find('?'));
  headers_.reset();
  bool good = true;
  const auto add = [&](const std::string& line) {
    curl_slist* longer = has_line_end(line) ? nullptr : ::curl_slist_append(headers_.get(), line.c_str());
    good &= longer != nullptr;
    if (!longer) return;
    (void)headers_.release();
    headers_.reset(longer);
  };
  const ServerOptions& options = server.options();
  add("Expect:");
  for (const auto& [name, value] : request.headers) add(name + ": " + value);
  if (!options.authorization.empty()) add("Authorization: " + options.authorization);
  else if (!options.user.empty()) add("Authorization: Basic " + base64(options.user + ':' + options.password));

  CURL* handle = curl_.get();
  ::curl_easy_reset(handle);
  const auto set = [&](CURLoption option, auto value) { good &= ::curl_easy_setopt(handle, option, value) == CURLE_OK; };
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_BUFFERSIZE, kReceiveBytes);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PATH_AS_IS, 1L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOPROXY, "localhost,127.0.0.0/8,::1");
  set(CURLOPT_USERAGENT, "logystera/" LOGYSTERA_VERSION);
  set(CURLOPT_ERRORBUFFER, words_);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect.count()));
  set(CURLOPT_TIMEOUT, static_cast<long>(request.deadline.count()));
  if (options.idle.count() > 0) {
    set(CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.idle.count()));
  }
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, options.verify ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, options.verify ? 2L : 0L);
  if (!options.socket.empty()) set(CURLOPT_UNIX_SOCKET_PATH, options.socket.c_str());
  if (!options.ca_certs.empty()) set(CURLOPT_CAINFO, options.ca_certs.c_str());
  if (!options.client_cert.empty()) {
    set(CURLOPT_SSLCERT, options.client_cert.c_str());
    set(CURLOPT_SSLKEY, (options.client_key.empty() ? options.client_cert : options.client_key).c_str());
  }
  if (request.method == "POST" || !request.body.empty()) {
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(CURLOPT_POSTFIELDS, request.body.data() ? request.body.data() : "");
  }
  if (request.method != "GET" && request.method != "POST") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  else if (request.method == "GET" && !request.body.empty()) set(CURLOPT_CUSTOMREQUEST, "GET");
  set(CURLOPT_HTTPHEADER, headers_.get());
  set(CURLOPT_WRITEFUNCTION, &Transfer::body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_XFERINFOFUNCTION, &Transfer::progress);
  set(CURLOPT_XFERINFODATA, this);
  set(CURLOPT_NOPROGRESS, 0L);
  return good;
}

std::string Transfer::place() const {
  return (server_->options().socket.empty() ? server_->base() : server_->options().socket) + path_;
}

Outcome Transfer::outcome(CURLcode code) {
  Outcome out;
  long status = 0;
  ::curl_easy_getinfo(curl_.get(), CURLINFO_RESPONSE_CODE, &status);
  out.answer = std::move(answer_);
  out.answer.status = static_cast<int>(status);
  const std::vector<std::string> secrets = secrets_of(server_->options());
  blank(out.answer.body, secrets, fault_of_status(out.answer.status) == Fault::none ? kTokenBytes : kSecretBytes);
  for (auto& [name, value] : out.answer.headers) blank(value, secrets, kSecretBytes);
  out.retry_after = retry_after(out.answer.header("retry-after"));
  if (too_large_) {
    out.fault = Fault::configuration;
    out.error = {fmt::format("{} answered more than {} MiB, or headers of more than {} KiB", place(), answer_bytes_ >> 20,
                             kHeaderBytes >> 10),
                 ErrorKind::too_large};
  } else if (refused_) {
    out.fault = Fault::stopped;
    out.error = {fmt::format("{}: interrupted", place()), ErrorKind::denied};
  } else if (code != CURLE_OK) {
    out.fault = fault_of(code);
    const bool late = code == CURLE_OPERATION_TIMEDOUT;
    const std::string why =
        late ? "it does not answer in time"
             : printable(std::string_view(words_[0] ? words_ : ::curl_easy_strerror(code)).substr(0, kQuotedBytes));
    out.error = {fmt::format("{} cannot be asked: {}", place(), why),
                 out.fault == Fault::passing ? ErrorKind::busy : ErrorKind::failed};
  } else if (out.fault = fault_of_status(out.answer.status); out.fault != Fault::none) {
    const std::string said = printable(std::string_view(out.answer.body).substr(0, kQuotedBytes));
    const bool redirect = status / 100 == 3;
    out.error = {fmt::format("{} answered {}{}{}{}", place(), status,
                             redirect ? " (redirects are not followed: give the address it leads to)" : "",
                             said.empty() ? "" : ": ", said),
                 out.fault == Fault::credentials ? ErrorKind::denied
                 : out.fault == Fault::passing   ? ErrorKind::busy
                 : status == 404                 ? ErrorKind::not_found
                                                 : ErrorKind::invalid};
  }
  return out;
}

struct Client::Inner {
  // A request that was sent ahead.
  struct Begun {
    Request request;
    std::string body;
    std::int64_t at_ns = 0;

    bool is(const Request& other) const {
      return request.path == other.path && request.method == other.method && request.headers == other.headers &&
             body == other.body && request.deadline == other.deadline && request.answer_bytes == other.answer_bytes;
    }
  };

  Server server;
  const std::atomic<bool>* stop;
  std::unique_ptr<CURLM, MultiFree> multi;  // has the connections; freed after the transfer
  std::unique_ptr<Transfer> transfer;
  std::unique_ptr<Begun> begun;

  ~Inner() { give_up(); }

  bool stopped() const noexcept { return stop && stop->load(std::memory_order_relaxed); }
  bool add(const Request& request) {
    return transfer && transfer->prepare(server, request, stop) &&
           ::curl_multi_add_handle(multi.get(), transfer->curl()) == CURLM_OK;
  }
  void remove() { ::curl_multi_remove_handle(multi.get(), transfer->curl()); }
  void give_up() {
    if (!begun) return;
    remove();
    begun.reset();
  }
  bool take_begun(const Request& request);
  std::int64_t begun_most_ns() const;
  CURLcode work();
};

// What was sent long ago the server may have given up.
bool Client::Inner::take_begun(const Request& request) {
  if (begun && begun->is(request) && monotonic_ns() - begun->at_ns < begun_most_ns()) return true;
  give_up();
  return false;
}

// Limits run from the beginning, and nobody drives the transfer until it is asked for: half of each is left for the server. One that
// has its connection needs no more time for that.
std::int64_t Client::Inner::begun_most_ns() const {
  std::chrono::nanoseconds most = std::chrono::seconds(20);
  const auto half_of = [&most](std::chrono::nanoseconds limit) {
    if (limit.count() > 0) most = std::min(most, limit / 2);
  };
  half_of(server.options().idle);
  half_of(begun->request.deadline);
  curl_off_t connected = 0;
  ::curl_easy_getinfo(transfer->curl(), CURLINFO_PRETRANSFER_TIME_T, &connected);
  if (connected == 0) half_of(server.options().connect);
  return most.count();
}

// Until the transfer is over.
CURLcode Client::Inner::work() {
  constexpr int kLookMs = 500;  // progress(), which looks at `stop`, is called after as long
  for (;;) {
    int running = 0;
    CURLMcode code = ::curl_multi_perform(multi.get(), &running);
    if (code == CURLM_OK && running > 0) code = ::curl_multi_poll(multi.get(), nullptr, 0, kLookMs, nullptr);
    if (code == CURLM_OUT_OF_MEMORY) return CURLE_OUT_OF_MEMORY;
    if (code != CURLM_OK) return CURLE_FAILED_INIT;
    int left = 0;
    while (const CURLMsg* message = ::curl_multi_info_read(multi.get(), &left))
      if (message->msg == CURLMSG_DONE) return message->data.result;
  }
}

Client::Client(Server server, const std::atomic<bool>* stop)
    : inner_(new Inner{std::move(server), stop, nullptr, nullptr, nullptr}) {
  if (!start_libcurl()) return;
  inner_->multi.reset(::curl_multi_init());
  std::unique_ptr<CURL, EasyFree> handle(::curl_easy_init());
  if (inner_->multi && handle) inner_->transfer = std::make_unique<Transfer>(std::move(handle));
}
Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

const Server& Client::server() const noexcept { return inner_->server; }

void Client::begin(const Request& request) {
  inner_->give_up();
  if (inner_->stopped()) return;
  auto begun = std::make_unique<Inner::Begun>(Inner::Begun{request, std::string(request.body), monotonic_ns()});
  begun->request.body = begun->body;
  if (!inner_->add(begun->request)) return;
  inner_->begun = std::move(begun);
  int running = 0;
  ::curl_multi_perform(inner_->multi.get(), &running);  // what comes of it send() asks
}

Outcome Client::send(const Request& request, const Take& take) {
  Outcome out;
  const bool begun = inner_->take_begun(request);
  if (inner_->stopped()) {
    inner_->give_up();
    out.fault = Fault::stopped;
    out.error = {inner_->server.host() + ": interrupted", ErrorKind::denied};
    return out;
  }
  if (!begun && !inner_->add(request)) {
    out.fault = Fault::configuration;
    out.error = {
        fmt::format("{} cannot be asked: libcurl refuses an option, or a header holds a line end", inner_->server.host())};
    return out;
  }
  Transfer& transfer = *inner_->transfer;
  transfer.on_success = {};
  if (take) transfer.on_success = [&take](std::string_view piece) { return take(piece) ? piece.size() : std::size_t{0}; };
  const CURLcode code = inner_->work();
  out = transfer.outcome(code);
  transfer.on_success = {};
  inner_->remove();
  inner_->begun.reset();
  return out;
}

}  // namespace logystera::net
