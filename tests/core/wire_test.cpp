// The expected values were computed with OpenSSL's command line (openssl dgst -sha256 -hmac), not with this code.
#include "core/wire.hpp"

#include <set>

#include "catch.hpp"
#include "core/catalogue.hpp"
#include "core/uuid.hpp"

using namespace logystera;

TEST_CASE("a_batch_id_depends_on_the_entity_and_every_byte") {
  const std::string id = wire::batch_id("ent_test", "line\n");
  CHECK(id == "b2949d9bb3f97e43276805d9b56b0a03");
  CHECK(wire::batch_id("ent_tesu", "line\n") != id);
  CHECK(wire::batch_id("ent_test", "line") != id);
  CHECK(wire::batch_id("ent_testl", "ine\n") != id);  // the separator keeps entity and body apart
}

TEST_CASE("signature_and_acknowledgement_match_openssl") {
  const wire::SignedRequest request{"POST",     "/v1/ingest", "ent_test", 1774211679, "b2949d9bb3f97e43276805d9b56b0a03",
                                    "identity", "line\n"};
  const std::string secret = "s3cr3t-entity-secret-32-bytes-min!";
  CHECK(wire::sign(secret, request) == "95f7219b5c9b95dedef7f4b4e4f72744846ea7eb2de9a114bb84da469107dcf1");
  CHECK(wire::acknowledge(secret, 202, "b2949d9bb3f97e43276805d9b56b0a03", "{\"accepted\":1}") ==
        "8b7c7a11eb13191e3b43c1b85948c4b0ec89ead6e950d1b74bd2106949751260");
}

TEST_CASE("every_part_of_a_request_is_signed") {
  const wire::SignedRequest request{"POST", "/v1/ingest", "ent_test", 1774211679, "b", "identity", "line\n"};
  std::set<std::string> signatures = {wire::sign("k", request)};
  const auto changed = [&](auto change) {
    wire::SignedRequest other = request;
    change(other);
    CHECK(signatures.insert(wire::sign("k", other)).second);
  };
  changed([](auto& r) { r.method = "PUT"; });
  changed([](auto& r) { r.path = "/v1/ping"; });
  changed([](auto& r) { r.entity = "ent_other"; });
  changed([](auto& r) { r.timestamp += 1; });
  changed([](auto& r) { r.batch = "c"; });
  changed([](auto& r) { r.content_encoding = "gzip"; });
  changed([](auto& r) { r.body = "line"; });
  CHECK(signatures.insert(wire::sign("l", request)).second);
}

TEST_CASE("a_header_may_carry_several_signatures") {
  CHECK(wire::carries("v1=abc", "abc"));
  CHECK(wire::carries("v1=xyz v1=abc", "abc"));
  CHECK(wire::carries("v0=old v1=abc", "abc"));
  CHECK_FALSE(wire::carries("v1=abd", "abc"));
  CHECK_FALSE(wire::carries("abc", "abc"));
  CHECK_FALSE(wire::carries("", "abc"));
  CHECK_FALSE(wire::carries("v1=", "abc"));
}

TEST_CASE("tokens_hold_nothing_that_could_end_a_line") {
  CHECK(wire::is_token("ent_A-9"));
  CHECK(wire::is_token(std::string(64, 'a')));
  for (const std::string& bad : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\nb"),
                                 std::string("é"), std::string("a\0b", 3)}) {
    CHECK_FALSE(wire::is_token(bad));
  }
}

TEST_CASE("uuids_are_version_4_and_unique") {
  UuidSource source;
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = source.next();
    REQUIRE(is_uuid_v4(id));
    REQUIRE(seen.insert(id).second);
  }
  source.discard();
  CHECK(is_uuid_v4(source.next()));
}

TEST_CASE("only_a_version_4_uuid_is_one") {
  const std::string good = "9ad113c7-0ff8-4dc6-bb68-1b836a90ea80";
  CHECK(is_uuid_v4(good));
  CHECK(is_uuid_v4("9AD113C7-0FF8-4DC6-BB68-1B836A90EA80"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = 'g';
    CHECK_FALSE(is_uuid_v4(bad));
  }
  CHECK_FALSE(is_uuid_v4(good.substr(1)));
  CHECK_FALSE(is_uuid_v4("9ad113c7-0ff8-1dc6-bb68-1b836a90ea80"));
  CHECK_FALSE(is_uuid_v4("9ad113c7-0ff8-4dc6-7b68-1b836a90ea80"));
}

TEST_CASE("the_catalogue_finds_every_type_and_nothing_else") {
  std::size_t documented = 0;
  for (const SignalSpec& spec : catalogue::all()) {
    CHECK(catalogue::find(spec.type) == &spec);
    CHECK(spec.label_count > 0);
    documented += spec.documented ? 1 : 0;
    for (const LabelSpec* label = spec.labels; label != spec.labels + spec.label_count; ++label) {
      CHECK(catalogue::name_of(label->kind) != "unknown");
    }
  }
  CHECK(documented == 18);
  CHECK(catalogue::find("config.sav") == nullptr);
  CHECK(catalogue::find("config.saved") == nullptr);
  CHECK(catalogue::find("") == nullptr);
  CHECK(catalogue::find("zzz") == nullptr);
}
