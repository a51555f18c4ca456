// What of cuDNN's interface works without a device: descriptors, and what it says of combinations.
#include <cudnn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "cuda/cudnn/rnn.h"

namespace lstm::cuda {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const Network kNetwork{.inputs = 123, .units = 320, .layers = 4, .directions = 2, .classes = 10};

TEST(CudnnDescriptors, TakeEveryDTypeOfTheStandardAlgorithm) {
  const DropoutDescriptor dropout;
  for (const DType dtype : {DType::fp32, DType::tf32, DType::bf16, DType::fp16}) {
    const RnnDescriptor descriptor;
    EXPECT_NO_THROW(
        set(descriptor, rnn_setting(CUDNN_RNN_ALGO_STANDARD, dtype), kNetwork, dropout.get(), true))
        << name(dtype);
    cudnnRNNAlgo_t algorithm{};
    cudnnRNNMode_t mode{};
    cudnnRNNBiasMode_t bias{};
    cudnnDirectionMode_t direction{};
    cudnnRNNInputMode_t input{};
    cudnnDataType_t type{}, precision{};
    cudnnMathType_t math{};
    std::int32_t inputs = 0, units = 0, projection = 0, layers = 0;
    cudnnDropoutDescriptor_t kept = nullptr;
    std::uint32_t flags = 1;
    ASSERT_EQ(
        cudnnGetRNNDescriptor_v8(descriptor.get(), &algorithm, &mode, &bias, &direction, &input, &type,
                                 &precision, &math, &inputs, &units, &projection, &layers, &kept, &flags),
        CUDNN_STATUS_SUCCESS);
    EXPECT_EQ(mode, CUDNN_LSTM);
    EXPECT_EQ(bias, CUDNN_RNN_DOUBLE_BIAS);
    EXPECT_EQ(direction, CUDNN_BIDIRECTIONAL);
    EXPECT_EQ(precision, CUDNN_DATA_FLOAT) << "sums are at least fp32";
    EXPECT_EQ(inputs, 123);
    EXPECT_EQ(units, 320);
    EXPECT_EQ(layers, 4);
  }
}

TEST(CudnnDescriptors, NamesWhatIsNotSupported) {
  const DropoutDescriptor dropout;
  const RnnDescriptor descriptor;
  RnnSetting setting = rnn_setting(CUDNN_RNN_ALGO_PERSIST_STATIC, DType::fp32);
  setting.type = CUDNN_DATA_INT8;
  EXPECT_THROW(set(descriptor, setting, kNetwork, dropout.get(), true), std::exception);
  EXPECT_THAT([] { check(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "trying"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("trying: CUDNN_STATUS_NOT_SUPPORTED_SHAPE")));
  EXPECT_THROW(check(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, "trying"), std::bad_alloc);
  EXPECT_THAT([] { check(CUDNN_STATUS_EXECUTION_FAILED, "trying"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("trying: CUDNN_STATUS_EXECUTION_FAILED")));
}

TEST(CudnnDescriptors, ABuildThatFailsIsNotSupported) {
  EXPECT_NO_THROW(check_build(CUDNN_STATUS_SUCCESS));
  for (const cudnnStatus_t status : {CUDNN_STATUS_NOT_SUPPORTED, CUDNN_STATUS_BAD_PARAM,
                                     CUDNN_STATUS_INTERNAL_ERROR, CUDNN_STATUS_EXECUTION_FAILED}) {
    EXPECT_THAT([&] { check_build(status); },
                ThrowsMessage<std::invalid_argument>(HasSubstr(cudnnGetErrorString(status))));
  }
  EXPECT_THROW(check_build(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED), std::bad_alloc);
}

cudnnRNNDataLayout_t layout_of(const RnnDataDescriptor& descriptor) {
  cudnnDataType_t type{};
  cudnnRNNDataLayout_t layout{};
  int steps = 0, samples = 0, vector_size = 0;
  std::array<int, 4> lengths{};
  float padding = 0;
  EXPECT_EQ(cudnnGetRNNDataDescriptor(descriptor.get(), &type, &layout, &steps, &samples, &vector_size,
                                      static_cast<int>(lengths.size()), lengths.data(), &padding),
            CUDNN_STATUS_SUCCESS);
  EXPECT_EQ(steps, 9);
  EXPECT_EQ(samples, 4);
  EXPECT_EQ(vector_size, 7);
  return layout;
}

// For every algorithm and type: rows of unequal lengths are packed, those of equal ones are not.
TEST(CudnnDescriptors, TakeLengthsPackedWhereTheyDiffer) {
  const DropoutDescriptor dropout;
  for (const cudnnRNNAlgo_t algorithm :
       {CUDNN_RNN_ALGO_STANDARD, CUDNN_RNN_ALGO_PERSIST_STATIC, CUDNN_RNN_ALGO_PERSIST_DYNAMIC,
        CUDNN_RNN_ALGO_PERSIST_STATIC_SMALL_H}) {
    for (const DType dtype : {DType::fp32, DType::bf16, DType::fp16}) {
      const RnnSetting setting = rnn_setting(algorithm, dtype);
      for (const std::vector<int>& lengths : {std::vector<int>{9, 9, 4, 1}, std::vector<int>(4, 9)}) {
        const RnnDescriptor rnn;
        const RnnDataDescriptor rows;
        const bool is_equal = lengths.back() == 9;
        EXPECT_EQ(have_one_length(lengths), is_equal);
        EXPECT_NO_THROW(set(rnn, setting, kNetwork, dropout.get(), is_equal))
            << "algorithm " << algorithm << ", " << name(dtype);
        EXPECT_NO_THROW(set(rows, setting.type, 7, lengths)) << name(dtype);
        EXPECT_EQ(layout_of(rows), is_equal ? CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_UNPACKED
                                            : CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED);
      }
    }
  }
}

}  // namespace
}  // namespace lstm::cuda
