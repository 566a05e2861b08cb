// Values as bytes and back, for files only this program reads. A type is described once, by a function that passes its members
// to either of the two:
//
//   template <typename Io> void pass(Io& io, Point& point) { io.number(point.x); io.number(point.y); }
//
// It is looked for in the namespace of the type, and serves for lists of it, too.
// Numbers are in the machine's own order. A reader never goes beyond its bytes: from the first thing that does not fit on, it
// gives zeros and empty lists, and says so in the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace logystera {

/// Rows of a type without pointers: its own while they are added, or those lying in bytes somebody else keeps.
template <typename T>
class Table {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);

 public:
  Table() = default;
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  void push_back(const T& row) {
    own_.push_back(row);
    refer(own_.data(), own_.size());
  }
  template <typename At>
  void append(At begin, At end) {
    own_.insert(own_.end(), begin, end);
    refer(own_.data(), own_.size());
  }
  void resize(std::size_t size) {
    own_.resize(size);
    refer(own_.data(), own_.size());
  }
  /// The rows from now on; `rows` outlives the table.
  void refer(const T* rows, std::size_t size) noexcept {
    rows_ = rows;
    size_ = size;
  }
  /// A row of its own, to be changed.
  T& own(std::size_t row) { return own_[row]; }

  const T& operator[](std::size_t row) const { return rows_[row]; }
  const T* data() const noexcept { return rows_; }
  const T* begin() const noexcept { return rows_; }
  const T* end() const noexcept { return rows_ + size_; }
  std::size_t size() const noexcept { return size_; }

 private:
  std::vector<T> own_;
  const T* rows_ = nullptr;
  std::size_t size_ = 0;
};

/// Appends to a string it does not own.
class ByteWriter {
 public:
  explicit ByteWriter(std::string& out) noexcept : out_(out) {}

  template <typename T>
  void number(const T& value) {
    static_assert(std::is_arithmetic_v<T>);
    raw(&value, sizeof value);
  }
  void boolean(bool value) { out_.push_back(value ? 1 : 0); }
  /// An enumeration whose values go from 0 to `last`.
  template <typename T>
  void choice(T value, T) {
    static_assert(sizeof(T) == 1);
    raw(&value, sizeof value);
  }
  void text(std::string_view value) {
    count(value.size());
    out_.append(value);
  }
  /// A text the reader may hand to whoever wants a zero behind it; a zero within ends it.
  void terminated_text(std::string_view value) {
    text(value.substr(0, value.find('\0')));
    out_.push_back('\0');
  }
  /// Rows without pointers or holes, as they lie in memory.
  template <typename T>
  void rows(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    count(values.size());
    raw(values.data(), values.size() * sizeof(T));
  }
  template <typename T>
  void rows(const Table<T>& values) {
    count(values.size());
    out_.append((8 - out_.size() % 8) % 8, '\0');
    raw(values.data(), values.size() * sizeof(T));
  }
  template <typename T>
  void list(std::vector<T>& values) {
    count(values.size());
    for (T& value : values) {
      if constexpr (std::is_same_v<T, std::string>) text(value);
      else pass(*this, value);
    }
  }

 private:
  void count(std::size_t value) { number(static_cast<std::uint32_t>(value)); }
  void raw(const void* data, std::size_t size) {
    if (size > 0) out_.append(static_cast<const char*>(data), size);
  }
  std::string& out_;
};

/// Reads bytes that outlive it. Texts that are views, and tables, lie in them: those bytes outlive these, too, and begin at an
/// address that eight divides.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) noexcept : begin_(bytes.data()), rest_(bytes) {}

  /// Whether everything asked for so far was there.
  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return rest_.empty(); }
  /// What has not been read yet.
  std::string_view rest() const noexcept { return rest_; }

  /// To the next place, counted from the first byte, that eight divides.
  void skip_to_eighth() { take((8 - static_cast<std::size_t>(rest_.data() - begin_) % 8) % 8); }

  template <typename T>
  void number(T& value) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    const std::string_view bytes = take(sizeof value);
    value = 0;
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof value);
  }
  void boolean(bool& value) {
    std::uint8_t byte = 0;
    number(byte);
    ok_ = ok_ && byte <= 1;
    value = ok_ && byte == 1;
  }
  template <typename T>
  void choice(T& value, T last) {
    std::uint8_t byte = 0;
    number(byte);
    ok_ = ok_ && byte <= static_cast<std::uint8_t>(last);
    value = static_cast<T>(ok_ ? byte : 0);
  }
  void text(std::string& value) { value = take(count(1)); }
  void text(std::string_view& value) { value = take(count(1)); }
  void terminated_text(std::string_view& value) {
    value = take(count(1) + 1);
    if (ok_ && value.back() == '\0') value.remove_suffix(1);
    else value = std::string_view("", 0), ok_ = false;
  }
  template <typename T>
  void rows(std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    const std::size_t size = count(sizeof(T));
    const std::string_view bytes = take(size * sizeof(T));
    values.resize(size);
    if (size > 0) std::memcpy(static_cast<void*>(values.data()), bytes.data(), bytes.size());
  }
  template <typename T>
  void rows(Table<T>& values) {
    const std::size_t size = count(sizeof(T));
    skip_to_eighth();
    const std::string_view bytes = take(size * sizeof(T));
    ok_ = ok_ && reinterpret_cast<std::uintptr_t>(bytes.data()) % alignof(T) == 0;
    values.refer(reinterpret_cast<const T*>(bytes.data()), ok_ ? size : 0);
  }
  /// A list in which nothing is smaller than a byte: its count is one of bytes at most.
  template <typename T>
  void list(std::vector<T>& values) {
    const std::size_t size = count(1);
    values.clear();
    if (size > 0 && size * sizeof(T) <= kReserved) values.reserve(size);
    for (std::size_t i = 0; i < size && ok_; ++i) {
      values.emplace_back();
      if constexpr (std::is_same_v<T, std::string>) text(values.back());
      else pass(*this, values.back());
    }
  }

 private:
  static constexpr std::size_t kReserved = 16 * 1024 * 1024;  // more only as it turns out to be there

  std::size_t count(std::size_t least_bytes) {
    std::uint32_t value = 0;
    number(value);
    if (value > rest_.size() / least_bytes) ok_ = false;
    return ok_ ? value : 0;
  }
  std::string_view take(std::size_t size) {
    if (!ok_ || size > rest_.size()) {
      ok_ = false;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }

  const char* begin_;
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace logystera
