#include "core/secret.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using testing::Scratch;

TEST_CASE("of_a_url_scheme_and_host_are_shown") {
  CHECK(without_url_secrets("https://hooks.example.org/services/T1/x?y#z") ==
        "https://hooks.example.org/*****************");
  CHECK(without_url_secrets("--proxy=http://user:p@ss@10.0.0.1:3128") == "--proxy=http://*********@10.0.0.1:3128");
  CHECK(without_url_secrets("put LOGYSTERA_PROXY=http://USER:PASSWORD@HOST:PORT into the credentials file") ==
        "put LOGYSTERA_PROXY=http://USER:PASSWORD@HOST:PORT into the credentials file");
  CHECK(without_url_secrets("http://USER:PASSWORDS@h") == "http://**************@h");
  CHECK(without_url_secrets("https://h?k=v https://i#f") == "https://h**** https://i**");
  CHECK(without_url_secrets("a https://one/two three") == "a https://one/*** three");
  for (const char* text : {"", "://", "/var/log/auth.log", "https://gateway.example.org", "https://[::1]:8443/", "a:b@c"})
    CHECK(without_url_secrets(text) == text);
}

TEST_CASE("a_secret_variable_is_known_after_it_was_taken_out_of_the_environment") {
  ::setenv("LOGYSTERA_ENTITY_SECRET", "hunter2", 1);
  char* before = std::getenv("LOGYSTERA_ENTITY_SECRET");
  CHECK(secret_variable(kEntitySecretVariable) == "hunter2");
  take_secret_variables();
  CHECK(std::getenv("LOGYSTERA_ENTITY_SECRET") == nullptr);
  CHECK(std::string(before, 7) == std::string(7, '\0'));
  CHECK(secret_variable(kEntitySecretVariable) == "hunter2");
  CHECK(secret_variable(kProxyVariable).empty());
}

TEST_CASE("a_secret_file_is_read_within_its_limit_and_only_if_nobody_else_may") {
  const Scratch scratch;
  const std::string path = scratch.file("secret");
  SecretFile wanted;
  wanted.noun = "test file";
  wanted.after_exposure = "make another";
  wanted.bytes_max = 8;
  const auto with = [&](const std::string& text, mode_t mode = 0600) {
    std::ofstream(path, std::ios::trunc) << text;
    ::chmod(path.c_str(), mode);
    auto read = read_secret_file(path, wanted);
    return read ? "=" + read.value() : read.error().message;
  };
  CHECK(with("") == "=");
  CHECK(with("12345678\r\n") == "=12345678");
  CHECK(with("123456789") == "test file " + path + ": holds more than it may: at most 8 bytes");
  CHECK(with("123\n567\n") == "=123\n567");
  CHECK(with("x", 0620).find("mode 0620 lets others read the secret: run chmod 600 on it, and make another") !=
        std::string::npos);
  CHECK(with("x", 0601).find("mode 0601") != std::string::npos);
  wanted.first_line = true;
  CHECK(with("1234\nand whatever follows") == "=1234");
  CHECK(with("123456789\n").find("at most 8") != std::string::npos);
  wanted.own = true;
  const std::string link = scratch.file("link");
  REQUIRE(::symlink(path.c_str(), link.c_str()) == 0);
  CHECK_FALSE(read_secret_file(link, wanted).ok());
  wanted.own = false;
  CHECK(with("1234") == "=1234");
  CHECK(read_secret_file(link, wanted).ok());
}
