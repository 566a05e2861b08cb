// Logystera\Agent\Dispatcher: the only place of the extension that may touch the network, and only when called.
extern "C" {
#include "php.h"
}

#include <algorithm>
#include <vector>

#include "agent/dispatch.hpp"
#include "agent/history.hpp"
#include "extension/credentials_class.hpp"
#include "extension/guarded.hpp"
#include "extension/secret_class.hpp"

namespace logystera::extension {
namespace {

constexpr zend_long kHistoryMax = 500;

using DispatcherObject = Wrapped<agent::Dispatcher>;

Result<Done> read_number(std::string_view name, zval* value, std::uint32_t& into) {
  if (Z_TYPE_P(value) != IS_LONG || Z_LVAL_P(value) < 0 || Z_LVAL_P(value) > UINT32_MAX) {
    return Error{"option '" + std::string(name) + "' must be a whole number, " + kind_of(value) + " given",
                 ErrorKind::invalid};
  }
  into = static_cast<std::uint32_t>(Z_LVAL_P(value));
  return Done{};
}

Result<Done> read_text(std::string_view name, zval* value, std::string& into) {
  if (Z_TYPE_P(value) == IS_NULL) return Done{};
  if (Z_TYPE_P(value) != IS_STRING || Z_STRLEN_P(value) > 4096) {
    return Error{"option '" + std::string(name) + "' must be a string of at most 4096 bytes, " + kind_of(value) + " given",
                 ErrorKind::invalid};
  }
  into = view(Z_STR_P(value));
  return Done{};
}

Result<Done> read_secret(std::string_view name, zval* value, agent::Secret& into) {
  if (Z_TYPE_P(value) == IS_NULL) return Done{};
  const bool secret = Z_TYPE_P(value) == IS_OBJECT && Z_OBJCE_P(value) == secret_class;
  if (!secret)
    return Error{"option '" + std::string(name) + "' must be a Logystera\\Agent\\Secret, " + kind_of(value) + " given",
                 ErrorKind::invalid};
  const agent::Secret* core = secret_of(value);
  if (core == nullptr)
    return Error{"option '" + std::string(name) + "': the constructor of this Secret was not called", ErrorKind::invalid};
  into = *core;
  return Done{};
}

Result<Done> read_option(std::string_view name, zval* value, agent::DispatchOptions& options) {
  if (name == "batch_size") return read_number(name, value, options.batch_size);
  if (name == "connect_timeout") return read_number(name, value, options.connect_timeout_seconds);
  if (name == "timeout") return read_number(name, value, options.timeout_seconds);
  if (name == "max_seconds") return read_number(name, value, options.max_seconds);
  if (name == "max_requests") return read_number(name, value, options.max_requests);
  if (name == "sent_bytes") return read_number(name, value, options.sent_bytes);
  if (name == "proxy") return read_text(name, value, options.proxy);
  if (name == "proxy_password") return read_secret(name, value, options.proxy_password);
  if (name == "ca_bundle") return read_text(name, value, options.ca_bundle);
  if (name == "user_agent") return read_text(name, value, options.user_agent);
  if (name == "proxy_from_environment") {
    if (Z_TYPE_P(value) != IS_TRUE && Z_TYPE_P(value) != IS_FALSE) {
      return Error{"option 'proxy_from_environment' must be true or false, " + kind_of(value) + " given",
                   ErrorKind::invalid};
    }
    options.proxy_from_environment = Z_TYPE_P(value) == IS_TRUE;
    return Done{};
  }
  agent::BufferOptions buffer;
  buffer.share_group = options.share_group;
  buffer.allow_network_fs = options.allow_network_fs;
  const Result<bool> known = read_buffer_option(name, value, buffer);
  if (!known) return known.error();
  if (known.value()) {
    options.share_group = buffer.share_group;
    options.allow_network_fs = buffer.allow_network_fs;
    return Done{};
  }
  return Error{
      "there is no option '" + std::string(name.substr(0, 64)) +
          "'; known are batch_size, sent_bytes, proxy, proxy_password, proxy_from_environment, ca_bundle, connect_timeout, "
          "timeout, max_seconds, max_requests, user_agent, share and allow_network_fs",
      ErrorKind::invalid};
}

Result<agent::DispatchOptions> read_options(HashTable* table) {
  agent::DispatchOptions options;
  options.allow_network_fs = ini_buffer_options().allow_network_fs;
  if (table != nullptr) {
    zend_string* name;
    zval* value;
    ZEND_HASH_FOREACH_STR_KEY_VAL(table, name, value) {
      ZVAL_DEREF(value);
      const Result<Done> read = read_option(name != nullptr ? view(name) : std::string_view("0"), value, options);
      if (!read) return read.error();
    }
    ZEND_HASH_FOREACH_END();
  }
  const Result<Done> valid = agent::validate(options);
  if (!valid) return valid.error();
  return options;
}

agent::Dispatcher* checked(zval* self) { return DispatcherObject::constructed(self, buffer_unavailable_class); }

void add_view(zval* array, const char* key, std::string_view text) {
  add_assoc_stringl(array, key, text.data(), text.size());
}

void add_text_or_null(zval* array, const char* key, std::string_view text) {
  if (text.empty()) add_assoc_null(array, key);
  else add_view(array, key, text);
}

void add_time_or_null(zval* array, const char* key, std::int64_t at) {
  if (at == 0) add_assoc_null(array, key);
  else add_assoc_long(array, key, at);
}

void add_number(zval* array, const char* key, std::uint64_t value) {
  add_assoc_long(array, key, static_cast<zend_long>(value));
}

// What the core gives back, as plain memory: PHP's arrays are built out of it with nothing left to destroy, since running out
// of memory there is a longjmp.
struct PlainCall {
  std::string_view status;  // of a literal
  int http_status = 0;
  Message error, reference;
};

struct PlainFlush {
  std::string_view status;  // of a literal
  std::uint64_t sent = 0, batches = 0, requests = 0, dead_lettered = 0, remaining_bytes = 0;
  std::int64_t retry_at = 0;
  Message error;
};

/// Of a history entry, whose texts the file that keeps it bounds.
struct PlainRequest {
  std::int64_t at;
  std::uint64_t bytes;
  std::uint32_t events, duration_ms;
  int http_status;
  bool acknowledged;
  char batch[agent::kHistoryRecordBytes], error[agent::kHistoryRecordBytes];
};

void flush(agent::Dispatcher* core, PlainFlush& plain) noexcept {
  const agent::FlushResult result = core->flush();
  plain.status = agent::name_of(result.status);
  plain.sent = result.sent;
  plain.batches = result.batches;
  plain.requests = result.requests;
  plain.dead_lettered = result.dead_lettered;
  plain.remaining_bytes = result.remaining_bytes;
  plain.retry_at = result.retry_at;
  plain.error.set(result.error);
}

template <std::size_t Size>
void copy(char (&into)[Size], std::string_view text) noexcept {
  BoundedWriter out(into, Size - 1);
  out.append(text);
  into[out.size()] = '\0';
}

/// How many of at most `limit` entries were copied.
std::size_t read_history(const agent::Dispatcher* core, std::size_t limit, PlainRequest* into) noexcept {
  const std::vector<agent::HistoryEntry> entries = core->history(limit);
  const std::size_t count = std::min(entries.size(), limit);
  for (std::size_t i = 0; i < count; ++i) {
    const agent::HistoryEntry& entry = entries[i];
    into[i].at = entry.at;
    into[i].bytes = entry.bytes;
    into[i].events = entry.events;
    into[i].duration_ms = entry.duration_ms;
    into[i].http_status = entry.http_status;
    into[i].acknowledged = entry.acknowledged;
    copy(into[i].batch, entry.batch);
    copy(into[i].error, entry.error);
  }
  return count;
}

template <typename Call>
void call(PlainCall& plain, Call&& make) noexcept {
  const agent::CallResult result = make();
  plain.status = agent::name_of(result.status);
  plain.http_status = result.http_status;
  plain.error.set(result.error);
  plain.reference.set(result.reference);
}

void give(zval* array, const PlainCall& plain) {
  array_init(array);
  add_view(array, "status", plain.status);
  if (plain.http_status == 0) add_assoc_null(array, "http_code");
  else add_assoc_long(array, "http_code", plain.http_status);
  add_text_or_null(array, "error", plain.error.text());
}

}  // namespace

void set_up_dispatcher_class(zend_class_entry* type) { DispatcherObject::set_up(type); }

}  // namespace logystera::extension

using namespace logystera::extension;
using logystera::agent::Dispatcher;

ZEND_METHOD(Logystera_Agent_Dispatcher, __construct) {
  zend_string* directory;
  zval* credentials;
  HashTable* table = nullptr;
  ZEND_PARSE_PARAMETERS_START(2, 3)
  Z_PARAM_STR(directory)
  Z_PARAM_OBJECT_OF_CLASS(credentials, credentials_class)
  Z_PARAM_OPTIONAL
  Z_PARAM_ARRAY_HT(table)
  ZEND_PARSE_PARAMETERS_END();
  if (why_no_request() != nullptr) {
    throw_error(buffer_unavailable_class, why_no_request());
    return;
  }
  const logystera::agent::Credentials* keys = credentials_of(credentials);
  Message message;
  if (keys == nullptr) {
    throw_error(invalid_option_class, "the credentials were not constructed");
    return;
  }
  {
    const auto options = guarded(message, [&] { return read_options(table); });
    if (options) {
      auto opened = guarded(
          message, [&] { return Dispatcher::open(std::string(directory_or_ini(view(directory))), *keys, *options); });
      if (opened) DispatcherObject::of(ZEND_THIS)->own(new (std::nothrow) Dispatcher(std::move(*opened)));
    }
  }
  if (!message.empty()) throw_message(message);
}

ZEND_METHOD(Logystera_Agent_Dispatcher, flush) {
  ZEND_PARSE_PARAMETERS_NONE();
  Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  PlainFlush result;
  flush(core, result);
  array_init(return_value);
  add_view(return_value, "status", result.status);
  add_number(return_value, "sent", result.sent);
  add_number(return_value, "batches", result.batches);
  add_number(return_value, "requests", result.requests);
  add_number(return_value, "dead_lettered", result.dead_lettered);
  add_number(return_value, "remaining_bytes", result.remaining_bytes);
  add_time_or_null(return_value, "retry_at", result.retry_at);
  add_text_or_null(return_value, "error", result.error.text());
}

ZEND_METHOD(Logystera_Agent_Dispatcher, state) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  const logystera::agent::DispatchState state = core->state();
  array_init(return_value);
  add_assoc_bool(return_value, "known", state.known);
  add_assoc_bool(return_value, "suspended", state.suspended);
  add_view(return_value, "trouble", logystera::agent::name_of(state.trouble));
  add_text_or_null(return_value, "remedy", logystera::agent::remedy_for(state.trouble));
  add_assoc_long(return_value, "http_status", state.http_status);
  add_time_or_null(return_value, "last_attempt", state.last_attempt);
  add_time_or_null(return_value, "last_success", state.last_success);
  add_time_or_null(return_value, "next_attempt", state.next_attempt);
  add_number(return_value, "failures", state.failures);
  add_number(return_value, "auth_failures", state.auth_failures);
  add_assoc_long(return_value, "clock_skew", state.clock_skew);
  add_number(return_value, "batch_limit", state.batch_limit);
  add_number(return_value, "events_sent", state.events_sent);
  add_number(return_value, "batches_sent", state.batches_sent);
  add_number(return_value, "requests", state.requests);
  add_number(return_value, "duplicates", state.duplicates);
  add_number(return_value, "dead_lettered", state.dead_lettered);
  add_number(return_value, "bytes_sent", state.bytes_sent);
}

ZEND_METHOD(Logystera_Agent_Dispatcher, history) {
  zend_long limit = 50;
  ZEND_PARSE_PARAMETERS_START(0, 1)
  Z_PARAM_OPTIONAL
  Z_PARAM_LONG(limit)
  ZEND_PARSE_PARAMETERS_END();
  const Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  if (limit < 1 || limit > kHistoryMax) {
    throw_error(invalid_option_class, "limit must be 1 to 500");
    return;
  }
  auto* requests = static_cast<PlainRequest*>(safe_emalloc(static_cast<std::size_t>(limit), sizeof(PlainRequest), 0));
  const std::size_t count = read_history(core, static_cast<std::size_t>(limit), requests);
  array_init(return_value);
  for (std::size_t i = 0; i < count; ++i) {
    const PlainRequest& request = requests[i];
    zval entry;
    array_init(&entry);
    add_assoc_long(&entry, "at", request.at);
    add_number(&entry, "events", request.events);
    add_number(&entry, "bytes", request.bytes);
    add_assoc_long(&entry, "http_status", request.http_status);
    add_number(&entry, "duration_ms", request.duration_ms);
    add_assoc_bool(&entry, "acknowledged", request.acknowledged);
    add_view(&entry, "batch", request.batch);
    add_text_or_null(&entry, "error", request.error);
    add_next_index_zval(return_value, &entry);
  }
  efree(requests);
}

ZEND_METHOD(Logystera_Agent_Dispatcher, resume) {
  ZEND_PARSE_PARAMETERS_NONE();
  Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  Message message;
  guarded(message, [&] { return core->resume(); });
  if (!message.empty()) throw_error(buffer_unavailable_class, message.text());
}

ZEND_METHOD(Logystera_Agent_Dispatcher, ping) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  PlainCall result;
  call(result, [&]() noexcept { return core->ping(); });
  give(return_value, result);
}

ZEND_METHOD(Logystera_Agent_Dispatcher, disconnect) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  PlainCall result;
  call(result, [&]() noexcept { return core->disconnect(); });
  give(return_value, result);
}

ZEND_METHOD(Logystera_Agent_Dispatcher, support) {
  zend_string *message, *email = nullptr, *diagnostics = nullptr;
  ZEND_PARSE_PARAMETERS_START(1, 3)
  Z_PARAM_STR(message)
  Z_PARAM_OPTIONAL
  Z_PARAM_STR_OR_NULL(email)
  Z_PARAM_STR_OR_NULL(diagnostics)
  ZEND_PARSE_PARAMETERS_END();
  const Dispatcher* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  PlainCall result;
  call(result, [&]() noexcept {
    logystera::agent::SupportMessage text{view(message), {}, {}};
    if (email != nullptr) text.email = view(email);
    if (diagnostics != nullptr) text.diagnostics_json = view(diagnostics);
    return core->support(text);
  });
  give(return_value, result);
  add_text_or_null(return_value, "reference", result.reference.text());
}
