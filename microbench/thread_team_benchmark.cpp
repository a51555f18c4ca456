// What it costs to start the team, and to meet at its barrier. Real time: the calling thread is one of the
// team.
#include "cpu/thread_team.h"

#include <benchmark/benchmark.h>

namespace lstm::microbench {
namespace {

void run_nothing(benchmark::State& state) {
  cpu::ThreadTeam team(static_cast<int>(state.range(0)));
  for (auto _ : state) team.run([](int) {});
}
BENCHMARK(run_nothing)->Name("thread_team/run")->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->UseRealTime();

void meet(benchmark::State& state) {
  constexpr int kBarriers = 1000;
  cpu::ThreadTeam team(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    team.run([&](int) {
      for (int i = 0; i < kBarriers; ++i) team.barrier();
    });
  }
  state.SetItemsProcessed(state.iterations() * kBarriers);
}
BENCHMARK(meet)->Name("thread_team/1000 barriers")->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->UseRealTime();

}  // namespace
}  // namespace lstm::microbench
