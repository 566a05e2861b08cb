// Requests to the gateway somebody runs: `logystera health`, `logystera self-test`. Never through a proxy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::cli {

struct OwnServer {
  std::string url;      // http or https; a path is put behind it
  std::string ca_file;  // PEM certificates to trust instead of the system's; empty: the system's
  long seconds = 5;     // it may take
};

struct ServerAnswer {
  long status = 0;
  std::string body;  // at most 64 KiB: a longer one is an error
  std::string ack;   // the header Logystera-Ack
};

/// `sent` null: a GET, else a POST. Errors: not_found, in libcurl's words, when there is no answer.
Result<ServerAnswer> ask_server(const OwnServer& server, std::string_view path,
                                const std::vector<std::string>& headers = {}, const std::string* sent = nullptr);

}  // namespace logystera::cli
