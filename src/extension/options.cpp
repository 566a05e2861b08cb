#include "extension/options.hpp"

#include "core/hmac.hpp"
#include "extension/credentials_class.hpp"

namespace logystera::extension {
namespace {

constexpr std::size_t kKeyBytesMin = 16;
constexpr std::size_t kKeyBytesMax = 256;
constexpr std::size_t kRootBytesMax = 4096;

Error wrong(std::string_view option, const std::string& expected, const zval* value) {
  return Error{"option '" + std::string(option) + "' must be " + expected + ", " + kind_of(value) + " given",
               ErrorKind::invalid};
}

// FNV-1a over eight bytes at a time: not a secret, only a way to see that an array is the one of the last request.
constexpr std::uint64_t kFingerprintStart = 0xcbf29ce484222325;
constexpr std::uint64_t kFingerprintPrime = 0x100000001b3;
constexpr std::uint64_t kNamed = 0x9e3779b97f4a7c15;
constexpr int kListDepth = 4;
constexpr std::size_t kConfigKeyBytesMax = 128;

void add_number(std::uint64_t& fingerprint, std::uint64_t number) {
  fingerprint = (fingerprint ^ number) * kFingerprintPrime;
  fingerprint ^= fingerprint >> 29;
}

void add_text(std::uint64_t& fingerprint, const zend_string* text) {
  add_number(fingerprint, zend_string_hash_val(const_cast<zend_string*>(text)));
  add_number(fingerprint, ZSTR_LEN(text));
}

void add_value(std::uint64_t& fingerprint, zval* value, int depth) {
  ZVAL_DEREF(value);
  add_number(fingerprint, Z_TYPE_P(value));
  if (Z_TYPE_P(value) == IS_STRING) return add_text(fingerprint, Z_STR_P(value));
  if (Z_TYPE_P(value) == IS_LONG) return add_number(fingerprint, static_cast<std::uint64_t>(Z_LVAL_P(value)));
  if (Z_TYPE_P(value) != IS_ARRAY || depth == kListDepth) return;
  zend_ulong key;
  zend_string* name;
  zval* item;
  ZEND_HASH_FOREACH_KEY_VAL(Z_ARRVAL_P(value), key, name, item) {
    // An array keeps the hash of each name: the name itself, far away in memory, need not be looked at.
    add_number(fingerprint, key ^ (name != nullptr ? kNamed : 0));
    add_value(fingerprint, item, depth + 1);
  }
  ZEND_HASH_FOREACH_END();
  add_number(fingerprint, zend_hash_num_elements(Z_ARRVAL_P(value)));
}

Result<Done> read_types(zval* value, std::vector<std::string_view>& types) {
  zval* item;
  ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), item) {
    ZVAL_DEREF(item);
    if (Z_TYPE_P(item) != IS_STRING) return wrong("enabled", "a list of signal types (strings)", item);
    if (types.size() == limits::kSignals) return Error{"option 'enabled' has more than 256 types", ErrorKind::invalid};
    types.emplace_back(view(Z_STR_P(item)));
  }
  ZEND_HASH_FOREACH_END();
  return Done{};
}

// What PHP calls the same.
struct PhpName {
  std::string_view name;
  LabelKind kind;
};
constexpr PhpName kPhpNames[] = {
    {"int", LabelKind::integer}, {"float", LabelKind::number}, {"bool", LabelKind::boolean}, {"string[]", LabelKind::list}};

Result<LabelKind> read_kind(std::string_view name) {
  for (const PhpName& known : kPhpNames) {
    if (known.name == name) return known.kind;
  }
  for (const LabelKind kind :
       {LabelKind::string, LabelKind::integer, LabelKind::number, LabelKind::boolean, LabelKind::list, LabelKind::uid,
        LabelKind::path, LabelKind::ip, LabelKind::message, LabelKind::sql}) {
    if (catalogue::name_of(kind) == name) return kind;
  }
  return Error{
      "option 'signals': a label's type is string, integer (int), number (float), boolean (bool), list (string[]), uid, "
      "path, "
      "ip, message or sql, not '" +
          std::string(name.substr(0, 32)) + "'",
      ErrorKind::invalid};
}

zval* member(HashTable* table, std::string_view name) {
  zval* value = zend_hash_str_find(table, name.data(), name.size());
  if (value != nullptr) ZVAL_DEREF(value);
  return value;
}

// `key`: of `'total' => 'number'` or `'total' => ['type' => 'number']`; nullptr in a list.
Result<agent::SignalDeclaration::DeclaredLabel> read_label(const zend_string* key, zval* value) {
  ZVAL_DEREF(value);
  agent::SignalDeclaration::DeclaredLabel label;
  if (key != nullptr && Z_TYPE_P(value) == IS_STRING) {
    label.name = view(key);
    const Result<LabelKind> kind = read_kind(view(Z_STR_P(value)));
    if (!kind) return kind.error();
    label.kind = kind.value();
    return label;
  }
  if (Z_TYPE_P(value) != IS_ARRAY)
    return wrong("signals", "declarations whose labels are name => type, or arrays with name and type", value);
  zval* name = member(Z_ARRVAL_P(value), "name");
  zval* type = member(Z_ARRVAL_P(value), "type");
  zval* max = member(Z_ARRVAL_P(value), "max_chars");
  const bool named = name != nullptr ? Z_TYPE_P(name) == IS_STRING : key != nullptr;
  if (!named || type == nullptr || Z_TYPE_P(type) != IS_STRING) {
    return Error{"option 'signals': each label needs a name and a type (strings)", ErrorKind::invalid};
  }
  label.name = name != nullptr ? view(Z_STR_P(name)) : view(key);
  const Result<LabelKind> kind = read_kind(view(Z_STR_P(type)));
  if (!kind) return kind.error();
  label.kind = kind.value();
  if (max != nullptr) {
    if (Z_TYPE_P(max) != IS_LONG || Z_LVAL_P(max) < 1 || Z_LVAL_P(max) > 1024) {
      return Error{"option 'signals': max_chars of label '" + label.name + "' must be 1 to 1024", ErrorKind::invalid};
    }
    label.max_chars = static_cast<std::uint16_t>(Z_LVAL_P(max));
  }
  return label;
}

Result<agent::SignalDeclaration> read_declaration(zval* value) {
  ZVAL_DEREF(value);
  if (Z_TYPE_P(value) != IS_ARRAY) return wrong("signals", "a list of declarations (arrays)", value);
  zval* type = member(Z_ARRVAL_P(value), "type");
  zval* cap = member(Z_ARRVAL_P(value), "cap");
  zval* labels = member(Z_ARRVAL_P(value), "labels");
  if (type == nullptr || Z_TYPE_P(type) != IS_STRING)
    return Error{"option 'signals': a declaration has no type (string)", ErrorKind::invalid};
  agent::SignalDeclaration declaration;
  declaration.type = view(Z_STR_P(type));
  if (cap == nullptr || Z_TYPE_P(cap) != IS_LONG || Z_LVAL_P(cap) < 1 || Z_LVAL_P(cap) > limits::kEventsPerRequest) {
    return Error{"option 'signals': cap of '" + declaration.type + "' must be 1 to 200", ErrorKind::invalid};
  }
  declaration.cap = static_cast<std::uint16_t>(Z_LVAL_P(cap));
  if (zval* key = member(Z_ARRVAL_P(value), "config_key"); key != nullptr && Z_TYPE_P(key) != IS_NULL) {
    if (Z_TYPE_P(key) != IS_STRING || Z_STRLEN_P(key) > kConfigKeyBytesMax) {
      return Error{"option 'signals': config_key of '" + declaration.type + "' must be a string of at most 128 bytes",
                   ErrorKind::invalid};
    }
    declaration.config_key = view(Z_STR_P(key));
  }
  if (zval* on = member(Z_ARRVAL_P(value), "default"); on != nullptr) {
    if (Z_TYPE_P(on) != IS_TRUE && Z_TYPE_P(on) != IS_FALSE) {
      return Error{"option 'signals': default of '" + declaration.type + "' must be true or false", ErrorKind::invalid};
    }
    declaration.on_by_default = Z_TYPE_P(on) == IS_TRUE;
  }
  if (labels != nullptr) {
    if (Z_TYPE_P(labels) != IS_ARRAY) return wrong("signals", "declarations whose labels are an array", labels);
    zend_string* key;
    zval* item;
    ZEND_HASH_FOREACH_STR_KEY_VAL(Z_ARRVAL_P(labels), key, item) {
      Result<agent::SignalDeclaration::DeclaredLabel> label = read_label(key, item);
      if (!label) return label.error();
      declaration.labels.push_back(std::move(label).value());
    }
    ZEND_HASH_FOREACH_END();
  }
  return declaration;
}

Result<Done> read_signals(zval* value, std::vector<agent::SignalDeclaration>& signals) {
  zval* item;
  ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), item) {
    Result<agent::SignalDeclaration> declaration = read_declaration(item);
    if (!declaration) return declaration.error();
    signals.push_back(std::move(declaration).value());
  }
  ZEND_HASH_FOREACH_END();
  return Done{};
}

Result<bool> read_flag(std::string_view name, zval* value) {
  if (Z_TYPE_P(value) == IS_TRUE) return true;
  if (Z_TYPE_P(value) == IS_FALSE) return false;
  return wrong(name, "true or false", value);
}

Result<Done> read_list(std::string_view name, const char* what, zval* value, zval*& list) {
  if (Z_TYPE_P(value) == IS_NULL) return Done{};
  if (Z_TYPE_P(value) != IS_ARRAY) return wrong(name, what, value);
  list = value;
  return Done{};
}

// Every group and key is looked at: one that no signal has may be another version's, but it must be a flag.
Result<Done> check_toggles(zval* toggles) {
  zval *group, *flag;
  ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(toggles), group) {
    ZVAL_DEREF(group);
    if (Z_TYPE_P(group) != IS_ARRAY) return wrong("toggles", "an array of groups, each an array of true and false", group);
    ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(group), flag) {
      ZVAL_DEREF(flag);
      if (Z_TYPE_P(flag) != IS_TRUE && Z_TYPE_P(flag) != IS_FALSE)
        return wrong("toggles", "true or false for each key", flag);
    }
    ZEND_HASH_FOREACH_END();
  }
  ZEND_HASH_FOREACH_END();
  return Done{};
}

std::optional<bool> toggle(HashTable* toggles, std::string_view config_key) {
  const auto dot = config_key.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const zval* group = member(toggles, config_key.substr(0, dot));
  if (group == nullptr) return std::nullopt;
  const zval* flag = member(Z_ARRVAL_P(group), config_key.substr(dot + 1));
  return flag == nullptr ? std::nullopt : std::optional<bool>(Z_TYPE_P(flag) == IS_TRUE);
}

Result<Done> read_recorder_option(std::string_view name, zval* value, RecorderOptions& options) {
  if (name == "enabled") return read_list(name, "a list of signal types", value, options.enabled);
  if (name == "signals") return read_list(name, "a list of declarations", value, options.signals);
  if (name == "toggles") return read_list(name, "an array of groups", value, options.toggles);
  if (name == "uid_key") {
    // Credentials lend their secret, so that it never becomes a PHP string.
    if (Z_TYPE_P(value) == IS_OBJECT && Z_OBJCE_P(value) == credentials_class) {
      const agent::Credentials* credentials = credentials_of(value);
      if (credentials == nullptr)
        return Error{"option 'uid_key': the constructor of these Credentials was not called", ErrorKind::invalid};
      options.uid_key = credentials->secret();
      return Done{};
    }
    if (Z_TYPE_P(value) != IS_STRING || Z_STRLEN_P(value) < kKeyBytesMin || Z_STRLEN_P(value) > kKeyBytesMax) {
      return wrong(name, "Credentials or a string of 16 to 256 bytes", value);
    }
    options.uid_key = view(Z_STR_P(value));
    return Done{};
  }
  if (name == "root") {
    if (Z_TYPE_P(value) != IS_STRING || Z_STRLEN_P(value) == 0 || Z_STRVAL_P(value)[0] != '/' ||
        Z_STRLEN_P(value) > kRootBytesMax) {
      return wrong(name, "an absolute directory of at most 4096 bytes", value);
    }
    options.root = view(Z_STR_P(value));
    while (options.root.size() > 1 && options.root.back() == '/') options.root.remove_suffix(1);
    return Done{};
  }
  if (name == "anonymize_ip") {
    const Result<bool> flag = read_flag(name, value);
    if (!flag) return flag.error();
    options.anonymize_ip = flag.value();
    return Done{};
  }
  if (name == "max_events") {
    if (Z_TYPE_P(value) != IS_LONG || Z_LVAL_P(value) < 1 || Z_LVAL_P(value) > limits::kEventsPerRequest) {
      return wrong(name, "an integer from 1 to 200", value);
    }
    options.max_events = static_cast<std::uint32_t>(Z_LVAL_P(value));
    return Done{};
  }
  Result<bool> known = read_buffer_option(name, value, options.buffer);
  if (!known) return known.error();
  if (known.value()) return Done{};
  return Error{"there is no option '" + std::string(name.substr(0, 64)) +
                   "'; known are enabled, toggles, signals, uid_key, root, anonymize_ip, max_events, durability, share and "
                   "allow_network_fs",
               ErrorKind::invalid};
}

}  // namespace

std::string kind_of(const zval* value) {
  switch (Z_TYPE_P(value)) {
    case IS_LONG: return "integer " + std::to_string(Z_LVAL_P(value));
    case IS_STRING: return "a string of " + std::to_string(Z_STRLEN_P(value)) + " bytes";
    default: return zend_zval_type_name(value);
  }
}

Result<bool> read_buffer_option(std::string_view name, zval* value, agent::BufferOptions& options) {
  const auto is = [&](std::string_view text) { return Z_TYPE_P(value) == IS_STRING && view(Z_STR_P(value)) == text; };
  if (name == "durability") {
    if (!is("default") && !is("critical")) return wrong(name, "'default' or 'critical'", value);
    options.sync_commits = is("critical");
    return true;
  }
  if (name == "share") {
    if (!is("user") && !is("group")) return wrong(name, "'user' or 'group'", value);
    options.share_group = is("group");
    return true;
  }
  if (name == "allow_network_fs") {
    const Result<bool> flag = read_flag(name, value);
    if (!flag) return flag.error();
    options.allow_network_fs = flag.value();
    return true;
  }
  return false;
}

Result<agent::SignalSet> build_signals(const RecorderOptions& options) {
  std::vector<agent::SignalDeclaration> declarations;
  if (options.signals != nullptr) {
    const Result<Done> read = read_signals(options.signals, declarations);
    if (!read) return read.error();
  }
  std::vector<std::string_view> types;
  if (options.enabled != nullptr) {
    const Result<Done> read = read_types(options.enabled, types);
    if (!read) return read.error();
  }
  if (options.toggles != nullptr) {
    if (options.enabled != nullptr)
      return Error{"option 'toggles' excludes 'enabled': give one of them", ErrorKind::invalid};
    const Result<Done> checked = check_toggles(options.toggles);
    if (!checked) return checked.error();
  }
  Result<agent::SignalSet> set = agent::SignalSet::build(declarations);
  if (set && options.toggles != nullptr) {
    HashTable* toggles = Z_ARRVAL_P(options.toggles);
    set->enable_by([&](std::string_view config_key) { return toggle(toggles, config_key); });
  }
  // A list of enabled types speaks for declared signals too.
  if (set && options.enabled != nullptr) set->enable_only(types);
  return set;
}

Result<RecorderOptions> read_recorder_options(HashTable* table) {
  RecorderOptions options;
  if (table == nullptr) return options;
  zend_string* name;
  zval* value;
  ZEND_HASH_FOREACH_STR_KEY_VAL(table, name, value) {
    ZVAL_DEREF(value);
    if (name == nullptr) return Error{"options must be named; a list was given", ErrorKind::invalid};
    const Result<Done> read = read_recorder_option(view(name), value, options);
    if (!read) return read.error();
  }
  ZEND_HASH_FOREACH_END();
  options.lists = kFingerprintStart;
  for (zval* list : {options.enabled, options.toggles, options.signals}) {
    if (list != nullptr) add_value(options.lists, list, 0);
    add_number(options.lists, list != nullptr ? 1 : 0);
  }
  return options;
}

}  // namespace logystera::extension
