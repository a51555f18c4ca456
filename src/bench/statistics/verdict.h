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

// Where the reference is named beforehand, each other case is compared with it. Where it is the fastest, that
// was read off the times that are compared: any pair could have been the one, so all of them count.
enum class Reference { named, fastest };
// How many comparisons a table of so many cases makes.
int comparisons_of(int cases, Reference reference);
// The fewest rounds after which so many comparisons can end in something else than INCONCLUSIVE: the least p
// of n rounds is 2 / 2^n. 6 for one comparison, 11 for the 45 of ten cases.
int least_rounds_for_verdicts(int comparisons);

// For each comparison its ratios (case over reference), one a round; nothing for one without any. EQUIVALENT:
// the interval, made wider for the number of comparisons (Bonferroni), lies within 1 +- margin. Else FASTER
// or SLOWER where the sign test says so after Holm's correction. Else INCONCLUSIVE, as with fewer rounds than
// least_rounds_for_verdicts() always. made_together: comparisons_of(), where these are not all of them.
std::vector<std::optional<Judgement>> judge(std::span<const std::vector<double>> comparisons,
                                            double margin = default_margin, int made_together = 0);

// What a null control, the same case against itself, says about the machine: a difference where there is
// none.
bool is_unfit(const Judgement& control);

}  // namespace lstmbench
