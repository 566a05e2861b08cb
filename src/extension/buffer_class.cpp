// Logystera\Agent\Buffer: what is buffered, for people and for the dispatcher's status.
extern "C" {
#include "php.h"

#include "ext/json/php_json.h"
#include "zend_exceptions.h"
}

#include "agent/moment.hpp"
#include "agent/reader.hpp"
#include "extension/guarded.hpp"
#include "extension/heap_value.hpp"

namespace logystera::extension {
namespace {

constexpr std::size_t kFilterBytes = 256;
constexpr int kJsonDepth = 64;

using BufferObject = Wrapped<agent::Buffer>;

agent::Buffer* open_buffer(zend_string* directory, HashTable* table, Message& message) noexcept try {
  agent::BufferOptions options = ini_buffer_options();
  if (table != nullptr) {
    zend_string* name;
    zval* value;
    ZEND_HASH_FOREACH_STR_KEY_VAL(table, name, value) {
      ZVAL_DEREF(value);
      Result<bool> known = name != nullptr ? read_buffer_option(view(name), value, options) : Result<bool>(false);
      if (known && !known.value())
        known = Error{"unknown option; known are durability, share and allow_network_fs", ErrorKind::invalid};
      if (!known) {
        message.set(known.error());
        return nullptr;
      }
    }
    ZEND_HASH_FOREACH_END();
  }
  Result<agent::Buffer> opened = agent::Buffer::open(std::string(directory_or_ini(view(directory))), options);
  if (!opened) {
    message.set(opened.error());
    return nullptr;
  }
  return new agent::Buffer(std::move(opened).value());
} catch (...) {
  message.set("out of memory");
  return nullptr;
}

Result<Done> read_strings(std::string_view name, zval* value, std::vector<std::string>& into) {
  const auto take = [&](zval* item) {
    ZVAL_DEREF(item);
    if (Z_TYPE_P(item) != IS_STRING || Z_STRLEN_P(item) > kFilterBytes || into.size() == limits::kSignals) return false;
    into.emplace_back(view(Z_STR_P(item)));
    return true;
  };
  const Error wrong{"filter '" + std::string(name) + "' must be a string or a list of strings", ErrorKind::invalid};
  if (Z_TYPE_P(value) == IS_NULL) return Done{};
  if (Z_TYPE_P(value) != IS_ARRAY) return take(value) ? Result<Done>(Done{}) : Result<Done>(wrong);
  zval* item;
  ZEND_HASH_FOREACH_VAL(Z_ARRVAL_P(value), item) {
    if (!take(item)) return wrong;
  }
  ZEND_HASH_FOREACH_END();
  return Done{};
}

Result<Done> read_delivery(zval* value, agent::Delivery& into) {
  if (Z_TYPE_P(value) == IS_NULL) return Done{};
  const std::string_view word = Z_TYPE_P(value) == IS_STRING ? view(Z_STR_P(value)) : std::string_view();
  if (word == "waiting") into = agent::Delivery::waiting;
  else if (word == "sent") into = agent::Delivery::sent;
  else if (word == "any") into = agent::Delivery::any;
  else return Error{"filter 'delivery' must be 'waiting', 'sent' or 'any'", ErrorKind::invalid};
  return Done{};
}

Result<Done> read_filter(std::string_view name, zval* value, agent::EventFilter& filter) {
  if (name == "type") return read_strings(name, value, filter.types);
  if (name == "severity") return read_strings(name, value, filter.severities);
  if (name == "delivery") return read_delivery(value, filter.delivery);
  if (name == "since" || name == "until") {
    if (Z_TYPE_P(value) == IS_NULL) return Done{};
    if (Z_TYPE_P(value) != IS_LONG)
      return Error{"filter '" + std::string(name) + "' must be a unix time (integer)", ErrorKind::invalid};
    (name == "since" ? filter.since : filter.until) = Z_LVAL_P(value);
    return Done{};
  }
  if (name == "text") {
    if (Z_TYPE_P(value) == IS_NULL) return Done{};
    if (Z_TYPE_P(value) != IS_STRING || Z_STRLEN_P(value) > kFilterBytes) {
      return Error{"filter 'text' must be a string of at most 256 bytes", ErrorKind::invalid};
    }
    filter.text = view(Z_STR_P(value));
    return Done{};
  }
  return Error{"there is no filter '" + std::string(name.substr(0, 64)) +
                   "'; known are type, severity, delivery, since, until and text",
               ErrorKind::invalid};
}

Result<agent::EventFilter> read_filters(HashTable* table) {
  agent::EventFilter filter;
  if (table == nullptr) return filter;
  zend_string* name;
  zval* value;
  ZEND_HASH_FOREACH_STR_KEY_VAL(table, name, value) {
    ZVAL_DEREF(value);
    const Result<Done> read = read_filter(name != nullptr ? view(name) : std::string_view("0"), value, filter);
    if (!read) return read.error();
  }
  ZEND_HASH_FOREACH_END();
  return filter;
}

Result<agent::EventPage> read_page(const agent::Buffer& buffer, HashTable* filters, zend_long offset, zend_long limit) {
  const Result<agent::EventFilter> filter = read_filters(filters);
  if (!filter) return filter.error();
  return agent::read_events(buffer, filter.value(), static_cast<std::uint64_t>(offset), static_cast<std::uint64_t>(limit),
                            agent::now().wall);
}

agent::Buffer* opened_buffer(zval* self) { return BufferObject::constructed(self, buffer_unavailable_class); }

}  // namespace

void set_up_buffer_class(zend_class_entry* type) { BufferObject::set_up(type); }

}  // namespace logystera::extension

using namespace logystera::extension;

ZEND_METHOD(Logystera_Agent_Buffer, __construct) {
  zend_string* directory;
  HashTable* options = nullptr;
  ZEND_PARSE_PARAMETERS_START(1, 2)
  Z_PARAM_STR(directory)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT(options)
  ZEND_PARSE_PARAMETERS_END();
  if (why_no_request() != nullptr) {
    throw_error(buffer_unavailable_class, why_no_request());
    return;
  }
  Message message;
  logystera::agent::Buffer* buffer = open_buffer(directory, options, message);
  if (buffer == nullptr) {
    throw_message(message);
    return;
  }
  BufferObject::of(ZEND_THIS)->own(buffer);
}

ZEND_METHOD(Logystera_Agent_Buffer, stats) {
  ZEND_PARSE_PARAMETERS_NONE();
  const logystera::agent::Buffer* buffer = opened_buffer(ZEND_THIS);
  if (buffer == nullptr) return;
  Message message;
  const auto stats = guarded(message, [&] { return buffer->stats(); });
  if (!stats) {
    throw_error(buffer_unavailable_class, message.text());
    return;
  }
  array_init(return_value);
  add_assoc_long(return_value, "bytes", static_cast<zend_long>(stats->bytes));
  add_assoc_long(return_value, "pending_bytes", static_cast<zend_long>(stats->pending_bytes));
  add_assoc_long(return_value, "sent_bytes", static_cast<zend_long>(stats->sent_bytes));
  add_assoc_long(return_value, "cap_bytes", static_cast<zend_long>(stats->cap_bytes));
  add_assoc_long(return_value, "files", stats->files);
  add_assoc_long(return_value, "spilled", static_cast<zend_long>(stats->spilled));
  add_assoc_long(return_value, "healed", static_cast<zend_long>(stats->healed));
  zval drops;
  array_init(&drops);
  for (std::size_t i = 0; i < logystera::agent::kDropReasons; ++i) {
    const logystera::agent::DropCount& drop = stats->drops[i];
    if (drop.count == 0) continue;
    zval entry;
    array_init(&entry);
    add_assoc_long(&entry, "count", static_cast<zend_long>(drop.count));
    add_assoc_long(&entry, "first_at", drop.first_at);
    add_assoc_long(&entry, "last_at", drop.last_at);
    const std::string_view name = logystera::agent::name_of(static_cast<logystera::agent::Drop>(i));
    add_assoc_zval_ex(&drops, name.data(), name.size(), &entry);
  }
  add_assoc_zval(return_value, "dropped", &drops);
}

ZEND_METHOD(Logystera_Agent_Buffer, files) {
  ZEND_PARSE_PARAMETERS_NONE();
  const logystera::agent::Buffer* buffer = opened_buffer(ZEND_THIS);
  if (buffer == nullptr) return;
  Message message;
  const auto* files = make_heap_value(message, [&] { return buffer->files(); });
  if (files == nullptr || !files->value) {
    throw_refusal(message, files);
    return;
  }
  array_init(return_value);
  for (const logystera::agent::Segment& file : files->value.value()) {
    zval entry;
    array_init(&entry);
    add_assoc_stringl(&entry, "name", file.name.data(), file.name.size());
    add_assoc_long(&entry, "bytes", static_cast<zend_long>(file.bytes));
    add_next_index_zval(return_value, &entry);
  }
  release_heap_values();
}

ZEND_METHOD(Logystera_Agent_Buffer, events) {
  HashTable* filter = nullptr;
  zend_long offset = 0, limit = 50;
  ZEND_PARSE_PARAMETERS_START(0, 3)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT(filter)
  Z_PARAM_LONG(offset)
  Z_PARAM_LONG(limit)
  ZEND_PARSE_PARAMETERS_END();
  const logystera::agent::Buffer* buffer = opened_buffer(ZEND_THIS);
  if (buffer == nullptr) return;
  if (offset < 0 || limit < 1 || limit > static_cast<zend_long>(logystera::agent::kPageLimit)) {
    throw_error(invalid_option_class, "offset must be 0 or more, limit 1 to 500");
    return;
  }
  Message message;
  const auto* page = make_heap_value(message, [&] { return read_page(*buffer, filter, offset, limit); });
  if (page == nullptr || !page->value) {
    throw_refusal(message, page);
    return;
  }
  array_init(return_value);
  add_assoc_long(return_value, "total", static_cast<zend_long>(page->value->total));
  add_assoc_long(return_value, "invalid", static_cast<zend_long>(page->value->invalid));
  zval events;
  array_init(&events);
  for (const std::string& line : page->value->lines) {
    zval event;
    // A line was validated before; a depth PHP refuses leaves null and no warning.
    php_json_decode_ex(&event, line.data(), line.size(), PHP_JSON_OBJECT_AS_ARRAY, kJsonDepth);
    if (EG(exception)) zend_clear_exception();
    add_next_index_zval(&events, &event);
  }
  add_assoc_zval(return_value, "events", &events);
  zval sent;
  array_init(&sent);
  for (const bool delivered : page->value->sent) add_next_index_bool(&sent, delivered);
  add_assoc_zval(return_value, "sent", &sent);
  const logystera::agent::EventPage& read = page->value.value();
  zval hours;
  array_init(&hours);
  for (std::size_t i = 0; i < read.hours.size(); ++i) {
    add_index_long(&hours, static_cast<zend_ulong>(read.first_hour + static_cast<std::int64_t>(i) * 3600),
                   static_cast<zend_long>(read.hours[i]));
  }
  add_assoc_zval(return_value, "hours", &hours);
  release_heap_values();
}

ZEND_METHOD(Logystera_Agent_Buffer, clear) {
  ZEND_PARSE_PARAMETERS_NONE();
  logystera::agent::Buffer* buffer = opened_buffer(ZEND_THIS);
  if (buffer == nullptr) return;
  Message message;
  const auto lines = guarded(message, [&] { return buffer->clear(); });
  if (!lines) {
    throw_error(buffer_unavailable_class, message.text());
    return;
  }
  RETURN_LONG(static_cast<zend_long>(*lines));
}
