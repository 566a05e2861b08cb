// What providers answer, as it comes: pure functions over bytes, cut wherever a network cuts them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::assist {

/// Longest line of an answer, and longest answer.
inline constexpr std::size_t kStreamLineBytes = 1024 * 1024, kStreamBytes = 16 * 1024 * 1024;

/// Bytes into lines, which end at LF, CR LF or CR; `each` gives an error to stop.
class Lines {
 public:
  using Each = std::function<Result<Done>(std::string_view line)>;
  Result<Done> take(std::string_view bytes, const Each& each);
  /// What stands behind the last line's end.
  Result<Done> finish(const Each& each);

 private:
  std::string line_;
  bool after_cr_ = false;
  std::size_t total_ = 0;
};

/// Lines into server-sent events (WHATWG HTML, 9.2). A last event whose blank line is missing is one all the same.
class Events {
 public:
  using Each = std::function<Result<Done>(std::string_view name, std::string_view data)>;
  Result<Done> take(std::string_view line, const Each& each);
  Result<Done> finish(const Each& each) { return dispatch(each); }

 private:
  Result<Done> dispatch(const Each& each);
  std::string name_, data_;
  bool has_data_ = false;
};

struct Ending {
  std::string reason;               // "stop", "length", "refusal", …; empty: not said
  std::uint64_t prompt_tokens = 0;  // as the provider has counted; 0: not said
};

/// One answer of one provider.
class Decoder {
 public:
  using Piece = std::function<void(std::string_view text)>;
  virtual ~Decoder() = default;
  virtual Result<Done> take(std::string_view bytes) = 0;
  /// An error where the answer was broken off before its end.
  virtual Result<Ending> finish() = 0;
};

/// Ollama's /api/chat: JSON a line, an error as a line under status 200.
std::unique_ptr<Decoder> ollama_decoder(Decoder::Piece piece);
/// Anthropic's /v1/messages: events, an error as an event under status 200; unknown events and kinds of pieces are passed over.
std::unique_ptr<Decoder> claude_decoder(Decoder::Piece piece);
/// /chat/completions as OpenAI has it: events of data alone, the last of which is [DONE].
std::unique_ptr<Decoder> openai_decoder(Decoder::Piece piece);

}  // namespace logystera::assist
