// The public Sigma collection, as far as it is at hand: everything loads, or is refused with a place and a reason.
#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <sstream>

#include "catch.hpp"
#include "data.hpp"
#include "detect/convert.hpp"
#include "detect/engine.hpp"
#include "detect/loader.hpp"
#include "oracle/rule_oracle.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"
#include "read_back.hpp"
#include "windows_json.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

constexpr const char* kMainSet[] = {"rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting"};

std::string sigma_directory() {
  const std::string data = test::data_directory();
  return data.empty() ? data : data + "/sigma";
}

RuleSet load(std::initializer_list<const char*> folders, LoadOptions options = {}) {
  Loader loader(std::move(options));
  for (const char* folder : folders) {
    const Result<Done> added = loader.add_directory(sigma_directory() + "/" + folder);
    INFO(folder);
    REQUIRE(added.ok());
  }
  return loader.finish();
}

std::string problems(const RuleSet& set) {
  std::string text;
  for (const DocumentReport& report : set.documents)
    for (const yaml::Problem& problem : report.problems) text += yaml::describe(report.file, problem) + "\n";
  return text;
}

}  // namespace

TEST_CASE("sigma_main_set_loads_completely_once_placeholders_are_known") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  LoadOptions options;
  options.placeholders["known_cdcs"] = {};
  const RuleSet set = load({kMainSet[0], kMainSet[1], kMainSet[2], kMainSet[3]}, options);
  INFO(problems(set));
  CHECK(set.documents.size() == 3757);
  CHECK(set.refused() == 0);
  CHECK(set.rules.size() == 3757);
}

TEST_CASE("sigma_rules_with_an_unknown_placeholder_are_refused_by_name") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({"rules-emerging-threats"});
  CHECK(set.refused() == 2);
  for (const DocumentReport& report : set.documents) {
    if (report.loaded) continue;
    REQUIRE(report.problems.size() == 1);
    CHECK(report.problems[0].message.find("%known_cdcs%") != std::string::npos);
    CHECK(report.problems[0].at.line > 1);
  }
}

TEST_CASE("sigma_legacy_aggregations_are_converted_or_refused_by_name") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({"unsupported", "deprecated"});
  INFO(problems(set));
  std::size_t windows = 0, refused = 0;
  for (const Rule& rule : set.rules) windows += rule.is_window();
  for (const DocumentReport& report : set.documents) {
    if (report.loaded) continue;
    ++refused;
    CHECK(report.problems.size() >= 1);
    CHECK(report.problems[0].at.line > 0);
  }
  // 55 aggregations: 12 have no timeframe, one asks for an absence; the other 42 are windows.
  CHECK(windows == 42);
  CHECK(refused == 27);
}

namespace {

struct RegressionCase {
  std::string rule_id;
  std::filesystem::path json;  // the .evtx lies beside it
  std::uint64_t expected = 1;
};

// Every folder with an info.yml that says what to run: the rule, its events, and how many must match.
std::vector<RegressionCase> regression_cases() {
  std::vector<RegressionCase> cases;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sigma_directory() + "/regression_data")) {
    if (entry.path().filename() != "info.yml") continue;
    const yaml::Documents info = yaml::parse(test::read_file(entry.path()));
    REQUIRE(info.ok());
    const yaml::Node& root = info.roots.at(0);
    const yaml::Node* runs = root.find("regression_tests_info");
    if (!runs) continue;
    RegressionCase next;
    next.rule_id = root.find("rule_metadata")->items.at(0).find("id")->text;
    if (const yaml::Node* count = runs->items.at(0).find("match_count"))
      next.expected = static_cast<std::uint64_t>(count->integer);
    const std::filesystem::path events = runs->items.at(0).find("path")->text;
    next.json = entry.path().parent_path() / (events.stem().string() + ".json");
    cases.push_back(next);
  }
  return cases;
}

LoadOptions with_placeholders() {
  LoadOptions options;
  options.placeholders["known_cdcs"] = {};
  return options;
}

}  // namespace

TEST_CASE("sigma_regression_cases_match_from_json_and_engine_agrees_with_oracle") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({kMainSet[0], kMainSet[1], kMainSet[2], kMainSet[3]}, with_placeholders());
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  const std::vector<RegressionCase> cases = regression_cases();
  CHECK(cases.size() == 100);  // the 101st is text, below
  std::size_t matched = 0, differences = 0, records = 0;
  for (const RegressionCase& one : cases) {
    INFO(one.json.string());
    const Rule* wanted = set.find(one.rule_id);
    REQUIRE(wanted != nullptr);
    std::uint64_t hits = 0;
    test::each_json_event(test::json_lines(test::read_file(one.json)), names, [&](const Record& record) {
      ++records;
      std::set<std::uint32_t> fast;
      for (std::uint32_t rule : session.match(record)) {
        fast.insert(rule);
        if (&set.rules[rule] == wanted) ++hits;
      }
      std::set<std::uint32_t> naive;
      for (std::uint32_t rule = 0; rule < set.rules.size(); ++rule)
        if (oracle::hits(set.rules[rule], record, names)) naive.insert(rule);
      if (fast != naive) ++differences;
    });
    CHECK(hits >= one.expected);
    matched += hits >= one.expected;
  }
  CHECK(matched == cases.size());
  CHECK(differences == 0);
  CHECK(records == 114);
}

TEST_CASE("sigma_regression_case_in_text_matches_once_its_source_is_declared") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({"rules"}, with_placeholders());
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  const std::string folder = sigma_directory() + "/regression_data/rules/cisco/aaa/cisco_cli_dot1x_disabled/";
  const std::string id = "ef0ff092-a24a-4fbc-beea-06c08d53e085";
  const std::string text = test::read_file(folder + id + ".raw");
  REQUIRE(!text.empty());
  for (const bool declared : {false, true}) {
    Session session(engine.value());
    if (declared) session.declare({"cisco", "", "aaa"});
    std::size_t hits = 0;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      Record record;
      record.raw = record.message = line;
      for (std::uint32_t rule : session.match(record)) hits += set.rules[rule].id == id;
    }
    CHECK((hits > 0) == declared);
  }
}

namespace {

// Calls `visit` with every record of an EVTX file, damaged ones as far as they can be read.
template <typename Visit>
void each_event(const std::filesystem::path& path, FieldNames& names, Visit&& visit) {
  static const Result<parse::Formats> formats = parse::Formats::built_in();
  REQUIRE(formats.ok());
  Result<parse::Source> source = parse::Source::open(path.string(), formats.value(), names);
  INFO(path.string());
  if (!source.ok()) return;  // an edge case that is no log at all
  RecordBatch batch;
  while (source->next_batch(batch))
    for (const Record& record : batch.records) visit(record);
}

std::vector<std::filesystem::path> event_files(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == ".evtx") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

TEST_CASE("sigma_regression_cases_match_from_evtx") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({kMainSet[0], kMainSet[1], kMainSet[2], kMainSet[3]}, with_placeholders());
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  std::size_t matched = 0;
  for (const RegressionCase& one : regression_cases()) {
    std::filesystem::path evtx = one.json;
    evtx.replace_extension(".evtx");
    const Rule* wanted = set.find(one.rule_id);
    REQUIRE(wanted != nullptr);
    std::uint64_t hits = 0;
    each_event(evtx, names, [&](const Record& record) {
      for (std::uint32_t rule : session.match(record)) hits += &set.rules[rule] == wanted;
    });
    INFO(evtx.string());
    CHECK(hits >= one.expected);
    matched += hits >= one.expected;
  }
  CHECK(matched == 100);
}

TEST_CASE("an_event_is_the_same_record_from_json_and_from_evtx") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  struct Event {
    std::string host, message;
    std::int64_t time;
    Severity severity;
    RecordKind kind;
    std::set<std::string> fields;
  };
  FieldNames names;
  std::size_t compared = 0;
  for (const RegressionCase& one : regression_cases()) {
    INFO(one.json.string());
    std::map<std::string, Event> from_evtx, from_json;
    const auto keep = [&](std::map<std::string, Event>& events) {
      return [&](const Record& record) {
        Event& event = events[std::string(record.text(names.find("EventRecordID")))];
        event = {std::string(record.host),
                 std::string(record.message),
                 record.time_ns / 1'000,
                 record.severity,
                 record.kind,
                 {}};
        for (const Value& value : record)
          if (value.kind != Value::Kind::null) event.fields.emplace(names.name(value.field));
        event.fields.erase("Event.#attributes.xmlns");
      };
    };
    std::filesystem::path evtx = one.json;
    each_event(evtx.replace_extension(".evtx"), names, keep(from_evtx));
    test::each_json_event(test::json_lines(test::read_file(one.json)), names, keep(from_json));
    CHECK(from_json.size() > 0);
    for (const auto& [number, event] : from_json) {
      INFO(number);
      REQUIRE(from_evtx.contains(number));
      const Event& other = from_evtx[number];
      CHECK(event.fields == other.fields);
      CHECK(event.host == other.host);
      CHECK(event.message == other.message);
      CHECK(event.time == other.time);
      CHECK(event.severity == other.severity);
      CHECK(event.kind == other.kind);
      ++compared;
    }
  }
  CHECK(compared >= 100);
}

TEST_CASE("engine_agrees_with_oracle_on_every_event_and_every_sigma_rule") {
  const std::string data = test::data_directory();
  if (data.empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({kMainSet[0], kMainSet[1], kMainSet[2], kMainSet[3]}, with_placeholders());
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  const test::ReadBack kept(engine.value(), names);
  Session kept_session(*kept.engine);
  std::size_t records = 0, hits = 0, differences = 0, lost = 0;
#ifdef __SANITIZE_ADDRESS__
  constexpr std::size_t kEach = 8;  // the sanitized run looks for other faults, and takes as long with an eighth
#else
  constexpr std::size_t kEach = 1;
#endif
  std::size_t read = 0;
  const auto compare = [&](const Record& record) {
    if (read++ % kEach != 0) return;
    ++records;
    std::vector<std::uint32_t> naive;
    for (std::uint32_t rule = 0; rule < set.rules.size(); ++rule)
      if (oracle::hits(set.rules[rule], record, names)) naive.push_back(rule);
    const std::span<const std::uint32_t> fast = session.match(record);
    hits += naive.size();
    const std::span<const std::uint32_t> again = kept_session.match(record);
    lost += !std::equal(again.begin(), again.end(), naive.begin(), naive.end());
    if (std::equal(fast.begin(), fast.end(), naive.begin(), naive.end())) return;
    ++differences;
    for (std::uint32_t rule : fast)
      if (!std::binary_search(naive.begin(), naive.end(), rule)) UNSCOPED_INFO("only the engine: " << set.rules[rule].pack);
    for (std::uint32_t rule : naive)
      if (!std::binary_search(fast.begin(), fast.end(), rule)) UNSCOPED_INFO("only the oracle: " << set.rules[rule].pack);
  };
  for (const std::filesystem::path& file : event_files(data + "/evtx")) each_event(file, names, compare);
  CHECK(differences == 0);
  CHECK(lost == 0);  // by going through an image
  CHECK(records > 1000);
  CHECK(hits > 100);
  WARN(records << " events, " << set.rules.size() << " rules, " << hits << " hits, " << differences << " differences");
}

TEST_CASE("sigma_rules_converted_to_native_load_and_hit_the_same_events") {
  if (sigma_directory().empty()) {
    WARN("skipped: the shared test data is not at hand (LOGYSTERA_DATA)");
    return;
  }
  const RuleSet set = load({kMainSet[0], kMainSet[1], kMainSet[2], kMainSet[3]}, with_placeholders());
  Loader loader;
  std::vector<std::uint32_t> origin;  // converted rule → Sigma rule
  for (std::uint32_t i = 0; i < set.rules.size(); ++i) {
    Result<std::string> native = to_native(set, i);
    if (!native) {
      // What can never match, since its placeholder is empty, cannot be said.
      CHECK(native.error().message.find("always or never") != std::string::npos);
      continue;
    }
    loader.add_text(set.rules[i].id, native.value());
    origin.push_back(i);
  }
  const RuleSet converted = loader.finish();
  INFO(problems(converted));
  REQUIRE(converted.refused() == 0);
  REQUIRE(converted.rules.size() == origin.size());
  CHECK(set.rules.size() - origin.size() <= 2);
  FieldNames names;
  Result<Engine> sigma = Engine::compile(set, names), native = Engine::compile(converted, names);
  REQUIRE(sigma.ok());
  REQUIRE(native.ok());
  Session sigma_session(sigma.value()), native_session(native.value());
  std::size_t hits = 0, differences = 0;
  for (const std::filesystem::path& file : event_files(test::data_directory() + "/evtx"))
    each_event(file, names, [&](const Record& record) {
      std::vector<std::uint32_t> found;
      for (std::uint32_t rule : native_session.match(record)) found.push_back(origin[rule]);
      const std::span<const std::uint32_t> wanted = sigma_session.match(record);
      hits += wanted.size();
      if (!std::equal(wanted.begin(), wanted.end(), found.begin(), found.end())) ++differences;
    });
  CHECK(hits > 100);
  CHECK(differences == 0);
}
