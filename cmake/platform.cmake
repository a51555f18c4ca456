# Stops where the code cannot be compiled: kernels are written for x86-64, threads for Linux (affinity, futexes), both with
# extensions of GCC and Clang.
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux" OR NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64)$"
   OR NOT CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  message(FATAL_ERROR
    "lstmbench needs x86-64 Linux and GCC or Clang, got ${CMAKE_SYSTEM_PROCESSOR} ${CMAKE_SYSTEM_NAME} and "
    "${CMAKE_CXX_COMPILER_ID}. On another machine, build it in a container or virtual machine of that kind.")
endif()
