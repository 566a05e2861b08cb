// Every limit of the agent and its wire in one place. Sources: the signals reference (seed 002) where it
// gives a figure, ARCHITECTURE.md for the rest.
#pragma once

#include <cstddef>
#include <cstdint>

namespace logystera::limits {

// Per event and request.
inline constexpr std::size_t kEventBytes = 32 * 1024;    // one JSONL line, newline included
inline constexpr std::size_t kArenaBytes = 1024 * 1024;  // all lines of one request
inline constexpr std::uint32_t kEventsPerRequest = 200;  // seed 002: hard cap, all types together
inline constexpr std::uint32_t kAllowanceSeconds = 60;   // a long-running CLI process: a fresh allowance this often
inline constexpr std::size_t kStringBytes = 1024;        // a label without a limit of its own
inline constexpr std::size_t kListItems = 64;
inline constexpr std::size_t kUserAgentChars = 200;  // seed 002
inline constexpr std::size_t kQueryChars = 500;      // seed 002
inline constexpr std::size_t kTypeNameBytes = 64;
inline constexpr std::size_t kLabelNameBytes = 64;
inline constexpr std::size_t kLabelsPerSignal = 24;
inline constexpr std::size_t kSignals = 256;  // catalogue plus other modules' signals

// Buffer (seed 002: 5 MB a file, 50 MB in all).
inline constexpr std::uint64_t kSegmentBytes = 5'242'880;
inline constexpr std::uint64_t kBufferBytes = 52'428'800;
inline constexpr std::size_t kSpillSlots = 32;
inline constexpr std::size_t kSpillBytes = 64 * 1024;         // a commit larger than this cannot spill
inline constexpr std::uint64_t kDeadLetterBytes = 5'242'880;  // inside the 50 MB
inline constexpr std::uint64_t kSentBytes = 5'242'880;        // inside the 50 MB: most that stays of what was delivered
inline constexpr std::uint64_t kHousekeepingBytes = 262'144;  // inside the 50 MB: lock, state, history, directories
inline constexpr std::uint64_t kHistoryBytes = 192 * 1024;    // the dispatcher's history, both files together

// Dispatch (seed 002: 10-500, default 100; 60 s base, 30 min cap; 5 authentication failures).
inline constexpr std::uint32_t kBatchEventsMin = 10;
inline constexpr std::uint32_t kBatchEventsDefault = 100;
inline constexpr std::uint32_t kBatchEventsMax = 500;
inline constexpr std::size_t kBatchBytes = 512 * 1024;  // uncompressed; a batch closes at this or its count
inline constexpr std::uint32_t kBackoffBaseSeconds = 60;
inline constexpr std::uint32_t kBackoffCapSeconds = 1800;
inline constexpr std::uint32_t kAuthFailures = 5;
inline constexpr std::uint32_t kRetryAfterMaxSeconds = 6 * 3600;

// Wire, as the gateway enforces it.
inline constexpr std::size_t kWireBytes = 1024 * 1024;  // request body as sent
inline constexpr std::size_t kInflatedBytes = 8 * 1024 * 1024;
inline constexpr std::uint32_t kClockSkewSeconds = 300;
inline constexpr std::uint32_t kPreviousSecretSeconds = 24 * 3600;

// A message to support, on both sides of the wire.
inline constexpr std::size_t kSupportBytes = 256 * 1024;  // request body as sent
inline constexpr std::size_t kSupportMessageChars = 10'000;
inline constexpr std::size_t kSupportEmailBytes = 254;  // RFC 5321 §4.5.3.1.3, without its angle brackets
inline constexpr std::size_t kSupportDepth = 32;        // how deep the body's JSON nests, the body itself included

}  // namespace logystera::limits
