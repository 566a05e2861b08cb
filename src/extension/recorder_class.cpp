// Logystera\Agent\Recorder. Each method has three phases: take the values out of PHP, run the core (which cannot throw and
// knows no PHP), build the answer when no C++ object is alive that a bailout could jump over.
extern "C" {
#include "php.h"

#include "zend_exceptions.h"
}

#include <cstring>

#include "core/clock.hpp"
#include "extension/native.hpp"

namespace logystera::extension {
namespace {

constexpr std::int64_t kPendingSecondsMax = 5;       // a long-running process commits after this
constexpr std::size_t kPendingBytesMax = 64 * 1024;  // or this much

constexpr std::size_t kLabelNoticesPerCall = 4;
constexpr std::size_t kShownBytes = 64;  // of a name that is told

struct RecorderObject {
  Site* site;       // owned by the State; nullptr while recording is off
  zend_object std;  // must be last
};

zend_object_handlers handlers;

RecorderObject* object_of(zend_object* object) {
  return reinterpret_cast<RecorderObject*>(reinterpret_cast<char*>(object) - offsetof(RecorderObject, std));
}

zend_object* create_recorder(zend_class_entry* type) {
  auto* object = static_cast<RecorderObject*>(zend_object_alloc(sizeof(RecorderObject), type));
  object->site = nullptr;
  zend_object_std_init(&object->std, type);
  object_properties_init(&object->std, type);
  object->std.handlers = &handlers;
  return &object->std;
}

// Phase one and two of the constructor.
Site* open_site(zend_string* directory, HashTable* table, Message& message) noexcept try {
  Result<RecorderOptions> options = read_recorder_options(table);
  if (!options) {
    message.set(options.error());
    return nullptr;
  }
  const agent::BufferOptions ini = ini_buffer_options();
  options->buffer.sync_commits |= ini.sync_commits;
  options->buffer.allow_network_fs |= ini.allow_network_fs;
  State* process = state();
  if (process == nullptr) return nullptr;
  process->check_fork();
  Result<Site*> site = process->site(std::string(directory_or_ini(view(directory))), options.value());
  if (!site) {
    message.set(site.error());
    return nullptr;
  }
  remember_site(*process, *site.value());
  return site.value();
} catch (...) {
  message.set("out of memory");
  return nullptr;
}

void check_options(HashTable* table, Message& message) noexcept try {
  const Result<RecorderOptions> options = read_recorder_options(table);
  if (!options) return message.set(options.error());
  const Result<agent::SignalSet> signals = build_signals(options.value());
  if (!signals) message.set(signals.error());
} catch (...) {
  message.set("out of memory");
}

void write_list(agent::EventWriter& event, const agent::Label& label, HashTable* items) noexcept {
  event.open_list(label);
  zval* item;
  bool room = true;
  ZEND_HASH_FOREACH_VAL(items, item) {
    ZVAL_DEREF(item);
    if (Z_TYPE_P(item) == IS_STRING) room = event.item(view(Z_STR_P(item)));
    else if (Z_TYPE_P(item) == IS_LONG) room = event.item(static_cast<std::int64_t>(Z_LVAL_P(item)));
    else event.skip_item();
    if (!room) break;
  }
  ZEND_HASH_FOREACH_END();
  event.close_list();
}

// Only plain values are looked at: an object's __toString or a nested array could run code or never end.
void write_label(agent::EventWriter& event, const agent::Label& label, zval* value) noexcept {
  ZVAL_DEREF(value);
  switch (Z_TYPE_P(value)) {
    case IS_STRING: event.text(label, view(Z_STR_P(value))); return;
    case IS_LONG: event.integer(label, static_cast<std::int64_t>(Z_LVAL_P(value))); return;
    case IS_DOUBLE: event.number(label, Z_DVAL_P(value)); return;
    case IS_TRUE:
    case IS_FALSE: event.boolean(label, Z_TYPE_P(value) == IS_TRUE); return;
    case IS_NULL: event.null(label); return;
    case IS_ARRAY:
      if (label.kind == LabelKind::list) return write_list(event, label, Z_ARRVAL_P(value));
      [[fallthrough]];
    default: event.unfit(label);
  }
}

// What one call named and nobody declared, to be told when no C++ object is alive. The names belong to the caller.
struct Unknown {
  bool type = false;
  std::size_t labels = 0;
  const zend_string* label[kLabelNoticesPerCall] = {};  // nullptr: a label without a name
};

bool record(State& process, Site& site, std::string_view type, HashTable* labels, Unknown& unknown) noexcept {
  const std::int64_t now = wall_seconds();
  const std::uint16_t index = site.signals.find(type);
  if (index == agent::SignalSet::kUnknown) {
    unknown.type = true;
    process.touch(site);
    site.request.refuse(agent::Drop::unknown_type, now);
    return false;
  }
  if (!site.signals.enabled(index)) return false;
  process.touch(site);
  if (!site.request.admit(site.signals, index, now)) return false;
  const agent::Signal& signal = site.signals.at(index);
  agent::EventWriter event(site.request, signal, index, site.rules, process.uuids, now);
  if (labels != nullptr && event.ok()) {
    zend_string* name;
    zval* value;
    ZEND_HASH_FOREACH_STR_KEY_VAL(labels, name, value) {
      const agent::Label* label = event.label(name != nullptr ? view(name) : std::string_view());
      if (label != nullptr) write_label(event, *label, value);
      else if (unknown.labels < kLabelNoticesPerCall) unknown.label[unknown.labels++] = name;
    }
    ZEND_HASH_FOREACH_END();
  }
  if (!event.finish()) return false;
  // A command line process, or a worker, may run for days: what it recorded must not wait for its end.
  if (allowance_seconds() != 0 &&
      (site.request.arena().size() >= kPendingBytesMax || now - site.request.first_pending_at() >= kPendingSecondsMax ||
       now < site.request.first_pending_at())) {
    site.request.commit(site.buffer);
  }
  return true;
}

// FNV-1a; a type and a label are one name.
std::uint64_t hash_of(std::string_view type, std::string_view label) noexcept {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const std::string_view part : {type, label}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    hash = (hash ^ 0xff) * 0x100000001b3;
  }
  return hash;
}

// A name as a log may show it: its first kShownBytes, each byte outside of printable ASCII a question mark.
struct Shown {
  char text[kShownBytes + 1];

  explicit Shown(std::string_view name) noexcept {
    std::size_t size = 0;
    for (const char c : name.substr(0, kShownBytes)) text[size++] = c >= ' ' && c <= '~' ? c : '?';
    text[size] = '\0';
  }
};

// The application's error handler runs in here, and may record, throw or end the request.
void tell_unknown_type(zend_string* type) {
  if (!warns() || !LOGYSTERA_G(state)->tells(hash_of(view(type), {}))) return;
  php_error_docref(
      nullptr, E_USER_NOTICE,
      "Unknown signal type '%s', not recorded; Recorder::signals() has the known ones, option 'signals' declares "
      "others",
      Shown(view(type)).text);
}

void tell_unknown(zend_string* type, const Unknown& unknown) {
  if (unknown.type) return tell_unknown_type(type);
  if (unknown.labels == 0 || !warns()) return;
  for (std::size_t i = 0; i < unknown.labels && EG(exception) == nullptr; ++i) {
    const std::string_view name = unknown.label[i] != nullptr ? view(unknown.label[i]) : std::string_view();
    if (!LOGYSTERA_G(state)->tells(hash_of(view(type), name))) continue;
    if (name.empty()) {
      php_error_docref(nullptr, E_USER_NOTICE, "A label of signal '%s' has no name, left out; give name => value",
                       Shown(view(type)).text);
    } else {
      php_error_docref(nullptr, E_USER_NOTICE,
                       "Signal '%s' has no label '%s', left out; Recorder::signals() has the labels of each",
                       Shown(view(type)).text, Shown(name).text);
    }
  }
}

void add_counts(zval* array, const agent::DropCounts& drops) {
  for (std::size_t i = 0; i < agent::kDropReasons; ++i) {
    if (drops[i].count == 0) continue;
    const std::string_view name = agent::name_of(static_cast<agent::Drop>(i));
    add_assoc_long_ex(array, name.data(), name.size(), static_cast<zend_long>(drops[i].count));
  }
}

void add_view(zval* array, const char* key, std::string_view text) {
  add_assoc_stringl(array, key, text.data(), text.size());
}

void describe_signal(zval* signal, const SignalSpec& spec) {
  array_init(signal);
  add_view(signal, "type", spec.type);
  add_view(signal, "group", spec.group);
  if (spec.config_key.empty()) add_assoc_null(signal, "config_key");
  else add_view(signal, "config_key", spec.config_key);
  add_assoc_bool(signal, "default", spec.on_by_default);
  add_assoc_long(signal, "cap", spec.cap);
  add_view(signal, "severity", spec.severity);
  add_assoc_bool(signal, "documented", spec.documented);
  add_view(signal, "name", spec.name);
  add_view(signal, "summary", spec.summary);
  zval labels;
  array_init(&labels);
  for (const LabelSpec* label = spec.labels; label != spec.labels + spec.label_count; ++label) {
    zval entry;
    array_init(&entry);
    add_view(&entry, "name", label->name);
    add_view(&entry, "type", catalogue::name_of(label->kind));
    add_view(&entry, "privacy", label->privacy);
    if (label->max_chars != 0) add_assoc_long(&entry, "max_chars", label->max_chars);
    add_view(&entry, "description", label->description);
    add_next_index_zval(&labels, &entry);
  }
  add_assoc_zval(signal, "labels", &labels);
}

}  // namespace

void set_up_recorder_class(zend_class_entry* type) {
  type->create_object = create_recorder;
  std::memcpy(&handlers, zend_get_std_object_handlers(), sizeof handlers);
  handlers.offset = offsetof(RecorderObject, std);
  handlers.clone_obj = nullptr;
}

}  // namespace logystera::extension

using namespace logystera::extension;

ZEND_METHOD(Logystera_Agent_Recorder, __construct) {
  zend_string* directory;
  HashTable* options = nullptr;
  ZEND_PARSE_PARAMETERS_START(1, 2)
  Z_PARAM_STR(directory)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT(options)
  ZEND_PARSE_PARAMETERS_END();
  Message message;
  if (why_off() != nullptr) {
    // A mistake must not wait for the day recording is switched on.
    check_options(options, message);
    if (!message.empty()) throw_message(message);
    return;
  }
  Site* site = open_site(directory, options, message);
  if (site == nullptr) {
    throw_message(message);
    return;
  }
  object_of(Z_OBJ_P(ZEND_THIS))->site = site;
}

ZEND_METHOD(Logystera_Agent_Recorder, wants) {
  zend_string* type;
  ZEND_PARSE_PARAMETERS_START(1, 1)
  Z_PARAM_STR(type)
  ZEND_PARSE_PARAMETERS_END();
  const Site* site = object_of(Z_OBJ_P(ZEND_THIS))->site;
  if (site == nullptr) RETURN_FALSE;
  const std::uint16_t index = site->signals.find(view(type));
  if (index == logystera::agent::SignalSet::kUnknown) tell_unknown_type(type);
  RETURN_BOOL(index != logystera::agent::SignalSet::kUnknown && site->signals.enabled(index) &&
              site->signals.at(index).cap != 0);
}

ZEND_METHOD(Logystera_Agent_Recorder, record) {
  zend_string* type;
  HashTable* labels = nullptr;
  ZEND_PARSE_PARAMETERS_START(1, 2)
  Z_PARAM_STR(type)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT(labels)
  ZEND_PARSE_PARAMETERS_END();
  Site* site = object_of(Z_OBJ_P(ZEND_THIS))->site;
  if (site == nullptr) RETURN_FALSE;
  State& process = *LOGYSTERA_G(state);
  process.check_fork();
  Unknown unknown;
  const bool recorded = record(process, *site, view(type), labels, unknown);
  tell_unknown(type, unknown);
  RETURN_BOOL(recorded);
}

ZEND_METHOD(Logystera_Agent_Recorder, hashId) {
  zend_string* text = nullptr;
  zend_long number = 0;
  ZEND_PARSE_PARAMETERS_START(1, 1)
  Z_PARAM_STR_OR_LONG(text, number)
  ZEND_PARSE_PARAMETERS_END();
  Site* site = object_of(Z_OBJ_P(ZEND_THIS))->site;
  if (site == nullptr) RETURN_EMPTY_STRING();
  char digits[MAX_LENGTH_OF_LONG + 1];
  std::string_view id;
  if (text != nullptr) {
    id = view(text);
  } else {
    char* start = zend_print_long_to_buf(digits + sizeof digits - 1, number);
    id = std::string_view(start, static_cast<std::size_t>(digits + sizeof digits - 1 - start));
  }
  const std::string_view hash = site->hashes.of(site->rules.uid_key, id);
  RETURN_STRINGL(hash.data(), hash.size());
}

ZEND_METHOD(Logystera_Agent_Recorder, commit) {
  ZEND_PARSE_PARAMETERS_NONE();
  Site* site = object_of(Z_OBJ_P(ZEND_THIS))->site;
  if (site == nullptr) RETURN_LONG(0);
  State& process = *LOGYSTERA_G(state);
  process.check_fork();
  const std::uint32_t committed = site->request.commit(site->buffer).committed;
  if (commit_ends_request()) {
    site->request.renew_allowance();
    process.forget_told();
  }
  RETURN_LONG(static_cast<zend_long>(committed));
}

ZEND_METHOD(Logystera_Agent_Recorder, stats) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Site* site = object_of(Z_OBJ_P(ZEND_THIS))->site;
  array_init(return_value);
  add_assoc_bool(return_value, "recording", site != nullptr);
  if (site == nullptr) {
    if (why_off() != nullptr) add_assoc_string(return_value, "why_off", why_off());
    return;
  }
  const logystera::agent::RequestCounts& counts = site->request.counts();
  add_assoc_long(return_value, "recorded", static_cast<zend_long>(counts.recorded));
  add_assoc_long(return_value, "committed", static_cast<zend_long>(counts.committed));
  add_assoc_long(return_value, "pending", site->request.pending_events());
  add_assoc_long(return_value, "truncated", static_cast<zend_long>(counts.truncated));
  add_assoc_long(return_value, "labels_dropped", static_cast<zend_long>(counts.labels_dropped));
  add_assoc_long(return_value, "labels_nulled", static_cast<zend_long>(counts.labels_nulled));
  zval drops;
  array_init(&drops);
  add_counts(&drops, site->request.drops());
  add_assoc_zval(return_value, "dropped", &drops);
}

ZEND_METHOD(Logystera_Agent_Recorder, signals) {
  ZEND_PARSE_PARAMETERS_NONE();
  array_init(return_value);
  for (const logystera::SignalSpec& spec : logystera::catalogue::all()) {
    zval signal;
    describe_signal(&signal, spec);
    add_next_index_zval(return_value, &signal);
  }
}
