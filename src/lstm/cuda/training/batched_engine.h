// What engines share that keep the gates of all time steps and multiply over all of them at once: everything
// of the LSTM layers but their recurrences.
#pragma once

#include <array>
#include <vector>

#include "cuda/kernels/parameters.h"
#include "cuda/training/device_engine.h"

namespace lstm::cuda {

template <class T>
class BatchedEngine : public DeviceEngine<T> {
 protected:
  // What forward keeps for backward, of one layer and direction.
  struct Kept {
    T* gates = nullptr;  // (N*T, 4H) i, f, g, o; backward turns them into their gradients
    float* c = nullptr;  // (N*T, H)
  };

  BatchedEngine(const char* engine, const Network& network, const BatchShape& shape,
                const EngineOptions& options, const AdamOptions& adam, Operands operands = Operands::all);

  const T* y() const final { return y_.back(); }
  float* dy() final { return dy_of(this->network().layers - 1); }
  std::size_t layer_bytes() const override { return arena_.bytes(); }

  int H() const { return this->network().units; }
  int gates() const { return 4 * this->network().units; }
  const T* input(int layer) const { return layer == 0 ? this->x() : y_[static_cast<std::size_t>(layer - 1)]; }
  // Of one direction, in rows of width().
  T* h_of(int layer, int direction) const { return y_[static_cast<std::size_t>(layer)] + direction * H(); }
  float* dy_of(int layer) const { return dy_[static_cast<std::size_t>(layer % 2)]; }
  const Kept& kept_at(int layer, int direction) const {
    return kept_[static_cast<std::size_t>(layer * this->network().directions + direction)];
  }
  // Sums of fp32 before the gates (N*T, 4H): in place of the gates, where those are fp32, too.
  float* sums_of(int layer, int direction) const;

  // W x of all rows to sums_of(), in the direction's lane.
  void input_products(int layer, int direction);
  // From gradients of the gates to those of W and R. What follows for the same direction comes after them:
  // they share memory by direction.
  void W_gradient(Lane& lane, int layer, int direction);
  void R_gradient(Lane& lane, int layer, int direction);
  // dy of the layer below, from both directions, in main().
  void input_gradients(int layer);

 private:
  struct Scratch {
    float* sums = nullptr;  // (N*T, 4H) where T is 16 bits wide
    T* h_before = nullptr;  // (N*T, H)
    // Where inputs are padded: the gradient of the first layer's W (4H, padded inputs), and its way from
    // there.
    float* d_first_W = nullptr;
    Segment* first_W_copy = nullptr;
  };

  void plan();
  void copy_plan_of_first_W();
  bool has_padded_inputs() const { return padded_inputs(this->network(), 0) != this->network().inputs; }
  // d_weights (4H, columns) of d_sums (rows, 4H) and what they multiply (rows, columns).
  void gradient_of(Lane& lane, int rows, const T* d_sums, const T* multiplied, int stride, int columns,
                   float* d_weights);

  DeviceArena arena_;
  std::vector<Kept> kept_;          // by layer and direction
  std::vector<T*> y_;               // by layer (N*T, D*H)
  std::array<float*, 2> dy_{};      // (N*T, D*H) of even and odd layers
  std::array<Scratch, 2> scratch_;  // by direction
};

}  // namespace lstm::cuda
