// The same signatures from three programs that share no line of code: PHP's hash_hmac(), OpenSSL's command line, and ours.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>

#include "catch.hpp"
#include "core/hmac.hpp"
#include "core/wire.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), &::pclose);
  REQUIRE(pipe);
  std::string out;
  std::array<char, 256> chunk;
  while (const std::size_t got = std::fread(chunk.data(), 1, chunk.size(), pipe.get())) out.append(chunk.data(), got);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

void write_file(const std::string& path, std::string_view bytes) { std::ofstream(path, std::ios::binary) << bytes; }

struct Parts {
  std::string secret, entity, timestamp, encoding, body;
};

/// The request's signature and, for its answer, the ack, as PHP computes them: "batch signature ack".
std::string by_php(const Scratch& scratch, const Parts& parts, int status, const std::string& answer) {
  write_file(scratch.file("secret"), parts.secret);
  write_file(scratch.file("body"), parts.body);
  write_file(scratch.file("answer"), answer);
  write_file(scratch.file("sign.php"), R"php(<?php
[, $dir, $entity, $timestamp, $encoding, $status] = $argv;
$secret = file_get_contents("$dir/secret"); $body = file_get_contents("$dir/body"); $answer = file_get_contents("$dir/answer");
$batch = substr(hash('sha256', $entity . "\0" . $body), 0, 32);
$lines = ['v1', 'POST', '/v1/ingest', $entity, $timestamp, $batch, $encoding, hash('sha256', $body)];
$signature = hash_hmac('sha256', implode("\n", $lines), hash_hmac('sha256', 'ingest-sign/v1', $secret, true));
$lines = ['v1', $status, $batch, hash('sha256', $answer)];
$ack = hash_hmac('sha256', implode("\n", $lines), hash_hmac('sha256', 'ingest-ack/v1', $secret, true));
echo "$batch $signature $ack";
)php");
  return output_of(fmt::format("php -n '{0}/sign.php' '{0}' '{1}' '{2}' '{3}' '{4}'", scratch.file(""), parts.entity,
                               parts.timestamp, parts.encoding, status));
}

/// The same by OpenSSL's command line and the shell.
std::string by_openssl(const Scratch& scratch, const Parts& parts, int status, const std::string& answer) {
  write_file(scratch.file("secret"), parts.secret);
  write_file(scratch.file("body"), parts.body);
  write_file(scratch.file("answer"), answer);
  write_file(scratch.file("sign.sh"), R"sh(
cd "$1"; entity=$2 timestamp=$3 encoding=$4 status=$5
hex() { od -An -v -tx1 | tr -d ' \n'; }
hmac() { openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -binary | hex; }
sha() { openssl dgst -sha256 -binary "$1" | hex; }
batch=$( { printf '%s\0' "$entity"; cat body; } | openssl dgst -sha256 -binary | hex | cut -c1-32)
key=$(printf ingest-sign/v1 | hmac "$(hex <secret)")
signature=$(printf 'v1\nPOST\n/v1/ingest\n%s\n%s\n%s\n%s\n%s' "$entity" "$timestamp" "$batch" "$encoding" "$(sha body)" | hmac "$key")
key=$(printf ingest-ack/v1 | hmac "$(hex <secret)")
ack=$(printf 'v1\n%s\n%s\n%s' "$status" "$batch" "$(sha answer)" | hmac "$key")
echo "$batch $signature $ack"
)sh");
  return output_of(fmt::format("sh '{0}/sign.sh' '{0}' '{1}' '{2}' '{3}' '{4}'", scratch.file(""), parts.entity,
                               parts.timestamp, parts.encoding, status));
}

std::string by_us(const Parts& parts, int status, const std::string& answer) {
  const std::string batch = wire::batch_id(parts.entity, parts.body);
  const std::string signature = wire::sign(parts.secret, {"POST", wire::kIngestPath, parts.entity,
                                                          std::stoll(parts.timestamp), batch, parts.encoding, parts.body});
  return batch + " " + signature + " " + wire::acknowledge(parts.secret, status, batch, answer);
}

}  // namespace

TEST_CASE("php_openssl_and_this_program_sign_and_acknowledge_alike") {
  Scratch scratch;
  std::string every_byte;
  for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
  const auto [parts, status] = GENERATE_REF(
      std::pair<Parts, int>{{"s3cr3t-entity-secret-32-bytes-min!", "ent_test", "1774211679", "identity", "{}\n"}, 202},
      std::pair<Parts, int>{{std::string(100, 'k'), "ent_A-b_9", "1", "gzip", every_byte}, 200},
      std::pair<Parts, int>{{"k", "ent_x", "9999999999", "identity", ""}, 503});
  const std::string answer = R"({"accepted":1,"duplicates":0,"rejected":[]})";
  const std::string ours = by_us(parts, status, answer);
  REQUIRE(ours.size() == 32 + 1 + 64 + 1 + 64);
  CHECK(by_php(scratch, parts, status, answer) == ours);
  CHECK(by_openssl(scratch, parts, status, answer) == ours);
}
