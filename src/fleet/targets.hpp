// targets.yaml: the sources somebody has, each with a name, a type, groups and what that type needs to be reached.
//
//   targets:
//     - name: web01
//       type: ssh
//       host: web01.example
//       path: /var/log/auth.log
//       groups: [web, prod]
//     - name: prod-loki
//       type: loki
//       url: https://loki.example
//       query: '{namespace="prod"}'
//       token: ${LOKI_TOKEN}
//
// ${NAME} stands for a variable of the environment, as a whole value or within one; $$ is a dollar sign. It is resolved in memory
// when the target is used, after the file has been read as YAML, so that no value can add to the file. What is printed, listed or
// shown in a browser is always what stands in the file, and never a secret that stands there itself.
//
// A key nobody knows is an error: a typo must not read another log than the one that was meant.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "yaml/yaml.hpp"

namespace logystera::fleet {

enum class Type : std::uint8_t { file, journald, docker, ssh, opensearch, loki, graylog };

/// What a key takes.
enum class Kind : std::uint8_t {
  text,    // one
  texts,   // one, or a list of them
  flag,    // true or false
  number,  // a whole number from 1 to 65,535
};

/// One key of a type, for reading, for the wizard and for a form.
struct Key {
  std::string_view name;
  Kind kind = Kind::text;
  bool required = false;
  bool secret = false;
  std::string_view about;    // "Host, or USER@HOST", a few words
  std::string_view example;  // of a value
};

std::string_view type_name(Type type) noexcept;
std::optional<Type> type_from(std::string_view name) noexcept;
std::span<const Type> types() noexcept;
/// In the order a person is asked for them. Valid for the life of the program.
std::span<const Key> keys_of(Type type) noexcept;

inline constexpr std::size_t kTargetsMost = 1'000;
inline constexpr std::size_t kFileBytesMost = 1024 * 1024;
inline constexpr std::size_t kNameBytesMost = 64;     // of a target or a group: A-Z a-z 0-9 . _ -
inline constexpr std::size_t kValueBytesMost = 4096;  // of a value, also when it is resolved
inline constexpr std::size_t kValuesMost = 64;        // of a key, and groups of a target

struct Target {
  std::string name;
  Type type = Type::file;
  std::vector<std::string> groups;
  bool enabled = true;
  std::string place;  // "targets.yaml:12:5", for messages
  /// Key and its values as they stand in the file; of a resolved target, what they stand for.
  std::vector<std::pair<std::string, std::vector<std::string>>> values;

  /// The first value of a key; empty: it has none.
  std::string text(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  bool flag(std::string_view key, bool otherwise = false) const;
  /// 0: it has none.
  unsigned number(std::string_view key) const;
};

struct Targets {
  std::vector<Target> all;            // in the order of the file
  std::vector<std::string> warnings;  // secrets that stand in the file itself
};

/// `name` is the file's, for messages: "NAME:LINE:COLUMN: what, and what to write". The first thing that is wrong.
Result<Targets> parse(std::string_view text, const std::string& name);
/// Reads the file. not_found: there is none, and the message says how to make it.
Result<Targets> load(const std::string& path);

/// A variable of the environment, also one of a log store that take_secret_variables() has taken; nothing: it is not set.
using Variables = std::function<std::optional<std::string>(std::string_view name)>;
/// Of this process.
std::optional<std::string> environment(std::string_view name);

/// The target with what its values stand for. A variable that is not set, or a value that is none of its kind then, names target and
/// key and never the value.
Result<Target> resolve(const Target& target, const Variables& variables);

/// For a person: where it is, in a few words ("web01.example:/var/log/auth.log"), as it stands in the file.
std::string describe(const Target& target);
/// A value as it may be shown: of a secret that stands in the file itself, "(in the file)".
std::string shown(const Key& key, const std::string& value);

/// Those of all that are enabled and wanted: by name or by group; neither is named: all. A name or group that no target has is an error
/// that lists those there are.
Result<std::vector<Target>> select(const Targets& targets, const std::vector<std::string>& names,
                                   const std::vector<std::string>& groups);

/// Whether it may be the name of a target or of a group.
bool is_name(std::string_view name) noexcept;
/// "fleet:web01:": what the sources of a target's records begin with, so that what is stored is found again by its target.
std::string source_prefix(std::string_view target);
/// The variable that is proposed for a secret: of "prod-loki" and its token PROD_LOKI_TOKEN.
std::string variable_for(std::string_view target, const Key& key);
/// Whether a person who wrote it down as a variable's name means one, and has not pasted the secret: capitals, digits and at least one
/// '_', at most 64 bytes, as variables are called; or the name of one that is set. Many a token is made of letters and digits alone.
bool is_usual_variable(std::string_view name);
/// Whether it is nothing but references, "${PROD_TOKEN}" or "${USER}${HOST}".
bool is_reference(std::string_view value) noexcept;

/// A target as text of targets.yaml, to stand behind those that are there. Values are quoted where YAML would read them as something
/// else.
std::string as_yaml(const Target& target);
/// Adds it to the file's text, which may be empty. The result is read again: what cannot be is an error, and so is a name that is taken.
Result<std::string> with(std::string_view text, const std::string& name, const Target& target);

/// The file's text; empty: there is no file.
Result<std::string> text_of(const std::string& path);
/// Adds it to the file, by rename; a new file is its owner's alone (0600), another keeps its mode. Who adds at the same time waits.
Result<Done> add_to(const std::string& path, const Target& target);

/// What is wrong with a target that a person has put together; nothing: it may be written. Secrets must be references.
std::optional<Error> wrong_with(const Target& target);

}  // namespace logystera::fleet
