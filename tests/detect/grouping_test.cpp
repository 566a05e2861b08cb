#include "detect/grouping.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "detect/error_groups.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

const std::vector<std::string> kKinds = {"ip", "email", "employee"};

std::string shown(std::string_view message) { return message_template(message, kKinds).shown(); }
std::string key(std::string_view message) { return message_template(message, kKinds).key(); }

Record error(std::string_view message, RecordKind kind = RecordKind::text) {
  Record record;
  record.kind = kind;
  record.message = message;
  record.severity = Severity::error;
  return record;
}

std::string fingerprint_of(std::string_view message, RecordKind kind = RecordKind::text) {
  return fingerprint(error_scope(error(message, kind)), key(message));
}

}  // namespace

TEST_CASE("variable_parts_of_a_message_are_taken_out") {
  const auto is = [](std::string_view message, std::string_view expected) { CHECK(shown(message) == expected); };
  is("timeout from ip_8390373f after 31 s", "timeout from <ip> after <n>");
  is("timeout from <ip> after 31 s", "timeout from <ip> after <n>");
  is("user employee_0011aabb failed 3 times", "user <employee> failed <n> times");
  is("at 2026-05-18 10:00:01.123 took 1,024 ms", "at <n> <n> took <n>");
  is("on Fri Jun 17 20:55:06 2005, May be", "on <date> <date> <n> <n> <n>, May be");
  is("request 9860f048-8b50-4c84-bd5e-4312b96b4e87 died", "request <uuid> died");
  is("segfault at 0x7f65100ee4d8 in libc-2.36.so", "segfault at <hex> in <id>");
  is("commit deadbeef01 not found", "commit <hex> not found");
  is("facade decade", "facade decade");  // words of a-f stay words
  is("table 'users' has no column \"name\"", "table 'users' has no column \"name\"");
  is("can't open /var/log/app.log", "can't open <path>");
  is("can't open C:\\logs\\app.log: denied", "can't open <path> denied");
  is("GET https://example.org/a?b=1 failed", "GET <url> failed");
  is("read/write a/b", "read/write a/b");
  is("worker_3 on node17 lost eth0", "<id> on <id> lost <id>");
  is("key=4711 retry=true tag=\"a b\" x== y", "key=<n> retry=<value> tag=<value> x== y");
  is("free 12.5 MB of 3GB, 40% used", "free <n> of <id>, <n> used");
  is("  spaced\t\tout \n here  ", "spaced out here");
  is("\xc3\xa4rger 5", "\xc3\xa4rger <n>");
  is("", "");
}

TEST_CASE("an_identifier_is_no_pseudonym_and_a_sign_belongs_to_its_number") {
  CHECK(key("block blk_38865049064139660 terminating") == key("block blk_-6952295868487656571 terminating"));
  CHECK(key("Session: 30546173_2567303708 begun") == key("Session: 30546174_1234567890 begun"));
  CHECK(key("boot = -19, init = 5") == key("boot = 19, init = 5"));
  CHECK(shown("block blk_38865049064139660 terminating") == "block <id> terminating");
  CHECK(shown("email_0011aabb wrote") == "<email> wrote");
}

TEST_CASE("templates_are_bounded") {
  for (const std::string& hostile : {std::string(100'000, 'x') + " tail", std::string(100'000, '\''),
                                     std::string(100'000, '='), std::string(100'000, '/'), std::string(100'000, '<'),
                                     "a=" + std::string(100'000, '"'), std::string(100'000, '.') + "7"}) {
    CHECK(shown(hostile).size() <= kTemplateBytes + 32);
    CHECK(key(hostile).size() <= kTemplateBytes + 32);
  }
  std::string numbers, values;
  for (int i = 0; i < 10'000; ++i) numbers += "7 ", values += "a=b,";
  CHECK(shown(numbers).size() <= kTemplateBytes + 32);
  CHECK(key(values).size() <= kTemplateBytes + 32);
}

TEST_CASE("one_error_has_one_fingerprint_and_two_errors_have_two") {
  CHECK(fingerprint_of("timeout from ip_8390373f after 31 s") == fingerprint_of("timeout from ip_2bcf3253 after 29 s"));
  CHECK(fingerprint_of("timeout from <ip> after 31 s") == fingerprint_of("timeout from ip_2bcf3253 after 29 s"));
  CHECK(fingerprint_of("timeout") != fingerprint_of("time out"));
  CHECK(fingerprint_of("timeout") != fingerprint_of("timeout", RecordKind::web_error));
  const std::string print = fingerprint_of("timeout");
  CHECK(print.size() == kFingerprintDigits);
  // Kept in databases: it must not change from version to version.
  CHECK(print == "926f4dc05fa804f1");
}

TEST_CASE("program_module_and_code_belong_to_the_fingerprint") {
  RecordBatch batch;
  const auto with = [&](FieldId id, std::string_view value) {
    batch.begin_fields();
    batch.add_text(id, value);
    Record record;
    record.message = "timeout";
    batch.end_fields(record);
    return fingerprint(error_scope(record), "timeout");
  };
  CHECK(with(field::program, "sshd") != with(field::program, "cron"));
  CHECK(with(field::module, "core") != with(field::program, "core"));
  CHECK(with(field::error_code, "AH00126") != with(field::error_code, "AH00127"));
  CHECK(with(field::pid, "1") == with(field::pid, "2"));
}

TEST_CASE("a_word_that_takes_six_values_is_variable_and_its_groups_become_one") {
  ErrorGroups groups(kKinds);
  const std::vector<std::string> names = {"anna", "bert", "carl", "dora", "emil", "fritz", "gina"};
  std::vector<std::string> before;
  for (std::size_t i = 0; i < 5; ++i) {
    before.push_back(groups.group_of(error("no such user " + names[i] + " in realm shop")).fingerprint);
    CHECK(groups.take_merges().empty());
  }
  const auto sixth = groups.group_of(error("no such user fritz in realm shop"));
  CHECK(sixth.pattern == "no such user <*> in realm shop");
  CHECK(sixth.learnt);
  const auto merges = groups.take_merges();
  REQUIRE(merges.size() == 5);
  for (std::size_t i = 0; i < merges.size(); ++i) {
    CHECK(std::count(before.begin(), before.end(), merges[i].from) == 1);
    CHECK(merges[i].into.fingerprint == sixth.fingerprint);
  }
  for (const std::string& name : names)
    CHECK(groups.group_of(error("no such user " + name + " in realm shop")).fingerprint == sixth.fingerprint);
  CHECK(groups.group_of(error("no such user anna in realm mail")).fingerprint != sixth.fingerprint);
  CHECK(groups.group_of(error("no such user anna in realm shop", RecordKind::syslog)).fingerprint != sixth.fingerprint);
  CHECK(groups.take_merges().empty());
}

TEST_CASE("few_words_in_one_place_stay_errors_of_their_own") {
  ErrorGroups groups(kKinds);
  std::set<std::string> prints;
  for (const char* state : {"started", "stopped", "failed", "paused", "resumed"})
    prints.insert(groups.group_of(error("the worker process was " + std::string(state))).fingerprint);
  CHECK(prints.size() == 5);
  // Nothing in common but their length: any number of them.
  for (int i = 0; i < 26; ++i) {
    const std::string one(3, static_cast<char>('a' + i));
    prints.insert(groups.group_of(error(one)).fingerprint);
    prints.insert(groups.group_of(error("at " + one)).fingerprint);
  }
  CHECK(prints.size() == 57);
  CHECK(groups.take_merges().empty());
}

TEST_CASE("one_word_beside_a_number_in_the_same_place_is_enough") {
  ErrorGroups groups(kKinds);
  const auto numbered = groups.group_of(error("the session of test9 was closed"));
  const auto named = groups.group_of(error("the session of webmaster was closed"));
  CHECK(named.fingerprint == numbered.fingerprint);
  CHECK(groups.group_of(error("the session of root was closed")).fingerprint == numbered.fingerprint);
}

TEST_CASE("groups_are_the_same_in_another_order_and_after_a_restart_anywhere") {
  std::vector<std::string> messages;
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fritz", "gina", "hugo"})
    for (const char* host : {"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta"})
      messages.push_back("login of " + std::string(name) + " refused by " + host + " for want of a key");
  const auto last_fingerprint = [&](const std::vector<std::string>& order) {
    ErrorGroups groups(kKinds);
    for (const std::string& one : order) groups.group_of(error(one));
    return groups.group_of(error(messages[0])).fingerprint;
  };
  const std::string once = last_fingerprint(messages);
  std::vector<std::string> backwards(messages.rbegin(), messages.rend());
  CHECK(last_fingerprint(backwards) == once);
  for (std::size_t cut = 0; cut <= messages.size(); cut += 5) {
    std::map<std::string, ErrorGroups::Group> stored;
    const auto run = [&](std::size_t begin, std::size_t end) {
      ErrorGroups groups(kKinds);
      const auto carry_out = [&] {
        for (const auto& merge : groups.take_merges()) {
          stored.erase(merge.from);
          stored[merge.into.fingerprint] = merge.into;
        }
      };
      for (const auto& [print, group] : std::map(stored)) groups.load(group);
      carry_out();
      for (std::size_t i = begin; i < end; ++i) {
        const auto group = groups.group_of(error(messages[i]));
        carry_out();
        stored[group.fingerprint] = group;
      }
    };
    run(0, cut);
    run(cut, messages.size());
    REQUIRE(stored.size() == 1);
    CHECK(stored.begin()->first == once);
  }
}

TEST_CASE("memory_for_groups_is_bounded_and_what_was_learnt_outlives_a_flood") {
  ErrorGroups groups(kKinds);
  std::string learnt;
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fritz"})
    learnt = groups.group_of(error("no such user " + std::string(name) + " in realm shop")).fingerprint;
  // Words of letters, each message of its own words.
  const auto word = [](std::size_t number) {
    std::string out;
    for (int i = 0; i < 6; ++i, number /= 26) out += static_cast<char>('a' + number % 26);
    return out;
  };
  for (std::size_t i = 0; i < 3 * kErrorTemplatesMost; ++i) {
    groups.group_of(error(word(i * 7'919) + " " + word(i * 104'729) + " " + word(i * 1'299'709)));
    CHECK(groups.templates() <= kErrorTemplatesMost);
  }
  CHECK(groups.group_of(error("no such user gina in realm shop")).fingerprint == learnt);
}

TEST_CASE("errors_are_what_the_source_calls_error_or_worse") {
  Record record;
  for (const auto& [severity, error] :
       {std::pair{Severity::warning, false}, {Severity::error, true}, {Severity::critical, true}}) {
    record.severity = severity;
    CHECK(is_error(record) == error);
  }
}
