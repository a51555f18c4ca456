// Many threads of one program counter each, run in turns on one thread of the machine, in an order drawn at
// random: what the emulation of a GPU's blocks runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>

namespace lstm::cuda::persistent::emulation {

class Fibers {
 public:
  explicit Fibers(std::uint64_t seed);
  ~Fibers();
  Fibers(const Fibers&) = delete;
  Fibers& operator=(const Fibers&) = delete;

  // Runs body(0), ..., body(count - 1) to their ends; calls `idle` each time that none of them can go on, and
  // ends with std::runtime_error("deadlock") where it returns false. What a body throws is thrown on.
  void run(int count, const std::function<void(int)>& body, const std::function<bool()>& idle);

  // Called by a body: lets others go on until counter > value.
  void wait(const std::uint64_t& counter, std::uint64_t value);

  std::mt19937_64& random();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lstm::cuda::persistent::emulation
