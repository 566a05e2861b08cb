// Whole files as they come: packed or not, any format. The ratio limit holds.
#include "fuzz/parse_records.hpp"

using namespace fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FieldNames names;
  SourceOptions options = fixed_options(64 * 1024);
  options.input.zstd_window_log = 20;
  Result<Input> input = open_memory(bytes, "fuzz", options.input);
  if (input) read_all(Source::open(std::move(input.value()), built_in(), names, options), names);
  return 0;
}
