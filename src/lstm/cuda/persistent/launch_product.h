// The launches of each arithmetic, compiled apart (kernels_*.cu): what launch.cpp chooses from.
#pragma once

#include <cstddef>

#include "cuda/kernels/stream_handle.h"
#include "cuda/persistent/arguments.h"
#include "cuda/persistent/plan.h"

namespace lstm::cuda::persistent {

void launch_fp32(StreamHandle, const Plan&, const ForwardArguments<float>&, std::byte* exchange);
void launch_fp32(StreamHandle, const Plan&, const BackwardArguments<float>&, std::byte* exchange);
void launch_tf32(StreamHandle, const Plan&, const ForwardArguments<float>&, std::byte* exchange);
void launch_tf32(StreamHandle, const Plan&, const BackwardArguments<float>&, std::byte* exchange);
void launch_bf16(StreamHandle, const Plan&, const ForwardArguments<Bf16>&, std::byte* exchange);
void launch_bf16(StreamHandle, const Plan&, const BackwardArguments<Bf16>&, std::byte* exchange);
void launch_fp16(StreamHandle, const Plan&, const ForwardArguments<Fp16>&, std::byte* exchange);
void launch_fp16(StreamHandle, const Plan&, const BackwardArguments<Fp16>&, std::byte* exchange);

// Clusters of so many blocks with so much shared memory that run at once on this GPU; 0 where it has none, or
// where it runs code that was compiled for an older one.
int clusters_at_once(int blocks, int shared_bytes);

}  // namespace lstm::cuda::persistent
