// The memory of the bf16 engine, and where things lie in it. Layouts are those of
// kernels/sequence_bf16/sequence_bf16.h; a number of type Bf16 takes P words. Where rows lie, bands.h has.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cpu/memory.h"
#include "kernels/sequence_bf16/sequence_bf16.h"
#include "lstm/engine.h"

namespace lstm::engines::bf16 {

using kernels::bf16::Bf16;
using kernels::bf16::ConstRow;
using kernels::bf16::ConstRows;

struct Geometry {
  // parts: of a number of an operand, 1 or 2 (bf16x3).
  Geometry(const Network& network, int parts);

  int P;
  int H, D;
  int Hp;      // units, padded to whole panels
  int blocks;  // of 16 units
  int panels;  // of 32 units
  int width;   // of a layer's output: D * Hp
  int gates;   // of all units: 4Hp
  int Cp;      // inputs, padded

  // Words of some numbers of an operand, or saved.
  std::size_t words(int count) const { return static_cast<std::size_t>(P) * static_cast<std::size_t>(count); }
  // Columns of a layer's input as stored.
  int inputs(int layer) const { return layer == 0 ? Cp : width; }
  // Rows of a weight gradient: [inputs | Hp].
  int gradient_rows(int layer) const { return inputs(layer) + Hp; }
  // Units of some panels that are no padding.
  int own_units(int first_panel, int count) const;
};

struct DirectionBuffers {
  std::span<Bf16> gates;  // (rows, 4Hp), saved, then gradients
  std::span<Bf16> c;      // (rows, Hp), saved
  // Packed weights, made at the start of each pass: those of backward lie where those of forward did.
  std::span<Bf16> W, R;   // panels of 4Hp columns: K = inputs; K = Hp
  std::span<float> bias;  // (blocks, 64)
  // Panels of `inputs` columns (where their gradients are wanted), and of Hp; K = 4Hp.
  std::span<Bf16> W_back, R_back;
};

struct LayerBuffers {
  std::vector<DirectionBuffers> directions;
  std::span<Bf16> y;  // (rows, width)
};

// What one thread needs for itself.
struct ThreadScratch {
  std::span<float> sums;        // (blocks, projected rows, 64)
  std::vector<int> first_row;   // (projected steps + 1) of each step among the projected rows
  std::span<Bf16> left, right;  // of a weight gradient
  std::vector<ConstRow> rows;   // (gradient rows), of what is packed
};

// Rows that the large products take at once.
struct ChunkRows {
  int projected;  // most rows of a chunk of the projection; 0 where no layer has one
  int steps;      // and most of its steps
  int gradient;   // most rows of a chunk of the weight gradient
};

constexpr int kGradientBlocks = 4;  // unit blocks of a weight gradient computed together

struct Buffers {
  Buffers(const Geometry& geometry, const Network& network, int samples, int most_rows,
          const ChunkRows& chunk, const EngineOptions& options);

  std::vector<LayerBuffers> layers;
  std::vector<ThreadScratch> scratch;
  std::span<Bf16> x;  // (rows, Cp)
  std::vector<std::span<float>>
      c;  // by direction (N, Hp), at the step that forward has come to; dc in backward
  std::vector<std::span<float>> dh_end;  // by direction (N, Hp): where a batch has gradients of final states
  std::span<Bf16> initial_h, initial_c;  // (L * D, N, Hp) as rows of operands, and as saved
  std::vector<std::span<float>>
      gradients;                         // by direction (blocks, gradient_rows, 64), of one layer at a time
  std::vector<std::span<float>> d_bias;  // by direction (blocks, 64)
  // (rows, width), of one layer at a time, in the end of x (rows, Cp); empty where only the last step has one
  // and x has none.
  std::span<float> dy;
  std::span<float> y_last;        // CTC: (rows, width) of the last layer, for the head
  std::span<float> head, d_head;  // (V, width), where width is padded

  std::size_t bytes() const { return arena_.bytes(); }
  // Of the gates of all layers and directions.
  std::size_t gates_bytes() const;

 private:
  void plan(const Geometry& geometry, const Network& network, int samples, int most_rows,
            const ChunkRows& chunk, bool input_gradients);
  cpu::Arena arena_;
};

}  // namespace lstm::engines::bf16
