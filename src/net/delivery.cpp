#include "net/delivery.hpp"

#include <fmt/core.h>
#include <strings.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <map>

#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "core/printable.hpp"
#include "net/easy.hpp"

namespace logystera::net {
namespace {

constexpr std::size_t kQuotedBytes = 200, kHeaderBytes = 16 * 1024;
constexpr std::size_t kSecretBytes = 8;  // shorter parts of an address are words of everybody's
constexpr int kUnknown = 550;            // of SMTP: from here on a receiver is refused for good

struct UrlFree {
  void operator()(CURLU* url) const noexcept { ::curl_url_cleanup(url); }
};

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (::curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string out = text;
  ::curl_free(text);
  return out;
}

bool has_line_end(std::string_view text) noexcept { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; }

std::optional<std::chrono::seconds> retry_after(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size()) {
    const std::time_t at = ::curl_getdate(std::string(text).c_str(), nullptr);
    if (at == -1) return std::nullopt;
    seconds = at - wall_seconds();
  }
  return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kDeliveryRetryAfterMost));
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  std::string out;
  std::size_t from = 0;
  for (std::size_t at = 0; (at = text.find(what, from)) != text.npos; from = at + what.size())
    out.append(text, from, at - from).append(with);
  if (from != 0) text = out.append(text, from);
}

std::string unescaped(const std::string& text) {
  int size = 0;
  char* plain = ::curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size);
  if (!plain) return text;
  std::string out(plain, static_cast<std::size_t>(size));
  ::curl_free(plain);
  return out;
}

// What of an address is its owner's alone, as other sides repeat it: the whole of its path and query, and long pieces of them; as
// sent, decoded, in JSON and in HTML. The longest come first.
std::vector<std::string> secrets_of(const std::string& url) {
  std::vector<std::string> all;
  const std::unique_ptr<CURLU, UrlFree> parts(::curl_url());
  if (!parts || ::curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), CURLU_PATH_AS_IS) != CURLUE_OK) return all;
  const std::string path = part_of(parts.get(), CURLUPART_PATH), query = part_of(parts.get(), CURLUPART_QUERY);
  const auto add = [&all](const std::string& one, std::size_t least) {
    for (std::string form : {one, unescaped(one)}) {
      if (form.size() < least) continue;
      all.push_back(form);
      std::string json = form;
      replace_all(json, "/", "\\/");
      replace_all(form, "&", "&amp;");
      all.push_back(std::move(json));
      all.push_back(std::move(form));
    }
  };
  add(path, 2);
  if (!query.empty()) add(path + '?' + query, 2);
  add(query, kSecretBytes);
  const std::string whole = path + '?' + query;
  for (std::size_t from = 0; from < whole.size();) {
    const std::size_t end = std::min(whole.find_first_of("/?&=", from), whole.size());
    add(whole.substr(from, end - from), kSecretBytes);
    from = end + 1;
  }
  std::sort(all.begin(), all.end(), [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
  return all;
}

// One on its way: everything libcurl has been given pointers to.
struct Flight {
  std::uint64_t number = 0;
  std::unique_ptr<CURL, EasyFree> curl{::curl_easy_init()};
  std::unique_ptr<curl_slist, ListFree> headers, receivers;
  std::string url, host, body, user, password, from;
  Reach reach = Reach::global;
  bool mail = false, leaving = false;
  std::size_t read = 0, header_bytes = 0;
  std::string answer, refused, retry_after, command;
  char words[CURL_ERROR_SIZE] = {};

  ~Flight() {
    wipe(password);
    wipe(url);
  }

  bool add(std::unique_ptr<curl_slist, ListFree>& list, const std::string& line) {
    curl_slist* longer = has_line_end(line) ? nullptr : ::curl_slist_append(list.get(), line.c_str());
    if (!longer) return false;
    (void)list.release();
    list.reset(longer);
    return true;
  }
  bool prepare(const DeliveryOptions& options);
  Delivered outcome(CURLcode code) const;

  static std::size_t take_answer(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t take_header(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static std::size_t give(char* data, std::size_t, std::size_t size, void* self) noexcept;
  static int listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self) noexcept;
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept;
};

std::size_t Flight::take_answer(char* data, std::size_t, std::size_t size, void* self) noexcept try {
  std::string& answer = static_cast<Flight*>(self)->answer;
  answer.append(data, std::min(size, kDeliveryAnswerBytes - std::min(kDeliveryAnswerBytes, answer.size())));
  return size;
} catch (...) {
  return 0;
}

std::size_t Flight::take_header(char* data, std::size_t, std::size_t size, void* self) noexcept try {
  Flight& flight = *static_cast<Flight*>(self);
  if (flight.mail) return size;
  flight.header_bytes += size;
  if (flight.header_bytes > kHeaderBytes) return 0;
  constexpr std::string_view kName = "retry-after:";
  std::string_view line(data, size);
  if (line.starts_with("HTTP/")) flight.retry_after.clear();
  if (line.size() < kName.size() || ::strncasecmp(line.data(), kName.data(), kName.size()) != 0) return size;
  line.remove_prefix(kName.size());
  const auto blank = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && blank(line.back())) line.remove_suffix(1);
  flight.retry_after = line;
  return size;
} catch (...) {
  return 0;
}

std::size_t Flight::give(char* data, std::size_t, std::size_t size, void* self) noexcept {
  Flight& flight = *static_cast<Flight*>(self);
  const std::size_t count = std::min(size, flight.body.size() - flight.read);
  std::memcpy(data, flight.body.data() + flight.read, count);
  flight.read += count;
  return count;
}

// What the mail server was asked last, and what it said: libcurl tells in which phase a mail has failed in words alone.
int Flight::listen(CURL*, curl_infotype type, char* data, std::size_t size, void* self) noexcept try {
  Flight& flight = *static_cast<Flight*>(self);
  if (type == CURLINFO_HEADER_OUT) {
    constexpr std::size_t kVerb = 4;
    const std::string_view verb(data, std::min(size, kVerb));
    if (verb == "QUIT") flight.leaving = true;  // what is answered to that says nothing about the mail
    else flight.command = verb;
  } else if (type == CURLINFO_HEADER_IN && !flight.leaving) {
    flight.answer.assign(data, std::min(size, kQuotedBytes));
  }
  return 0;
} catch (...) {
  return 0;
}

curl_socket_t Flight::open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept try {
  Flight& flight = *static_cast<Flight*>(self);
  if (std::string why = refusal(address->addr, flight.reach, flight.host); !why.empty()) {
    flight.refused = std::move(why);
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
} catch (...) {
  return CURL_SOCKET_BAD;
}

bool Flight::prepare(const DeliveryOptions& options) {
  if (!curl) return false;
  reach = options.reach;
  CURL* handle = curl.get();
  bool good = true;
  const auto set = [&](CURLoption option, auto value) { good &= ::curl_easy_setopt(handle, option, value) == CURLE_OK; };
  set(CURLOPT_URL, url.c_str());
  set(CURLOPT_PROTOCOLS_STR, mail ? "smtp,smtps" : "http,https");
  if (!options.environment_proxy) set(CURLOPT_PROXY, "");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_FRESH_CONNECT, 1L);  // a connection that is kept was connected under what a name meant then
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(kDeliveryConnect.count()));
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(options.whole.count()));
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_certs.empty()) set(CURLOPT_CAINFO, options.ca_certs.c_str());
  set(CURLOPT_ERRORBUFFER, words);
  set(CURLOPT_OPENSOCKETFUNCTION, &Flight::open_socket);
  set(CURLOPT_OPENSOCKETDATA, this);
  set(CURLOPT_WRITEFUNCTION, &Flight::take_answer);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Flight::take_header);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_PRIVATE, this);
  if (!mail) {
    set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(CURLOPT_HTTP09_ALLOWED, 0L);
    set(CURLOPT_PATH_AS_IS, 1L);
    set(CURLOPT_USERAGENT, "logystera/" LOGYSTERA_VERSION);
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_HTTPHEADER, headers.get());
    return good;
  }
  set(CURLOPT_MAIL_FROM, from.c_str());
  set(CURLOPT_MAIL_RCPT, receivers.get());
  set(CURLOPT_UPLOAD, 1L);
  set(CURLOPT_READFUNCTION, &Flight::give);
  set(CURLOPT_READDATA, this);
  set(CURLOPT_INFILESIZE_LARGE, static_cast<curl_off_t>(body.size()));
  set(CURLOPT_VERBOSE, 1L);
  set(CURLOPT_DEBUGFUNCTION, &Flight::listen);
  set(CURLOPT_DEBUGDATA, this);
  if (!user.empty()) {
    set(CURLOPT_USERNAME, user.c_str());
    set(CURLOPT_PASSWORD, password.c_str());
    set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
  }
  return good;
}

Delivered Flight::outcome(CURLcode code) const {
  using Fault = Delivered::Fault;
  Delivered out;
  out.number = number;
  long status = 0;
  ::curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  out.status = static_cast<int>(status);
  if (mail) (void)std::from_chars(answer.data(), answer.data() + answer.size(), out.status);
  std::string told = answer;
  if (!mail)
    for (const std::string& secret : secrets_of(url)) replace_all(told, secret, "***");
  const std::string said = printable(std::string_view(told).substr(0, kQuotedBytes));
  out.retry_after = net::retry_after(retry_after);
  const auto fail = [&](Fault fault, std::string why) {
    out.fault = fault;
    out.error = fmt::format("{}: {}", host, why);
    return out;
  };
  if (!refused.empty() && code != CURLE_OK) return fail(Fault::address, refused);
  if (code == CURLE_OK && mail) return out;
  if (code == CURLE_OK) {
    out.answer = std::move(told);
    if (out.status / 100 == 2) return out;
    out.answer.clear();
    constexpr int kTimeout = 408, kTooEarly = 425, kTooMany = 429, kServerErrors = 500;
    const bool passing =
        out.status == kTimeout || out.status == kTooEarly || out.status == kTooMany || out.status >= kServerErrors;
    return fail(passing ? Fault::passing : Fault::refused,
                fmt::format("it answered {}{}{}{}", out.status,
                            out.status / 100 == 3 ? " (redirects are not followed: give the address it leads to)" : "",
                            said.empty() ? "" : ": ", said));
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return fail(Fault::passing, "it did not answer in time");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return fail(Fault::configuration, fmt::format("its certificate is not good: {}", printable(words)));
    case CURLE_USE_SSL_FAILED:
      return fail(Fault::configuration,
                  "it offers no TLS (STARTTLS), and mail must not go without unless allow_plain says so");
    case CURLE_LOGIN_DENIED:
      // 454 and the like: it cannot look at them now (RFC 4954, 6).
      return fail(out.status / 100 == 4 ? Fault::passing : Fault::credentials,
                  fmt::format("it does not take user and password: {}", said));
    default: break;
  }
  const std::string why =
      printable(std::string_view(words[0] ? words : ::curl_easy_strerror(code)).substr(0, kQuotedBytes));
  if (!mail || out.status / 100 != 5)
    return fail(Fault::passing, mail && !said.empty() ? fmt::format("{} ({})", why, said) : why);
  if (command == "RCPT" && out.status >= kUnknown)
    return fail(Fault::receiver, fmt::format("it does not take mail for this receiver: {}", said));
  return fail(Fault::refused, fmt::format("it refused the mail: {}", said));
}

}  // namespace

Result<std::string> check_url(const std::string& url, bool anyhow) {
  const auto wrong = [](const std::string& what) { return Error{what, ErrorKind::invalid}; };
  const std::unique_ptr<CURLU, UrlFree> parts(::curl_url());
  const CURLUcode code =
      parts && !has_line_end(url) ? ::curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) : CURLUE_MALFORMED_INPUT;
  const bool https = url.starts_with("https://"), http = url.starts_with("http://");
  // The address is not repeated: it may be a secret.
  if (code != CURLUE_OK || (!https && !http))
    return wrong("it cannot be read as an address: it begins with https:// and names a host");
  std::string host = part_of(parts.get(), CURLUPART_HOST);
  if (!anyhow && (!part_of(parts.get(), CURLUPART_USER).empty() || !part_of(parts.get(), CURLUPART_PASSWORD).empty()))
    return wrong("an address with a user or a password in it ends up in logs: leave them out");
  if (http && !anyhow && !is_loopback_name(host))
    return wrong(fmt::format("what is sent to {} would cross the network unencrypted: use https://", host));
  return host;
}

bool is_mail_address(std::string_view text) noexcept {
  constexpr std::size_t kMost = 254;
  const std::size_t at = text.rfind('@');
  if (text.size() > kMost || at == text.npos || at == 0 || at + 1 == text.size() || text.front() == '-') return false;
  const std::string_view local = text.substr(0, at), domain = text.substr(at + 1);
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  constexpr std::string_view kAtoms = "!#$%&'*+-/=?^_`{|}~.";
  if (local.size() > 64 || local.front() == '.' || local.back() == '.' || domain.front() == '.' || domain.back() == '.')
    return false;
  return std::all_of(local.begin(), local.end(), [&](char c) { return letter(c) || kAtoms.find(c) != kAtoms.npos; }) &&
         std::all_of(domain.begin(), domain.end(), [&](char c) { return letter(c) || c == '-' || c == '.'; });
}

struct Deliveries::Inner {
  std::unique_ptr<CURLM, MultiFree> multi;
  std::map<std::uint64_t, std::unique_ptr<Flight>> flights;
  std::atomic<bool> woken{false};

  bool start(std::unique_ptr<Flight> flight, const DeliveryOptions& options) {
    if (!multi || !flight->prepare(options)) return false;
    if (::curl_multi_add_handle(multi.get(), flight->curl.get()) != CURLM_OK) return false;
    const std::uint64_t number = flight->number;
    return flights.emplace(number, std::move(flight)).second;
  }
};

Deliveries::Deliveries() : inner_(new Inner) {
  if (start_libcurl()) inner_->multi.reset(::curl_multi_init());
}

Deliveries::~Deliveries() {
  for (auto& [number, flight] : inner_->flights) ::curl_multi_remove_handle(inner_->multi.get(), flight->curl.get());
}

std::size_t Deliveries::size() const noexcept { return inner_->flights.size(); }

bool Deliveries::start(std::uint64_t number, Post post, const DeliveryOptions& options) {
  if (!inner_->multi || inner_->flights.count(number) != 0) return false;
  auto flight = std::make_unique<Flight>();
  auto host = check_url(post.url, true);
  if (!host) return false;
  flight->number = number;
  flight->host = std::move(host).value();
  flight->url = std::move(post.url);
  flight->body = std::move(post.body);
  if (!flight->add(flight->headers, "Expect:")) return false;
  for (const auto& [name, value] : post.headers)
    if (!flight->add(flight->headers, name + ": " + value)) return false;
  return inner_->start(std::move(flight), options);
}

bool Deliveries::start(std::uint64_t number, Mail mail, const DeliveryOptions& options) {
  if (!inner_->multi || inner_->flights.count(number) != 0) return false;
  if (!is_mail_address(mail.from) || !is_mail_address(mail.to)) return false;
  auto flight = std::make_unique<Flight>();
  flight->number = number;
  flight->mail = true;
  flight->host = mail.host;
  flight->url = fmt::format("{}://{}:{}", mail.tls_at_once ? "smtps" : "smtp", mail.host, mail.port);
  flight->body = std::move(mail.data);
  flight->user = std::move(mail.user);
  flight->password = std::move(mail.password);
  flight->from = '<' + mail.from + '>';
  if (!flight->add(flight->receivers, '<' + mail.to + '>')) return false;
  if (!flight->curl) return false;
  if (::curl_easy_setopt(flight->curl.get(), CURLOPT_USE_SSL,
                         static_cast<long>(mail.allow_plain ? CURLUSESSL_TRY : CURLUSESSL_ALL)) != CURLE_OK)
    return false;
  return inner_->start(std::move(flight), options);
}

std::vector<Delivered> Deliveries::wait(std::chrono::milliseconds patience) {
  std::vector<Delivered> over;
  Inner& inner = *inner_;
  if (!inner.multi) {
    ::usleep(static_cast<useconds_t>(std::min<std::int64_t>(patience.count(), 1000) * 1000));
    return over;
  }
  const auto collect = [&] {
    int running = 0, left = 0;
    ::curl_multi_perform(inner.multi.get(), &running);
    while (const CURLMsg* message = ::curl_multi_info_read(inner.multi.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      char* self = nullptr;
      CURL* handle = message->easy_handle;
      const CURLcode code = message->data.result;
      ::curl_easy_getinfo(handle, CURLINFO_PRIVATE, &self);
      auto* flight = reinterpret_cast<Flight*>(self);
      over.push_back(flight->outcome(code));
      ::curl_multi_remove_handle(inner.multi.get(), handle);
      inner.flights.erase(flight->number);
    }
  };
  const auto end = std::chrono::steady_clock::now() + patience;
  constexpr std::chrono::milliseconds kLook{1'000};
  for (;;) {
    collect();
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (!over.empty() || left.count() <= 0 || inner.woken.exchange(false)) return over;
    ::curl_multi_poll(inner.multi.get(), nullptr, 0, static_cast<int>(std::min(left, kLook).count()), nullptr);
  }
}

void Deliveries::wake() noexcept {
  inner_->woken = true;
  if (inner_->multi) ::curl_multi_wakeup(inner_->multi.get());
}

}  // namespace logystera::net
