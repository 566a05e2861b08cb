// What the Dispatcher class needs of the Secret class.
#pragma once

#include "agent/credentials.hpp"
#include "extension/module.hpp"

namespace logystera::extension {

extern zend_class_entry* secret_class;

/// The secret in a Secret object, or nullptr when its constructor did not succeed.
const agent::Secret* secret_of(zval* object);

}  // namespace logystera::extension
