// The certificate of a listener, and what is spoken with it: TLS 1.2 and later.
#pragma once

#include <memory>

#include "core/result.hpp"
#include "server/asio.hpp"
#include "server/http.hpp"

namespace logystera::server {

/// The error names the file and the remedy.
Result<std::shared_ptr<asio::ssl::context>> tls_context(const TlsFiles& files);

}  // namespace logystera::server
