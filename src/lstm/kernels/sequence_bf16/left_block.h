// The left operand of a block product.
#pragma once

#include "kernels/sequence_bf16/sequence_bf16.h"

namespace lstm::kernels {
namespace {

using bf16::Bf16;

// As in bf16::Product.
struct LeftBlock {
  const Bf16* start;
  std::size_t row, tile, step;
};

}  // namespace
}  // namespace lstm::kernels
