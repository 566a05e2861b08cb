# ./dev format: sets the C++ of src, tests and bench as .clang-format says (`./dev lint format` is the check).
source "$root/dev.d/clang-format.sh"

install_packages lint
check_clang_format_version || die "$clang_format_refusal"
formatted_files | (cd "$root" && xargs -r clang-format -i)
