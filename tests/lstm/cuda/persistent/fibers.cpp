#include "lstm/cuda/persistent/fibers.h"

#include <ucontext.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#define LSTM_HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LSTM_HAS_TSAN 1
#endif
#endif
#ifdef LSTM_HAS_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#define LSTM_HAS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LSTM_HAS_ASAN 1
#endif
#endif
#ifdef LSTM_HAS_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

namespace lstm::cuda::persistent::emulation {
namespace {

constexpr std::size_t kStackBytes = 128 * 1024;

}  // namespace

struct Fibers::State {
  struct Fiber {
    ucontext_t context{};
    char* stack = nullptr;
    const std::uint64_t* counter = nullptr;
    std::uint64_t value = 0;
    bool is_done = false;
    void* tsan = nullptr;
    void* fake_stack = nullptr;

    bool can_run() const { return !is_done && (counter == nullptr || *counter > value); }
  };

  explicit State(std::uint64_t seed) : random(seed) {}

  ucontext_t scheduler{};
  void* scheduler_tsan = nullptr;
  void* scheduler_fake_stack = nullptr;
  const void* scheduler_stack = nullptr;
  std::size_t scheduler_stack_bytes = 0;
  std::vector<Fiber> fibers;
  std::vector<std::unique_ptr<char[]>> stacks;  // of all runs
  std::size_t current = 0;
  const std::function<void(int)>* body = nullptr;
  std::exception_ptr error;
  std::mt19937_64 random;

  void enter(std::size_t index) {
    current = index;
    Fiber& fiber = fibers[index];
#ifdef LSTM_HAS_TSAN
    __tsan_switch_to_fiber(fiber.tsan, 0);
#endif
#ifdef LSTM_HAS_ASAN
    __sanitizer_start_switch_fiber(&scheduler_fake_stack, fiber.stack, kStackBytes);
#endif
    swapcontext(&scheduler, &fiber.context);
#ifdef LSTM_HAS_ASAN
    __sanitizer_finish_switch_fiber(scheduler_fake_stack, nullptr, nullptr);
#endif
  }

  void leave(bool is_last) {
    Fiber& fiber = fibers[current];
#ifdef LSTM_HAS_TSAN
    __tsan_switch_to_fiber(scheduler_tsan, 0);
#endif
#ifdef LSTM_HAS_ASAN
    __sanitizer_start_switch_fiber(is_last ? nullptr : &fiber.fake_stack, scheduler_stack,
                                   scheduler_stack_bytes);
#endif
    static_cast<void>(is_last);
    swapcontext(&fiber.context, &scheduler);
    entered();
  }

  // The first thing that a fiber does each time it goes on.
  void entered() {
#ifdef LSTM_HAS_ASAN
    __sanitizer_finish_switch_fiber(fibers[current].fake_stack, &scheduler_stack, &scheduler_stack_bytes);
#endif
  }

  static void entry(unsigned int high, unsigned int low) {
    auto* state = reinterpret_cast<State*>((static_cast<std::uintptr_t>(high) << 32) | low);
    state->entered();
    try {
      (*state->body)(static_cast<int>(state->current));
    } catch (...) {
      if (!state->error) state->error = std::current_exception();
    }
    state->fibers[state->current].is_done = true;
    state->leave(true);
  }
};

Fibers::Fibers(std::uint64_t seed) : state_(std::make_unique<State>(seed)) {}
Fibers::~Fibers() = default;

std::mt19937_64& Fibers::random() {
  return state_->random;
}

void Fibers::run(int count, const std::function<void(int)>& body, const std::function<bool()>& idle) {
  State& s = *state_;
  s.body = &body;
  s.error = nullptr;
  s.fibers = std::vector<State::Fiber>(static_cast<std::size_t>(count));
#ifdef LSTM_HAS_TSAN
  s.scheduler_tsan = __tsan_get_current_fiber();
#endif
  const auto address = reinterpret_cast<std::uintptr_t>(&s);
  while (s.stacks.size() < s.fibers.size()) {
    s.stacks.push_back(std::make_unique_for_overwrite<char[]>(kStackBytes));
  }
  for (std::size_t i = 0; i < s.fibers.size(); ++i) {
    State::Fiber& fiber = s.fibers[i];
    fiber.stack = s.stacks[i].get();
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&State::entry), 2,
                static_cast<unsigned int>(address >> 32), static_cast<unsigned int>(address & 0xffffffffU));
#ifdef LSTM_HAS_TSAN
    fiber.tsan = __tsan_create_fiber(0);
#endif
  }

  std::vector<std::size_t> order(s.fibers.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (bool is_running = true; is_running && !s.error;) {
    std::shuffle(order.begin(), order.end(), s.random);
    bool has_run = false;
    is_running = false;
    for (const std::size_t index : order) {
      if (s.fibers[index].can_run()) {
        s.enter(index);
        has_run = true;
        if (s.error) break;
      }
      is_running |= !s.fibers[index].is_done;
    }
    if (!has_run && is_running && !idle()) {
      s.error = std::make_exception_ptr(std::runtime_error("deadlock: no thread can go on"));
    }
  }
#ifdef LSTM_HAS_TSAN
  for (State::Fiber& fiber : s.fibers) __tsan_destroy_fiber(fiber.tsan);
#endif
  s.fibers.clear();
  if (s.error) {
    s.stacks.clear();  // their frames were not left: AddressSanitizer would take new ones for them
    std::rethrow_exception(s.error);
  }
}

void Fibers::wait(const std::uint64_t& counter, std::uint64_t value) {
  State::Fiber& fiber = state_->fibers[state_->current];
  if (counter > value) return;
  fiber.counter = &counter;
  fiber.value = value;
  state_->leave(false);
  fiber.counter = nullptr;
}

}  // namespace lstm::cuda::persistent::emulation
