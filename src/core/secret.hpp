// Secrets a program is given: by an environment variable, or by a file only its user can read. Never by an argument, which
// every user of the machine can see in the list of processes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera {

inline constexpr const char* kSaltVariable = "LOGYSTERA_PII_SALT";
inline constexpr const char* kWebhookVariable = "LOGYSTERA_WEBHOOK_URL";
inline constexpr const char* kWebhookSecretVariable = "LOGYSTERA_WEBHOOK_SECRET";
inline constexpr const char* kTokenVariable = "LOGYSTERA_ENTITY_TOKEN";
inline constexpr const char* kEntitySecretVariable = "LOGYSTERA_ENTITY_SECRET";
inline constexpr const char* kApiTokenVariable = "LOGYSTERA_API_TOKEN";
inline constexpr const char* kLlmKeyVariable = "LLM_API_KEY";
inline constexpr const char* kLokiTokenVariable = "LOKI_TOKEN";
inline constexpr const char* kLokiPasswordVariable = "LOKI_PASSWORD";
inline constexpr const char* kGraylogTokenVariable = "GRAYLOG_TOKEN";
inline constexpr const char* kGraylogPasswordVariable = "GRAYLOG_PASSWORD";
inline constexpr const char* kOpensearchPasswordVariable = "OPENSEARCH_PASSWORD";
inline constexpr const char* kOpensearchKeyVariable = "OPENSEARCH_API_KEY";
inline constexpr const char* kProxyVariable = "LOGYSTERA_PROXY";  // may hold a password

/// Moves the variables above out of the environment: their bytes there are overwritten, so that neither a child process nor
/// /proc/PID/environ has them; secret_variable() goes on knowing them. Call it once, before there is a second thread.
void take_secret_variables();

/// Puts them back, for a program that is run in this one's place.
void return_secret_variables();

/// What the environment says under `name`, or said when take_secret_variables() was called. Empty: nothing.
std::string secret_variable(const char* name);

/// What a file with a secret must be like, and what messages call it.
struct SecretFile {
  std::string noun;            // "webhook file"; messages are "NOUN PATH: what is wrong"
  std::string after_exposure;  // what to do about a secret others could read: "rotate the secret"
  std::size_t bytes_max = 4096;
  bool own = false;         // demand that it belongs to this process's user, and is no symbolic link
  bool first_line = false;  // the rest is not read; nor counted
};

/// The content of the file, without line ends at its end. It must be a regular file whose mode lets nobody but its owner at
/// it; one in $CREDENTIALS_DIRECTORY, where systemd puts a service's, may show a group's right to read. Refused when it is
/// longer than `bytes_max`.
Result<std::string> read_secret_file(const std::string& path, const SecretFile& wanted);

/// `text` with all that may be secret in the URLs in it overwritten by '*': user and password before the host, and path,
/// query and fragment behind it. As long as before. The example `USER:PASSWORD@` of a remedy stays.
std::string without_url_secrets(std::string_view text);

}  // namespace logystera
