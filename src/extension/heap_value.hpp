// What a method reads its answer from while PHP arrays are built out of it: those allocate, and where memory is out PHP leaves
// by longjmp, past every destructor. So it lies on the heap and hangs off the module globals: destroyed after the last use, or
// when the request ends.
#pragma once

#include <new>
#include <utility>

#include "extension/module.hpp"

namespace logystera::extension {

struct HeapValue {
  HeapValue* next = nullptr;
  virtual ~HeapValue() = default;
};

template <typename Value>
struct HeapValueOf final : HeapValue {
  explicit HeapValueOf(Value&& made) : value(std::move(made)) {}
  Value value;
};

/// Puts what `work` makes on the heap, owned by the request. nullptr, with the reason in `message`, where it throws.
template <typename Work>
auto make_heap_value(Message& message, Work&& work) noexcept -> HeapValueOf<decltype(work())>* try {
  auto* made = new HeapValueOf<decltype(work())>(work());
  made->next = LOGYSTERA_G(heap_values);
  LOGYSTERA_G(heap_values) = made;
  return made;
} catch (...) {
  message.set("out of memory");
  return nullptr;
}

/// Destroys them all, the last one first.
inline void release_heap_values() noexcept {
  while (HeapValue* last = LOGYSTERA_G(heap_values)) {
    LOGYSTERA_G(heap_values) = last->next;
    delete last;
  }
}

/// Throws what a Result on the heap says, or what stopped it from being made.
template <typename Refused>
void throw_refusal(Message& message, const Refused* refused) {
  if (refused != nullptr) message.set(refused->value.error());
  release_heap_values();
  throw_message(message);
}

/// The same for a class that has one exception for all that can go wrong.
template <typename Refused>
void throw_refusal(zend_class_entry* type, Message& message, const Refused* refused) {
  if (refused != nullptr) message.set(refused->value.error());
  release_heap_values();
  throw_error(type, message.text());
}

}  // namespace logystera::extension
