// What one series of numbers usually does, and how much speaks against a new value of it.
//
// Three views of the series, since "unusual" has three meanings: `level` (the value itself), `movement` (how far a value is
// from the one before, over the last 20: a series that begins to jump, or to stand still between jumps) and `rhythm` (the
// value less what is usual at this time of day, over the last 5). Each view compares its newest values with the 2,000 before
// them, as a z-score. How large a z-score has to be to mean something differs from series to series, so each view learns that
// too: of its last 2,000 scores the highest hundredth is taken for the tail of an exponential distribution, and a new score's
// evidence is -log10 of its probability by that tail, or nothing if it lies below it. The evidence of the three views is
// added: what stands out a little in two of them counts for more than what does in one.
//
// The numbers were chosen on half of a public collection of labelled series (tests/detect/nab_test.cpp), never on the half they
// are judged by. Memory is bounded (about 80 KiB), and the same values give the same answers on every run.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace logystera::detect {

class AdaptiveSeries {
 public:
  /// Values before anything can be said.
  static constexpr std::uint64_t kValuesLeast = 120;
  /// Evidence from which a value is unusual.
  static constexpr double kUnusualEvidence = 4.4;

  struct Score {
    double evidence = 0;  // 0 or more, in powers of ten
    double expected = 0;  // what is usual at this time of day, or lately while that is not known
  };
  /// `floor`: standard deviations below it are taken for it, so that a series that never moved allows for that much.
  Score score(std::int64_t time, double value, double floor) const;
  /// `time` in unix seconds, `value` finite; in order of time.
  void learn(std::int64_t time, double value, double floor);

  /// Passes everything that is kept to `io` (core/bytes.hpp); what a reader brings is to be checked by sound().
  template <typename Io>
  friend void pass(Io& io, AdaptiveSeries& series) {
    io.number(series.values_);
    io.number(series.last_);
    io.number(series.average_);
    io.rows(series.slots_);
    for (View& view : series.views_) pass(io, view);
  }
  bool sound() const noexcept;

 private:
  static constexpr std::size_t kWindow = 2'000;
  static constexpr std::size_t kHistory = 2'000;
  static constexpr std::size_t kSlots = 288;  // of a day: five minutes each

  // The newest kWindow values and `latest` more, which are what is compared with them.
  struct View {
    std::vector<double> ring;
    std::uint32_t next = 0;       // where the next value goes once the ring is full
    double sum = 0, squares = 0;  // of the window, about the origin
    double origin = 0;            // the first value: sums about it keep their digits
    std::vector<float> scores;    // a ring as well
    std::uint32_t next_score = 0;
    std::uint64_t scored = 0;
    double tail_from = 0, tail_mean = 0;  // of the highest hundredth; a mean of 0: not known yet

    double score(double value, std::size_t latest, double floor) const;
    double evidence(double score) const;
    double score_of(double evidence) const;
    void learn(double value, std::size_t latest, double floor, bool two_sided);
    double window_mean(std::size_t latest) const;

    template <typename Io>
    friend void pass(Io& io, View& view) {
      io.rows(view.ring);
      io.number(view.next);
      io.number(view.sum);
      io.number(view.squares);
      io.number(view.origin);
      io.rows(view.scores);
      io.number(view.next_score);
      io.number(view.scored);
      io.number(view.tail_from);
      io.number(view.tail_mean);
    }
    bool sound(std::size_t latest) const noexcept;

   private:
    double newest(std::size_t back) const;
    void count_anew(std::size_t latest);
    void calibrate();
  };
  enum : std::size_t { level, movement, rhythm, kViews };
  static constexpr std::array<std::size_t, kViews> kLatest = {1, 20, 5};
  std::array<double, kViews> looks(std::int64_t time, double value) const;
  double usual_at(std::int64_t time) const;

  std::uint64_t values_ = 0;
  double last_ = 0;
  double average_ = 0;         // slow: stands in for a time of day that was not seen yet
  std::vector<double> slots_;  // what is usual at that time of day; not a number: not seen yet
  std::array<View, kViews> views_;
};

}  // namespace logystera::detect
