// The memory of the sequence engine, and where things lie in it. Layouts are those of
// kernels/sequence/sequence.h.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "cpu/memory.h"
#include "engines/training/packed_batch.h"
#include "lstm/engine.h"

namespace lstm::engines {

// Sizes in floats that follow from the network and the block width of the kernels.
struct SequenceGeometry {
  SequenceGeometry(const Network& network, int block, int tile_rows);

  int H, D, B;
  int U;         // unit blocks
  int Hp;        // units, padded: U * B
  int width;     // of a layer's output: D * Hp
  int gate_row;  // 4B
  int gates;     // of all units: 4Hp
  int tile_rows;

  // Units of some blocks that are no padding.
  int own_units(int first_block, int blocks) const { return std::min(H - first_block * B, blocks * B); }
  // Columns of a layer's input as stored: C, or D * Hp.
  int inputs(int layer) const { return layer == 0 ? C : width; }
  // Units that R_back has columns for.
  int back_units() const { return (U + 3) / 4 * gate_row; }
  // Columns of their gradient, which are whole blocks.
  int d_inputs(int layer) const { return layer == 0 ? (C + B - 1) / B * B : width; }
  // Rows of [inputs | H | 1], and tiles of them.
  int gradient_rows(int layer) const { return inputs(layer) + H + 1; }
  int gradient_tiles(int layer) const { return (gradient_rows(layer) + tile_rows - 1) / tile_rows; }
  int most_gradient_tiles(int layers) const {
    return std::max(gradient_tiles(0), gradient_tiles(layers - 1));
  }

 private:
  int C;
};

// How the weight gradients of a direction are cut into jobs (weight_gradients.h): parts of their rows times
// parts of their unit blocks.
struct GradientParts {
  GradientParts(const SequenceGeometry& geometry, std::size_t packed_bytes, int threads);
  int rows, units;
};

// Consecutive time steps whose rows are computed together in the large products.
struct Chunk {
  int first_step = 0, last_step = 0;  // [first, last)
  int first_row = 0, rows = 0;        // packed rows
};

// Cuts a batch into chunks of about `rows` rows. Does not allocate after construction.
class Chunks {
 public:
  Chunks(const BatchShape& shape, int rows);
  void cut(const PackedBatch& batch);

  int count() const { return static_cast<int>(count_); }
  // The `index`-th that the recurrence of a direction goes through, in forward and in backward.
  const Chunk& forward(int direction, int index) const {
    return chunks_[static_cast<std::size_t>(direction == 0 ? index : count() - 1 - index)];
  }
  const Chunk& backward(int direction, int index) const { return forward(direction, count() - 1 - index); }
  // Which one in forward a time step belongs to.
  int forward_index(int direction, int t) const {
    const int index = of_step_[static_cast<std::size_t>(t)];
    return direction == 0 ? index : count() - 1 - index;
  }
  // The chunk of a time step.
  const Chunk& of_step(int t) const {
    return chunks_[static_cast<std::size_t>(of_step_[static_cast<std::size_t>(t)])];
  }
  int most_rows() const { return most_rows_; }

 private:
  int rows_;
  int most_rows_;
  std::vector<Chunk> chunks_;
  std::vector<int> of_step_;
  std::size_t count_ = 0;
};

struct DirectionBuffers {
  std::span<float> gates;  // (rows, 4Hp) in chunks, each (U, chunk rows, 4B)
  std::span<float> c;      // (rows, Hp)
  // Packed weights; those of backward are made at its start.
  std::span<float> W, R, bias;  // (U, inputs, 4B), (U, H, 4B), (U, 4B)
  std::span<float> R_back,
      W_back;  // back packed: columns Hp, to whole tiles; columns `d_inputs`, where they are wanted
};

struct LayerBuffers {
  std::vector<DirectionBuffers> directions;
  std::span<float> y;  // (rows, width)
};

// What one thread needs for itself.
struct ThreadScratch {
  std::span<float> packed;         // (a job's rows of a weight gradient, chunk rows)
  std::vector<const float*> x, h;  // (chunk rows)
  std::vector<float*> gates;       // (chunk rows)
};

struct SequenceBuffers {
  SequenceBuffers(const SequenceGeometry& geometry, const Network& network, const BatchShape& shape,
                  int most_rows, int most_chunk_rows, const EngineOptions& options);

  GradientParts gradient_parts;
  std::vector<LayerBuffers> layers;
  std::vector<ThreadScratch> scratch;
  std::vector<std::span<float>> dc;      // by direction (N, Hp)
  std::vector<std::span<float>> dh_end;  // by direction (N, Hp): where a batch has gradients of final states
  std::vector<std::span<float>> gradients;  // by direction (U, gradient_rows, 4B), of one layer at a time
  // (rows, width), of one layer at a time, in the end of x (rows, d_inputs); empty where only the last step
  // has one and x has none.
  std::span<float> dy;
  std::span<float> head, d_head;  // (V, width), where width is padded

  std::size_t bytes() const { return arena_.bytes(); }

 private:
  void plan(const SequenceGeometry& geometry, const Network& network, const BatchShape& shape, int most_rows,
            int most_chunk_rows, bool input_gradients);
  cpu::Arena arena_;
};

}  // namespace lstm::engines
