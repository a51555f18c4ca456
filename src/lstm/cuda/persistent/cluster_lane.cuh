// A group is a thread-block cluster (Hopper): blocks write into each other's shared memory, and each inbox
// has a barrier that counts the bytes that have arrived. No barrier spans the cluster but at the start and
// the end.
//
// From the PTX ISA: st.async is a store of the generic proxy to the shared memory of a block of the cluster
// (of more than one block); its completion is a complete-tx of its bytes on a barrier of the same block, with
// release semantics at cluster scope. A phase of a barrier completes when its one arrival (arm) has happened
// and no bytes are missing; bytes may arrive before arm.
//
// A thread that has seen the phase complete sees the stores. wait() acquires at the scope of the block, as
// CUTLASS does for barriers that other blocks of the cluster complete (cutlass/arch/barrier.h): barrier and
// bytes lie in the block's own shared memory. At the scope of the cluster, each warp would empty the
// first-level cache of its multiprocessor in every step (CCTL.IVALL in SASS), or, with a fence for shared
// memory only, wait for all its loads from global memory, which are meant to be under way (700 clocks a step,
// measured on an H200).
#pragma once

#include "cuda/persistent/device_lane.cuh"

namespace lstm::cuda::persistent {

class ClusterLane : public DeviceLane {
 public:
  static constexpr bool kHasInbox = true;
  static constexpr int kPeerBlocks = 8;  // of the registers that are left
  // Addresses in the shared memory of a block of the cluster.
  struct Peer {
    std::uint32_t inbox = 0, barriers = 0;
  };

  __device__ int rank() const {
    std::uint32_t rank;
    asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return static_cast<int>(rank);
  }
  __device__ int group() const {
    std::uint32_t group;
    asm("mov.u32 %0, %%clusterid.x;" : "=r"(group));
    return static_cast<int>(group);
  }

  template <class T>
  __device__ T load_inbox(int offset) const {
    return load<T>(inbox_ + offset);
  }

  __device__ void open(int offset, int bytes) {
    inbox_ = offset;
    memory_ = static_cast<std::uint32_t>(__cvta_generic_to_shared(block_memory));
    for (int i = thread() * 16; i < bytes; i += threads() * 16) store(inbox_ + i, Words{});
    if (thread() == 0) {
      for (int barrier = 0; barrier < 2; ++barrier) {
        asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(address_of(barrier)) : "memory");
      }
      asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
    }
    meet();
  }

  __device__ void arm(int barrier, int bytes) const {
    asm volatile(
        "mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%0], %1;" ::"r"(address_of(barrier)),
        "r"(bytes)
        : "memory");
  }

  __device__ Peer peer(int rank) const {
    return {mapped(memory_ + inbox_, rank), mapped(address_of(0), rank)};
  }

  __device__ void send_if(bool is_wanted, const Peer& peer, int offset, const Words& words,
                          int barrier) const {
    asm volatile(
        "{\n"
        ".reg .pred p;\n"
        "setp.ne.b32 p, %6, 0;\n"
        "@p st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], {%1, %2, %3, %4}, [%5];\n"
        "}\n" ::"r"(peer.inbox + offset),
        "r"(words.v[0]), "r"(words.v[1]), "r"(words.v[2]), "r"(words.v[3]), "r"(peer.barriers + 8 * barrier),
        "r"(static_cast<int>(is_wanted))
        : "memory");
  }

  __device__ void commit(int) const {}

  __device__ void wait(int barrier, int use) const {
    std::uint32_t is_complete = 0;
    while (is_complete == 0) {
      asm volatile(
          "{\n"
          ".reg .pred p;\n"
          "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n"
          "selp.u32 %0, 1, 0, p;\n"
          "}\n"
          : "=r"(is_complete)
          : "r"(address_of(barrier)), "r"(use & 1)
          : "memory");
    }
  }

  // A block that has ended has no shared memory to write to.
  __device__ void close() const { meet(); }

 private:
  __device__ static std::uint32_t mapped(std::uint32_t address, int rank) {
    std::uint32_t result;
    asm("mapa.shared::cluster.u32 %0, %1, %2;" : "=r"(result) : "r"(address), "r"(rank));
    return result;
  }
  __device__ std::uint32_t address_of(int barrier) const {
    return memory_ + SharedMemory::kBarriers + 8 * static_cast<std::uint32_t>(barrier);
  }
  __device__ void meet() const {
    asm volatile("barrier.cluster.arrive.release;" ::: "memory");
    asm volatile("barrier.cluster.wait.acquire;" ::: "memory");
  }

  int inbox_ = 0;
  std::uint32_t memory_ = 0;
};

}  // namespace lstm::cuda::persistent
