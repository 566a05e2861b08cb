#include "source/entry_records.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/clock.hpp"
#include "parse/detection.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kGroups = 1'024;     // remembered; beyond it all are told anew
constexpr std::size_t kSampleTexts = 200;  // a format is told by
constexpr std::size_t kSettledTexts = 20;  // fewer, and more are looked at when they come
constexpr std::size_t kSampleBytes = 64 * 1024;
constexpr std::size_t kPatienceMost = 4'096;
constexpr std::size_t kBatchBytes = 256 * 1024;
constexpr std::size_t kFieldsMost = 256;  // of an entry's envelope

std::string_view first_line(std::string_view text) noexcept { return text.substr(0, text.find('\n')); }

// Whether a text over many lines is one to its reader.
bool reads_lines_as_one(const parse::Format& format) { return format.reader == "json"; }

}  // namespace

EntryRecords::EntryRecords(const std::string& source, const parse::Formats& formats, FieldNames& names,
                           const parse::SourceOptions& options)
    : source_(source),
      formats_(formats),
      names_(names),
      options_(options),
      time_(wall_ns(), options.zone),
      plain_format_(formats.find("plaintext")) {
  if (!plain_format_) return;
  if (auto plain = parse::make_parser(*plain_format_, {names_, time_})) plain_ = std::move(plain).value();
}

EntryRecords::Group& EntryRecords::group_of(const std::string& name) {
  if (groups_.size() >= kGroups && !groups_.contains(name)) groups_.clear();
  return groups_[name];
}

bool EntryRecords::choose(Group& group, const parse::Format& format) {
  if (group.format == &format) return true;
  auto parser = parse::make_parser(format, {names_, time_});
  if (!parser) return false;
  group.parser = std::move(parser).value();
  group.format = &format;
  mixed_ |= format_ && format_ != &format;
  format_ = &format;
  return true;
}

void EntryRecords::learn(const std::deque<Entry>& entries, std::size_t from) {
  time_.set_now(wall_ns());
  struct Sample {
    std::string text;
    std::size_t texts = 0;
  };
  std::unordered_map<std::string_view, Sample> samples;
  for (std::size_t i = from; i < entries.size(); ++i) {
    const Entry& entry = entries[i];
    if (samples.size() >= kGroups && !samples.contains(entry.origin->group)) break;
    Sample& sample = samples[entry.origin->group];
    if (sample.texts >= kSampleTexts || sample.text.size() + entry.text.size() > kSampleBytes) continue;
    sample.text += first_line(entry.text);
    sample.text += '\n';
    ++sample.texts;
  }
  for (const auto& [name, sample] : samples) {
    Group& group = group_of(std::string(name));
    if (!options_.format.empty()) {
      if (const parse::Format* given = formats_.find(options_.format)) choose(group, *given);
      continue;
    }
    const bool settled = group.format && group.sampled >= kSettledTexts && group.unread < group.patience;
    if (settled) continue;
    if (group.unread >= group.patience) group.patience = std::min(group.patience * 2, kPatienceMost);
    const parse::Detection found = parse::detect_log(sample.text, true, formats_, time_);
    group.sampled = found.format && found.format != plain_format_ ? std::max(group.sampled, sample.texts)
                                                                  : group.sampled + sample.texts;
    group.unread = 0;
    // What fits nothing now may be a part of what fitted before.
    if (found.format && (found.format != plain_format_ || !group.format)) choose(group, *found.format);
  }
}

void EntryRecords::take(std::deque<Entry>& entries, RecordBatch& batch) {
  batch.clear();
  std::size_t count = 0, bytes = 0;
  while (count < entries.size() && (count == 0 || bytes + entries[count].text.size() <= kBatchBytes))
    bytes += std::min(entries[count++].text.size(), options_.line_bytes);
  batch.text.resize(bytes);
  std::size_t at = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Entry& entry = entries.front();
    const std::size_t size = std::min(entry.text.size(), options_.line_bytes);
    if (size > 0) std::memcpy(batch.text.data() + at, entry.text.data(), size);
    add(entry, batch.text.view().substr(at, size), batch);
    at += size;
    entries.pop_front();
  }
}

// The text alone, as its group is read; false: it is not of that format.
bool EntryRecords::read(Group& group, std::string_view text, RecordBatch& batch, Record& record) {
  if (!group.parser || group.format == plain_format_) return false;
  const std::uint64_t before = group.parser->unnamed_fields();
  const std::string_view line = reads_lines_as_one(*group.format) ? text : first_line(text);
  record.format = group.format->name;
  if (group.parser->read(line, batch, record) != parse::LineRead::record) {
    batch.drop_fields();
    ++group.unread;
    return false;
  }
  counts_.unnamed_fields += group.parser->unnamed_fields() - before;
  if (line.size() < text.size()) batch.add_text(field::stack_trace, text.substr(line.size() + 1));
  record.parsed = true;
  return true;
}

void EntryRecords::add_fields(const std::vector<EntryField>& fields, std::size_t own, RecordBatch& batch) {
  for (const EntryField& field : fields) {
    const FieldId id = names_.add(field.name);
    if (id == field::none) {
      ++counts_.unnamed_fields;
      continue;
    }
    const Value* const cells = batch.open_cells();
    if (std::any_of(cells, cells + own, [id](const Value& value) { return value.field == id; })) continue;
    if (batch.open_fields() >= own + kFieldsMost) return;
    const std::string_view value = batch.arena.copy(field.value);
    if (field.number) batch.add_number(id, value);
    else batch.add_text(id, value);
  }
}

void EntryRecords::add(const Entry& entry, std::string_view text, RecordBatch& batch) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  ++counts_.lines;
  counts_.bytes += entry.text.size();
  Record record;
  record.source = source_;
  record.raw = text;
  record.line = ++counts_.records;
  record.truncated = entry.text.size() > options_.line_bytes;
  if (record.truncated) {
    ++counts_.truncated;
    counts_.truncated_bytes += entry.text.size() - options_.line_bytes;
  }
  batch.begin_fields();
  Group& group = group_of(entry.origin->group);
  const bool structured = read(group, text, batch, record);
  if (!structured) {
    const Record empty = record;
    record.format = plain_format_ ? std::string_view(plain_format_->name) : std::string_view();
    const std::string_view line = first_line(text);
    if (!plain_ || plain_->read(line, batch, record) != parse::LineRead::record) {
      batch.drop_fields();
      record = empty;
      record.message = line;
    }
    if (line.size() < text.size()) batch.add_text(field::stack_trace, text.substr(line.size() + 1));
    record.raw = text;
    // Text is what such entries are; it is only told where its group has a format.
    record.parsed = !group.format || group.format == plain_format_;
    counts_.unparsed += !record.parsed;
  }
  record.time_ns = entry.time_ns;
  record.time_known = true;
  if (entry.severity && (!structured || record.severity == Severity::info)) record.severity = *entry.severity;
  if (record.host.empty()) record.host = batch.arena.copy(entry.origin->host);
  const std::size_t own = batch.open_fields();
  add_fields(entry.fields, own, batch);
  add_fields(entry.origin->fields, batch.open_fields(), batch);
  batch.end_fields(record);
  batch.records.push_back(record);
}

}  // namespace logystera::source
