// What a run is asked to do: every flag of `lstmbench run`, as values.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "store/records.h"
#include "workload/toml.h"

namespace lstmbench {

enum class Protocol {
  rounds,  // interleaved rounds of fresh processes; median of forward + loss + backward
  seed,    // --protocol original, the 2018 benchmark's: 500 steps, the first 100 dropped, mean and standard
           // deviation of the whole step
};

// Which cases run once more in each round, to show what the machine does to two measurements of the same.
enum class Controls {
  none,
  baseline,    // of each table the baseline, or the case that is expected to be the fastest
  every_case,  // calibrate
};

// At least so many rounds where --rounds does not say; six are the fewest that give a 95 % interval.
constexpr int least_default_rounds = 6;
constexpr int most_default_rounds = 40;
constexpr int most_rounds_of_a_budget = 100'000;  // where nothing but the budget is to end them

struct RunOptions {
  std::vector<std::string> workloads;        // names or globs; empty: the four of the original
  std::vector<std::string> implementations;  // names or globs; empty: `selections`
  std::vector<Selection> selections;         // of a configuration file; empty: the default selection
  std::vector<std::string> dtypes{"fp32"};   // empty: those of each implementation
  std::vector<int> threads;                  // at least one
  std::string device = "cpu";
  bool leaves_out_peers = false;  // only the native library

  std::optional<int>
      rounds;  // exactly so many for every case; nothing: until precise, as far as the budget allows
  std::optional<int> steps;   // timed steps of a case in a round; nothing: by the case's speed
  std::optional<int> warmup;  // steps before those; nothing: by the case's speed
  double budget_s = 600;      // no round begins that does not fit
  double precision = 0.02;    // rounds end where the ratios' intervals are +- this; 0: never
  int most_rounds = most_default_rounds;
  Controls controls = Controls::baseline;
  double time_limit_s = 60;  // of one step
  CheckMode check = CheckMode::slice;
  Protocol protocol = Protocol::rounds;
  std::string baseline;  // an implementation; empty: the fastest of each workload
};

constexpr int seed_steps = 500;
constexpr int seed_warmup = 100;

// A run's protocol as people know it: "original" for what results files call "seed".
std::string protocol_name(const std::string& stored);

// "90", "90s", "10m", "1h30m" in seconds; throws std::invalid_argument for anything else and for nothing at
// all.
double parse_duration(const std::string& text);
// "4.2 s", "3:05", "1:02:03": time for people.
std::string format_duration(double seconds);

}  // namespace lstmbench
