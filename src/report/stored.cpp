#include "report/stored.hpp"

#include "core/clock.hpp"
#include "core/record.hpp"
#include "core/severity.hpp"

namespace logystera::report {

void append_stored(JsonText& json, const store::Finding& finding) {
  json.begin_object().member("rule", finding.rule).member("title", finding.title);
  json.member("severity", level_name(finding.level)).member("time", rfc3339(finding.time * kSecondNs));
  json.member("source", finding.source).count("line", finding.line).member("message", finding.message);
  store::append_who(json, finding.who);
  if (finding.demo) json.key("demo").boolean(true);
  json.end_object();
}

void append_stored(JsonText& json, const store::ErrorGroup& group) {
  json.begin_object().member("fingerprint", group.fingerprint).member("pattern", group.pattern);
  json.member("severity", severity_name(group.severity)).member("source", group.source);
  json.count("count", group.count).member("first_seen", rfc3339(group.first_seen * kSecondNs));
  json.member("last_seen", rfc3339(group.last_seen * kSecondNs));
  if (group.returned_at != 0) {
    json.member("returned_at", rfc3339(group.returned_at * kSecondNs));
    json.key("silent_seconds").integer(group.silent_seconds);
  }
  json.end_object();
}

}  // namespace logystera::report
