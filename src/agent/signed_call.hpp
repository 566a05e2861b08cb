// What a site asks of its gateway besides taking batches: whether the credentials hold, to be disconnected, and to hand a
// message to whoever runs it. One signed POST each (two when the gateway's clock differs from ours), no lock, no file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/credentials.hpp"
#include "agent/dispatch.hpp"

namespace logystera::agent {

/// The header lines of one signed POST, batches included.
struct SignedPost {
  std::string_view path;
  std::string_view content_type;
  std::string_view encoding;  // "gzip" or "identity"
  std::string_view batch;     // wire::batch_id of the body before it was compressed
  std::string_view body;      // as sent
  std::int64_t timestamp;     // unix seconds
};
std::vector<std::string> signed_headers(const Credentials& credentials, const SignedPost& post);

/// POST /v1/ping.
CallResult ping(const Credentials& credentials, const DispatchOptions& options);
/// POST /v1/disconnect.
CallResult disconnect(const Credentials& credentials, const DispatchOptions& options);
/// POST /v1/support. What breaks a limit is refused here, before anything is sent.
CallResult support(const Credentials& credentials, const DispatchOptions& options, const SupportMessage& message);

}  // namespace logystera::agent
