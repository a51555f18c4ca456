#include <benchmark/benchmark.h>

#include <vector>

#include "deferred.h"

namespace lstm::microbench {
namespace {

std::vector<void (*)()>& deferred() {
  static std::vector<void (*)()> all;
  return all;
}

}  // namespace

bool defer(void (*register_benchmarks)()) {
  deferred().push_back(register_benchmarks);
  return true;
}

}  // namespace lstm::microbench

int main(int argument_count, char** arguments) {
  benchmark::Initialize(&argument_count, arguments);
  if (benchmark::ReportUnrecognizedArguments(argument_count, arguments)) return 1;
  for (void (*register_benchmarks)() : lstm::microbench::deferred()) register_benchmarks();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
