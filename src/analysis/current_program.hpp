// The program a server works with: replaced when its rules or settings have changed, while what is on its way goes on with the one
// before.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "analysis/program.hpp"
#include "core/result.hpp"

namespace logystera::analysis {

/// Thread-safe.
class CurrentProgram {
 public:
  /// An error: there is none yet, and why. Who asks for it gets that.
  explicit CurrentProgram(Result<std::shared_ptr<const Program>> first) : program_(std::move(first)) {}

  Result<std::shared_ptr<const Program>> get() const {
    const std::lock_guard lock(mutex_);
    return program_;
  }
  void replace(std::shared_ptr<const Program> program) {
    Result<std::shared_ptr<const Program>> before(std::move(program));
    {
      const std::lock_guard lock(mutex_);
      std::swap(program_, before);
      refused_.clear();
    }
  }  // the last holder frees thousands of rules, and nobody waits for it

  /// That another one was to take its place and cannot: this one stays.
  void refuse(std::string why) {
    const std::lock_guard lock(mutex_);
    refused_ = std::move(why);
  }
  /// Why; empty: nothing was refused since the last replace().
  std::string refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

 private:
  mutable std::mutex mutex_;
  Result<std::shared_ptr<const Program>> program_;
  std::string refused_;
};

}  // namespace logystera::analysis
