// A results file from elsewhere, or a damaged one: read, judged, or refused.
#include <cstdint>

#include "fuzz/scratch_file.h"
#include "store/results_file.h"
#include "verdict/judge_run.h"
#include "verdict/stored_medians.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const lstmbench::ScratchFile file;
  file.write(data, size);
  try {
    auto results = lstmbench::ResultsFile::open_for_reading(file.path());
    if (const auto latest = results.latest_run()) {
      const auto whole = lstmbench::whole_rounds(results.load_run(*latest));
      lstmbench::unfit_warnings(whole.run);
    }
  } catch (const lstmbench::StorageError&) {
  }
  return 0;
}
