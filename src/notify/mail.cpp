// Messages as mail (RFC 5322, MIME: RFC 2045 to 2049). Nothing of an alert stands in a header but the subject, which is encoded where it
// is more than ASCII (RFC 2047) and holds no line end ever. Both bodies are base64: no line is too long, and no byte is lost on the way.
#include <fmt/core.h>

#include <algorithm>
#include <ctime>

#include "core/base64.hpp"
#include "notify/message.hpp"
#include "notify/words.hpp"

namespace logystera::notify {
namespace {

constexpr std::string_view kEnd = "\r\n";
constexpr std::size_t kSubjectBytes = 180, kLine = 76;

std::string domain_of(const std::string& address) { return address.substr(address.rfind('@') + 1); }

// "Sat, 28 Nov 2026 10:02:00 +0000", in no locale.
std::string date(std::int64_t seconds) {
  constexpr std::string_view kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  constexpr int kEpochYear = 1900;
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", kDays[parts.tm_wday], parts.tm_mday,
                     kMonths[parts.tm_mon], parts.tm_year + kEpochYear, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

// As encoded words of at most 75 characters, none of which ends within a character.
std::string encoded_subject(const std::string& text) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
  if (ascii && text.size() < kLine - std::string_view("Subject: ").size() && text.find("=?") == text.npos) return text;
  constexpr std::size_t kChunk = 42;  // 56 characters of base64
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t size = std::min(kChunk, text.size() - at);
    while (size > 1 && at + size < text.size() && (static_cast<unsigned char>(text[at + size]) & 0xC0) == 0x80) --size;
    if (!out.empty()) out += "\r\n ";
    out += "=?UTF-8?B?" + base64(std::string_view(text).substr(at, size)) + "?=";
    at += size;
  }
  return out;
}

std::string folded_base64(const std::string& text) {
  const std::string whole = base64(text);
  std::string out;
  for (std::size_t at = 0; at < whole.size(); at += kLine) {
    out += whole.substr(at, kLine);
    out += kEnd;
  }
  return out;
}

std::string more_words(const Message& message) {
  if (message.all <= message.alerts.size()) return {};
  return fmt::format("and {} more", message.all - message.alerts.size());
}

std::string text_body(const Message& message) {
  std::string out;
  for (const News& news : message.alerts) {
    out += plain(title_words(news), kTitleBytes) + "\r\n\r\n";
    for (const auto& [label, value] : facts(news, message))
      out += fmt::format("{}: {}\r\n", label, plain(value, kTitleBytes * 2));
    const auto paragraph = [&](std::string_view label, const std::string& text) {
      if (text.empty()) return;
      std::string lines = plain_lines(text, kTextBytes);
      for (std::size_t at = 0; (at = lines.find('\n', at)) != lines.npos; at += 2) lines.replace(at, 1, kEnd);
      out += fmt::format("\r\n{}:\r\n{}\r\n", label, lines);
    };
    if (message.all == 1) {
      paragraph("What it means", news.meaning);
      paragraph("What to do", news.remedy);
    }
    const auto can = actions(news, message);
    if (!can.empty()) out += kEnd;
    for (std::size_t i = 0; i < (message.all == 1 ? can.size() : std::min<std::size_t>(1, can.size())); ++i)
      out += fmt::format("{}: {}\r\n", can[i].first, can[i].second);
    out += kEnd;
  }
  if (const std::string more = more_words(message); !more.empty())
    out += message.links.base.empty() ? more + "\r\n" : fmt::format("{}: {}/alerts\r\n", more, message.links.base);
  out += "\r\n-- \r\nSent by Logystera. Whom it tells is chosen under Settings, Routes.\r\n";
  return out;
}

std::string html_body(const Message& message) {
  std::string out = "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>" +
                    html(message.headline(), kTitleBytes) + "</title></head><body>";
  for (const News& news : message.alerts) {
    out += "<h2>" + html(title_words(news), kTitleBytes) + "</h2><table role=\"presentation\">";
    for (const auto& [label, value] : facts(news, message))
      out += fmt::format("<tr><th align=\"left\" scope=\"row\">{}</th><td>{}</td></tr>", html(label, kTitleBytes),
                         html(value, kTitleBytes * 2));
    out += "</table>";
    if (message.all == 1 && !news.meaning.empty())
      out += "<h3>What it means</h3><p>" + html(news.meaning, kTextBytes) + "</p>";
    if (message.all == 1 && !news.remedy.empty()) out += "<h3>What to do</h3><p>" + html(news.remedy, kTextBytes) + "</p>";
    const auto can = actions(news, message);
    if (can.empty()) continue;
    out += "<p>";
    for (std::size_t i = 0; i < (message.all == 1 ? can.size() : 1); ++i)
      out += fmt::format("{}<a href=\"{}\">{}</a>", i == 0 ? "" : " &middot; ", html(can[i].second, kTextBytes),
                         html(can[i].first, kTitleBytes));
    out += "</p>";
  }
  if (const std::string more = more_words(message); !more.empty()) {
    out += message.links.base.empty()
               ? "<p>" + more + "</p>"
               : fmt::format("<p><a href=\"{}/alerts\">{}</a></p>", html(message.links.base, kTextBytes), more);
  }
  return out + "<hr><p>Sent by Logystera. Whom it tells is chosen under Settings, Routes.</p></body></html>";
}

}  // namespace

std::string mail(const Message& message, const MailParts& parts) {
  const std::string domain = domain_of(parts.from);
  const auto id = [&](const std::string& one) { return fmt::format("<{}@{}>", one, domain); };
  std::string out;
  const auto header = [&](std::string_view name, const std::string& value) {
    out += fmt::format("{}: {}\r\n", name, value);
  };
  header("Date", date(message.now));
  header("From", fmt::format("Logystera <{}>", parts.from));
  header("To", fmt::format("<{}>", parts.to));
  header("Subject", encoded_subject(plain(message.headline(), kSubjectBytes)));
  header("Message-ID", id(message.id));
  if (!parts.thread.empty()) {
    header("In-Reply-To", id(parts.thread.front()));
    std::string all;
    for (const std::string& one : parts.thread) all += (all.empty() ? "" : "\r\n ") + id(one);
    header("References", all);
  }
  header("List-Id", fmt::format("<alerts.logystera.{}>", domain));
  header("Auto-Submitted", "auto-generated");
  header("X-Auto-Response-Suppress", "All");
  header("MIME-Version", "1.0");
  const std::string boundary = "=_" + message.id;
  header("Content-Type", fmt::format("multipart/alternative; boundary=\"{}\"", boundary));
  const auto part = [&](std::string_view type, const std::string& body) {
    out += fmt::format("\r\n--{}\r\nContent-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n{}",
                       boundary, type, folded_base64(body));
  };
  part("text/plain", text_body(message));
  part("text/html", html_body(message));
  out += fmt::format("\r\n--{}--\r\n", boundary);
  return out;
}

}  // namespace logystera::notify
