// Where --resume keeps how far a source was read: with what is stored of it, in one transaction, or in a small file beside the salt.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/live_stream.hpp"
#include "core/result.hpp"
#include "source/record_source.hpp"

namespace logystera::cli {

class Positions {
 public:
  /// `target` is what it is kept under. `wanted`: --resume; otherwise nothing is kept, and what is stored is committed.
  Positions(Stream& stream, std::string target, bool wanted);
  ~Positions();

  /// A database that has none for this source leaves it to the file: the runs before may have stored nothing. An error of kind
  /// not_found: there is nowhere to keep one.
  Result<std::optional<source::Position>> load();
  /// Commits what is stored as well.
  Result<Done> keep(source::Position position);

 private:
  class File;

  Stream& stream_;
  const std::string target_;
  const bool wanted_;
  std::unique_ptr<File> file_;  // null: nowhere, or not wanted
  std::string committed_;
};

}  // namespace logystera::cli
