#include "engines/sequence/recurrence_shares.h"

namespace lstm::engines {
namespace {

// The share of their time that threads may have nothing to do, on average. On quiet cores it is a few
// hundredths.
constexpr double kMostIdle = 0.15;
// Training steps of the alternative before the wanted split is tried again: at first, and at most after
// failures.
constexpr int kFirstPause = 8, kLongestPause = 128;

// The place where a part that begins at so many packed rows begins, counted sample after sample: the nearest
// one.
int place_at(const PackedBatch& batch, int row) {
  int before = 0;
  for (int place = 0; place < batch.samples(); ++place) {
    const int behind = before + batch.length(place);
    if (behind >= row) return row - before < behind - row ? place : place + 1;
    before = behind;
  }
  return batch.samples();
}

}  // namespace

RecurrenceShares::Way::Way(const RecurrenceSplit& split_, cpu::ThreadTeam& team) : split(split_) {
  for (int i = 0; i < split.directions_at_once * split.sample_groups; ++i) {
    barriers.emplace_back(split.unit_parts, team.barrier_spin());
    unit_shares.emplace_back(split.unit_parts);
  }
  for (int i = 0; i < split.directions_at_once; ++i) sample_shares.emplace_back(split.sample_groups);
}

RecurrenceShares::RecurrenceShares(const Network& network, const RecurrenceSplit& split,
                                   const RecurrenceSplit& alternative, cpu::ThreadTeam& team)
    : directions_(network.directions),
      pause_(kFirstPause),
      clocks_(static_cast<std::size_t>(team.threads())) {
  ways_.emplace_back(split, team);
  const bool waits = split.unit_parts > 1 || split.directions_at_once > 1;
  const bool is_free = alternative.unit_parts == 1 && alternative.directions_at_once == 1;
  if (waits && is_free && alternative.sample_groups > 1) ways_.emplace_back(alternative, team);
}

void RecurrenceShares::begin_step() {
  const double idle = idle_share();
  for (Clock& clock : clocks_) clock = {};
  if (ways_.size() == 1) return;
  if (current_ == 1) {
    if (--steps_left_ == 0) current_ = 0;
  } else if (idle > kMostIdle) {
    current_ = 1;
    steps_left_ = pause_;
    pause_ = std::min(2 * pause_, kLongestPause);
  } else {
    pause_ = kFirstPause;
  }
}

double RecurrenceShares::idle_share() const {
  const auto threads = static_cast<std::size_t>(split().threads());
  std::uint64_t longest = 0, idle = 0;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    longest = std::max(longest, clocks_[thread].passes);
    idle += clocks_[thread].idle;
  }
  if (longest == 0) return 0;
  return static_cast<double>(idle) / static_cast<double>(threads * longest);
}

std::string RecurrenceShares::description() const {
  std::string text = ways_.front().split.description();
  if (ways_.size() > 1) text += " (" + ways_.back().split.description() + " while cores are busy)";
  return text;
}

RecurrenceTask RecurrenceShares::begin(int thread, const PackedBatch& batch, int unit_blocks) {
  const RecurrenceSplit& split = way().split;
  const int groups = split.sample_groups, group = group_of(thread);
  Range rows = part_of(batch.rows(), group, groups);
  if (split.unit_parts == 1) {
    sample_shares_of(thread).begin_turn(group);
    rows = sample_shares_of(thread).part(group, batch.rows());
  }
  // Where there are enough, everyone has a sample.
  const int samples = batch.samples();
  const auto place = [&](int index, int row) {
    if (index == 0 || index == groups) return index == 0 ? 0 : samples;
    if (samples < groups) return part_of(samples, index, groups).first;
    return std::clamp(place_at(batch, row), index, samples - (groups - index));
  };
  WorkShares& units = way().unit_shares[set_of(thread)];
  units.begin_turn(part_of_units(thread));
  Clock& clock = clocks_[static_cast<std::size_t>(thread)];
  clock.waits_before = clock.waits;
  clock.pass_began = __rdtsc();
  return {.directions = split.directions_of(thread, directions_),
          .places = {place(group, rows.first), place(group + 1, rows.last)},
          .blocks = units.part(part_of_units(thread), unit_blocks)};
}

void RecurrenceShares::end(int thread, const RecurrenceTask& task, int rows) {
  Clock& clock = clocks_[static_cast<std::size_t>(thread)];
  const std::uint64_t cycles = __rdtsc() - clock.pass_began;
  clock.passes += cycles;
  if (split().unit_parts > 1) {
    way().unit_shares[set_of(thread)].report(part_of_units(thread), task.blocks.size(),
                                             cycles - (clock.waits - clock.waits_before));
  } else {
    sample_shares_of(thread).report(group_of(thread), rows, cycles);
  }
}

}  // namespace lstm::engines
