#include "cpu/memory.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "cpu/available_memory.h"

namespace lstm::cpu {
namespace {

constexpr std::size_t kPage = 4096, kHugePage = std::size_t{2} << 20, kAlignment = 64;

std::size_t round_up(std::size_t bytes, std::size_t unit) {
  return (bytes + unit - 1) / unit * unit;
}

bool is_mapped(std::size_t bytes) {
  return bytes >= kHugePage;
}

// Whole huge pages straight from the system, every page touched now rather than in the first step.
std::byte* map(std::size_t bytes) {
  const std::size_t size = round_up(bytes, kHugePage);
  void* block = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) throw std::bad_alloc();
  auto* const start = static_cast<std::byte*>(block);
  const std::size_t before =
      round_up(reinterpret_cast<std::uintptr_t>(start), kHugePage) - reinterpret_cast<std::uintptr_t>(start);
  if (before > 0) munmap(start, before);
  munmap(start + before + size, kHugePage - before);
  std::byte* const data = start + before;
  madvise(data, size, MADV_HUGEPAGE);  // a wish: small pages work, too
  for (std::size_t page = 0; page < size; page += kPage) data[page] = std::byte{0};
  return data;
}

std::byte* allocate(std::size_t bytes) {
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) throw std::bad_alloc();
  // Linux promises more memory than there is and kills whoever uses it: refuse here, where it can be
  // reported.
  if (is_mapped(bytes)) {
    if (bytes > available_memory()) throw std::bad_alloc();
    return map(bytes);
  }
  void* const block = std::aligned_alloc(kAlignment, round_up(bytes, kAlignment));
  if (block == nullptr) throw std::bad_alloc();
  std::memset(block, 0, bytes);
  return static_cast<std::byte*>(block);
}

void release(std::byte* data, std::size_t bytes) {
  if (data == nullptr) return;
  if (is_mapped(bytes)) {
    munmap(data, round_up(bytes, kHugePage));
  } else {
    std::free(data);
  }
}

}  // namespace

Memory::Memory(std::size_t bytes) : data_(bytes == 0 ? nullptr : allocate(bytes)), size_(bytes) {}

Memory::~Memory() {
  release(data_, size_);
}

Memory::Memory(Memory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Memory& Memory::operator=(Memory&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

}  // namespace lstm::cpu
