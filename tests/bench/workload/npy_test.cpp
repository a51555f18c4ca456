#include "workload/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "temporary_directory.h"

namespace lstmbench {
namespace {

using testing::HasSubstr;

std::string file_with(const TemporaryDirectory& directory, const std::string& bytes) {
  const std::string file = directory / "array.npy";
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

std::string npy(const std::string& header, const std::string& data, char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += version;
  bytes += '\0';
  bytes += static_cast<char>(header.size() % 256);
  bytes += static_cast<char>(header.size() / 256);
  if (version > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

std::string message_of(const std::string& file) {
  try {
    read_npy(file);
    return "it was read";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(Npy, WhatIsWrittenIsRead) {
  const TemporaryDirectory directory;
  const std::vector<float> values = {1.5f, -2.25f, 3e-40f, 4, 5, 6};
  const std::size_t shape[] = {2, 3};
  write_npy(directory / "a.npy", values, shape);
  const NpyArray array = read_npy(directory / "a.npy");
  EXPECT_EQ(array.dtype, "<f4");
  EXPECT_EQ(array.shape, (std::vector<std::size_t>{2, 3}));
  EXPECT_EQ(array.values, std::vector<double>(values.begin(), values.end()));
  EXPECT_EQ((std::filesystem::file_size(directory / "a.npy") - values.size() * 4) % 64, 0u);
}

TEST(Npy, Float64AndEveryVersionAndAnyOrderOfKeys) {
  const TemporaryDirectory directory;
  const double value = 0.1;
  const std::string data(reinterpret_cast<const char*>(&value), sizeof value);
  for (const char version : {1, 2, 3}) {
    const NpyArray array = read_npy(
        file_with(directory, npy("{'shape':(1,),'fortran_order': True, 'descr':'<f8'}\n", data, version)));
    EXPECT_EQ(array.values, std::vector<double>{0.1});
    EXPECT_EQ(array.shape, std::vector<std::size_t>{1});
  }
  EXPECT_TRUE(
      read_npy(file_with(directory, npy("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", data)))
          .shape.empty());
}

TEST(Npy, ErrorsNameTheFileAndTheFault) {
  const TemporaryDirectory directory;
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
  EXPECT_THAT(message_of(directory / "missing.npy"), HasSubstr("missing.npy: no such file"));
  EXPECT_THAT(message_of(directory.path()), HasSubstr("not a regular file"));
  EXPECT_THAT(message_of(file_with(directory, "")), HasSubstr("not an .npy file"));
  EXPECT_THAT(message_of(file_with(directory, "PK\x03\x04 something else")), HasSubstr("not an .npy file"));
  EXPECT_THAT(message_of(file_with(directory, npy(good, "1234567"))),
              HasSubstr("holds 7 bytes of data, but shape (2,) needs 8"));
  EXPECT_THAT(message_of(file_with(directory, npy(good, "123456789"))), HasSubstr("holds 9 bytes"));
  EXPECT_THAT(message_of(file_with(directory, npy(good, "").substr(0, 40))),
              HasSubstr("ends inside its header"));
  EXPECT_THAT(message_of(file_with(directory, npy("{'descr': '<i4', 'shape': (2,)}", "12345678"))),
              HasSubstr("its dtype is '<i4', expected '<f4' or '<f8'"));
  EXPECT_THAT(message_of(file_with(directory, npy("{'shape': (2,)}", "12345678"))), HasSubstr("no 'descr'"));
  EXPECT_THAT(message_of(file_with(
                  directory, npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1)}", "12345678"))),
              HasSubstr("Fortran order"));
  EXPECT_THAT(
      message_of(file_with(directory, npy("{'descr': '<f4', 'shape': (99999999999999999999,)}", "12345678"))),
      HasSubstr("shape is too large"));
  EXPECT_THAT(
      message_of(file_with(
          directory, npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2000000000, 2000000000)}", ""))),
      HasSubstr("holds 0 bytes"));
  EXPECT_THAT(message_of(file_with(directory, npy("{'descr': '<f4', 'shape': (two,)}", "12345678"))),
              HasSubstr("not a tuple of numbers"));
  EXPECT_THAT(message_of(file_with(directory, npy("{'descr': '<f4', 'shape': (2", "12345678"))),
              HasSubstr("does not end"));
  EXPECT_THAT(message_of(file_with(directory, npy("{'descr': '<f4', 'shape': ,}", "12345678"))),
              HasSubstr("no shape"));
}

TEST(Npy, EveryTruncationIsAnError) {
  const TemporaryDirectory directory;
  const std::vector<float> values = {1, 2};
  const std::size_t shape[] = {2};
  write_npy(directory / "whole.npy", values, shape);
  std::ifstream in(directory / "whole.npy", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_NE(message_of(file_with(directory, bytes.substr(0, size))), "it was read") << size;
}

}  // namespace
}  // namespace lstmbench
