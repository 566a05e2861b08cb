#include "detect/packs.hpp"

namespace logystera::detect {
namespace {

constexpr std::string_view kPlaceholders = "rules/placeholders.yml";

}  // namespace

void add_built_in_packs(Loader& loader) {
  for (const BuiltInPack& pack : built_in_packs())
    if (pack.name != kPlaceholders) loader.add_text(pack.name, pack.text);
}

LoadOptions built_in_options() {
  LoadOptions options;
  for (const BuiltInPack& pack : built_in_packs()) {
    if (pack.name != kPlaceholders) continue;
    // A broken built-in file is a broken build; the tests read it and say why.
    if (Result<PlaceholderValues> values = load_placeholders(pack.name, pack.text))
      options.placeholders = std::move(values).value();
  }
  return options;
}

}  // namespace logystera::detect
