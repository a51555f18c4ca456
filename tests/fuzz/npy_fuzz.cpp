// A gradient that a worker wrote.
#include <cstdint>
#include <stdexcept>

#include "fuzz/scratch_file.h"
#include "workload/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lstmbench::ScratchFile file;
  file.write(data, size);
  try {
    const auto array = lstmbench::read_npy(file.path());
    std::size_t values = 1;
    for (const std::size_t extent : array.shape) values *= extent;
    if (values != array.values.size()) __builtin_trap();
  } catch (const std::runtime_error&) {
  }
  return 0;
}
