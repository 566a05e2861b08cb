// What a native rule says beside detection and window:
//
//   seen: {fields: [uid, client_network], new_in: 90d, learn: 14d}   # only values that were not there within 90 days,
//                                     # once the site has been watched for 14; or back_after: 90d, only values that were
//                                     # there before and not for 90 days
//   clear: {match: […]}               # what ends the condition (kind: condition)
//   alert:                            # what alerts are made of its findings
//     kind: episode                   # or condition, or none
//     group_by: [client_ip]           # of detections; at most two
//     for: 4h                         # condition: holds this long before it fires
//     resolve_after: 24h              # episode: quiet this long; condition: clear this long
//     cooldown: {critical: 4h, high: 12h, medium: never, low: never}
//     recommended: true
//     tags: [login]
//     inhibited_by: [OTHER_RULE]
//     absence: {of: cron.run, longer_than: 3x, at_least: 3h}          # instead of a detection
//     explain: {what: …, why: …, do: …, harmless: …}
#include <algorithm>
#include <charconv>
#include <cmath>

#include "detect/draft.hpp"
#include "detect/taxonomy.hpp"

namespace logystera::detect {
namespace {

using yaml::Node;

constexpr std::size_t kExplainBytes = 2'000;  // of each part
constexpr std::size_t kTags = 16, kTagBytes = 64, kInhibitors = 16;
constexpr double kTimesMost = 100;

// Fields that hardly ever have the same value twice: an alert for each would be none.
constexpr std::string_view kHighCardinality[] = {"event_id", "path", "url",     "query",     "user_agent",
                                                 "ua",       "raw",  "message", "entity_id", "file_id"};

bool high_cardinality(std::string_view name) {
  return std::find(std::begin(kHighCardinality), std::end(kHighCardinality), name) != std::end(kHighCardinality);
}

bool read_flag(const Node& map, std::string_view key, Notes& notes) {
  const Node* value = map.find(key);
  if (!value) return false;
  if (value->kind != Node::Kind::boolean) notes.refuse(value->at, std::string(key) + " is true or false");
  return value->boolean;
}

std::int64_t read_seconds(const Node& value, Notes& notes) { return read_span(value, notes) / kSecondNs; }

void read_cooldown(const Node& node, AlertBlock& alert, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "cooldown is a map of levels, as {critical: 4h, low: never}");
  only_keys(node, {"low", "medium", "high", "critical"}, "cooldown", notes);
  for (const Node::Entry& entry : node.entries) {
    const std::optional<Level> level = level_from(entry.key);
    if (!level || static_cast<std::size_t>(*level) >= alert.cooldown_s.size()) continue;
    alert.cooldown_s[static_cast<std::size_t>(*level)] =
        entry.value.text == "never" ? AlertBlock::kNoRepeat : read_seconds(entry.value, notes);
  }
}

void read_explain(const Node& node, AlertBlock& alert, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "explain is a map of its four parts: what, why, do and harmless");
  only_keys(node, {"what", "why", "do", "harmless"}, "explain", notes);
  for (const auto& [key, part] : {std::pair("what", &alert.what), std::pair("why", &alert.why), std::pair("do", &alert.act),
                                  std::pair("harmless", &alert.harmless)}) {
    *part = read_text(node, key, true, notes);
    if (part->size() <= kExplainBytes) continue;
    notes.refuse(node.find(key)->at,
                 "'" + std::string(key) + "' has more than " + std::to_string(kExplainBytes) + " bytes: say it shorter");
  }
}

void read_absence(const Node& node, Rule& rule, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "absence is a map, as {of: cron.run, longer_than: 3x, at_least: 3h}");
  only_keys(node, {"of", "longer_than", "at_least"}, "absence", notes);
  Absence absence;
  const std::string of = read_text(node, "of", true, notes);
  if (of != "any") absence.event_type = of;
  if (const Node* longer = node.find("longer_than")) {
    const char* const end = longer->text.data() + longer->text.size();
    const auto [at, error] = std::from_chars(longer->text.data(), end, absence.times);
    if (error != std::errc() || std::string_view(at, end) != "x" || !(absence.times >= 1 && absence.times <= kTimesMost))
      notes.refuse(longer->at, "longer_than is how many times the usual pause, from 1x to 100x, as 3x");
  }
  const Node* least = node.find("at_least");
  if (least) absence.least_ns = read_span(*least, notes);
  else notes.refuse(node.at, "absence has no at_least: add how long it lasts at the least, as 3h");
  rule.absence = absence;
}

void read_group_by(const Node& node, AlertBlock& alert, Notes& notes) {
  const bool allowed = read_flag(node, "allow_high_cardinality", notes);
  const Node* groups = node.find("group_by");
  if (!groups) return;
  for (const std::string& name : read_texts(node, "group_by", notes)) {
    if (high_cardinality(name) && !allowed)
      notes.refuse(groups->at, "'" + name + "' is different in almost every event, so each would be an alert of its own: " +
                                   "group by another field, or say allow_high_cardinality: true");
    alert.group_by.push_back(native_subject(name));
  }
  if (alert.group_by.size() > AlertBlock::kGroupFields)
    notes.refuse(groups->at, "an alert is grouped by two fields at most: leave some out");
}

}  // namespace

void read_seen(const Node& node, Rule& rule, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "seen is a map, as {fields: uid, new_in: 90d}");
  only_keys(node, {"fields", "new_in", "back_after", "learn"}, "seen", notes);
  SeenTest seen;
  for (const std::string& name : read_texts(node, "fields", notes)) seen.fields.push_back(native_subject(name));
  if (seen.fields.empty() || seen.fields.size() > kSeenFields)
    notes.refuse(node.at, "seen names one to " + std::to_string(kSeenFields) + " fields");
  const Node* new_in = node.find("new_in");
  const Node* back_after = node.find("back_after");
  if ((new_in == nullptr) == (back_after == nullptr)) {
    notes.refuse(node.at, "seen has one of new_in and back_after, as new_in: 90d");
  } else {
    seen.back = back_after != nullptr;
    seen.span_ns = read_span(*(new_in ? new_in : back_after), notes);
  }
  if (const Node* learn = node.find("learn")) seen.learn_ns = read_span(*learn, notes);
  if (!rule.when) notes.refuse(node.at, "seen goes with a detection: add one");
  rule.seen = std::move(seen);
}

void read_alert(const Node& node, Draft& draft, Notes& notes) {
  if (!node.is_map())
    return notes.refuse(node.at, "alert is a map of kind, group_by, for, resolve_after, cooldown and so on");
  only_keys(node,
            {"kind", "group_by", "allow_high_cardinality", "for", "resolve_after", "cooldown", "recommended", "tags",
             "inhibited_by", "absence", "explain"},
            "alert", notes);
  AlertBlock alert;
  const std::string kind = read_text(node, "kind", false, notes);
  bool known = kind.empty();
  for (AlertBlock::Kind one : {AlertBlock::Kind::episode, AlertBlock::Kind::condition, AlertBlock::Kind::none}) {
    if (kind != alert_kind_name(one)) continue;
    alert.kind = one;
    known = true;
  }
  if (!known) notes.refuse(node.find("kind")->at, "the kind of an alert is episode, condition or none");
  read_group_by(node, alert, notes);
  if (const Node* held = node.find("for")) {
    alert.for_s = read_seconds(*held, notes);
    if (alert.kind != AlertBlock::Kind::condition)
      notes.refuse(held->at, "'for' says how long a condition holds before it fires: add kind: condition");
  }
  if (const Node* quiet = node.find("resolve_after")) alert.resolve_after_s = read_seconds(*quiet, notes);
  if (const Node* cooldown = node.find("cooldown")) read_cooldown(*cooldown, alert, notes);
  alert.recommended = read_flag(node, "recommended", notes);
  alert.tags = read_texts(node, "tags", notes);
  if (alert.tags.size() > kTags) notes.refuse(node.find("tags")->at, "an alert has at most 16 tags");
  for (const std::string& tag : alert.tags)
    if (tag.empty() || tag.size() > kTagBytes) notes.refuse(node.find("tags")->at, "a tag has 1 to 64 bytes");
  alert.inhibited_by = read_texts(node, "inhibited_by", notes);
  if (alert.inhibited_by.size() > kInhibitors)
    notes.refuse(node.find("inhibited_by")->at, "an alert names at most 16 rules that inhibit it");
  for (const std::string& id : alert.inhibited_by) draft.inhibited_by.push_back({id, node.find("inhibited_by")->at});
  if (const Node* absence = node.find("absence")) {
    read_absence(*absence, draft.rule, notes);
    if (alert.kind != AlertBlock::Kind::condition)
      notes.refuse(absence->at, "an absence is a condition: add kind: condition");
  }
  if (const Node* explain = node.find("explain")) read_explain(*explain, alert, notes);
  draft.rule.alert = std::move(alert);
}

void check_alert(const Node& root, Draft& draft, Notes& notes) {
  const Rule& rule = draft.rule;
  if (rule.absence && (rule.when || rule.window))
    notes.refuse(root.find("alert")->at, "an absence stands alone: remove detection and window, or the absence");
  if (!draft.clears.empty()) {
    if (!rule.alert || rule.alert->kind != AlertBlock::Kind::condition)
      notes.refuse(draft.clears.front().at, "clear ends a condition: add alert: {kind: condition}");
    if (rule.absence) notes.refuse(draft.clears.front().at, "an absence is over with the next event: remove clear");
  }
  if (!rule.alert || rule.alert->kind == AlertBlock::Kind::none || !rule.window) return;
  const Node* at = root.find("alert");
  if (!rule.alert->group_by.empty())
    notes.refuse(at->at, "alerts of a window are grouped by the window's group_by: remove the alert's");
  if (rule.window->group_by.size() > AlertBlock::kGroupFields)
    notes.refuse(at->at, "an alert is grouped by two fields at most, and the window has more: leave some out");
  for (const Subject& group : rule.window->group_by)
    if (high_cardinality(group.written) && !at->find("allow_high_cardinality"))
      notes.refuse(at->at, "the window groups by '" + group.written +
                               "', which is different in almost every event, so each " +
                               "would be an alert of its own: group by another field, or say allow_high_cardinality: true");
}

}  // namespace logystera::detect
