// Texts in messages: what strangers may have written, so that it stays text wherever it is shown, and the words all messages share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "notify/news.hpp"
#include "parse/zone.hpp"

namespace logystera::notify {

/// At most `bytes` of it, not within a character; "…" at the end where something is missing.
std::string cut(std::string_view text, std::size_t bytes);
/// In one line, with control and bidirectional characters shown, and cut.
std::string plain(std::string_view text, std::size_t bytes);
/// The same in lines.
std::string plain_lines(std::string_view text, std::size_t bytes);
/// plain(), for chats: nobody is called by it ("@everyone"), whatever the other side makes of an '@'.
std::string calm(std::string_view text, std::size_t bytes);
std::string calm_lines(std::string_view text, std::size_t bytes);
/// calm(), as Slack's mrkdwn wants it: & < > escaped, and * _ ~ ` without a meaning.
std::string mrkdwn(std::string_view text, std::size_t bytes);
/// plain(), as HTML.
std::string html(std::string_view text, std::size_t bytes);

/// "28 Nov 2026, 10:02 CET (UTC+01:00)".
std::string time_words(std::int64_t seconds, const parse::Zone& zone);

/// "opened", "level rose", …, for people.
std::string_view kind_words(News::Kind kind) noexcept;

}  // namespace logystera::notify
