// A software model of the tile registers of AMX, with the interface of tiles_amx.h: what the AMX kernel does
// with tiles runs everywhere on it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lstm::kernels {
namespace {

class Tiles {
 public:
  void configure(int rows) noexcept {
    const int upper = rows < 16 ? rows : 16, lower = rows > 16 ? rows - 16 : 16;
    const int all[8] = {upper, upper, lower, lower, upper, lower, 16, 16};
    for (int i = 0; i < 8; ++i) rows_[i] = all[i];
  }
  template <int kTile>
  void zero() noexcept {
    for (auto& row : tiles_[kTile].bytes) __builtin_memset(row, 0, 64);
  }
  template <int kTile>
  void load(const void* p, std::size_t row) noexcept {
    for (int r = 0; r < rows_[kTile]; ++r) {
      __builtin_memcpy(tiles_[kTile].bytes[r],
                       static_cast<const char*>(p) + static_cast<std::size_t>(r) * row, 64);
    }
  }
  template <int kTile>
  void load_passing(const void* p, std::size_t row) noexcept {
    load<kTile>(p, row);
  }
  template <int kTile>
  void store(void* p, std::size_t row) noexcept {
    for (int r = 0; r < rows_[kTile]; ++r) {
      __builtin_memcpy(static_cast<char*>(p) + static_cast<std::size_t>(r) * row, tiles_[kTile].bytes[r], 64);
    }
  }
  // Intel SDM volume 2, TDPBF16PS.
  template <int kC, int kA, int kB>
  void dot() noexcept {
    for (int m = 0; m < rows_[kC]; ++m) {
      std::uint16_t a[32];
      float c[16];
      __builtin_memcpy(a, tiles_[kA].bytes[m], 64);
      __builtin_memcpy(c, tiles_[kC].bytes[m], 64);
      for (int k = 0; k < rows_[kB]; ++k) {
        std::uint16_t b[32];
        __builtin_memcpy(b, tiles_[kB].bytes[k], 64);
        const float even = widened(a[2 * k]), odd = widened(a[2 * k + 1]);
        for (int n = 0; n < 16; ++n) {
          const std::uint32_t pair =
              static_cast<std::uint32_t>(b[2 * n]) | static_cast<std::uint32_t>(b[2 * n + 1]) << 16;
          c[n] += even * std::bit_cast<float>(pair << 16);
          c[n] += odd * std::bit_cast<float>(pair & 0xffff0000u);
        }
      }
      __builtin_memcpy(tiles_[kC].bytes[m], c, 64);
    }
  }

 private:
  struct Tile {
    alignas(64) unsigned char bytes[16][64];
  };
  Tile tiles_[8];
  int rows_[8] = {};
};

inline void memory_changed() noexcept {}

}  // namespace
}  // namespace lstm::kernels
