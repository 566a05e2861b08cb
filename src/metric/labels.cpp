#include "metric/labels.hpp"

#include "core/json.hpp"

namespace logystera::metric {

void add_label(std::string& text, std::string_view name, std::string_view value) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  constexpr unsigned char kDelete = 0x7f;
  if (!text.empty()) text += ',';
  text += name;
  text += "=\"";
  while (!value.empty()) {
    std::size_t skip = 0;
    const std::size_t size = json::utf8_sequence(value, skip);
    const auto c = static_cast<unsigned char>(value[0]);
    if (size == 0) {
      text += kReplacement;
      value.remove_prefix(skip == 0 ? 1 : skip);
      continue;
    }
    if (c == '\\') text += "\\\\";
    else if (c == '"') text += "\\\"";
    else if (c == '\n') text += "\\n";
    else if (c < ' ' || c == kDelete) text += kReplacement;
    else text += value.substr(0, size);
    value.remove_prefix(size);
  }
  text += '"';
}

std::vector<std::pair<std::string, std::string>> labels_of(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const std::size_t equals = text.find("=\"");
    if (equals == std::string_view::npos) return {};
    auto& [name, value] = out.emplace_back(std::string(text.substr(0, equals)), std::string());
    std::size_t at = equals + 2;
    for (; at < text.size() && text[at] != '"'; ++at) {
      if (text[at] != '\\') {
        value += text[at];
        continue;
      }
      if (++at == text.size()) return {};
      value += text[at] == 'n' ? '\n' : text[at];
    }
    if (at == text.size()) return {};
    text.remove_prefix(at + 1);
    if (text.empty()) break;
    if (text[0] != ',') return {};
    text.remove_prefix(1);
  }
  return out;
}

}  // namespace logystera::metric
