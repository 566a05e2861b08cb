// Phase two of a method: the core is run where nothing can throw into PHP.
#pragma once

#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "extension/module.hpp"

namespace logystera::extension {

/// Calls `work`, which returns a Result, and gives back its value; an error or an exception goes to `message`.
template <typename Work>
auto guarded(Message& message, Work&& work) noexcept -> std::optional<std::decay_t<decltype(work().value())>> {
  try {
    auto result = work();
    if (result) return std::move(result).value();
    message.set(result.error());
  } catch (...) {
    message.set("out of memory");
  }
  return std::nullopt;
}

/// An object whose one member of substance is a C++ object it owns.
template <typename Core>
struct Wrapped {
  Core* core;
  zend_object std;  // must be last

  static Wrapped* of(zend_object* object) {
    return reinterpret_cast<Wrapped*>(reinterpret_cast<char*>(object) - offsetof(Wrapped, std));
  }
  static Wrapped* of(zval* value) { return of(Z_OBJ_P(value)); }
  /// The object's core; nullptr, with an exception of `type` thrown, where a subclass did not call the constructor.
  static Core* constructed(zval* self, zend_class_entry* type) {
    Core* const core = of(self)->core;
    if (core == nullptr) throw_error(type, "the constructor was not called");
    return core;
  }

  static zend_object* create(zend_class_entry* type) {
    auto* object = static_cast<Wrapped*>(zend_object_alloc(sizeof(Wrapped), type));
    object->core = nullptr;
    zend_object_std_init(&object->std, type);
    object_properties_init(&object->std, type);
    object->std.handlers = &handlers;
    return &object->std;
  }
  static void free(zend_object* object) {
    delete of(object)->core;
    zend_object_std_dtor(object);
  }
  /// Takes over `core`; a constructor called twice replaces the first.
  void own(Core* made) {
    delete core;
    core = made;
  }
  static void set_up(zend_class_entry* type) {
    type->create_object = create;
    handlers = *zend_get_std_object_handlers();
    handlers.offset = offsetof(Wrapped, std);
    handlers.free_obj = free;
    handlers.clone_obj = nullptr;
  }

  static inline zend_object_handlers handlers;
};

}  // namespace logystera::extension
