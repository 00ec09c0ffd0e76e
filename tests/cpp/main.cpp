// SPDX-License-Identifier: Apache-2.0
// Entry point of the C++ tests; the cases are in test_<header>.cpp.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
