// The certificate of a listener, and what is spoken with it: TLS 1.2 and later, with forward secrecy and authenticated encryption alone;
// no compression, no renegotiation.
#pragma once

#include <memory>

#include "core/result.hpp"
#include "server/http.hpp"

namespace boost::asio::ssl {
class context;
}

namespace logystera::server {

/// The error names the file and the remedy.
Result<std::shared_ptr<boost::asio::ssl::context>> tls_context(const TlsFiles& files);

}  // namespace logystera::server
