// Memory on the device and pinned memory on the host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lstm::cuda {

// One block on the device, not initialised, aligned to 256 bytes.
class DeviceMemory {
 public:
  DeviceMemory() = default;
  explicit DeviceMemory(std::size_t bytes);  // throws std::bad_alloc
  ~DeviceMemory();
  DeviceMemory(DeviceMemory&& other) noexcept;
  DeviceMemory& operator=(DeviceMemory&& other) noexcept;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Hands out parts of one DeviceMemory in two passes, as cpu::Arena does: plan(), allocate(), plan().
class DeviceArena {
 public:
  // `count` elements of T, aligned to 256 bytes; null in the first pass.
  template <class T>
  T* take(std::size_t count) {
    constexpr std::size_t kAlignment = 256;
    if (count > (std::size_t{1} << 62) / sizeof(T))
      count = (std::size_t{1} << 62) / sizeof(T);  // bad_alloc below
    const std::size_t start = offset_, bytes = (count * sizeof(T) + kAlignment - 1) / kAlignment * kAlignment;
    offset_ = bytes > SIZE_MAX - start ? SIZE_MAX : start + bytes;
    return memory_.data() == nullptr ? nullptr : reinterpret_cast<T*>(memory_.data() + start);
  }
  void allocate() {
    memory_ = DeviceMemory(offset_ == 0 ? 256 : offset_);
    offset_ = 0;
  }
  std::size_t bytes() const { return memory_.size(); }

 private:
  DeviceMemory memory_;
  std::size_t offset_ = 0;
};

// Pinned memory of the host: copies from and to it run beside the host.
class PinnedMemory {
 public:
  PinnedMemory() = default;
  explicit PinnedMemory(std::size_t bytes);  // zeroed; throws std::bad_alloc
  ~PinnedMemory();
  PinnedMemory(PinnedMemory&& other) noexcept;
  PinnedMemory& operator=(PinnedMemory&& other) noexcept;

  template <class T>
  std::span<T> as() const {
    return {reinterpret_cast<T*>(data_), size_ / sizeof(T)};
  }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace lstm::cuda
