# Sourced: commands of the documentation, to be run as they stand there.
#
#   documented NAME              those of docs/install.md behind the comment "<!-- run: NAME -->"; a stage that runs them calls it with the
#                                name in single quotes, by which unrun_commands finds it
#   unrun_commands               names of docs/install.md that no stage runs, and blocks of commands without a name

documented() {
  local commands
  commands=$(awk -v mark="<!-- run: $1 -->" '$0 == mark { found = 1; next } found && $0 == "```" { exit } found && $0 !~ /^```/ { print }' "$root/docs/install.md")
  [ -n "$commands" ] || die "docs/install.md has no commands behind <!-- run: $1 -->"
  printf '%s\n' "$commands"
}

unrun_commands() {
  local name
  sed -n 's/^<!-- run: \(.*\) -->$/\1/p' "$root/docs/install.md" | while read -r name; do
    grep -qF "documented '$name'" "$root"/dev.d/test/*.sh || echo "$name"
  done
  awk '/^```sh/ && before !~ /^<!-- run: / { print "line " NR } { before = $0 }' "$root/docs/install.md"
}
