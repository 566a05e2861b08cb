#include "cli/own_server.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace logystera::cli {
namespace {

constexpr std::size_t kAnswerBytes = 64 * 1024;  // of a server that may be any program

std::size_t take(char* data, std::size_t size, std::size_t count, void* target) {
  auto& body = *static_cast<std::string*>(target);
  if (body.size() + size * count > kAnswerBytes) return 0;
  body.append(data, size * count);
  return size * count;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* target) {
  constexpr std::string_view kName = "logystera-ack:";
  std::string_view line(data, size * count);
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (line.size() <= kName.size() ||
      !std::equal(kName.begin(), kName.end(), line.begin(), [&](char a, char b) { return a == lower(b); }))
    return size * count;
  line.remove_prefix(kName.size());
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
  static_cast<ServerAnswer*>(target)->ack = line;
  return size * count;
}

}  // namespace

Result<ServerAnswer> ask_server(const OwnServer& server, std::string_view path, const std::vector<std::string>& headers,
                                const std::string* sent) {
  static const CURLcode ready = ::curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> curl(::curl_easy_init(), &::curl_easy_cleanup);
  if (ready != CURLE_OK || !curl) return Error{"libcurl cannot be started"};
  std::string url = server.url;
  while (url.ends_with('/')) url.pop_back();
  url += path;
  ServerAnswer answer;
  std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> list(nullptr, &::curl_slist_free_all);
  for (const std::string& header : headers) {
    curl_slist* const longer = ::curl_slist_append(list.get(), header.c_str());
    if (!longer) return Error{"no memory for a request"};
    (void)list.release();
    list.reset(longer);
  }
  ::curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  ::curl_easy_setopt(curl.get(), CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  ::curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, server.seconds);
  ::curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  ::curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");  // it is this very server that is asked
  ::curl_easy_setopt(curl.get(), CURLOPT_USERAGENT, "logystera/" LOGYSTERA_VERSION);
  ::curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, take);
  ::curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer.body);
  ::curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, take_header);
  ::curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &answer);
  if (!server.ca_file.empty()) ::curl_easy_setopt(curl.get(), CURLOPT_CAINFO, server.ca_file.c_str());
  if (list) ::curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, list.get());
  if (sent) {
    ::curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, sent->data());
    ::curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(sent->size()));
  }
  if (const CURLcode code = ::curl_easy_perform(curl.get()); code != CURLE_OK)
    return Error{::curl_easy_strerror(code), ErrorKind::not_found};
  ::curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &answer.status);
  return answer;
}

}  // namespace logystera::cli
