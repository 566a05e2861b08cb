# Sourced: commands of the documentation, to be run as they stand there.
#
#   documented NAME              those of docs/*.md behind the comment "<!-- run: NAME -->"; a stage that runs them calls this, or a
#                                function called `recipe`, with the name in single quotes, by which unrun_commands finds it
#   unrun_commands DOCUMENT...   names in docs/DOCUMENT.md that no stage runs, and blocks of commands without a name

documented() {
  local commands
  commands=$(awk -v mark="<!-- run: $1 -->" '$0 == mark { found = 1; next } found && $0 == "```" { exit } found && $0 !~ /^```/ { print }' "$root"/docs/*.md)
  [ -n "$commands" ] || die "docs has no commands behind <!-- run: $1 -->"
  printf '%s\n' "$commands"
}

unrun_commands() {
  local document name
  for document in "$@"; do
    sed -n 's/^<!-- run: \(.*\) -->$/\1/p' "$root/docs/$document.md" | while read -r name; do
      grep -qE "(documented|recipe) '$name'" "$root"/dev.d/test/*.sh || echo "$name"
    done
    awk -v document="$document" '/^```sh/ && before !~ /^<!-- run: / { print document ".md, line " NR } { before = $0 }' "$root/docs/$document.md"
  done
}
