// Entries of a log store as records: each entry is one, however many lines it has.
//
// An entry is a text in an envelope: a time, and what the store knows of where it is from. The text is read like a line of a file, in
// the format that the texts of its group have (a Loki stream, a host). What it says itself comes before what the envelope says, but
// for the time: that is the store's, by which it is asked and sorts.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/record.hpp"
#include "parse/line_records.hpp"
#include "parse/source_options.hpp"
#include "parse/timestamp.hpp"

namespace logystera::source {

struct EntryField {
  std::string name, value;
  bool number = false;
};

/// What entries of one origin have in common.
struct EntryOrigin {
  std::string group;  // texts of one group have one format
  std::string host;
  std::vector<EntryField> fields;
};

struct Entry {
  std::int64_t time_ns = 0;  // Unix time
  std::string identity;      // tells it from others of its time; empty: group and text do
  std::string text;
  std::shared_ptr<const EntryOrigin> origin;  // not null
  std::vector<EntryField> fields;             // besides the origin's
  std::optional<Severity> severity;

  std::size_t bytes() const noexcept { return text.size() + identity.size(); }
};

class EntryRecords {
 public:
  /// `formats` and `names` outlive it; records name `source`, which is to live as long as they.
  EntryRecords(const std::string& source, const parse::Formats& formats, FieldNames& names,
               const parse::SourceOptions& options);

  /// Looks at entries that are to come: which format a group has is told by many texts, not by the first alone.
  void learn(const std::deque<Entry>& entries, std::size_t from);
  /// Clears `batch` and fills it with the first of `entries`, 256 KiB of text or one entry; they are taken away.
  void take(std::deque<Entry>& entries, RecordBatch& batch);

  const parse::SourceCounts& counts() const noexcept { return counts_; }
  void number_from(std::uint64_t records) noexcept { counts_.records = records; }
  /// Title of the format entries have; empty: none yet, or several.
  std::string_view format() const noexcept {
    return mixed_ || !format_ ? std::string_view() : std::string_view(format_->name);
  }

 private:
  struct Group {
    const parse::Format* format = nullptr;
    std::unique_ptr<parse::LineParser> parser;
    std::size_t sampled = 0;   // texts it was told by
    std::size_t unread = 0;    // texts since that are of another format
    std::size_t patience = 4;  // so many of them, and it is told anew
  };

  Group& group_of(const std::string& name);
  bool choose(Group& group, const parse::Format& format);
  void add(const Entry& entry, std::string_view text, RecordBatch& batch);
  bool read(Group& group, std::string_view text, RecordBatch& batch, Record& record);
  void add_fields(const std::vector<EntryField>& fields, std::size_t own, RecordBatch& batch);

  const std::string& source_;
  const parse::Formats& formats_;
  FieldNames& names_;
  const parse::SourceOptions options_;
  parse::TimeContext time_;
  std::unordered_map<std::string, Group> groups_;
  std::unique_ptr<parse::LineParser> plain_;
  const parse::Format* plain_format_;
  const parse::Format* format_ = nullptr;
  bool mixed_ = false;
  parse::SourceCounts counts_;
};

}  // namespace logystera::source
