// Quality on texts and logs others wrote: counts are printed, and the ones that must hold are checked.
#include <rapidjson/document.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data.hpp"
#include "redact/finder.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

struct Label {
  std::size_t begin, end;  // bytes
  std::string kind;
};
struct LabelledText {
  std::string text;
  std::vector<Label> labels;
};

// The labels count characters; this is where character `index` begins.
std::vector<std::size_t> character_offsets(const std::string& text) {
  std::vector<std::size_t> offsets;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) offsets.push_back(i);
  offsets.push_back(text.size());
  return offsets;
}

std::vector<LabelledText> read_labelled(const std::filesystem::path& path) {
  const std::string json = test::read_file(path);
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  std::vector<LabelledText> texts;
  for (const auto& entry : document.GetArray()) {
    LabelledText text{entry["full_text"].GetString(), {}};
    const std::vector<std::size_t> offsets = character_offsets(text.text);
    for (const auto& span : entry["spans"].GetArray())
      text.labels.push_back({offsets.at(span["start_position"].GetUint()), offsets.at(span["end_position"].GetUint()),
                             span["entity_type"].GetString()});
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string label_of(Kind kind) {
  switch (kind) {
    case Kind::email: return "EMAIL_ADDRESS";
    case Kind::card: return "CREDIT_CARD";
    case Kind::ipv4:
    case Kind::ipv6: return "IP_ADDRESS";
    case Kind::iban: return "IBAN_CODE";
    case Kind::phone: return "PHONE_NUMBER";
    default: return "other";
  }
}

struct Score {
  std::size_t labels = 0, covered = 0, findings = 0, right = 0;
  double precision() const { return findings ? static_cast<double>(right) / static_cast<double>(findings) : 1; }
  double recall() const { return labels ? static_cast<double>(covered) / static_cast<double>(labels) : 1; }
};

const std::set<std::string> label_kinds = {"EMAIL_ADDRESS", "CREDIT_CARD", "IP_ADDRESS", "IBAN_CODE"};

std::map<std::string, Score> score(const std::vector<LabelledText>& texts) {
  std::map<std::string, Score> scores;
  Finder finder({});
  std::vector<Hit> hits;
  for (const LabelledText& text : texts) {
    finder.find(text.text, Context::text, hits);
    for (const Label& label : text.labels) {
      const bool whole = std::any_of(hits.begin(), hits.end(), [&](const Hit& hit) {
        return label_of(hit.kind) == label.kind && hit.begin <= label.begin && hit.end >= label.end;
      });
      Score& s = scores[label.kind];
      ++s.labels;
      s.covered += whole;
      if (!whole && label_kinds.count(label.kind))
        std::printf("pii missed %s: %s\n", label.kind.c_str(),
                    text.text.substr(label.begin, label.end - label.begin).c_str());
    }
    for (const Hit& hit : hits) {
      Score& s = scores[label_of(hit.kind)];
      ++s.findings;
      s.right += std::any_of(text.labels.begin(), text.labels.end(), [&](const Label& label) {
        return label_of(hit.kind) == label.kind && hit.begin < label.end && hit.end > label.begin;
      });
    }
  }
  return scores;
}

}  // namespace

TEST_CASE("labelled_texts_are_redacted_as_labelled") {
  const auto path = test::shared_data("pii/presidio-research/data/synth_dataset_v2.json");
  if (!path) {
    WARN("skipped: labelled texts (pii) are not here; set LOGYSTERA_DATA");
    return;
  }
  auto scores = score(read_labelled(*path));
  for (const char* kind : {"EMAIL_ADDRESS", "CREDIT_CARD", "IP_ADDRESS", "IBAN_CODE", "PHONE_NUMBER", "other"}) {
    const Score& s = scores[kind];
    std::printf("pii %-14s labels %3zu covered %3zu findings %3zu right %3zu precision %.3f recall %.3f\n", kind, s.labels,
                s.covered, s.findings, s.right, s.precision(), s.recall());
  }
  for (const char* kind : {"EMAIL_ADDRESS", "CREDIT_CARD", "IP_ADDRESS", "IBAN_CODE"}) {
    INFO(kind);
    const Score& s = scores[kind];
    CHECK(s.labels > 5);
    CHECK(s.labels - s.covered <= 1);
    CHECK(s.findings - s.right <= 1);
  }
  CHECK(scores["PHONE_NUMBER"].precision() >= 0.95);
  CHECK(scores["PHONE_NUMBER"].recall() >= 0.85);
}

TEST_CASE("no_browser_version_in_real_web_logs_is_taken_for_an_address") {
  const auto path = test::shared_data("weblogs/elastic-examples/Common Data Formats/apache_logs/apache_logs");
  if (!path) {
    WARN("skipped: web logs are not here; set LOGYSTERA_DATA");
    return;
  }
  Finder finder({});
  std::vector<Hit> hits;
  std::size_t lines = 0, clients = 0, in_agents = 0, quads_in_agents = 0;
  for (const std::string& line : test::read_lines(*path)) {
    const std::size_t space = line.find(' ');
    const std::size_t close = line.rfind('"');
    const std::size_t open = close == std::string::npos ? close : line.rfind('"', close - 1);
    if (space == std::string::npos || open == std::string::npos) continue;
    ++lines;
    finder.find(line, Context::text, hits);
    clients += std::any_of(hits.begin(), hits.end(), [&](const Hit& h) { return h.begin == 0 && h.end == space; });
    for (const Hit& hit : hits) {
      if ((hit.kind != Kind::ipv4 && hit.kind != Kind::ipv6) || hit.begin < open) continue;
      // A crawler may say its own address; a number behind a product's slash or rv: is a version.
      INFO(line);
      const char before = line[hit.begin - 1];
      CHECK(before != '/');
      CHECK(before != ':');
      ++in_agents;
    }
    // The user agent on its own, as the parser hands it over.
    finder.find(std::string_view(line).substr(open + 1, close - open - 1), Context::user_agent, hits);
    for (const Hit& hit : hits) quads_in_agents += hit.kind == Kind::ipv4 || hit.kind == Kind::ipv6;
  }
  std::printf("web lines %zu, client addresses found %zu, addresses in user agents %zu (line) %zu (field)\n", lines,
              clients, in_agents, quads_in_agents);
  CHECK(lines >= 9'990);
  CHECK(clients == lines);
  CHECK(in_agents == 0);
  CHECK(quads_in_agents == 0);
}
