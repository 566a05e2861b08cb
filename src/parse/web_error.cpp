// Error logs of nginx, Apache and PHP.
#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

// Decimal digits at the start of `text`, moved behind.
std::string_view take_digits(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  const std::string_view digits = text.substr(0, end);
  text.remove_prefix(end);
  return digits;
}

// The text in [brackets] at the start, moved behind. False if there is none.
bool take_bracketed(std::string_view& text, std::string_view& inside) {
  if (text.empty() || text[0] != '[') return false;
  const std::size_t close = text.find(']');
  if (close == std::string_view::npos) return false;
  inside = text.substr(1, close - 1);
  text.remove_prefix(close + 1);
  return true;
}

// "1.2.3.4:5678", "[2001:db8::1]:5678", "1.2.3.4", "unix:", "host".
void add_client(std::string_view client, RecordBatch& batch) {
  std::string_view host = client, port;
  if (!client.empty() && client[0] == '[') {
    const std::size_t close = client.find(']');
    if (close != std::string_view::npos) {
      host = client.substr(1, close - 1);
      if (client.substr(close + 1, 1) == ":") port = client.substr(close + 2);
    }
  } else if (const std::size_t colon = client.rfind(':'); colon != std::string_view::npos) {
    IpAddress whole;
    if (!parse_ip(client, whole) || client.find('.') != std::string_view::npos) {
      IpAddress address;
      if (parse_ip(client.substr(0, colon), address)) {
        host = client.substr(0, colon);
        port = client.substr(colon + 1);
      }
    }
  }
  batch.add_ip(field::client_ip, host);
  if (!port.empty()) batch.add_number(field::client_port, port);
}

// 2026/05/18 10:00:01 [error] 12#34: *5 open() "/x" failed (2: No such file or directory), client: 1.2.3.4, server: _, …
class NginxErrorParser final : public LineParser {
 public:
  explicit NginxErrorParser(const ParserContext& context)
      : time_(context.time), connection_(context.names.add("connection")) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    return parse(line, batch, record) ? LineRead::record : LineRead::unknown;
  }

  bool parse(std::string_view line, RecordBatch& batch, Record& record) {
    constexpr std::size_t kTime = 19;
    if (line.size() < kTime + 4 || line[4] != '/' || read_iso_time(line.substr(0, kTime), time_, record.time_ns) != kTime) {
      return false;
    }
    std::string_view rest = line.substr(kTime);
    if (!skip(rest, " ") || !read_body(rest, connection_, batch, record)) return false;
    record.time_known = true;
    return true;
  }

  // From the level on. `connection`: the field for its number, or none.
  static bool read_body(std::string_view rest, FieldId connection, RecordBatch& batch, Record& record) {
    std::string_view level;
    if (!take_bracketed(rest, level) || !severity_of_word(level, record.severity)) return false;
    record.kind = RecordKind::web_error;
    rest = trim_left(rest);
    const std::string_view after_level = rest;
    const std::string_view pid = take_digits(rest);
    if (!pid.empty() && skip(rest, "#")) {
      const std::string_view tid = take_digits(rest);
      batch.add_number(field::pid, pid);
      batch.add_number(field::tid, tid);
      skip(rest, ":");
      rest = trim_left(rest);
    } else {
      rest = after_level;  // start-up notices of some builds carry no process id
    }
    if (skip(rest, "*")) {
      const std::string_view number = take_digits(rest);
      if (connection != field::none) batch.add_number(connection, number);
      rest = trim_left(rest);
    }
    record.message = rest.substr(0, add_tail(rest, batch));
    add_failed_login(record.message, batch);
    if (record.message.empty()) record.message = rest;
    return true;
  }

 private:
  struct Key {
    std::string_view text;
    FieldId id;
    bool quoted;
  };

  static bool is_client(std::string_view text) {
    text = text.substr(0, text.find(", "));
    IpAddress address;
    if (starts_with(text, "unix:") || parse_ip(text, address)) return true;
    return parse_ip(text.substr(0, text.rfind(':')), address);
  }

  // Where the tail starts. A message may quote a visitor (a user's name, a path, what PHP said), and so do request, host and
  // referrer behind the client: any of them can hold a whole ", client: …, server: …". Messages that quote a name or PHP end in
  // words of nginx's own, and the last place behind such words is the tail; a path stands in quotes, so in all others it is the
  // first place where quotes are closed.
  static std::size_t tail_start(std::string_view text) {
    constexpr std::string_view kClient = ", client: ";
    constexpr std::string_view kEnds[] = {": password mismatch", "\"", " upstream", "Authentication failure"};
    const bool quoting =
        starts_with(text, "user \"") || starts_with(text, "PAM: user '") || starts_with(text, "FastCGI sent in stderr: ");
    std::size_t first = std::string_view::npos, last = first, closed = first, ended = first;
    std::size_t quotes = 0, counted = 0;
    for (std::size_t at = text.find(kClient); at != std::string_view::npos; at = text.find(kClient, at + 1)) {
      if (!is_client(text.substr(at + kClient.size()))) continue;
      if (first == std::string_view::npos) first = at;
      last = at;
      for (; counted < at; ++counted) quotes += text[counted] == '"';
      if (closed == std::string_view::npos && quotes % 2 == 0) closed = at;
      for (std::string_view end : kEnds) {
        if (text.substr(0, at).size() >= end.size() && text.substr(at - end.size(), end.size()) == end) ended = at;
      }
    }
    if (quoting) return ended != std::string_view::npos ? ended : first;
    return closed != std::string_view::npos ? closed : last;
  }

  // `user "NAME": password mismatch`, `user "NAME" was not found in "FILE"`, "PAM: user 'NAME' - not authenticated: …".
  static void add_failed_login(std::string_view message, RecordBatch& batch) {
    struct Form {
      std::string_view start, end, action;
    };
    constexpr Form forms[] = {{"user \"", "\": password mismatch", "auth_failed"},
                              {"user \"", " was not found in \"", "auth_unknown_user"},
                              {"PAM: user '", "' - not authenticated: ", "auth_failed"}};
    for (const Form& form : forms) {
      std::string_view rest = message;
      if (!skip(rest, form.start)) continue;
      const std::size_t end = rest.rfind(form.end);
      // Words of the server's end the message; before that they can be the visitor's.
      const bool last = form.end.back() != 'h' || end + form.end.size() == rest.size();
      if (end == std::string_view::npos || !last) continue;
      std::string_view name = rest.substr(0, end);
      if (!name.empty() && name.back() == ':') name.remove_suffix(1);
      if (!name.empty() && name.back() == '"') name.remove_suffix(1);
      if (!name.empty()) batch.add_text(field::user, name);
      batch.add_text(field::action, form.action);
      return;
    }
  }

  // The ", client: …, server: …" behind the message, in nginx's fixed order. Returns where the message ends.
  static std::size_t add_tail(std::string_view text, RecordBatch& batch) {
    constexpr Key keys[] = {{", client: ", field::client_ip, false},   {", server: ", field::server, false},
                            {", request: \"", field::none, true},      {", subrequest: \"", field::none, true},
                            {", upstream: \"", field::upstream, true}, {", host: \"", field::vhost, true},
                            {", referrer: \"", field::referer, true}};
    std::size_t at = tail_start(text);
    if (at == std::string_view::npos) at = text.rfind(", upstream: \"");
    if (at == std::string_view::npos) return text.size();
    const std::size_t message_end = at;
    for (const Key& key : keys) {
      if (text.substr(at, key.text.size()) != key.text) continue;
      const std::size_t from = at + key.text.size();
      std::size_t end = from;
      if (key.quoted) {
        end = text.find('"', from);
        while (end != std::string_view::npos && end + 1 < text.size() && text.substr(end + 1, 2) != ", ") {
          end = text.find('"', end + 1);
        }
        if (end == std::string_view::npos) end = text.size();
        at = end < text.size() ? end + 1 : end;
      } else {
        end = text.find(", ", from);
        // A server block may have an empty name: ", server: , request: …".
        if (end == std::string_view::npos) end = text.size();
        at = end;
      }
      const std::string_view value = text.substr(from, end - from);
      if (value.empty()) continue;
      if (key.id == field::client_ip) add_client(value, batch);
      else if (starts_with(key.text, ", request")) add_request(value, batch);
      else if (key.id != field::none) batch.add_text(key.id, value);
    }
    return message_end;
  }

  TimeContext time_;
  FieldId connection_;
};

// 2.4: [Mon May 18 10:00:01.123456 2026] [core:error] [pid 12:tid 34] (13)Permission denied: [client 1.2.3.4:56] AH00037: …, referer: …
// 2.2: [Mon May 18 10:00:01 2026] [error] [client 1.2.3.4] File does not exist: /x
class ApacheErrorParser final : public LineParser {
 public:
  explicit ApacheErrorParser(const ParserContext& context) : time_(context.time) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    return parse(line, batch, record) ? LineRead::record : LineRead::unknown;
  }

  bool parse(std::string_view line, RecordBatch& batch, Record& record) {
    std::string_view rest = line, inside;
    if (!take_bracketed(rest, inside)) return false;
    const std::size_t used = read_ctime(inside, time_, record.time_ns);
    if (used == 0 || used != inside.size()) return false;
    if (!skip(rest, " ") || !read_body(rest, batch, record)) return false;
    record.time_known = true;
    if (record.message.empty()) record.message = line;
    return true;
  }

  // From the module and level on.
  static bool read_body(std::string_view rest, RecordBatch& batch, Record& record) {
    std::string_view inside;
    if (!take_bracketed(rest, inside)) return false;
    const std::size_t colon = inside.find(':');
    const std::string_view module = colon == std::string_view::npos ? std::string_view() : inside.substr(0, colon);
    std::string_view level = colon == std::string_view::npos ? inside : inside.substr(colon + 1);
    if (starts_with(level, "trace")) level = "trace";  // trace1 … trace8
    if (!severity_of_word(level, record.severity)) return false;
    record.kind = RecordKind::web_error;
    if (!module.empty() && module != "-") batch.add_text(field::module, module);
    rest = trim_left(rest);
    bool client_known = false;
    add_bracketed(rest, client_known, batch);
    // "(13)Permission denied: " may stand before the client.
    const std::string_view whole = rest;
    if (const std::size_t client =
            client_known || rest.substr(0, 1) != "(" ? std::string_view::npos : rest.find(": [client ");
        client != std::string_view::npos) {
      rest.remove_prefix(client + 2);
      add_bracketed(rest, client_known, batch);
      record.message = whole;
    } else {
      record.message = rest;
    }
    if (starts_with(rest, "AH") && rest.size() > 7 && rest[7] == ':') batch.add_text(field::error_code, rest.substr(0, 7));
    add_failed_login(rest, batch);
    if (const std::size_t referer = rest.rfind(", referer: "); referer != std::string_view::npos) {
      batch.add_text(field::referer, rest.substr(referer + 11));
      record.message.remove_suffix(rest.size() - referer);
    }
    if (record.message.empty()) record.message = whole;
    return true;
  }

 private:
  // What mod_auth_basic, mod_auth_digest, mod_authz and the core say of a login, 2.2 and 2.4. The name is the visitor's and
  // ends where the last of the server's words begin.
  static void add_failed_login(std::string_view message, RecordBatch& batch) {
    struct Form {
      std::string_view start, end, action;
    };
    constexpr Form forms[] = {
        {"user ", ": authentication failure for \"", "auth_failed"},
        {"user ", ": password mismatch", "auth_failed"},
        {"user ", ": authorization failure for \"", "auth_not_allowed"},
        {"user `", "' in realm `", "auth_unknown_user"},
        {"user ", " not found", "auth_unknown_user"},
        {"Authorization of user ", " to access ", "auth_not_allowed"},
        {"client used wrong authentication scheme", "", "auth_failed"},
        {"client denied by server configuration", "", "access_denied"},
        {"invalid qop ", "", "auth_malformed"},
        {"invalid nonce ", "", "auth_malformed"},
        {"realm mismatch ", "", "auth_malformed"},
        {"unknown algorithm ", "", "auth_malformed"},
    };
    if (starts_with(message, "AH") && message.size() > 9) message.remove_prefix(9);
    skip(message, "Digest: ");
    for (const Form& form : forms) {
      std::string_view rest = message;
      if (!skip(rest, form.start)) continue;
      if (!form.end.empty()) {
        const std::size_t end = rest.rfind(form.end);
        if (end == std::string_view::npos) continue;
        if (end > 0) batch.add_text(field::user, rest.substr(0, end));
      }
      batch.add_text(field::action, form.action);
      return;
    }
  }

  // The brackets behind the level. ModSecurity 2 repeats the client in front of its message: the server's own, which is the
  // first, counts.
  static void add_bracketed(std::string_view& rest, bool& client_known, RecordBatch& batch) {
    std::string_view inside;
    for (;;) {
      if (!starts_with(rest, "[pid ") && !starts_with(rest, "[client ") && !starts_with(rest, "[remote ") &&
          !starts_with(rest, "[tid ")) {
        return;
      }
      // An IPv6 client with a port is bracketed once more.
      std::string_view before = rest;
      if (!take_bracketed(rest, inside)) return;
      if (skip(inside, "pid ")) {
        batch.add_number(field::pid, take_digits(inside));
        if (skip(inside, ":tid ")) batch.add_number(field::tid, take_digits(inside));
      } else if (skip(inside, "tid ")) {
        batch.add_number(field::tid, take_digits(inside));
      } else {
        inside.remove_prefix(inside.find(' ') + 1);
        if (!inside.empty() && inside[0] == '[') {
          const std::size_t close = before.find(']', before.find(']') + 1);
          if (close == std::string_view::npos) return;
          inside = std::string_view(inside.data(), static_cast<std::size_t>(before.data() + close - inside.data()));
          rest = before.substr(close + 1);
        }
        if (!client_known) add_client(inside, batch);
        client_known = true;
      }
      rest = trim_left(rest);
    }
  }

  TimeContext time_;
};

// [18-May-2026 10:00:01 UTC] PHP Fatal error:  Uncaught Exception: x in /var/www/a.php:12
class PhpErrorParser final : public LineParser {
 public:
  explicit PhpErrorParser(const ParserContext& context) : time_(context.time) {}

  LineRead read(std::string_view line, RecordBatch& batch, Record& record) override {
    return parse(line, batch, record) ? LineRead::record : LineRead::unknown;
  }

  bool parse(std::string_view line, RecordBatch& batch, Record& record) {
    std::string_view rest = line, inside;
    if (!take_bracketed(rest, inside)) return false;
    const std::size_t used = read_php_time(inside, time_, record.time_ns);
    if (used == 0 || used != inside.size()) return false;
    record.time_known = true;
    record.kind = RecordKind::web_error;
    rest = trim_left(rest);
    record.message = rest.empty() ? line : rest;
    std::string_view what = rest;
    if (!skip(what, "PHP ")) {
      record.severity = severity_of_wording(rest);
      return true;
    }
    struct Level {
      std::string_view text;
      Severity severity;
    };
    constexpr Level levels[] = {
        {"Fatal error", Severity::critical},
        {"Parse error", Severity::critical},
        {"Core error", Severity::critical},
        {"Compile error", Severity::critical},
        {"Recoverable fatal error", Severity::error},
        {"Catchable fatal error", Severity::error},
        {"Warning", Severity::warning},
        {"Core warning", Severity::warning},
        {"Compile warning", Severity::warning},
        {"Notice", Severity::info},
        {"Deprecated", Severity::info},
        {"Strict Standards", Severity::info},
    };
    for (const Level& level : levels) {
      if (!starts_with(what, level.text) || what.substr(level.text.size(), 1) != ":") continue;
      record.severity = level.severity;
      batch.add_text(field::type, level.text);
      add_place(what, batch);
      break;
    }
    return true;
  }

 private:
  // "… in /var/www/a.php on line 12" and "… in /var/www/a.php:12"
  static void add_place(std::string_view message, RecordBatch& batch) {
    const std::size_t in = message.rfind(" in /");
    if (in == std::string_view::npos) return;
    std::string_view place = message.substr(in + 4);
    std::size_t mark = place.rfind(" on line ");
    std::size_t size = 9;
    if (mark == std::string_view::npos) {
      mark = place.rfind(':');
      size = 1;
    }
    if (mark == std::string_view::npos) return;
    std::string_view number = place.substr(mark + size);
    const std::string_view digits = take_digits(number);
    if (digits.empty()) return;
    batch.add_text(field::file, place.substr(0, mark));
    batch.add_number(field::line, digits);
  }

  TimeContext time_;
};

}  // namespace

bool read_web_error(std::string_view service, std::string_view message, bool severity_given, RecordBatch& batch,
                    Record& record) {
  const Severity severity = record.severity;
  bool read = false;
  if (service == "nginx") {
    constexpr std::size_t kTime = 19;
    std::string_view rest = message;
    // The journal of a forwarding host has nginx's own envelope in front once more: "host nginx: ".
    if (const std::size_t own = rest.find(" nginx: "); own < rest.find('[')) rest.remove_prefix(own + 8);
    std::int64_t ns = 0;
    if (rest.size() > kTime && rest[4] == '/' && read_iso_time(rest.substr(0, kTime), TimeContext(), ns) == kTime)
      rest = trim_left(rest.substr(kTime));
    read = NginxErrorParser::read_body(rest, field::none, batch, record);
  } else if (service == "httpd" || service == "apache2" || service == "apache" || starts_with(service, "httpd/") ||
             starts_with(service, "apache2/")) {
    read = ApacheErrorParser::read_body(message, batch, record);
  }
  if (!read) record.message = message;
  if (!read || severity_given) record.severity = severity;
  return read;
}

std::unique_ptr<LineParser> make_nginx_error_parser(const ParserContext& context) {
  return std::make_unique<NginxErrorParser>(context);
}
std::unique_ptr<LineParser> make_apache_error_parser(const ParserContext& context) {
  return std::make_unique<ApacheErrorParser>(context);
}
std::unique_ptr<LineParser> make_php_error_parser(const ParserContext& context) {
  return std::make_unique<PhpErrorParser>(context);
}

}  // namespace logystera::parse
