// What every log line, Windows event and signal becomes: one Record. Parsers make them, redaction rewrites them, detection
// reads them.
//
// Layout, because a core must pass 0.35 GB/s of access log (about 1.5 million records) every second: a record owns nothing.
// Its texts are views into the batch that carries it (the block of file it was read from, or the batch's arena where a text
// had to be decoded), its fields are a run of 24-byte cells in the batch's arena, and field names are small integers shared
// by the whole process through one FieldNames table. Making a record therefore allocates nothing, and a batch is dropped or
// reused as a whole.
//
// Every view in a Record is valid until its RecordBatch is cleared, refilled or destroyed. Texts are bytes as they stood in
// the source: nothing promises UTF-8, and NULs may occur.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "core/severity.hpp"

namespace logystera {

/// What sort of thing a record is, one step above its format: rules are scoped by it. It is set per record, since one
/// syslog file carries several.
enum class RecordKind : std::uint8_t {
  text,           // a line nothing more is known about
  web_access,     // one HTTP request as a web server logs it
  web_error,      // a web server's or PHP's error log
  syslog,         // a syslog message of a program not singled out below
  auth,           // sshd, sudo, su, login, PAM, account changes
  drupal,         // Drupal's watchdog, over syslog or otherwise
  windows_event,  // Windows event log
  application,    // structured application output: JSON, logfmt, journal
  signal,         // an event this project's own agent recorded
};

/// "text", "web_access", …: the enumerator's name.
std::string_view record_kind_name(RecordKind kind) noexcept;

/// The number of a field name in one FieldNames table. 0 is no field.
using FieldId = std::uint16_t;

/// Names with a fixed number in every table, so parsers and rules need no lookup. Types in brackets; all others are strings.
namespace field {
enum Known : FieldId {
  none = 0,
  client_ip,    // [ip, or string where the server logged a host name or a socket] who asked
  remote_user,  // HTTP authentication name, may contain dots and spaces
  ident,        // RFC 1413 identity, nearly always absent
  method,       // GET, POST, … as sent
  url,          // the request target exactly as sent: path and query, or absolute
  url_plain,    // the same as the server behind may read it: decoded, comments and shell blanks gone; only where it differs
  path,         // `url` up to the first '?'
  query,        // `url` after the first '?', absent when there is none
  protocol,     // HTTP/1.1
  request,      // the whole request line, only when it is not METHOD TARGET PROTOCOL
  status,       // [integer]
  bytes,        // [integer] size of the answer's body
  referer,
  user_agent,
  vhost,          // server name the request was for
  server_port,    // [integer]
  request_time,   // [real] seconds the request took
  upstream,       // upstream address or URL
  forwarded_for,  // X-Forwarded-For as logged
  server,         // nginx `server:` of an error line
  program,        // syslog tag, or the journal's identifier: sshd, sudo, CRON
  pid,            // [integer]
  tid,            // [integer] thread
  facility,       // [integer] 0-23
  priority,       // [integer] 0-7
  msgid,          // RFC 5424
  module,         // Apache module, PHP channel, logger name
  error_code,     // AH00124, PHP's or the program's own code
  file,           // source file an error names
  line,           // [integer] line in that file
  client_port,    // [integer]
  user,           // account the record is about
  target_user,    // account it acts as or upon (sudo's USER=, usermod's name)
  command,        // command line, sudo's COMMAND=
  action,         // what an auth line says happened: accepted, failed, invalid_user, session_opened, sudo, …
  auth_method,    // password, publickey, …
  uid,            // [integer or string] numeric account
  base_url,       // Drupal watchdog
  type,           // Drupal watchdog's type; a log's own event class
  link,           // Drupal watchdog
  logger,         // logger or channel name
  stack_trace,    // lines joined below the first one
  event_type,     // the agent's signal name
  event_id,       // the agent's event UUID
  stream,         // docker: stdout or stderr
  EventID,        // [integer] Windows: the fields of System carry the names Sigma uses
  Channel,
  Provider_Name,
  Computer,
  Level,        // [integer]
  known_count_  // first free number
};
}  // namespace field

/// Field names ⇄ numbers for one run of the program, shared by parsers, redaction and rules. Names are case-sensitive;
/// nested ones are joined with '.': `http.request.method`. Safe for concurrent use. Bounded, because names come out of
/// hostile JSON: at most `kNames` names of at most `kNameBytes` bytes, then `add` says `field::none` and the caller counts.
class FieldNames {
 public:
  static constexpr std::size_t kNames = 32'768;
  static constexpr std::size_t kNameBytes = 256;

  /// How many names a table over another one has room for: what one sender makes up fills nobody else's table.
  static constexpr std::size_t kOwnNames = 4'096;

  FieldNames();
  /// A table over another: the names of `base` keep their numbers, and more are added here alone, `kOwnNames` at most.
  /// `base` must outlive it, and has no names added any more.
  struct Over {
    const FieldNames& base;
  };
  explicit FieldNames(Over over);
  FieldNames(const FieldNames&) = delete;
  FieldNames& operator=(const FieldNames&) = delete;

  /// The number of `name`, given out now if it had none; `field::none` if it is empty, too long, or the table is full.
  FieldId add(std::string_view name);
  /// The number of `name`, or `field::none`.
  FieldId find(std::string_view name) const;
  /// The name; empty for `field::none` and for numbers not given out. Valid as long as the table.
  std::string_view name(FieldId id) const;
  /// How many numbers are given out, `field::none` included: ids are below this.
  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }

 private:
  const FieldNames* const base_ = nullptr;
  const std::size_t first_ = 0;  // number of the first name of its own
  const std::size_t most_ = kNames + 1;
  mutable std::shared_mutex mutex_;
  std::atomic<std::size_t> size_{0};  // with the base's, to be read without the lock
  std::vector<std::unique_ptr<const std::string>> names_;
  std::unordered_map<std::string_view, FieldId> ids_;
};

/// An IP address, IPv4 as ::ffff:a.b.c.d, network byte order.
struct IpAddress {
  std::uint8_t bytes[16];

  bool is_v4() const noexcept;
  friend bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
    return std::memcmp(a.bytes, b.bytes, sizeof a.bytes) == 0;
  }
  friend bool operator!=(const IpAddress& a, const IpAddress& b) noexcept { return !(a == b); }
};

/// Reads a dotted quad (four decimal octets, no leading zeros) or an RFC 4291 text form without zone or port. False if
/// `text` is anything else.
bool parse_ip(std::string_view text, IpAddress& out) noexcept;

struct Value;

/// The items of a list value.
struct ValueList {
  const Value* items;
  std::uint32_t size;

  const Value* begin() const noexcept { return items; }
  const Value* end() const noexcept;
};

/// A typed value. `text()` is there for every kind: the value as the source wrote it (numbers unrounded, lists as their
/// JSON), so text rules and redaction need no formatting.
struct Value {
  enum class Kind : std::uint8_t {
    null,     // the source says "no value" (JSON null, Windows null); text is empty
    string,   //
    integer,  // as_integer()
    real,     // as_real(); also integers beyond 64 bits signed
    boolean,  // as_boolean()
    ip,       // as_ip()
    list,     // as_list(); never nested
  };

  FieldId field = field::none;  // whose value it is; none for list items
  Kind kind = Kind::null;
  bool ip_is_v4 = false;  // kind ip only
  std::uint32_t text_size = 0;
  const char* text_data = nullptr;
  union {
    std::int64_t integer;
    double real;
    bool boolean;
    std::uint32_t ipv4;        // host byte order, when ip_is_v4
    const std::uint8_t* ipv6;  // 16 bytes in the batch's arena
    const ValueList* list;
  } as{0};

  std::string_view text() const noexcept { return {text_data, text_size}; }
  std::int64_t as_integer() const noexcept { return as.integer; }
  double as_real() const noexcept { return kind == Kind::integer ? static_cast<double>(as.integer) : as.real; }
  bool as_boolean() const noexcept { return as.boolean; }
  const ValueList& as_list() const noexcept { return *as.list; }
  IpAddress as_ip() const noexcept;
  bool is_number() const noexcept { return kind == Kind::integer || kind == Kind::real; }

  /// Replaces the text (and so the value) by a string: redaction's only operation. The bytes must outlive the batch's use.
  void set_text(std::string_view text) noexcept {
    kind = Kind::string;
    text_data = text.data();
    text_size = static_cast<std::uint32_t>(text.size());
    as.integer = 0;
  }
};

static_assert(sizeof(Value) == 24, "records are sized for 24-byte cells");

inline const Value* ValueList::end() const noexcept { return items + size; }

/// One log line, Windows event or signal.
struct Record {
  static constexpr std::uint16_t kRepeatsMost = 1'000;

  std::int64_t time_ns = 0;            // unix time in nanoseconds, UTC; meaningless unless time_known
  bool time_known = false;             // false: the line has none, or none that can be read
  bool parsed = false;                 // false: kept as plain text although its source has another format (it is counted)
  bool truncated = false;              // the line was longer than the reader's limit; raw holds its head
  Severity severity = Severity::info;  // info when the source says nothing
  RecordKind kind = RecordKind::text;
  std::uint16_t repeated = 1;  // how many equal events it stands for ("message repeated 5 times"), up to kRepeatsMost
  std::uint32_t field_count = 0;
  Value* fields = nullptr;  // in source order; a name may occur more than once

  std::string_view source;   // what it was read from: the path as given, "-" for stdin
  std::string_view format;   // name of the format that read it: "nginx_access"; lives as long as the program's formats
  std::string_view host;     // host the record speaks of, or empty
  std::string_view message;  // what a person reads: the text after the envelope; empty where the source says so
  std::string_view raw;      // the whole line (all lines, if several were joined), without line end; for binary
                             // formats empty
  std::uint64_t line = 0;    // 1-based number of the first line; binary formats: the record's own number
  std::uint64_t offset = 0;  // byte offset of the record in the (uncompressed) source

  const Value* begin() const noexcept { return fields; }
  const Value* end() const noexcept { return fields + field_count; }
  Value* begin() noexcept { return fields; }
  Value* end() noexcept { return fields + field_count; }

  /// The first value of that field, or nullptr. Linear: fine for one look, a rule engine indexes once per record.
  const Value* find(FieldId id) const noexcept {
    for (const Value& value : *this)
      if (value.field == id) return &value;
    return nullptr;
  }
  /// Its text, or `absent`.
  std::string_view text(FieldId id, std::string_view absent = {}) const noexcept {
    const Value* value = find(id);
    return value ? value->text() : absent;
  }
};

/// Memory that is given out piecewise and taken back all at once. Keeps its blocks when cleared.
class Arena {
 public:
  static constexpr std::size_t kBlockBytes = 256 * 1024;

  Arena() = default;
  Arena(Arena&& other) noexcept { swap(other); }
  Arena& operator=(Arena&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(Arena& other) noexcept;

  /// `size` bytes, aligned for any value type here. Never null; `size` may exceed a block.
  char* allocate(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > static_cast<std::size_t>(end_ - at_)) return allocate_block(size);
    char* result = at_;
    at_ += size;
    return result;
  }
  /// A copy that lives as long as the arena is not cleared.
  std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    char* at = allocate(text.size());
    std::memcpy(at, text.data(), text.size());
    return {at, text.size()};
  }
  template <typename T>
  T* array(std::size_t count) {
    static_assert(alignof(T) <= 8 && std::is_trivially_destructible_v<T>);
    return reinterpret_cast<T*>(allocate(count * sizeof(T)));
  }
  /// Takes everything back; blocks beyond the first few are returned to the system.
  void clear() noexcept;
  /// Bytes held, given out or not.
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  static constexpr std::size_t kBlocksKept = 16;

  char* allocate_block(std::size_t size);

  struct Block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  std::vector<Block> blocks_;
  std::size_t used_blocks_ = 0;  // blocks_[0 .. used_blocks_) are in use, the last of them partly
  char* at_ = nullptr;
  char* end_ = nullptr;
  std::size_t capacity_ = 0;
};

/// A growable run of bytes that does not zero what it is about to be filled with. `kPadding` readable bytes always follow
/// the last one (vector instructions and simdjson may look there), zeroed by `resize`.
class TextBlock {
 public:
  static constexpr std::size_t kPadding = 64;

  TextBlock() = default;
  TextBlock(TextBlock&& other) noexcept { swap(other); }
  TextBlock& operator=(TextBlock&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(TextBlock& other) noexcept;

  char* data() noexcept { return bytes_.get(); }
  const char* data() const noexcept { return bytes_.get(); }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  std::string_view view() const noexcept { return {bytes_.get(), size_}; }
  /// Makes room for `size` bytes; what is there stays (views into it do not).
  void reserve(std::size_t size);
  /// New bytes are undefined until written.
  void resize(std::size_t size);
  void clear() noexcept { size_ = 0; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // without the padding
};

/// A run of records and the memory they point into. Move-only; hand it whole to another thread.
class RecordBatch {
 public:
  RecordBatch() = default;
  RecordBatch(RecordBatch&& other) noexcept { swap(other); }
  RecordBatch& operator=(RecordBatch&& other) noexcept {
    swap(other);
    return *this;
  }
  void swap(RecordBatch& other) noexcept;

  std::vector<Record> records;
  /// For texts that are not verbatim in `text`, and for whoever rewrites records (redaction puts its tokens here).
  Arena arena;
  /// The source's bytes the records' views point into.
  TextBlock text;

  std::size_t size() const noexcept { return records.size(); }
  bool empty() const noexcept { return records.empty(); }
  /// Empties it and keeps its memory for the next fill.
  void clear() noexcept {
    records.clear();
    fields_at_ = fields_end_ = fields_first_ = nullptr;
    arena.clear();
    text.clear();
  }

  /// Building a record: `begin_fields()`, `add_field()` as often as wanted, then `end_fields(record)`. Values stay in one
  /// contiguous run, whatever their number. `add_field` returns the cell to fill, valid until the next call.
  void begin_fields() noexcept { fields_first_ = fields_at_; }
  Value& add_field(FieldId id) {
    if (fields_at_ == fields_end_) grow_fields();
    Value* value = new (fields_at_++) Value;
    value->field = id;
    return *value;
  }
  Value& add_text(FieldId id, std::string_view text_value) {
    Value& value = add_field(id);
    value.kind = Value::Kind::string;
    value.text_data = text_value.data();
    value.text_size = static_cast<std::uint32_t>(text_value.size());
    return value;
  }
  Value& add_integer(FieldId id, std::string_view written, std::int64_t number) {
    Value& value = add_text(id, written);
    value.kind = Value::Kind::integer;
    value.as.integer = number;
    return value;
  }
  /// An ip if `written` is one, else a string. An IPv4 address written in IPv6's form ("::ffff:203.0.113.7") is the IPv4
  /// address, also in its text, so that one peer is one group.
  Value& add_ip(FieldId id, std::string_view written);
  /// An integer if `written` is a decimal one of 64 bits (no leading '+'), else a string.
  Value& add_number(FieldId id, std::string_view written);
  /// Forgets the fields added since begin_fields(), or down to `count` of them.
  void drop_fields(std::size_t count = 0) noexcept { fields_at_ = fields_first_ + count; }
  std::size_t open_fields() const noexcept { return static_cast<std::size_t>(fields_at_ - fields_first_); }
  /// The cells of the fields added since begin_fields(), valid until the next is added.
  Value* open_cells() noexcept { return fields_first_; }
  void end_fields(Record& record) noexcept {
    record.fields = fields_first_;
    record.field_count = static_cast<std::uint32_t>(fields_at_ - fields_first_);
    fields_first_ = fields_at_;
  }

 private:
  void grow_fields();

  Value* fields_first_ = nullptr;  // of the record being built
  Value* fields_at_ = nullptr;
  Value* fields_end_ = nullptr;
};

}  // namespace logystera
