// Format definitions and log_format strings: refused or usable, never a crash.
#include "fuzz/parse_records.hpp"

using namespace fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 4'096) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Formats formats;
  switch (data[0] % 3) {
    case 0: {
      // A definition, a NUL, lines to read with it.
      const std::size_t nul = text.find('\0');
      if (!formats.add(text.substr(0, nul), "fuzz.json") || nul == std::string_view::npos) return 0;
      FieldNames names;
      SourceOptions options = fixed_options(1024);
      options.format = formats.all().front()->name;
      Result<Input> input = open_memory(text.substr(nul + 1), "fuzz", options.input);
      if (input) read_all(Source::open(std::move(input.value()), formats, names, options), names);
      break;
    }
    default: {
      // The format string, a NUL, lines to read with it.
      const std::size_t nul = text.find('\0');
      Result<const Format*> format = formats.add_access("mine", data[0] % 3 == 1 ? "nginx" : "apache", text.substr(0, nul));
      if (!format || nul == std::string_view::npos) return 0;
      FieldNames names;
      SourceOptions options = fixed_options(1024);
      options.format = "mine";
      Result<Input> input = open_memory(text.substr(nul + 1), "fuzz", options.input);
      if (input) read_all(Source::open(std::move(input.value()), formats, names, options), names);
    }
  }
  return 0;
}
