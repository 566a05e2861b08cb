// The module: settings, life cycle, phpinfo. A request that records nothing costs one comparison here.
#include "extension/module.hpp"

extern "C" {
#include "SAPI.h"
#include "ext/spl/spl_exceptions.h"
#include "ext/standard/info.h"
#include "php_ini.h"
#include "zend_attributes.h"
#include "zend_exceptions.h"
}

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "extension/heap_value.hpp"
#include "extension/native.hpp"
#include "php_logystera.h"

#if PHP_VERSION_ID < 80200
#define zend_add_parameter_attribute(...) ((void)0)
#define ZEND_ACC_NO_DYNAMIC_PROPERTIES 0
#endif
// The generated registration is C: it relies on void* converting by itself, here always to a method.
#define zend_hash_str_find_ptr(...) static_cast<zend_function*>(zend_hash_str_find_ptr(__VA_ARGS__))
#include "extension/logystera_arginfo.h"
#undef zend_hash_str_find_ptr

ZEND_DECLARE_MODULE_GLOBALS(logystera)

#if defined(ZTS) && defined(COMPILE_DL_LOGYSTERA)
ZEND_TSRMLS_CACHE_DEFINE()
#endif

namespace logystera::extension {

zend_class_entry* invalid_option_class;
zend_class_entry* buffer_unavailable_class;

State* state() noexcept {
  State*& process = LOGYSTERA_G(state);
  if (process == nullptr) process = new (std::nothrow) State;
  return process;
}

std::uint32_t configured_max_events() noexcept { return static_cast<std::uint32_t>(LOGYSTERA_G(max_events)); }

namespace {

bool is_command_line() noexcept {
  return std::strcmp(sapi_module.name, "cli") == 0 || std::strcmp(sapi_module.name, "phpdbg") == 0;
}

}  // namespace

bool commit_ends_request() noexcept { return std::strcmp(sapi_module.name, "frankenphp") == 0; }

std::uint32_t allowance_seconds() noexcept {
  return is_command_line() || commit_ends_request() ? limits::kAllowanceSeconds : 0;
}

bool warns() noexcept {
  const auto warn = static_cast<Warn>(LOGYSTERA_G(warn));
  return warn == Warn::on || (warn == Warn::by_sapi && is_command_line());
}

const char* why_no_request() noexcept {
  // opcache.preload runs a script in the master process, often as root, before there is any request.
  return (CG(compiler_options) & ZEND_COMPILE_PRELOAD) != 0 ? "the preload script is no request" : nullptr;
}

const char* why_off() noexcept { return LOGYSTERA_G(enabled) ? why_no_request() : "logystera.enabled is off"; }

agent::BufferOptions ini_buffer_options() noexcept {
  agent::BufferOptions options;
  options.sync_commits = std::strcmp(LOGYSTERA_G(durability), "critical") == 0;
  options.allow_network_fs = LOGYSTERA_G(allow_network_fs);
  return options;
}

std::string_view directory_or_ini(std::string_view directory) noexcept {
  const char* ini = LOGYSTERA_G(buffer_dir);
  return directory.empty() && ini != nullptr ? std::string_view(ini) : directory;
}

void throw_error(zend_class_entry* type, const char* message) { zend_throw_exception(type, message, 0); }

void throw_message(const Message& message) {
  throw_error(message.kind() == ErrorKind::invalid ? invalid_option_class : buffer_unavailable_class, message.text());
}

void Message::set(std::string_view text, ErrorKind kind) noexcept {
  kind_ = kind;
  const std::size_t size = text.size() < sizeof text_ - 1 ? text.size() : sizeof text_ - 1;
  // PHP takes the message as a C string: a NUL out of a wrong path must not cut it short.
  std::replace_copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(size), text_, '\0', '?');
  text_[size] = '\0';
}

namespace {

// Lower values than 1 and higher than 200 become the nearest bound: the documented cap cannot be raised (seed 002).
ZEND_INI_MH(update_max_events) {
  zend_long value = ZEND_STRTOL(ZSTR_VAL(new_value), nullptr, 10);
  if (value < 1) value = 1;
  if (value > limits::kEventsPerRequest) value = limits::kEventsPerRequest;
  LOGYSTERA_G(max_events) = value;
  return SUCCESS;
}

ZEND_INI_MH(update_durability) {
  const std::string_view value = view(new_value);
  if (value != "default" && value != "critical") return FAILURE;
  return OnUpdateString(entry, new_value, mh_arg1, mh_arg2, mh_arg3, stage);
}

ZEND_INI_MH(update_warn) {
  const std::string_view value = view(new_value);
  const Warn warn = value == "auto" ? Warn::by_sapi : zend_ini_parse_bool(new_value) ? Warn::on : Warn::off;
  LOGYSTERA_G(warn) = static_cast<zend_uchar>(warn);
  return SUCCESS;
}

// What a Recorder without options would find in the configured directory, for phpinfo.
void describe_directory(Message& message) {
  const std::string_view directory = directory_or_ini("");
  if (directory.empty()) return message.set("none (each application names its own)");
  // Looking must not make it: phpinfo() as root would leave a directory the pool's user cannot write.
  if (::access(std::string(directory).c_str(), F_OK) != 0 && errno == ENOENT) return message.set("not made yet");
  agent::BufferOptions options = ini_buffer_options();
  struct stat st;
  options.share_group =
      ::stat(std::string(directory).c_str(), &st) == 0 && (st.st_mode & S_IWGRP) != 0;  // as an application set it up
  Result<agent::Buffer> opened = agent::Buffer::open(std::string(directory), options);
  if (!opened) return message.set("unusable: " + opened.error().message);
  const Result<agent::BufferStats> stats = opened->stats();
  if (!stats) return message.set("unusable: " + stats.error().message);
  message.set("usable, " + std::to_string(stats->bytes) + " of " + std::to_string(stats->cap_bytes) + " bytes in " +
              std::to_string(stats->files) + " files");
}

void describe_sites(Message& message) {
  const State* process = LOGYSTERA_G(state);
  std::string text;
  if (process != nullptr) {
    for (const auto& site : process->sites()) text += (text.empty() ? "" : ", ") + site->buffer.directory();
  }
  message.set(text.empty() ? "none yet in this process" : text);
}

}  // namespace
}  // namespace logystera::extension

using namespace logystera::extension;

PHP_INI_BEGIN()
STD_PHP_INI_BOOLEAN("logystera.enabled", "1", PHP_INI_PERDIR, OnUpdateBool, enabled, zend_logystera_globals,
                    logystera_globals)
STD_PHP_INI_ENTRY("logystera.buffer_dir", "", PHP_INI_PERDIR, OnUpdateString, buffer_dir, zend_logystera_globals,
                  logystera_globals)
PHP_INI_ENTRY("logystera.max_events_per_request", "200", PHP_INI_PERDIR, update_max_events)
STD_PHP_INI_ENTRY("logystera.durability", "default", PHP_INI_PERDIR, update_durability, durability, zend_logystera_globals,
                  logystera_globals)
STD_PHP_INI_BOOLEAN("logystera.allow_network_fs", "0", PHP_INI_SYSTEM, OnUpdateBool, allow_network_fs,
                    zend_logystera_globals, logystera_globals)
PHP_INI_ENTRY("logystera.warn", "auto", PHP_INI_PERDIR, update_warn)
PHP_INI_END()

static PHP_GINIT_FUNCTION(logystera) {
#if defined(COMPILE_DL_LOGYSTERA) && defined(ZTS)
  ZEND_TSRMLS_CACHE_UPDATE();
#endif
  std::memset(logystera_globals, 0, sizeof *logystera_globals);
}

static PHP_GSHUTDOWN_FUNCTION(logystera) {
  if (logystera_globals->state != nullptr) logystera_globals->state->settle();
  delete logystera_globals->state;
  logystera_globals->state = nullptr;
}

static PHP_MINIT_FUNCTION(logystera) {
  REGISTER_INI_ENTRIES();
  zend_class_entry* agent = register_class_Logystera_Agent_Exception_AgentException(spl_ce_RuntimeException);
  invalid_option_class = register_class_Logystera_Agent_Exception_InvalidOption(agent);
  buffer_unavailable_class = register_class_Logystera_Agent_Exception_BufferUnavailable(agent);
  set_up_recorder_class(register_class_Logystera_Agent_Recorder());
  set_up_buffer_class(register_class_Logystera_Agent_Buffer());
  set_up_credentials_class(register_class_Logystera_Agent_Credentials());
  set_up_secret_class(register_class_Logystera_Agent_Secret());
  set_up_dispatcher_class(register_class_Logystera_Agent_Dispatcher());
  watch_fatal_errors();
  watch_databases();
  return SUCCESS;
}

static PHP_MSHUTDOWN_FUNCTION(logystera) {
  UNREGISTER_INI_ENTRIES();
  return SUCCESS;
}

static PHP_RINIT_FUNCTION(logystera) {
#if defined(COMPILE_DL_LOGYSTERA) && defined(ZTS)
  ZEND_TSRMLS_CACHE_UPDATE();
#endif
  LOGYSTERA_G(noted_error) = nullptr;
  return SUCCESS;
}

// Runs after shutdown functions, destructors and output, also after exit, a fatal error, a timeout or exhausted memory. Nothing
// here allocates from PHP or can bail out, so it needs neither zend_try nor a lifted memory limit.
static PHP_RSHUTDOWN_FUNCTION(logystera) {
  record_deferred_fatal_error();
  State* process = LOGYSTERA_G(state);
  if (process != nullptr && !process->idle()) process->commit_all();
  return SUCCESS;
}

// Other modules' RSHUTDOWN may still run PHP code (session handlers): it records under the same caps, and that goes now.
static ZEND_MODULE_POST_ZEND_DEACTIVATE_D(logystera) {
  release_heap_values();
  State* process = LOGYSTERA_G(state);
  if (process == nullptr) return SUCCESS;
  if (!process->idle()) process->end_request();
  process->forget_request();
  return SUCCESS;
}

static PHP_MINFO_FUNCTION(logystera) {
  char number[32];
  Message message;
  php_info_print_table_start();
  php_info_print_table_row(2, "Logystera audit agent", LOGYSTERA_VERSION);
  php_info_print_table_row(2, "Recording", why_off() == nullptr ? "on" : "off");
  if (why_off() != nullptr) php_info_print_table_row(2, "Why it is off", why_off());
  std::snprintf(number, sizeof number, "%zu", logystera::catalogue::all().size());
  php_info_print_table_row(2, "Signal types", number);
  std::snprintf(number, sizeof number, "%u", configured_max_events());
  php_info_print_table_row(2, "Events per request, effective", number);
  describe_directory(message);
  php_info_print_table_row(2, "Default buffer directory", message.text());
  describe_sites(message);
  php_info_print_table_row(2, "Buffers this process has recorded for", message.text());
  php_info_print_table_row(2, "Notice of unknown types and labels", warns() ? "on" : "off");
  php_info_print_table_row(2, "Keys and secrets", "never shown");
  php_info_print_table_row(2, "libcurl", curl_version_info(CURLVERSION_NOW)->version);
  php_info_print_table_row(2, "OpenSSL", OpenSSL_version(OPENSSL_VERSION));
  php_info_print_table_end();
  DISPLAY_INI_ENTRIES();
}

// PDO and its drivers come first: their methods are watched.
static const zend_module_dep logystera_deps[] = {ZEND_MOD_OPTIONAL("pdo") ZEND_MOD_OPTIONAL("pdo_mysql") ZEND_MOD_OPTIONAL(
    "pdo_pgsql") ZEND_MOD_OPTIONAL("pdo_sqlite") ZEND_MOD_END};

zend_module_entry logystera_module_entry = {
    STANDARD_MODULE_HEADER_EX,
    nullptr,
    logystera_deps,
    "logystera",
    nullptr,
    PHP_MINIT(logystera),
    PHP_MSHUTDOWN(logystera),
    PHP_RINIT(logystera),
    PHP_RSHUTDOWN(logystera),
    PHP_MINFO(logystera),
    LOGYSTERA_VERSION,
    PHP_MODULE_GLOBALS(logystera),
    PHP_GINIT(logystera),
    PHP_GSHUTDOWN(logystera),
    ZEND_MODULE_POST_ZEND_DEACTIVATE_N(logystera),
    STANDARD_MODULE_PROPERTIES_EX,
};

#ifdef COMPILE_DL_LOGYSTERA
extern "C" {
ZEND_GET_MODULE(logystera)
}
#endif
