// Logystera\Agent\Credentials. The secret is held by the C++ object alone: it is no property, so var_dump, print_r,
// debug_zval_refcount, reflection, casts and serialisation find nothing.
extern "C" {
#include "php.h"
}

#include "extension/credentials_class.hpp"
#include "extension/guarded.hpp"
#include "extension/heap_value.hpp"

namespace logystera::extension {

zend_class_entry* credentials_class;

namespace {

using CredentialsObject = Wrapped<agent::Credentials>;

const agent::Credentials* checked(zval* self) { return CredentialsObject::constructed(self, invalid_option_class); }

}  // namespace

void set_up_credentials_class(zend_class_entry* type) {
  credentials_class = type;
  CredentialsObject::set_up(type);
}

const agent::Credentials* credentials_of(zval* object) { return CredentialsObject::of(object)->core; }

}  // namespace logystera::extension

using namespace logystera::extension;
using logystera::agent::Credentials;

ZEND_METHOD(Logystera_Agent_Credentials, __construct) {
  zend_string *url, *token, *secret;
  ZEND_PARSE_PARAMETERS_START(3, 3)
  Z_PARAM_STR(url)
  Z_PARAM_STR(token)
  Z_PARAM_STR(secret)
  ZEND_PARSE_PARAMETERS_END();
  Message message;
  {
    auto made = guarded(message, [&] { return Credentials::make(view(url), view(token), view(secret)); });
    if (made) CredentialsObject::of(ZEND_THIS)->own(new (std::nothrow) Credentials(std::move(*made)));
  }
  if (!message.empty()) throw_error(invalid_option_class, message.text());
}

ZEND_METHOD(Logystera_Agent_Credentials, seal) {
  zend_string* key;
  ZEND_PARSE_PARAMETERS_START(1, 1)
  Z_PARAM_STR(key)
  ZEND_PARSE_PARAMETERS_END();
  const Credentials* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  Message message;
  const auto* sealed = make_heap_value(message, [&] { return core->seal(view(key)); });
  if (sealed == nullptr || !sealed->value) {
    throw_refusal(invalid_option_class, message, sealed);
    return;
  }
  RETVAL_STRINGL(sealed->value->data(), sealed->value->size());
  release_heap_values();
}

ZEND_METHOD(Logystera_Agent_Credentials, unseal) {
  zend_string *sealed, *key;
  ZEND_PARSE_PARAMETERS_START(2, 2)
  Z_PARAM_STR(sealed)
  Z_PARAM_STR(key)
  ZEND_PARSE_PARAMETERS_END();
  Message message;
  // PHP's object comes first: nothing is opened when there is no memory for it.
  object_init_ex(return_value, credentials_class);
  {
    auto opened = guarded(message, [&] { return Credentials::unseal(view(sealed), view(key)); });
    if (opened) CredentialsObject::of(return_value)->own(new (std::nothrow) Credentials(std::move(*opened)));
  }
  if (CredentialsObject::of(return_value)->core != nullptr) return;
  zval_ptr_dtor(return_value);
  ZVAL_NULL(return_value);
  throw_error(invalid_option_class, message.text());
}

ZEND_METHOD(Logystera_Agent_Credentials, gatewayUrl) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Credentials* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  RETURN_STRINGL(core->gateway_url().data(), core->gateway_url().size());
}

ZEND_METHOD(Logystera_Agent_Credentials, entityToken) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Credentials* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  RETURN_STRINGL(core->entity_token().data(), core->entity_token().size());
}

ZEND_METHOD(Logystera_Agent_Credentials, fingerprint) {
  ZEND_PARSE_PARAMETERS_NONE();
  const Credentials* core = checked(ZEND_THIS);
  if (core == nullptr) return;
  Message message;
  const auto* print = make_heap_value(message, [&] { return core->fingerprint(); });
  if (print == nullptr) {
    throw_error(invalid_option_class, message.text());
    return;
  }
  RETVAL_STRINGL(print->value.data(), print->value.size());
  release_heap_values();
}
