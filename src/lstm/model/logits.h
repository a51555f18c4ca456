// The size of logits as callers see them.
#pragma once

#include <cstddef>

#include "lstm/batch.h"

namespace lstm::model {

// Throws std::invalid_argument unless `size`, of logits or their gradients, is logits_size().
void require_logits_size(const Network& network, const Batch& batch, std::size_t size);

}  // namespace lstm::model
