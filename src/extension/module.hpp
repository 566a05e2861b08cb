// The module's globals, and what the classes ask of them.
#pragma once

#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

extern "C" {
#include "php.h"
}

#include <cstdint>
#include <string>

#include "extension/state.hpp"

namespace logystera::extension {
struct HeapValue;
}

ZEND_BEGIN_MODULE_GLOBALS(logystera)
bool enabled;                                  // logystera.enabled
char* buffer_dir;                              // logystera.buffer_dir
zend_long max_events;                          // logystera.max_events_per_request, 1 to 200
char* durability;                              // logystera.durability
bool allow_network_fs;                         // logystera.allow_network_fs
zend_uchar warn;                               // logystera.warn, a logystera::extension::Warn
logystera::extension::State* state;            // made with the first Recorder; owned by the globals
logystera::extension::HeapValue* heap_values;  // what a method of this request still builds its answer from
const zend_string* noted_error;                // the last error PHP had noted when it was looked at; compared, never read
ZEND_END_MODULE_GLOBALS(logystera)

ZEND_EXTERN_MODULE_GLOBALS(logystera)
#define LOGYSTERA_G(v) ZEND_MODULE_GLOBALS_ACCESSOR(logystera, v)

#if defined(ZTS) && defined(COMPILE_DL_LOGYSTERA)
ZEND_TSRMLS_CACHE_EXTERN()
#endif

namespace logystera::extension {

/// logystera.warn: whether an unknown type or label is told to the developer.
enum class Warn : zend_uchar {
  by_sapi,  // "auto", and not set: on the command line, where a developer reads it, and nowhere else
  off,
  on,
};

extern zend_class_entry* invalid_option_class;
extern zend_class_entry* buffer_unavailable_class;

/// Give a registered class its object handlers.
void set_up_recorder_class(zend_class_entry* type);
void set_up_buffer_class(zend_class_entry* type);
void set_up_credentials_class(zend_class_entry* type);
void set_up_secret_class(zend_class_entry* type);
void set_up_dispatcher_class(zend_class_entry* type);

/// The process's (thread's) state; made on first use. nullptr only when memory is out.
State* state() noexcept;

/// The INI cap, never above 200.
std::uint32_t configured_max_events() noexcept;
/// 60 where one request may last for days, on the command line and in a worker of FrankenPHP; 0 elsewhere.
std::uint32_t allowance_seconds() noexcept;
/// A worker of FrankenPHP serves many requests in what is one to this module: RSHUTDOWN runs when the worker ends. There the
/// application's commit() is the end of one.
bool commit_ends_request() noexcept;

/// Whether an unknown type or label is told (logystera.warn).
bool warns() noexcept;

/// Why no buffer directory may be touched now, or nullptr: one made here would be root's, not the pool's.
const char* why_no_request() noexcept;

/// Why nothing is recorded in this process, or nullptr.
const char* why_off() noexcept;

/// The options INI settings stand for, before a class's own options are read over them.
agent::BufferOptions ini_buffer_options() noexcept;

/// `directory`, or logystera.buffer_dir when it is empty.
std::string_view directory_or_ini(std::string_view directory) noexcept;

/// Throws `type` with a message that is copied first; the caller must return to PHP at once. No C++ object with a destructor
/// may be alive in the caller's frame.
void throw_error(zend_class_entry* type, const char* message);

/// An error message that outlives the C++ objects it came from: fixed room on the stack, cut if need be.
class Message {
 public:
  void set(std::string_view text, ErrorKind kind = ErrorKind::failed) noexcept;
  void set(const Error& error) noexcept { set(error.message, error.kind); }
  bool empty() const noexcept { return text_[0] == '\0'; }
  const char* text() const noexcept { return text_; }
  ErrorKind kind() const noexcept { return kind_; }

 private:
  char text_[1024] = "";
  ErrorKind kind_ = ErrorKind::failed;
};

/// Throws the exception an error's kind stands for: InvalidOption for what the caller gave, BufferUnavailable for everything
/// else. The caller must return to PHP at once, as with throw_error().
void throw_message(const Message& message);

}  // namespace logystera::extension
