// Matrices as operands of products, in T (float, Bf16, Fp16); see plan_weights.h.
#pragma once

#include "cuda/math/numbers.h"
#include "cuda/runtime/memory.h"
#include "cuda/runtime/stream.h"
#include "cuda/training/device_parameters.h"
#include "cuda/training/plan_weights.h"

namespace lstm::cuda {

template <class T>
struct Matrix {
  const T* values = nullptr;
  int stride = 0;  // elements from one row to the next
};

template <class T>
class Weights {
 public:
  Weights(const Network& network, Operands operands, const DeviceParameters& parameters,
          const Stream& stream);  // throws std::bad_alloc

  // What is copied from the parameters in front of each forward; may be nothing.
  SegmentCopies<float, T> copies() const;

  Matrix<T> W(int layer, int direction) const {
    return matrix(plan_.W[index(layer, direction)]);
  }  // (4H, in)
  Matrix<T> R(int layer, int direction) const { return matrix(plan_.R[index(layer, direction)]); }  // (4H, H)
  Matrix<T> head() const { return matrix(plan_.head); }  // (V, D*H)

  std::size_t bytes() const { return arena_.bytes(); }

 private:
  std::size_t index(int layer, int direction) const {
    return static_cast<std::size_t>(layer * directions_ + direction);
  }
  Matrix<T> matrix(const PlannedMatrix& planned) const;

  int directions_;
  WeightPlan plan_;
  const DeviceParameters* parameters_;
  DeviceArena arena_;
  T* copies_ = nullptr;
  Segment* segments_ = nullptr;
};

}  // namespace lstm::cuda
