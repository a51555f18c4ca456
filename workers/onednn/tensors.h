// Memory objects of oneDNN and the copies between their layouts.
#pragma once

#include <cstdint>
#include <dnnl.hpp>
#include <span>

namespace onednn {

// The engine and the stream that everything runs on, and how many bytes were allocated for it.
struct Device {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::int64_t allocated_bytes = 0;

  // Memory filled with zeros.
  dnnl::memory allocate(const dnnl::memory::desc& description);
};

// The values of fp32 memory of a plain layout.
std::span<float> values(const dnnl::memory& memory);

// A copy of a tensor in the layout and type that a primitive prefers; the tensor itself where that is the
// same. Described as wanted even so: to oneDNN layouts are equal that differ in the stride of a dimension of
// 1, and yet its LSTM goes by that stride.
class Reordered {
 public:
  Reordered() = default;
  // `plain` in the layout `wanted`: run() fills it.
  Reordered(Device& device, const dnnl::memory& plain, const dnnl::memory::desc& wanted);

  const dnnl::memory& memory() const { return target_; }
  void run(const dnnl::stream& stream);       // plain -> preferred
  void run_back(const dnnl::stream& stream);  // preferred -> plain

 private:
  bool is_copy_ = false;
  dnnl::memory plain_, target_;
  dnnl::reorder forward_, back_;
};

}  // namespace onednn
