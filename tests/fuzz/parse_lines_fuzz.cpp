// Text formats: the first byte chooses one (or detection), the rest is the log.
#include "fuzz/parse_records.hpp"

using namespace fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (text.substr(0, 2) == "\x1f\x8b" || text.substr(0, 2) == "\x28\xb5") return 0;  // parse_input_fuzz does those
  const auto& formats = built_in().all();
  const std::size_t chosen = data[0] % (formats.size() + 1);
  std::uint64_t sums[2];
  int pass = 0;
  for (std::size_t block : {std::size_t{64 * 1024}, std::size_t{13}}) {
    FieldNames names;
    SourceOptions options = fixed_options(block);
    if (chosen < formats.size()) options.format = formats[chosen]->name;
    Result<Input> input = open_memory(text, "fuzz", options.input);
    require(input.ok());
    sums[pass++] = read_all(Source::open(std::move(input.value()), built_in(), names, options), names);
  }
  // Joining stops at a block's end.
  if (text.size() < 4'096) require(sums[0] == sums[1]);
  return 0;
}
