// kernels.h: what a kernel is given, and the table of kernels of one
// instruction set.
//
// Kernels know pointers and sizes, nothing of Python. Steps and strides count
// elements.
#pragma once

#include <cstdint>

namespace tatami {

enum class Binary { add, sub, mul, div, maximum, minimum, count };
enum class Unary {
  neg,
  abs,
  square,
  sqrt,
  rsqrt,
  reciprocal,
  relu,
  exp,
  log,
  tanh,
  sigmoid,
  erf,
  count
};
enum class Reduction { sum, amax, amin, count };

/// What becomes of an element on its way out of a kernel.
enum class Activation { none, relu };

/// out = activation(alpha * (a @ b) + bias + old out), set to 0 where the mask
/// is not above 0, for a (M, K), b (K, N) and out (M, N).
template <class T>
struct MatrixProduct {
  long M, N, K;
  const T* a;
  long a_row, a_column;
  const T* b;
  long b_row, b_column;
  T* out;
  long out_row;
  T alpha;
  bool accumulate;        // add what out holds
  const T* bias;          // (N), added to each row; may be null
  Activation activation;  // before the mask
  const T* mask;          // laid out as out; NaN counts as above 0; may be null
};

/// The geometry of a convolution over planes; one dimension is a plane of
/// height 1.
struct Convolution {
  long N, C, O, groups;
  long input[2], output[2], kernel[2], stride[2], padding[2], dilation[2];
  Activation activation = Activation::none;  // of the convolution itself
};

/// The geometry of pooling over `planes` planes.
struct Pooling {
  long planes;
  long input[2], output[2], kernel[2], stride[2], padding[2], dilation[2];
  bool count_include_pad;
  long divisor;  // 0 if the size of the window divides
};

/// Max pooling in windows that lie side by side.
struct Tiling {
  long planes;
  long input[2], output[2], pool[2];
};

// The code of such a window says which tap is the largest, the first of several
// counting; with kClosed, that it is not positive, so that a relu lets nothing
// through. Windows have less than kClosed taps.
constexpr uint8_t kClosed = 128;

/// The geometry of convolution, relu and max pooling in one: the convolution
/// moves by 1 and has one group, the windows of the pooling lie side by side.
struct ConvolutionPool {
  long N, C, O;
  long input[2], output[2], kernel[2], padding[2], pool[2];
  bool relu;
};

template <class T>
struct ConvolutionMaxPool {
  ConvolutionPool shape;
  const T *x, *weight;
  const T* bias;  // null without
  T* out;
  uint8_t* code;  // null if nobody asks
};

template <class T>
struct ConvolutionMaxPoolGrad {
  ConvolutionPool shape;
  const T* grad_output;
  const uint8_t* code;
  const T* x;
  const T* weight;  // null if nobody asks for grad_input
  T* grad_input;
  T* grad_weight;
  T* grad_bias;  // null if nobody asks
};

/// One parameter of an SGD step, and the constants of its group.
template <class T>
struct SgdStep {
  T* param;
  const T* grad;
  T* buffer;  // null without momentum
  long count;
  bool first, nesterov, maximize;
  T lr, momentum, undampened, weight_decay;
};

/// The same for a gradient that is a product: that of element j of row i is the
/// sum over k < depth of a[i, k] * b[k, j], where depth is from 1 to
/// kProductDepth.
constexpr long kProductDepth = 4;

template <class T>
struct SgdProductStep : SgdStep<T> {
  const T* a;
  long a_row, a_column;
  const T* b;
  long b_row;
  long rows, columns, depth;
};

/// One parameter of an Adam step; the constants are those of the formula as
/// PyTorch evaluates it: param -= step_size * exp_avg / (sqrt(exp_avg_sq) /
/// correction + eps).
template <class T>
struct AdamStep {
  T* param;
  const T* grad;
  T* exp_avg;
  T* exp_avg_sq;
  T* max_exp_avg_sq;  // null without amsgrad
  long count;
  bool maximize;
  T shrink;        // 1 - lr * weight_decay if decoupled, else 1
  T weight_decay;  // 0 if decoupled
  T one_minus_beta1, beta2, one_minus_beta2, step_size, correction, eps;
};

/// What the steps of one parameter have in common that scale each element by
/// its own history.
template <class T>
struct ScaledStep {
  T* param;
  const T* grad;
  T* state[3];  // like the parameter; null what a step does not have
  long count;
  bool maximize;
  T shrink;        // 1 - lr * weight_decay if decoupled, else 1
  T weight_decay;  // 0 if decoupled
  T eps;
};

/// The weight of a new value in an average, and that of the old one.
template <class T>
struct Blend {
  T value, average;
};

/// state: square_avg, grad_avg (null unless centred), buffer (null without
/// momentum).
template <class T>
struct RmspropStep : ScaledStep<T> {
  Blend<T> square, mean;
  T lr, momentum;
};

/// state: sum.
template <class T>
struct AdagradStep : ScaledStep<T> {
  T rate;
};

/// state: square_avg, acc_delta.
template <class T>
struct AdadeltaStep : ScaledStep<T> {
  Blend<T> square;
  T lr;
};

/// state: exp_avg, exp_inf.
template <class T>
struct AdamaxStep : ScaledStep<T> {
  Blend<T> mean;
  T beta2, rate;
};

/// state: exp_avg, exp_avg_sq; the gradient and its average have a rate each.
template <class T>
struct NadamStep : ScaledStep<T> {
  Blend<T> mean, square;
  T correction, grad_rate, mean_rate;
};

/// state: exp_avg, exp_avg_sq; early steps are not adaptive.
template <class T>
struct RadamStep : ScaledStep<T> {
  Blend<T> mean, square;
  T rate;
  bool adaptive;
};

/// A Mersenne Twister, as NumPy lays it out.
struct Twister {
  static constexpr int kWords = 624;
  uint32_t key[kWords];
  int used;  // how many words of the key were drawn
};

/// A matrix for each of `outer` samples: `columns` classes, `inner` places.
struct Classes {
  long outer, columns, inner;
};

enum class Share { none, mean, sum };

/// How losses of classes are weighed and joined.
struct Weighing {
  Classes shape;
  int64_t ignored;  // a target that does not count
  Share share;
};

/// Elements (N, C, L): channels that are normalised over N and L; or, with C 1,
/// rows that are normalised over L.
struct Planes {
  long N, C, L;
};

/// out = (x - mean) * scale * weight + bias, with weight and bias (C), or (L)
/// of rows; mean, variance and scale (C), or (N) of rows.
template <class T>
struct Norm {
  Planes shape;
  const T* x;
  const T* weight;  // null is 1
  const T* bias;    // null is 0
  T eps;            // scale = 1 / sqrt(variance + eps)
  T *out, *mean, *variance, *scale;
};

/// The way back.
template <class T>
struct NormGrad {
  Planes shape;
  const T *grad, *x;
  const T* weight;  // null is 1
  const T *mean, *scale;
  T *grad_x, *grad_weight, *grad_bias;
};

/// The kernels for one element type.
template <class T>
struct Kernels {
  /// A step of 0 repeats the first element, a step of 1 walks.
  void (*binary[int(Binary::count)])(const T* a, long a_step, const T* b,
                                     long b_step, T* out, long count);
  void (*unary[int(Unary::count)])(const T* x, T* out, long count);
  void (*threshold_backward)(const T* grad, const T* x, T threshold, T* out,
                             long count);
  /// x (outer, inner) -> out (inner), over the outer or the inner dimension.
  void (*reduce_rows[int(Reduction::count)])(const T* x, long rows,
                                             long columns, T* out);
  void (*reduce_columns[int(Reduction::count)])(const T* x, long rows,
                                                long columns, T* out);
  void (*softmax)(const T* x, T* out, long rows, long columns);
  void (*log_softmax)(const T* x, T* out, long rows, long columns);
  /// The ways back through softmax and log_softmax, from their results.
  void (*softmax_grad)(const T* grad, const T* result, T* out, long rows,
                       long columns);
  void (*log_softmax_grad)(const T* grad, const T* result, T* out, long rows,
                           long columns);
  /// False if a target is not one of the classes. `weight` may be null.
  bool (*nll_loss)(const Weighing& how, const T* x, const int64_t* target,
                   const T* weight, T* losses, T* total);
  bool (*nll_loss_grad)(const Weighing& how, const T* grad,
                        const int64_t* target, const T* weight, const T* total,
                        T* out);
  /// Over channels [begin, end), or rows, or columns.
  void (*batch_norm)(const Norm<T>& norm, long begin, long end);
  void (*batch_norm_grad)(const NormGrad<T>& norm, long begin, long end);
  void (*layer_norm)(const Norm<T>& norm, long begin, long end);
  void (*layer_norm_grad)(const NormGrad<T>& norm, long begin, long end);
  void (*layer_norm_grad_affine)(const NormGrad<T>& norm, long begin, long end);
  /// out = x * weight + bias alone, over samples.
  void (*channel_affine)(const Norm<T>& norm, long begin, long end);
  /// Draw a one where the next 53-bit unit is below the limit.
  void (*bernoulli)(Twister* twister, int64_t limit, T* out, long count);
  /// The same with `kept` for one; out is x times that.
  void (*dropout)(Twister* twister, int64_t limit, T kept, const T* x, T* out,
                  T* mask, long count);
  void (*uniform)(Twister* twister, T low, T high, T* out, long count);
  void (*matmul)(const MatrixProduct<T>& product);
  void (*convolution)(const Convolution& shape, const T* x, const T* weight,
                      const T* bias, T* out);
  void (*convolution_grad_input)(const Convolution& shape, const T* grad_output,
                                 const T* weight, T* out);
  void (*convolution_grad_weight)(const Convolution& shape,
                                  const T* grad_output, const T* x, T* out);
  void (*max_pool)(const Pooling& shape, const T* x, T* out, int64_t* indices);
  /// False, and nothing written, if an index is out of range.
  bool (*max_pool_grad)(const T* grad_output, const int64_t* indices, T* out,
                        long planes, long outputs, long area);
  void (*max_pool_tiles)(const Tiling& shape, const T* x, T* out,
                         uint8_t* code);
  /// False, and nothing written, if a code is not that of a tap.
  bool (*max_pool_tiles_grad)(const Tiling& shape, const T* grad_output,
                              const uint8_t* code, T* out);
  void (*avg_pool)(const Pooling& shape, const T* x, T* out);
  void (*avg_pool_grad)(const Pooling& shape, const T* grad_output, T* out);
  /// The code is 255 where relu closed a window.
  void (*convolution_max_pool)(const ConvolutionMaxPool<T>& call);
  /// False, and nothing written, if a code is not that of a tap, nor 255 with
  /// relu.
  bool (*convolution_max_pool_grad)(const ConvolutionMaxPoolGrad<T>& call);
  void (*sgd_step)(const SgdStep<T>& step);
  void (*sgd_product_step)(const SgdProductStep<T>& step);
  void (*adam_step)(const AdamStep<T>& step);
  void (*rmsprop_step)(const RmspropStep<T>& step);
  void (*adagrad_step)(const AdagradStep<T>& step);
  void (*adadelta_step)(const AdadeltaStep<T>& step);
  void (*adamax_step)(const AdamaxStep<T>& step);
  void (*nadam_step)(const NadamStep<T>& step);
  void (*radam_step)(const RadamStep<T>& step);
  /// Multiply and add in registers only: returns the operations, writes a
  /// vector.
  double (*multiply_add)(long repeats, T* out);
};

struct KernelTable {
  const char* instruction_set;
  Kernels<float> float32;
  Kernels<double> float64;

  template <class T>
  const Kernels<T>& of() const;
};

template <>
inline const Kernels<float>& KernelTable::of<float>() const {
  return float32;
}
template <>
inline const Kernels<double>& KernelTable::of<double>() const {
  return float64;
}

/// The table for the widest instruction set this machine has, or for the one
/// that the environment variable TATAMI_ISA names.
const KernelTable& kernels();

}  // namespace tatami
