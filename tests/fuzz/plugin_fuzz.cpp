// Any text as a plugin in Lua: it is stopped or done, never takes more memory than it may, and its hooks leave records whole.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "plugin/lua_plugin.hpp"
#include "plugin/plugin.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace logystera;
  const std::string text(reinterpret_cast<const char*>(data), size);
  plugin::Options options;
  options.memory_mib = 4;
  options.instructions = 50'000;
  const auto origin = std::make_shared<const plugin::HookSource>(
      plugin::HookSource{{"fuzz.lua", "fuzz.lua", plugin::Language::lua, text}, options});
  plugin::Registry registry(origin, {});
  {
    plugin::LuaPlugin lua(origin->source, origin->options, nullptr);
    const auto done = lua.enlist(registry);
    if (lua.sandbox().memory_most() > options.memory_mib << 20) std::abort();
    if (!done) return 0;
  }
  const plugin::Contribution given = registry.take();

  FieldNames names;
  RecordBatch batch;
  const std::string_view lines[] = {"#error a line of a shop", "another line", "#"};
  std::string all;
  for (const std::string_view line : lines) all += std::string(line) + "\n";
  batch.text.resize(all.size());
  std::copy(all.begin(), all.end(), batch.text.data());
  std::size_t at = 0;
  for (const std::string_view line : lines) {
    Record record;
    record.raw = record.message = batch.text.view().substr(at, line.size());
    batch.begin_fields();
    batch.add_integer(field::status, "404", 404);
    batch.end_fields(record);
    batch.records.push_back(record);
    at += line.size() + 1;
  }
  const plugin::Enrichers enrichers(given.enrichers, names);
  plugin::EnrichSession session(enrichers);
  session.enrich(batch, names);
  for (const Record& record : batch.records)
    if (record.text(field::status) != "404") std::abort();
  for (const auto& hook : given.parsers) {
    const parse::Format format = plugin::format_of(hook);
    const auto parser = parse::make_parser(format, {names, parse::TimeContext()});
    for (const std::string_view line : lines) {
      Record record;
      record.raw = line;
      batch.begin_fields();
      if (parser.value()->read(line, batch, record) == parse::LineRead::record) batch.end_fields(record);
      else batch.drop_fields();
    }
  }
  return 0;
}
