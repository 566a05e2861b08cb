// The built-in packs: every rule loads, has samples both ways, and does what its samples say, on lines as the parsers read
// them.
#include <algorithm>
#include <set>

#include "catch.hpp"
#include "data.hpp"
#include "detect/engine.hpp"
#include "detect/packs.hpp"
#include "detect/sample.hpp"
#include "detect/windows.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

constexpr std::int64_t kYearOfSamples = std::int64_t{1'780'000'000} * 1'000'000'000;  // syslog lines name no year

RuleSet built_in() {
  Loader loader(built_in_options());
  add_built_in_packs(loader);
  return loader.finish();
}

const parse::Formats& formats() {
  static Result<parse::Formats> known = parse::Formats::built_in();
  REQUIRE(known.ok());
  return known.value();
}

Result<Done> read_lines(std::string_view format, std::string_view lines, FieldNames& names, RecordBatch& batch) {
  const parse::Format* found = formats().find(format);
  if (!found) return Error{"there is no format '" + std::string(format) + "'"};
  parse::SourceOptions options;
  options.reference_ns = kYearOfSamples;
  parse::ParserContext context{names, {}};
  context.time.reference_ns = kYearOfSamples;
  Result<std::unique_ptr<parse::LineParser>> parser = parse::make_parser(*found, context);
  if (!parser) return parser.error();
  Result<std::unique_ptr<parse::LineParser>> fallback = parse::make_parser(*formats().find("plaintext"), context);
  if (!fallback) return fallback.error();
  batch.text.resize(lines.size());
  std::copy(lines.begin(), lines.end(), batch.text.data());
  parse::LineRecords records(*found, std::move(parser).value(), std::move(fallback).value(), "sample", options);
  records.read(batch, true);
  if (records.counts().unparsed > 0)
    return Error{"a line of the sample is not of the format '" + std::string(format) + "'"};
  return Done{};
}

}  // namespace

TEST_CASE("built_in_packs_load_without_a_warning") {
  const RuleSet set = built_in();
  for (const DocumentReport& report : set.documents) {
    for (const yaml::Problem& problem : report.problems) FAIL_CHECK(yaml::describe(report.file, problem));
    for (const yaml::Problem& problem : report.warnings) FAIL_CHECK(yaml::describe(report.file, problem));
  }
  CHECK(set.documents.size() >= 60);
  for (const BuiltInPack& pack : built_in_packs()) {
    if (pack.name != "rules/placeholders.yml") continue;
    const auto values = load_placeholders(pack.name, pack.text);
    REQUIRE(values.ok());
    CHECK(values.value().count("known_cdcs") == 1);
  }
}

TEST_CASE("built_in_rules_do_what_their_samples_say") {
  const RuleSet set = built_in();
  std::size_t ran = 0;
  Result<std::vector<SampleFailure>> failures = run_samples(set, read_lines, ran);
  REQUIRE(failures.ok());
  for (const SampleFailure& failure : failures.value())
    FAIL_CHECK(failure.rule << ", line " << failure.at.line << ": " << failure.message);
  CHECK(ran >= 120);
}

TEST_CASE("built_in_rules_have_samples_both_ways_and_a_description") {
  for (const Rule& rule : built_in().rules) {
    if (rule.id.find('#') != std::string::npos) continue;
    INFO(rule.id);
    CHECK(std::any_of(rule.samples.begin(), rule.samples.end(), [](const Sample& sample) { return sample.fires; }));
    CHECK(std::any_of(rule.samples.begin(), rule.samples.end(), [](const Sample& sample) { return !sample.fires; }));
    CHECK_FALSE(rule.description.empty());
    CHECK_FALSE(rule.title.empty());
  }
}

TEST_CASE("a_sample_that_does_not_hold_is_reported") {
  Loader loader;
  loader.add_text("own.yml", R"(
id: OWN
title: Own
level: low
detection: {match: [{field: message, op: contains, value: x}]}
samples: {match: [{message: abc}], no_match: [{message: xyz}]}
)");
  const RuleSet set = loader.finish();
  REQUIRE(set.refused() == 0);
  std::size_t ran = 0;
  Result<std::vector<SampleFailure>> failures = run_samples(set, read_lines, ran);
  REQUIRE(failures.ok());
  CHECK(ran == 2);
  CHECK(failures.value().size() == 2);
}

TEST_CASE("the_seed_rules_are_built_in_with_their_levels") {
  const RuleSet set = built_in();
  const std::pair<const char*, Level> wanted[] = {
      {"SSH_BRUTE_FORCE", Level::high},       {"SUDO_MISUSE", Level::high},     {"AUTH_NEW_UID0", Level::critical},
      {"NGINX_404_SCAN", Level::medium},      {"NGINX_5XX_SPIKE", Level::high}, {"WIN_FAILED_LOGON", Level::medium},
      {"WIN_ACCOUNT_CREATED", Level::medium}, {"SUDO_COMMAND", Level::low}};
  for (const auto& [id, level] : wanted) {
    INFO(id);
    const Rule* rule = set.find(id);
    REQUIRE(rule != nullptr);
    CHECK(rule->level == level);
  }
  CHECK(set.find("SUDO_COMMAND")->title == "Sudo Command to Root");
}

TEST_CASE("the_seed_example_gives_one_finding") {
  const RuleSet set = built_in();
  FieldNames names;
  RecordBatch batch;
  const std::string log =
      "May 18 10:00:01 web1 sshd[1201]: Accepted publickey for admin from 203.0.113.50 port 52341 ssh2\n"
      "May 18 10:00:15 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:00:16 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:00:17 web1 sshd[1203]: Failed password for invalid user guest from 198.51.100.23 port 22 ssh2\n"
      "May 18 10:01:00 web1 sudo:    admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl restart "
      "nginx\n"
      "May 18 10:01:30 web1 useradd[1310]: new user: name=deploy, UID=1002, GID=1002, home=/home/deploy, shell=/bin/bash\n"
      "May 18 10:02:00 web1 sshd[1201]: Disconnected from 203.0.113.50 port 52341\n";
  REQUIRE(read_lines("auth_log", log, names, batch).ok());
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  Windows windows(set, names);
  std::vector<Match> matches;
  for (const Record& record : batch.records) windows.feed(record, session.match(record), matches);
  windows.finish(matches);
  std::set<std::string> ids;
  for (const Match& match : matches) ids.insert(set.rules[match.rule].id);
  CHECK(ids == std::set<std::string>{"SUDO_COMMAND"});
}
