#include "redact/labels.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

std::string label(Mode mode, std::string_view name) {
  FieldNames names;
  const FieldLabels labels(names, {.mode = mode, .salt = "salt", .digits = 8, .patterns = {}});
  return labels.label(names.add(name)).text;
}

}  // namespace

TEST_CASE("personal_data_in_the_name_of_a_field_is_masked_where_the_name_is_shown") {
  CHECK(label(Mode::mask, "by_ip.203.0.113.9") == "by_ip.<ip>");
  CHECK(label(Mode::mask, "ann@example.com") == "<email>");
  CHECK(label(Mode::mask, "users.2001:db8::9.hits") == "users.<ip>.hits");
  CHECK(label(Mode::mask, "sk_live_0123456789abcdef") == "<token>");
  CHECK(label(Mode::mask, "GB82WEST12345698765432") == "<iban>");
  CHECK(label(Mode::mask, "calls.+49 170 1234567") == "calls.<phone>");
  CHECK(label(Mode::mask, "by_card.4111111111111111.count") == "by_card.<card>.count");
  CHECK(label(Mode::mask, "5.203.0.113.9") == "5.<ip>");
  CHECK(label(Mode::mask, "ann%40example.com") == "<email>");
  CHECK_THAT(label(Mode::redact, "by_ip.203.0.113.9"), Catch::Matchers::Matches("by_ip\\.ip_[0-9a-f]{8}"));
  CHECK(label(Mode::dry_run, "by_ip.203.0.113.9") == "by_ip.203.0.113.9");
}

TEST_CASE("names_without_personal_data_stay") {
  for (const char* name :
       {"http.request.method", "1.3.6.1.4.1.311", "app_version.1.2.3.4", "1.2.3", "EventID", "a.b.c.d.e"})
    CHECK(label(Mode::mask, name) == name);
  FieldNames names;
  const FieldLabels labels(names, {.mode = Mode::mask, .salt = {}, .digits = 8, .patterns = {}});
  CHECK(labels.label(field::none).text.empty());
}

TEST_CASE("two_names_that_are_shown_the_same_are_one_label") {
  FieldNames names;
  const FieldLabels labels(names, {.mode = Mode::mask, .salt = {}, .digits = 8, .patterns = {}});
  const FieldId one = names.add("by_ip.203.0.113.9"), two = names.add("by_ip.203.0.113.10"),
                lookalike = names.add("by_ip.<ip>");
  CHECK(labels.label(one).first == one);
  CHECK(labels.label(two).first == one);
  CHECK(labels.label(lookalike).first == one);
}

TEST_CASE("a_full_table_of_names_has_a_label_for_each") {
  FieldNames names;
  const FieldLabels labels(names, {.mode = Mode::redact, .salt = "salt", .digits = 16, .patterns = {}});
  std::vector<FieldId> ids;
  for (int i = 0; FieldId id = names.add("u" + std::to_string(i) + "@example.com"); ++i) ids.push_back(id);
  REQUIRE(ids.size() > 32'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      for (FieldId id : ids) labels.label(id);
    });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> shown;
  for (FieldId id : ids) shown.insert(labels.label(id).text);
  CHECK(shown.size() == ids.size());
  CHECK(shown.begin()->substr(0, 6) == "email_");
}
