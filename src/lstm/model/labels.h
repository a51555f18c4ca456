// Where a sample's labels lie among those of its batch.
#pragma once

#include <cstddef>

#include "lstm/batch.h"

namespace lstm::model {

// Labels of sample n of a batch.
inline std::size_t label_count(const Network& network, const Batch& batch, std::size_t n) {
  switch (network.loss) {
    case Loss::cross_entropy:
      return 1;
    case Loss::ctc:
      return static_cast<std::size_t>(batch.label_lengths[n]);
    case Loss::custom:
      break;
  }
  return 0;
}

}  // namespace lstm::model
