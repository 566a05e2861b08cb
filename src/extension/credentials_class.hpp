// What the Dispatcher class needs of the Credentials class.
#pragma once

#include "agent/credentials.hpp"
#include "extension/module.hpp"

namespace logystera::extension {

extern zend_class_entry* credentials_class;

/// The credentials in a Credentials object, or nullptr when its constructor did not succeed.
const agent::Credentials* credentials_of(zval* object);

}  // namespace logystera::extension
