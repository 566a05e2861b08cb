// Every text over an alphabet of what the rules for messages, statements and paths look at, into memory of exactly its size with
// a forbidden page behind it. Of five bytes here; LOGYSTERA_HOSTILE_BYTES=8 is a billion texts and takes minutes.
#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "core/message.hpp"
#include "core/path.hpp"
#include "guarded.hpp"
#include "hostile_texts.hpp"

using namespace logystera;
using namespace logystera::test;

namespace {

std::size_t longest() {
  const char* asked = std::getenv("LOGYSTERA_HOSTILE_BYTES");
  return asked != nullptr ? std::strtoul(asked, nullptr, 10) : 5;
}

// Calls `look` with every text of 1 to `bytes` letters; how many there were.
template <typename Look>
std::uint64_t for_each_text(std::string_view alphabet, std::size_t bytes, Look look) {
  std::uint64_t count = 0;
  for (std::size_t size = 1; size <= bytes; ++size) {
    std::string text(size, alphabet[0]);
    std::string places(size, '\0');
    while (true) {
      look(std::string_view(text));
      ++count;
      std::size_t at = 0;
      while (at < size && static_cast<std::size_t>(++places[at]) == alphabet.size()) {
        places[at] = 0;
        text[at] = alphabet[0];
        ++at;
      }
      if (at == size) break;
      text[at] = alphabet[static_cast<std::size_t>(places[at])];
    }
  }
  return count;
}

}  // namespace

TEST_CASE("every_short_message_and_statement_stays_within_its_room") {
  const Guarded guarded(64);
  std::uint64_t wrong = 0, changed = 0;
  const auto count = for_each_text("=()'\"a1@:\\ .", longest(), [&](std::string_view text) {
    for (const bool is_sql : {false, true}) {
      BoundedWriter out(guarded.last(text.size()), text.size());
      scrub_message(out, text, is_sql);
      // Nothing becomes longer by these rules: the bound is never needed.
      if (out.cut()) ++wrong;
      if (out.view() != text) ++changed;
    }
  });
  CHECK(count > 12);
  CHECK(changed > 0);
  CHECK(wrong == 0);
  if (std::getenv("LOGYSTERA_HOSTILE_BYTES") != nullptr) WARN(2 * count << " texts, " << changed << " changed");
}

TEST_CASE("every_short_path_stays_within_its_room") {
  const Guarded guarded(256);
  const HmacKey key("a key");
  std::uint64_t wrong = 0;
  std::string text;
  const auto count = for_each_text("/4%2f.ua?", longest(), [&](std::string_view tail) {
    text.assign("/user").append(tail);
    // Room for the quotes and some of the hash, or for all of it.
    for (const std::size_t room : {text.size() + 2, std::size_t{200}}) {
      json::Output out(guarded.last(room), room);
      const bool cut = write_path(out, text, key);
      if (cut || (room == 200 && (out.full() || out.view().front() != '"' || out.view().back() != '"'))) ++wrong;
    }
  });
  CHECK(count > 9);
  CHECK(wrong == 0);
  if (std::getenv("LOGYSTERA_HOSTILE_BYTES") != nullptr) WARN(2 * count << " paths");
}

TEST_CASE("hostile_texts_stay_within_any_room_and_are_valid_json_where_they_fit") {
  const HmacKey key("a key");
  const Guarded guarded(64 * 1024);
  for (const std::string& text : hostile_texts()) {
    for (const std::size_t room : {0, 1, 2, 3, 17, 100, 1024, 4096, 4097, 4098, 64 * 1024}) {
      for (const int rule : {0, 1, 2, 3}) {
        json::Output out(guarded.last(room), room);
        if (rule == 0) out.string(text, {kMessageBytesMax, false});
        else if (rule == 1) write_path(out, text, key);
        else write_message(out, text, rule == 3, {kMessageBytesMax, false});
        CHECK(out.size() <= room);
        if (out.full()) continue;
        const std::string_view written = out.view();
        CHECK(json::is_utf8(written));
        CHECK((written.size() >= 2 && written.front() == '"' && written.back() == '"'));
      }
    }
  }
}
