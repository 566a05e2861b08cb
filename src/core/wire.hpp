// The signed wire between agent and gateway (ARCHITECTURE.md, "Wire"). Both sides compute these strings from here,
// so they cannot drift apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace logystera::wire {

inline constexpr std::string_view kIngestPath = "/v1/ingest";
inline constexpr std::string_view kPingPath = "/v1/ping";
inline constexpr std::string_view kDisconnectPath = "/v1/disconnect";
inline constexpr std::string_view kSupportPath = "/v1/support";

inline constexpr std::string_view kEntityHeader = "Logystera-Entity";
inline constexpr std::string_view kTimestampHeader = "Logystera-Timestamp";
inline constexpr std::string_view kBatchHeader = "Logystera-Batch";
inline constexpr std::string_view kSignatureHeader = "Logystera-Signature";
inline constexpr std::string_view kAckHeader = "Logystera-Ack";
inline constexpr std::string_view kContentType = "application/x-ndjson";
inline constexpr std::string_view kSchemePrefix = "v1=";  // a header may hold several, separated by spaces

/// First 32 hex digits of SHA-256(entity ‖ 0x00 ‖ uncompressed body): the same bytes always get the same id.
std::string batch_id(std::string_view entity, std::string_view body);

struct SignedRequest {
  std::string_view method;            // "POST"
  std::string_view path;              // "/v1/ingest", no query
  std::string_view entity;            // "ent_…", [A-Za-z0-9_-]{1,64}
  std::int64_t timestamp;             // unix seconds
  std::string_view batch;             // batch id
  std::string_view content_encoding;  // "gzip" or "identity"
  std::string_view body;              // as sent, after compression
};

/// 64 hex digits: HMAC-SHA256(HMAC-SHA256(secret, "ingest-sign/v1"), canonical string). Without the "v1=" prefix.
std::string sign(std::string_view secret, const SignedRequest& request);

/// 64 hex digits binding the gateway's answer to the batch it answers. Without the "v1=" prefix.
std::string acknowledge(std::string_view secret, int status, std::string_view batch, std::string_view answer_body);

/// Whether `header` ("v1=HEX[ v1=HEX]", anything else ignored) carries `expected_hex`; constant time per candidate.
bool carries(std::string_view header, std::string_view expected_hex) noexcept;

/// Whether `token` may stand in a header and the canonical string: [A-Za-z0-9_-]{1,64}.
bool is_token(std::string_view token) noexcept;

}  // namespace logystera::wire
