// What a report shows, worked out once from a stored run; terminal, Markdown, JSON and CSV only render it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "statistics/verdict.h"
#include "store/records.h"
#include "verdict/judge_run.h"

namespace lstmbench {

struct ReportSample {
  int round = 0;
  SampleRecord sample;
};

struct PhaseMedians {
  double input_ns = 0, forward_ns = 0, loss_ns = 0, backward_ns = 0, update_ns = 0;
};

struct ReportRow {
  Case a_case;
  std::string status;   // "OK", "UNCHECKED", "TIMEOUT", ...
  std::string message;  // why it is neither OK nor UNCHECKED
  std::string log;      // the end of what the worker wrote, where it is neither
  std::string repeat_command;
  std::optional<CheckRecord> check;

  // Of the timed steps; nothing where there are none. Headline: forward + loss + backward.
  std::optional<double> headline_median_ns, headline_mad_ns;
  std::optional<double> total_mean_ns, total_deviation_ns;  // whole steps: what the original reported
  std::optional<PhaseMedians> phases;
  std::optional<double> gflops;         // useful operations of the headline
  std::optional<double> peak_percent;   // of the peak of the dtype, measured in the same run
  std::optional<PairedRatio> relative;  // time over the time of the workload's reference row
  std::optional<Verdict> verdict;       // on that; nothing for the reference itself
  bool is_reference = false;            // of its workload: the baseline, or the fastest
  bool is_cold = false;                 // some round measured its first step, without warm-up
  int rounds = 0;                       // that have timed steps

  std::optional<std::int64_t> workspace_bytes, peak_rss_bytes, device_peak_bytes;
  std::vector<std::string> device_states;  // by round: a GPU's clocks, power and what held it back
  std::string description;                 // what the worker said when it prepared
  RoundMedians round_medians;              // of the headline, in nanoseconds
  std::vector<ReportSample> samples;       // in the order of round and step, warm-up included

  bool is_ranked() const { return status == "OK" || status == "UNCHECKED" || status == "PUBLISHED"; }
};

// Cases that are compared with one another: of one workload, dtype, device and number of threads.
struct ReportTable {
  Workload workload;
  std::string dtype;
  std::string device;
  int threads = 1;
  std::optional<double> peak_gflops;  // of the dtype, median over the run
  std::vector<ReportRow> rows;        // ranked ones first, fastest first
  int rounds_for_verdicts = 0;  // least_rounds_for_verdicts() of its comparisons; 0: nothing is compared

  // Of its ranked rows: a budget may have sufficed for the cheap ones only.
  int most_rounds() const;
};

struct Report {
  RunRecord run;
  MachineFacts machine;
  std::vector<LibraryRecord> libraries;
  int rounds = 0;                                     // that were measured
  std::optional<double> load_average, steal_percent;  // the largest, and the share over all rounds
  HarnessTime harness;                                // of all sittings; 0: not known
  std::vector<ControlJudgement> controls;             // of each null control that was measured
  std::vector<std::string> unfit;                     // what they say against the machine, a sentence each
  std::vector<std::string> failed_controls;           // those that did not end OK, likewise
  std::vector<std::string> too_few_rounds;            // for verdicts, likewise
  std::vector<ReportTable> tables;
  std::vector<std::string> footnotes;  // without marks; what the reader must know
  bool shows_whole_steps =
      false;  // --protocol seed or published: mean of whole steps instead of the headline's median
  bool is_published = false;  // imported: not measured here, nothing checked, phases unknown
  int ok = 0, unchecked = 0 /* or published */, not_ok = 0;  // rows
};

Report build_report(StoredRun stored);

// Each null control EQUIVALENT, and there is one: the machine is known to be fit.
bool is_known_fit(const Report& report);

// "4 layers x 320 units, bidirectional, CTC, 32x1000x123, lengths 500..1000"
std::string describe(const Workload& workload);
// "fp32, 2 threads"; "fp32, cuda"
std::string describe_conditions(const ReportTable& table);

}  // namespace lstmbench
