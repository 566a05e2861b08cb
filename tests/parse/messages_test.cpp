// What programs say: sshd and its kin, PAM, sudo, su, Drupal, and the error logs of web servers, with texts in them that a
// visitor chose.
#include <string>
#include <string_view>
#include <vector>

#include "catch.hpp"
#include "parse/plain_target.hpp"
#include "parse/readers.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

struct Read {
  RecordBatch batch;
  Record record;
  std::string text;

  Read(std::string_view program, std::string_view message) : text(message) {
    batch.begin_fields();
    read_program_message(program, text, false, batch, record);
    batch.end_fields(record);
  }
  std::string_view operator[](FieldId id) const { return record.text(id); }
  std::string_view ip() const { return record.text(field::client_ip); }
  std::string_view action() const { return record.text(field::action); }
  std::string_view user() const { return record.text(field::user); }
  std::string_view port() const { return record.text(field::client_port); }
};

struct ErrorLine {
  FieldNames names;
  RecordBatch batch;
  Record record;
  std::string text;

  ErrorLine(bool nginx, std::string_view line) : text(line) {
    ParserContext context{names, {}};
    const auto parser = nginx ? make_nginx_error_parser(context) : make_apache_error_parser(context);
    batch.begin_fields();
    REQUIRE(parser->read(text, batch, record) == LineRead::record);
    batch.end_fields(record);
  }
  std::string_view operator[](FieldId id) const { return record.text(id); }
  int count(FieldId id) const {
    int found = 0;
    for (const Value& value : record) found += value.field == id;
    return found;
  }
};

std::string plain(std::string_view target) {
  Arena arena;
  return std::string(plain_target(target, arena));
}

const std::string kCertificate = "ED25519-CERT SHA256:abc ID ";
const std::string kSigned = " (serial 0) CA ED25519 SHA256:def";

}  // namespace

TEST_CASE("address_of_a_certificate_login_is_the_peers", "[messages]") {
  for (std::string id : {"evil from 198.51.100.1 port 22 ssh2", "evil from 198.51.100.1 port 22 ssh2: RSA SHA256:x", "",
                         "a from 198.51.100.1 port 1 ssh2 (serial 0) CA RSA SHA256:x"}) {
    for (std::string verb : {"Accepted", "Failed", "Postponed"}) {
      const Read read("sshd", verb + " publickey for bob from 203.0.113.5 port 50000 ssh2: " + kCertificate + id + kSigned);
      CHECK(read.ip() == "203.0.113.5");
      CHECK(read.port() == "50000");
      CHECK(read.user() == "bob");
    }
  }
}

TEST_CASE("a_user_name_that_reads_like_a_peer_is_a_name", "[messages]") {
  for (std::string name : {"x from 192.0.2.1 port 22 ssh2", "from 192.0.2.1", "x from 192.0.2.1", "a b", "1.2.3.4 port 5",
                           "x 192.0.2.1 port 22", "x from 192.0.2.1 port 22 ssh2: RSA SHA256:abc", "invalid user y"}) {
    for (std::string method : {"password", "keyboard-interactive/pam", "none"}) {
      const Read read("sshd-session",
                      "Failed " + method + " for invalid user " + name + " from 203.0.113.5 port 50000 ssh2 [preauth]");
      CHECK(read.ip() == "203.0.113.5");
      CHECK(read.user() == name);
      CHECK(read.action() == "failed_invalid_user");
    }
    const Read key("sshd",
                   "Failed publickey for invalid user " + name + " from 203.0.113.5 port 50000 ssh2: RSA SHA256:abc");
    CHECK(key.ip() == "203.0.113.5");
    CHECK(key.user() == name);
    const Read invalid("sshd", "Invalid user " + name + " from 203.0.113.5 port 50000");
    CHECK(invalid.ip() == "203.0.113.5");
    CHECK(invalid.user() == name);
    const Read most("sshd", "error: maximum authentication attempts exceeded for invalid user " + name +
                                " from 203.0.113.5 port 50000 ssh2 [preauth]");
    CHECK(most.ip() == "203.0.113.5");
    CHECK(most.user() == name);
    for (std::string phrase : {"Connection closed by", "Connection reset by", "Disconnected from"}) {
      const Read closed("sshd", phrase + " invalid user " + name + " 203.0.113.5 port 50000 [preauth]");
      CHECK(closed.ip() == "203.0.113.5");
      CHECK(closed.port() == "50000");
      CHECK(closed.user() == name);
    }
    const Read changed("sshd", "Disconnecting invalid user " + name +
                                   " 203.0.113.5 port 50000: Change of username or service not allowed: (" + name +
                                   ",ssh-connection) -> (y 192.0.2.9 port 1: z,ssh-connection) [preauth]");
    CHECK(changed.ip() == "203.0.113.5");
    CHECK(changed.user() == name);
    const Read pam("sshd", "error: PAM: Authentication failure for illegal user " + name + " from 203.0.113.5");
    CHECK(pam.ip() == "203.0.113.5");
    CHECK(pam.user() == name);
  }
  const Read empty("sshd", "Failed none for invalid user  from 203.0.113.5 port 50000 ssh2");
  CHECK(empty.ip() == "203.0.113.5");
  CHECK(empty.user().empty());
}

TEST_CASE("what_a_client_sends_moves_no_address", "[messages]") {
  const std::string fake = "Bye from 192.0.2.4 port 1";
  const auto ip = [](const std::string& message) { return std::string(Read("sshd", message).ip()); };
  CHECK(ip("Received disconnect from 203.0.113.5 port 34916:11: " + fake + " [preauth]") == "203.0.113.5");
  CHECK(Read("sshd", "Received disconnect from 203.0.113.5 port 34916:11: " + fake).user().empty());
  CHECK(ip("Received disconnect from 203.0.113.5: 11: " + fake) == "203.0.113.5");
  CHECK(ip("Received disconnect from 2001:db8::7: 11: " + fake) == "2001:db8::7");
  CHECK(ip("Bad protocol version identification 'x' from 192.0.2.4 port 1' from 203.0.113.5 port 2") == "203.0.113.5");
  CHECK(ip("Unable to negotiate with 203.0.113.5 port 2: no matching cipher found. Their offer: x from 192.0.2.4 port 1") ==
        "203.0.113.5");
  CHECK(ip("error: kex_exchange_identification: client sent invalid protocol identifier \"" + fake + "\"").empty());
  CHECK(ip("probed from 203.0.113.5 port 2 with SSH-2.0-" + fake + ".  Don't panic.") == "203.0.113.5");
  CHECK(ip("reverse mapping checking getaddrinfo for [192.0.2.4].example [203.0.113.5] failed - POSSIBLE BREAK-IN "
           "ATTEMPT!") == "203.0.113.5");
}

TEST_CASE("sentences_of_sshd_old_and_new_have_their_action_and_address", "[messages]") {
  struct Case {
    std::string_view program, message, action;
  };
  constexpr Case cases[] = {
      {"sshd", "error: PAM: authentication error for james from 203.0.113.7", "failed"},
      {"sshd", "error: PAM: Authentication failure for james from 203.0.113.7 via 192.0.2.1", "failed"},
      {"sshd", "[ID 800047 auth.info] Failed keyboard-interactive for james from 203.0.113.7 port 54520 ssh2", "failed"},
      {"sshd", "fatal: Timeout before authentication for 203.0.113.7 port 47056", "timeout"},
      {"sshd", "Timeout before authentication for connection from 203.0.113.7 to 192.0.2.1, pid = 7", "timeout"},
      {"sshd", "ROOT LOGIN REFUSED FROM ::ffff:203.0.113.7", "root_refused"},
      {"sshd", "drop connection #9 from [203.0.113.7]:5 on [192.0.2.1]:22 penalty: failed authentication", "dropped"},
      {"sshd", "srclimit_penalise: ipv4: new 203.0.113.7/32 active penalty of 15.000 seconds for penalty: x", "penalised"},
      {"sshd", "refused connect from a@::ffff:203.0.113.7 (::ffff:203.0.113.7)", "refused"},
      {"sshd", "ssh_dispatch_run_fatal: Connection from 203.0.113.7 port 3: Connection corrupted [preauth]",
       "bad_exchange"},
      {"sshd", "banner exchange: Connection from 203.0.113.7 port 3: invalid format", "bad_banner"},
      {"sshd", "User root from 203.0.113.7 not allowed because not listed in AllowUsers", "not_allowed"},
      {"sshd", "Failed password for dan from 203.0.113.7 port 20000 ssh1: ruser from 198.51.100.1", "failed"},
      {"sshd(pam_unix)", "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=203.0.113.7 ",
       "pam_failure"},
      {"sshd",
       "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.7  user=x "
       "rhost=192.0.2.9  user=y",
       "pam_failure"},
      {"vsftpd",
       "pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=x rhost=192.0.2.9 "
       "rhost=203.0.113.7",
       "pam_failure"},
      {"dropbear", "Bad password attempt for 'root' from 203.0.113.7:5543", "failed"},
      {"dropbear", "Bad password attempt for 'x' from 192.0.2.9:1' from 203.0.113.7:5543", "failed"},
      {"dropbear", "login attempt for nonexistent user from ::ffff:203.0.113.7:60495", "invalid_user"},
      {"dropbear", "Exit before auth (user 'root', 10 fails): Max auth tries reached - user 'root' from 203.0.113.7:6",
       "max_attempts"},
      {"dropbear",
       "[825] Jul 10 23:57:29 Exit before auth from <203.0.113.7:5>: (user 'root', 10 fails): Max auth tries "
       "reached - user 'root'",
       "max_attempts"},
      {"login", "FAILED LOGIN 1 FROM 203.0.113.7 FOR x FROM 192.0.2.9, Authentication failure", "login_failed"},
  };
  for (const Case& one : cases) {
    INFO(one.message);
    const Read read(one.program, one.message);
    CHECK(read.record.kind == RecordKind::auth);
    CHECK(read.action() == one.action);
    CHECK(read.ip() == "203.0.113.7");
  }
}

TEST_CASE("a_repeated_message_is_read_and_its_number_is_bounded", "[messages]") {
  const Read read("sshd", "message repeated 5 times: [ Failed password for root from 203.0.113.7 port 22 ssh2]");
  CHECK(read.record.repeated == 5);
  CHECK(read.action() == "failed");
  CHECK(read.ip() == "203.0.113.7");
  CHECK(Read("sshd", "message repeated 4000000000000 times: [ x]").record.repeated == Record::kRepeatsMost);
  CHECK(Read("sshd", "message repeated 0 times: [ x]").record.repeated == 1);
  CHECK(Read("sshd", "Invalid user message repeated 9 times: [ x] from 203.0.113.7").record.repeated == 1);
}

TEST_CASE("sudo_shows_root_whatever_directory_and_arguments_say", "[messages]") {
  const Read read("sudo", "bob : TTY=pts/0 ; PWD=/tmp/x ; USER=games ; COMMAND=/bin/true ; USER=root ; COMMAND=/bin/sh");
  CHECK(read[field::target_user] == "root");
  CHECK(read[field::command].find("/bin/sh") != std::string_view::npos);
  const Read denied("sudo", "bob : TTY=pts/0 ; PWD=/tmp/NOT in sudoers ; USER=root ; COMMAND=/bin/ls");
  CHECK(denied.action() == "sudo");
}

TEST_CASE("a_text_that_is_longer_than_sshd_writes_is_none_of_its_sentences", "[messages]") {
  const std::string start = "Failed publickey for invalid user x from 203.0.113.7 port 1 ssh2: ";
  CHECK(Read("sshd", start + "RSA SHA256:abc").action() == "failed_invalid_user");
  std::string forged = start;
  while (forged.size() < 10'000) forged += " from 1 port 1 ssh2: A B ID x";
  CHECK(Read("sshd", forged).action().empty());
}

TEST_CASE("watchdog_values_may_hold_bars", "[messages]") {
  const Read read("drupal",
                  "https://example.com|1613063581|user|203.0.113.7|https://example.com/user/login|"
                  "https://e.example/?a=|&b=||0||Login attempt failed for a|b.");
  CHECK(read.record.kind == RecordKind::drupal);
  CHECK(read.ip() == "203.0.113.7");
  CHECK(read[field::type] == "user");
  CHECK(read[field::url] == "https://example.com/user/login");
  CHECK(read[field::referer] == "https://e.example/?a=|&b=|");
  CHECK(read[field::uid] == "0");
  CHECK(read.record.message == "Login attempt failed for a|b.");
}

TEST_CASE("an_error_logs_client_is_the_servers_own", "[messages]") {
  const ErrorLine security(false,
                           "[Sat Sep 28 09:18:06 2018] [error] [client 203.0.113.7:55555] [client 203.0.113.7] "
                           "ModSecurity: Access denied [uri \"/[client 192.0.2.9]\"]");
  CHECK(security.count(field::client_ip) == 1);
  CHECK(security[field::client_ip] == "203.0.113.7");
  const ErrorLine missing(false,
                          "[Sat Jun 01 02:17:42 2013] [error] [client 203.0.113.7] (36)File name too long: /x: [client "
                          "192.0.2.9] user root not found");
  CHECK(missing[field::client_ip] == "203.0.113.7");
  CHECK(missing[field::action].empty());
  const std::string tail = ", client: 203.0.113.7, server: _, request: \"GET / HTTP/1.1\", host: \"h\"";
  const std::string fake = ", client: 192.0.2.9, server: x, request: \"GET / HTTP/1.1\", host: \"h\"";
  const ErrorLine name(true, "2026/05/18 10:00:01 [error] 12#12: *5 user \"x\": password mismatch" + fake +
                                 "\": was not found in \"/etc/f\"" + tail);
  CHECK(name[field::client_ip] == "203.0.113.7");
  CHECK(name[field::action] == "auth_unknown_user");
  const ErrorLine referrer(true, "2026/05/18 10:00:01 [error] 12#12: *5 open() \"/x\" failed (2: No such file)" + tail +
                                     ", referrer: \"y" + fake + "\"");
  CHECK(referrer[field::client_ip] == "203.0.113.7");
  CHECK(referrer.record.message == "open() \"/x\" failed (2: No such file)");
}

TEST_CASE("failed_http_logins_have_an_action_and_a_name", "[messages]") {
  const ErrorLine nginx(true,
                        "2012/04/09 11:53:36 [error] 2865#0: *0 user \"xy z\": password mismatch, client: 203.0.113.7, "
                        "server: s, request: \"GET / HTTP/1.1\"");
  CHECK(nginx[field::action] == "auth_failed");
  CHECK(nginx[field::user] == "xy z");
  const std::string apache = "[Sat Jul 20 21:39:00.978080 2013] [auth_basic:error] [pid 1:tid 2] [client 203.0.113.7:5] ";
  CHECK(
      ErrorLine(false, apache + "AH01617: user bob: authentication failure for \"/f\": Password Mismatch")[field::action] ==
      "auth_failed");
  CHECK(ErrorLine(false, apache + "AH01790: user `bob' in realm `r' not found: /")[field::user] == "bob");
  CHECK(ErrorLine(false, apache + "AH01614: client used wrong authentication scheme: /x")[field::action] == "auth_failed");
}

TEST_CASE("a_target_is_decoded_until_it_is_plain", "[messages]") {
  CHECK(plain("/index.php?a=b") == "");
  CHECK(plain("/a%2e%2e") == "/a..");
  CHECK(plain("/%%32%65%%32%65/x") == "/../x");
  CHECK(plain("/%25252e%25252e/x") == "/../x");
  CHECK(plain("/%u002e%uff0e/x") == "/../x");
  CHECK(plain("/%ud83d%uFFFF/x") == "/\xEF\xBF\xBD\xEF\xBF\xBF/x");  // half a pair is no character
  CHECK(plain("/%c0%ae%e0%80%ae/x") == "/../x");
  CHECK(plain("/a/..;p=1/x") == "/a/../x");
  CHECK(plain("/a%5c..%5cx") == "/a/../x");
  CHECK(plain("?x=a${IFS}b$IFS$9c") == "?x=a b c");
  CHECK(plain("?q=un%2F**%2Fion%0a/*!50000select*/1+2") == "?q=un ion select 1 2");
  CHECK(plain("/%E4%B8%AD") == "/\xE4\xB8\xAD");
  CHECK(plain("/x?u=http%3A//h") == "/x?u=http://h");
  CHECK(plain("/100%") == "");
  CHECK(plain(std::string(100'000, '/') + "%2f").size() == 1);
  CHECK(plain("?" + std::string(200'000, '*')).size() < 200'002);
}

TEST_CASE("one_address_has_one_text_however_it_was_written", "[messages]") {
  RecordBatch batch;
  for (std::string_view written : {"203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107", "0:0:0:0:0:ffff:203.0.113.7"}) {
    batch.begin_fields();
    const Value& value = batch.add_ip(field::client_ip, written);
    CHECK(value.kind == Value::Kind::ip);
    CHECK(value.ip_is_v4);
    CHECK(value.text() == "203.0.113.7");
  }
}

TEST_CASE("a_password_attempt_has_nothing_behind_it_so_its_end_is_sshds_own") {
  // A name that brings a whole end of its own along: auth_log() of OpenSSH writes what follows "ssh2" for keys alone.
  const Read named("sshd",
                   "Failed password for invalid user x from 192.0.2.1 port 22 ssh2: from 203.0.113.7 port 4022 ssh2");
  CHECK(named.ip() == "203.0.113.7");
  CHECK(named.port() == "4022");
  CHECK(named.user() == "x from 192.0.2.1 port 22 ssh2:");
  const Read none("sshd",
                  "Failed none for invalid user a from 192.0.2.1 port 1 ssh2: from b from 203.0.113.7 port 4022 ssh2");
  CHECK(none.ip() == "203.0.113.7");
  // An account that exists has no such name.
  CHECK(Read("sshd", "Failed password for user from 203.0.113.7 port 20000 ssh1: ruser from 192.0.2.1").ip() ==
        "203.0.113.7");
}

TEST_CASE("web_servers_that_log_to_syslog_are_read_as_in_their_own_logs") {
  const Read apache("httpd/backend1",
                    "[auth_basic:error] [pid 7:tid 8] [client 203.0.113.7:4022] AH01618: user bob not found: /a");
  CHECK(apache.record.kind == RecordKind::web_error);
  CHECK(apache.action() == "auth_unknown_user");
  CHECK(apache.user() == "bob");
  CHECK(apache.ip() == "203.0.113.7");
  CHECK(apache.record.severity == Severity::error);
  CHECK(Read("apache2", "[error] [client 203.0.113.7] client denied by server configuration: /a").action() ==
        "access_denied");
  CHECK(Read("/usr/sbin/apache2",
             "[:error] [pid 1:tid 2] [client 203.0.113.7:1] AH01630: client denied by server configuration: /")
            .ip() == "203.0.113.7");
  const std::string mismatch =
      "[error] 7#7: *3 user \"bob\": password mismatch, client: 203.0.113.7, server: s, request: \"GET / HTTP/1.1\", host: "
      "\"s\"";
  for (const std::string& text :
       {mismatch, "2023/12/09 21:35:20 " + mismatch, "web1 nginx: 2023/12/09 21:35:20 " + mismatch}) {
    const Read nginx("nginx", text);
    CHECK(nginx.record.kind == RecordKind::web_error);
    CHECK(nginx.action() == "auth_failed");
    CHECK(nginx.user() == "bob");
    CHECK(nginx.ip() == "203.0.113.7");
  }
  // What they say beside that, and what others say, is a message like any other.
  const Read other("nginx", "reopening logs");
  CHECK(other.record.kind == RecordKind::syslog);
  CHECK(other.record.message == "reopening logs");
  CHECK(Read("cron", mismatch).record.kind == RecordKind::syslog);
}
