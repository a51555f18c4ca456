// Where the i-th element of a matrix lies.
#pragma once

#include "cuda/math/host_device.h"

namespace lstm::cuda {

struct Element {
  long long row;
  int column;
};

// A GPU divides 64-bit numbers by some hundred instructions, and hardly a matrix needs them.
LSTM_HOST_DEVICE inline Element element(long long i, int columns) {
  if (static_cast<unsigned long long>(i) >> 32 == 0) {
    const auto narrow = static_cast<unsigned>(i), width = static_cast<unsigned>(columns);
    return {narrow / width, static_cast<int>(narrow % width)};
  }
  return {i / columns, static_cast<int>(i % columns)};
}

}  // namespace lstm::cuda
