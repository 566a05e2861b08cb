// What a method reads its answer from while PHP arrays are built out of it: those allocate, and where memory is out PHP leaves
// by longjmp, past every destructor. So it lies on the heap and hangs off the module globals: destroyed after the last use, or
// when the request ends.
#pragma once

#include <new>
#include <utility>

#include "extension/module.hpp"

namespace logystera::extension {

struct Kept {
  Kept* next = nullptr;
  virtual ~Kept() = default;
};

template <typename Value>
struct KeptValue final : Kept {
  explicit KeptValue(Value&& made) : value(std::move(made)) {}
  Value value;
};

/// Keeps what `work` makes. nullptr, with the reason in `message`, where it throws.
template <typename Work>
auto keep(Message& message, Work&& work) noexcept -> KeptValue<decltype(work())>* try {
  auto* kept = new KeptValue<decltype(work())>(work());
  kept->next = LOGYSTERA_G(kept);
  LOGYSTERA_G(kept) = kept;
  return kept;
} catch (...) {
  message.set("out of memory");
  return nullptr;
}

/// Destroys what was kept last, and before it.
inline void release_kept() noexcept {
  while (Kept* kept = LOGYSTERA_G(kept)) {
    LOGYSTERA_G(kept) = kept->next;
    delete kept;
  }
}

/// Throws what a Result that was kept says, or what stopped it from being made.
template <typename Refused>
void throw_refusal(Message& message, const Refused* kept) {
  if (kept != nullptr) message.set(kept->value.error());
  release_kept();
  throw_message(message);
}

/// The same for a class that has one exception for all that can go wrong.
template <typename Refused>
void throw_refusal(zend_class_entry* type, Message& message, const Refused* kept) {
  if (kept != nullptr) message.set(kept->value.error());
  release_kept();
  throw_error(type, message.text());
}

}  // namespace logystera::extension
