#include "lstm/cuda/emulation/emulation.h"

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <memory>
#include <vector>

#undef threadIdx
#undef blockIdx
#undef blockDim
#undef gridDim

namespace lstm::testing::emulation {
namespace {

constexpr std::size_t kStackBytes = 256 << 10;
constexpr unsigned kWarpSize = 32;

enum class State { ready, waits_for_warp, waits_for_block, ended };

// Kept from run to run: a new one costs more than what most threads do.
std::byte* stack(std::size_t fiber) {
  static std::vector<std::unique_ptr<std::byte[]>> stacks;
  while (stacks.size() <= fiber) stacks.emplace_back(new std::byte[kStackBytes]);
  return stacks[fiber].get();
}

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
};

struct Fiber {
  ucontext_t context{};
  Dim3 thread;
  State state = State::ready;
  std::vector<Copy> copies;                      // of no group yet
  std::deque<std::vector<Copy>> copies_to_come;  // groups, the oldest first
};

struct Block {
  ucontext_t scheduler{};
  std::vector<Fiber> fibers;
  std::vector<std::array<std::uint64_t, kWarpSize>> exchanged;  // by warp
  std::vector<std::byte> shared;
  Position position;
  std::size_t current = 0;
  const std::function<void()>* body = nullptr;
  std::exception_ptr problem;
};

Block* running = nullptr;

void run_fiber() {
  try {
    (*running->body)();
    const Fiber& fiber = running->fibers[running->current];
    if (!fiber.copies.empty() || !fiber.copies_to_come.empty())
      throw std::logic_error("a thread ends without having waited for its copies");
  } catch (...) {
    running->problem = std::current_exception();
  }
  running->fibers[running->current].state = State::ended;
  swapcontext(&running->fibers[running->current].context, &running->scheduler);
}

void leave(State state) {
  if (running->fibers.empty()) {
    throw std::logic_error(
        "threads wait for each other in a kernel that emulation/launch.h takes for one without");
  }
  Fiber& fiber = running->fibers[running->current];
  fiber.state = state;
  swapcontext(&fiber.context, &running->scheduler);
}

// Of fibers first..last-1, those that wait as `state` go on where all that have not ended do. Returns whether
// any did.
bool release(Block& block, std::size_t first, std::size_t last, State state) {
  bool any = false;
  for (std::size_t i = first; i < last; ++i) {
    if (block.fibers[i].state != state && block.fibers[i].state != State::ended) return false;
    any = any || block.fibers[i].state == state;
  }
  for (std::size_t i = first; i < last && any; ++i) {
    if (block.fibers[i].state == state) block.fibers[i].state = State::ready;
  }
  return any;
}

void run_ready_fibers(Block& block, Order order) {
  const std::size_t count = block.fibers.size();
  for (std::size_t i = 0; i < count && block.problem == nullptr; ++i) {
    block.current = order == Order::rising ? i : count - 1 - i;
    if (block.fibers[block.current].state != State::ready) continue;
    block.position.thread = block.fibers[block.current].thread;
    swapcontext(&block.scheduler, &block.fibers[block.current].context);
  }
}

void make_ready(Fiber& fiber, std::byte* its_stack) {
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = its_stack;
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  fiber.state = State::ready;
  fiber.copies.clear();
  fiber.copies_to_come.clear();
  makecontext(&fiber.context, run_fiber, 0);
}

void run_block(Block& block, Order order) {
  const std::size_t count = block.fibers.size();
  for (std::size_t i = 0; i < count; ++i) make_ready(block.fibers[i], stack(i));
  for (;;) {
    run_ready_fibers(block, order);
    if (block.problem != nullptr) std::rethrow_exception(block.problem);
    bool goes_on = false;
    for (std::size_t first = 0; first < count; first += kWarpSize) {
      goes_on |= release(block, first, std::min(first + kWarpSize, count), State::waits_for_warp);
    }
    goes_on = goes_on || release(block, 0, count, State::waits_for_block);
    if (goes_on) continue;
    for (const Fiber& fiber : block.fibers) {
      if (fiber.state != State::ended)
        throw std::runtime_error("threads of a block wait for each other for ever");
    }
    return;
  }
}

}  // namespace

void run(Dim3 grid, Dim3 size, std::size_t shared_bytes, Order order, const std::function<void()>& body) {
  Block block;
  block.fibers = std::vector<Fiber>(size.x * size.y * size.z);
  block.exchanged.resize((block.fibers.size() + kWarpSize - 1) / kWarpSize);
  block.shared.resize(shared_bytes + alignof(std::max_align_t));
  block.body = &body;
  block.position.block_size = size;
  block.position.grid_size = grid;
  for (std::size_t i = 0; i < block.fibers.size(); ++i) {
    const auto n = static_cast<unsigned>(i);
    block.fibers[i].thread = {n % size.x, n / size.x % size.y, n / size.x / size.y};
  }
  running = &block;
  for (unsigned z = 0; z < grid.z; ++z) {
    for (unsigned y = 0; y < grid.y; ++y) {
      for (unsigned x = 0; x < grid.x; ++x) {
        block.position.block = {x, y, z};
        run_block(block, order);
      }
    }
  }
  running = nullptr;
}

void run_independent(Dim3 grid, Dim3 size, const std::function<void()>& body) {
  Block block;
  block.position.block_size = size;
  block.position.grid_size = grid;
  running = &block;
  Dim3 &at = block.position.block, &thread = block.position.thread;
  for (at.z = 0; at.z < grid.z; ++at.z) {
    for (at.y = 0; at.y < grid.y; ++at.y) {
      for (at.x = 0; at.x < grid.x; ++at.x) {
        for (thread.z = 0; thread.z < size.z; ++thread.z) {
          for (thread.y = 0; thread.y < size.y; ++thread.y) {
            for (thread.x = 0; thread.x < size.x; ++thread.x) body();
          }
        }
      }
    }
  }
  running = nullptr;
}

const Position& position() {
  return running->position;
}
void wait_for_block() {
  leave(State::waits_for_block);
}
void wait_for_warp() {
  leave(State::waits_for_warp);
}
unsigned lane() {
  return static_cast<unsigned>(running->current) % kWarpSize;
}

void start_copy(void* to, const void* from, std::size_t bytes) {
  running->fibers.at(running->current).copies.push_back({to, from, bytes});
}
void commit_copies() {
  Fiber& fiber = running->fibers.at(running->current);
  fiber.copies_to_come.push_back(std::move(fiber.copies));
  fiber.copies.clear();
}
void wait_for_copies(std::size_t newest_groups) {
  auto& groups = running->fibers.at(running->current).copies_to_come;
  for (; groups.size() > newest_groups; groups.pop_front()) {
    for (const Copy& copy : groups.front()) std::memcpy(copy.to, copy.from, copy.bytes);
  }
}

std::uint64_t exchange(std::uint64_t bits, unsigned source) {
  std::array<std::uint64_t, kWarpSize>& slots = running->exchanged[running->current / kWarpSize];
  slots[lane()] = bits;
  wait_for_warp();
  const std::uint64_t result = slots[source % kWarpSize];
  wait_for_warp();  // before anybody gives the next value
  return result;
}

void* shared_memory() {
  void* start = running->shared.data();
  std::size_t space = running->shared.size();
  return std::align(alignof(std::max_align_t), 1, start, space);
}

}  // namespace lstm::testing::emulation
