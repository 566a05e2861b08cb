// Logs of a test, and what SQL answers of them.
#pragma once

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "analysis/program.hpp"
#include "ask/sql.hpp"
#include "catch.hpp"
#include "scratch.hpp"

namespace logystera::testing {

class Asked {
 public:
  struct Setting {
    filter::Question question;
    std::string mode = "redact";
    std::string timezone = "UTC";
    unsigned threads = 2;
    ask::SqlLimits limits = {};
  };
  struct Answer {
    std::vector<std::string> columns, rows;  // cells joined by "|", NULL as "-"
    std::string error, drawing;
    ErrorKind kind = ErrorKind::failed;

    bool ok() const { return error.empty(); }
  };

  void write(const std::string& name, const std::string& text) {
    std::ofstream(scratch_->file(name), std::ios::binary) << text;
    paths_.push_back(scratch_->file(name));
  }
  const std::vector<std::string>& paths() const { return paths_; }

  /// A program of its own for each, as a run of the command has.
  Result<ask::Logs> logs(const Setting& setting) const {
    analysis::ProgramOptions options;
    options.rules = false;
    options.mode = setting.mode;
    options.timezone = setting.timezone;
    options.salt = "salt";
    options.threads = setting.threads;
    options.question = setting.question;
    options.now = 1'779'098'401;
    options.plugins.directory.clear();
    analysis::ProgramNotes notes;
    auto program = analysis::Program::make(options, notes);
    if (!program) return program.error();
    auto sets = source::find_sources(paths_);
    if (!sets) return sets.error();
    return ask::Logs::open(std::move(sets).value(), std::move(program).value(), [] { return false; });
  }

  Answer ask(const std::string& statement) const { return ask(statement, Setting()); }
  Answer ask(const std::string& statement, const Setting& setting) const {
    auto opened = logs(setting);
    if (!opened) return failed(opened.error());
    auto sql = ask::Sql::open(opened.value(), statement, setting.limits, [] { return false; });
    if (!sql) return failed(sql.error());
    Answer answer = answer_of(*sql.value(), statement);
    if (!answer.ok()) return answer;
    for (const std::string& problem : sql.value()->problems()) answer.rows.push_back("problem: " + problem);
    return answer;
  }
  /// What each of many is answered with, of one connection.
  std::vector<Answer> ask_each(const std::vector<std::string>& statements, const Setting& setting) const {
    auto opened = logs(setting);
    REQUIRE(opened.ok());
    auto sql = ask::Sql::open(opened.value(), "", setting.limits, [] { return false; });
    REQUIRE(sql.ok());
    std::vector<Answer> answers;
    for (const std::string& statement : statements) answers.push_back(answer_of(*sql.value(), statement));
    return answers;
  }

 private:
  struct Sink final : ask::RowSink {
    Answer answer;

    bool begin(const std::vector<std::string>& columns) override {
      answer.columns = columns;
      return true;
    }
    bool row(std::span<const ask::Cell> cells) override {
      std::string line;
      for (const ask::Cell& cell : cells) {
        if (&cell != cells.data()) line += "|";
        switch (cell.kind) {
          case ask::Cell::Kind::null: line += "-"; break;
          case ask::Cell::Kind::integer: line += std::to_string(cell.integer); break;
          case ask::Cell::Kind::real: line += std::to_string(cell.real); break;
          case ask::Cell::Kind::text: line += cell.text; break;
        }
      }
      answer.rows.push_back(line);
      return true;
    }
  };
  static Answer answer_of(ask::Sql& sql, const std::string& statement) {
    Sink sink;
    auto done = sql.run(statement, sink);
    return done ? sink.answer : failed(done.error());
  }
  static Answer failed(Error error) {
    Answer answer;
    answer.drawing = filter::take_drawing(error);
    answer.error = error.message;
    answer.kind = error.kind;
    return answer;
  }

  std::shared_ptr<Scratch> scratch_ = std::make_shared<Scratch>();
  std::vector<std::string> paths_;
};

}  // namespace logystera::testing
