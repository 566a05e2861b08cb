// How far sources have been read, one text a source. A Transaction stores it together with what was found up to there, so that a
// run that is killed has neither a gap nor anything twice.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::store {

class PositionStore {
 public:
  virtual ~PositionStore() = default;

  static constexpr std::size_t kTextBytes = 16 * 1024 * 1024;  // of a position; a longer one is refused

  /// `target` names what is read ("file:/var/log/auth.log"); the text is the source's own.
  virtual Result<std::optional<std::string>> find(std::string_view target) = 0;
  /// When a position of a target whose name begins so was stored last, Unix time in seconds; none: there is none.
  virtual Result<std::optional<std::int64_t>> newest(std::string_view prefix) = 0;
  /// In the place of the one before. `now` is Unix time, seconds.
  virtual Result<Done> put(std::string_view target, std::string_view text, std::int64_t now) = 0;
  /// What is read there is gone for good. None is no error.
  virtual Result<Done> remove(std::string_view target) = 0;
};

}  // namespace logystera::store
