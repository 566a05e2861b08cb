// What a program that takes batches does with memory it is done with.
#pragma once

namespace logystera::gateway {

/// Every batch needs the same half a megabyte for a moment: giving it back to the kernel in between costs more than to keep it. Of
/// the whole process; called once, at its start.
void keep_freed_memory() noexcept;

}  // namespace logystera::gateway
