# Sourced: which files clang-format sets, and which version of it decides; versions disagree on details.

clang_format_version=14  # Debian 12's

# formatted_files: relative to the root; generated headers are as their generator writes them.
formatted_files() {
  local file
  git -C "$root" ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' | grep -E '^(src|tests|bench)/' |
    grep -vE '^src/core/catalogue_table\.hpp$' | while read -r file; do [ ! -f "$root/$file" ] || echo "$file"; done
}

check_clang_format_version() {
  local version
  version=$(clang-format --version | grep -oE '[0-9]+\.[0-9]+' | head -1)
  [ "${version%.*}" = "$clang_format_version" ] && return 0
  clang_format_refusal="clang-format $version is here, $clang_format_version decides"
  return 1
}
