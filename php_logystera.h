/* The module as PHP sees it. Everything else of the extension is in src/extension. */
#ifndef PHP_LOGYSTERA_H
#define PHP_LOGYSTERA_H

extern zend_module_entry logystera_module_entry;
#define phpext_logystera_ptr &logystera_module_entry

#endif /* PHP_LOGYSTERA_H */
