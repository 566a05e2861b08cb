#include "agent/history.hpp"

#include <fcntl.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "core/fd.hpp"
#include "core/json.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kErrorBytes = 96;  // what fits into a record beside the rest, unless much of it needs escaping

struct Numbered {
  std::uint64_t number = 0;  // counts all requests; the place in the ring is number mod 500
  HistoryEntry entry;
};

using Record = std::array<char, kHistoryRecordBytes>;

bool write_record(const Numbered& numbered, std::size_t error_bytes, Record& record) noexcept {
  const HistoryEntry& entry = numbered.entry;
  json::Output out(record.data(), record.size() - 1);
  const auto field = [&](std::string_view name, std::uint64_t value) {
    out.raw(name);
    out.integer(static_cast<std::int64_t>(value));
  };
  field("{\"n\":", numbered.number);
  out.raw(",\"at\":");
  out.integer(entry.at);
  field(",\"events\":", entry.events);
  field(",\"bytes\":", entry.bytes);
  field(",\"http\":", static_cast<std::uint64_t>(entry.http_status));
  field(",\"ms\":", entry.duration_ms);
  out.raw(",\"ack\":");
  out.boolean(entry.acknowledged);
  out.raw(",\"batch\":");
  out.string(entry.batch, {32, false});
  out.raw(",\"error\":");
  out.string(entry.error, {error_bytes, false});
  out.raw('}');
  if (out.full()) return false;
  std::fill(record.begin() + static_cast<std::ptrdiff_t>(out.size()), record.end() - 1, ' ');
  record.back() = '\n';
  return true;
}

template <typename Number>
bool read_number(const rapidjson::Value& object, const char* name, Number& out) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsUint64()) return false;
  out = static_cast<Number>(member->value.GetUint64());
  return true;
}

bool read_text(const rapidjson::Value& object, const char* name, std::string& out) {
  const auto member = object.FindMember(name);
  if (member == object.MemberEnd() || !member->value.IsString()) return false;
  out.assign(member->value.GetString(), member->value.GetStringLength());
  return true;
}

// Earlier versions wrote libcurl's words about a proxy it could not read as they are: with user and password.
void hide_proxy(std::string& error) {
  if (error.find("Unsupported proxy") != std::string::npos) error = "the address of the proxy cannot be used";
}

bool read_record(const char* data, Numbered& out) {
  rapidjson::Document record;
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  record.Parse<kFlags>(data, kHistoryRecordBytes);
  if (record.HasParseError() || !record.IsObject()) return false;
  HistoryEntry& entry = out.entry;
  const auto ack = record.FindMember("ack");
  if (ack == record.MemberEnd() || !ack->value.IsBool()) return false;
  entry.acknowledged = ack->value.GetBool();
  const bool good = read_number(record, "n", out.number) && read_number(record, "at", entry.at) &&
                    read_number(record, "events", entry.events) && read_number(record, "bytes", entry.bytes) &&
                    read_number(record, "http", entry.http_status) && read_number(record, "ms", entry.duration_ms) &&
                    read_text(record, "batch", entry.batch) && read_text(record, "error", entry.error);
  if (good) hide_proxy(entry.error);
  return good;
}

// Every record that reads, newest first.
std::vector<Numbered> read_ring(int fd) {
  std::string ring(kHistoryRecords * kHistoryRecordBytes, '\0');
  const ssize_t size = read_up_to(fd, ring.data(), ring.size(), 0);
  const std::size_t got = size > 0 ? static_cast<std::size_t>(size) : 0;
  std::vector<Numbered> records;
  for (std::size_t at = 0; at + kHistoryRecordBytes <= got; at += kHistoryRecordBytes) {
    Numbered record;
    if (read_record(ring.data() + at, record)) records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const Numbered& a, const Numbered& b) { return a.number > b.number; });
  return records;
}

}  // namespace

HistoryFile HistoryFile::open(const Directory& directory, const FileRules& rules) noexcept try {
  struct stat st {};
  Fd file = directory.open_file(dispatch_files::kHistory, O_RDWR | O_CREAT, rules, st);
  if (!file && errno == EPERM) {
    directory.remove(dispatch_files::kHistory);
    file = directory.open_file(dispatch_files::kHistory, O_RDWR | O_CREAT | O_EXCL, rules, st);
  }
  HistoryFile history(std::move(file));
  if (history.file_) {
    const std::vector<Numbered> known = read_ring(history.file_.get());
    // A damaged number could be the largest there is; the ring then simply begins again.
    if (!known.empty() && known.front().number < INT64_MAX) history.next_ = known.front().number + 1;
  }
  return history;
} catch (...) {
  return HistoryFile(Fd());
}

void HistoryFile::append(const HistoryEntry& entry) noexcept {
  if (!file_) return;
  Record record;
  const Numbered numbered{next_, entry};
  std::size_t error_bytes = kErrorBytes;
  while (!write_record(numbered, error_bytes, record)) {
    if (error_bytes == 0) return;
    error_bytes /= 2;  // the text needed more escapes than there is room
  }
  const auto at = static_cast<off_t>((next_ - 1) % kHistoryRecords * kHistoryRecordBytes);
  if (::pwrite(file_.get(), record.data(), record.size(), at) == static_cast<ssize_t>(record.size())) ++next_;
}

std::vector<HistoryEntry> read_dispatch_history(const std::string& buffer_dir, std::size_t limit) noexcept try {
  std::vector<HistoryEntry> entries;
  const Directory directory = Directory::open(buffer_dir);
  const Fd file = directory ? directory.open_unchecked(dispatch_files::kHistory, O_RDONLY) : Fd();
  struct stat st {};
  if (!file || ::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return entries;
  for (Numbered& record : read_ring(file.get())) {
    if (entries.size() == limit) break;
    entries.push_back(std::move(record.entry));
  }
  return entries;
} catch (...) {
  return {};
}

}  // namespace logystera::agent
