// AddressSanitizer's defaults are made for programs that run long. Where memory was allocated is asked only
// of a finding, which ASAN_OPTIONS=malloc_context_size=30 repeats; what an execution frees stays unused for
// several executions, and in the cache.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64";
}
