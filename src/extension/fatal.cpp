// php.fatal: what PHP says when it gives up. The observer runs before the script is torn down, also when memory or time is
// gone, so nothing here may allocate from PHP.
extern "C" {
#include "php.h"

#include "zend_observer.h"
}

#include "core/bounded_text.hpp"
#include "core/message.hpp"
#include "extension/native.hpp"

namespace logystera::extension {
namespace {

constexpr std::string_view kType = "php.fatal";
constexpr int kFatal = E_ERROR | E_CORE_ERROR | E_COMPILE_ERROR | E_PARSE;

bool starts_with(std::string_view text, std::string_view start) { return text.compare(0, start.size(), start) == 0; }

std::string_view kind_of_fatal(std::string_view message) {
  if (starts_with(message, "Allowed memory size of") || starts_with(message, "Out of memory")) return "memory";
  if (starts_with(message, "Maximum execution time of")) return "timeout";
  return "error";
}

#if PHP_VERSION_ID >= 80100
using FileName = zend_string*;
std::string_view name_view(zend_string* file) { return file != nullptr ? view(file) : std::string_view(); }
#else
using FileName = const char*;
std::string_view name_view(const char* file) { return file != nullptr ? std::string_view(file) : std::string_view(); }
#endif

// ext/soap raises E_ERROR for what it turns into an exception, and tells nobody which of them it does not. Errors of its
// constructors begin with the method's name.
bool may_become_exception(std::string_view message) {
  return starts_with(message, "SOAP-ERROR: ") || starts_with(message, "SoapClient::") ||
         starts_with(message, "SoapServer::");
}

void record_fatal_error(FileName file, std::int64_t line, zend_string* message) noexcept {
  Site* site = site_wanting(kType);
  if (site == nullptr) return;
  const std::string_view text = view(message);
  record_native(*site, kType, [&](agent::EventWriter& event) {
    put(event, "kind", kind_of_fatal(text));
    put(event, "file", relative_file(*site, name_view(file)));
    put(event, "line", line);
    // "… in /srv/site/web/index.php:5": where a site lies is told no more than by `file`.
    LOGYSTERA_UNINITIALIZED BoundedText<kMessageBytesMax> message;
    relative_paths(message, text, site->root);
    put(event, "message", message.view());
  });
}

void on_error(int type, FileName file, uint32_t line, zend_string* message) {
  // A warning of a shutdown function is about to take the place of the error that ended the script.
  record_deferred_fatal_error();
  if ((type & kFatal) == 0 || message == nullptr || may_become_exception(view(message))) return;
  record_fatal_error(file, static_cast<std::int64_t>(line), message);
}

}  // namespace

// PHP itself notes an error only when it was none that became an exception. The message of the next one exists before this
// one's is freed, so another text is at another place.
void record_deferred_fatal_error() noexcept {
  zend_string* message = PG(last_error_message);
  if (message == LOGYSTERA_G(noted_error)) return;
  LOGYSTERA_G(noted_error) = message;
  if (message == nullptr || (PG(last_error_type) & kFatal) == 0 || !may_become_exception(view(message))) return;
  record_fatal_error(PG(last_error_file), PG(last_error_lineno), message);
}

void watch_fatal_errors() noexcept { zend_observer_error_register(on_error); }

}  // namespace logystera::extension
