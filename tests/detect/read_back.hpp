// An engine that went through an image.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <string>

#include "catch.hpp"
#include "detect/engine.hpp"
#include "detect/program_image.hpp"

namespace logystera::test {

inline detect::Image image_of(const std::string& bytes) {
  const std::shared_ptr<char[]> block(new char[bytes.size() + 1]);
  std::memcpy(block.get(), bytes.data(), bytes.size());
  return {block, {block.get(), bytes.size()}};
}

struct ReadBack {
  detect::RuleSet rules;
  std::optional<detect::Engine> engine;

  ReadBack(const detect::Engine& original, FieldNames& names) {
    Result<detect::Engine> read = detect::read_image(image_of(detect::write_image(original)), names, rules);
    INFO((read.ok() ? "" : read.error().message));
    REQUIRE(read.ok());
    engine.emplace(std::move(read).value());
  }
};

}  // namespace logystera::test
