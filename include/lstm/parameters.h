// Where each parameter tensor lies in the one contiguous buffer that holds them all.
//
// Order: for each layer, for each direction: W (4H, in), R (4H, H), b_W (4H), b_R (4H); then head (V, D*H).
// Rows of W, R, b_W, b_R are the gates i, f, g, o, H rows each (PyTorch's weight_ih, weight_hh, bias_ih,
// bias_hh). All matrices are row-major. Gradients use the same layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lstm/network.h"

namespace lstm {

struct ParameterTensor {
  std::string name;    // "layer0.forward.W", "layer0.reverse.b_R", ..., "head"
  std::size_t offset;  // in elements, from the start of the buffer
  int rows;
  int columns;  // 1 for a bias

  std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns); }
};

class ParameterLayout {
 public:
  explicit ParameterLayout(const Network& network);

  std::span<const ParameterTensor> tensors() const { return tensors_; }
  std::size_t size() const { return size_; }  // elements in all

  const ParameterTensor& W(int layer, int direction) const;
  const ParameterTensor& R(int layer, int direction) const;
  const ParameterTensor& b_W(int layer, int direction) const;
  const ParameterTensor& b_R(int layer, int direction) const;
  const ParameterTensor& head() const { return tensors_.back(); }

 private:
  std::vector<ParameterTensor> tensors_;
  std::size_t size_ = 0;
  int directions_ = 1;
};

// Fills every parameter uniformly from (-1/sqrt(H), 1/sqrt(H)).
void initialise(const Network& network, std::uint64_t seed, std::span<float> parameters);

}  // namespace lstm
