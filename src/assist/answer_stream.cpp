#include "assist/answer_stream.hpp"

#include <fmt/core.h>

#include <utility>

#include "assist/json.hpp"

namespace logystera::assist {
namespace {

Error too_long() { return Error{"the model's answer is longer than any answer: it was broken off", ErrorKind::too_large}; }

Error broken_off() { return Error{"the model's answer was broken off before its end: ask again", ErrorKind::busy}; }

// An error in the middle of an answer, under status 200.
Error said_error(std::string_view words) {
  return Error{fmt::format("the model's answer ended with an error: {}",
                           words.empty() ? "the provider does not say which" : words.substr(0, 200))};
}

Error no_json(std::string_view line) {
  return Error{fmt::format("the answer is not what this provider sends: {}", line.substr(0, 80)), ErrorKind::broken};
}

class Ollama final : public Decoder {
 public:
  explicit Ollama(Piece piece) : piece_(std::move(piece)) {}
  Result<Done> take(std::string_view bytes) override {
    return lines_.take(bytes, [this](std::string_view line) { return one(line); });
  }
  Result<Ending> finish() override {
    if (auto last = lines_.finish([this](std::string_view line) { return one(line); }); !last) return last.error();
    return done_ ? Result<Ending>(ending_) : broken_off();
  }

 private:
  Result<Done> one(std::string_view line) {
    if (line.empty()) return Done{};
    const rapidjson::Document document = object_of(line);
    if (document.IsNull()) return no_json(line);
    if (member(document, "error")) return said_error(error_text(document));
    if (const auto text = text_of(member(member(document, "message"), "content")); !text.empty()) piece_(text);
    const rapidjson::Value* done = member(document, "done");
    if (done && done->IsTrue()) {
      done_ = true;
      ending_.reason = text_of(member(document, "done_reason"));
      ending_.prompt_tokens = count_of(member(document, "prompt_eval_count"));
    }
    return Done{};
  }

  Piece piece_;
  Lines lines_;
  Ending ending_;
  bool done_ = false;
};

class EventDecoder : public Decoder {
 public:
  explicit EventDecoder(Piece piece) : piece_(std::move(piece)) {}
  Result<Done> take(std::string_view bytes) final { return lines_.take(bytes, line()); }
  Result<Ending> finish() final {
    if (auto last = lines_.finish(line()); !last) return last.error();
    if (auto last = events_.finish(event()); !last) return last.error();
    return done_ ? Result<Ending>(ending_) : broken_off();
  }

 protected:
  virtual Result<Done> one(std::string_view name, std::string_view data) = 0;
  Piece piece_;
  Ending ending_;
  bool done_ = false;

 private:
  Events::Each event() {
    return [this](std::string_view name, std::string_view data) { return one(name, data); };
  }
  Lines::Each line() {
    return [this](std::string_view text) { return events_.take(text, event()); };
  }
  Lines lines_;
  Events events_;
};

class Claude final : public EventDecoder {
 public:
  using EventDecoder::EventDecoder;

 private:
  Result<Done> one(std::string_view name, std::string_view data) override {
    const rapidjson::Document document = object_of(data);
    const std::string_view type = document.IsNull() ? name : text_of(member(document, "type"));
    if (type == "error") return said_error(document.IsNull() ? std::string_view() : error_text(document));
    if (document.IsNull()) return no_json(data);
    if (type == "message_start") {
      ending_.prompt_tokens = count_of(member(member(member(document, "message"), "usage"), "input_tokens"));
    } else if (type == "content_block_delta") {
      const rapidjson::Value* delta = member(document, "delta");
      if (text_of(member(delta, "type")) != "text_delta") return Done{};
      if (const auto text = text_of(member(delta, "text")); !text.empty()) piece_(text);
    } else if (type == "message_delta") {
      if (const auto reason = text_of(member(member(document, "delta"), "stop_reason")); !reason.empty())
        ending_.reason = reason == "end_turn" ? "stop" : reason == "max_tokens" ? "length" : std::string(reason);
    } else if (type == "message_stop") {
      done_ = true;
    }
    return Done{};
  }
};

class OpenAi final : public EventDecoder {
 public:
  using EventDecoder::EventDecoder;

 private:
  Result<Done> one(std::string_view, std::string_view data) override {
    if (data == "[DONE]") {
      done_ = true;
      return Done{};
    }
    const rapidjson::Document document = object_of(data);
    if (document.IsNull()) return no_json(data);
    if (const rapidjson::Value* error = member(document, "error"); error && !error->IsNull())
      return said_error(error_text(document));
    if (const auto tokens = count_of(member(member(document, "usage"), "prompt_tokens")); tokens > 0)
      ending_.prompt_tokens = tokens;
    const rapidjson::Value* choice = first_of(member(document, "choices"));
    if (const auto text = text_of(member(member(choice, "delta"), "content")); !text.empty()) piece_(text);
    if (const auto reason = text_of(member(choice, "finish_reason")); !reason.empty()) {
      ending_.reason = reason;
      done_ = true;  // some servers leave [DONE] out
    }
    return Done{};
  }
};

}  // namespace

Result<Done> Lines::take(std::string_view bytes, const Each& each) {
  total_ += bytes.size();
  if (total_ > kStreamBytes) return too_long();
  for (std::size_t at = 0; at < bytes.size();) {
    if (after_cr_ && bytes[at] == '\n') ++at;
    after_cr_ = false;
    const std::size_t end = bytes.find_first_of("\r\n", at);
    line_ += bytes.substr(at, end == std::string_view::npos ? end : end - at);
    if (line_.size() > kStreamLineBytes) return too_long();
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    at = end + 1;
    const std::string line = std::exchange(line_, {});
    if (auto done = each(line); !done) return done;
  }
  return Done{};
}

Result<Done> Lines::finish(const Each& each) {
  if (line_.empty()) return Done{};
  const std::string line = std::exchange(line_, {});
  return each(line);
}

Result<Done> Events::take(std::string_view line, const Each& each) {
  if (line.empty()) return dispatch(each);
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (data_.size() + value.size() > kStreamLineBytes) return too_long();
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  }  // comments (no field), id, retry and what is unknown say nothing here
  return Done{};
}

Result<Done> Events::dispatch(const Each& each) {
  const std::string name = std::exchange(name_, {}), data = std::exchange(data_, {});
  return std::exchange(has_data_, false) ? each(name, data) : Done{};
}

std::unique_ptr<Decoder> ollama_decoder(Decoder::Piece piece) { return std::make_unique<Ollama>(std::move(piece)); }
std::unique_ptr<Decoder> claude_decoder(Decoder::Piece piece) { return std::make_unique<Claude>(std::move(piece)); }
std::unique_ptr<Decoder> openai_decoder(Decoder::Piece piece) { return std::make_unique<OpenAi>(std::move(piece)); }

}  // namespace logystera::assist
