// A group of blocks as the kernels see it, on the CPU: shared memory, block barriers, warp collectives,
// matrix instructions, inboxes with their barriers. Every thread runs the kernel's own source.
//
// It is stricter than the machine. Threads go on in random order, and 16-byte packets arrive at random times.
// Vector clocks (Mattern, "Virtual Time and Global States of Distributed Systems", 1989; one entry a thread
// and one a barrier of an inbox) tell whether an access is ordered behind what it must be behind: a read
// behind the write, a write behind the reads and writes of others. Only block barriers, packets and their
// barriers order; shuffles and luck do not. What is not ordered, never written, out of bounds, or never ends,
// throws.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cuda/persistent/layout.h"
#include "cuda/persistent/product.h"
#include "lstm/cuda/persistent/fibers.h"

namespace lstm::cuda::persistent::emulation {

class VectorClock {
 public:
  explicit VectorClock(std::size_t size = 0) : at_(size, 0) {}
  std::uint64_t& operator[](std::size_t i) { return at_[i]; }
  std::uint64_t operator[](std::size_t i) const { return at_[i]; }
  void join(const VectorClock& other) {
    if (at_.size() < other.at_.size()) at_.resize(other.at_.size(), 0);
    for (std::size_t i = 0; i < other.at_.size(); ++i) at_[i] = std::max(at_[i], other.at_[i]);
  }

 private:
  std::vector<std::uint64_t> at_;
};

// Who accessed, and its clock then.
struct Stamp {
  std::size_t index = 0;
  std::uint64_t value = 0;
};

// Memory whose accesses are checked, in words of 4 bytes.
class CheckedMemory {
 public:
  CheckedMemory(std::string name, std::size_t bytes, bool is_checked)
      : name_(std::move(name)), is_checked_(is_checked), words_(bytes / 4) {}

  // Zeros that everybody may read.
  void clear(std::size_t offset, std::size_t bytes);
  void read(std::size_t offset, void* to, std::size_t bytes, std::size_t thread, const VectorClock& clock);
  // `stamp` is who writes as readers will ask for it, `reader` the thread whose clock it is.
  void check_write(std::size_t offset, std::size_t bytes, std::size_t thread, const VectorClock& clock);
  void write(std::size_t offset, const void* from, std::size_t bytes, Stamp stamp);

 private:
  struct Word {
    std::uint32_t value = 0;
    bool is_written = false;
    Stamp writer;                // value 0: initial
    std::vector<Stamp> readers;  // since then
  };
  Word& word(std::size_t offset, std::size_t bytes, std::size_t i);

  std::string name_;
  bool is_checked_;
  std::vector<Word> words_;
};

struct Machine {
  int blocks = 1, threads = 32;
  int shared_bytes = 0, inbox_bytes = 0;  // inbox: both places
  bool is_cluster = true;                 // else flags in global memory, as grid_lane.cuh does
  bool is_checked = true;                 // accesses of shared memory and inboxes: else only their bounds
  std::uint64_t seed = 1;
};

class Group {
 public:
  explicit Group(const Machine& machine);
  ~Group();

  class Lane;
  // Runs one group's threads to their end. Throws std::runtime_error for whatever is wrong with the schedule.
  void run(int group, const std::function<void(Lane&)>& body);

  // Packets sent so far.
  std::uint64_t packets() const { return packets_; }

 private:
  friend class Lane;

  struct Warp {
    std::uint64_t generation = 0;
    int arrived = 0;
    int kind = 0;
    std::array<std::uint32_t, 32> in{}, from{}, out{};
    struct Fragments {
      std::uint32_t a[4], b[2];
      float c[4];
    };
    std::array<Fragments, 32> fragments{};
  };
  struct InboxBarrier {
    std::uint64_t completed = 0;  // uses
    bool is_armed = false;
    std::int64_t pending_bytes = 0;
    int commits = 0;
    std::vector<VectorClock> clocks;  // by use
  };
  // Threads that meet: what the ones of an even and of an odd meeting know of each other behind it.
  struct Meeting {
    std::uint64_t generation = 0;
    int arrived = 0;
    VectorClock joining;
    std::array<VectorClock, 2> joined;
  };
  struct Block {
    Meeting meeting;
    std::unique_ptr<CheckedMemory> shared, inbox;
    std::array<InboxBarrier, 2> barriers;
    std::vector<Warp> warps;
  };
  struct Packet {
    int rank, offset, barrier;
    Words words;
  };

  void deliver(const Packet& packet);
  bool deliver_some();
  void complete_if_done(InboxBarrier& barrier);
  VectorClock& clock_of_use(InboxBarrier& barrier);
  // Whoever waits for the barrier's use knows what `clock` knows.
  void release(InboxBarrier& barrier, const VectorClock& clock);
  std::size_t barrier_index(int rank, int barrier) const;
  void check_quiet() const;

  Machine machine_;
  Fibers fibers_;
  std::vector<Block> blocks_;
  std::vector<VectorClock> clocks_;
  std::vector<Packet> in_flight_;
  Meeting meeting_;
  std::uint64_t packets_ = 0;
};

// The machine as one thread sees it: what kernels take as `Lane` (product.h says what each call means).
class Group::Lane {
 public:
  // Emulated groups always have inboxes of their own; offsets in shared memory differ only.
  static constexpr bool kHasInbox = true;
  static constexpr int kPeerBlocks = 8;  // as clusters: groups of more send to others, too
  struct Peer {
    int rank = 0;
  };

  Lane(Group& group, int group_index, int thread)
      : group_(group),
        group_index_(group_index),
        rank_(thread / group.machine_.threads),
        thread_(thread % group.machine_.threads),
        global_thread_(static_cast<std::size_t>(thread)) {}

  int thread() const { return thread_; }
  int threads() const { return group_.machine_.threads; }
  int warp_index() const { return thread_ / 32; }
  int lane_index() const { return thread_ % 32; }
  int rank() const { return rank_; }
  int group() const { return group_index_; }

  template <class T>
  T load(int offset) {
    T value;
    block().shared->read(static_cast<std::size_t>(offset), &value, sizeof value, global_thread_, clock());
    return value;
  }
  template <class T>
  void store(int offset, const T& value) {
    block().shared->check_write(static_cast<std::size_t>(offset), sizeof value, global_thread_, clock());
    block().shared->write(static_cast<std::size_t>(offset), &value, sizeof value, now());
  }
  template <class T>
  T load_inbox(int offset) {
    T value;
    block().inbox->read(static_cast<std::size_t>(offset), &value, sizeof value, global_thread_, clock());
    return value;
  }
  template <class T>
  T load_global(const void* address) {
    require_aligned<T>(address);
    T value;
    std::memcpy(&value, address, sizeof value);
    return value;
  }
  template <class T>
  void load_global_if(bool is_wanted, const void* address, T& value) {
    if (is_wanted) value = load_global<T>(address);
  }
  void settle(float&) {}
  template <class T>
  void arrive(T&) {}
  template <class T>
  T* row_of(T* first, int row, int stride_bytes) {
    return first + static_cast<std::int64_t>(row) * stride_bytes / static_cast<std::int64_t>(sizeof(T));
  }
  template <class T>
  void store_global(void* address, const T& value) {
    require_aligned<T>(address);
    std::memcpy(address, &value, sizeof value);
  }

  void sync_block();
  void open(int offset, int bytes);
  void arm(int barrier, int bytes);
  Peer peer(int rank) const { return {rank}; }
  void send_if(bool is_wanted, const Peer& peer, int offset, const Words& words, int barrier);
  void commit(int barrier);
  void wait(int barrier, int use);
  void close();

  std::uint32_t shuffle(std::uint32_t value, int lane);
  float shuffle(float value, int lane) { return to_float(shuffle(to_word(value), lane)); }

  template <Arithmetic arithmetic>
  void mma(float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
    multiply(arithmetic, c, a, b0, b1);
  }

  template <bool is_approximate>
  float sigmoid(float x) {
    return sigmoid_of(x);
  }
  template <bool is_approximate>
  float tanh(float x) {
    return tanh_of(x);
  }

  static std::uint32_t to_word(float x);
  static float to_float(std::uint32_t word);
  static std::uint32_t to_tf32(float x);
  template <class T>
  static std::uint32_t to_pair(float low, float high) {
    return rounded<T>(low).bits | static_cast<std::uint32_t>(rounded<T>(high).bits) << 16;
  }

 private:
  template <class T>
  static void require_aligned(const void* address) {
    if (reinterpret_cast<std::uintptr_t>(address) % sizeof(T) != 0) {
      throw std::runtime_error("access of " + std::to_string(sizeof(T)) +
                               " bytes in global memory: not aligned");
    }
  }
  static float sigmoid_of(float x);
  static float tanh_of(float x);
  void multiply(Arithmetic arithmetic, float (&c)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                std::uint32_t b1);
  // Arrives at a collective of the warp; true for the lane that comes last and has to do it.
  bool arrive(int kind);
  void meet(Meeting& meeting, int expected);

  Block& block() { return group_.blocks_[static_cast<std::size_t>(rank_)]; }
  Warp& warp() { return block().warps[static_cast<std::size_t>(thread_ / 32)]; }
  VectorClock& clock() { return group_.clocks_[group_.machine_.is_checked ? global_thread_ : 0]; }
  Stamp now() { return {global_thread_, clock()[global_thread_]}; }

  Group& group_;
  int group_index_, rank_, thread_;
  std::size_t global_thread_;
};

}  // namespace lstm::cuda::persistent::emulation
