#include "parse/whole_file.hpp"

#include "parse/input.hpp"

namespace logystera::parse {

Result<std::string> read_whole_file(const std::string& path, std::size_t most, const char* hint) {
  auto input = open_input(path);
  if (!input) return input.error();
  std::string text(most + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    auto got = input->stream->read(text.data() + size, text.size() - size);
    if (!got) return got.error();
    if (got.value() == 0) break;
    size += got.value();
  }
  if (size > most) return Error{path + ": larger than " + std::to_string(most) + " bytes" + hint, ErrorKind::too_large};
  text.resize(size);
  return text;
}

}  // namespace logystera::parse
