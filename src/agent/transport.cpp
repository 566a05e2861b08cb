#include "agent/transport.hpp"

#include <curl/curl.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "agent/proxy.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"

namespace logystera::agent {
namespace {

constexpr long kStalledSeconds = 10;  // without a byte in either direction
constexpr std::size_t kErrorTextBytes = 200;

// Counted by libcurl itself and never undone: PHP's own curl extension may be using it.
bool start_libcurl() noexcept {
  static std::once_flag once;
  static CURLcode code = CURLE_FAILED_INIT;
  std::call_once(once, [] { code = curl_global_init(CURL_GLOBAL_DEFAULT); });
  return code == CURLE_OK;
}

std::uint64_t milliseconds() noexcept { return static_cast<std::uint64_t>(monotonic_ns() / 1'000'000); }

bool starts_with_nocase(std::string_view text, std::string_view prefix) noexcept {
  if (text.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
    return lower(a) == lower(b);
  });
}

std::string_view header_value(std::string_view line, std::string_view prefix) noexcept {
  line.remove_prefix(prefix.size());
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
  return line;
}

// What the callbacks fill in. They return a short count to stop the transfer and never let an exception into libcurl.
// libcurl reports progress whenever it has sent something: the first report of a whole body is the moment to use.
struct Pause {
  const std::function<void()>& meanwhile;
  curl_off_t body_bytes;
  bool used = false;

  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) noexcept {
    Pause& pause = *static_cast<Pause*>(self);
    if (pause.used || sent < pause.body_bytes || !pause.meanwhile) return 0;
    pause.used = true;
    try {
      pause.meanwhile();
    } catch (...) {
      // Work ahead of its time; whoever needs it does it then.
    }
    return 0;
  }
};

struct Receiver {
  HttpAnswer* answer = nullptr;
  std::size_t header_bytes = 0;
  bool oversize = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* user) noexcept try {
  auto& receiver = *static_cast<Receiver*>(user);
  if (receiver.answer->body.size() + size > kAnswerBytes) {
    receiver.oversize = true;
    return 0;
  }
  receiver.answer->body.append(data, size);
  return size;
} catch (...) {
  return 0;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* user) noexcept try {
  constexpr std::string_view kAck = "logystera-ack:", kRetryAfter = "retry-after:";
  auto& receiver = *static_cast<Receiver*>(user);
  const std::string_view line(data, size);
  receiver.header_bytes += size;
  if (receiver.header_bytes > kAnswerHeaderBytes) {
    receiver.oversize = true;
    return 0;
  }
  HttpAnswer& answer = *receiver.answer;
  if (starts_with_nocase(line, "http/")) {  // an interim answer (1xx) came before: its headers are not the answer's
    answer.ack.clear();
    answer.retry_after.clear();
  } else if (starts_with_nocase(line, kAck)) {
    if (!answer.ack.empty()) answer.ack += ' ';
    answer.ack += header_value(line, kAck);
  } else if (starts_with_nocase(line, kRetryAfter)) {
    answer.retry_after.emplace_back(header_value(line, kRetryAfter));
  }
  return size;
} catch (...) {
  return 0;
}

Failure failure_of(CURLcode code, long connect_status) noexcept {
  switch (code) {
    case CURLE_OK: return Failure::none;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH: return Failure::tls;
    case CURLE_FILESIZE_EXCEEDED: return Failure::oversize;
    case CURLE_UNSUPPORTED_PROTOCOL:  // an answer in HTTP/0.9, which is to say in none
    case CURLE_WEIRD_SERVER_REPLY: return Failure::malformed;
    case CURLE_COULDNT_RESOLVE_PROXY: return Failure::proxy;
    default: return connect_status >= 300 ? Failure::proxy : Failure::network;
  }
}

// libcurl's own words, without anything a terminal or a page could stumble over.
std::string plain_text(std::string_view text) {
  std::string out(text.substr(0, kErrorTextBytes));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; }, ' ');
  return out;
}

// A proxy of the environment has its user and password in its address, which libcurl quotes where it cannot read it, cut off
// where its buffer ends. Nothing else that it quotes needs an '@'.
std::string words_for(std::string_view libcurl, CURLcode code) {
  const bool quotes_address =
      libcurl.find('@') != std::string_view::npos || libcurl.find("Unsupported proxy") != std::string_view::npos;
  return plain_text(libcurl.empty() || quotes_address ? std::string_view(curl_easy_strerror(code)) : libcurl);
}

// In one text: what names and passwords that are set one by one are decoded from differs between libcurl's versions, this is
// always decoded. libcurl copies it.
bool set_proxy_user(CURL* curl, const Secret& user, const Secret& password) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text;
  text.reserve(3 * (user.view().size() + password.view().size()) + 1);  // so that no copy is left behind
  const auto encode = [&text](std::string_view part) {
    for (const char c : part) {
      const auto byte = static_cast<unsigned char>(c);
      text += '%';
      text += kDigits[byte >> 4];
      text += kDigits[byte & 15];
    }
  };
  encode(user.view());
  text += ':';
  encode(password.view());
  const bool good = curl_easy_setopt(curl, CURLOPT_PROXYUSERPWD, text.c_str()) == CURLE_OK;
  wipe(text);
  return good;
}

// Before 7.87 libcurl lets OpenSSL write to the socket itself, so a gateway that closes a TLS connection early raises SIGPIPE,
// which would end somebody else's process; told to keep its hands off signals (CURLOPT_NOSIGNAL), libcurl leaves that to its
// caller. So it is held back in this thread, and what was raised meanwhile is taken away.
class WithoutSigpipe {
 public:
  WithoutSigpipe() noexcept {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    ::sigpending(&pending);
    was_pending_ = ::sigismember(&pending, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    const struct timespec at_once {};
    if (!was_pending_) {
      while (::sigtimedwait(&pipe_, nullptr, &at_once) == SIGPIPE) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_, before_;
  bool was_pending_ = false;
};

struct ListFree {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

}  // namespace

struct Transport::Inner {
  struct Cleanup {
    void operator()(CURL* handle) const noexcept {
      const WithoutSigpipe quiet;  // it says goodbye on the connections it kept
      curl_easy_cleanup(handle);
    }
  };
  std::unique_ptr<CURL, Cleanup> curl;
  char error[CURL_ERROR_SIZE] = {};
};

Transport::Transport(std::unique_ptr<Inner> inner) noexcept : inner_(std::move(inner)) {}
Transport::~Transport() = default;
Transport::Transport(Transport&&) noexcept = default;
Transport& Transport::operator=(Transport&&) noexcept = default;

Result<Transport> Transport::open(const DispatchOptions& options) {
  if (!start_libcurl()) return Error{"libcurl cannot be started"};
  auto inner = std::make_unique<Inner>();
  inner->curl.reset(curl_easy_init());
  CURL* curl = inner->curl.get();
  if (curl == nullptr) return Error{"libcurl gives no handle: out of memory"};

  bool good = true;
  const auto set = [&](CURLoption option, auto value) { good &= curl_easy_setopt(curl, option, value) == CURLE_OK; };
  set(CURLOPT_NOSIGNAL, 1L);  // no SIGALRM in somebody else's process
  set(CURLOPT_ERRORBUFFER, inner->error);
  set(CURLOPT_POST, 1L);
  set(CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
  set(CURLOPT_PROTOCOLS_STR, "https,http");  // http only ever for loopback: Credentials checks
#else
  set(CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTPS | CURLPROTO_HTTP));
#endif
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
#if LIBCURL_VERSION_NUM >= 0x074000
  set(CURLOPT_HTTP09_ALLOWED, 0L);
#endif
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_bundle.empty()) set(CURLOPT_CAINFO, options.ca_bundle.c_str());
  const Result<Proxy> proxy = Proxy::parse(options.proxy);
  if (!proxy) return proxy.error();
  if (!options.proxy_from_environment) {
    set(CURLOPT_PROXY, proxy->address.c_str());  // empty: none, whatever the environment says
    set(CURLOPT_NOPROXY, "");
  } else if (!proxy->address.empty()) {
    set(CURLOPT_PROXY, proxy->address.c_str());
  }
  if (proxy->has_user) {
    const Secret& password = proxy->password.view().empty() ? options.proxy_password : proxy->password;
    good &= set_proxy_user(curl, proxy->user, password);
  }
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout_seconds) * 1000);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, kStalledSeconds);
  set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(kAnswerBytes));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  if (!good) return Error{"libcurl refuses an option this program needs; it is older than 7.61 or built without TLS"};
  return Transport(std::move(inner));
}

HttpAnswer Transport::post(const std::string& url, const std::vector<std::string>& headers, std::string_view body,
                           std::uint32_t timeout_ms, const std::function<void()>& meanwhile) {
  CURL* curl = inner_->curl.get();
  HttpAnswer answer;
  Receiver receiver{&answer, 0, false};
  std::unique_ptr<curl_slist, ListFree> list;
  for (const std::string& line : headers) {
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) {
      answer.failure = Failure::network;
      answer.error = "out of memory";
      return answer;
    }
    (void)list.release();
    list.reset(longer);
  }
  inner_->error[0] = '\0';
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list.get());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_ms));
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &receiver);
  Pause pause{meanwhile, static_cast<curl_off_t>(body.size())};
  curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &pause);
  curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, &Pause::progress);
  curl_easy_setopt(curl, CURLOPT_NOPROGRESS, meanwhile ? 0L : 1L);

  const std::uint64_t begun = milliseconds();
  const CURLcode code = [curl] {
    const WithoutSigpipe quiet;
    return curl_easy_perform(curl);
  }();
  answer.duration_ms = static_cast<std::uint32_t>(std::min<std::uint64_t>(milliseconds() - begun, UINT32_MAX));

  long status = 0, connect_status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_HTTP_CONNECTCODE, &connect_status);
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, nullptr);
  answer.failure = receiver.oversize ? Failure::oversize : failure_of(code, connect_status);
  if (answer.failure == Failure::none) {
    answer.status = static_cast<int>(status);
    return answer;
  }
  answer.error = answer.failure == Failure::oversize ? std::string("the answer is larger than 64 KiB")
                                                     : words_for(inner_->error, code);
  answer.body.clear();
  answer.ack.clear();
  return answer;
}

}  // namespace logystera::agent
