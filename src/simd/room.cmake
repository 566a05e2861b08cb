# Highway's headers and the choice between what they were compiled to.
find_package(PkgConfig REQUIRED)
pkg_check_modules(HIGHWAY REQUIRED libhwy)
logystera_room(simd STANDARD 20 LINKS)
target_include_directories(logystera_simd SYSTEM PUBLIC ${HIGHWAY_INCLUDE_DIRS})
# The level without vector instructions looks bytes up in tables, as every search here does; the one Highway would take instead
# with GCC before 12.3 cannot. The compiler's fault it fears is in multiplications, of which there are none.
target_compile_definitions(logystera_simd PUBLIC HWY_BROKEN_EMU128=0)
