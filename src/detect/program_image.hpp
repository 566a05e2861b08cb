// Compiled rules as one block of bytes, for a later start of the same program on the same machine.
//
// It holds what running rules takes: the engine's tables, the windows, and of each rule what its findings show and where it was
// read. What only
// loading takes (conditions as they were written, samples, references) is not in it. Numbers are in the machine's own order,
// and rows as they lie in memory.
//
// A reader checks every number against what it counts in, so whatever the bytes are, it reads nothing beyond them and makes
// no engine that would. It cannot tell a wrong rule from a right one: who keeps an image authenticates it (analysis/rule_cache.hpp).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "detect/engine.hpp"

namespace logystera::detect {

/// Tags of rules that findings depend on: what the machine suffers from, attempts that are worth what they were answered, and counts of
/// failed requests of one address.
inline constexpr std::string_view kOperationsTag = "operations", kProbeTag = "probe", kScanTag = "scan";

/// Changes whenever the layout or the meaning of anything in an image does.
inline constexpr std::uint32_t kImageVersion = 9;

/// The image of an engine and the rules it was compiled from.
std::string write_image(const Engine& engine);

/// An image that was read from somewhere: `bytes` of the block, which begin at an address that eight divides.
struct Image {
  std::shared_ptr<const char[]> block;
  std::string_view bytes;
};

/// The engine an image is of, which keeps the block. `rules` becomes its rules and must outlive it; they are without what the image leaves out, and
/// of their documents only those are listed that were refused or warned about. Field names are numbered by `names`. An
/// error says what is wrong with the image; `rules` is in no particular state then.
Result<Engine> read_image(const Image& image, FieldNames& names, RuleSet& rules);

}  // namespace logystera::detect
