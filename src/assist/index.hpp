// The index questions are answered from: passages, their words, and their vectors where there is a model for them.
#pragma once

#include <cstdint>
#include <functional>

#include "assist/provider.hpp"
#include "assist/redacted.hpp"
#include "core/result.hpp"
#include "store/store.hpp"

namespace logystera::assist {

/// What stands in a passage about a group, at most store::kPassageBytes.
Redacted passage_text(const Redaction& redaction, const store::PassageGroup& group);

struct Indexed {
  store::PassagesReplaced passages;
  std::uint64_t vectors = 0;  // made now
};

/// Makes all passages again, and the vectors those that are new or changed lack. `provider` may be null: words alone. `progress` is told
/// how many vectors there are and how many there will be. Vectors that were made are stored when a later one fails.
Result<Indexed> make_index(store::Store& store, const Redaction& redaction, Provider* provider,
                           const std::function<void(std::uint64_t made, std::uint64_t of)>& progress);

/// The passages that answer a question best: by their words, and by their vectors where `provider` has them, merged by rank
/// (reciprocal rank fusion). `note` is told why there are no vectors, where there should be.
Result<std::vector<store::Passage>> find_passages(store::PassageStore& store, Provider* provider, const Redacted& question,
                                                  std::size_t limit, const std::function<void(const Error&)>& note);

}  // namespace logystera::assist
