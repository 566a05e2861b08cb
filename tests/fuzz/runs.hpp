// Numbered inputs: a program looks at COUNT of them one after the other, without a sanitizer and so some hundred times as fast as a
// fuzzer. An input follows from its number alone, so runs can be divided, continued, and what one found be looked at again.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace logystera::test {

/// Splitmix64: as many well-mixed numbers as wanted from one.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u) {}
  std::uint64_t next() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// 0 to `sides` - 1.
  std::size_t below(std::size_t sides) { return static_cast<std::size_t>(next() % sides); }
  bool one_in(std::size_t sides) { return below(sides) == 0; }

 private:
  std::uint64_t state_;
};

/// Appends the text that stands at `place` when all texts made of `pieces` are listed, the shorter ones first.
template <typename Pieces>
void append_enumerated(std::string& text, std::uint64_t place, const Pieces& pieces) {
  for (const std::uint64_t size = std::size(pieces); place != 0; place = (place - 1) / size) {
    text.append(pieces[(place - 1) % size]);
  }
}

/// How many texts of `looked` in that list are of the longest length that was reached in full; for the summary.
template <typename Pieces>
std::size_t whole_length(std::uint64_t looked, const Pieces& pieces) {
  std::size_t length = 0;
  for (std::uint64_t of_length = 1, all = 1; looked > all; ++length) all += of_length *= std::size(pieces);
  return length == 0 ? 0 : length - 1;
}

namespace runs_detail {
inline volatile std::uint64_t number = 0;
inline volatile sig_atomic_t stopped = 0;
inline const char* program = "";
inline std::string_view input;

// Only what is safe in a signal handler.
inline void say_number(int signal) {
  char text[160];
  char* at = text;
  const auto put = [&](std::string_view piece) {
    const std::size_t room = static_cast<std::size_t>(text + sizeof text - at);
    const std::size_t size = piece.size() < room ? piece.size() : room;
    std::memcpy(at, piece.data(), size);
    at += size;
  };
  char digits[24];
  put("signal ");
  put({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, signal).ptr - digits)});
  put(" at input ");
  const std::uint64_t which = number;
  put({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, which).ptr - digits)});
  put("; again: ");
  put(program);
  put(" 1 ");
  put({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, which).ptr - digits)});
  put("\n");
  constexpr std::size_t kShownMost = 2048;
  const std::string_view shown = input.substr(0, kShownMost);
  for (const std::string_view part :
       {std::string_view(text, static_cast<std::size_t>(at - text)), shown, std::string_view("\n")}) {
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, part.data(), part.size());
  }
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

inline bool read_number(const char* text, std::uint64_t& value) {
  const char* end = text + std::strlen(text);
  const auto parsed = std::from_chars(text, end, value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}
}  // namespace runs_detail

/// What is shown of an input that ends the process.
inline void being_looked_at(std::string_view input) { runs_detail::input = input; }

/// A check that NDEBUG leaves in.
inline void require_that(bool holds) {
  if (!holds) std::abort();
}

/// `PROGRAM COUNT [FIRST]`: calls `look(number)` COUNT times, from FIRST (0) on, then `summary()`, which returns what else there is
/// to say. SIGINT and SIGTERM end it early, with what it did until then; a fault names its input. For main to return.
template <typename Look, typename Summary>
int run_numbered(int argc, char** argv, Look look, Summary summary) {
  std::uint64_t count = 0, first = 0;
  if (argc < 2 || argc > 3 || !runs_detail::read_number(argv[1], count) ||
      (argc == 3 && !runs_detail::read_number(argv[2], first))) {
    std::fprintf(stderr, "usage: %s COUNT [FIRST]\n", argv[0]);
    return 2;
  }
  runs_detail::program = argv[0];
  for (const int signal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT}) ::signal(signal, runs_detail::say_number);
  for (const int signal : {SIGINT, SIGTERM}) ::signal(signal, [](int) { runs_detail::stopped = 1; });
  std::uint64_t done = 0;
  for (; done != count && runs_detail::stopped == 0; ++done) {
    runs_detail::number = first + done;
    look(first + done);
  }
  std::printf("%llu inputs from %llu on: %s\n", static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(first), summary().c_str());
  return done == count ? 0 : 1;
}

}  // namespace logystera::test
