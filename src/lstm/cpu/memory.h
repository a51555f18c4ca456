// Aligned memory for workspaces: 64-byte aligned, on huge pages where they help.
#pragma once

#include <cstddef>
#include <span>

namespace lstm::cpu {

// One block of memory, zeroed, aligned to 64 bytes (2 MiB where larger than that, with huge pages asked for).
class Memory {
 public:
  Memory() = default;
  explicit Memory(std::size_t bytes);  // throws std::bad_alloc
  ~Memory();
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Hands out parts of one Memory, in two passes: the first adds sizes up, the second gives pointers.
//   Arena arena; plan(arena); arena.allocate(); plan(arena);
class Arena {
 public:
  // `count` elements of T, 64-byte aligned; null in the first pass.
  template <class T>
  std::span<T> take(std::size_t count) {
    const std::size_t start = offset_;
    offset_ += (count * sizeof(T) + 63) / 64 * 64;
    if (memory_.data() == nullptr) return {};
    return {reinterpret_cast<T*>(memory_.data() + start), count};
  }
  // Ends the first pass; throws std::bad_alloc.
  void allocate() {
    memory_ = Memory(offset_ == 0 ? 64 : offset_);
    offset_ = 0;
  }
  std::size_t bytes() const { return memory_.size(); }

 private:
  Memory memory_;
  std::size_t offset_ = 0;
};

}  // namespace lstm::cpu
