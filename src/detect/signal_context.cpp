#include "detect/signal_context.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "core/clock.hpp"

namespace logystera::detect {
namespace {

constexpr std::int64_t kHourSeconds = 3600, kDaySeconds = 24 * kHourSeconds;
constexpr std::int64_t kOffsetMost = 26 * kHourSeconds;  // a zone's is less
constexpr int kNetworkBytes4 = 3, kNetworkBytes6 = 6;

std::int64_t floor_of(std::int64_t number, std::int64_t by) noexcept {
  const std::int64_t whole = number / by;
  return number % by < 0 ? whole - 1 : whole;
}

void add_number(FieldId id, std::int64_t number, RecordBatch& batch) {
  char text[24];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  batch.add_integer(id, batch.arena.copy({text, static_cast<std::size_t>(end - text)}), number);
}

}  // namespace

SignalContext::SignalContext(Site site, FieldNames& names)
    : site_(std::move(site)),
      entity_(names.add("entity")),
      local_hour_(names.add("local_hour")),
      local_weekday_(names.add("local_weekday")),
      admin_(names.add("admin")),
      client_network_(names.add("client_network")),
      roles_(names.add("roles")),
      counted_{Counted{names.add("permissions_added"), names.add("permissions_added_count")},
               Counted{names.add("permissions_removed"), names.add("permissions_removed_count")}} {}

bool SignalContext::own(FieldId id) const noexcept {
  return id == entity_ || id == local_hour_ || id == local_weekday_ || id == admin_ || id == client_network_ ||
         id == counted_[0].count || id == counted_[1].count;
}

void SignalContext::add_time(const Record& record, RecordBatch& batch) const {
  if (!record.time_known) return;
  const std::int64_t utc = floor_of(record.time_ns, kSecondNs);
  const std::int64_t offset = site_.offset_at ? std::clamp(site_.offset_at(utc), -kOffsetMost, kOffsetMost) : 0;
  const std::int64_t local = utc + offset;
  const std::int64_t day = floor_of(local, kDaySeconds);
  add_number(local_hour_, (local - day * kDaySeconds) / kHourSeconds, batch);
  constexpr std::int64_t kThursday = 3, kWeek = 7;  // 1970-01-01, Monday being 0
  const std::int64_t weekday = (day + kThursday) - floor_of(day + kThursday, kWeek) * kWeek;
  add_number(local_weekday_, weekday + 1, batch);
}

void SignalContext::add_network(const Record& record, RecordBatch& batch) const {
  const Value* const found = record.find(field::client_ip);
  if (!found || found->kind != Value::Kind::ip) return;
  IpAddress address = found->as_ip();
  const bool v4 = address.is_v4();
  const int first = v4 ? 12 : 0, kept = v4 ? kNetworkBytes4 : kNetworkBytes6;
  for (std::size_t i = static_cast<std::size_t>(first + kept); i < sizeof address.bytes; ++i) address.bytes[i] = 0;
  char text[INET6_ADDRSTRLEN + sizeof "/48"];
  if (!::inet_ntop(v4 ? AF_INET : AF_INET6, address.bytes + first, text, INET6_ADDRSTRLEN)) return;
  std::strcat(text, v4 ? "/24" : "/48");
  batch.add_text(client_network_, batch.arena.copy(text));
}

void SignalContext::add_to(RecordBatch& batch) const {
  for (Record& record : batch.records)
    if (record.kind == RecordKind::signal) add_to(record, batch);
}

void SignalContext::add_to(Record& record, RecordBatch& batch) const {
  batch.begin_fields();
  const Value* roles = nullptr;
  for (const Value& value : record) {
    if (own(value.field)) continue;
    Value& copy = batch.add_field(value.field);
    copy = value;
    if (value.field == roles_) roles = &value;
  }
  batch.add_text(entity_, batch.arena.copy(site_.entity));
  add_time(record, batch);
  if (roles) {
    const auto administrative = [this](const Value& role) {
      return std::find(site_.administrative.begin(), site_.administrative.end(), role.text()) != site_.administrative.end();
    };
    const bool admin = roles->kind == Value::Kind::list
                           ? std::any_of(roles->as_list().begin(), roles->as_list().end(), administrative)
                           : administrative(*roles);
    Value& value = batch.add_text(admin_, admin ? "true" : "false");
    value.kind = Value::Kind::boolean;
    value.as.boolean = admin;
  }
  for (const Value& value : record)
    for (const Counted& counted : counted_)
      if (value.field == counted.list && value.kind == Value::Kind::list)
        add_number(counted.count, value.as_list().size, batch);
  add_network(record, batch);
  batch.end_fields(record);
}

}  // namespace logystera::detect
