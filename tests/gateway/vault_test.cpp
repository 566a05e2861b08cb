#include "gateway/vault.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "gateway/entities.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::gateway;
using logystera::testing::Scratch;

namespace {

std::string message_of(const Result<Vault>& result) { return result ? "" : result.error().message; }

}  // namespace

TEST_CASE("a_sealed_secret_opens_with_its_key_and_its_owner_only") {
  Scratch scratch;
  auto vault = Vault::open(scratch.file("key"), true);
  REQUIRE(vault.ok());
  const auto sealed = vault->seal("the secret", "ent_a");
  REQUIRE(sealed.ok());
  CHECK(sealed.value().find("the secret") == std::string::npos);
  CHECK(vault->seal("the secret", "ent_a").value() != sealed.value());
  CHECK(vault->unseal(sealed.value(), "ent_a").value() == "the secret");
  CHECK(!vault->unseal(sealed.value(), "ent_b").ok());
  for (std::size_t i = 0; i < sealed.value().size(); ++i) {
    std::string changed = sealed.value();
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(!vault->unseal(changed, "ent_a").ok());
  }
  CHECK(!vault->unseal("", "ent_a").ok());
  auto again = Vault::open(scratch.file("key"), false);
  CHECK(again->unseal(sealed.value(), "ent_a").value() == "the secret");
  auto other = Vault::open(scratch.file("other"), true);
  CHECK(!other->unseal(sealed.value(), "ent_a").ok());
}

TEST_CASE("a_key_file_others_may_read_is_refused") {
  Scratch scratch;
  const std::string path = scratch.file("key");
  REQUIRE(Vault::open(path, true).ok());
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(::chmod(path.c_str(), 0640) == 0);
  CHECK(message_of(Vault::open(path, true)).find("chmod 600") != std::string::npos);
}

TEST_CASE("what_a_program_that_was_killed_left_of_a_key_is_in_nobodys_way") {
  Scratch scratch;
  const std::string path = scratch.file("key"), draft = path + ".new-" + std::to_string(::getpid());
  std::ofstream(draft) << "half";  // of a process of the same number: in containers all have
  CHECK(Vault::open(path, true).ok());
  CHECK(!std::filesystem::exists(draft));
}

TEST_CASE("a_key_file_that_is_missing_short_or_a_link_is_refused") {
  Scratch scratch;
  const std::string path = scratch.file("key");
  CHECK(message_of(Vault::open(path, false)).find("restore it from the backup") != std::string::npos);
  CHECK(!std::filesystem::exists(path));
  std::ofstream(path) << "0123";
  REQUIRE(::chmod(path.c_str(), 0600) == 0);
  CHECK(message_of(Vault::open(path, true)).find("not 64 lowercase hex digits") != std::string::npos);
  std::filesystem::create_symlink(path, scratch.file("link"));
  CHECK(!Vault::open(scratch.file("link"), true).ok());
}

TEST_CASE("a_key_of_another_database_is_found_out_when_the_entities_are_opened") {
  Scratch scratch;
  auto store = store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create});
  auto vault = Vault::open(scratch.file("a.key"), true);
  auto entities = Entities::open(store.value()->entities(), std::move(vault).value());
  REQUIRE(entities->add("shop", 0).ok());
  auto wrong = Vault::open(scratch.file("b.key"), true);
  const auto refused = Entities::open(store.value()->entities(), std::move(wrong).value());
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("does not open with key file") != std::string::npos);
}

TEST_CASE("issued_tokens_and_secrets_are_random_and_names_are_checked") {
  Scratch scratch;
  auto store = store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create});
  auto vault = Vault::open(scratch.file("a.key"), true);
  auto entities = Entities::open(store.value()->entities(), std::move(vault).value());
  const auto first = entities->add("shop", 0);
  const auto second = entities->add("shop", 0);
  REQUIRE(first.ok());
  CHECK(first->token.starts_with("ent_"));
  CHECK(first->secret.size() == 43);  // 32 bytes
  CHECK(first->token != second->token);
  CHECK(first->secret != second->secret);
  // The database holds the secret in no form one could use.
  std::ifstream file(scratch.file("a.db-wal"), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  CHECK(bytes.find(first->token) != std::string::npos);
  CHECK(bytes.find(first->secret) == std::string::npos);
  CHECK(!entities->add("", 0).ok());
  CHECK(!entities->add("two\nlines", 0).ok());
  CHECK(!entities->add(std::string(101, 'a'), 0).ok());
  CHECK(!entities->add("\xff", 0).ok());
  CHECK(!entities->rotate("ent_none", 0).ok());
  CHECK(!entities->set_disabled("ent_none", true).ok());
}
