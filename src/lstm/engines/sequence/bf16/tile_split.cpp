#include "engines/sequence/bf16/tile_split.h"

#include <algorithm>

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::engines::bf16 {
namespace {

// Measured on Sapphire Rapids (docs/engine-design.md). A tile is 1 KB.
constexpr double kProduct = 16;        // a TDPBF16PS
constexpr double kTileFromL1 = 16;     // loading a tile, at 64 bytes a cycle
constexpr double kTileFromL2 = 24;     // at 42
constexpr double kTileFromL3 = 128;    // at 8
constexpr double kPointwise = 180;     // of a row and 32 units, forward and backward; not hidden by products
constexpr double kBarriers = 1600;     // two between threads
constexpr double kBarrierRisk = 1.08;  // as SplitCosts has it
constexpr std::size_t kL1Bytes = 24 << 10;  // what rows may take of the first-level cache

int divide_up(int a, int b) {
  return (a + b - 1) / b;
}

// A product of `rows` with panels of 32 columns, of K = 32 k_tiles: whatever is slower, the products or the
// loads of their tiles. Weights pass by once for each 32 rows.
double product_cycles(int rows, int panels, int k_tiles, double weights_tile, const TileCosts& costs) {
  double cycles = 0;
  for (int first = 0; first < rows; first += 32) {
    const int row_tiles = divide_up(std::min(rows - first, 32), 16);
    const std::size_t left_bytes = static_cast<std::size_t>(row_tiles) * static_cast<std::size_t>(k_tiles) *
                                   static_cast<std::size_t>(costs.parts) * 1024;
    const double left_tile = left_bytes <= kL1Bytes ? kTileFromL1 : kTileFromL2;
    const double products = 2 * row_tiles * (costs.parts == 1 ? 1 : 3) * kProduct;
    const double loads = costs.parts * (row_tiles * left_tile + 2 * weights_tile);
    cycles += panels * k_tiles * std::max(products, loads);
  }
  return cycles;
}

}  // namespace

double tile_step_cycles(const Network& network, int rows, int panels, const TileCosts& costs) {
  const int all_panels = divide_up(network.units, kernels::bf16::kPanelColumns);
  const auto weights_bytes = static_cast<double>(panels) * 4 * all_panels * 2048 * costs.parts;
  const double weights_tile = stays_in_l2(weights_bytes, costs.l2_bytes) ? kTileFromL2 : kTileFromL3;
  return product_cycles(rows, 4 * panels, all_panels, weights_tile, costs) +
         product_cycles(rows, panels, 4 * all_panels, weights_tile, costs) + kPointwise * rows * panels;
}

RecurrenceSplit choose_tile_split(const Network& network, const BatchShape& shape, int threads, Split wanted,
                                  const TileCosts& costs) {
  return cheapest_split(network, shape, threads, wanted,
                        divide_up(network.units, kernels::bf16::kPanelColumns),
                        [&](int rows, int panels, int unit_parts) {
                          const double task = tile_step_cycles(network, rows, panels, costs);
                          return unit_parts == 1 ? task : (task + kBarriers) * kBarrierRisk;
                        });
}

}  // namespace lstm::engines::bf16
