#include "cli/webhook.hpp"

#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/evp.h>

#include <chrono>

#include "cli/log.hpp"
#include "core/base64.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"

namespace logystera::cli {
namespace {

constexpr long kTimeoutSeconds = 5;
constexpr int kAttempts = 3;
constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::size_t kSecretBytesLeast = 16;

Result<std::string> key_of(const std::string& secret) {
  if (secret.empty()) return std::string();
  const Error wrong{
      fmt::format("the webhook's signing secret is not of the form whsec_BASE64 with at least {} bytes", kSecretBytesLeast),
      ErrorKind::invalid};
  if (!secret.starts_with(kSecretPrefix)) return wrong;
  const std::string_view text = std::string_view(secret).substr(kSecretPrefix.size());
  if (text.size() % 4 != 0 || text.empty()) return wrong;
  std::string key(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(key.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return wrong;
  key.resize(static_cast<std::size_t>(size) - (text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0));
  return key.size() < kSecretBytesLeast ? Result<std::string>(wrong) : Result<std::string>(std::move(key));
}

// The host: what of a URL may be said.
Result<std::string> host_of(const std::string& url) {
  const std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)> parts(::curl_url(), &::curl_url_cleanup);
  char* text = nullptr;
  CURLUcode code = parts ? ::curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) : CURLUE_OUT_OF_MEMORY;
  if (code == CURLUE_OK) code = ::curl_url_get(parts.get(), CURLUPART_HOST, &text, 0);
  if (code != CURLUE_OK) return Error{fmt::format("the webhook's URL cannot be read: {}", ::curl_url_strerror(code))};
  std::string host = text;
  ::curl_free(text);
  return host;
}

std::size_t ignore_body(char*, std::size_t size, std::size_t count, void*) { return size * count; }

}  // namespace

Result<std::unique_ptr<Webhook>> Webhook::start(const std::string& url, const std::string& secret) {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return Error{"the webhook must be a URL that begins with https:// or http:// (it is not repeated: it may be a secret)",
                 ErrorKind::invalid};
  auto host = host_of(url);
  if (!host) return host.error();
  auto key = key_of(secret);
  if (!key) return key.error();
  static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready != CURLE_OK) return Error{"the webhook: libcurl cannot be started"};
  return std::unique_ptr<Webhook>(new Webhook(url, std::move(key).value(), std::move(host).value()));
}

Webhook::Webhook(std::string url, std::string key, std::string host)
    : url_(std::move(url)), key_(std::move(key)), host_(std::move(host)), thread_([this] { work(); }) {}

Webhook::~Webhook() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Webhook::post(std::string body) {
  std::lock_guard lock(mutex_);
  if (queue_.size() == kQueued) {
    ++lost_;
    return;
  }
  queue_.push_back(std::move(body));
  wake_.notify_one();
}

std::uint64_t Webhook::lost() const {
  std::lock_guard lock(mutex_);
  return lost_;
}

bool Webhook::send(const std::string& id, const std::string& body) {
  const std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> curl(::curl_easy_init(), &::curl_easy_cleanup);
  if (!curl) return false;
  const std::string timestamp = std::to_string(wall_seconds());
  curl_slist* headers = nullptr;
  const auto header = [&headers](const std::string& line) { headers = ::curl_slist_append(headers, line.c_str()); };
  header("Content-Type: application/json");
  header("webhook-id: " + id);
  header("webhook-timestamp: " + timestamp);
  if (!key_.empty())
    header("webhook-signature: v1," + base64(bytes_of(hmac_sha256(key_, id + "." + timestamp + "." + body))));
  ::curl_easy_setopt(curl.get(), CURLOPT_URL, url_.c_str());
  ::curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers);
  ::curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  ::curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  ::curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kTimeoutSeconds);
  ::curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "logystera/" LOGYSTERA_VERSION);
  ::curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, ignore_body);
  long status = 0;
  const CURLcode code = ::curl_easy_perform(curl.get());
  ::curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  ::curl_slist_free_all(headers);
  constexpr long kSuccess = 200, kBeyondSuccess = 300;
  if (code == CURLE_OK && status >= kSuccess && status < kBeyondSuccess) return true;
  log(code == CURLE_OK ? fmt::format("the webhook at {} answered {}", host_, status)
                       : fmt::format("the webhook at {} cannot be reached: {}", host_, ::curl_easy_strerror(code)));
  return false;
}

void Webhook::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::string body = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    // The same id at every attempt: a receiver that took it already knows it again.
    const std::string id = "msg_" + to_hex(sha256(body + std::to_string(wall_seconds()))).substr(0, 32);
    bool sent = false;
    for (int attempt = 0; attempt < kAttempts && !sent; ++attempt) {
      if (attempt > 0) {
        std::unique_lock pause(mutex_);
        wake_.wait_for(pause, std::chrono::seconds(attempt), [this] { return ending_; });
        if (ending_) attempt = kAttempts - 1;
      }
      sent = send(id, body);
    }
    lock.lock();
    lost_ += !sent;
  }
}

}  // namespace logystera::cli
