// What was meant by a name that is not there.
#include "core/suggest.hpp"

#include <string>

#include "catch.hpp"

using namespace logystera;

TEST_CASE("edits are letters changed, added, left out or swapped, whatever their case") {
  CHECK(edits_between("", "") == 0);
  CHECK(edits_between("", "abc") == 3);
  CHECK(edits_between("abc", "ABC") == 0);
  CHECK(edits_between("kitten", "sitting") == 3);
  CHECK(edits_between("evnts", "events") == 1);
  CHECK(edits_between("evetns", "events") == 1);
  CHECK(edits_between("--stoer", "--store") == 1);
}

TEST_CASE("the nearest name is within two letters and a third of what was written, or there is none") {
  const std::vector<std::string_view> names{"events", "errors", "entity", "add", ""};
  CHECK(nearest_name("evnts", names) == "events");
  CHECK(nearest_name("EVENTS", names) == "events");
  CHECK(nearest_name("ad", names) == "add");
  CHECK(nearest_name("xyz", names).empty());
  const std::vector<std::string_view> fields{"status", "client_ip", "path", "user", "EventID"};
  CHECK(nearest_name("stauts", fields) == "status");
  CHECK(nearest_name("sstatus", fields) == "status");
  CHECK(nearest_name("clientip", fields) == "client_ip");
  CHECK(nearest_name("eventid", fields) == "EventID");
  CHECK(nearest_name("pth", fields) == "path");
  CHECK(nearest_name("foobar", fields).empty());
  CHECK(nearest_name(std::string(1000, 's'), fields).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("evexxx", names).empty());
  CHECK(nearest_name("events", {}).empty());
  const std::string longest(64, 'a'), longer(65, 'a');
  CHECK(nearest_name(longest, {longest}) == longest);
  CHECK(nearest_name(longer, {longest}).empty());
  CHECK(nearest_name(longest.substr(1), {longer}).empty());
}
