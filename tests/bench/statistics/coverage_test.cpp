// Do the intervals hold what they promise on a machine like the shared ones: clocks that drift, other
// programs that come and go, noise that remembers?
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <vector>

#include "statistics/balanced_order.h"
#include "statistics/precision.h"
#include "statistics/summary.h"
#include "statistics/verdict.h"

namespace lstmbench {
namespace {

struct Machine {
  double drift = 0;           // change of speed from one measurement to the next, steadily
  double walk = 0;            // the same at random
  double burst_chance = 0;    // that other programs start during a measurement ...
  double burst_slowdown = 0;  // ... which slow by up to so much, ...
  double burst_length = 1;    // ... for so many measurements on average
  double memory = 0;          // of the noise: correlation from one step to the next
  double noise = 0.01;        // of a step
};

// A machine as it goes on in time; each measurement is the median of a few steps.
class Simulation {
 public:
  Simulation(const Machine& machine, unsigned seed) : machine_(machine), generator_(seed) {}

  double measure(double time) {
    std::uniform_real_distribution<double> uniform(0, 1);
    std::normal_distribution<double> normal;
    speed_ += machine_.drift + machine_.walk * normal(generator_);
    std::vector<double> steps;
    for (int i = 0; i < 9; ++i) {
      if (uniform(generator_) < machine_.burst_chance / 9)
        burst_ = machine_.burst_slowdown * uniform(generator_);
      else if (uniform(generator_) < 1 / (9 * machine_.burst_length))
        burst_ = 0;
      noise_ = machine_.memory * noise_ +
               machine_.noise * std::sqrt(1 - machine_.memory * machine_.memory) * normal(generator_);
      steps.push_back(time * std::exp(speed_ + noise_) * (1 + burst_));
    }
    return median(steps);
  }

 private:
  Machine machine_;
  std::mt19937 generator_;
  double speed_ = 0, burst_ = 0, noise_ = 0;
};

struct Tally {
  double covered = 0, alarms = 0;
};

int experiments() {
  const char* asked = std::getenv("LSTM_TEST_EXPERIMENTS");
  return asked ? std::atoi(asked) : 1000;
}

// Share of experiments whose interval holds the true ratio, and of those that call a difference where the
// ratio is 1. Rounds as the harness makes them: four cases in balanced order, the last two compared.
// precision: the rule that ends a run; 0: always `rounds`.
Tally tally(const Machine& machine, double true_ratio, int rounds, double precision) {
  Tally result;
  for (int e = 0; e < experiments(); ++e) {
    Simulation simulation(machine, static_cast<unsigned>(e + 1));
    std::vector<double> ratios;
    for (int round = 1; round <= rounds; ++round) {
      double a_case = 0, baseline = 0;
      for (const std::size_t which : balanced_order(4, round)) {
        const double time = simulation.measure(which == 2 ? true_ratio : 1);
        if (which == 2) a_case = time;
        if (which == 3) baseline = time;
      }
      ratios.push_back(a_case / baseline);
      if (precision > 0 && is_precise(ratios, precision)) break;
    }
    const auto judgement = judge(std::vector<std::vector<double>>{ratios})[0];
    const auto& interval = *judgement->relative.interval;
    result.covered += interval.low <= true_ratio && true_ratio <= interval.high;
    result.alarms += is_unfit(*judgement);
  }
  result.covered /= experiments();
  result.alarms /= experiments();
  return result;
}

const std::vector<std::pair<const char*, Machine>> machines{
    {"quiet", {}},
    {"drift", {.drift = 0.002}},
    {"random walk", {.walk = 0.02}},
    {"bursts", {.burst_chance = 0.2, .burst_slowdown = 0.8, .burst_length = 2}},
    {"long bursts", {.burst_chance = 0.05, .burst_slowdown = 0.8, .burst_length = 12}},
    {"noise with memory", {.memory = 0.95, .noise = 0.05}},
    {"everything",
     {.drift = 0.001,
      .walk = 0.01,
      .burst_chance = 0.1,
      .burst_slowdown = 0.8,
      .burst_length = 4,
      .memory = 0.8,
      .noise = 0.03}},
};

TEST(Coverage, TheIntervalHoldsTheTruthInAtLeast93Percent) {
  for (const auto& [name, machine] : machines)
    for (const int rounds : {6, 12, 25}) {
      const Tally result = tally(machine, 1.07, rounds, 0);
      EXPECT_GE(result.covered, 0.93) << name << ", " << rounds << " rounds";
      RecordProperty(std::string(name) + " " + std::to_string(rounds), std::to_string(result.covered));
    }
}

TEST(Coverage, StoppingWhereTheIntervalIsNarrowKeepsIt) {
  for (const auto& [name, machine] : machines) {
    const Tally result = tally(machine, 1.07, 40, 0.02);
    EXPECT_GE(result.covered, 0.93) << name;
    RecordProperty(name, std::to_string(result.covered));
  }
}

TEST(Coverage, IdenticalProgramsDifferInAtMost5Percent) {
  for (const auto& [name, machine] : machines)
    for (const double precision : {0.0, 0.02}) {
      const Tally result = tally(machine, 1, precision == 0 ? 12 : 40, precision);
      EXPECT_LE(result.alarms, 0.05) << name << ", precision " << precision;
      RecordProperty(std::string(name) + (precision > 0 ? " stopped" : ""), std::to_string(result.alarms));
    }
}

// Identical programs, of which the fastest is the reference, as in a report: how often any of the others is
// called slower.
double alarms_of_a_table(const Machine& machine, std::size_t cases, int rounds) {
  double alarms = 0;
  for (int e = 0; e < experiments(); ++e) {
    Simulation simulation(machine, static_cast<unsigned>(e + 1));
    std::vector<std::vector<double>> times(cases);
    for (int round = 1; round <= rounds; ++round)
      for (const std::size_t which : balanced_order(cases, round))
        times[which].push_back(simulation.measure(1));
    const auto reference = *std::min_element(
        times.begin(), times.end(), [](const auto& a, const auto& b) { return median(a) < median(b); });
    std::vector<std::vector<double>> ratios;
    for (const auto& of_case : times) {
      if (of_case == reference) continue;
      auto& of_pair = ratios.emplace_back();
      for (std::size_t i = 0; i < of_case.size(); ++i) of_pair.push_back(of_case[i] / reference[i]);
    }
    const auto judgements =
        judge(ratios, default_margin, comparisons_of(static_cast<int>(cases), Reference::fastest));
    alarms += std::any_of(judgements.begin(), judgements.end(),
                          [](const auto& judgement) { return is_unfit(*judgement); });
  }
  return alarms / experiments();
}

TEST(Coverage, TheFastestOfManyIdenticalProgramsIsNoneToo) {
  for (const auto& [name, machine] : machines)
    for (const int rounds : {12, 40}) {
      const double alarms = alarms_of_a_table(machine, 10, rounds);
      EXPECT_LE(alarms, 0.05) << name << ", " << rounds << " rounds";
      RecordProperty(std::string(name) + " table " + std::to_string(rounds), std::to_string(alarms));
    }
}

}  // namespace
}  // namespace lstmbench
