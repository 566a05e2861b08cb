// One include for the tests, whichever Catch2 the distribution has: 2.13 (Debian 12) or 3.x (Debian 13).
#pragma once
#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_approx.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
namespace Catch {
namespace Matchers {
// Of texts, as 2.13 calls it.
inline auto Contains(const std::string& text) { return ContainsSubstring(text); }
}  // namespace Matchers
using Matchers::Contains;
}  // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
