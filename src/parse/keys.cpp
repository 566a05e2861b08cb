#include "parse/keys.hpp"

#include <algorithm>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

bool rank_in(const std::vector<std::string>& keys, std::string_view path, std::uint8_t& rank) {
  const auto found = std::find(keys.begin(), keys.end(), path);
  rank = static_cast<std::uint8_t>(found - keys.begin());
  return found != keys.end();
}

// "info", "WARN", 30 (pino), 4 (syslog), "4".
bool level_of(const Value& value, Severity& severity) {
  if (severity_of_word(value.text(), severity)) return true;
  if (value.text().size() == 1 && severity_of_letter(value.text()[0], severity)) return true;
  std::int64_t number = -1;
  if (value.kind == Value::Kind::integer) number = value.as_integer();
  else if (value.text().size() == 1 && value.text()[0] >= '0' && value.text()[0] <= '7') number = value.text()[0] - '0';
  // Monolog counts in hundreds: 100 debug, 200 info, 250 notice, 300 warning, 400 error, 500 to 600 worse.
  if (number >= 100 && number <= 600 && number % 50 == 0) {
    severity = number >= 500   ? Severity::critical
               : number >= 400 ? Severity::error
               : number >= 300 ? Severity::warning
               : number >= 200 ? Severity::info
                               : Severity::debug;
    return true;
  }
  if (number < 0 || number > 100) return false;
  if (number < 8) {
    severity = severity_of_priority(static_cast<unsigned>(number));
    return true;
  }
  if (number < 10) return false;
  severity = number >= 60   ? Severity::critical
             : number >= 50 ? Severity::error
             : number >= 40 ? Severity::warning
             : number >= 30 ? Severity::info
                            : Severity::debug;
  return true;
}

}  // namespace

KeyMeaning key_meaning(const Format& format, std::string_view path, FieldNames& names) {
  KeyMeaning meaning;
  using Role = KeyMeaning::Role;
  if (rank_in(format.time_keys, path, meaning.rank)) meaning.role = Role::time;
  else if (rank_in(format.severity_keys, path, meaning.rank)) meaning.role = Role::severity;
  else if (rank_in(format.message_keys, path, meaning.rank)) meaning.role = Role::message;
  else if (rank_in(format.host_keys, path, meaning.rank)) meaning.role = Role::host;
  std::uint8_t required;
  if (rank_in(format.required, path, required)) meaning.required = static_cast<std::int8_t>(required);
  if (auto alias = format.aliases.find(std::string(path)); alias != format.aliases.end()) {
    meaning.alias = names.add(alias->second);
  }
  std::string_view own = path;
  if (!format.strip.empty() && starts_with(own, format.strip)) own.remove_prefix(format.strip.size());
  meaning.id = names.add(own);
  if (meaning.alias == meaning.id) meaning.id = field::none;
  return meaning;
}

void LineRoles::take(const KeyMeaning& meaning, const Value& value, RecordBatch& batch) {
  using Role = KeyMeaning::Role;
  const Value copy = value;  // adding a field may move the cells
  switch (meaning.role) {
    case Role::time: {
      std::int64_t ns;
      const std::size_t used = meaning.rank < time_rank_ ? read_any_time(copy.text(), *time_, ns) : 0;
      if (used > 0 && used == copy.text().size()) {
        time_ns_ = ns;
        time_rank_ = meaning.rank;
      }
      break;
    }
    case Role::severity: {
      Severity severity;
      if (meaning.rank < severity_rank_ && level_of(copy, severity)) {
        severity_ = severity;
        severity_rank_ = meaning.rank;
      }
      break;
    }
    case Role::message:
      names_message_ = true;
      if (meaning.rank < message_rank_ && !copy.text().empty()) {
        message_ = copy.text();
        message_rank_ = meaning.rank;
      }
      break;
    case Role::host:
      if (meaning.rank < host_rank_ && copy.kind == Value::Kind::string) {
        host_ = copy.text();
        host_rank_ = meaning.rank;
      }
      break;
    case Role::plain: break;
  }
  if (meaning.alias != field::none && copy.kind != Value::Kind::null && copy.text() != "-" && !copy.text().empty()) {
    if (meaning.alias == field::client_ip) {
      batch.add_ip(field::client_ip, copy.text());
    } else if (meaning.alias == field::request) {
      add_request(copy.text(), batch);
      request_ = true;
    } else if (meaning.alias == field::url) {
      add_target(copy.text(), batch);
      request_ = true;
    } else {
      Value& also = batch.add_field(meaning.alias);
      also = copy;
      also.field = meaning.alias;
      if (meaning.alias == field::program) program_ = copy.text();
      if (meaning.alias == field::path || meaning.alias == field::method) request_ = true;
      if (meaning.alias == field::status) {
        if (copy.kind == Value::Kind::string && copy.text().size() == 3) {
          batch.drop_fields(batch.open_fields() - 1);
          status_ = batch.add_number(field::status, copy.text()).as_integer();
        } else if (copy.kind == Value::Kind::integer) {
          status_ = copy.as_integer();
        }
      }
    }
  }
}

void LineRoles::apply(const Format& format, std::string_view line, RecordBatch& batch, Record& record) {
  apply_envelope(format, line, record);
  apply_content(batch, record);
}

void LineRoles::apply_envelope(const Format& format, std::string_view line, Record& record) {
  record.kind = format.kind;
  record.time_known = has_time();
  record.time_ns = time_ns_;
  record.host = host_;
  while (!message_.empty() && (message_.back() == '\n' || message_.back() == '\r')) message_.remove_suffix(1);
  record.message = names_message_ ? message_ : line;
  if (has_severity()) record.severity = severity_;
}

void LineRoles::apply_content(RecordBatch& batch, Record& record) {
  if (record.kind == RecordKind::application && request_ && status_ >= 100 && status_ <= 599) {
    record.kind = RecordKind::web_access;
  }
  if (record.kind == RecordKind::web_access) {
    if (!has_severity()) {
      record.severity = status_ >= 500 ? Severity::error : status_ >= 400 ? Severity::warning : Severity::info;
    }
    return;
  }
  if (!program_.empty() && !message_.empty()) {
    const RecordKind own = record.kind;
    read_program_message(program_, record.message, has_severity(), batch, record);
    if (record.kind == RecordKind::syslog) record.kind = own;
  } else if (!has_severity()) {
    record.severity = severity_of_wording(record.message);
  }
}

}  // namespace logystera::parse
