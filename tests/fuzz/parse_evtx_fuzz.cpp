// One chunk of an event log. The magic is put right, so that mutations reach the records.
#include <cstring>

#include "fuzz/parse_records.hpp"

using namespace fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string chunk(reinterpret_cast<const char*>(data), size);
  if (chunk.size() >= 8) std::memcpy(chunk.data(), "ElfChnk\0", 8);
  FieldNames names;
  Result<Input> input = open_memory(chunk, "fuzz");
  if (input) read_all(Source::open(std::move(input.value()), built_in(), names, fixed_options(64 * 1024)), names);
  return 0;
}
