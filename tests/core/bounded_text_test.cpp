#include "core/bounded_text.hpp"

#include <limits>
#include <string>

#include "catch.hpp"
#include "core/uuid.hpp"

using namespace logystera;

namespace {

// Every way to append, one after the other.
void append_everything(BoundedWriter& out) {
  out.append(std::string_view("text"));
  out.append("literal");
  out.append('c');
  out.append(std::string_view());
  out.append_integer(std::numeric_limits<std::int64_t>::min());
  out.append_integer(std::numeric_limits<std::uint64_t>::max());
  out.append_hex(std::string_view("\x00\xff\x7f", 3));
  static constexpr char kPadded[BoundedWriter::kPadding] = "padded";
  out.append_padded(kPadded, 6);
  out.append("end");
}

constexpr std::string_view kEverything = "textliteralc-92233720368547758081844674407370955161500ff7fpaddedend";

}  // namespace

TEST_CASE("what_is_appended_to_bounded_text_is_there_or_known_to_be_cut_at_every_capacity") {
  for (std::size_t capacity = 0; capacity <= kEverything.size() + BoundedWriter::kPadding; ++capacity) {
    std::string room(capacity + 64, '#');
    BoundedWriter out(room.data(), capacity);
    append_everything(out);
    CHECK(out.view() == kEverything.substr(0, capacity));
    CHECK(out.cut() == (capacity < kEverything.size()));
    CHECK(out.left() == capacity - out.size());
    CHECK(room.substr(capacity) == std::string(64, '#'));
  }
}

TEST_CASE("nothing_follows_a_cut_until_the_text_is_cleared") {
  BoundedText<4> text;
  CHECK(text.append("abc"));
  CHECK_FALSE(text.append("def"));
  CHECK_FALSE(text.append('x'));
  CHECK_FALSE(text.append_integer(1));
  CHECK_FALSE(text.append_hex("1"));
  CHECK(text.view() == "abcd");
  CHECK(text.cut());
  CHECK(std::string(text.c_str()) == "abcd");
  text.clear();
  CHECK_FALSE(text.cut());
  CHECK(text.append(std::string_view()));
  CHECK(std::string(text.c_str()).empty());
}

TEST_CASE("whole_blocks_are_taken_within_the_room_that_is_left") {
  std::string room(32, '#');
  BoundedWriter out(room.data(), 24);
  CHECK((out.room(25) == nullptr));
  CHECK((out.room(24) == room.data()));
  out.take(20);
  CHECK((out.room(5) == nullptr));
  out.take(1000);
  CHECK(out.size() == 24);
  CHECK_FALSE(out.cut());
  CHECK(room.substr(24) == std::string(8, '#'));
}

TEST_CASE("without_any_memory_everything_is_cut") {
  BoundedWriter out(nullptr, 0);
  append_everything(out);
  CHECK(out.cut());
  CHECK(out.view().empty());
}

TEST_CASE("a_uuid_that_does_not_fit_is_no_uuid") {
  UuidSource uuids;
  BoundedText<kUuidChars> whole;
  CHECK(uuids.write(whole));
  CHECK(is_uuid_v4(whole.view()));
  BoundedText<kUuidChars - 1> short_of_one;
  CHECK_FALSE(uuids.write(short_of_one));
  CHECK(short_of_one.cut());
}
