#include "lstm/cuda/persistent/emulated_group.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace lstm::cuda::persistent::emulation {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what);
}

// Fragments of mma.m16n8k16 (16 bits) and mma.m16n8k8 (tf32) as the PTX ISA states them, element by element:
// written apart from layout.h, which must agree.
struct Element {
  int row, column;
};
Element half_a(int lane, int i) {  // a0..a7
  const int group = lane >> 2, in_group = lane % 4;
  return {(i < 2 || (i >= 4 && i < 6)) ? group : group + 8, in_group * 2 + (i & 1) + (i < 4 ? 0 : 8)};
}
Element half_b(int lane, int i) {  // b0..b3
  const int group = lane >> 2, in_group = lane % 4;
  return {in_group * 2 + (i & 1) + (i < 2 ? 0 : 8), group};
}
Element tf32_a(int lane, int i) {  // a0..a3
  const int group = lane >> 2, in_group = lane % 4;
  return {(i == 0 || i == 2) ? group : group + 8, (i < 2) ? in_group : in_group + 4};
}
Element tf32_b(int lane, int i) {  // b0, b1
  const int group = lane >> 2, in_group = lane % 4;
  return {i == 0 ? in_group : in_group + 4, group};
}
Element accumulator(int lane, int i) {  // c0..c3
  const int group = lane >> 2, in_group = lane % 4;
  return {i < 2 ? group : group + 8, in_group * 2 + (i & 1)};
}

float from_half(Arithmetic arithmetic, std::uint32_t word, int half) {
  const auto bits = static_cast<std::uint16_t>(word >> (16 * half));
  return arithmetic == Arithmetic::bf16 ? to_float(Bf16{bits}) : to_float(Fp16{bits});
}
// Tensor cores ignore the low 13 bits.
float from_tf32(std::uint32_t word) {
  return std::bit_cast<float>(word & ~0x1fffU);
}

}  // namespace

void CheckedMemory::clear(std::size_t offset, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes / 4; ++i) {
    word(offset, bytes, i) = Word{};
    word(offset, bytes, i).is_written = true;
  }
}

CheckedMemory::Word& CheckedMemory::word(std::size_t offset, std::size_t bytes, std::size_t i) {
  if (offset % std::min<std::size_t>(bytes, 16) != 0 && bytes <= 16) {
    fail(name_ + ": access of " + std::to_string(bytes) + " bytes at " + std::to_string(offset) +
         ": not aligned");
  }
  if (offset / 4 + i >= words_.size()) {
    fail(name_ + ": access at byte " + std::to_string(offset) + " of " + std::to_string(words_.size() * 4));
  }
  return words_[offset / 4 + i];
}

void CheckedMemory::read(std::size_t offset, void* to, std::size_t bytes, std::size_t thread,
                         const VectorClock& clock) {
  for (std::size_t i = 0; i < bytes / 4; ++i) {
    Word& at = word(offset, bytes, i);
    if (!is_checked_) {
      std::memcpy(static_cast<char*>(to) + 4 * i, &at.value, 4);
      continue;
    }
    if (!at.is_written) fail(name_ + ": reads byte " + std::to_string(offset) + ", which nobody has written");
    if (at.writer.index != thread && clock[at.writer.index] < at.writer.value) {
      fail(name_ + ": race: reads byte " + std::to_string(offset) + " without having waited for its writer");
    }
    std::memcpy(static_cast<char*>(to) + 4 * i, &at.value, 4);
    const auto known = std::find_if(at.readers.begin(), at.readers.end(),
                                    [&](const Stamp& reader) { return reader.index == thread; });
    if (known == at.readers.end()) {
      at.readers.push_back({thread, clock[thread]});
    } else {
      known->value = clock[thread];
    }
  }
}

void CheckedMemory::check_write(std::size_t offset, std::size_t bytes, std::size_t thread,
                                const VectorClock& clock) {
  for (std::size_t i = 0; is_checked_ && i < bytes / 4; ++i) {
    const Word& at = word(offset, bytes, i);
    if (at.is_written && at.writer.index != thread && clock[at.writer.index] < at.writer.value) {
      fail(name_ + ": race: overwrites byte " + std::to_string(offset) + " while its writer may not be done");
    }
    for (const Stamp& reader : at.readers) {
      if (reader.index != thread && clock[reader.index] < reader.value) {
        fail(name_ + ": race: overwrites byte " + std::to_string(offset) + " while others may still read it");
      }
    }
  }
}

void CheckedMemory::write(std::size_t offset, const void* from, std::size_t bytes, Stamp stamp) {
  for (std::size_t i = 0; i < bytes / 4; ++i) {
    Word& at = word(offset, bytes, i);
    std::memcpy(&at.value, static_cast<const char*>(from) + 4 * i, 4);
    at.is_written = true;
    at.writer = stamp;
    at.readers.clear();
  }
}

Group::Group(const Machine& machine) : machine_(machine), fibers_(machine.seed) {}
Group::~Group() = default;

std::size_t Group::barrier_index(int rank, int barrier) const {
  return static_cast<std::size_t>(machine_.blocks * machine_.threads + 2 * rank + barrier);
}

void Group::run(int group, const std::function<void(Lane&)>& body) {
  const int threads = machine_.blocks * machine_.threads;
  const auto clock_size = static_cast<std::size_t>(threads + 2 * machine_.blocks);
  blocks_ = std::vector<Block>(static_cast<std::size_t>(machine_.blocks));
  for (std::size_t rank = 0; rank < blocks_.size(); ++rank) {
    Block& block = blocks_[rank];
    const std::string name = "block " + std::to_string(rank);
    block.shared = std::make_unique<CheckedMemory>(
        name + ", shared memory", static_cast<std::size_t>(machine_.shared_bytes), machine_.is_checked);
    block.inbox = std::make_unique<CheckedMemory>(
        name + ", inbox", static_cast<std::size_t>(machine_.inbox_bytes), machine_.is_checked);
    block.inbox->clear(0, static_cast<std::size_t>(machine_.inbox_bytes));
    block.warps.resize(static_cast<std::size_t>(machine_.threads / 32));
  }
  // Without checks all threads share one clock, which nobody reads.
  clocks_.assign(machine_.is_checked ? static_cast<std::size_t>(threads) : 1, VectorClock(clock_size));
  for (std::size_t i = 0; i < clocks_.size(); ++i) clocks_[i][i] = 1;
  in_flight_.clear();
  meeting_ = Meeting();

  fibers_.run(
      threads,
      [&](int thread) {
        Lane lane(*this, group, thread);
        body(lane);
      },
      [&] { return deliver_some(); });
  check_quiet();
}

void Group::check_quiet() const {
  if (!in_flight_.empty()) fail("packets are under way behind the end of the launch");
  for (const Block& block : blocks_) {
    for (const InboxBarrier& barrier : block.barriers) {
      if (barrier.is_armed || barrier.pending_bytes != 0)
        fail("a barrier still waits behind the end of the launch");
    }
  }
}

VectorClock& Group::clock_of_use(InboxBarrier& barrier) {
  if (barrier.clocks.size() <= barrier.completed) barrier.clocks.resize(barrier.completed + 1);
  return barrier.clocks[barrier.completed];
}

void Group::release(InboxBarrier& barrier, const VectorClock& clock) {
  if (machine_.is_checked) clock_of_use(barrier).join(clock);
}

void Group::complete_if_done(InboxBarrier& barrier) {
  if (!barrier.is_armed || barrier.pending_bytes != 0) return;
  clock_of_use(barrier);
  barrier.is_armed = false;
  ++barrier.completed;
}

void Group::deliver(const Packet& packet) {
  Block& block = blocks_[static_cast<std::size_t>(packet.rank)];
  InboxBarrier& barrier = block.barriers[static_cast<std::size_t>(packet.barrier)];
  block.inbox->write(static_cast<std::size_t>(packet.offset), &packet.words, sizeof packet.words,
                     {barrier_index(packet.rank, packet.barrier), barrier.completed + 1});
  barrier.pending_bytes -= static_cast<std::int64_t>(sizeof packet.words);
  if (barrier.is_armed && barrier.pending_bytes < 0) fail("more bytes arrive than a barrier was armed for");
  complete_if_done(barrier);
}

bool Group::deliver_some() {
  if (in_flight_.empty()) return false;
  const std::size_t count = 1 + fibers_.random()() % in_flight_.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t which = fibers_.random()() % in_flight_.size();
    const Packet packet = in_flight_[which];
    in_flight_[which] = in_flight_.back();
    in_flight_.pop_back();
    deliver(packet);
  }
  return true;
}

void Group::Lane::meet(Meeting& meeting, int expected) {
  if (!group_.machine_.is_checked) {
    const std::uint64_t seen = meeting.generation;
    if (++meeting.arrived < expected) return group_.fibers_.wait(meeting.generation, seen);
    meeting.arrived = 0;
    ++meeting.generation;
    return;
  }
  meeting.joining.join(clock());
  const std::uint64_t seen = meeting.generation;
  VectorClock& joined = meeting.joined[seen % 2];
  if (++meeting.arrived == expected) {
    joined = meeting.joining;
    meeting.arrived = 0;
    ++meeting.generation;
  } else {
    group_.fibers_.wait(meeting.generation, seen);
  }
  clock().join(joined);
  ++clock()[global_thread_];
}

void Group::Lane::sync_block() {
  meet(block().meeting, threads());
}

void Group::Lane::open(int, int) {
  meet(group_.meeting_, group_.machine_.blocks * threads());
}

void Group::Lane::close() {
  meet(group_.meeting_, group_.machine_.blocks * threads());
}

void Group::Lane::arm(int index, int bytes) {
  if (!group_.machine_.is_cluster) return;
  InboxBarrier& barrier = block().barriers[static_cast<std::size_t>(index)];
  if (barrier.is_armed) fail("arms a barrier whose use before is not complete");
  group_.release(barrier, clock());
  ++clock()[global_thread_];
  barrier.is_armed = true;
  barrier.pending_bytes += bytes;
  if (barrier.pending_bytes < 0) fail("more bytes have arrived than a barrier is armed for");
  group_.complete_if_done(barrier);
}

void Group::Lane::send_if(bool is_wanted, const Peer& peer, int offset, const Words& words, int index) {
  if (!is_wanted) return;
  Block& to = group_.blocks_.at(static_cast<std::size_t>(peer.rank));
  ++group_.packets_;
  to.inbox->check_write(static_cast<std::size_t>(offset), sizeof words, global_thread_, clock());
  if (group_.machine_.is_cluster) {
    group_.release(to.barriers[static_cast<std::size_t>(index)], clock());
    ++clock()[global_thread_];
    group_.in_flight_.push_back({peer.rank, offset, index, words});
    if (group_.fibers_.random()() % 64 == 0) group_.deliver_some();
  } else {
    to.inbox->write(static_cast<std::size_t>(offset), &words, sizeof words, now());
  }
}

void Group::Lane::commit(int index) {
  if (group_.machine_.is_cluster) return;
  sync_block();
  if (thread_ != 0) return;
  for (Block& to : group_.blocks_) {
    InboxBarrier& barrier = to.barriers[static_cast<std::size_t>(index)];
    group_.release(barrier, clock());
    if (++barrier.commits == group_.machine_.blocks) {
      barrier.commits = 0;
      ++barrier.completed;
    }
  }
  ++clock()[global_thread_];
}

void Group::Lane::wait(int index, int use) {
  InboxBarrier& barrier = block().barriers[static_cast<std::size_t>(index)];
  const auto expected = static_cast<std::uint64_t>(use);
  group_.fibers_.wait(barrier.completed, expected);
  // The machine knows the parity of a use only.
  if (barrier.completed > expected + 1) fail("a barrier is two uses ahead of a thread that waits for it");
  if (!group_.machine_.is_checked) return;
  clock().join(barrier.clocks[expected]);
  VectorClock& mine = clock();
  const std::size_t at = group_.barrier_index(rank_, index);
  mine[at] = std::max(mine[at], expected + 1);
}

bool Group::Lane::arrive(int kind) {
  Warp& w = warp();
  if (w.arrived == 0) w.kind = kind;
  if (w.kind != kind) fail("lanes of a warp are at different collectives");
  return ++w.arrived == 32;
}

std::uint32_t Group::Lane::shuffle(std::uint32_t value, int lane) {
  Warp& w = warp();
  const auto id = static_cast<std::size_t>(thread_ % 32);
  w.in[id] = value;
  w.from[id] = static_cast<std::uint32_t>(lane);
  const std::uint64_t seen = w.generation;
  if (arrive(1)) {
    for (std::size_t i = 0; i < 32; ++i) w.out[i] = w.in.at(w.from[i]);
    w.arrived = 0;
    ++w.generation;
  } else {
    group_.fibers_.wait(w.generation, seen);
  }
  return w.out[id];
}

void Group::Lane::multiply(Arithmetic arithmetic, float (&c)[4], const std::uint32_t (&a)[4],
                           std::uint32_t b0, std::uint32_t b1) {
  Warp& w = warp();
  Warp::Fragments& mine = w.fragments[static_cast<std::size_t>(thread_ % 32)];
  mine = {{a[0], a[1], a[2], a[3]}, {b0, b1}, {c[0], c[1], c[2], c[3]}};
  const std::uint64_t seen = w.generation;
  if (arrive(2 + static_cast<int>(arithmetic))) {
    const bool is_half = arithmetic != Arithmetic::tf32;
    const int inner = is_half ? 16 : 8;
    float A[16][16] = {}, B[16][8] = {};
    for (int lane = 0; lane < 32; ++lane) {
      const Warp::Fragments& of = w.fragments[static_cast<std::size_t>(lane)];
      for (int i = 0; i < (is_half ? 8 : 4); ++i) {
        const Element at = is_half ? half_a(lane, i) : tf32_a(lane, i);
        A[at.row][at.column] = is_half ? from_half(arithmetic, of.a[i / 2], i % 2) : from_tf32(of.a[i]);
      }
      for (int i = 0; i < (is_half ? 4 : 2); ++i) {
        const Element at = is_half ? half_b(lane, i) : tf32_b(lane, i);
        B[at.row][at.column] = is_half ? from_half(arithmetic, of.b[i / 2], i % 2) : from_tf32(of.b[i]);
      }
    }
    for (int lane = 0; lane < 32; ++lane) {
      Warp::Fragments& of = w.fragments[static_cast<std::size_t>(lane)];
      for (int i = 0; i < 4; ++i) {
        const Element at = accumulator(lane, i);
        for (int k = 0; k < inner; ++k) of.c[i] += A[at.row][k] * B[k][at.column];
      }
    }
    w.arrived = 0;
    ++w.generation;
  } else {
    group_.fibers_.wait(w.generation, seen);
  }
  for (int i = 0; i < 4; ++i) c[i] = mine.c[i];
}

std::uint32_t Group::Lane::to_word(float x) {
  return std::bit_cast<std::uint32_t>(x);
}
float Group::Lane::to_float(std::uint32_t word) {
  return std::bit_cast<float>(word);
}
std::uint32_t Group::Lane::to_tf32(float x) {  // to nearest, ties away from zero, as cvt.rna.tf32
  return (std::bit_cast<std::uint32_t>(x) + 0x1000U) & ~0x1fffU;
}
float Group::Lane::sigmoid_of(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}
float Group::Lane::tanh_of(float x) {
  return std::tanh(x);
}

}  // namespace lstm::cuda::persistent::emulation
