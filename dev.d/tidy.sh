# ./dev tidy [FILE...]: clang-tidy, as .clang-tidy says, over the sources of the rooms it holds (dev.d/clang-tidy.sh),
# with their headers, or over those named.
source "$root/dev.d/clang-tidy.sh"

install_packages build lint
check_clang_tidy_version || die "$clang_tidy_refusal"
[ $# -gt 0 ] || mapfile -t files < <(tidied_files .cpp)
[ $# -eq 0 ] || files=("$@")
say "clang-tidy over ${#files[@]} files"
tidy_files "${files[@]}" || die 'clang-tidy found something'
