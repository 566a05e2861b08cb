#include "store/sqlite/text_search.hpp"

#include <string.h>

#include <cstddef>
#include <memory>
#include <new>

namespace logystera::store::sqlite {
namespace {

std::size_t size_of(sqlite3_value* value) noexcept { return static_cast<std::size_t>(sqlite3_value_bytes(value)); }

void has_text(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  auto& folded = *static_cast<std::string*>(sqlite3_user_data(context));
  const void* const wanted = sqlite3_value_blob(values[0]);
  const std::size_t wanted_size = size_of(values[0]);
  try {
    for (int i = 1; i < count; ++i) {
      const auto* text = static_cast<const char*>(sqlite3_value_blob(values[i]));
      const std::size_t size = size_of(values[i]);
      if (!text || size < wanted_size) continue;
      folded.assign(text, size);
      fold(folded);
      if (::memmem(folded.data(), size, wanted, wanted_size) != nullptr) return sqlite3_result_int(context, 1);
    }
    sqlite3_result_int(context, 0);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

}  // namespace

void fold(std::string& text) noexcept {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

int add_text_search(sqlite3* handle) noexcept {
  auto folded = std::unique_ptr<std::string>(new (std::nothrow) std::string);
  if (!folded) return SQLITE_NOMEM;
  // What is handed over is destroyed with the function, and by a call that fails.
  return sqlite3_create_function_v2(handle, "has_text", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                    folded.release(), has_text, nullptr, nullptr,
                                    [](void* text) { delete static_cast<std::string*>(text); });
}

}  // namespace logystera::store::sqlite
