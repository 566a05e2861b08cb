# The processor room: what follows from events that have been stored.
find_package(fmt REQUIRED)
logystera_room(processor STANDARD 20 LINKS logystera_core logystera_alert logystera_analysis logystera_detect logystera_metric
  logystera_parse logystera_plugin logystera_redact logystera_store fmt::fmt Threads::Threads)
logystera_small_where_it_grows(src/processor/anomalies.cpp src/processor/raise.cpp src/processor/self_watch.cpp src/processor/service.cpp)
logystera_small(src/processor/alerting.cpp src/processor/raise.cpp src/processor/self_test.cpp src/processor/self_watch.cpp)
logystera_room_tests(processor STANDARD 20 COST 80 LINKS PkgConfig::ICU)

# ./dev bench signals: what the detector of a gateway holds of many sites.
add_executable(detector_bench EXCLUDE_FROM_ALL bench/detector_bench.cpp)
set_target_properties(detector_bench PROPERTIES CXX_STANDARD 20)
target_include_directories(detector_bench PRIVATE tests)
target_link_libraries(detector_bench PRIVATE logystera_processor)
