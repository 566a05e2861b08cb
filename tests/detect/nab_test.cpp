// The Numenta Anomaly Benchmark's scoring, written from its published rules, on the series that are here: a detection inside
// a labelled window earns the more the earlier it is, one outside costs, a window nobody saw costs. The threshold of each
// model is chosen on the files at even places of the sorted list and scored on those at odd places.
#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "detect/anomaly.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

// Standard profile.
constexpr double kTruePositive = 1.0, kFalsePositive = 0.11, kFalseNegative = 1.0;
constexpr double kProbation = 0.15;  // of the rows, at most of 5,000
constexpr std::size_t kProbationRows = 750;

struct Window {
  std::size_t first, last;  // rows
};
struct Series {
  std::string name;
  std::vector<std::int64_t> times;
  std::vector<double> values;
  std::vector<Window> windows;
  std::size_t probation() const {
    return std::min(static_cast<std::size_t>(kProbation * static_cast<double>(values.size())), kProbationRows);
  }
};

std::int64_t parse_time(const std::string& text) {
  std::tm tm{};
  return strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &tm) ? static_cast<std::int64_t>(timegm(&tm)) : 0;
}

double scaled_sigmoid(double position) { return position > 3 ? -1 : 2 / (1 + std::exp(5 * position)) - 1; }

struct Score {
  double raw = 0;
  double null = 0;     // of a detector that says nothing
  double perfect = 0;  // of one that says the first row of every window and nothing else
};

// `alerts` are rows, ascending.
Score score(const Series& series, const std::vector<std::size_t>& alerts) {
  Score total;
  std::vector<double> best(series.windows.size(), -kFalseNegative);
  for (std::size_t row : alerts) {
    if (row < series.probation()) continue;
    const Window* previous = nullptr;
    bool inside = false;
    for (std::size_t w = 0; w < series.windows.size(); ++w) {
      const Window& window = series.windows[w];
      if (row < window.first) break;
      if (row <= window.last) {
        const double width = static_cast<double>(window.last - window.first + 1);
        const double position = -static_cast<double>(window.last - row + 1) / width;
        best[w] = std::max(best[w], kTruePositive * scaled_sigmoid(position) / scaled_sigmoid(-1));
        inside = true;
        break;
      }
      previous = &window;
    }
    if (inside) continue;
    double cost = -1;
    if (previous) {
      const double width = static_cast<double>(previous->last - previous->first);
      cost = scaled_sigmoid(static_cast<double>(row - previous->last) / width);
    }
    total.raw += cost * kFalsePositive;
  }
  for (double value : best) total.raw += value;
  total.null = -kFalseNegative * static_cast<double>(best.size());
  total.perfect = kTruePositive * static_cast<double>(best.size());
  return total;
}

std::vector<Series> read_series(const std::filesystem::path& root) {
  std::ifstream file(root / "labels/combined_windows.json");
  const std::string json((std::istreambuf_iterator<char>(file)), {});
  rapidjson::Document labels;
  labels.Parse(json.data(), json.size());
  std::vector<Series> all;
  for (const auto& entry : labels.GetObject()) {
    std::ifstream csv(root / "data" / entry.name.GetString());
    if (!csv) continue;  // only part of the collection may be here
    Series series;
    series.name = entry.name.GetString();
    std::string line;
    std::getline(csv, line);
    while (std::getline(csv, line)) {
      const std::size_t comma = line.find(',');
      series.times.push_back(parse_time(line.substr(0, comma)));
      series.values.push_back(std::stod(line.substr(comma + 1)));
    }
    for (const auto& window : entry.value.GetArray()) {
      const auto row = [&](const char* text) {
        return static_cast<std::size_t>(std::lower_bound(series.times.begin(), series.times.end(), parse_time(text)) -
                                        series.times.begin());
      };
      series.windows.push_back({row(window[0].GetString()), std::min(row(window[1].GetString()), series.times.size() - 1)});
    }
    all.push_back(std::move(series));
  }
  std::sort(all.begin(), all.end(), [](const Series& a, const Series& b) { return a.name < b.name; });
  return all;
}

// The rows' deviations, each row scored by what came before it.
std::vector<double> deviations(const Series& series, AnomalyModel model) {
  Baseline baseline(model, 300);
  std::vector<double> scores;
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    scores.push_back(std::fabs(baseline.score(series.times[i], series.values[i]).deviations));
    baseline.learn(series.times[i], series.values[i]);
  }
  return scores;
}

// A row is reported when it crosses the threshold and none of the `quiet` rows before it did: one report an episode.
std::vector<std::size_t> alerts_of(const std::vector<double>& scores, double threshold, std::size_t quiet) {
  std::vector<std::size_t> alerts;
  std::size_t last = 0;
  bool any = false;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] < threshold) continue;
    if (!any || i - last > quiet) alerts.push_back(i);
    last = i;
    any = true;
  }
  return alerts;
}

double normalized(const std::vector<const Series*>& half, const std::vector<std::vector<double>>& scores, double threshold,
                  std::size_t quiet) {
  Score sum;
  for (std::size_t i = 0; i < half.size(); ++i) {
    const Score one = score(*half[i], alerts_of(scores[i], threshold, quiet));
    sum.raw += one.raw;
    sum.null += one.null;
    sum.perfect += one.perfect;
  }
  return 100 * (sum.raw - sum.null) / (sum.perfect - sum.null);
}

}  // namespace

TEST_CASE("the_benchmarks_scoring_gives_its_fixed_points") {
  Series series;
  for (int i = 0; i < 1'000; ++i) {
    series.times.push_back(i * 300);
    series.values.push_back(0);
  }
  series.windows = {{400, 499}, {700, 799}};
  CHECK(score(series, {}).raw == -2);
  CHECK(std::fabs(score(series, {400, 700}).raw - 2) < 1e-12);
  CHECK(std::fabs(score(series, {400, 450, 700}).raw - 2) < 1e-12);  // a window counts once, by its best
  CHECK(score(series, {499, 700}).raw < score(series, {450, 700}).raw);
  CHECK(std::fabs(score(series, {200}).raw - (-2 - kFalsePositive)) < 1e-12);  // before any window: the full cost
  CHECK(score(series, {505}).raw > score(series, {690}).raw);                  // just behind a window costs little
  CHECK(score(series, {10}).raw == -2);                                        // probation
}

TEST_CASE("the_adaptive_model_beats_the_plain_one_on_both_halves_of_labelled_series") {
  const char* set = std::getenv("LOGYSTERA_DATA");
  const std::filesystem::path root = std::filesystem::path(set && *set ? set : "../shared/data") / "anomaly/nab";
  if (!std::filesystem::exists(root)) {
    WARN("skipped: labelled series (anomaly) are not here; set LOGYSTERA_DATA");
    return;
  }
  const std::vector<Series> all = read_series(root);
  REQUIRE(all.size() >= 10);
  std::vector<const Series*> even, odd;
  for (std::size_t i = 0; i < all.size(); ++i) (i % 2 == 0 ? even : odd).push_back(&all[i]);
  const auto quiet_default = static_cast<std::size_t>(kEpisodeQuietBuckets);
  std::printf("nab: %zu files; even places of the sorted list (first: %s), odd (first: %s)\n", all.size(),
              even[0]->name.c_str(), odd[0]->name.c_str());
  std::array<double, 2> defaults{}, best{-1e9, -1e9};
  for (AnomalyModel model : {AnomalyModel::zscore, AnomalyModel::adaptive}) {
    std::vector<std::vector<double>> even_scores, odd_scores;
    for (const Series* series : even) even_scores.push_back(deviations(*series, model));
    for (const Series* series : odd) odd_scores.push_back(deviations(*series, model));
    // Threshold and quiet time fitted on the even half, for comparison; the program's own are constants.
    double fitted = -1e9, threshold = 0;
    std::size_t quiet = 0;
    for (double t = 1; t <= 40; t *= 1.1)
      for (std::size_t q : {0u, 12u, 60u, 288u}) {
        const double value = normalized(even, even_scores, t, q);
        if (value <= fitted) continue;
        fitted = value;
        threshold = t;
        quiet = q;
      }
    const double other = normalized(odd, odd_scores, threshold, quiet);
    defaults = {normalized(even, even_scores, kAnomalyThreshold, quiet_default),
                normalized(odd, odd_scores, kAnomalyThreshold, quiet_default)};
    std::printf(
        "nab %-8s as it is (threshold %.1f): even half %.1f, odd half %.1f; fitted to the even half (threshold %.2f, quiet "
        "%zu): %.1f, odd half %.1f (0: says nothing, 100: perfect)\n",
        std::string(anomaly_model_name(model)).c_str(), kAnomalyThreshold, defaults[0], defaults[1], threshold, quiet,
        fitted, other);
    if (model == AnomalyModel::zscore) best = {fitted, other};
  }
  // As it is, against the plain model at its best.
  for (std::size_t half = 0; half < 2; ++half) {
    CHECK(defaults[half] > best[half]);
    CHECK(defaults[half] > 60);
  }
}
