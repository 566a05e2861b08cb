#include "agent/checkpoint.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

Checkpoint sample() {
  Checkpoint c;
  c.set_segment("buffer-00000000000000000007-1774211679-0a1b2c3d.jsonl");
  c.identity = 0x1122334455667788;
  c.offset = 12345;
  c.intent_end = 23456;
  c.done = true;
  c.attempt = {1'774'211'679, 4242, 0xdeadbeefcafef00d};
  c.wait_seconds = 1800;
  c.last_success = 1'774'211'000;
  c.failures = 6;
  c.auth_failures = 5;
  c.suspended = true;
  c.trouble = Trouble::forbidden;
  c.http_status = 403;
  c.credentials.fill(0xab);
  c.clock_skew = -86400;
  c.batch_limit = 25;
  c.batch_limit_until = 1'774'300'000;
  c.refused_in_a_row = 2;
  c.events_sent = 1;
  c.batches_sent = 2;
  c.requests = 3;
  c.duplicates = 4;
  c.dead_lettered = 5;
  c.bytes_sent = 6;
  c.generation = 99;
  return c;
}

CheckpointFile open_in(const Site& site) {
  return CheckpointFile::open(Directory::open(site.directory()), site.directory(), site.buffer().rules()).value();
}

std::string slot_text(const Checkpoint& checkpoint) {
  const Slot slot = encode(checkpoint);
  return std::string(slot.data(), slot.size());
}

}  // namespace

TEST_CASE("without_descriptors_the_checkpoint_stays_where_it_is") {
  Site site;
  {
    CheckpointFile slots = open_in(site);
    Checkpoint kept = sample();
    REQUIRE(slots.save(kept, CheckpointFile::Durable::yes));
  }
  const FileRules rules = site.buffer().rules();
  const Directory directory = Directory::open(site.directory());
  const int next = ::dup(0);
  ::close(next);
  struct rlimit before;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  // None left, then one: the first slot opens and the second does not.
  for (int left = 0; left < 2; ++left) {
    const struct rlimit few = {static_cast<rlim_t>(next + left), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
    const bool opened = static_cast<bool>(CheckpointFile::open(directory, site.directory(), rules));
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK_FALSE(opened);
  }
  CHECK(open_in(site).load().offset == sample().offset);
}

TEST_CASE("a_checkpoint_reads_back_as_it_was_written") {
  const Checkpoint written = sample();
  Checkpoint read;
  REQUIRE(decode(encode(written), read));
  CHECK(read.segment_name() == written.segment_name());
  CHECK(encode(read) == encode(written));
  CHECK(read.clock_skew == -86400);
  CHECK(read.suspended);
  CHECK(read.trouble == Trouble::forbidden);
  CHECK(read.attempt.boot == 0xdeadbeefcafef00d);
  CHECK(read.bytes_sent == 6);
}

TEST_CASE("no_single_flipped_bit_of_a_slot_goes_unnoticed") {
  const Slot good = encode(sample());
  for (std::size_t bit = 0; bit < 8 * kSlotBytes; ++bit) {
    Slot changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    Checkpoint read;
    if (decode(changed, read)) FAIL("bit " << bit);
  }
  SUCCEED();
}

TEST_CASE("zeros_noise_and_other_versions_are_no_checkpoint") {
  Checkpoint read;
  CHECK(!decode(Slot{}, read));
  Slot noise;
  for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<char>(i * 7919 % 251);
  CHECK(!decode(noise, read));
  Slot later = encode(sample());
  later[7] = '2';
  CHECK(!decode(later, read));
}

TEST_CASE("saves_alternate_between_the_slots_and_the_newest_counts") {
  Site site;
  CheckpointFile file = open_in(site);
  Checkpoint c = file.load();
  CHECK(c.generation == 0);
  c.offset = 10;
  REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  const std::string a = site.slurp("dispatch.state.a"), b = site.slurp("dispatch.state.b");
  CHECK(a.size() == kSlotBytes);
  CHECK(b.size() == kSlotBytes);
  c.offset = 20;
  REQUIRE(file.save(c, CheckpointFile::Durable::no).ok());
  CHECK((site.slurp("dispatch.state.a") != a) != (site.slurp("dispatch.state.b") != b));
  CHECK(open_in(site).load().offset == 20);
  Checkpoint seen;
  REQUIRE(read_checkpoint(site.directory(), seen));
  CHECK(seen.offset == 20);
  CHECK(seen.generation == 2);
}

TEST_CASE("a_torn_newest_slot_gives_the_one_before_it") {
  Site site;
  {
    CheckpointFile file = open_in(site);
    Checkpoint c = file.load();
    for (c.offset = 10; c.offset <= 30; c.offset += 10) REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  }
  for (const char* newest : {"dispatch.state.a", "dispatch.state.b"}) {
    const std::string kept = site.slurp(newest);
    const bool is_newest = kept == slot_text([&] {
                             Checkpoint c;
                             read_checkpoint(site.directory(), c);
                             return c;
                           }());
    site.spew(newest, kept.substr(0, 256) + std::string(256, '\0'));
    CHECK(open_in(site).load().offset == (is_newest ? 20 : 30));
    site.spew(newest, kept);
  }
}

TEST_CASE("with_both_slots_gone_bad_everything_starts_anew") {
  Site site;
  {
    CheckpointFile file = open_in(site);
    Checkpoint c = sample();
    file.load();
    REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
    REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  }
  for (const std::string& bytes :
       {std::string(kSlotBytes, '\0'), std::string(kSlotBytes, 'x'), std::string(), std::string(100'000, 'y')}) {
    site.spew("dispatch.state.a", bytes);
    site.spew("dispatch.state.b", bytes);
    Checkpoint c = sample();
    CHECK(!read_checkpoint(site.directory(), c));
    CheckpointFile file = open_in(site);
    c = file.load();
    CHECK(c.segment_name().empty());
    CHECK(!c.suspended);
    c.offset = 77;
    REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
    CHECK(open_in(site).load().offset == 77);
  }
}

TEST_CASE("a_slot_from_the_end_of_all_generations_can_still_be_succeeded") {
  Site site;
  Checkpoint last = sample();
  last.generation = UINT64_MAX;
  open_in(site);
  site.spew("dispatch.state.a", slot_text(last));
  CheckpointFile file = open_in(site);
  Checkpoint c = file.load();
  CHECK(c.generation == UINT64_MAX);
  c.offset = 5;
  REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  c.offset = 6;
  REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  CHECK(open_in(site).load().offset == 6);
}

TEST_CASE("a_slot_that_is_a_link_is_put_aside_and_its_target_left_alone") {
  Site site;
  site.buffer();
  site.spew("../precious", "precious");
  ::unlink(site.path("dispatch.state.a").c_str());
  REQUIRE(::symlink((site.root() + "/precious").c_str(), site.path("dispatch.state.a").c_str()) == 0);
  ::unlink(site.path("dispatch.state.b").c_str());
  REQUIRE(::link((site.root() + "/precious").c_str(), site.path("dispatch.state.b").c_str()) == 0);
  CheckpointFile file = open_in(site);
  Checkpoint c = file.load();
  REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  REQUIRE(file.save(c, CheckpointFile::Durable::yes).ok());
  CHECK(site.slurp("../precious") == "precious");
  struct stat st {};
  REQUIRE(::lstat(site.path("dispatch.state.a").c_str(), &st) == 0);
  CHECK(S_ISREG(st.st_mode));
  CHECK((st.st_mode & 0777) == 0600);
}

TEST_CASE("a_slot_that_is_a_directory_is_said_to_be_in_the_way") {
  Site site;
  site.buffer();
  ::unlink(site.path("dispatch.state.b").c_str());
  REQUIRE(::mkdir(site.path("dispatch.state.b").c_str(), 0700) == 0);
  const Result<CheckpointFile> file =
      CheckpointFile::open(Directory::open(site.directory()), site.directory(), site.buffer().rules());
  REQUIRE(!file.ok());
  CHECK(file.error().message.find("dispatch.state.b") != std::string::npos);
}

TEST_CASE("an_identity_depends_on_the_first_bytes_and_on_the_size") {
  Site site;
  site.buffer();
  const auto identity = [&](const std::string& bytes) {
    site.spew("x", bytes);
    const Fd file(::open(site.path("x").c_str(), O_RDONLY));
    return identify(file.get(), bytes.size());
  };
  const std::string text(2000, 'a');
  CHECK(identity(text) == identity(text));
  CHECK(identity(text) != identity(text + "a"));
  CHECK(identity(text) != identity("b" + text.substr(1)));
  CHECK(identity("") != identity("a"));
}

TEST_CASE("a_name_longer_than_the_field_is_cut") {
  Checkpoint c;
  c.set_segment(std::string(100, 'n'));
  CHECK(c.segment_name() == std::string(64, 'n'));
  c.set_segment("short");
  CHECK(c.segment_name() == "short");
}
