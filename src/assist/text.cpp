#include "assist/text.hpp"

#include <fmt/core.h>

#include "core/code_points.hpp"
#include "core/json_text.hpp"

namespace logystera::assist {
namespace {

// What is not seen, or changes how what stands around it is seen. From the Unicode Character Database, 15.0: Cc, Cf, Zl and Zp, the
// fillers, variation selectors and tags.
constexpr CodePoints kUnseen[] = {
    {0x00, 0x1f},       {0x7f, 0x9f},       {0xad, 0xad},      {0x34f, 0x34f},     {0x600, 0x605},     {0x61c, 0x61c},
    {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},    {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x200b, 0x200f},   {0x2028, 0x202e},  {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},
    {0xfeff, 0xfeff},   {0xffa0, 0xffa0},   {0xfff0, 0xfffb},  {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1343f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

// What opens or closes a turn in the templates of models, without regard to case; the mark goes behind its first byte.
constexpr std::string_view kTemplateTokens[] = {
    "<|",          "|>",           "[inst]", "[/inst]", "<<sys>>",         "<</sys>>",      "<s>",     "</s>",
    "<bos>",       "<eos>",        "[/sys",  "[system", "<start_of_turn>", "<end_of_turn>", "<think>", "</think>",
    "<tool_call>", "</tool_call>", "<｜",    "｜>",     "[avail",          "[tool"};

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool begins(std::string_view text, std::string_view token) noexcept {
  if (text.size() < token.size()) return false;
  for (std::size_t i = 0; i < token.size(); ++i)
    if (lower(text[i]) != token[i]) return false;
  return true;
}

bool is_template_token(std::string_view text) noexcept {
  for (const std::string_view token : kTemplateTokens)
    if (begins(text, token)) return true;
  return false;
}

void append_escaped(char32_t point, std::string& out) {
  if (point < 0x10000) {
    out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(point));
    return;
  }
  const auto beyond = static_cast<std::uint32_t>(point) - 0x10000;
  out += fmt::format("\\u{:04X}\\u{:04X}", 0xD800 + (beyond >> 10), 0xDC00 + (beyond & 0x3ff));
}

}  // namespace

std::string_view whole_characters(std::string_view text) noexcept {
  for (std::size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xC0) == 0x80) continue;
    const std::size_t size = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return size > back ? text.substr(0, text.size() - back) : text;
  }
  return text;
}

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 16);
  std::size_t at = 0;
  for_each_sequence(text, [&](std::string_view sequence, bool good) {
    const std::string_view rest = text.substr(at);
    at += sequence.size();
    if (!good) {
      out += "\uFFFD";
      return;
    }
    const char32_t point = code_point(sequence);
    if (within(kUnseen, point)) return append_escaped(point, out);
    out += sequence;
    if (is_template_token(rest)) out += "·";
  });
  return out;
}

bool is_unseen(char32_t point) noexcept { return within(kUnseen, point); }

std::string quoted(std::string_view text) {
  JsonText json;
  json.string(text);
  return json.take();
}

}  // namespace logystera::assist
