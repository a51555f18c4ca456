// Memory for SQLite: blocks of powers of two that are used again. AddressSanitizer's own took most of the
// time of small statements; what is free, and what lies between blocks, it watches here as well.
#pragma once

#include <sanitizer/asan_interface.h>
#include <sqlite3.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace lstmbench {

class SqliteMemory {
 public:
  // Before SQLite is used at all. It is used by one thread.
  static void install() {
    static const sqlite3_mem_methods methods{allocate,     release,      reallocate,
                                             size_of,      rounded_size, [](void*) { return SQLITE_OK; },
                                             [](void*) {}, nullptr};
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK ||
        sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK)  // which no sanitizer sees into
      std::abort();
  }
  // What was not given back yet.
  static int blocks_in_use() { return in_use; }

 private:
  // Stands before each block, where nobody else may read or write.
  struct Header {
    Header* next = nullptr;  // of its size, where it is free
    int size = 0;
  };
  static_assert(sizeof(Header) == 16, "blocks are aligned to 16 bytes");
  static constexpr int smallest = 32, chunk = 1 << 20;

  static int rounded_size(int size) {
    return size <= smallest ? smallest : static_cast<int>(std::bit_ceil(static_cast<unsigned>(size)));
  }

  __attribute__((no_sanitize("address"))) static void* allocate(int size) {
    size = rounded_size(size);
    Header*& first = free_blocks[static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(size)))];
    Header* header = first;
    if (header)
      first = header->next;
    else
      header = new_block(size);
    header->size = size;
    ++in_use;
    __asan_unpoison_memory_region(header + 1, static_cast<std::size_t>(size));
    return header + 1;
  }

  static Header* new_block(int size) {
    const auto bytes = sizeof(Header) + static_cast<std::size_t>(size);
    if (bytes > left) {
      left = bytes > chunk ? bytes : chunk;
      chunks.push_back(std::make_unique<char[]>(left));
      rest = chunks.back().get();
      __asan_poison_memory_region(rest, left);
    }
    auto* header = reinterpret_cast<Header*>(rest);
    rest += bytes;
    left -= bytes;
    return header;
  }

  __attribute__((no_sanitize("address"))) static void release(void* block) {
    if (!block) return;
    Header* header = static_cast<Header*>(block) - 1;
    Header*& first =
        free_blocks[static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(header->size)))];
    header->next = first;
    first = header;
    --in_use;
    __asan_poison_memory_region(block, static_cast<std::size_t>(header->size));
  }

  static void* reallocate(void* block, int size) {
    if (block && size <= size_of(block)) return block;
    void* larger = allocate(size);
    if (block) std::memcpy(larger, block, static_cast<std::size_t>(size_of(block)));
    release(block);
    return larger;
  }

  __attribute__((no_sanitize("address"))) static int size_of(void* block) {
    return block ? (static_cast<Header*>(block) - 1)->size : 0;
  }

  static inline std::array<Header*, 32> free_blocks{};  // by the power of two
  static inline std::vector<std::unique_ptr<char[]>> chunks;
  static inline char* rest = nullptr;  // of the last chunk
  static inline std::size_t left = 0;
  static inline int in_use = 0;
};

}  // namespace lstmbench
