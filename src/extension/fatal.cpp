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

void on_error(int type, FileName file, uint32_t line, zend_string* message) {
  if ((type & kFatal) == 0 || message == nullptr) return;
  Site* site = site_wanting(kType);
  if (site == nullptr) return;
  const std::string_view text = view(message);
  record_native(*site, kType, [&](agent::EventWriter& event) {
    put(event, "kind", kind_of_fatal(text));
    put(event, "file", relative_file(*site, name_view(file)));
    put(event, "line", static_cast<std::int64_t>(line));
    // "… in /srv/site/web/index.php:5": where a site lies is told no more than by `file`.
    LOGYSTERA_UNINITIALIZED BoundedText<kMessageBytesMax> message;
    relative_paths(message, text, site->root);
    put(event, "message", message.view());
  });
}

}  // namespace

void watch_fatal_errors() noexcept { zend_observer_error_register(on_error); }

}  // namespace logystera::extension
