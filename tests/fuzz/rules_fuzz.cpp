// Any text as a rule file: it loads or is refused with a place, and what loads means to the engine what it means to the naive
// evaluator, on a handful of records.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "detect/engine.hpp"
#include "detect/loader.hpp"
#include "detect/sample.hpp"
#include "detect/windows.hpp"
#include "oracle/rule_oracle.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

// The naive evaluator tries every way through a wildcard pattern; beyond this many it would not come back.
constexpr int kStars = 5;

bool too_many_stars(const Expression& expression) {
  if (expression.kind == Expression::Kind::test) {
    int stars = 0;
    for (const PatternPiece& piece : expression.test->pattern) stars += piece.kind == PatternPiece::Kind::any_run;
    return stars > kStars;
  }
  for (const Expression& child : expression.children)
    if (too_many_stars(child)) return true;
  return false;
}

constexpr std::string_view kRecords = R"(
- {kind: windows_event, Channel: Security, EventID: 4688, NewProcessName: 'C:\Windows\cmd.exe', CommandLine: 'cmd /c whoami -a'}
- {kind: windows_event, Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, Image: 'C:\a.exe', User: bob, A: 1, F: abc}
- {kind: web_access, method: GET, url: '/a?b=c', path: /a, query: b=c, status: 404, client_ip: 203.0.113.7}
- {kind: auth, program: sshd, message: 'Failed password for root', action: failed, user: root, client_ip: '2001:db8::1'}
- {kind: text, message: '', a: null, b: [x, 1, null], c: true, d: 1.5}
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  LoadOptions options;
  options.placeholders["p"] = {"a*", "b"};
  Loader loader(options);
  loader.add_text("fuzz.yml", {reinterpret_cast<const char*>(data), size});
  const RuleSet set = loader.finish();
  for (const DocumentReport& report : set.documents)
    if (report.loaded != report.problems.empty()) std::abort();  // refused without a reason, or the other way round
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  if (!engine) return 0;
  Session session(engine.value());
  static const yaml::Documents records = yaml::parse(kRecords);
  Sample sample;
  sample.records = records.roots.at(0).items;
  sample.every_ns = 1'000'000'000;
  RecordBatch batch;
  if (!build_sample(sample, {}, names, batch)) return 0;
  Windows windows(set, names, {.cells = 1000, .key = "fuzz"});
  std::vector<Match> matches;
  for (const Record& record : batch.records) {
    const auto fast = session.match(record);
    std::size_t next = 0;
    for (std::uint32_t rule = 0; rule < set.rules.size(); ++rule) {
      const bool hit = next < fast.size() && fast[next] == rule;
      next += hit;
      if (set.rules[rule].when && !too_many_stars(*set.rules[rule].when) &&
          hit != oracle::hits(set.rules[rule], record, names))
        std::abort();
    }
    windows.feed(record, fast, matches);
  }
  windows.finish(matches);
  return 0;
}
