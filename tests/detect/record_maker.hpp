// Records written out in a test: fields in YAML, one map a record.
#pragma once

#include <string>

#include "catch.hpp"
#include "detect/engine.hpp"
#include "detect/loader.hpp"
#include "detect/sample.hpp"
#include "oracle/rule_oracle.hpp"
#include "read_back.hpp"
#include "yaml/yaml.hpp"

namespace logystera::test {

/// Appends a record made of `map`, as a rule's samples are.
inline void add_record(const std::string& map, FieldNames& names, RecordBatch& batch) {
  const yaml::Documents documents = yaml::parse(map);
  INFO(map);
  REQUIRE(documents.ok());
  REQUIRE(documents.roots.size() == 1);
  detect::Sample sample;
  sample.records.push_back(documents.roots[0]);
  REQUIRE(detect::build_sample(sample, {}, names, batch).ok());
}

/// The set a text makes.
inline detect::RuleSet rules_of(const std::string& text, detect::LoadOptions options = {}) {
  detect::Loader loader(std::move(options));
  loader.add_text("test.yml", text);
  return loader.finish();
}

/// Whether the only rule of `rule` hits a record of `map`. The naive evaluator, the engine and one
/// that went through an image must say the same.
inline bool hits(const std::string& rule, const std::string& map, detect::LoadOptions options = {}) {
  const detect::RuleSet set = rules_of(rule, std::move(options));
  std::string refused;
  for (const detect::DocumentReport& report : set.documents)
    for (const yaml::Problem& problem : report.problems) refused += yaml::describe(report.file, problem) + "\n";
  INFO(rule << "\n" << refused << map);
  REQUIRE(set.refused() == 0);
  REQUIRE(set.rules.size() == 1);
  FieldNames names;
  Result<detect::Engine> engine = detect::Engine::compile(set, names);
  REQUIRE(engine.ok());
  detect::Session session(engine.value());
  RecordBatch batch;
  add_record(map, names, batch);
  const bool fast = !session.match(batch.records[0]).empty();
  const bool naive = oracle::hits(set.rules[0], batch.records[0], names);
  CHECK(fast == naive);
  const ReadBack kept(engine.value(), names);
  CHECK(!detect::Session(*kept.engine).match(batch.records[0]).empty() == naive);
  return naive;
}

/// The first problem of a text that must be refused: "LINE:COLUMN message".
inline std::string refusal(const std::string& text, detect::LoadOptions options = {}) {
  const detect::RuleSet set = rules_of(text, std::move(options));
  for (const detect::DocumentReport& report : set.documents)
    for (const yaml::Problem& problem : report.problems)
      return std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column) + " " + problem.message;
  return "nothing was refused";
}

}  // namespace logystera::test
