// An SQL statement as it was written, taken apart as far as its texts and names.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logystera::ask {

struct Statement {
  std::string text;                // with its texts rewritten
  std::vector<std::string> names;  // words and quoted names, in order, once each; at most kNamesMost
  /// Where rewriting has moved what follows: a byte of `text`, and the byte of the statement it comes from.
  std::vector<std::pair<std::size_t, std::size_t>> moved;

  static constexpr std::size_t kNamesMost = 1'000;

  /// The byte of the statement that a byte of `text` comes from.
  std::size_t origin(std::size_t at) const noexcept;
};

/// `rewrite` gets what a text between single quotes says, and gives what stands in its place. Comments stay as they are.
Statement read_statement(std::string_view written, const std::function<std::string(const std::string&)>& rewrite);

}  // namespace logystera::ask
