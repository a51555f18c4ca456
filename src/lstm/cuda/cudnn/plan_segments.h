// How parameters go from the layout of lstm/parameters.h to a library's own buffer of weights, and gradients
// back.
#pragma once

#include <functional>
#include <vector>

#include "cuda/kernels/parameters.h"
#include "lstm/parameters.h"

namespace lstm::cuda {

// Where the library keeps one gate's part of a matrix and of a bias, in elements from the start of its
// buffer.
struct GateLocation {
  std::int64_t matrix = 0;  // (H, in) or (H, H), row-major
  std::int64_t bias = 0;    // (H)
};

// cuDNN's numbers: pseudo-layer = layer * directions + direction; linear layer 0..3 are the parts i, f, g, o
// of W and b_W, 4..7 those of R and b_R.
using Locate = std::function<GateLocation(int pseudo_layer, int linear_layer)>;

// Of every matrix and bias of the LSTM layers: from the layout to the library's buffer. Segments that follow
// each other in both are one.
std::vector<Segment> plan_segments(const Network& network, const ParameterLayout& layout,
                                   const Locate& locate);

// From where they lead, to where they came from.
std::vector<Segment> reversed(const std::vector<Segment>& segments);

}  // namespace lstm::cuda
