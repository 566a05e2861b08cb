#include "agent/request.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <map>

#include "agent/buffer_header.hpp"
#include "agent/fork_mark.hpp"
#include "agent/uid_key.hpp"
#include "catch.hpp"
#include "hostile_texts.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

constexpr std::int64_t kNow = 1774211679;

SignalDeclaration declaration(const std::string& type, std::uint16_t cap,
                              std::vector<SignalDeclaration::DeclaredLabel> labels) {
  SignalDeclaration declared;
  declared.type = type;
  declared.cap = cap;
  declared.labels = std::move(labels);
  return declared;
}

struct Fixture {
  explicit Fixture(std::vector<SignalDeclaration> declarations = {}) : signals(SignalSet::build(declarations).value()) {
    rules.uid_key = HmacKey("a key of the site");
    request.configure(200, 0);
  }

  template <typename Fill>
  bool record(std::string_view type, Fill fill, std::int64_t now = kNow) {
    const std::uint16_t index = signals.find(type);
    REQUIRE(index != SignalSet::kUnknown);
    if (!request.admit(signals, index, now)) return false;
    EventWriter event(request, signals.at(index), index, rules, uuids, now);
    if (event.ok()) fill(event);
    return event.finish();
  }
  bool record(std::string_view type, std::int64_t now = kNow) {
    return record(
        type, [](EventWriter&) {}, now);
  }
  std::string labels_of_last() const {
    const std::string_view lines = const_cast<Request&>(request).arena().lines();
    const std::size_t start = lines.rfind('\n', lines.size() - 2);
    const std::string_view line = lines.substr(start == std::string_view::npos ? 0 : start + 1);
    EventView view;
    REQUIRE(read_event_line(line.substr(0, line.size() - 1), view) == LineFault::none);
    return std::string(view.labels);
  }
  std::uint64_t dropped(Drop reason) const { return request.drops()[static_cast<std::size_t>(reason)].count; }

  SignalSet signals;
  Request request;
  LabelRules rules;
  UuidSource uuids;
};

}  // namespace

TEST_CASE("each_type_stops_at_its_cap_and_all_together_at_200") {
  Fixture f;
  for (int i = 0; i < 55; ++i) CHECK(f.record("config.save") == (i < 50));
  CHECK(f.dropped(Drop::cap_type) == 5);
  for (int i = 0; i < 50; ++i) CHECK(f.record("auth.login_failed"));
  for (const char* type :
       {"config.delete", "user.role_changed", "module.install", "module.uninstall", "content.moderation"}) {
    for (int i = 0; i < 20; ++i) CHECK(f.record(type));
  }
  CHECK(f.request.counts().recorded == 200);
  CHECK_FALSE(f.record("user.created"));
  CHECK(f.dropped(Drop::cap_global) == 1);
}

TEST_CASE("the_global_cap_can_be_lowered_and_not_raised") {
  Fixture f;
  f.request.configure(3, 0);
  for (int i = 0; i < 5; ++i) CHECK(f.record("config.save") == (i < 3));
  Fixture g({declaration("test.many", 200, {})});
  g.request.configure(500, 0);
  for (int i = 0; i < 200; ++i) CHECK(g.record("test.many"));
  CHECK_FALSE(g.record("config.save"));
}

TEST_CASE("a_long_running_process_gets_a_fresh_allowance_every_60_seconds") {
  Fixture f;
  f.request.configure(200, 60);
  CHECK(f.record("auth.login", kNow));
  CHECK_FALSE(f.record("auth.login", kNow + 59));
  CHECK(f.record("auth.login", kNow + 60));
  CHECK_FALSE(f.record("auth.login", kNow + 61));
  CHECK(f.record("auth.login", kNow - 86400));  // the clock was set back by a day
  CHECK_FALSE(f.record("auth.login", kNow - 86399));
}

TEST_CASE("a_commit_keeps_the_caps_and_a_new_request_resets_them") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  Fixture f;
  CHECK(f.record("auth.login"));
  CHECK(f.request.commit(buffer).committed == 1);
  CHECK_FALSE(f.record("auth.login"));
  f.request.commit(buffer);
  CHECK(buffer.stats()->drops[static_cast<std::size_t>(Drop::cap_type)].count == 1);
  f.request.reset();
  CHECK(f.record("auth.login"));
  CHECK(f.request.counts().recorded == 1);
}

TEST_CASE("labels_are_written_by_their_kind") {
  using Declared = SignalDeclaration::DeclaredLabel;
  Fixture f({declaration("test.kinds", 50,
                         {Declared{"text", LabelKind::string, 5}, Declared{"whole", LabelKind::integer, 0},
                          Declared{"real", LabelKind::number, 0}, Declared{"flag", LabelKind::boolean, 0},
                          Declared{"names", LabelKind::list, 0}, Declared{"uid", LabelKind::uid, 0},
                          Declared{"path", LabelKind::path, 0}, Declared{"ip", LabelKind::ip, 0}})});
  const auto labels = [&](auto fill) {
    REQUIRE(f.record("test.kinds", fill));
    return f.labels_of_last();
  };
  const std::string hash = to_hex(HmacKey("a key of the site").digest("42"));
  CHECK(labels([](EventWriter& e) { e.text(*e.label("text"), "äbcdefg"); }) == R"({"text":"äbcde"})");
  CHECK(f.request.counts().truncated == 1);
  CHECK(labels([](EventWriter& e) { e.integer(*e.label("text"), -7); }) == R"({"text":"-7"})");
  CHECK(labels([](EventWriter& e) { e.text(*e.label("whole"), "200"); }) == R"({"whole":200})");
  CHECK(labels([](EventWriter& e) { e.text(*e.label("whole"), "20x"); }) == R"({"whole":null})");
  CHECK(labels([](EventWriter& e) { e.number(*e.label("whole"), 3.0); }) == R"({"whole":3})");
  CHECK(labels([](EventWriter& e) { e.number(*e.label("whole"), 3.5); }) == R"({"whole":null})");
  for (const double value : {1e300, -1e300, std::nan(""), std::numeric_limits<double>::infinity()}) {
    CHECK(labels([&](EventWriter& e) { e.number(*e.label("whole"), value); }) == R"({"whole":null})");
  }
  CHECK(labels([](EventWriter& e) { e.number(*e.label("real"), 1523.4); }) == R"({"real":1523.4})");
  CHECK(labels([](EventWriter& e) { e.integer(*e.label("flag"), 1); }) == R"({"flag":true})");
  CHECK(labels([](EventWriter& e) { e.integer(*e.label("flag"), 2); }) == R"({"flag":null})");
  CHECK(labels([](EventWriter& e) { e.boolean(*e.label("text"), true); }) == R"({"text":null})");
  CHECK(labels([](EventWriter& e) { e.text(*e.label("flag"), "true"); }) == R"({"flag":null})");
  CHECK(labels([&](EventWriter& e) { e.integer(*e.label("uid"), 42); }) == R"({"uid":")" + hash + "\"}");
  CHECK(labels([&](EventWriter& e) { e.text(*e.label("uid"), hash); }) == R"({"uid":")" + hash + "\"}");
  CHECK(labels([](EventWriter& e) { e.integer(*e.label("uid"), 0); }) == R"({"uid":""})");
  CHECK(labels([](EventWriter& e) { e.null(*e.label("uid")); }) == R"({"uid":""})");
  CHECK(labels([](EventWriter& e) { e.null(*e.label("ip")); }) == R"({"ip":null})");
  CHECK(labels([](EventWriter& e) { e.text(*e.label("path"), "/a?b"); }) == R"({"path":"/a"})");
  CHECK(labels([](EventWriter& e) { e.text(*e.label("ip"), "192.168.1.100"); }) == R"({"ip":"192.168.1.100"})");
  f.rules.anonymize_ip = true;
  CHECK(labels([](EventWriter& e) { e.text(*e.label("ip"), "192.168.1.100"); }) == R"({"ip":"192.168.1.0"})");
  CHECK(labels([](EventWriter& e) {
          e.open_list(*e.label("names"));
          e.item(std::string_view("a"));
          e.item(std::int64_t{7});
          e.skip_item();
          e.close_list();
        }) == R"({"names":["a","7"]})");
}

TEST_CASE("hostile_labels_are_bounded_valid_and_counted_when_cut") {
  using Declared = SignalDeclaration::DeclaredLabel;
  Fixture f({declaration(
      "test.hostile", 200,
      {Declared{"message", LabelKind::message, 0}, Declared{"sql", LabelKind::sql, 0}, Declared{"path", LabelKind::path, 0},
       Declared{"text", LabelKind::string, 0}, Declared{"ip", LabelKind::ip, 0}, Declared{"uid", LabelKind::uid, 0}})});
  for (const std::string& text : hostile_texts()) {
    f.request.reset();
    const bool recorded = f.record("test.hostile", [&](EventWriter& e) {
      for (const char* name : {"message", "sql", "path", "text", "ip", "uid"}) e.text(*e.label(name), text);
    });
    REQUIRE(recorded);
    const std::string labels = f.labels_of_last();
    CHECK(labels.size() < 6 * (6 * limits::kStringBytes + 16));
    if (text.size() > kMessageBytesMax && text.find("Stack") == std::string::npos) CHECK(f.request.counts().truncated >= 2);
  }
  for (const std::string& text : secret_texts()) {
    f.request.reset();
    REQUIRE(f.record("test.hostile", [&](EventWriter& e) { e.text(*e.label("message"), text); }));
    CHECK(f.labels_of_last().find(kQuotedSecret) == std::string::npos);
  }
}

TEST_CASE("a_list_holds_64_items_and_the_rest_is_counted") {
  Fixture f;
  REQUIRE(f.record("auth.login", [](EventWriter& e) {
    e.open_list(*e.label("roles"));
    int taken = 0;
    while (e.item(std::string_view("r"))) ++taken;
    e.close_list();
    CHECK(taken == 64);
  }));
  CHECK(f.request.counts().truncated == 1);
}

TEST_CASE("labels_are_found_in_any_order_and_unknown_ones_counted") {
  Fixture f;
  REQUIRE(f.record("config.save", [](EventWriter& e) {
    e.text(*e.label("change_type"), "update");
    e.text(*e.label("config_name"), "system.site");
    CHECK(e.label("nope") == nullptr);
    CHECK(e.label("") == nullptr);
    e.text(*e.label("category"), "system");
  }));
  CHECK(f.labels_of_last() == R"({"change_type":"update","config_name":"system.site","category":"system"})");
  CHECK(f.request.counts().labels_dropped == 2);
}

TEST_CASE("an_event_over_32_KiB_is_dropped_whole") {
  using Declared = SignalDeclaration::DeclaredLabel;
  Fixture f({declaration("test.large", 50, {Declared{"names", LabelKind::list, 0}})});
  const auto fill = [](EventWriter& e) {
    e.open_list(*e.label("names"));
    for (int i = 0; i < 64; ++i) e.item(std::string(1000, 'x'));
    e.close_list();
  };
  CHECK_FALSE(f.record("test.large", fill));
  CHECK(f.request.arena().size() == 0);
  CHECK(f.dropped(Drop::event_size) == 1);
}

TEST_CASE("a_request_over_1_MiB_drops_what_no_longer_fits") {
  using Declared = SignalDeclaration::DeclaredLabel;
  Fixture f({declaration("test.large", 200, {Declared{"names", LabelKind::list, 0}})});
  const auto fill = [](EventWriter& e) {
    e.open_list(*e.label("names"));
    for (int i = 0; i < 30; ++i) e.item(std::string(1000, 'x'));
    e.close_list();
  };
  int kept = 0;
  while (f.record("test.large", fill)) ++kept;
  CHECK(f.dropped(Drop::arena_full) == 1);
  CHECK(f.dropped(Drop::event_size) == 0);
  CHECK(f.request.arena().size() <= limits::kArenaBytes);
  CHECK(limits::kArenaBytes - f.request.arena().size() < 2 * limits::kEventBytes);
  CHECK(f.request.pending_events() == static_cast<std::uint32_t>(kept));
}

TEST_CASE("a_declared_signal_that_is_wrong_is_refused_by_name") {
  using Declared = SignalDeclaration::DeclaredLabel;
  const auto error = [](const SignalDeclaration& declared) {
    const Result<SignalSet> set = SignalSet::build({declared});
    REQUIRE_FALSE(set.ok());
    CHECK(set.error().message.find("signal '" + declared.type + "'") == 0);
    return set.error().message;
  };
  CHECK(error(declaration("nodot", 1, {})).find("group.name") != std::string::npos);
  CHECK(error(declaration("Upper.case", 1, {})).find("group.name") != std::string::npos);
  CHECK(error(declaration("a." + std::string(100, 'b'), 1, {})).find("64 bytes") != std::string::npos);
  CHECK(error(declaration("config.save", 1, {})).find("already") != std::string::npos);
  CHECK(error(declaration("test.x", 0, {})).find("cap") != std::string::npos);
  CHECK(error(declaration("test.x", 201, {})).find("cap") != std::string::npos);
  CHECK(error(declaration("test.x", 1, {Declared{"Bad Name", LabelKind::string, 0}})).find("snake_case") !=
        std::string::npos);
  CHECK(error(declaration("test.x", 1, std::vector<Declared>(25, Declared{"a", LabelKind::string, 0}))).find("24") !=
        std::string::npos);
}

TEST_CASE("types_are_switched_by_a_list") {
  SignalSet set = SignalSet::build({declaration("test.own", 1, {})}).value();
  CHECK(set.enabled(set.find("config.save")));
  CHECK_FALSE(set.enabled(set.find("cache.flush")));
  CHECK(set.enabled(set.find("test.own")));
  CHECK(set.enable_only({"cache.flush", "unknown.type"}) == 1);
  CHECK_FALSE(set.enabled(set.find("config.save")));
  CHECK(set.enabled(set.find("cache.flush")));
  CHECK_FALSE(set.enabled(set.find("test.own")));
  for (const SignalSpec& spec : catalogue::all()) CHECK(set.at(set.find(spec.type)).type == spec.type);
}

TEST_CASE("types_are_switched_by_the_settings_of_their_keys") {
  SignalDeclaration quiet = declaration("test.quiet", 1, {});
  quiet.config_key = "own.quiet";
  quiet.on_by_default = false;
  SignalDeclaration keyless = declaration("test.keyless", 1, {});
  keyless.on_by_default = false;
  SignalSet set = SignalSet::build({quiet, keyless, declaration("test.own", 1, {})}).value();
  CHECK_FALSE(set.enabled(set.find("test.quiet")));
  const std::map<std::string_view, bool> settings{{"signals.config_save", false},
                                                  {"advanced_signals.cache_flush", true},
                                                  {"own.quiet", true},
                                                  {"", true},
                                                  {"no.such", true}};
  set.enable_by([&](std::string_view key) {
    const auto found = settings.find(key);
    return found == settings.end() ? std::nullopt : std::optional<bool>(found->second);
  });
  CHECK_FALSE(set.enabled(set.find("config.save")));
  CHECK(set.enabled(set.find("config.delete")));
  CHECK(set.enabled(set.find("cache.flush")));
  CHECK_FALSE(set.enabled(set.find("email.sent")));
  CHECK(set.enabled(set.find("test.quiet")));
  CHECK_FALSE(set.enabled(set.find("test.keyless")));
  CHECK(set.enabled(set.find("test.own")));
  CHECK(set.enabled(set.find("agent.dropped")));
}

TEST_CASE("a_child_is_told_once_that_it_was_forked") {
  ForkMark mark;
  CHECK_FALSE(mark.just_forked());
  const pid_t child = ::fork();
  if (child == 0) {
    const bool first = mark.just_forked(), second = mark.just_forked();
    ::_exit(first && !second ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK_FALSE(mark.just_forked());
}

TEST_CASE("what_a_fork_inherited_is_forgotten") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  Fixture f;
  CHECK(f.record("auth.login"));
  f.request.forget();
  CHECK(f.request.pending_events() == 0);
  CHECK(f.request.commit(buffer).committed == 0);
}

TEST_CASE("drop_counts_add_up_with_their_first_and_last_time") {
  DropCounts counts{};
  CHECK_FALSE(any_drops(counts));
  add_drop(counts, Drop::full, 2, 100);
  add_drop(counts, Drop::full, 3, 50);
  DropCounts more{};
  add_drop(more, Drop::full, 1, 200);
  add_drop(more, Drop::io_error, 1, 7);
  add_drops(counts, more);
  const DropCount& full = counts[static_cast<std::size_t>(Drop::full)];
  CHECK(full.count == 6);
  CHECK(full.first_at == 50);
  CHECK(full.last_at == 200);
  CHECK(any_drops(counts));
  for (std::size_t i = 0; i < kDropReasons; ++i) CHECK_FALSE(name_of(static_cast<Drop>(i)).empty());
  CHECK(name_of(Drop::count_) == "none");
}
