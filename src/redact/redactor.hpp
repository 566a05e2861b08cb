// Records in, records without personal data out.
//
// Order of things: detection may look at a record first, in memory; then it is redacted in place; only then may anything of
// it be stored, shown or sent. A finding is replaced wherever it stands: in the field it was found in, in the message and in
// the raw line. Names of fields stay in the record, being numbers of a table that is shared: FieldLabels (labels.hpp) has
// what may be shown of them.
//
//   Redactor redactor({.salt = salt});
//   redactor.begin_source();
//   while (reader.next(batch)) { detect(batch); redactor.redact(batch, names); store(batch); }
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "redact/clean_texts.hpp"
#include "redact/field_traits.hpp"
#include "redact/finder.hpp"
#include "redact/patterns.hpp"
#include "redact/private_key.hpp"
#include "redact/pseudonym.hpp"
#include "redact/rewriter.hpp"

namespace logystera::redact {

struct Options {
  Mode mode = Mode::redact;
  std::string salt;                    // from resolve_salt(); only mode redact uses it
  unsigned digits = kPseudonymDigits;  // hex digits of a pseudonym, 8-64
  std::vector<Pattern> patterns;       // own patterns
};

/// One per thread: it has scratch memory, and follows one source at a time.
class Redactor {
 public:
  explicit Redactor(Options options);
  /// Another one with the same options, for another thread: both remember pseudonyms of addresses in one place.
  Redactor(const Redactor& other);
  Redactor& operator=(const Redactor&) = delete;

  /// Resets what carries over from record to record (a private key whose end has not come yet). Call it when a source begins.
  void begin_source() noexcept { key_lines_.set_open(0); }
  /// What carries over from record to record, for callers that hand a source's batches to several redactors in turn.
  std::uint32_t open_key() const noexcept { return key_lines_.open(); }
  void continue_source(std::uint32_t open_key) noexcept { key_lines_.set_open(open_key); }

  /// Looks the batch through ahead of `redact(batch, …)`, which must be the next call and has that much less to do. Says
  /// whether a private key may begin in it.
  bool look_ahead(const RecordBatch& batch);

  /// The same answer without that work.
  static bool may_begin_key(const RecordBatch& batch) noexcept;

  /// Redacts every record of the batch in place; new texts live in the batch's arena. `names` is the table the batch's
  /// fields are numbered by. Numbers shorter than the shortest card number are left alone; typed addresses are
  /// replaced without a search; what a field may hold follows from its name.
  void redact(RecordBatch& batch, const FieldNames& names);
  /// One record, the same way.
  void redact(Record& record, Arena& arena, const FieldNames& names);

  /// A text on its own. Returns `text` itself if there is nothing to replace, else a new text in `arena`. Of a text longer
  /// than kTextBytes only the head is returned.
  std::string_view redact(std::string_view text, Context context, Arena& arena);

  /// The name of a field as it may be shown (see FieldLabels). Not counted: names count with the records that have them.
  std::string redact_name(std::string_view name);

  /// Findings by kind since construction, in every mode the same. A place of the raw line counts once, however many fields
  /// show it. What a record holds beside its line (decoded values the line has in no form, names of fields, Windows events,
  /// which have no line) counts once a record for each different value.
  const std::array<std::uint64_t, kKinds>& counts() const noexcept { return counts_; }
  std::uint64_t total() const noexcept;

  Mode mode() const noexcept { return options_.mode; }

 private:
  void redact_record(Record& record, Arena& arena, const FieldNames& names);
  void redact_value(Value& value, FieldTrait trait, std::string_view raw, Arena& arena);
  void redact_list(Value& value, Context context, std::string_view raw, Arena& arena);
  void count_name(std::string_view name, std::string_view raw);
  static bool share_text(const RecordBatch& batch) noexcept;
  std::span<const Candidate> candidates_from(std::size_t place) noexcept;
  bool may_have_findings(std::string_view part, std::size_t base) noexcept;
  bool may_be_escaped(std::string_view raw) noexcept;
  bool cannot_have_findings(const Value& value, std::string_view raw) noexcept;
  void confirm_part(std::string_view part, std::size_t base, Context context, std::vector<Hit>& hits);
  void redact_outside_line(std::string_view& part, std::string_view raw, Arena& arena);
  std::string_view redact_within_line(std::string_view part, std::string_view raw, Arena& arena);
  void follow_private_key(Record& record, std::string_view raw, Arena& arena);
  void order_decided();
  bool is_decided(const Hit& hit) const noexcept;
  bool withholds(std::string_view raw);
  bool looked_for(Kind kind, std::string_view value);
  void find_beside_in_line(std::string_view raw);
  void note_in_raw(std::string_view raw, std::string_view part, std::span<const Hit> hits);
  bool find_in_raw(std::string_view raw, std::string_view value, Hit hit);
  void count(std::span<const Hit> hits) noexcept;
  void count_outside_line(Kind kind, std::string_view value);

  Options options_;
  Finder finder_;
  Rewriter rewriter_;
  std::array<std::uint64_t, kKinds> counts_{};
  FieldTraits traits_;
  PrivateKeyLines key_lines_;
  CleanTexts clean_texts_;

  // Scratch of one record.
  const char* candidates_text_ = nullptr;       // the text candidates' positions count from: the batch's, or the raw line
  std::span<const Candidate> line_candidates_;  // the raw line's
  std::size_t cursor_ = 0;                      // of line_candidates_: the first in the part searched last
  std::vector<Candidate> candidates_;
  std::vector<Candidate> batch_candidates_;
  std::string_view batch_text_;       // the batch's text, if the raw line is part of it
  std::size_t escapes_from_ = 0;      // there is no '%' and no '\\' in it from here
  std::size_t next_escape_ = 0;       // up to here, where there is one or the end
  bool looked_ahead_ = false;         // batch_candidates_ are those of the coming batch
  std::vector<Candidate> undecided_;  // candidates no field has decided about; positions in the raw line
  std::vector<Hit> raw_hits_;
  std::vector<Hit> hits_;
  std::vector<Hit> clipped_;
  struct Span {
    std::uint32_t begin, end;
    std::uint32_t furthest = 0;  // end of it and those before it
  };
  std::vector<Span> decided_;      // bytes of the raw line whose field alone decides what they hold
  bool escaped_ = false;           // the raw line has escapes, undone in the finder
  std::vector<Hit> escaped_hits_;  // what undoing them showed, as places of the raw line
  // Findings the raw line does not have, each once: kind and value.
  std::vector<std::pair<Kind, std::string>> outside_line_;
  std::vector<std::pair<Kind, std::string_view>> looked_for_;  // in the line; texts of the record
  std::size_t searched_ = 0;                                   // bytes of the line, for them
  std::vector<Hit> name_hits_;
  Finder value_finder_;  // for texts outside the line: finder_ must still hold the line's unescaped text
};

}  // namespace logystera::redact
