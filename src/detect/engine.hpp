// Matching records against thousands of detections at once.
//
// A RuleSet is compiled once into an Engine, which never changes afterwards and is shared by threads; each thread owns a
// Session, which holds what one record needs. Detections become an index in three steps:
//   1. Scope: a record is looked at by the rules of its log source only. Which those are is decided once for each
//      combination of kind, format, program, channel and event number and then remembered.
//   2. Guard: every expression is searched for the cheapest set of positive tests of which one must hold if the rule is to
//      match at all. Their literals go into one LiteralIndex for each log source and field, their numbers into a table.
//      Rules without such a set are looked at for every record of their log source.
//   3. Confirmation: rules whose guard was hit are evaluated in full. A test is evaluated at most once for a record,
//      however many rules share it; a test for a plain text, not at all: the index looks for all of those, guards or not,
//      and what it did not find is not there.
// Step 2 only ever leaves out rules that cannot match, so what comes out is what the naive evaluator in tests/oracle says;
// tests compare the two over real events and random rules.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

struct EngineStats {
  std::size_t detections = 0;  // rules with an expression
  std::size_t tests = 0;       // different ones
  std::size_t scopes = 0;
  std::size_t guarded = 0;   // detections with a guard
  std::size_t literals = 0;  // filed in indexes
};

class Session;

class Engine {
 public:
  /// Compiles the detections of `rules`, which must outlive the engine, for records whose field names are numbered by
  /// `names`. Names the rules use are added to it; an error if it has no room for them.
  static Result<Engine> compile(const RuleSet& rules, FieldNames& names);

  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  const EngineStats& stats() const noexcept;
  const RuleSet& rules() const noexcept;

  struct Program;  // what compile() makes; known to the engine's own source only
  /// For those sources (explain.hpp describes it to everybody else).
  const Program& program() const noexcept { return *program_; }

 private:
  friend class Session;
  friend struct EngineImage;
  explicit Engine(std::unique_ptr<const Program> program);
  std::unique_ptr<const Program> program_;
};

/// One thread's use of an Engine, which must outlive it.
class Session {
 public:
  explicit Session(const Engine& engine);
  ~Session();
  Session(Session&&) noexcept;

  /// What the user said the coming records' source is ("product=aws,service=cloudtrail"); empty for nothing.
  void declare(Logsource source);

  /// Indexes of the detections that hit `record`, ascending; silent ones included. Valid until the next call.
  std::span<const std::uint32_t> match(const Record& record);

  /// What a detection makes of the record of the last match(), which is still there: for whoever asks why it has not hit.
  struct Look {
    bool in_scope = false;  // it looks at such records at all
    std::vector<bool>
        holds;  // whether each part of its condition does, in the order explain() has them, a parent before its children; empty out of scope
  };
  Look look(std::uint32_t rule);

  /// How many detections were confirmed in full since the session began: the work the guards did not save.
  std::uint64_t confirmations() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logystera::detect
