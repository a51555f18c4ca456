#include "cuda/training/segments.h"

#include "cuda/runtime/check.h"

namespace lstm::cuda {

void upload(const Stream& stream, std::span<const Segment> segments, Segment* to) {
  check(cudaMemcpyAsync(to, segments.data(), segments.size_bytes(), cudaMemcpyHostToDevice, stream.get()),
        "copying a plan of copies to the device");
  stream.synchronise();
}

}  // namespace lstm::cuda
