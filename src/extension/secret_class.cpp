// Logystera\Agent\Secret. Like that of Credentials, the value is held by the C++ object alone.
extern "C" {
#include "php.h"
}

#include "agent/seal.hpp"
#include "extension/guarded.hpp"
#include "extension/heap_value.hpp"
#include "extension/secret_class.hpp"

namespace logystera::extension {

zend_class_entry* secret_class;

namespace {

using SecretObject = Wrapped<agent::Secret>;

const agent::Secret* checked(zval* self) { return SecretObject::constructed(self, invalid_option_class); }

}  // namespace

void set_up_secret_class(zend_class_entry* type) {
  secret_class = type;
  SecretObject::set_up(type);
}

const agent::Secret* secret_of(zval* object) { return SecretObject::of(object)->core; }

}  // namespace logystera::extension

using namespace logystera::extension;
using logystera::agent::Secret;

ZEND_METHOD(Logystera_Agent_Secret, __construct) {
  zend_string* value;
  ZEND_PARSE_PARAMETERS_START(1, 1)
  Z_PARAM_STR(value)
  ZEND_PARSE_PARAMETERS_END();
  Message message;
  {
    auto made = guarded(message, [&] { return logystera::agent::make_secret(view(value)); });
    if (made) SecretObject::of(ZEND_THIS)->own(new (std::nothrow) Secret(std::move(*made)));
  }
  if (!message.empty()) throw_error(invalid_option_class, message.text());
}

ZEND_METHOD(Logystera_Agent_Secret, seal) {
  zend_string *key, *purpose;
  ZEND_PARSE_PARAMETERS_START(2, 2)
  Z_PARAM_STR(key)
  Z_PARAM_STR(purpose)
  ZEND_PARSE_PARAMETERS_END();
  const Secret* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  Message message;
  const auto* sealed =
      make_heap_value(message, [&] { return logystera::agent::seal_secret(*core, view(key), view(purpose)); });
  if (sealed == nullptr || !sealed->value) {
    throw_refusal(invalid_option_class, message, sealed);
    return;
  }
  RETVAL_STRINGL(sealed->value->data(), sealed->value->size());
  release_heap_values();
}

ZEND_METHOD(Logystera_Agent_Secret, unseal) {
  zend_string *sealed, *key, *purpose;
  ZEND_PARSE_PARAMETERS_START(3, 3)
  Z_PARAM_STR(sealed)
  Z_PARAM_STR(key)
  Z_PARAM_STR(purpose)
  ZEND_PARSE_PARAMETERS_END();
  Message message;
  // PHP's object comes first: nothing is opened when there is no memory for it.
  object_init_ex(return_value, secret_class);
  {
    auto opened = guarded(message, [&] { return logystera::agent::unseal_secret(view(sealed), view(key), view(purpose)); });
    if (opened) SecretObject::of(return_value)->own(new (std::nothrow) Secret(std::move(*opened)));
  }
  if (SecretObject::of(return_value)->core != nullptr) return;
  zval_ptr_dtor(return_value);
  ZVAL_NULL(return_value);
  throw_error(invalid_option_class, message.text());
}

ZEND_METHOD(Logystera_Agent_Secret, reveal) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Secret* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  RETURN_STRINGL(core->view().data(), core->view().size());
}
