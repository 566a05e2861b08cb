// Requests by libcurl.
#pragma once

#include <memory>

#include "assist/http.hpp"

namespace logystera::assist {

/// HTTP and HTTPS, certificates checked, no redirects; proxies of the environment (https_proxy) for hosts that are not this machine.
/// Usable by several threads at a time.
std::unique_ptr<Http> curl_http();

}  // namespace logystera::assist
