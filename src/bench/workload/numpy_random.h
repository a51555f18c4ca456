// NumPy's legacy generator, bit for bit: numpy.random.RandomState(seed).
#pragma once

#include <cstdint>
#include <random>

namespace lstmbench {

class NumpyRandom {
 public:
  // RandomState(seed): MT19937 initialised by Knuth's recurrence, which is also std::mt19937's.
  explicit NumpyRandom(std::uint32_t seed) : engine_(seed) {}

  // random_sample(): [0, 1) with 53 random bits, two draws.
  double random_sample();
  // uniform(low, high).
  double uniform(double low, double high) { return low + (high - low) * random_sample(); }
  // randint(low, high): low..high-1 by masked rejection, one draw an attempt. Requires low < high and
  // high - low <= 2^32. A range of one value draws nothing.
  std::int64_t randint(std::int64_t low, std::int64_t high);

 private:
  std::mt19937 engine_;
};

}  // namespace lstmbench
