#include "api/warm.hpp"

#include <chrono>
#include <optional>
#include <utility>

#include "analysis/stage.hpp"
#include "core/clock.hpp"
#include "parse/readers.hpp"
#include "source/memory_source.hpp"
#include "store/text.hpp"

namespace logystera::api {
namespace {

analysis::StageOptions stage_options(const analysis::Program& program, std::size_t cells) {
  analysis::StageOptions options = program.pipeline();
  options.mode = redact::Mode::redact;  // whatever the program is set to: what comes back is read by others than the sender
  options.window_cells = cells;
  return options;
}

struct First {
  bool time_known = false;
  RecordKind kind = RecordKind::text;
};
std::optional<First> first_record(std::string_view text, const std::string& source, const parse::Formats& formats,
                                  FieldNames& names, const parse::SourceOptions& options) {
  source::MemorySource log(text, source, formats, names, options);
  RecordBatch batch;
  for (;;) {
    auto state = log.next(batch, std::chrono::milliseconds(0));
    if (!state || state.value() == source::State::ended) return std::nullopt;
    if (!batch.records.empty()) return First{batch.records[0].time_known, batch.records[0].kind};
  }
}

// What one of the programs people sign in with has said ("Failed password for root …"), with the head that syslog puts before it, since
// rules go by the program: `source` is its name. Empty: the line has a head, or is of no such program.
std::string with_head(std::string_view line, const std::string& source, const parse::Formats& formats, FieldNames& names,
                      const parse::SourceOptions& options) {
  if (!parse::is_auth_program(source) || line.find('\n') != std::string_view::npos) return {};
  const auto bare = first_record(line, source, formats, names, options);
  if (!bare || bare->time_known || bare->kind != RecordKind::text) return {};
  std::string headed = rfc3339(wall_ns()) + " localhost " + source + ": ";
  headed += line;
  const auto read = first_record(headed, source, formats, names, options);
  return read && read->kind == RecordKind::auth ? headed : std::string();
}

}  // namespace

/// One source of one sender: its windows, and the names of fields it has brought.
struct Warm::Line {
  Line(std::shared_ptr<const analysis::Program> given, std::size_t cells)
      : program(std::move(given)),
        names(FieldNames::Over{program->names()}),
        stage(program->engine(), names, stage_options(*program, cells)),
        worker(stage.worker()) {}

  std::mutex mutex;
  std::shared_ptr<const analysis::Program> program;
  FieldNames names;
  analysis::Stage stage;
  analysis::Stage::Worker worker;
};

Warm::~Warm() = default;

std::size_t Warm::sources() const {
  const std::lock_guard lock(mutex_);
  return used_.size();
}

std::shared_ptr<Warm::Line> Warm::line_of(const std::string& key, const std::shared_ptr<const analysis::Program>& program) {
  const std::lock_guard lock(mutex_);
  if (const auto known = found_.find(key); known != found_.end()) {
    used_.splice(used_.begin(), used_, known->second);
    // With other rules, counting begins anew.
    if (used_.front().second->program != program) {
      used_.front().second = std::make_shared<Line>(program, limits_.window_cells);
    }
    return used_.front().second;
  }
  if (used_.size() >= limits_.sources) {
    found_.erase(used_.back().first);
    used_.pop_back();
  }
  used_.emplace_front(key, std::make_shared<Line>(program, limits_.window_cells));
  found_[key] = used_.begin();
  return used_.front().second;
}

Result<Looked> Warm::look(const std::string& sender, const std::string& source, std::string_view line,
                          const std::string& format) {
  auto program = program_.get();
  if (!program) return Error{program.error().message, ErrorKind::broken};
  if (!format.empty() && !program.value()->formats().find(format)) {
    return Error{"there is no format '" + format + "'", ErrorKind::not_found};
  }
  const auto own = line_of(sender + '\0' + source, program.value());
  const std::lock_guard lock(own->mutex);
  parse::SourceOptions options = own->program->pipeline().source;
  if (!format.empty()) options.format = format;
  const std::string headed =
      format.empty() ? with_head(line, source, own->program->formats(), own->names, options) : std::string();
  if (!headed.empty()) line = headed;
  source::MemorySource log(line, source, own->program->formats(), own->names, options);
  Looked looked;
  RecordBatch batch;
  analysis::Turn turn;
  for (;;) {
    auto state = log.next(batch, std::chrono::milliseconds(0));
    if (!state) return state.error();
    if (state.value() != source::State::records) break;
    for (const Record& record : batch.records) looked.parsed = looked.parsed || record.parsed;
    if (!own->stage.process(own->worker, batch, source, {.first_of_part = true}, turn)) break;
    for (analysis::Finding& finding : own->worker.findings) {
      finding.message = store::storable(finding.message);
      looked.findings.push_back(std::move(finding));
    }
    own->worker.findings.clear();
  }
  return looked;
}

}  // namespace logystera::api
