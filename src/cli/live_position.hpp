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
  /// `target` is what it is kept under. `wanted`: --resume; otherwise nothing is kept, and what is stored is committed. `reset`:
  /// --reset-position; what was kept is not looked at, and replaced.
  Positions(Stream& stream, std::string target, bool wanted, bool reset);
  ~Positions();

  /// A database that has none for this source leaves it to the file: the runs before may have stored nothing. Errors: there is nowhere
  /// to keep one (not_found); it cannot be read, with the place and the remedy.
  Result<std::optional<source::Position>> load();
  /// The error of a position that was loaded and is none of its source's: `why` with the place and the remedy.
  Error unusable(const Error& why) const;
  /// Commits what is stored as well.
  Result<Done> keep(source::Position position);
  /// The source is gone: what was kept of it goes, and what is stored is committed.
  Result<Done> forget();

 private:
  class File;

  Stream& stream_;
  const std::string target_;
  const bool wanted_, reset_;
  bool stored_ = false;         // the loaded one stood in the database
  std::unique_ptr<File> file_;  // null: nowhere, or not wanted
  std::string committed_;
};

}  // namespace logystera::cli
