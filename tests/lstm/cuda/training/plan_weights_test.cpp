#include "cuda/training/plan_weights.h"

#include <gtest/gtest.h>

#include <set>

namespace lstm::cuda {
namespace {

const Network kNetwork{.inputs = 123, .units = 20, .layers = 2, .directions = 2, .classes = 10};

TEST(PlanWeights, UsesFp32ParametersInPlaceButPadsTheFirstLayersInputs) {
  const ParameterLayout layout(kNetwork);
  const WeightPlan plan = plan_weights(kNetwork, layout, false, Operands::all);
  ASSERT_EQ(plan.W.size(), 4u);
  for (int i : {0, 1}) {
    EXPECT_TRUE(plan.W[static_cast<std::size_t>(i)].is_copied);
    EXPECT_EQ(plan.W[static_cast<std::size_t>(i)].stride, 128);
  }
  EXPECT_FALSE(plan.W[2].is_copied);
  EXPECT_EQ(plan.W[2].offset, layout.W(1, 0).offset);
  EXPECT_EQ(plan.W[2].stride, 40);
  EXPECT_FALSE(plan.R[3].is_copied);
  EXPECT_EQ(plan.R[3].offset, layout.R(1, 1).offset);
  EXPECT_FALSE(plan.head.is_copied);
  EXPECT_EQ(plan.copies.size(), 2u);
}

TEST(PlanWeights, CopiesNothingThatOverlaps) {
  const ParameterLayout layout(kNetwork);
  const WeightPlan plan = plan_weights(kNetwork, layout, true, Operands::all);
  EXPECT_EQ(plan.copies.size(), 9u);  // W and R of two layers and directions, and the head
  std::set<std::int64_t> written;
  for (const Segment& copy : plan.copies) {
    EXPECT_EQ(copy.to % 128, 0);
    for (int row = 0; row < copy.rows; ++row) {
      for (int column = 0; column < copy.columns; ++column) {
        const std::int64_t to = copy.to + static_cast<std::int64_t>(row) * copy.to_stride + column;
        EXPECT_TRUE(written.insert(to).second) << "element " << to << " is written twice";
        EXPECT_LT(to, static_cast<std::int64_t>(plan.copied_size));
      }
    }
  }
}

TEST(PlanWeights, CopiesOnlyTheHeadForLibrariesWithCopiesOfTheirOwn) {
  const ParameterLayout layout(kNetwork);
  EXPECT_TRUE(plan_weights(kNetwork, layout, false, Operands::head).copies.empty());
  const WeightPlan plan = plan_weights(kNetwork, layout, true, Operands::head);
  ASSERT_EQ(plan.copies.size(), 1u);
  EXPECT_EQ(plan.copies[0].from, static_cast<std::int64_t>(layout.head().offset));
  EXPECT_TRUE(plan.W.empty());
}

TEST(PlanWeights, LeavesOutRForKernelsWithCopiesOfTheirOwn) {
  const ParameterLayout layout(kNetwork);
  const WeightPlan plan = plan_weights(kNetwork, layout, true, Operands::all_but_R);
  EXPECT_EQ(plan.copies.size(), 5u);
  EXPECT_EQ(plan.W.size(), 4u);
  EXPECT_TRUE(plan.R.empty());
}

TEST(LossScale, IsAPowerOfTwoForFp16AndOneForOthers) {
  for (const DType dtype : {DType::fp32, DType::tf32, DType::bf16}) {
    EXPECT_EQ(loss_scale(dtype, Loss::cross_entropy, 64), 1.0f);
  }
  EXPECT_EQ(loss_scale(DType::fp16, Loss::cross_entropy, 64), 4096.0f);
  EXPECT_EQ(loss_scale(DType::fp16, Loss::cross_entropy, 33), 2048.0f);
  EXPECT_EQ(loss_scale(DType::fp16, Loss::ctc, 32), 16.0f);
}

}  // namespace
}  // namespace lstm::cuda
