#include <immintrin.h>

#include <cstdint>

#include "cpu/peak/loops.h"

namespace lstm::cpu {
namespace {

// Intel SDM volume 1, 18.2: palette 1, every tile 16 rows of 64 bytes.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

}  // namespace

// Four tiles of sums hide the latency (52 cycles) behind the throughput (16 cycles) of one product.
void bf16_flops_amx(long iterations) noexcept {
  const TileConfiguration configuration;
  alignas(64) std::uint16_t ones[16 * 32], signs[16 * 32];  // bf16: the products add up to 0
  for (int i = 0; i < 16 * 32; ++i) {
    ones[i] = 0x3f80;
    signs[i] = i % 2 == 0 ? 0x3f80 : 0xbf80;
  }
  // GCC 12's tile intrinsics do not tell the compiler what memory they read: without this it drops the
  // stores.
  __asm__ volatile("" : : "r"(&configuration), "r"(ones), "r"(signs) : "memory");
  _tile_loadconfig(&configuration);
  _tile_loadd(4, ones, 64);
  _tile_loadd(5, ones, 64);
  _tile_loadd(6, signs, 64);
  _tile_loadd(7, signs, 64);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  for (long i = 0; i < iterations; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

}  // namespace lstm::cpu
