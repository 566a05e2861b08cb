#include "plugin/hook.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/severity.hpp"
#include "parse/timestamp.hpp"
#include "plugin/lua.hpp"
#include "plugin/lua_plugin.hpp"
#include "plugin/registry.hpp"

namespace logystera::plugin {
namespace {

constexpr std::size_t kParsedFields = 4 * kHookFields;
constexpr std::size_t kFieldNameBytes = 64;
constexpr double kSpecificity = 0.98;

// What hooks make of one block of a log: one text made once can be the value of every field of every line.
constexpr std::size_t kMadeBytes = std::size_t{64} * 1024 * 1024;

std::string_view text_at(lua_State* lua, int index) {
  std::size_t size = 0;
  const char* const text = lua_tolstring(lua, index, &size);
  return {text, size};
}

// The state of one hook in one thread, made when it is first called.
class HookState {
 public:
  explicit HookState(const Hook& hook) : hook_(hook) {}

  /// Calls the function. `push` puts arguments on the stack and `take` gets the result at the top of it; both run inside of the
  /// sandbox, and may raise Lua errors. False: it is off, or failed.
  template <typename Push, typename Take>
  bool call(Push&& push, Take&& take) {
    if (!hook_.health->begin() || !ready()) return false;
    auto body = [&](lua_State* lua) {
      lua_rawgeti(lua, LUA_REGISTRYINDEX, plugin_->hook_function(hook_.number));
      const int before = lua_gettop(lua);
      push(lua);
      lua_call(lua, lua_gettop(lua) - before, 1);
      take(lua);
    };
    using Body = decltype(body);
    // A light function and a light pointer: neither takes memory, so neither can fail outside of the call.
    lua_State* const state = plugin_->sandbox().state();
    lua_pushcfunction(state, [](lua_State* lua) -> int {
      (*static_cast<Body*>(lua_touserdata(lua, 1)))(lua);
      return 0;
    });
    lua_pushlightuserdata(state, &body);
    auto done = plugin_->sandbox().call(1, 0, kHookBudget);
    if (done) return true;
    hook_.health->fault(plugin_->located(done.error()).message);
    if (plugin_->sandbox().stopped() == Stopped::memory) plugin_.reset();
    return false;
  }

 private:
  bool ready() {
    if (plugin_) return true;
    plugin_.emplace(hook_.origin->source, hook_.origin->options,
                    [&health = *hook_.health](std::string_view text) { health.log(text); });
    Registry registry(hook_.origin, {}, Registry::For::hooks);
    auto done = plugin_->enlist(registry);
    if (done && plugin_->hook_count() <= hook_.number)
      done = plugin_->located(Error{"registers other hooks than at first", ErrorKind::invalid});
    if (done) return true;
    hook_.health->fault(done.error().message);
    plugin_.reset();
    return false;
  }

  const Hook& hook_;
  std::optional<LuaPlugin> plugin_;
};

void push_text(lua_State* lua, std::string_view text) {
  if (text.size() > kHookLineBytes) text = text.substr(0, kHookLineBytes);
  lua_pushlstring(lua, text.data(), text.size());
}

void push_value(lua_State* lua, const Value& value) {
  switch (value.kind) {
    case Value::Kind::integer: lua_pushinteger(lua, value.as_integer()); return;
    case Value::Kind::real: lua_pushnumber(lua, value.as_real()); return;
    case Value::Kind::boolean: lua_pushboolean(lua, value.as_boolean()); return;
    default: push_text(lua, value.text());
  }
}

std::string_view keep(lua_State* lua, std::string_view text, RecordBatch& batch) {
  if (batch.arena.capacity() > kMadeBytes)
    luaL_error(lua, "the values of one block of a log have at most %d bytes together", static_cast<int>(kMadeBytes));
  return batch.arena.copy(text);
}

// A value a hook returned, as text in the arena; numbers keep being numbers.
void add_value(lua_State* lua, int index, FieldId id, std::size_t bytes_most, RecordBatch& batch) {
  switch (lua_type(lua, index)) {
    case LUA_TSTRING: {
      const std::string_view text = text_at(lua, index);
      if (text.size() > bytes_most) luaL_error(lua, "a value has at most %d bytes", static_cast<int>(bytes_most));
      batch.add_text(id, keep(lua, text, batch));
      return;
    }
    case LUA_TNUMBER:
      if (lua_isinteger(lua, index)) {
        const std::int64_t number = lua_tointeger(lua, index);
        batch.add_integer(id, batch.arena.copy(fmt::format("{}", number)), number);
        return;
      }
      batch.add_text(id, batch.arena.copy(fmt::format("{}", lua_tonumber(lua, index))));
      return;
    case LUA_TBOOLEAN: batch.add_text(id, lua_toboolean(lua, index) ? "true" : "false"); return;
    default: luaL_error(lua, "a value must be a text, a number or a boolean, not a %s", luaL_typename(lua, index));
  }
}

bool severity_of(std::string_view word, Severity& severity) {
  struct Word {
    std::string_view word;
    Severity severity;
  };
  constexpr Word kWords[] = {{"debug", Severity::debug},       {"info", Severity::info},       {"notice", Severity::info},
                             {"warn", Severity::warning},      {"warning", Severity::warning}, {"error", Severity::error},
                             {"critical", Severity::critical}, {"fatal", Severity::critical}};
  for (const auto& [name, value] : kWords) {
    const bool same = name.size() == word.size() && std::equal(name.begin(), name.end(), word.begin(), [](char a, char b) {
                        return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b - 'A' + 'a') : b);
                      });
    if (!same) continue;
    severity = value;
    return true;
  }
  return false;
}

class HookParser final : public parse::LineParser {
 public:
  HookParser(std::shared_ptr<const ParserHook> hook, const parse::ParserContext& context)
      : hook_(std::move(hook)), names_(context.names), time_(context.time), state_(*hook_) {}

  parse::LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    if (!line.starts_with(hook_->starts_with) || line.size() > kHookLineBytes) return parse::LineRead::unknown;
    bool is_record = false;
    const bool called = state_.call([line](lua_State* lua) { push_text(lua, line); },
                                    [&](lua_State* lua) {
                                      if (lua_isnil(lua, -1)) return;
                                      take(lua, line, batch, record);
                                      is_record = true;
                                    });
    return called && is_record ? parse::LineRead::record : parse::LineRead::unknown;
  }

 private:
  // The table on top: time, severity, message and host are the record's own, everything else is a field.
  void take(lua_State* lua, std::string_view line, RecordBatch& batch, Record& record) {
    luaL_checktype(lua, -1, LUA_TTABLE);
    const int table = lua_gettop(lua);
    record.kind = RecordKind::application;
    record.message = line;
    std::size_t fields = 0;
    for (lua_pushnil(lua); lua_next(lua, table) != 0; lua_pop(lua, 1)) {
      if (lua_type(lua, -2) != LUA_TSTRING) luaL_error(lua, "a parser returns a table of names and values");
      const std::string_view name = text_at(lua, -2);
      const bool own = name == "time" || name == "severity" || name == "message" || name == "host";
      if (own) {
        if (lua_type(lua, -1) != LUA_TSTRING) luaL_error(lua, "%s must be a text", name.data());
        take_own(lua, name, text_at(lua, -1), batch, record);
        continue;
      }
      if (++fields > kParsedFields) luaL_error(lua, "a parser returns at most %d fields", static_cast<int>(kParsedFields));
      const FieldId id = name.size() <= kFieldNameBytes ? names_.add(name) : FieldId{field::none};
      if (id == field::none) ++unnamed_fields_;
      else add_value(lua, -1, id, kHookLineBytes, batch);
    }
  }

  void take_own(lua_State* lua, std::string_view name, std::string_view text, RecordBatch& batch, Record& record) {
    if (text.size() > kHookLineBytes) luaL_error(lua, "a value has at most %d bytes", static_cast<int>(kHookLineBytes));
    if (name == "message") record.message = keep(lua, text, batch);
    else if (name == "host") record.host = keep(lua, text, batch);
    else if (name == "severity") {
      if (!severity_of(text, record.severity)) luaL_error(lua, "severity must be debug, info, warning, error or critical");
    } else {
      if (parse::read_any_time(text, time_, record.time_ns) == 0) luaL_error(lua, "time is none that can be read");
      record.time_known = true;
    }
  }

  const std::shared_ptr<const ParserHook> hook_;
  FieldNames& names_;
  parse::TimeContext time_;
  HookState state_;
};

std::string_view line_of(const Record& record) noexcept { return record.raw.empty() ? record.message : record.raw; }

// Marks records whose line has `literal`. Lines that stand in the batch's text one behind the other are searched at once: a record
// without it costs its share of one pass.
void mark(const RecordBatch& batch, std::string_view literal, std::vector<std::uint8_t>& wanted) {
  const std::string_view text = batch.text.view();
  const char* const text_end = text.data() + text.size();
  const char* end_of_last = text.data();
  bool in_order = true;
  for (const Record& record : batch.records) {
    const std::string_view raw = record.raw;
    in_order = in_order && !raw.empty() && raw.data() >= end_of_last && raw.data() + raw.size() <= text_end;
    end_of_last = raw.data() + raw.size();
  }
  if (!in_order) {
    for (std::size_t i = 0; i < batch.size(); ++i)
      if (line_of(batch.records[i]).find(literal) != std::string_view::npos) wanted[i] = 1;
    return;
  }
  if (text.empty()) return;
  std::size_t i = 0;
  const char* at = text.data();
  while (const void* const found = ::memmem(at, static_cast<std::size_t>(text_end - at), literal.data(), literal.size())) {
    const char* const hit = static_cast<const char*>(found);
    while (i < batch.size() && batch.records[i].raw.data() + batch.records[i].raw.size() < hit + literal.size()) ++i;
    if (i == batch.size()) return;
    const std::string_view raw = batch.records[i].raw;
    if (hit < raw.data()) {  // between two lines
      at = hit + 1;
      continue;
    }
    wanted[i] = 1;
    at = raw.data() + raw.size();
  }
}

}  // namespace

bool HookHealth::begin() noexcept {
  if (off()) {
    left_out_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  calls_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void HookHealth::fault(const std::string& message) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = faults_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t call = calls_.load(std::memory_order_relaxed);
  if (number == 0) first_fault_ = message;
  last_faults_[number % kFaultsMost] = call;
  if (number + 1 < kFaultsMost) return;
  const std::uint64_t first = last_faults_[(number + 1) % kFaultsMost];
  if (call - first < kFaultWindow) off_.store(true, std::memory_order_relaxed);
}

void HookHealth::log(std::string_view text) {
  const std::lock_guard lock(mutex_);
  if (lines_.size() < kLogLinesMost) lines_.emplace_back(text);
  else ++more_lines_;
}

HookHealth::Report HookHealth::report() const {
  const std::lock_guard lock(mutex_);
  return {calls_.load(), faults_.load(), left_out_.load(), off_.load(), first_fault_, lines_, more_lines_};
}

std::string Hook::where() const { return fmt::format("{}:{}", origin->source.path, line); }

parse::Format format_of(const std::shared_ptr<const ParserHook>& hook) {
  parse::Format format;
  format.name = hook->name;
  format.title = hook->title.empty() ? hook->name : hook->title;
  format.reader = "plugin";
  format.kind = RecordKind::application;
  format.specificity = kSpecificity;
  format.samples = hook->samples;
  format.make = [hook](const parse::ParserContext& context) -> Result<std::unique_ptr<parse::LineParser>> {
    return std::unique_ptr<parse::LineParser>(std::make_unique<HookParser>(hook, context));
  };
  return format;
}

Enrichers::Enrichers(std::vector<std::shared_ptr<const EnricherHook>> hooks, FieldNames& names) : hooks_(std::move(hooks)) {
  for (const auto& hook : hooks_) {
    std::vector<FieldId>& ids = added_.emplace_back();
    for (const std::string& name : hook->adds) ids.push_back(names.add(name));
  }
}

struct EnrichSession::State {
  explicit State(const EnricherHook& hook_) : hook(hook_), lua(hook_), ids(hook_.fields.size(), FieldId{field::none}) {}

  const EnricherHook& hook;
  HookState lua;
  std::vector<FieldId> ids;     // of what it is given, once the name has one
  std::size_t names_known = 0;  // size of the table when they were looked up

  void enrich(Record& record, RecordBatch& batch, const std::vector<FieldId>& added) {
    batch.begin_fields();
    for (const Value& value : record) batch.add_field(value.field) = value;
    const std::size_t before = batch.open_fields();
    const bool called = lua.call([&](lua_State* state) { push(state, record); },
                                 [&](lua_State* state) { take(state, batch, added, before); });
    if (called && batch.open_fields() > before) batch.end_fields(record);
    else batch.drop_fields();
  }

  void look_up(const FieldNames& names) {
    if (names_known == names.size()) return;
    names_known = names.size();
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = names.find(hook.fields[i]);
  }

 private:
  void push(lua_State* state, const Record& record) const {
    lua_createtable(state, 0, static_cast<int>(hook.fields.size()));
    for (std::size_t i = 0; i < hook.fields.size(); ++i) {
      const std::string& name = hook.fields[i];
      if (name == "line") push_text(state, line_of(record));
      else if (name == "message") push_text(state, record.message);
      else if (name == "host") push_text(state, record.host);
      else if (name == "source") push_text(state, record.source);
      else if (name == "format") push_text(state, record.format);
      else if (name == "severity") push_text(state, severity_name(record.severity));
      else if (const Value* const value = ids[i] == field::none ? nullptr : record.find(ids[i])) push_value(state, *value);
      else continue;
      lua_setfield(state, -2, name.c_str());
    }
  }

  void take(lua_State* state, RecordBatch& batch, const std::vector<FieldId>& added, std::size_t before) const {
    if (lua_isnil(state, -1)) return;
    luaL_checktype(state, -1, LUA_TTABLE);
    const int table = lua_gettop(state);
    for (lua_pushnil(state); lua_next(state, table) != 0; lua_pop(state, 1)) {
      const std::string_view name = lua_type(state, -2) == LUA_TSTRING ? text_at(state, -2) : std::string_view();
      const auto known = std::find(hook.adds.begin(), hook.adds.end(), name);
      if (known == hook.adds.end()) luaL_error(state, "the enricher returns a field that is not among its adds");
      if (batch.open_fields() - before == kHookFields)
        luaL_error(state, "an enricher adds at most %d fields", static_cast<int>(kHookFields));
      const FieldId id = added[static_cast<std::size_t>(known - hook.adds.begin())];
      if (id != field::none) add_value(state, -1, id, kEnrichedBytes, batch);
    }
  }
};

EnrichSession::EnrichSession(const Enrichers& enrichers) : enrichers_(&enrichers) {
  for (const auto& hook : enrichers.hooks()) states_.push_back(std::make_unique<State>(*hook));
}
EnrichSession::~EnrichSession() = default;
EnrichSession::EnrichSession(EnrichSession&&) noexcept = default;

void EnrichSession::enrich(RecordBatch& batch, const FieldNames& names) {
  for (std::size_t i = 0; i < states_.size(); ++i) {
    State& state = *states_[i];
    wanted_.assign(batch.size(), state.hook.contains.empty() ? 1 : 0);
    for (const std::string& literal : state.hook.contains) mark(batch, literal, wanted_);
    for (std::size_t record = 0; record < batch.size(); ++record) {
      if (!wanted_[record]) continue;
      state.look_up(names);
      state.enrich(batch.records[record], batch, enrichers_->added(i));
    }
  }
}

}  // namespace logystera::plugin
