#include "tensors.h"

#include <cstring>

namespace onednn {

dnnl::memory Device::allocate(const dnnl::memory::desc& description) {
  dnnl::memory memory(description, engine);
  std::memset(memory.get_data_handle(), 0, description.get_size());
  allocated_bytes += static_cast<std::int64_t>(description.get_size());
  return memory;
}

std::span<float> values(const dnnl::memory& memory) {
  return {static_cast<float*>(memory.get_data_handle()), memory.get_desc().get_size() / sizeof(float)};
}

Reordered::Reordered(Device& device, const dnnl::memory& plain, const dnnl::memory::desc& wanted)
    : is_copy_(plain.get_desc() != wanted),
      plain_(plain),
      target_(is_copy_ ? device.allocate(wanted)
                       : dnnl::memory(wanted, device.engine, plain.get_data_handle())) {
  if (!is_copy_) return;
  forward_ = dnnl::reorder(plain_, target_);
  // Layouts packed for a product have no way back; nothing asks for it.
  if (wanted.get_format_kind() == dnnl::memory::format_kind::blocked) back_ = dnnl::reorder(target_, plain_);
}

void Reordered::run(const dnnl::stream& stream) {
  if (is_copy_) forward_.execute(stream, plain_, target_);
}

void Reordered::run_back(const dnnl::stream& stream) {
  if (is_copy_) back_.execute(stream, target_, plain_);
}

}  // namespace onednn
