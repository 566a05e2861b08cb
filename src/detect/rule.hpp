// One intermediate form for every kind of rule: native YAML, Sigma rules, Sigma correlations, legacy Sigma aggregations.
//
// A rule is a *detection*: a boolean expression over the fields of one record, scoped by log source; or a *window*: something
// counted over time among the hits of other rules; or an *absence*: events that stay away. What a loader cannot say in these terms it refuses by name,
// so whatever is loaded is evaluated completely. The fast engine (engine.hpp) and the naive evaluator (tests/oracle) read
// the same form; this header is the definition both have to meet.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "yaml/yaml.hpp"

namespace logystera::detect {

using logystera::Level;
using logystera::level_from;
using logystera::level_name;

// ---- What a test looks at -----------------------------------------------------------------------------------------

/// Texts a record has outside its fields, and the whole of it.
enum class Part : std::uint8_t {
  field,     // a named field
  message,   // Record::message
  raw,       // Record::raw
  source,    // Record::source
  host,      // Record::host
  format,    // Record::format
  kind,      // its kind's name
  severity,  // its severity's name, upper case
  time,      // Record::time_ns, for the time tests; as text RFC 3339 in UTC to the second
  anywhere,  // keywords: raw, message, and the text of every field
};

/// One place to look: a part, and for fields the name as parsers write it.
struct Place {
  Part part = Part::field;
  std::string name;

  friend bool operator==(const Place&, const Place&) = default;
};

/// What a rule's author calls one field; under several names if log sources differ ("Image" is "NewProcessName" in the
/// Security channel). A test holds if it holds for any value of any of the places; absence means absent from all.
struct Subject {
  std::string written;        // as in the rule, for messages and conversion
  std::vector<Place> places;  // at least one
};

// ---- Tests --------------------------------------------------------------------------------------------------------

/// A piece of a wildcard pattern.
struct PatternPiece {
  enum class Kind : std::uint8_t { text, any_run, any_one };  // literal bytes, `*`, `?` (one UTF-8 character)
  Kind kind = Kind::text;
  std::string text;

  friend bool operator==(const PatternPiece&, const PatternPiece&) = default;
};
using Pattern = std::vector<PatternPiece>;

/// Network `bits` leading bits of `address`; IPv4 as ::ffff:a.b.c.d, `bits` counted in the 128.
struct Network {
  IpAddress address{};
  std::uint8_t bits = 128;
};

enum class Compare : std::uint8_t { less, less_equal, greater, greater_equal, equal, not_equal };
std::string_view compare_name(Compare compare) noexcept;  // "lt", "lte", …
bool holds(double value, Compare compare, double bound) noexcept;

enum class TimePart : std::uint8_t { minute, hour, day, week, month, year };

/// A comparison of one subject with something. Text tests compare without regard to case (case_fold.hpp) unless `cased`;
/// their pattern is folded then.
/// Values that are lists: the test holds if it holds for any item.
struct Test {
  enum class Kind : std::uint8_t {
    text,       // the whole text matches `pattern`
    regex,      // RE2 finds `regex` somewhere in the text; regex.hpp says in which characters
    number,     // the value is a number and holds(value, compare, number); texts that read as decimal numbers count
    boolean,    // boolean values, and the texts "true" and "false"
    null,       // no such field, or all its values are null
    exists,     // the field is there, whatever its value; `flag` false: it is not
    network,    // the text is an IP address within `network`
    field_ref,  // equals (or contains, starts, ends with, by `relation`) the text of any value of `other`
    time_part,  // that part of the date in the text (or of Part::time), UTC, and holds(part, compare, number)
  };
  enum class Relation : std::uint8_t { whole, contains, starts, ends };  // field_ref only

  Kind kind = Kind::text;
  bool cased = false;
  bool flag = false;                    // boolean, exists
  Compare compare = Compare::equal;     // number, time_part
  TimePart part = TimePart::minute;     // time_part
  Relation relation = Relation::whole;  // field_ref
  double number = 0;                    // number, time_part
  Subject subject;
  Subject other;      // field_ref
  Pattern pattern;    // text
  std::string regex;  // regex, RE2 syntax, flags inline
  Network network;
};

/// A tree of tests. `all` of nothing holds, `any` of nothing does not.
struct Expression {
  enum class Kind : std::uint8_t { test, all, any, negation };
  Kind kind = Kind::all;
  std::vector<Expression> children;  // negation: exactly one
  std::shared_ptr<const Test> test;  // kind test; shared, since Sigma's `1 of` repeats selections

  static Expression of(Test value);
  static Expression every(std::vector<Expression> children);  // a single child stands for itself
  static Expression some(std::vector<Expression> children);
  static Expression negate(Expression child);
};

// ---- Scope --------------------------------------------------------------------------------------------------------

/// A log source as Sigma names it; empty parts say nothing.
struct Logsource {
  std::string product;
  std::string category;
  std::string service;

  bool empty() const noexcept { return product.empty() && category.empty() && service.empty(); }
  std::string describe() const;  // "windows/process_creation", "linux/-/sshd"
  friend bool operator==(const Logsource&, const Logsource&) = default;
};

/// One way to recognise a record of the scope. Empty lists say nothing; all that is said must hold. Texts are compared
/// without regard to case.
struct ScopeChoice {
  std::uint16_t kinds = 0;  // bit per RecordKind; 0: any
  std::vector<std::string> formats;
  std::vector<std::string> programs;  // as written in the record, or the service that name belongs to (core/service.hpp)
  std::vector<std::string> channels;
  std::vector<std::string> providers;
  std::vector<std::int64_t> event_ids;
  bool absolute_url = false;             // only requests to a forward proxy: absolute URL or CONNECT
  std::vector<std::string> event_types;  // signals: exact event_type

  friend bool operator==(const ScopeChoice&, const ScopeChoice&) = default;
};

/// Which records a rule looks at: those any choice recognises, and those of a source the user declared to be of this
/// log source. With neither choices nor a log source: all records.
struct Scope {
  std::vector<ScopeChoice> choices;
  Logsource logsource;

  bool everything() const noexcept { return choices.empty() && logsource.empty(); }
  friend bool operator==(const Scope&, const Scope&) = default;
};

/// Whether `scope` takes in `record`; `declared` is what the user said its source is, possibly nothing.
bool in_scope(const Scope& scope, const Record& record, const Logsource& declared) noexcept;

// ---- Windows ------------------------------------------------------------------------------------------------------

/// Something counted among hits that share a group key and lie within `span_ns` of each other; the window slides, it does
/// not jump from boundary to boundary.
///
/// `count`, `distinct`, `sum` of numbers that are not negative, `temporal` and `ordered` under gt/gte conditions can only
/// become true by a hit: they fire with the hit that makes them true, and for the same group not again for `span_ns`.
/// Anything else (lt, lte, eq, neq, ranges, average, percentile) more hits may undo: it is judged once, when `span_ns`
/// after the group's first hit have passed or the input ends.
struct Window {
  enum class Kind : std::uint8_t {
    count,       // hits; one that stands for several equal events counts as many (Record::repeated)
    distinct,    // different values of `fields` (several: different combinations)
    sum,         // of `fields[0]`
    average,     // of `fields[0]`
    percentile,  // the `percentile`-th percentile of `fields[0]` (nearest rank)
    temporal,    // how many of `inputs` hit
    ordered,     // how many of `inputs` hit, each not before the one ahead of it
  };
  struct Bound {
    Compare compare = Compare::greater_equal;
    double number = 0;
  };
  /// A name for fields that differ between the inputs.
  struct Alias {
    std::string name;
    std::vector<std::pair<std::uint32_t, Subject>> fields;  // rule (index in the set) → its field
  };

  Kind kind = Kind::count;
  bool attempts = false;  // count: attempts to log in, each once, however many of the hits are about it (attempts.hpp)
  std::int64_t span_ns = 0;
  std::vector<std::uint32_t> inputs;  // indexes of rules in the set, all smaller than the window's own
  /// distinct, fires at once: those of the inputs whose hits are not counted but take the value they have out of what their group has
  /// counted until then: whoever mistypes and then logs in has guessed nothing. They stand behind the others.
  std::vector<std::uint32_t> forgiving;
  std::vector<Subject> group_by;  // absence of a field is a value of its own
  std::vector<Subject> fields;
  std::vector<Bound> bounds;  // all must hold; temporal and ordered: at least as many as inputs if empty
  std::vector<Alias> aliases;
  double percentile = 50;

  /// Fires with the hit (see above), or is judged when the window is full.
  bool fires_at_once() const noexcept;
  bool forgives(std::uint32_t input) const noexcept {
    return std::find(forgiving.begin(), forgiving.end(), input) != forgiving.end();
  }
};

// ---- First values, absence, alerts ----------------------------------------------------------------------------------

/// Lets a detection's hit through only if the values of `fields` are new at the site, or back after a long time. What was there
/// before is remembered across runs (seen_values.hpp).
struct SeenTest {
  std::vector<Subject> fields;  // 1 to kSeenFields; absence of a field is a value of its own
  bool back = false;  // false: not seen within `span_ns`; true: seen before, and the last time that long ago or longer
  std::int64_t span_ns = 0;
  std::int64_t learn_ns =
      0;  // a hit counts only once the site has been watched that long; until then it is remembered alone
};
inline constexpr std::size_t kSeenFields = 4;

/// Fires when events of a kind stay away: longer than `times` its usual pause, and `least_ns` at least (absence.hpp).
struct Absence {
  std::string event_type;  // exact; empty: of any type
  double times = 3;
  std::int64_t least_ns = 0;
};

/// What alerts are made of a rule's findings (`alert:`). Who raises alerts reads it; matching does not.
struct AlertBlock {
  enum class Kind : std::uint8_t {
    episode,    // something happened
    condition,  // something is so, until it clears
    none,       // a finding and no alert
  };
  static constexpr std::int64_t kNoRepeat = -1;
  static constexpr std::size_t kGroupFields = 2;

  Kind kind = Kind::episode;
  std::vector<Subject> group_by;             // of detections; windows group alerts by their own group_by
  std::int64_t for_s = 0;                    // condition: holds this long before it fires, seconds
  std::int64_t resolve_after_s = 24 * 3600;  // episode: quiet this long; condition: clear this long, seconds
  /// Seconds between repeats while it is active and nobody has acknowledged it, by level; kNoRepeat: none.
  std::array<std::int64_t, 5> cooldown_s{kNoRepeat, kNoRepeat, kNoRepeat, std::int64_t{12} * 3600, std::int64_t{4} * 3600};
  bool recommended = false;       // on for new sites
  std::vector<std::string> tags;  // that routes choose by
  std::vector<std::string>
      inhibited_by;  // ids of rules: while one of those has an open alert at the site, this one makes none
  // What a person reads who is not a specialist: what it means, why it matters, what to do, when it is harmless.
  std::string what, why, act, harmless;
};
std::string_view alert_kind_name(AlertBlock::Kind kind) noexcept;

/// Values of Sigma's `%name%` placeholders.
using PlaceholderValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// ---- Rules --------------------------------------------------------------------------------------------------------

enum class Dialect : std::uint8_t { native, sigma };

/// A rule's own example: records that must, or must not, make it fire. Written in the rule, run by the tests and by
/// `rules test` (sample.hpp makes records of it).
struct Sample {
  bool fires = true;
  yaml::Position at;
  std::vector<yaml::Node> records;  // maps of field to value; `kind`, `message`, `host`, `source` are the record's own
  std::string format;               // or lines of a log of that format,
  std::vector<std::string> lines;   // as they stand there
  std::uint32_t repeat = 1;         // the run of records, this often; `{n}` in a text becomes the round, from 1
  std::int64_t every_ns = 0;        // time from one record to the next; 0 with lines: their own times
  std::int64_t then_ns = 0;         // time that passes after the last record, for rules about absence
};

struct Rule {
  std::string id;    // unique in the set
  std::string name;  // Sigma's `name`, for references; may be empty
  std::string title;
  std::string description;
  std::string author;  // Sigma rules: shown with their findings, as their licence (DRL 1.1) asks
  Level level = Level::medium;
  std::vector<std::string> tags;
  std::vector<std::string> references;
  std::vector<std::string> false_positives;
  std::string status;
  std::string pack;   // file it was read from, as given
  yaml::Position at;  // of its document
  Dialect dialect = Dialect::native;
  bool silent = false;  // counted by windows only, makes no finding of its own

  std::vector<Sample> samples;  // native rules

  Scope scope;                     // of detections
  std::optional<Expression> when;  // a detection; an image of rules keeps it compiled alone (program_image.hpp)
  std::optional<Window> window;    // or a window
  std::optional<Absence> absence;  // or neither: events that stay away
  std::optional<SeenTest> seen;    // of detections: which hits count
  std::optional<AlertBlock> alert;
  /// Of the silent detection that `clear:` makes: the rule whose condition its hits end.
  std::optional<std::uint32_t> ends;

  bool is_window() const noexcept { return window.has_value(); }
  /// Holds for rules of an image too, which have no `when`.
  bool is_detection() const noexcept { return !window && !absence; }
};

/// What became of one document.
struct DocumentReport {
  enum class Kind : std::uint8_t { native_rule, sigma_rule, sigma_correlation, sigma_filter, unknown };
  std::string file;
  yaml::Position at;
  Kind kind = Kind::unknown;
  std::string id;  // empty if it could not be read
  std::string title;
  bool loaded = false;
  std::vector<yaml::Problem> problems;  // why it was refused, with where
  std::vector<yaml::Problem> warnings;  // loaded, but worth a look
};
std::string_view document_kind_name(DocumentReport::Kind kind) noexcept;

/// Rules that belong together: references resolved, windows after their inputs.
struct RuleSet {
  std::vector<Rule> rules;
  std::vector<DocumentReport> documents;  // one per document met, in order, refused ones included
  // Documents met that are not in the list, all of them loaded without a word; only of a set that was read from an image.
  std::size_t other_documents = 0;

  std::size_t refused() const noexcept;
  std::size_t met() const noexcept { return documents.size() + other_documents; }
  const Rule* find(std::string_view id) const noexcept;
};

}  // namespace logystera::detect
