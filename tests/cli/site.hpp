// A site that sends to a gateway over a real connection.
#pragma once

#include <curl/curl.h>
#include <fmt/format.h>
#include <rapidjson/document.h>

#include <ctime>
#include <memory>
#include <string>

#include "cli/program.hpp"
#include "core/wire.hpp"

namespace logystera::testing {

inline std::string event_id(unsigned number) { return fmt::format("00000000-0000-4000-8000-{:012x}", number); }

inline std::string event_line(unsigned number, const std::string& labels = R"({"uid":""})") {
  return fmt::format(R"({{"event_type":"auth.login","created_at":{0},"timestamp":{0},"event_id":"{1}","labels":{2}}})",
                     std::time(nullptr), event_id(number), labels) +
         "\n";
}

inline std::string event_lines(unsigned first, unsigned count) {
  std::string lines;
  for (unsigned i = first; i < first + count; ++i) lines += event_line(i);
  return lines;
}

/// What the gateway answered; status 0: nothing.
struct Reply {
  long status = 0;
  std::string headers, body;
  bool acknowledged = false;
};

struct Site {
  std::string token, secret;

  /// Registers it as an operator would.
  static Site added(const std::string& store, const std::string& name = "shop") {
    const Finished add = run({"--store", store, "entity", "add", name, "--json"});
    rapidjson::Document document;
    document.Parse(add.out.c_str());
    if (add.code != 0 || document.HasParseError()) throw std::runtime_error("entity add: " + add.out + add.err);
    return {document["token"].GetString(), document["secret"].GetString()};
  }

  /// Posts one batch, uncompressed. Never throws: a gateway that dies is an answer with status 0.
  Reply send(const std::string& url, const std::string& body, const std::string& ca_file = "") const {
    const std::int64_t now = std::time(nullptr);
    const std::string batch = wire::batch_id(token, body);
    const std::string signature = wire::sign(secret, {"POST", wire::kIngestPath, token, now, batch, "identity", body});
    Reply reply;
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(::curl_easy_init(), &::curl_easy_cleanup);
    curl_slist* list = nullptr;
    for (const std::string& line : {"Logystera-Entity: " + token, "Logystera-Timestamp: " + std::to_string(now),
                                    "Logystera-Batch: " + batch, "Logystera-Signature: v1=" + signature,
                                    std::string("Content-Type: application/x-ndjson"), std::string("Expect:")}) {
      list = ::curl_slist_append(list, line.c_str());
    }
    ::curl_easy_setopt(curl.get(), CURLOPT_URL, (url + std::string(wire::kIngestPath)).c_str());
    ::curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, list);
    ::curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.data());
    ::curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    ::curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 30L);
    ::curl_easy_setopt(curl.get(), CURLOPT_PROXY, "");
    if (!ca_file.empty()) ::curl_easy_setopt(curl.get(), CURLOPT_CAINFO, ca_file.c_str());
    const auto append = +[](char* data, std::size_t size, std::size_t count, void* target) {
      static_cast<std::string*>(target)->append(data, size * count);
      return size * count;
    };
    ::curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
    ::curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reply.body);
    ::curl_easy_setopt(curl.get(), CURLOPT_HEADERFUNCTION, append);
    ::curl_easy_setopt(curl.get(), CURLOPT_HEADERDATA, &reply.headers);
    if (::curl_easy_perform(curl.get()) == CURLE_OK) {
      ::curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
      const std::string ack = wire::acknowledge(secret, static_cast<int>(reply.status), batch, reply.body);
      reply.acknowledged = reply.headers.find("Logystera-Ack: v1=" + ack + "\r\n") != std::string::npos;
    }
    ::curl_slist_free_all(list);
    return reply;
  }
};

}  // namespace logystera::testing
