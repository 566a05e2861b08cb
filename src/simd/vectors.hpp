// Highway, for a file that is compiled once for every level of vector instructions: say HWY_TARGET_INCLUDE first. Included once
// a level, so without a guard.
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#if HWY_TARGET == HWY_SCALAR
// One lane has no table to look bytes up in: searches would find nothing, and say so to nobody.
#error "compiled without logystera_simd's definitions"
#endif
