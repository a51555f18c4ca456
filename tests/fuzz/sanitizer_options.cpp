// AddressSanitizer's defaults would take half of a short execution's time. Where memory was allocated is
// asked only of a finding, which ASAN_OPTIONS=malloc_context_size=30 repeats; freed memory still stays unused
// for many executions.
extern "C" const char* __asan_default_options() {
  return "malloc_context_size=1:quarantine_size_mb=1:thread_local_quarantine_size_kb=64";
}
