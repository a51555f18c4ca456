# Compiler settings of every target: warnings, assertions, sanitizers, ccache, and the flags of one instruction set.

# Whoever has named launchers, on the command line or in a project around this one, keeps them; an empty name is none.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  # Paths as seen from the source folder, so that presets that compile alike, and clones, share what is kept.
  set(ccache_settings CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1)
  if(LSTM_PRECOMPILE_HEADERS)  # what ccache asks for before it keeps what includes one
    list(APPEND ccache_settings CCACHE_SLOPPINESS=pch_defines,time_macros)
  endif()
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env ${ccache_settings} ${CCACHE_PROGRAM})
endif()
if(CCACHE_PROGRAM AND NOT DEFINED CMAKE_CUDA_COMPILER_LAUNCHER)
  set(CMAKE_CUDA_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# lstm_precompile_headers(TARGET HEADER...): where headers are to be precompiled. What a target includes of them it need not
# name any more, so a build without must show that it does.
function(lstm_precompile_headers target)
  if(LSTM_PRECOMPILE_HEADERS)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    # For ccache. Only here: with this flag it finds nothing that was compiled with another search path, and of what has no
    # precompiled headers most is the same with and without CUDA's.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fpch-preprocess>)
  endif()
endfunction()

# nvcc's own output is not pedantic C++, and it takes GCC's flags behind -Xcompiler only.
add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wall> $<$<COMPILE_LANGUAGE:CXX>:-Wextra> $<$<COMPILE_LANGUAGE:CXX>:-Wpedantic>
                    $<$<COMPILE_LANGUAGE:CXX>:-Wshadow> $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
                    $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wall,-Wextra,-Wshadow>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)  # false alarms in std::string's operator+ at -O3 (GCC bug 105651)
endif()
if(LSTM_WARNINGS_AS_ERRORS)
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Werror> "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-Werror all-warnings>")
endif()
if(LSTM_ASSERTIONS)
  add_compile_options(-UNDEBUG)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()
if(LSTM_SANITIZE)
  # Instrumented code takes minutes to compile, and less the less it is optimised; the library gets more below src/lstm.
  add_compile_options(-fsanitize=${LSTM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O0 -g1)
  if(LSTM_SANITIZE MATCHES "address")  # which finds null pointers, too; the others look at each access to a member
    add_compile_options(-fno-sanitize=null,object-size,vptr)
  endif()
  add_link_options(-fsanitize=${LSTM_SANITIZE})
endif()

# The last part of a kernel file's name says which instruction set it is compiled for; no other file gets such flags.
# Numerics are the same everywhere: products are contracted only where a kernel says so by an intrinsic.
function(lstm_set_instruction_set_flags)
  # GCC 12 takes the undefined operands inside its own AVX-512 intrinsics for a mistake (GCC bug 105593).
  set(no_false_alarms $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized> $<$<CXX_COMPILER_ID:GNU>:-Wno-uninitialized>)
  foreach(source IN LISTS ARGN)
    # UndefinedBehaviorSanitizer makes code of this size that compiles for minutes; AddressSanitizer stays.
    if(LSTM_SANITIZE MATCHES "address" AND source MATCHES "kernels/(sequence/sequence_|sequence_bf16/sequence_bf16_avx(2|512)\\.)")
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=undefined -g0)
    endif()
    if(source MATCHES "_avx2\\.cpp$")
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -mavx2 -mfma)
    elseif(source MATCHES "_avx512\\.cpp$")
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS
        -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx2 -mfma -mprefer-vector-width=512 ${no_false_alarms})
    elseif(source MATCHES "_avx512bf16\\.cpp$")
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS
        -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 -mavx2 -mfma -mprefer-vector-width=512 ${no_false_alarms})
    elseif(source MATCHES "_amx\\.cpp$")
      set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS
        -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 -mamx-tile -mamx-bf16 -mavx2 -mfma
        -mprefer-vector-width=512 ${no_false_alarms})
    endif()
  endforeach()
endfunction()
