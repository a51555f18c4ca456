/* A C interface to the fastest engine for CPUs ("sequence") as a stack of LSTM layers without a head: what a
 * program in another language needs to make it a layer of its networks. The shared library liblstm_c has it.
 *
 * Sizes: N samples, T time steps, C inputs, H units, L layers, D directions (1, or 2: forward and reverse).
 * All arrays are row-major and contiguous, of 32-bit floats.
 *
 * Parameter tensors come in this order: for each layer, for each direction: W (4H, C, or D*H from the second
 * layer on), R (4H, H), b_W (4H), b_R (4H): L * D * 4 tensors. Gates are in the order i, f, g, o. In the
 * words of torch.nn.LSTM: weight_ih, weight_hh, bias_ih, bias_hh.
 *
 * Functions that return an int return an lstm_status. A layer may be used by one thread at a time. */
#ifndef LSTM_C_H
#define LSTM_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LSTM_C_API __attribute__((visibility("default")))

/* Changes whenever something below is no longer what it was. */
#define LSTM_C_VERSION 2

typedef enum lstm_status {
  LSTM_OK = 0,
  LSTM_INVALID_ARGUMENT = 1, /* a size, a name or the order of the calls */
  LSTM_OUT_OF_MEMORY = 2,
  LSTM_FAILED = 3 /* anything else */
} lstm_status;

/* Where arrays with a row for each step of each sample have that row. */
typedef enum lstm_row_order {
  LSTM_ROWS_BY_SAMPLE = 0, /* (N, T, ...), as torch.nn.LSTM with batch_first */
  LSTM_ROWS_BY_STEP = 1,   /* (T, N, ...) */
  /* (sum of lengths, ...): step after step those samples that still run, as the data of a PackedSequence of
   * PyTorch. Lengths descend from sample to sample. */
  LSTM_ROWS_PACKED = 2
} lstm_row_order;

typedef struct lstm_layer lstm_layer;

/* Threads that the program has already, as those of OpenMP, for a layer to compute with. Threads of its own
 * would be in the way of others that spin while they have nothing to do. All three are there. */
typedef struct lstm_parallel_region {
  /* Calls body(data) on each of `threads` threads at once, the caller among them, and returns when all have
   * returned; flags are 0. GOMP_parallel of the OpenMP runtimes of GCC and LLVM does. Where it has fewer
   * threads, the layer uses its own. */
  void (*run)(void (*body)(void*), void* data, unsigned threads, unsigned flags);
  int (*count)(void); /* within run(): how many threads there are (omp_get_num_threads) */
  int (*index)(void); /* and which of them is this one, 0 the caller (omp_get_thread_num) */
} lstm_parallel_region;

typedef struct lstm_layer_settings {
  int inputs;          /* C */
  int units;           /* H */
  int layers;          /* L */
  int directions;      /* D */
  int samples;         /* the largest N of a batch */
  int time_steps;      /* the largest T */
  int total_steps;     /* the largest sum of a batch's lengths, which memory is taken for; 0: N * T */
  int threads;         /* at least 1 */
  int input_gradients; /* nonzero: backward can give the gradients of x, for one more product */
  const char* dtype;   /* of the operands of products, one of lstm_dtypes() */
  const lstm_parallel_region* region; /* which is copied; NULL: threads of the layer's own */
} lstm_layer_settings;

typedef struct lstm_layer_batch {
  int samples;            /* N */
  int time_steps;         /* T */
  const float* x;         /* (N, T, C), or as order says; what lies behind a sample's length is never read */
  const int32_t* lengths; /* (N) in 1..T; NULL: all T */
  const float* initial_h; /* (L * D, N, H), as h_0 and c_0 of torch.nn.LSTM; both NULL: zeros */
  const float* initial_c;
  int order; /* of the rows of x, outputs and their gradients: one of lstm_row_order */
} lstm_layer_batch;

/* LSTM_C_VERSION of the library, to compare with that of this header. */
LSTM_C_API int lstm_c_version(void);

/* Why the calling thread's last call failed, until its next one fails; "" where none has. */
LSTM_C_API const char* lstm_error(void);

/* What lstm_layer_settings.dtype may be, separated by commas: "fp32,bf16,bf16x3". */
LSTM_C_API const char* lstm_dtypes(void);

/* Takes all memory; its parameters are unspecified. LSTM_ISA, LSTM_SPLIT and LSTM_PIN are read from the
 * environment (EngineOptions in lstm/engine.h), but threads are bound to CPUs with LSTM_PIN=always only.
 * `layer` is written where the result is LSTM_OK. */
LSTM_C_API int lstm_layer_create(const lstm_layer_settings* settings, lstm_layer** layer);

/* Not in a child of fork(), which does not have the layer's threads. NULL is ignored. */
LSTM_C_API void lstm_layer_destroy(lstm_layer* layer);

/* The kernels, threads and so on that were chosen, for people; lives as long as the layer. */
LSTM_C_API const char* lstm_layer_description(const lstm_layer* layer);

/* Memory that the layer holds besides its parameters. */
LSTM_C_API size_t lstm_layer_workspace_bytes(const lstm_layer* layer);

/* Copies all parameters. `count` is L * D * 4; a tensor that is NULL counts as zeros. */
LSTM_C_API int lstm_layer_set_parameters(lstm_layer* layer, const float* const* tensors, size_t count);

/* Writes the outputs, (N, T, D*H) or as order says, zeros behind each sample's length, and the states that
 * the samples end in, (L * D, N, H) each, which may both be NULL. The caller keeps x, unchanged, until
 * backward has returned or another forward begins. */
LSTM_C_API int lstm_layer_forward(lstm_layer* layer, const lstm_layer_batch* batch, float* outputs,
                                  float* final_h, float* final_c);

/* What backward starts from: gradients of what forward has written, in the same shapes; NULL: zeros. */
typedef struct lstm_layer_output_gradients {
  const float* outputs; /* behind a sample's length they are ignored */
  const float* final_h;
  const float* final_c;
} lstm_layer_output_gradients;

/* What backward writes: gradients of what forward was given, in the same shapes; NULL: not wanted. */
typedef struct lstm_layer_input_gradients {
  float* x;         /* zeros behind each sample's length; needs lstm_layer_settings.input_gradients */
  float* initial_h; /* both or neither, and only of a batch that has initial states */
  float* initial_c;
  float* const* parameters; /* `count` tensors, each of which may be NULL, or NULL */
  size_t count;             /* L * D * 4, or 0 */
} lstm_layer_input_gradients;

/* Once for each forward. */
LSTM_C_API int lstm_layer_backward(lstm_layer* layer, const lstm_layer_output_gradients* from,
                                   const lstm_layer_input_gradients* to);

#ifdef __cplusplus
}
#endif

#endif
