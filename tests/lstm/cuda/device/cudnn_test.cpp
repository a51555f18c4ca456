// What of cuDNN's interface works without a device: descriptors, and what it says of combinations.
#include <cudnn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    EXPECT_NO_THROW(set(descriptor, rnn_setting(CUDNN_RNN_ALGO_STANDARD, dtype), kNetwork, dropout.get()))
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
  EXPECT_THROW(set(descriptor, setting, kNetwork, dropout.get()), std::exception);
  EXPECT_THAT([] { check(CUDNN_STATUS_NOT_SUPPORTED_SHAPE, "trying"); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("trying: CUDNN_STATUS_NOT_SUPPORTED_SHAPE")));
  EXPECT_THROW(check(CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED, "trying"), std::bad_alloc);
  EXPECT_THAT([] { check(CUDNN_STATUS_EXECUTION_FAILED, "trying"); },
              ThrowsMessage<std::runtime_error>(HasSubstr("trying: CUDNN_STATUS_EXECUTION_FAILED")));
}

TEST(CudnnDescriptors, TakePackedLengths) {
  const RnnDataDescriptor descriptor;
  const std::vector<int> lengths{9, 9, 4, 1};
  EXPECT_EQ(
      cudnnSetRNNDataDescriptor(descriptor.get(), CUDNN_DATA_FLOAT, CUDNN_RNN_DATA_LAYOUT_SEQ_MAJOR_PACKED, 9,
                                4, 7, lengths.data(), nullptr),
      CUDNN_STATUS_SUCCESS);
}

}  // namespace
}  // namespace lstm::cuda
