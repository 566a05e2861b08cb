# The fleet room: which sources a person has declared in targets.yaml.
find_package(fmt REQUIRED)
logystera_room(fleet STANDARD 20 SMALL LINKS logystera_core logystera_parse logystera_yaml fmt::fmt)
logystera_room_tests(fleet STANDARD 20)
