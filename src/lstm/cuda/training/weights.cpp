#include "cuda/training/weights.h"

#include <type_traits>

#include "cuda/runtime/check.h"
#include "cuda/training/segments.h"

namespace lstm::cuda {

template <class T>
Weights<T>::Weights(const Network& network, Operands operands, const DeviceParameters& parameters,
                    const Stream& stream)
    : directions_(network.directions),
      plan_(plan_weights(network, parameters.layout(), sizeof(T) == 2, operands)),
      parameters_(&parameters) {
  const auto plan = [this] {
    copies_ = arena_.take<T>(plan_.copied_size);
    segments_ = arena_.take<Segment>(plan_.copies.size());
  };
  plan();
  arena_.allocate();
  plan();
  check(cudaMemsetAsync(copies_, 0, arena_.bytes(), stream.get()), "clearing copies of weights");
  upload(stream, plan_.copies, segments_);
}

template <class T>
SegmentCopies<float, T> Weights<T>::copies() const {
  return {.segments = segments_,
          .count = static_cast<int>(plan_.copies.size()),
          .largest = largest_of(plan_.copies),
          .from = parameters_->on_device(),
          .to = copies_};
}

template <class T>
Matrix<T> Weights<T>::matrix(const PlannedMatrix& planned) const {
  if (planned.is_copied) return {copies_ + planned.offset, planned.stride};
  if constexpr (std::is_same_v<T, float>) {
    return {parameters_->on_device() + planned.offset, planned.stride};
  } else {
    return {};  // plan_weights copies every matrix of 16 bits
  }
}

template class Weights<float>;
template class Weights<Bf16>;
template class Weights<Fp16>;

}  // namespace lstm::cuda
