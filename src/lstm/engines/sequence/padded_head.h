// The head's weights and gradient for an output whose units are padded.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "cpu/thread_team.h"
#include "engines/training/parallel.h"
#include "engines/training/parameter_store.h"
#include "lstm/network.h"

namespace lstm::engines {

// The head reads y as it is stored, (rows, directions * Hp): its weights for units of the padding are zero.
// Where there is no padding, parameters and gradients are those of the store.
class PaddedHead {
 public:
  // `weights`, `gradient`: (classes, directions * Hp), zeros; not used where Hp is H.
  PaddedHead(const Network& network, int Hp, ParameterStore& store, std::span<float> weights,
             std::span<float> gradient)
      : network_(network), Hp_(Hp), store_(store), weights_(weights), gradient_(gradient) {}

  // Takes the parameters as they are now, for a forward pass and its backward pass.
  void pack(cpu::ThreadTeam& team) {
    if (!is_padded()) return;
    for_rows(team, [&](std::size_t row, std::size_t padded) {
      std::copy_n(store_.head() + row, network_.units, weights_.data() + padded);
    });
  }
  const float* weights() const { return is_padded() ? weights_.data() : store_.head(); }
  // Where the gradient is to be written; finish_gradient() takes it to the store's.
  float* gradient() { return is_padded() ? gradient_.data() : store_.head_gradient(); }
  void finish_gradient(cpu::ThreadTeam& team) {
    if (!is_padded()) return;
    for_rows(team, [&](std::size_t row, std::size_t padded) {
      std::copy_n(gradient_.data() + padded, network_.units, store_.head_gradient() + row);
    });
  }

 private:
  bool is_padded() const { return Hp_ != network_.units; }

  // Calls body(first element of the parameter, of the padded copy) for each class and direction.
  template <class Body>
  void for_rows(cpu::ThreadTeam& team, const Body& body) {
    const auto H = static_cast<std::size_t>(network_.units), Hp = static_cast<std::size_t>(Hp_);
    for_each_part(team, network_.classes * network_.directions, kSmallestPointwisePart / network_.units + 1,
                  [&](std::int64_t first, std::int64_t last) {
                    for (auto i = static_cast<std::size_t>(first); i < static_cast<std::size_t>(last); ++i)
                      body(i * H, i * Hp);
                  });
  }

  const Network& network_;
  int Hp_;
  ParameterStore& store_;
  std::span<float> weights_, gradient_;
};

}  // namespace lstm::engines
