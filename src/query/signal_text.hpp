// A text looked for in signals as they are shown: what is hidden cannot be found out by looking for it.
//
// Taking a signal apart to show it costs microseconds, and most signals do not have the text. So its line is looked at first, as it
// stands: where the text could not be made on the way to what is shown (an escape undone, a number written again, values of a list
// joined, a pseudonym), a line without it is a signal without it.
#pragma once

#include <string>
#include <string_view>

#include "query/signal.hpp"
#include "store/event_store.hpp"

namespace logystera::query {

class SignalText {
 public:
  /// `pseudonyms`, which must outlive it, as in signal_of(). ASCII letters are the same in either case.
  SignalText(std::string_view text, const Pseudonyms* pseudonyms);

  bool in(const store::EventRow& row) const;

 private:
  std::string wanted_;  // folded
  const Pseudonyms* pseudonyms_;
  bool in_lines_;  // what is shown and has it comes from a line that has it, if that line is plain
};

}  // namespace logystera::query
