#include "query/signal_text.hpp"

#include <string.h>

#include <algorithm>

#include "core/catalogue.hpp"

namespace logystera::query {
namespace {

constexpr char small(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

void fold(std::string_view text, std::string& out) {
  out.assign(text);
  for (char& c : out) c = small(c);
}

bool holds(std::string_view text, std::string_view part) noexcept {
  return text.size() >= part.size() && ::memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

bool has(std::string_view text, std::string_view wanted) {
  std::string folded;
  fold(text, folded);
  return holds(folded, wanted);
}

// Written in a JSON document, or between the values of a list, or as a part of an escape; or in numbers.
bool is_of_json(std::string_view wanted) noexcept {
  return wanted.starts_with(' ') || wanted.find_first_of(",:\"{}[]\\") != std::string_view::npos ||
         wanted.find_first_not_of("0123456789.+-e") == std::string_view::npos;
}

// Whether "PREFIX_xxxxxxxx" can have it, for some hexadecimal digits.
bool may_be_in_pseudonym(std::string_view prefix, std::string_view wanted) {
  constexpr char kDigit = '\0';
  std::string shape;
  fold(prefix, shape);
  shape += '_';
  shape.append(kPseudonymDigits, kDigit);
  const auto fits = [](char of_shape, char of_text) {
    return of_shape == kDigit ? (of_text >= '0' && of_text <= '9') || (of_text >= 'a' && of_text <= 'f')
                              : of_shape == of_text;
  };
  return std::search(shape.begin(), shape.end(), wanted.begin(), wanted.end(), fits) != shape.end();
}

bool may_be_in_pseudonyms(std::string_view wanted) {
  if (may_be_in_pseudonym("ip", wanted) || may_be_in_pseudonym("value", wanted)) return true;
  for (const SignalSpec& type : catalogue::all()) {
    for (std::size_t i = 0; i < type.label_count; ++i) {
      if (may_be_in_pseudonym(type.labels[i].name, wanted)) return true;
    }
  }
  return false;
}

// Bytes that are written otherwise where they are shown, or stand for others.
bool is_plain(std::string_view line) noexcept {
  return std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c < 0x7f && c != '\\'; });
}

}  // namespace

SignalText::SignalText(std::string_view text, const Pseudonyms* pseudonyms) : pseudonyms_(pseudonyms) {
  fold(text, wanted_);
  in_lines_ = !is_of_json(wanted_) && !(pseudonyms && may_be_in_pseudonyms(wanted_));
}

bool SignalText::in(const store::EventRow& row) const {
  if (has(row.type, wanted_) || has(row.name, wanted_)) return true;
  if (in_lines_ && is_plain(row.line) && !has(row.line, wanted_)) return false;
  const Signal signal = signal_of(row, pseudonyms_);
  return std::any_of(signal.labels.begin(), signal.labels.end(),
                     [&](const SignalLabel& label) { return has(label.name, wanted_) || has(label.text, wanted_); });
}

}  // namespace logystera::query
