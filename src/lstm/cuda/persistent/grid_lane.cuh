// A group is a number of consecutive blocks of a cooperative launch: for GPUs without clusters, and for R
// that does not fit into one. Inboxes lie in global memory; a block that has sent everything of a step counts
// up an arrival counter of each block of its group, and each waits for its own. No barrier spans the grid.
//
// All blocks must run at once, which a cooperative launch sees to. Counters only grow; they and the inboxes
// are zero at the start. The red by which a thread counts up another block's counter releases at GPU scope,
// which behind a barrier of the block covers the stores of all its threads; inboxes are read past the
// first-level cache, which is not coherent.
#pragma once

#include "cuda/persistent/device_lane.cuh"
#include "cuda/persistent/grid_exchange.h"

namespace lstm::cuda::persistent {

class GridLane : public DeviceLane {
 public:
  static constexpr bool kHasInbox = false;
  static constexpr int kPeerBlocks = 0;  // a thread cannot keep as many as there may be
  struct Peer {
    char* inbox = nullptr;
  };

  __device__ GridLane(const GridExchange& exchange, int blocks)
      : exchange_(exchange),
        blocks_(blocks),
        rank_(static_cast<int>(blockIdx.x) % blocks),
        first_block_(static_cast<int>(blockIdx.x) - rank_) {}

  __device__ int rank() const { return rank_; }
  __device__ int group() const { return exchange_.first_group + first_block_ / blocks_; }

  template <class T>
  __device__ T load_inbox(int offset) const {
    const char* from = inbox_of(rank_) + offset;
    if constexpr (sizeof(T) == 16) {
      const uint4 words = __ldcg(reinterpret_cast<const uint4*>(from));
      T value;
      static_assert(alignof(T) == 16);
      *reinterpret_cast<uint4*>(&value) = words;
      return value;
    } else {
      return __ldcg(reinterpret_cast<const T*>(from));
    }
  }

  __device__ void open(int, int) const { __syncthreads(); }
  __device__ void arm(int, int) const {}

  __device__ Peer peer(int rank) const { return {inbox_of(rank)}; }

  __device__ void send_if(bool is_wanted, const Peer& peer, int offset, const Words& words, int) const {
    if (is_wanted) *reinterpret_cast<Words*>(peer.inbox + offset) = words;
  }

  __device__ void commit(int barrier) const {
    __syncthreads();
    for (int rank = thread(); rank < blocks_; rank += threads()) {
      asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(counter_of(rank, barrier)) : "memory");
    }
  }

  __device__ void wait(int barrier, int use) const {
    if (thread() == 0) {
      const auto expected = static_cast<std::uint32_t>(blocks_ * (use + 1));
      std::uint32_t arrived = 0;
      while (arrived < expected) {
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                     : "=r"(arrived)
                     : "l"(counter_of(rank_, barrier))
                     : "memory");
      }
    }
    __syncthreads();
  }

  __device__ void close() const {}

 private:
  __device__ char* inbox_of(int rank) const {
    return reinterpret_cast<char*>(exchange_.inboxes) +
           static_cast<std::size_t>(first_block_ + rank) * static_cast<std::size_t>(exchange_.inbox_bytes);
  }
  __device__ std::uint32_t* counter_of(int rank, int barrier) const {
    return exchange_.counters + 2 * (first_block_ + rank) + barrier;
  }

  GridExchange exchange_;
  int blocks_, rank_, first_block_;
};

}  // namespace lstm::cuda::persistent
