#include "assist/curl_http.hpp"

#include <curl/curl.h>
#include <fmt/core.h>

#include <algorithm>
#include <mutex>

namespace logystera::assist {
namespace {

constexpr long kConnectSeconds = 10;

struct Handle {
  Handle() : curl(::curl_easy_init()) {}
  ~Handle() {
    ::curl_slist_free_all(headers);
    ::curl_easy_cleanup(curl);
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;

  void add(const std::string& line) { headers = ::curl_slist_append(headers, line.c_str()); }

  CURL* curl;
  curl_slist* headers = nullptr;
};

struct Transfer {
  CURL* curl;
  const std::function<bool(std::string_view)>& take;
  const Stopped& stopped;
  HttpReply reply;
  bool refused = false;  // by `take` or `stopped`
};

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  long status = 0;
  ::curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
  if (status / 100 == 2) {
    if (transfer.take({data, size})) return size;
    transfer.refused = true;
    return 0;
  }
  transfer.reply.body.append(data, std::min(size, kRefusalBytes - std::min(kRefusalBytes, transfer.reply.body.size())));
  return size;
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
  constexpr std::string_view kName = "retry-after:";
  std::string_view line(data, size);
  if (line.size() <= kName.size()) return size;
  for (std::size_t i = 0; i < kName.size(); ++i)
    if ((line[i] | (kName[i] >= 'a' ? 0x20 : 0)) != kName[i]) return size;
  line.remove_prefix(kName.size());
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  static_cast<Transfer*>(context)->reply.retry_after = line.substr(0, 64);
  return size;
}

int on_progress(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  Transfer& transfer = *static_cast<Transfer*>(context);
  if (!transfer.stopped()) return 0;
  transfer.refused = true;
  return 1;
}

bool may_pass(CURLcode code) noexcept {
  return code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
         code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE;
}

// The address without its path, for messages.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://");
  return host == std::string::npos ? url : url.substr(0, url.find('/', host + 3));
}

class CurlHttp final : public Http {
 public:
  Result<HttpReply> send(const Call& call, const std::function<bool(std::string_view)>& take,
                         const Stopped& stopped) override {
    static std::once_flag once;
    std::call_once(once, [] { ::curl_global_init(CURL_GLOBAL_DEFAULT); });
    Handle handle;
    if (!handle.curl) return Error{"libcurl cannot be set up: is there memory?"};
    Transfer transfer{handle.curl, take, stopped, {}, false};
    char words[CURL_ERROR_SIZE] = "";
    const auto set = [&](CURLoption option, auto value) { (void)::curl_easy_setopt(handle.curl, option, value); };
    set(CURLOPT_URL, call.url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_NOPROXY, "localhost,127.0.0.0/8,::1");
    set(CURLOPT_CONNECTTIMEOUT, kConnectSeconds);
    set(CURLOPT_TIMEOUT, static_cast<long>(call.deadline.count()));
    set(CURLOPT_ERRORBUFFER, words);
    set(CURLOPT_USERAGENT, "logystera/" LOGYSTERA_VERSION);
    handle.add("Content-Type: application/json");
    handle.add("Expect:");
    for (const auto& [name, value] : call.headers) handle.add(name + ": " + value);
    set(CURLOPT_HTTPHEADER, handle.headers);
    if (call.body) {
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body->text().size()));
      set(CURLOPT_POSTFIELDS, call.body->text().data());
    }
    set(CURLOPT_WRITEFUNCTION, &on_body);
    set(CURLOPT_WRITEDATA, &transfer);
    set(CURLOPT_HEADERFUNCTION, &on_header);
    set(CURLOPT_HEADERDATA, &transfer);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, &transfer);
    set(CURLOPT_NOPROGRESS, 0L);
    const CURLcode code = ::curl_easy_perform(handle.curl);
    long status = 0;
    ::curl_easy_getinfo(handle.curl, CURLINFO_RESPONSE_CODE, &status);
    transfer.reply.status = static_cast<int>(status);
    if (code == CURLE_OK) return std::move(transfer.reply);
    if (transfer.refused) return Error{"interrupted", ErrorKind::denied};
    if (code == CURLE_OPERATION_TIMEDOUT)
      return Error{fmt::format("{} has not answered to the end within {} s: raise llm.timeout_seconds", origin_of(call.url),
                               call.deadline.count())};
    return Error{fmt::format("{} cannot be asked: {}", origin_of(call.url), words[0] ? words : ::curl_easy_strerror(code)),
                 may_pass(code) ? ErrorKind::busy : ErrorKind::failed};
  }
};

}  // namespace

std::unique_ptr<Http> curl_http() { return std::make_unique<CurlHttp>(); }

}  // namespace logystera::assist
