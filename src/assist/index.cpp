#include "assist/index.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <ctime>
#include <map>

namespace logystera::assist {
namespace {

constexpr std::size_t kRanked = 50;  // of each way of looking
constexpr double kFusion = 60;       // of reciprocal rank fusion
constexpr std::size_t kMessageBytes = 400, kNameBytes = 120;

std::string moment(std::int64_t unix_seconds, const char* format) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  char text[40] = "";
  if (::gmtime_r(&time, &parts)) (void)std::strftime(text, sizeof text, format, &parts);
  return text;
}

using Ranked = std::vector<std::int64_t>;

// The newest of equals first, so that two runs give the same.
Result<Ranked> nearest(store::PassageStore& store, Provider& provider, const Redacted& question) {
  auto vectors = provider.embed({&question, 1});
  if (!vectors) return vectors.error();
  if (vectors->empty()) return Ranked();
  const std::vector<float>& wanted = vectors->front();
  std::vector<std::pair<float, std::int64_t>> best;  // a heap, the worst in front
  const auto worse = [](const auto& a, const auto& b) { return a > b; };
  auto looked = store.each_vector(provider.settings().embedding_model, wanted.size(),
                                  [&](std::int64_t id, std::span<const float> vector) {
                                    float product = 0;
                                    for (std::size_t i = 0; i < vector.size(); ++i) product += vector[i] * wanted[i];
                                    if (best.size() == kRanked && product <= best.front().first) return;
                                    best.emplace_back(product, id);
                                    std::push_heap(best.begin(), best.end(), worse);
                                    if (best.size() <= kRanked) return;
                                    std::pop_heap(best.begin(), best.end(), worse);
                                    best.pop_back();
                                  });
  if (!looked) return looked.error();
  std::sort(best.begin(), best.end(), worse);
  Ranked ranked;
  for (const auto& [product, id] : best) ranked.push_back(id);
  return ranked;
}

}  // namespace

Redacted passage_text(const Redaction& redaction, const store::PassageGroup& group) {
  // Each value is redacted whole, then cut; put together it is looked at once more, for what only stands together is personal.
  const std::string when = group.first == group.last
                               ? moment(group.last, "%Y-%m-%d %H:%M UTC")
                               : moment(group.first, "%Y-%m-%d %H:%M") + " to " + moment(group.last, "%H:%M UTC");
  const std::string text = fmt::format(
      "{} {} {} {}: {}. {} in {}, {}. Newest: {}", moment(group.last, "%A"), group.level,
      group.kind == store::PassageKind::finding ? "finding" : "error", redaction.name(group.name).cut(kNameBytes).text(),
      redaction(group.title).cut(kNameBytes).text(), group.count == 1 ? "Once" : fmt::format("{} times", group.count),
      redaction.name(group.source).cut(kNameBytes).text(), when, redaction(group.message).cut(kMessageBytes).text());
  return redaction(text).cut(store::kPassageBytes - 4);
}

Result<Indexed> make_index(store::Store& store, const Redaction& redaction, Provider* provider,
                           const std::function<void(std::uint64_t made, std::uint64_t of)>& progress) {
  auto groups = store.passages().groups();
  if (!groups) return groups.error();
  std::vector<store::Passage> passages;
  passages.reserve(groups->size());
  for (const store::PassageGroup& group : groups.value())
    passages.push_back(
        {0, group.kind, group.name, group.source, group.day(), group.demo, passage_text(redaction, group).text()});
  Indexed indexed;
  auto replaced = store.passages().replace(passages);
  if (!replaced) return replaced.error();
  indexed.passages = replaced.value();
  if (!provider || !provider->embeds()) return indexed;
  const std::string& model = provider->settings().embedding_model;
  auto counts = store.passages().counts(model);
  if (!counts) return counts.error();
  const std::uint64_t missing = counts->passages - counts->with_vector;
  for (;;) {
    auto bare = store.passages().without_vector(model, kEmbeddedAtOnce);
    if (!bare) return bare.error();
    if (bare->empty()) return indexed;
    std::vector<Redacted> texts;
    for (const store::Passage& passage : bare.value()) texts.push_back(redaction(passage.text));
    auto vectors = provider->embed(texts);
    if (!vectors) return vectors.error();
    std::vector<std::pair<std::int64_t, std::vector<float>>> made;
    for (std::size_t i = 0; i < bare->size(); ++i) made.emplace_back(bare.value()[i].id, std::move(vectors.value()[i]));
    if (auto put = store.passages().put_vectors(model, made); !put) return put.error();
    indexed.vectors += made.size();
    progress(indexed.vectors, std::max(missing, indexed.vectors));
  }
}

Result<std::vector<store::Passage>> find_passages(store::PassageStore& store, Provider* provider, const Redacted& question,
                                                  std::size_t limit, const std::function<void(const Error&)>& note) {
  auto by_words = store.search({question.text()}, kRanked);
  if (!by_words) return by_words.error();
  std::map<std::int64_t, double> score;
  for (std::size_t i = 0; i < by_words->size(); ++i)
    score[by_words.value()[i].id] += 1 / (kFusion + static_cast<double>(i + 1));
  if (provider && provider->embeds()) {
    if (auto by_vector = nearest(store, *provider, question); by_vector) {
      for (std::size_t i = 0; i < by_vector->size(); ++i)
        score[by_vector.value()[i]] += 1 / (kFusion + static_cast<double>(i + 1));
    } else if (by_vector.error().kind == ErrorKind::broken || by_vector.error().kind == ErrorKind::denied) {
      return by_vector.error();
    } else {
      note(by_vector.error());
    }
  }
  std::vector<std::pair<double, std::int64_t>> order;
  order.reserve(score.size());
  for (const auto& [id, points] : score) order.emplace_back(-points, -id);
  std::sort(order.begin(), order.end());
  if (order.size() > limit) order.resize(limit);
  std::vector<store::Passage> found;
  for (const auto& [points, id] : order) {
    auto passage = store.find(-id);
    if (!passage) return passage.error();
    if (passage.value()) found.push_back(std::move(*passage.value()));
  }
  return found;
}

}  // namespace logystera::assist
