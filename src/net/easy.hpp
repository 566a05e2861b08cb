// One transfer of libcurl: what client and streams have in common. Nothing outside this room includes this.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <string_view>

#include "net/http.hpp"

namespace logystera::net {

struct EasyFree {
  void operator()(CURL* handle) const noexcept { ::curl_easy_cleanup(handle); }
};
struct MultiFree {
  void operator()(CURLM* handle) const noexcept { ::curl_multi_cleanup(handle); }
};
struct ListFree {
  void operator()(curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
};

/// Starts libcurl once; false if it cannot be.
bool start_libcurl() noexcept;

class Transfer {
 public:
  explicit Transfer(std::unique_ptr<CURL, EasyFree> handle) : curl_(std::move(handle)) {}
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  /// Sets all options anew; the handle's connections stay. `server` and `request.body` outlive the transfer. False: no memory.
  bool prepare(const Server& server, const Request& request, const std::atomic<bool>* stop);
  /// What came of it, by libcurl's code.
  Outcome outcome(CURLcode code);

  CURL* curl() const noexcept { return curl_.get(); }
  std::unique_ptr<CURL, EasyFree> release() noexcept { return std::move(curl_); }

  /// Of a success: returns how many bytes were taken, or CURL_WRITEFUNC_PAUSE. None: the answer collects them.
  std::function<std::size_t(std::string_view)> on_success;

 private:
  static std::size_t body(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t header(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static int progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept;
  std::string place() const;

  std::unique_ptr<CURL, EasyFree> curl_;
  std::unique_ptr<curl_slist, ListFree> headers_;
  const Server* server_ = nullptr;
  const std::atomic<bool>* stop_ = nullptr;
  std::string url_, path_;
  std::size_t answer_bytes_ = 0, header_bytes_ = 0;
  bool too_large_ = false, refused_ = false;
  Answer answer_;
  char words_[CURL_ERROR_SIZE] = {};
};

}  // namespace logystera::net
