// How much of A and B the blocked products pack at once.
#pragma once

namespace lstm::kernels {

// Floats: A 168 x 320 (215 KB) and B 320 x 512 (655 KB) share an L2 of 1 MB. Multiples of the tiles of every
// variant: 6 and 14 rows, 16 and 32 columns.
inline constexpr long kBlockRows = 168, kBlockDepth = 320, kBlockColumns = 512;
// Floats that packing A may write beyond them: a vector.
inline constexpr long kOverrun = 16;

}  // namespace lstm::kernels
