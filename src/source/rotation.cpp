#include "source/rotation.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <tuple>

#include "core/file_time.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kNumberDigitsMost = 5;  // ".1" to ".99999"; more digits are a date
constexpr std::size_t kDigitsMost = 20;       // "-20260518-1779098400": the most logrotate's dateformat makes
constexpr std::string_view kUnpacked[] = {".gz", ".zst"};
constexpr std::string_view kSetAside[] = {".old", ".bak", ".prev", ".save", ".orig", "~"};
constexpr std::string_view kUnpackable[] = {".bz2", ".xz", ".lz4", ".lzma", ".zip", ".Z"};

bool digit(char c) { return c >= '0' && c <= '9'; }

// ".1", ".2026-05-18", "-20260518"; the size of such an ending, or 0.
std::size_t rotation_ending(std::string_view name) {
  std::size_t at = name.size(), digits = 0;
  while (at > 0) {
    const char c = name[at - 1];
    if (!digit(c) && !((c == '-' || c == '_') && digits > 0)) break;
    digits += digit(c);
    --at;
  }
  // A date is written 2026-05-18 after a dot, and a dash belongs to it; "-20260518" begins with the dash itself.
  if (digits == 0 || digits > kDigitsMost) return 0;
  if (at > 0 && name[at - 1] == '.') return at > 1 ? name.size() - at + 1 : 0;
  return at > 0 && at < name.size() && name[at] == '-' ? name.size() - at : 0;
}

// The digits of a rotation's ending, all of it: "20260518" of "-2026-05-18". Empty: it is none.
std::string ending_digits(std::string_view ending) {
  if (ending.size() < 2 || (ending[0] != '.' && ending[0] != '-')) return {};
  std::string digits;
  for (char c : ending.substr(1)) {
    if (digit(c)) digits += c;
    else if (c != '-' && c != '_') return {};
  }
  return digits.size() <= kDigitsMost ? digits : std::string();
}

// What the names of a log and of all its parts begin with.
std::size_t stem_size(std::string_view base) {
  const std::size_t dot = base.rfind('.');
  return dot == std::string_view::npos || dot == 0 ? base.size() : dot;
}

// The digits that tell which part of the log called `base` the file called `name` is.
std::string part_of(std::string_view base, std::string_view name) {
  name = without_packing(name);
  if (name.size() <= base.size()) return {};
  if (name.substr(0, base.size()) == base) return ending_digits(name.substr(base.size()));
  // Between stem and extension a short number behind a dash is a name ("app-2.log") and no rotation.
  const std::size_t dot = stem_size(base);
  if (dot == base.size()) return {};
  const std::string_view stem = base.substr(0, dot), extension = base.substr(dot);
  if (name.substr(0, stem.size()) != stem || !name.ends_with(extension)) return {};
  const std::string_view middle = name.substr(stem.size(), name.size() - stem.size() - extension.size());
  std::string digits = ending_digits(middle);
  if (!middle.empty() && middle[0] == '-' && digits.size() <= kNumberDigitsMost) return {};
  return digits;
}

struct Part {
  FilePath file;
  bool dated = false;
  std::string digits;
  std::int64_t written_ns = 0;
  bool packed = false;
};

std::size_t name_at(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? 0 : slash + 1;
}

Part part(FilePath file, std::string digits, std::int64_t written_ns) {
  const bool dated = digits.size() > kNumberDigitsMost;
  if (!dated) digits.insert(0, kNumberDigitsMost - digits.size(), '0');
  const bool packed = without_packing(file.path).size() != file.path.size();
  return {std::move(file), dated, std::move(digits), written_ns, packed};
}

// Oldest first.
void sort(std::vector<Part>& parts) {
  const bool dates = std::any_of(parts.begin(), parts.end(), [](const Part& part) { return part.dated; });
  const bool numbers = std::any_of(parts.begin(), parts.end(), [](const Part& part) { return !part.dated; });
  std::sort(parts.begin(), parts.end(), [&](const Part& a, const Part& b) {
    // Two schemes side by side, after one gave way to the other: only the files' own times say which is older.
    if (dates && numbers) return std::tie(a.written_ns, a.file.path) < std::tie(b.written_ns, b.file.path);
    if (a.digits != b.digits) return a.dated ? a.digits < b.digits : a.digits > b.digits;
    return std::tie(a.packed, a.file.path) < std::tie(b.packed, b.file.path);
  });
}

}  // namespace

std::string_view without_packing(std::string_view name) noexcept {
  const auto strip = [&](std::string_view ending) {
    if (name.size() <= ending.size() || !name.ends_with(ending)) return false;
    name.remove_suffix(ending.size());
    return true;
  };
  for (std::string_view ending : kUnpacked)
    if (strip(ending)) return name;
  for (std::string_view ending : kUnpackable)
    if (strip(ending)) return name;
  return name;
}

bool is_unpackable(std::string_view name) noexcept {
  return std::any_of(std::begin(kUnpackable), std::end(kUnpackable), [&](std::string_view e) { return name.ends_with(e); });
}

std::string rotation_base(const std::string& path) {
  const std::size_t at = name_at(path);
  const std::string_view name = without_packing(std::string_view(path).substr(at));
  const std::size_t ending = rotation_ending(name);
  if (ending == 0 || ending >= name.size()) return path;
  return path.substr(0, at) + std::string(name.substr(0, name.size() - ending));
}

std::string base_beside(const std::string& path) {
  const std::size_t at = name_at(path);
  const std::string_view name = without_packing(std::string_view(path).substr(at));
  for (std::string_view ending : kSetAside)
    if (name.size() > ending.size() && name.ends_with(ending))
      return path.substr(0, at) + std::string(name.substr(0, name.size() - ending.size()));
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return path;
  const std::size_t ending = rotation_ending(name.substr(0, dot));
  if (ending == 0 || ending >= dot) return path;
  const std::string base = std::string(name.substr(0, dot - ending)) + std::string(name.substr(dot));
  return part_of(base, name).empty() ? path : path.substr(0, at) + base;
}

void sort_parts(const std::string& path, std::vector<FilePath>& files) {
  const std::string base = path.substr(name_at(path));
  std::vector<Part> parts;
  std::vector<FilePath> others;
  for (FilePath& file : files) {
    std::string digits = part_of(base, std::string_view(file.path).substr(name_at(file.path)));
    struct stat status {};
    if (digits.empty() || ::stat(file.path.c_str(), &status) != 0) others.push_back(std::move(file));
    else parts.push_back(part(std::move(file), std::move(digits), written_ns(status)));
  }
  sort(parts);
  files.clear();
  for (Part& one : parts) files.push_back(std::move(one.file));
  std::stable_partition(others.begin(), others.end(), [&](const FilePath& other) { return other.path == path; });
  std::move(others.begin(), others.end(), std::back_inserter(files));
}

std::vector<FilePath> rotated_parts(const std::string& path, const std::vector<std::string>& directories,
                                    const WalkOptions& options, PassedOver& passed, bool unpackable) {
  const std::size_t at = name_at(path);
  const std::string base = path.substr(at);
  std::vector<std::string> places{path.substr(0, at)};
  places.insert(places.end(), directories.begin(), directories.end());
  std::vector<Part> parts;
  for (std::string place : places) {
    while (place.size() > 1 && place.back() == '/') place.pop_back();
    std::vector<FilePath> files;
    PassedOver met;
    // Every name is looked at, and only those that are parts of this log are spoken of.
    WalkOptions flat = options;
    flat.hidden = base.starts_with('.');
    flat.depth_most = 0;
    flat.files_most = flat.entries_most;
    flat.prefix = std::string_view(base).substr(0, stem_size(base));
    if (!walk_directory(place, flat, files, met)) continue;
    const auto digits_of = [&](const std::string& file) {
      return part_of(base, std::string_view(file).substr(name_at(file)));
    };
    for (const auto& [name, reason] : met.named)
      if (reason != Passed::too_deep && !digits_of(name).empty()) passed.add(name, reason);
    for (FilePath& file : files) {
      std::string digits = digits_of(file.path);
      if (digits.empty()) continue;
      if (is_unpackable(file.path) && !unpackable) {
        passed.add(std::move(file.path), Passed::unpackable);
        continue;
      }
      struct stat status {};
      if (::stat(file.path.c_str(), &status) != 0) continue;
      parts.push_back(part(std::move(file), std::move(digits), written_ns(status)));
    }
  }
  sort(parts);
  std::vector<FilePath> files;
  std::set<std::string> seen;
  for (Part& part : parts) {
    if (!seen.insert(std::string(without_packing(part.file.path))).second) {
      passed.add(std::move(part.file.path), Passed::same_file);
      continue;
    }
    files.push_back(std::move(part.file));
  }
  return files;
}

}  // namespace logystera::source
