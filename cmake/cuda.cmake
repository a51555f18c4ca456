# What the engines for NVIDIA GPUs are built with: the CUDA toolkit (nvcc, cuBLAS) and cuDNN 9. Stops with what is missing.
# No GPU is needed. -DCMAKE_CUDA_COMPILER=.../bin/nvcc and -DCUDNN_ROOT=PREFIX say where they are.

# Ampere, Hopper, and as PTX whatever comes after.
if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 80-real 90)
endif()

include(CheckLanguage)
if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX} AND EXISTS /usr/local/cuda/bin/nvcc)
  set(CMAKE_CUDA_COMPILER /usr/local/cuda/bin/nvcc)  # where NVIDIA's packages put it, mostly without a PATH
endif()
check_language(CUDA)
if(NOT CMAKE_CUDA_COMPILER)
  message(FATAL_ERROR
    "LSTM_CUDA is ON, but no nvcc was found in PATH or /usr/local/cuda. Install the CUDA toolkit (12.4 or newer), or name "
    "its compiler with -DCMAKE_CUDA_COMPILER=.../bin/nvcc, or configure with -DLSTM_CUDA=OFF (docs/cuda.md).")
endif()
enable_language(CUDA)
set(CMAKE_CUDA_STANDARD 20)
set(CMAKE_CUDA_STANDARD_REQUIRED ON)
set(CMAKE_CUDA_EXTENSIONS OFF)
if(NOT DEFINED CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # nvcc knows C++20 since 12.0, CMake's table of its flags since 3.26
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.4)
  message(FATAL_ERROR "The CUDA toolkit at ${CMAKE_CUDA_COMPILER} is ${CMAKE_CUDA_COMPILER_VERSION}, expected 12.4 or newer.")
endif()
find_package(CUDAToolkit REQUIRED)

set(CUDNN_ROOT "" CACHE PATH "Prefix of a cuDNN 9 installation; empty: the CUDA toolkit's and the system's folders")
find_path(CUDNN_INCLUDE cudnn.h HINTS ${CUDNN_ROOT}/include ${CUDAToolkit_INCLUDE_DIRS}
          PATH_SUFFIXES "" cudnn x86_64-linux-gnu)
find_library(CUDNN_LIBRARY NAMES cudnn libcudnn.so.9 HINTS ${CUDNN_ROOT}/lib ${CUDNN_ROOT}/lib64 ${CUDAToolkit_LIBRARY_DIR})
foreach(what CUDNN_INCLUDE CUDNN_LIBRARY)
  if(NOT ${what})
    message(FATAL_ERROR
      "LSTM_CUDA is ON, but cuDNN's ${what} was not found beside the CUDA toolkit (${CUDAToolkit_ROOT_DIR}) or in the system. "
      "Install cuDNN 9, or name its prefix with -DCUDNN_ROOT=..., or configure with -DLSTM_CUDA=OFF (docs/cuda.md).")
  endif()
endforeach()
file(STRINGS ${CUDNN_INCLUDE}/cudnn_version.h is_cudnn_9 REGEX "define CUDNN_MAJOR +9")
if(NOT is_cudnn_9)
  message(FATAL_ERROR "The cuDNN in ${CUDNN_INCLUDE} is not version 9; name another with -DCUDNN_ROOT=... (docs/cuda.md).")
endif()
