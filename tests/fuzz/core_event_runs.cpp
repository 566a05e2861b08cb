// Event lines made to break their reader, each against a page before its first and one behind its last byte: every text of JSON's
// pieces as the labels and in the place of each other field, sound lines with a few bytes changed, and grown ones, deep, long, or
// full of escapes. What is taken for an event has its fields inside the line; one line in 64 is read by the oracle too, which
// must come to the same answer.
#include "core/event.hpp"

#include "core/json.hpp"
#include "core/uuid.hpp"
#include "fuzz/runs.hpp"
#include "guarded.hpp"
#include "oracle/event_line.hpp"

using namespace logystera;
using namespace logystera::test;
using namespace std::string_view_literals;

namespace {

using Verdict = oracle::EventLine::Verdict;

constexpr std::string_view kPieces[] = {
    "{"sv,       "}"sv,    "["sv, "]"sv,    ","sv,  ":"sv,    "\""sv,   "\\"sv,       "\\u"sv,      "\\ud800"sv,
    "\\udC00"sv, "0"sv,    "7"sv, "-"sv,    "."sv,  "e"sv,    "E+"sv,   "true"sv,     "null"sv,     " "sv,
    "\"a\":"sv,  "\"\""sv, "/"sv, "\x1f"sv, "\0"sv, "\xC3"sv, "\xA9"sv, "\xED\xA0"sv, "\xF4\x90"sv, "\xE2\x80\xA8"sv};
constexpr std::string_view kFields[] = {R"("event_type":"auth.login")", R"("created_at":1774211679)",
                                        R"("timestamp":1774211679)", R"("event_id":"3f2b8a0e-7c41-4d19-9a2e-5b6c7d8e9f01")",
                                        R"("labels":{})"};
constexpr std::string_view kNames[] = {R"("event_type":)", R"("created_at":)", R"("timestamp":)", R"("event_id":)",
                                       R"("labels":)"};

class Lines {
 public:
  // One input in four each. The first two go through all texts of pieces in order.
  std::string_view make(std::uint64_t number) {
    Dice dice(number);
    line_.clear();
    switch (number % 4) {
      case 0:
        labels([&] {
          line_ += '{';
          append_enumerated(line_, number / 4, kPieces);
          line_ += '}';
        });
        break;
      case 1: in_place_of(number / 4 % 7, number / 4 / 7); break;
      case 2: changed(dice); break;
      default: grown(dice);
    }
    return line_;
  }

 private:
  template <typename Write>
  void labels(Write write) {
    line_ += '{';
    for (int i = 0; i < 4; ++i) line_.append(kFields[i]) += ',';
    line_.append(kNames[4]);
    write();
    line_ += '}';
  }

  // 0 to 4: a field's value; 5: between two fields; 6: the whole line.
  void in_place_of(std::uint64_t place, std::uint64_t text) {
    if (place == 6) return append_enumerated(line_, text, kPieces);
    line_ += '{';
    for (std::uint64_t i = 0; i < 5; ++i) {
      if (i != 0) line_ += ',';
      if (place == 5 && i == 3) append_enumerated(line_, text, kPieces);
      if (i != place) {
        line_.append(kFields[i]);
        continue;
      }
      line_.append(kNames[i]);
      const bool quoted = (i == 0 || i == 3) && text % 2 == 0;
      if (quoted) line_ += '"';
      append_enumerated(line_, text, kPieces);
      if (quoted) line_ += '"';
    }
    line_ += '}';
  }

  void changed(Dice& dice) {
    std::size_t order[] = {0, 1, 2, 3, 4};
    for (std::size_t i = 4; i > 0; --i) std::swap(order[i], order[dice.below(i + 1)]);
    line_ += '{';
    for (const std::size_t i : order) {
      if (line_.size() > 1) line_ += ',';
      line_.append(kFields[i]);
    }
    line_ += '}';
    for (std::size_t left = 1 + dice.below(4); left > 0 && !line_.empty(); --left) {
      const std::size_t at = dice.below(line_.size());
      switch (dice.below(7)) {
        case 0: line_[at] = static_cast<char>(dice.next()); break;
        case 1: line_.insert(at, kPieces[dice.below(std::size(kPieces))]); break;
        case 2: line_.erase(at, 1 + dice.below(3)); break;
        case 3: line_.insert(dice.below(line_.size() + 1), line_.substr(at, dice.below(32))); break;
        case 4: line_.insert(at, std::string(1 + dice.below(80), line_[at])); break;
        case 5: line_.insert(line_[at] == ',' ? at : line_.size() - 1, "," + std::string(kFields[dice.below(5)])); break;
        default: line_[at] = static_cast<char>(line_[at] ^ (1 << dice.below(8)));
      }
    }
  }

  void grown(Dice& dice) {
    const std::size_t budget = dice.one_in(4096) ? 65'200 + dice.below(400) : dice.below(300);
    labels([&] {
      const std::size_t end = line_.size() + budget;
      std::string closers;
      line_ += '{';
      closers += '}';
      while (line_.size() < end) {
        if (closers.back() == '}') string(dice), line_ += ':';
        switch (dice.below(8)) {
          case 0: line_ += '{', closers += '}'; continue;
          case 1: {
            const std::size_t more = dice.one_in(8) ? dice.below(36) : 1;
            line_.append(more, '['), closers.append(more, ']');
            continue;
          }
          case 2:
            line_.append("-")
                .append(std::to_string(dice.below(1000)))
                .append("."sv)
                .append(std::to_string(dice.next() % 100));
            break;
          case 3: line_.append(std::to_string(dice.next())).append("e-").append(std::to_string(dice.below(400))); break;
          case 4: line_.append(dice.one_in(2) ? "true"sv : "null"sv); break;
          default: string(dice);
        }
        while (closers.size() > 1 && dice.one_in(3)) line_ += closers.back(), closers.pop_back();
        if (line_.size() < end) line_ += ',';
      }
      // Most often what was begun is ended; sometimes not quite.
      if (line_.back() == ',') line_.pop_back();
      if (line_.back() == '[' || line_.back() == '{' || !dice.one_in(8)) {
        while (!closers.empty()) line_ += closers.back(), closers.pop_back();
      }
    });
  }

  void string(Dice& dice) {
    static constexpr std::string_view kInside[] = {
        "a"sv,   "event_type"sv, "labels"sv,           "\\\""sv, "\\\\"sv, "\\u0000"sv, "\\ud83d\\ude00"sv,
        "\\/"sv, "\xC3\xA9"sv,   "\xF0\x9F\x98\x80"sv, "}"sv,    "]"sv,    " "sv,       "0123456789abcdef"sv};
    line_ += '"';
    for (std::size_t left = dice.below(4); left > 0; --left) line_.append(kInside[dice.below(std::size(kInside))]);
    if (dice.one_in(64)) line_.append(kPieces[dice.below(std::size(kPieces))]);
    line_ += '"';
  }

  std::string line_;
};

bool within(std::string_view part, std::string_view line) {
  return part.data() >= line.data() && part.data() + part.size() <= line.data() + line.size();
}

}  // namespace

int main(int argc, char** argv) {
  const Guarded guarded(2 * kLineBytesMax);
  Lines lines;
  std::uint64_t events = 0, compared = 0, enumerated = 0;
  return run_numbered(
      argc, argv,
      [&](std::uint64_t number) {
        const std::string_view text = lines.make(number);
        const std::string_view line = (number >> 2) % 2 == 0 ? guarded.copy_last(text) : guarded.copy_first(text);
        being_looked_at(line);
        EventView view;
        const bool taken = read_event_line(line, view) == LineFault::none;
        if (taken) {
          ++events;
          require_that(within(view.type, line) && within(view.event_id, line) && within(view.labels, line));
          require_that(!view.type.empty() && view.type.size() <= 64 && is_uuid_v4(view.event_id) && view.created_at >= 0);
          require_that(view.labels.size() >= 2 && view.labels.front() == '{' && view.labels.back() == '}');
        }
        enumerated += number % 4 == 0 ? 1 : 0;
        if (Dice(~number).one_in(64)) {
          ++compared;
          const Verdict verdict = oracle::EventLine::of(line);
          require_that(verdict == Verdict::either || taken == (verdict == Verdict::event));
        }
      },
      [&] {
        return std::to_string(events) + " events, " + std::to_string(compared) +
               " compared with the oracle; labels of up to " + std::to_string(whole_length(enumerated, kPieces)) +
               " pieces in full";
      });
}
