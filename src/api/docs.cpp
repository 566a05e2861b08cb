#include "api/docs.hpp"

#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/contract.hpp"
#include "core/json_text.hpp"
#include "web/parts.hpp"
#include "web/view.hpp"

namespace logystera::api {
namespace {

using rapidjson::Value;
using web::View;

std::string_view text_of(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

/// The text of a member; empty when it has none.
std::string_view text_in(const Value& object, const char* name) {
  const auto found = object.FindMember(name);
  return found != object.MemberEnd() && found->value.IsString() ? text_of(found->value) : std::string_view();
}

/// JSON over several lines.
void put_indented(std::string& out, const Value& value, std::size_t depth) {
  const std::string inside(2 * (depth + 1), ' '), outside(2 * depth, ' ');
  if (value.IsObject() && !value.ObjectEmpty()) {
    out += "{\n";
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) {
      JsonText name(JsonText::Reader::program);
      name.string(text_of(member->name));
      out += inside + name.text() + ": ";
      put_indented(out, member->value, depth + 1);
      out += member + 1 == value.MemberEnd() ? "\n" : ",\n";
    }
    out += outside + "}";
  } else if (value.IsArray() && !value.Empty()) {
    out += "[\n";
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      out += inside;
      put_indented(out, value[i], depth + 1);
      out += i + 1 == value.Size() ? "\n" : ",\n";
    }
    out += outside + "]";
  } else {
    JsonText one(JsonText::Reader::program);
    JsonCopy copy(one);
    value.Accept(copy);
    out += one.text();
  }
}

std::string plain(const Value& value) {
  if (value.IsString()) return std::string(text_of(value));
  std::string out;
  put_indented(out, value, 0);
  return out;
}

/// The contract, read once.
class Contract {
 public:
  Contract() { document_.Parse(contract().data(), contract().size()); }

  const Value& whole() const noexcept { return document_; }

  /// What a $ref leads to.
  const Value& followed(const Value& value) const {
    const std::string_view reference = text_in(value, "$ref");
    if (reference.empty()) return value;
    const Value* found = rapidjson::Pointer(reference.data() + 1, reference.size() - 1).Get(document_);
    return found ? *found : value;
  }

  /// A schema in words: "list of Finding", "one of low, high", "integer, 1 to 1000".
  std::string type_of(const Value& schema) const {
    if (const std::string_view reference = text_in(schema, "$ref"); !reference.empty()) {
      const std::string_view name = reference.substr(reference.rfind('/') + 1);
      // Small ones are said in full.
      return name == "Time" || name == "Count" || name == "Level" ? type_of(followed(schema)) : std::string(name);
    }
    if (const auto several = schema.FindMember("oneOf"); several != schema.MemberEnd()) {
      std::string words;
      for (const Value& one : several->value.GetArray()) words += (words.empty() ? "" : ", or ") + type_of(one);
      return words;
    }
    if (const auto values = schema.FindMember("enum"); values != schema.MemberEnd()) {
      std::string words = "one of ";
      bool first = true;
      for (const Value& one : values->value.GetArray()) words += (std::exchange(first, false) ? "" : ", ") + plain(one);
      return words;
    }
    std::string words;
    if (const auto type = schema.FindMember("type"); type != schema.MemberEnd()) {
      if (type->value.IsArray()) {
        for (const Value& one : type->value.GetArray()) words += (words.empty() ? "" : " or ") + std::string(text_of(one));
      } else {
        words = text_of(type->value);
      }
    }
    if (const std::string_view format = text_in(schema, "format"); !format.empty())
      words += " (" + std::string(format) + ")";
    if (const auto items = schema.FindMember("items"); items != schema.MemberEnd())
      words = "list of " + type_of(items->value);
    const auto least = schema.FindMember("minimum"), most = schema.FindMember("maximum");
    if (least != schema.MemberEnd() && most != schema.MemberEnd()) {
      words += ", " + plain(least->value) + " to " + plain(most->value);
    }
    return words.empty() ? "anything" : words;
  }

 private:
  rapidjson::Document document_;
};

std::vector<View> parameters_of(const Contract& contract, const Value& owner, std::string_view id) {
  std::vector<View> rows;
  const auto list = owner.FindMember("parameters");
  if (list == owner.MemberEnd()) return rows;
  for (const Value& reference : list->value.GetArray()) {
    const Value& one = contract.followed(reference);
    const Value& schema = one["schema"];
    const auto required = one.FindMember("required"), example = one.FindMember("example");
    View row;
    row.text("name", text_in(one, "name")).text("in", text_in(one, "in")).text("description", text_in(one, "description"));
    row.flag("required", required != one.MemberEnd() && required->value.GetBool());
    row.text("type", contract.type_of(schema));
    row.text("input", std::string(id) + "-" + std::string(text_in(one, "name")));
    row.text("example", example == one.MemberEnd() ? "" : plain(example->value));
    const auto preset = contract.followed(schema).FindMember("default");
    row.text("preset", preset == contract.followed(schema).MemberEnd() ? "" : plain(preset->value));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<View> answers_of(const Contract& contract, const Value& operation) {
  std::vector<View> rows;
  for (const auto& answer : operation["responses"].GetObject()) {
    const Value& one = contract.followed(answer.value);
    std::string type, example;
    if (const auto content = one.FindMember("content"); content != one.MemberEnd()) {
      const Value& media = content->value.MemberBegin()->value;
      type = contract.type_of(media["schema"]);
      const auto given = media.FindMember("example");
      if (given != media.MemberEnd() && text_of(answer.name).front() == '2') example = plain(given->value);
    }
    View row;
    row.text("status", text_of(answer.name)).text("description", text_in(one, "description")).text("type", type);
    row.flag("has_example", !example.empty()).rows("lines", web::lines_of(example));
    rows.push_back(std::move(row));
  }
  return rows;
}

View operation_of(const Contract& contract, std::string_view base, std::string_view path, const Value& item,
                  std::string_view method, const Value& operation) {
  std::string verb(method);
  for (char& c : verb) c = static_cast<char>(c - ('a' - 'A'));
  const std::string id(text_in(operation, "operationId"));
  View view;
  view.text("id", id).text("method", verb).text("path", std::string(base) + std::string(path));
  view.flag("reads", verb == "GET").text("summary", text_in(operation, "summary"));
  view.text("description", text_in(operation, "description"));
  const auto security = operation.FindMember("security");
  view.flag("for_everybody", security != operation.MemberEnd() && security->value.Empty());
  std::vector<View> parameters = parameters_of(contract, item, id);
  for (View& one : parameters_of(contract, operation, id)) parameters.push_back(std::move(one));
  view.flag("has_parameters", !parameters.empty()).rows("parameters", std::move(parameters));
  std::string body, body_type;
  if (const auto sent = operation.FindMember("requestBody"); sent != operation.MemberEnd()) {
    const Value& media = sent->value["content"]["application/json"];
    JsonText example(JsonText::Reader::program);  // on one line: templates show control characters as what they are
    JsonCopy copy(example);
    media["example"].Accept(copy);
    body = example.take();
    body_type = contract.type_of(media["schema"]);
  }
  view.text("body", body).text("body_type", body_type).rows("answers", answers_of(contract, operation));
  return view;
}

std::vector<View> tags_of(const Contract& contract) {
  const Value& whole = contract.whole();
  const std::string_view base = text_in(whole["servers"][0], "url");
  std::vector<View> tags;
  for (const Value& tag : whole["tags"].GetArray()) {
    std::vector<View> operations;
    for (const auto& path : whole["paths"].GetObject()) {
      for (const auto& operation : path.value.GetObject()) {
        if (!operation.value.IsObject() || operation.value["tags"][0] != tag["name"]) continue;
        operations.push_back(
            operation_of(contract, base, text_of(path.name), path.value, text_of(operation.name), operation.value));
      }
    }
    View view;
    view.text("tag", text_in(tag, "name"))
        .text("about", text_in(tag, "description"))
        .rows("operations", std::move(operations));
    tags.push_back(std::move(view));
  }
  return tags;
}

std::vector<View> schemas_of(const Contract& contract) {
  std::vector<View> schemas;
  for (const auto& schema : contract.whole()["components"]["schemas"].GetObject()) {
    const auto properties = schema.value.FindMember("properties");
    if (properties == schema.value.MemberEnd()) continue;
    std::vector<View> members;
    for (const auto& member : properties->value.GetObject()) {
      View row;
      row.text("name", text_of(member.name)).text("type", contract.type_of(member.value));
      row.text("description", text_in(member.value, "description"));
      members.push_back(std::move(row));
    }
    View view;
    view.text("schema", text_of(schema.name)).rows("members", std::move(members));
    schemas.push_back(std::move(view));
  }
  return schemas;
}

std::vector<View> problems_of(const Contract& contract) {
  std::vector<View> problems;
  for (const auto& problem : contract.whole()["x-problems"].GetObject()) {
    std::string id(text_of(problem.name));
    for (char& c : id) c = c == '_' ? '-' : c;
    View row;
    row.text("problem", text_of(problem.name)).text("problem_id", id).text("words", text_of(problem.value));
    problems.push_back(std::move(row));
  }
  return problems;
}

}  // namespace

server::Route docs_route(const web::Shell& shell, std::shared_ptr<server::Workers> workers) {
  const auto shown = [&shell, contract = std::make_shared<const Contract>()](const server::Request& request,
                                                                             const server::Reply& reply) {
    View view;
    view.text("about", text_in(contract->whole()["info"], "description"));
    view.rows("tags", tags_of(*contract)).rows("schemas", schemas_of(*contract)).rows("problems", problems_of(*contract));
    reply(shell.page(request, {.name = "docs", .title = "REST API", .view = std::move(view)}));
  };
  return {"GET", "/api/docs", 0, shown, std::move(workers), "viewer"};
}

}  // namespace logystera::api
