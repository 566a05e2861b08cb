#include "server/tls.hpp"

#include <fmt/core.h>

#include <boost/asio/ssl/context.hpp>

namespace logystera::server {

namespace asio = boost::asio;
using boost::system::error_code;

Result<std::shared_ptr<asio::ssl::context>> tls_context(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                       error);
  context->use_certificate_chain_file(files.certificate, error);
  if (error) {
    return Error{fmt::format("TLS certificate {}: {}: it must be a readable PEM certificate chain", files.certificate,
                             error.message()),
                 ErrorKind::invalid};
  }
  context->use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) {
    return Error{
        fmt::format("TLS key {}: {}: it must be the certificate's own readable PEM key", files.key, error.message()),
        ErrorKind::invalid};
  }
  return context;
}

}  // namespace logystera::server
