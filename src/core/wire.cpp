#include "core/wire.hpp"

#include "core/hmac.hpp"

namespace logystera::wire {
namespace {

constexpr std::size_t kBatchIdDigits = 32;
constexpr std::size_t kTokenBytes = 64;

std::string keyed(std::string_view secret, std::string_view purpose, std::string_view message) {
  Digest key = hmac_sha256(secret, purpose);
  std::string out = to_hex(hmac_sha256(bytes_of(key), message));
  wipe(key.data(), key.size());
  return out;
}

}  // namespace

std::string batch_id(std::string_view entity, std::string_view body) {
  Sha256 hash;
  hash.update(entity);
  hash.update(std::string_view("\0", 1));
  hash.update(body);
  return to_hex(hash.finish()).substr(0, kBatchIdDigits);
}

std::string sign(std::string_view secret, const SignedRequest& request) {
  std::string canonical = "v1\n";
  for (std::string_view part : {request.method, request.path, request.entity}) canonical.append(part).push_back('\n');
  canonical.append(std::to_string(request.timestamp)).push_back('\n');
  canonical.append(request.batch).push_back('\n');
  canonical.append(request.content_encoding).push_back('\n');
  canonical += to_hex(sha256(request.body));
  return keyed(secret, "ingest-sign/v1", canonical);
}

std::string acknowledge(std::string_view secret, int status, std::string_view batch, std::string_view answer_body) {
  std::string canonical = "v1\n" + std::to_string(status) + "\n";
  canonical.append(batch).push_back('\n');
  canonical += to_hex(sha256(answer_body));
  return keyed(secret, "ingest-ack/v1", canonical);
}

bool carries(std::string_view header, std::string_view expected_hex) noexcept {
  bool found = false;
  while (!header.empty()) {
    const std::size_t end = header.find(' ');
    std::string_view candidate = header.substr(0, end);
    if (candidate.substr(0, kSchemePrefix.size()) == kSchemePrefix) {
      found |= equal_constant_time(candidate.substr(kSchemePrefix.size()), expected_hex);
    }
    if (end == std::string_view::npos) break;
    header.remove_prefix(end + 1);
  }
  return found;
}

bool is_token(std::string_view token) noexcept {
  if (token.empty() || token.size() > kTokenBytes) return false;
  for (const char c : token) {
    const bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!allowed) return false;
  }
  return true;
}

}  // namespace logystera::wire
