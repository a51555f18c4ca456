// Reading the raw results of the original comparison: a line a step, in the order in which they ran.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "machine/machine.h"
#include "store/records.h"

namespace lstmbench {

// The steps of one implementation and version on one experiment, named as the file names them.
struct PublishedSeries {
  std::string bench, experiment, version;
  std::int64_t parameters = 0;
  std::vector<double> seconds;  // of whole steps
};

// Columns are found by their header; "name" and others may be missing or additional. Throws
// std::invalid_argument with file, line, what was got and what was expected.
std::vector<PublishedSeries> read_rnn_benchmarks(std::string_view text, const std::string& file);

// Such results as a run; cases and the round's entries have the same order.
struct PublishedRun {
  RunRecord run;
  MachineFacts machine;
  std::vector<LibraryRecord> libraries;
  std::vector<CaseRecord> cases;
  RoundRecord round;
};
constexpr int published_steps =
    400;  // the last ones of a series count, as in the original; those before are warm-up
// `machine` is what is known of where they were measured.
PublishedRun make_published_run(const std::vector<PublishedSeries>& series, const MachineFacts& machine);

// Whether a stored run is one of these: imported, not measured here.
bool is_published(const RunRecord& run);

// Where these are the raw results that the original published: the machine it names. Else empty.
MachineFacts machine_of_published_results(const std::vector<PublishedSeries>& series);

}  // namespace lstmbench
