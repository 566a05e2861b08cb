// Text in, findings out: the candidates of one pass, confirmed by the grammars, overlaps settled.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "redact/candidates.hpp"
#include "redact/kind.hpp"
#include "redact/patterns.hpp"
#include "redact/unescape.hpp"

namespace logystera::redact {

/// Longest text looked at as one; what lies beyond is not searched, so callers cut it off.
inline constexpr std::size_t kTextBytes = std::size_t{1} << 30;

class Finder {
 public:
  /// `patterns` must outlive the finder.
  explicit Finder(std::span<const Pattern> patterns) noexcept : patterns_(patterns) {}

  /// The findings of `text`, as it stands and with its escapes undone, in order, without overlaps. Of two that overlap the
  /// kind that stands earlier in Kind is kept; within a kind the one that begins first, of those the longest. What they leave of
  /// the other is a finding too, and so is what only a neighbour hid: `a@b.example+49 30 901820` are two.
  void find(std::string_view text, Context context, std::vector<Hit>& hits);

  /// The same in two steps, for a text whose parts are looked at as well: candidates once, then `confirm` for the whole and
  /// for each part. `base` is the part's place in the text the candidates were found in; candidates outside the part are
  /// passed over. Findings are appended, unsettled.
  static void candidates(std::string_view text, std::vector<Candidate>& out) {
    out.clear();
    find_candidates(text, out);
  }
  void confirm(std::string_view part, std::size_t base, std::span<const Candidate> candidates, Context context,
               std::vector<Hit>& hits) const;
  /// Whether a run of digits and separators at the end of the part goes on behind it, up to one of the candidates `behind`
  /// the part, the first of which says that there are bytes behind it.
  static bool number_goes_on(std::string_view part, std::size_t base, std::span<const Candidate> behind) noexcept;
  /// Findings of own patterns alone, appended.
  void find_own(std::string_view text, std::vector<Hit>& hits) const;
  bool has_own() const noexcept { return !patterns_.empty(); }

  /// Findings of `text` with its escapes undone, as places of `text`, appended, settled among themselves alone. False, and quickly, if there is
  /// nothing to undo.
  bool find_escaped(std::string_view text, Context context, std::vector<Hit>& hits);
  /// The text find_escaped() undid the escapes of last.
  const Unescaped& unescaped() const noexcept { return unescaped_; }

  /// Sorts the findings of `text` and settles overlaps.
  void settle(std::string_view text, std::vector<Hit>& hits);

  /// Adds to settled findings of `text` what touches one of them and was taken for a part of it, or it for a part of that, because
  /// words begin and numbers end where nothing goes on: what stands between findings is searched as if they were not there. Stays
  /// settled. Costs nothing where findings stand apart.
  void find_beside(std::string_view text, Context context, std::vector<Hit>& hits);
  /// Whether that can add any.
  static bool touched(std::string_view text, std::span<const Hit> hits) noexcept;

 private:
  void keep_part(std::string_view text, const Hit& hit, std::uint32_t begin, std::uint32_t end);
  void find_in_part(std::string_view text, std::size_t begin, std::size_t end, Context context);
  bool find_behind(std::string_view text, std::size_t begin, std::size_t end, Context context);
  bool find_before(std::string_view text, std::size_t begin, std::size_t end, Context context);
  void search_beside(std::string_view text, Context context, std::vector<Hit>& hits);

  std::span<const Pattern> patterns_;
  std::vector<Candidate> candidates_;
  Unescaped unescaped_;
  std::vector<Hit> kept_;
  std::vector<Hit> merged_;
  std::vector<Hit> plain_hits_;  // of the text whose escapes were undone
  std::vector<Hit> beside_;
  std::vector<Hit> ahead_;  // the next one last
};

}  // namespace logystera::redact
