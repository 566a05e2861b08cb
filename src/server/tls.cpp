#include "server/tls.hpp"

#include <fmt/core.h>
#include <openssl/ssl.h>

#include <boost/asio/ssl/context.hpp>

namespace logystera::server {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// Of TLS 1.2, whatever the system's own list is: forward secrecy, and encryption that authenticates. What TLS 1.3 has is all of that kind.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
// The server's order counts; a client that puts ChaCha20 first gets it, for it has no AES in hardware.
constexpr auto kOptions =
    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

}  // namespace

Result<std::shared_ptr<asio::ssl::context>> tls_context(const TlsFiles& files) {
  auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  error_code error;
  context->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                           asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                       error);
  SSL_CTX_set_options(context->native_handle(), kOptions);
  if (SSL_CTX_set_cipher_list(context->native_handle(), kCiphers) != 1)
    return Error{fmt::format("TLS: this machine's OpenSSL knows none of {}: install one that does", kCiphers)};
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
