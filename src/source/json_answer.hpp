// What a server answers, as JSON: bounded, and of whatever shape. Nothing outside this room includes this.
#pragma once

#include <rapidjson/document.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "source/entry_records.hpp"

namespace logystera::source {

/// A document over the text it was read from. Numbers are texts, as they were written.
class JsonAnswer {
 public:
  /// An error (broken) says what is wrong with it: no JSON, no object, or nested deeper than net::kJsonDepth.
  static Result<JsonAnswer> read(std::string body);

  const rapidjson::Value& root() const noexcept { return *document_; }

 private:
  std::unique_ptr<std::string> text_;
  std::unique_ptr<rapidjson::Document> document_;
};

/// The member of that name, or null: also where `value` is null or no object.
const rapidjson::Value* member(const rapidjson::Value* value, const char* name) noexcept;
/// A member's text; empty where there is none.
std::string_view text_of(const rapidjson::Value* value) noexcept;
/// Whether a value of a JsonAnswer is a number.
bool is_number(const rapidjson::Value& value) noexcept;
/// A value of a JsonAnswer as JSON.
std::string json_of(const rapidjson::Value& value);

/// What a document says, with dotted names: {"host": {"name": "a"}} and {"host.name": "a"} are the same. A list is its JSON.
std::vector<EntryField> flat_fields(const rapidjson::Value& object);
/// The field of that name; null: there is none.
const EntryField* field_of(const std::vector<EntryField>& fields, std::string_view name) noexcept;

}  // namespace logystera::source
