// Engines allocate at construction and never in a training step. A program of its own: what counts
// allocations here would hide from the sanitizers of every other test whether memory is given back as it was
// taken.
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "cpu/memory.h"
#include "lstm/engines/random_problem.h"

namespace {

std::atomic<long> allocations{0};

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, size == 0 ? 1 : size) != 0) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Inlined into their callers, the ones below look to GCC as if they freed what another operator new gave.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

// Counts for the whole program; everything else is as the standard library has it.
void* operator new(std::size_t size) {
  return allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

// What the library's buffers come from: the linker's --wrap leads its calls here.
extern "C" {
void* __real_aligned_alloc(std::size_t alignment, std::size_t size);
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t size) {
  ++allocations;
  return __real_aligned_alloc(alignment, size);
}
void* __real_mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset);
void* __wrap_mmap(void* address, std::size_t size, int protection, int flags, int file, off_t offset) {
  ++allocations;
  return __real_mmap(address, size, protection, flags, file, offset);
}
}

namespace lstm {
namespace {

TEST(Allocation, OfOneVectorIsCounted) {
  const long before = allocations;
  const std::vector<int> vector(100);
  EXPECT_EQ(allocations - before, 1) << "of " << vector.size() << " elements";
}

TEST(Allocation, OfABufferIsCounted) {
  for (const std::size_t size : {std::size_t{100}, std::size_t{4} << 20}) {  // of the heap, and mapped
    const long before = allocations;
    const cpu::Memory memory(size);
    EXPECT_GE(allocations - before, 1) << "of " << memory.size() << " bytes";
  }
}

class TrainingStep : public ::testing::TestWithParam<testing::EngineAndDType> {};

INSTANTIATE_TEST_SUITE_P(Allocation, TrainingStep, ::testing::ValuesIn(testing::every_engine_and_dtype()),
                         [](const auto& parameter) { return parameter.param.text(); });

TEST_P(TrainingStep, NeverAllocates) {
  for (const Loss loss : {Loss::cross_entropy, Loss::ctc, Loss::custom}) {
    const Network network{
        .inputs = 9, .units = 70, .layers = 2, .directions = 2, .classes = 12, .loss = loss};
    const testing::RandomProblem problem(network, {40, 9, 3}, 3);
    Batch batch = problem.batch();
    const auto engine = testing::engine_for(
        problem, GetParam().engine, {.dtype = GetParam().dtype, .threads = 2, .input_gradients = true});
    std::vector<float> logits(logits_size(network, batch)), dx(batch.x.size());
    std::vector<float> h(states_size(network, batch)), c(h.size());
    batch.initial_h = h;
    batch.initial_c = c;
    const long before = allocations;
    for (int step = 0; step < 2; ++step) {
      engine->load(batch);
      engine->forward();
      engine->read_logits(logits);
      engine->read_final_states(h, c);
      engine->set_final_state_gradients(h, c);
      if (loss != Loss::custom) engine->loss();
      engine->set_logit_gradients(logits);
      engine->backward();
      engine->read_input_gradients(dx);
      engine->read_initial_state_gradients(h, c);
      engine->clip_gradients(1e-3);
      engine->update();
    }
    EXPECT_EQ(allocations - before, 0) << problem.text();
  }
}

}  // namespace
}  // namespace lstm
