// The options of the PHP classes, taken out of PHP values and checked before anything is done with them.
#pragma once

extern "C" {
#include "php.h"
}

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/buffer.hpp"
#include "agent/signal_set.hpp"
#include "core/result.hpp"

namespace logystera::extension {

/// Options of Recorder::__construct. The lists stay PHP values: a worker is given the same ones with every request, and
/// builds its table only when `lists` says that they changed.
struct RecorderOptions {
  zval* enabled = nullptr;   // list of types; nullptr: as the toggles say. Borrowed from the array read.
  zval* toggles = nullptr;   // group => [key => bool]; a key that is not there: the signal's default. Borrowed.
  zval* signals = nullptr;   // list of declarations, or nullptr. Borrowed.
  std::uint64_t lists = 0;   // fingerprint of the three
  std::string_view root;     // borrowed; empty: files are told by their last part
  std::string_view uid_key;  // borrowed: a string, or the secret of Credentials; empty: the directory's own key file
  bool anonymize_ip = false;
  std::uint32_t max_events = limits::kEventsPerRequest;
  agent::BufferOptions buffer;
};

/// Reads the array; an error names the option, what it should be, and what came instead. The lists are not looked into.
Result<RecorderOptions> read_recorder_options(HashTable* options);

/// The table of signals the options stand for, with the enabled ones on.
Result<agent::SignalSet> build_signals(const RecorderOptions& options);

/// The options every class with a directory understands: share, allow_network_fs, durability. True if `name` was one of them.
Result<bool> read_buffer_option(std::string_view name, zval* value, agent::BufferOptions& options);

inline std::string_view view(const zend_string* text) { return {ZSTR_VAL(text), ZSTR_LEN(text)}; }

/// "a list", "an integer": what a value is, for messages; never its content.
std::string kind_of(const zval* value);

}  // namespace logystera::extension
