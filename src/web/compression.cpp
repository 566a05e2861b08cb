#include "web/compression.hpp"

#include <libdeflate.h>
#include <strings.h>

#include <memory>

namespace logystera::web {
namespace {

constexpr int kLevel = 6;

struct Free {
  void operator()(libdeflate_compressor* compressor) const { libdeflate_free_compressor(compressor); }
};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// "q=0", "q=0.0", "q=0.000": not wanted.
bool is_refused(std::string_view parameters) {
  parameters = trimmed(parameters);
  if (parameters.size() < 3 || !same(parameters.substr(0, 2), "q=")) return false;
  return parameters.substr(2).find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

std::string gzip(std::string_view bytes) {
  thread_local const std::unique_ptr<libdeflate_compressor, Free> compressor(libdeflate_alloc_compressor(kLevel));
  if (!compressor) return {};
  std::string out(bytes.size(), '\0');
  out.resize(libdeflate_gzip_compress(compressor.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  return out;
}

bool accepts_gzip(const server::Request& request) {
  const std::string accepted = request.joined("Accept-Encoding");
  std::string_view rest = accepted;
  bool any = false;
  while (!rest.empty()) {
    std::string_view coding = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), coding.size() + 1));
    const std::size_t semicolon = coding.find(';');
    const std::string_view parameters =
        semicolon == std::string_view::npos ? std::string_view() : coding.substr(semicolon + 1);
    coding = trimmed(coding.substr(0, semicolon));
    if (same(coding, "gzip") || same(coding, "x-gzip")) return !is_refused(parameters);
    if (coding == "*") any = !is_refused(parameters);
  }
  return any;
}

void compress(const server::Request& request, server::Answer& answer) {
  answer.headers.emplace_back("Vary", "Accept-Encoding");
  if (answer.body.size() < kGzipBytesLeast || !accepts_gzip(request)) return;
  std::string packed = gzip(answer.body);
  if (packed.empty()) return;
  answer.body = std::move(packed);
  answer.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace logystera::web
