// Names of tests that run over a list of names.
#pragma once

#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace lineas::testing {

/// The parameter (a name) with what a test's name may not hold as "_".
template <typename Name>
std::string test_name(const ::testing::TestParamInfo<Name>& info) {
  std::string name = info.param;
  for (char& letter : name)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  return name;
}

}  // namespace lineas::testing
