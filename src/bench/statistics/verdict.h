// From the ratios of many rounds to a word that holds.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "statistics/paired_ratio.h"

namespace lstmbench {

enum class Verdict { faster, slower, equivalent, inconclusive };

// "FASTER", "SLOWER", "EQUIVALENT", "INCONCLUSIVE"
std::string to_string(Verdict verdict);

// A difference of less than this is no difference that matters.
constexpr double default_margin = 0.02;
constexpr double significance = 0.05;

struct Judgement {
  PairedRatio relative;   // with its own 95 % interval
  double adjusted_p = 1;  // of a ratio of 1, corrected for all comparisons made together
  Verdict verdict = Verdict::inconclusive;
};

// For each comparison its ratios (case over baseline), one a round; nothing for one without any. EQUIVALENT:
// the interval, made wider for the number of comparisons (Bonferroni), lies within 1 +- margin. Else FASTER
// or SLOWER where the sign test says so after Holm's correction. Else INCONCLUSIVE, as with fewer than 6
// rounds always.
std::vector<std::optional<Judgement>> judge(std::span<const std::vector<double>> comparisons,
                                            double margin = default_margin);

// What a null control, the same case against itself, says about the machine: a difference where there is
// none.
bool is_unfit(const Judgement& control);

}  // namespace lstmbench
