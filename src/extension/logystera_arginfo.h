/* This is a generated file, edit the .stub.php file instead.
 * Stub hash: 917b01806e9a50be6f1b5fcb9475e065a377a4c0 */

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Logystera_Agent_Recorder___construct, 0, 0, 1)
	ZEND_ARG_TYPE_INFO(0, bufferDir, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Recorder_wants, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, type, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Recorder_record, 0, 1, _IS_BOOL, 0)
	ZEND_ARG_TYPE_INFO(0, type, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, labels, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Recorder_hashId, 0, 1, IS_STRING, 0)
	ZEND_ARG_TYPE_MASK(0, id, MAY_BE_STRING|MAY_BE_LONG, NULL)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Recorder_commit, 0, 0, IS_LONG, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Recorder_stats, 0, 0, IS_ARRAY, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Logystera_Agent_Recorder_signals arginfo_class_Logystera_Agent_Recorder_stats

#define arginfo_class_Logystera_Agent_Buffer___construct arginfo_class_Logystera_Agent_Recorder___construct

#define arginfo_class_Logystera_Agent_Buffer_stats arginfo_class_Logystera_Agent_Recorder_stats

#define arginfo_class_Logystera_Agent_Buffer_files arginfo_class_Logystera_Agent_Recorder_stats

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Buffer_events, 0, 0, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, filter, IS_ARRAY, 0, "[]")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, offset, IS_LONG, 0, "0")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 0, "50")
ZEND_END_ARG_INFO()

#define arginfo_class_Logystera_Agent_Buffer_clear arginfo_class_Logystera_Agent_Recorder_commit

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Logystera_Agent_Credentials___construct, 0, 0, 3)
	ZEND_ARG_TYPE_INFO(0, gatewayUrl, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, entityToken, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, entitySecret, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Credentials_seal, 0, 1, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Logystera_Agent_Credentials_unseal, 0, 2, Logystera\\Agent\\Credentials, 0)
	ZEND_ARG_TYPE_INFO(0, sealed, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Credentials_gatewayUrl, 0, 0, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Logystera_Agent_Credentials_entityToken arginfo_class_Logystera_Agent_Credentials_gatewayUrl

#define arginfo_class_Logystera_Agent_Credentials_fingerprint arginfo_class_Logystera_Agent_Credentials_gatewayUrl

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Logystera_Agent_Secret___construct, 0, 0, 1)
	ZEND_ARG_TYPE_INFO(0, value, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Secret_seal, 0, 2, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, purpose, IS_STRING, 0)
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_OBJ_INFO_EX(arginfo_class_Logystera_Agent_Secret_unseal, 0, 3, Logystera\\Agent\\Secret, 0)
	ZEND_ARG_TYPE_INFO(0, sealed, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, key, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO(0, purpose, IS_STRING, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Logystera_Agent_Secret_reveal arginfo_class_Logystera_Agent_Credentials_gatewayUrl

ZEND_BEGIN_ARG_INFO_EX(arginfo_class_Logystera_Agent_Dispatcher___construct, 0, 0, 2)
	ZEND_ARG_TYPE_INFO(0, bufferDir, IS_STRING, 0)
	ZEND_ARG_OBJ_INFO(0, credentials, Logystera\\Agent\\Credentials, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, options, IS_ARRAY, 0, "[]")
ZEND_END_ARG_INFO()

#define arginfo_class_Logystera_Agent_Dispatcher_flush arginfo_class_Logystera_Agent_Recorder_stats

#define arginfo_class_Logystera_Agent_Dispatcher_state arginfo_class_Logystera_Agent_Recorder_stats

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Dispatcher_history, 0, 0, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, limit, IS_LONG, 0, "50")
ZEND_END_ARG_INFO()

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Dispatcher_resume, 0, 0, IS_VOID, 0)
ZEND_END_ARG_INFO()

#define arginfo_class_Logystera_Agent_Dispatcher_ping arginfo_class_Logystera_Agent_Recorder_stats

#define arginfo_class_Logystera_Agent_Dispatcher_disconnect arginfo_class_Logystera_Agent_Recorder_stats

ZEND_BEGIN_ARG_WITH_RETURN_TYPE_INFO_EX(arginfo_class_Logystera_Agent_Dispatcher_support, 0, 1, IS_ARRAY, 0)
	ZEND_ARG_TYPE_INFO(0, message, IS_STRING, 0)
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, email, IS_STRING, 1, "null")
	ZEND_ARG_TYPE_INFO_WITH_DEFAULT_VALUE(0, diagnosticsJson, IS_STRING, 1, "null")
ZEND_END_ARG_INFO()


ZEND_METHOD(Logystera_Agent_Recorder, __construct);
ZEND_METHOD(Logystera_Agent_Recorder, wants);
ZEND_METHOD(Logystera_Agent_Recorder, record);
ZEND_METHOD(Logystera_Agent_Recorder, hashId);
ZEND_METHOD(Logystera_Agent_Recorder, commit);
ZEND_METHOD(Logystera_Agent_Recorder, stats);
ZEND_METHOD(Logystera_Agent_Recorder, signals);
ZEND_METHOD(Logystera_Agent_Buffer, __construct);
ZEND_METHOD(Logystera_Agent_Buffer, stats);
ZEND_METHOD(Logystera_Agent_Buffer, files);
ZEND_METHOD(Logystera_Agent_Buffer, events);
ZEND_METHOD(Logystera_Agent_Buffer, clear);
ZEND_METHOD(Logystera_Agent_Credentials, __construct);
ZEND_METHOD(Logystera_Agent_Credentials, seal);
ZEND_METHOD(Logystera_Agent_Credentials, unseal);
ZEND_METHOD(Logystera_Agent_Credentials, gatewayUrl);
ZEND_METHOD(Logystera_Agent_Credentials, entityToken);
ZEND_METHOD(Logystera_Agent_Credentials, fingerprint);
ZEND_METHOD(Logystera_Agent_Secret, __construct);
ZEND_METHOD(Logystera_Agent_Secret, seal);
ZEND_METHOD(Logystera_Agent_Secret, unseal);
ZEND_METHOD(Logystera_Agent_Secret, reveal);
ZEND_METHOD(Logystera_Agent_Dispatcher, __construct);
ZEND_METHOD(Logystera_Agent_Dispatcher, flush);
ZEND_METHOD(Logystera_Agent_Dispatcher, state);
ZEND_METHOD(Logystera_Agent_Dispatcher, history);
ZEND_METHOD(Logystera_Agent_Dispatcher, resume);
ZEND_METHOD(Logystera_Agent_Dispatcher, ping);
ZEND_METHOD(Logystera_Agent_Dispatcher, disconnect);
ZEND_METHOD(Logystera_Agent_Dispatcher, support);


static const zend_function_entry class_Logystera_Agent_Recorder_methods[] = {
	ZEND_ME(Logystera_Agent_Recorder, __construct, arginfo_class_Logystera_Agent_Recorder___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Recorder, wants, arginfo_class_Logystera_Agent_Recorder_wants, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Recorder, record, arginfo_class_Logystera_Agent_Recorder_record, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Recorder, hashId, arginfo_class_Logystera_Agent_Recorder_hashId, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Recorder, commit, arginfo_class_Logystera_Agent_Recorder_commit, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Recorder, stats, arginfo_class_Logystera_Agent_Recorder_stats, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Recorder, signals, arginfo_class_Logystera_Agent_Recorder_signals, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Buffer_methods[] = {
	ZEND_ME(Logystera_Agent_Buffer, __construct, arginfo_class_Logystera_Agent_Buffer___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Buffer, stats, arginfo_class_Logystera_Agent_Buffer_stats, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Buffer, files, arginfo_class_Logystera_Agent_Buffer_files, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Buffer, events, arginfo_class_Logystera_Agent_Buffer_events, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Buffer, clear, arginfo_class_Logystera_Agent_Buffer_clear, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Credentials_methods[] = {
	ZEND_ME(Logystera_Agent_Credentials, __construct, arginfo_class_Logystera_Agent_Credentials___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Credentials, seal, arginfo_class_Logystera_Agent_Credentials_seal, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Credentials, unseal, arginfo_class_Logystera_Agent_Credentials_unseal, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Logystera_Agent_Credentials, gatewayUrl, arginfo_class_Logystera_Agent_Credentials_gatewayUrl, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Credentials, entityToken, arginfo_class_Logystera_Agent_Credentials_entityToken, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Credentials, fingerprint, arginfo_class_Logystera_Agent_Credentials_fingerprint, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Secret_methods[] = {
	ZEND_ME(Logystera_Agent_Secret, __construct, arginfo_class_Logystera_Agent_Secret___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Secret, seal, arginfo_class_Logystera_Agent_Secret_seal, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Secret, unseal, arginfo_class_Logystera_Agent_Secret_unseal, ZEND_ACC_PUBLIC|ZEND_ACC_STATIC)
	ZEND_ME(Logystera_Agent_Secret, reveal, arginfo_class_Logystera_Agent_Secret_reveal, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Dispatcher_methods[] = {
	ZEND_ME(Logystera_Agent_Dispatcher, __construct, arginfo_class_Logystera_Agent_Dispatcher___construct, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, flush, arginfo_class_Logystera_Agent_Dispatcher_flush, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, state, arginfo_class_Logystera_Agent_Dispatcher_state, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, history, arginfo_class_Logystera_Agent_Dispatcher_history, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, resume, arginfo_class_Logystera_Agent_Dispatcher_resume, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, ping, arginfo_class_Logystera_Agent_Dispatcher_ping, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, disconnect, arginfo_class_Logystera_Agent_Dispatcher_disconnect, ZEND_ACC_PUBLIC)
	ZEND_ME(Logystera_Agent_Dispatcher, support, arginfo_class_Logystera_Agent_Dispatcher_support, ZEND_ACC_PUBLIC)
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Exception_AgentException_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Exception_InvalidOption_methods[] = {
	ZEND_FE_END
};


static const zend_function_entry class_Logystera_Agent_Exception_BufferUnavailable_methods[] = {
	ZEND_FE_END
};

static zend_class_entry *register_class_Logystera_Agent_Recorder(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent", "Recorder", class_Logystera_Agent_Recorder_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 1, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Buffer(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent", "Buffer", class_Logystera_Agent_Buffer_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Credentials(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent", "Credentials", class_Logystera_Agent_Credentials_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 2, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "seal", sizeof("seal") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "unseal", sizeof("unseal") - 1), 1, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Secret(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent", "Secret", class_Logystera_Agent_Secret_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "seal", sizeof("seal") - 1), 0, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "unseal", sizeof("unseal") - 1), 1, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Dispatcher(void)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent", "Dispatcher", class_Logystera_Agent_Dispatcher_methods);
	class_entry = zend_register_internal_class_ex(&ce, NULL);
	class_entry->ce_flags |= ZEND_ACC_FINAL|ZEND_ACC_NO_DYNAMIC_PROPERTIES|ZEND_ACC_NOT_SERIALIZABLE;


	zend_add_parameter_attribute(zend_hash_str_find_ptr(&class_entry->function_table, "__construct", sizeof("__construct") - 1), 2, ZSTR_KNOWN(ZEND_STR_SENSITIVEPARAMETER), 0);

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Exception_AgentException(zend_class_entry *class_entry_RuntimeException)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent\\Exception", "AgentException", class_Logystera_Agent_Exception_AgentException_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_RuntimeException);

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Exception_InvalidOption(zend_class_entry *class_entry_Logystera_Agent_Exception_AgentException)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent\\Exception", "InvalidOption", class_Logystera_Agent_Exception_InvalidOption_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Logystera_Agent_Exception_AgentException);

	return class_entry;
}

static zend_class_entry *register_class_Logystera_Agent_Exception_BufferUnavailable(zend_class_entry *class_entry_Logystera_Agent_Exception_AgentException)
{
	zend_class_entry ce, *class_entry;

	INIT_NS_CLASS_ENTRY(ce, "Logystera\\Agent\\Exception", "BufferUnavailable", class_Logystera_Agent_Exception_BufferUnavailable_methods);
	class_entry = zend_register_internal_class_ex(&ce, class_entry_Logystera_Agent_Exception_AgentException);

	return class_entry;
}
