// The eight tile registers of AMX. Only for files compiled for it.
//
// In assembly, for GCC 12's intrinsics take the number of a tile as text. The compiler does not know what
// memory they read and write: memory_changed() stands around each series of them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lstm::kernels {
namespace {

// Intel SDM volume 1, 18.2: palette 1. Tiles 0, 1 and 4 have the rows of a block's upper half, 2, 3 and 5
// those of its lower half; 6 and 7 are tiles of the right operand.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

class Tiles {
 public:
  ~Tiles() { __asm__ volatile("tilerelease"); }

  // For blocks of so many rows, 1..32.
  void configure(int rows) noexcept {
    if (rows == rows_) return;
    rows_ = rows;
    TileConfiguration configuration;
    const auto upper = static_cast<std::uint8_t>(rows < 16 ? rows : 16);
    const auto lower = static_cast<std::uint8_t>(rows > 16 ? rows - 16 : 16);
    configuration.rows[0] = configuration.rows[1] = configuration.rows[4] = upper;
    configuration.rows[2] = configuration.rows[3] = configuration.rows[5] = lower;
    __asm__ volatile("ldtilecfg %0" : : "m"(configuration));
  }
  template <int kTile>
  void zero() noexcept {
    __asm__ volatile("tilezero %%tmm%c0" : : "i"(kTile));
  }
  // Rows are `row` bytes apart.
  template <int kTile>
  void load(const void* p, std::size_t row) noexcept {
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(row), "i"(kTile));
  }
  // The same for what passes by once: it should not drive what stays out of the first-level cache.
  template <int kTile>
  void load_passing(const void* p, std::size_t row) noexcept {
    __asm__ volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(row), "i"(kTile));
  }
  template <int kTile>
  void store(void* p, std::size_t row) noexcept {
    __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(p), "r"(row), "i"(kTile));
  }
  // tile kC += tile kA * tile kB
  template <int kC, int kA, int kB>
  void dot() noexcept {
    __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB));
  }

 private:
  int rows_ = 0;
};

inline void memory_changed() noexcept {
  __asm__ volatile("" : : : "memory");
}

}  // namespace
}  // namespace lstm::kernels
