# The yaml room: libfyaml, for everything a person writes.
find_package(PkgConfig REQUIRED)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml)
logystera_room(yaml STANDARD 20 SMALL LINKS logystera_core PkgConfig::FYAML)
logystera_room_tests(yaml STANDARD 20)
