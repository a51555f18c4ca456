#include "peers/asked_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace lstmbench {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string one(const std::string& text) {
  const AskedVersion asked = parse_asked_version(text);
  return label(*asked.library, asked.version);
}

std::vector<std::string> all(const std::vector<std::string>& lists) {
  std::vector<std::string> result;
  for (const auto& [library, version] : parse_asked_versions(lists))
    result.push_back(label(*library, version));
  return result;
}

template <typename Function>
std::string error_of(Function parse) {
  try {
    parse();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(AskedVersion, NamesALibraryAndItsVersion) {
  EXPECT_EQ(one("torch==2.0.1"), "torch 2.0.1");
  EXPECT_EQ(one("jax=0.9.0"), "jax 0.9.0");
  EXPECT_EQ(one("2.0.1"), "torch 2.0.1");
  EXPECT_EQ(one("tensorflow"), "tensorflow");
}

TEST(AskedVersion, OfAnotherLibraryNamesThoseThatThereAre) {
  EXPECT_THAT(error_of([] { one("keras==3.0"); }),
              AllOf(HasSubstr("'keras'"), HasSubstr("there are torch, jax, tensorflow"),
                    Not(HasSubstr("did you mean"))));
  EXPECT_THAT(error_of([] { one("tensorflw"); }), HasSubstr("did you mean 'tensorflow'?"));
  EXPECT_THAT(error_of([] { one("pytorch==2.0.1"); }), HasSubstr("did you mean 'torch'?"));
  EXPECT_THAT(error_of([] { one("torch=="); }), HasSubstr("'torch==' has no version"));
  EXPECT_THAT(error_of([] { one(""); }), HasSubstr("which library?"));
}

TEST(AskedVersions, WithoutANameBelongToTheLibraryNamedBefore) {
  EXPECT_THAT(all({"torch=1.12.1,2.0.1,jax=0.9.0,0.10.2"}),
              ElementsAre("torch 1.12.1", "torch 2.0.1", "jax 0.9.0", "jax 0.10.2"));
  EXPECT_THAT(all({"1.12.1,jax==0.9.0"}), ElementsAre("torch 1.12.1", "jax 0.9.0"));
  EXPECT_THAT(all({"jax=0.9.0", "0.10.2"}), ElementsAre("jax 0.9.0", "jax 0.10.2"));
  EXPECT_THAT(all({}), IsEmpty());
}

TEST(AskedVersions, ThatNobodyCanMeanAreRefused) {
  for (const auto& [list, part] : std::vector<std::pair<std::string, std::string>>{
           {"", "a version is empty"},
           {"torch=1.0.0,", "a version is empty"},
           {"torch=1.0.0,,jax=0.9.0", "a version is empty"},
           {"torch=1.0.0,jax", "'jax' needs a version: jax=VERSION"},
           {"jax=", "'jax=' has no version"},
           {"torch=1.0.0, 2.0.1", "' 2.0.1' is no version of torch"},
           {"jax=../x", "'../x' is no version of jax"},
           {"=1.0.0", "unknown library ''"},
           {"keras=3.0", "unknown library 'keras'"}})
    EXPECT_THAT(error_of([&] { all({list}); }), HasSubstr(part)) << list;
}

}  // namespace
}  // namespace lstmbench
