// A secret that a command takes: from an option, if there is one for it, from a file, or from the environment. For every
// command the same order, the same checks and the same words.
#pragma once

#include <string>
#include <vector>

#include "cli/arguments.hpp"
#include "core/result.hpp"

namespace logystera::cli {

class SecretOption {
 public:
  struct Names {
    const char* option;          // "--alert-webhook"; empty: not to be given on the command line
    const char* file_option;     // "--alert-webhook-file"
    const char* variable;        // "LOGYSTERA_WEBHOOK_URL"
    const char* noun;            // "webhook": messages say "webhook file PATH: …"
    const char* after_exposure;  // what to do about one that others have seen: "have the receiver make another URL"
  };
  explicit SecretOption(Names names) : names_(names) {}

  /// Adds the options. `help` begins what --help says about them: "Post findings as JSON to this URL".
  void add(Command& command, const std::string& help);

  /// The secret, or an empty text if there is none: the option's or the first line of the file, of at most 4,096 bytes; else
  /// the environment's. Refused: both options, an empty file, and control characters. No message repeats it.
  Result<std::string> resolve() const;

 private:
  Names names_;
  std::string value_, file_;
};

/// The program's arguments, copied. What others see of them in the list of processes has its URLs' secrets, and what
/// follows --token, overwritten from then on; for the first milliseconds they could be read.
std::vector<std::string> take_arguments(int argc, char** argv);

}  // namespace logystera::cli
