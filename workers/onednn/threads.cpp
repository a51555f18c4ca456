#include "threads.h"

#include <dnnl.h>
#include <omp.h>
#include <unistd.h>

#include <cstdlib>

namespace onednn {

void restart_with_active_waiting(char** arguments) {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  setenv("OMP_WAIT_POLICY", "active", 1);
  // GNU OpenMP's spin count under this policy is 30e9: forever, as far as a step is concerned. On a machine
  // with another busy process threads would then spin out their time slices; a million turns are about a
  // millisecond.
  setenv("GOMP_SPINCOUNT", "1000000", 0);
  execv("/proc/self/exe", arguments);  // where that fails, it runs on as it is
}

void set_threads(int threads) {
  omp_set_num_threads(threads);
}

std::string threading_name() {
  switch (dnnl_version()->cpu_runtime) {
    case DNNL_RUNTIME_OMP:
      return "OpenMP";
    case DNNL_RUNTIME_TBB:
      return "TBB";
    case DNNL_RUNTIME_SYCL:
      return "SYCL";
    case DNNL_RUNTIME_SEQ:
      return "sequential";
    default:
      return "unknown";
  }
}

}  // namespace onednn
