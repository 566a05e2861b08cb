// Puts web/openapi.yaml into the program: `contract INPUT OUTPUT JSON` writes a C++ source that holds it
// as JSON, and the JSON by itself. Run by the build.
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include "core/json_text.hpp"
#include "yaml/yaml.hpp"

namespace {

using logystera::JsonText;
using logystera::yaml::Node;

void put(JsonText& json, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: json.null(); break;
    case Node::Kind::boolean: json.boolean(node.boolean); break;
    case Node::Kind::integer: json.integer(node.integer); break;
    case Node::Kind::real: json.real(node.real); break;
    case Node::Kind::string: json.string(node.text); break;
    case Node::Kind::list:
      json.begin_array();
      for (const Node& item : node.items) put(json, item);
      json.end_array();
      break;
    case Node::Kind::map:
      json.begin_object();
      for (const Node::Entry& entry : node.entries) {
        json.key(entry.key);
        put(json, entry.value);
      }
      json.end_object();
      break;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return std::fputs("usage: contract INPUT OUTPUT JSON\n", stderr), 2;
  std::stringstream text;
  text << std::ifstream(arguments[1]).rdbuf();
  const auto documents = logystera::yaml::parse(text.str());
  if (!documents.ok() || documents.roots.size() != 1) {
    std::fprintf(stderr, "%s\n", logystera::yaml::describe(arguments[1], documents.problem).c_str());
    return 1;
  }
  JsonText json(JsonText::Reader::program);
  put(json, documents.roots.front());
  std::string all = json.take();
  // No compiler has to take a literal of more than 65,536 characters; joined ones it takes.
  constexpr std::size_t kPiece = 8000;
  std::ofstream out(arguments[2]);
  out << "// Made of web/openapi.yaml by web/contract.cpp.\n#include \"api/contract.hpp\"\n\nnamespace logystera::api {\n\n"
         "std::string_view contract() noexcept {\n  static constexpr char kText[] =\n";
  for (std::size_t at = 0; at < all.size(); at += kPiece) out << "R\"~api~(" << all.substr(at, kPiece) << ")~api~\"\n";
  out << ";\n  return {kText, sizeof kText - 1};\n}\n\n}  // namespace logystera::api\n";
  return out.flush() && std::ofstream(arguments[3]).write(all.data(), static_cast<std::streamsize>(all.size())).flush() ? 0
                                                                                                                        : 1;
}
