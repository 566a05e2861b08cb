# Highway's headers and the choice between what they were compiled to.
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIGHWAY REQUIRED libhwy)
logystera_room(simd STANDARD 20 LINKS)
target_include_directories(logystera_simd SYSTEM PUBLIC ${HIGHWAY_INCLUDE_DIRS})
