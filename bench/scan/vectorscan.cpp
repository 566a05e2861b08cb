// What the texts and expressions of the rules cost when nothing but a general matcher looks for them: bench_scan_vectorscan
// FILE. Every text and every regular expression the built-in rules look for in web requests, as one Vectorscan database, over
// each line of the file; no parsing, no fields, no redaction. A limit to compare with, on one core.
#include <hs/hs.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "detect/loader.hpp"
#include "detect/packs.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

constexpr std::size_t kBlockBytes = 256 * 1024;

[[noreturn]] void fail(const char* why) {
  std::fprintf(stderr, "bench_scan_vectorscan: %s\n", why);
  std::exit(2);
}

std::string escaped(const std::string& text) {
  std::string out;
  for (const unsigned char c : text) {
    char hex[5];
    std::snprintf(hex, sizeof hex, "\\x%02x", c);
    out += hex;
  }
  return out;
}

void collect(const Expression& expression, std::vector<std::string>& patterns, std::vector<unsigned>& flags) {
  for (const Expression& child : expression.children) collect(child, patterns, flags);
  if (expression.kind != Expression::Kind::test) return;
  const Test& test = *expression.test;
  if (test.kind == Test::Kind::regex) {
    patterns.push_back(test.regex);
    flags.push_back(HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY);
  }
  if (test.kind != Test::Kind::text) return;
  for (const PatternPiece& piece : test.pattern) {
    if (piece.kind != PatternPiece::Kind::text || piece.text.empty()) continue;
    patterns.push_back(escaped(piece.text));
    flags.push_back(HS_FLAG_CASELESS | HS_FLAG_SINGLEMATCH);
  }
}

bool of_web_requests(const Rule& rule) {
  for (const ScopeChoice& choice : rule.scope.choices)
    if (choice.kinds & 1u << static_cast<unsigned>(RecordKind::web_access)) return true;
  return rule.scope.everything();
}

int count(unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
  ++*static_cast<std::uint64_t*>(context);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) fail("usage: bench_scan_vectorscan FILE");
  Loader loader(built_in_options());
  add_built_in_packs(loader);
  const RuleSet rules = loader.finish();
  std::vector<std::string> patterns;
  std::vector<unsigned> flags;
  for (const Rule& rule : rules.rules)
    if (rule.when && of_web_requests(rule)) collect(*rule.when, patterns, flags);
  hs_database_t* database = nullptr;
  std::size_t left_out = 0;
  // What Vectorscan cannot take (a repetition too long) is left out, to its advantage.
  for (;;) {
    std::vector<const char*> pointers;
    std::vector<unsigned> ids;
    for (unsigned i = 0; i < patterns.size(); ++i) {
      pointers.push_back(patterns[i].c_str());
      ids.push_back(i);
    }
    hs_compile_error_t* error = nullptr;
    if (hs_compile_multi(pointers.data(), flags.data(), ids.data(), static_cast<unsigned>(pointers.size()), HS_MODE_BLOCK,
                         nullptr, &database, &error) == HS_SUCCESS)
      break;
    if (!error || error->expression < 0) fail(error ? error->message : "cannot compile");
    patterns.erase(patterns.begin() + error->expression);
    flags.erase(flags.begin() + error->expression);
    hs_free_compile_error(error);
    ++left_out;
  }
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) fail("no memory");
  std::FILE* const file = std::fopen(argv[1], "rb");
  if (!file) fail("the file cannot be opened");
  std::vector<char> block(kBlockBytes);
  std::uint64_t found = 0;
  std::size_t kept = 0;
  for (;;) {
    const std::size_t got = std::fread(block.data() + kept, 1, block.size() - kept, file);
    const std::size_t size = kept + got;
    if (size == 0) break;
    const auto* newline = static_cast<const char*>(memrchr(block.data(), '\n', size));
    const std::size_t whole = newline && got > 0 ? static_cast<std::size_t>(newline - block.data()) + 1 : size;
    for (std::size_t at = 0; at < whole;) {
      const auto* end = static_cast<const char*>(std::memchr(block.data() + at, '\n', whole - at));
      const std::size_t line = end ? static_cast<std::size_t>(end - block.data()) - at : whole - at;
      hs_scan(database, block.data() + at, static_cast<unsigned>(line), 0, scratch, count, &found);
      at += line + 1;
    }
    kept = size - whole;
    std::memmove(block.data(), block.data() + whole, kept);
  }
  std::fclose(file);
  hs_free_scratch(scratch);
  hs_free_database(database);
  std::printf("{\"patterns\":%zu,\"left_out\":%zu,\"matches\":%llu}\n", patterns.size(), left_out,
              static_cast<unsigned long long>(found));
}
