// The pointwise part of one LSTM step of one unit and sample, forward and backward.
//
//   i, f, o = sigmoid(sums)   g = tanh(sum)   c = f c_before + i g   h = o tanh(c)
#pragma once

#include <cmath>

#include "cuda/math/host_device.h"

namespace lstm::cuda {

LSTM_HOST_DEVICE inline float sigmoid(float x) {
  return 1.0f / (1.0f + expf(-x));
}

struct Gates {
  float i, f, g, o;
};

// The sums in front of the activations -> the gates.
LSTM_HOST_DEVICE inline Gates activate(const Gates& sums) {
  return {sigmoid(sums.i), sigmoid(sums.f), tanhf(sums.g), sigmoid(sums.o)};
}

struct CellState {
  float c, h;
};

LSTM_HOST_DEVICE inline CellState next_state(const Gates& gates, float c_before) {
  const float c = gates.f * c_before + gates.i * gates.g;
  return {c, gates.o * tanhf(c)};
}

struct CellGradient {
  Gates d_sums;     // of the sums in front of the activations
  float dc_before;  // of the state of the step before
};

// dh is the gradient of h from everything that reads it; dc that of c from the step after.
LSTM_HOST_DEVICE inline CellGradient cell_gradient(const Gates& gates, float c, float c_before, float dh,
                                                   float dc) {
  const float tanh_c = tanhf(c);
  const float d = dc + dh * gates.o * (1.0f - tanh_c * tanh_c);
  return {{d * gates.g * gates.i * (1.0f - gates.i), d * c_before * gates.f * (1.0f - gates.f),
           d * gates.i * (1.0f - gates.g * gates.g), dh * tanh_c * gates.o * (1.0f - gates.o)},
          d * gates.f};
}

}  // namespace lstm::cuda
