// conv_pool.cpp: convolution, bias, relu and max pooling in one pass.
//
// Only what the pooling looks at is computed. With windows of 2 x 2 all four
// sums of a window stay in registers until the largest is known. Lanes are
// either output channels or neighbouring windows, whichever leaves fewer idle.
// Other windows take a plainer way. Tried: transformed patches with 16 products
// instead of 36 take as long with 6 channels and twice as long with 64.
#include "../parallel.h"
#include "conv_pool_tile.h"

namespace tatami::TATAMI_ISA {
namespace {

// One call.

enum class Way { channels, windows, any };

template <class T>
struct Job {
  const ConvolutionMaxPool<T>& call;
  Way way;
  Taps taps;
  const int32_t* windows;  // if lanes are channels
  const T* weight;         // packed, if lanes are channels
  const T* bias;           // zeros if there is none
  T limit;
  T weight_size;       // how much a sum can be larger than an element
  long height, width;  // of a padded image
  long blocks;         // parts of the channels
  bool padded() const {
    return call.shape.padding[0] != 0 || call.shape.padding[1] != 0;
  }
  long outputs() const { return call.shape.output[0] * call.shape.output[1]; }
  long half() const { return (width + 1) / 2; }
  long image_row() const { return way == Way::windows ? 2 * half() : width; }
  long image_size() const { return call.shape.C * height * image_row(); }
};

constexpr long kBlockVectors = 2;

template <class T>
constexpr long kBlockChannels = kBlockVectors * kLanes<T>;

/// Idle lanes decide; sorting columns costs a little.
template <class T>
Way way_of(const ConvolutionPool& shape) {
  if (shape.pool[0] != 2 || shape.pool[1] != 2) return Way::any;
  long channels = round_up(shape.O, kLanes<T>) * shape.output[1];
  long windows = shape.O * round_up(shape.output[1], kLanes<T>);
  return windows + windows / 16 < channels ? Way::windows : Way::channels;
}

template <class T>
void split_row(const T* source, long count, T* even, T* odd) {
  constexpr long kLength = kLanes<T>;
  long x = 0;
  for (; x + 2 * kLength <= count; x += 2 * kLength) {
    Vector<T> first = load(source + x), second = load(source + x + kLength);
    separate<T>(first, second);
    store(even + x / 2, first);
    store(odd + x / 2, second);
  }
  for (; x + 1 < count; x += 2) {
    even[x / 2] = source[x];
    odd[x / 2] = source[x + 1];
  }
  if (x < count) even[x / 2] = source[x];
}

/// Copy one sample into its padded image, whose border is zero already.
template <class T>
void fill_image(const Job<T>& job, const T* source, T* image) {
  const ConvolutionPool& shape = job.call.shape;
  const long row = job.image_row(), left = shape.padding[1];
  for (long c = 0; c < shape.C; ++c, image += job.height * row) {
    T* line = image + shape.padding[0] * row;
    for (long y = 0; y < shape.input[0]; ++y, line += row) {
      if (job.way != Way::windows)
        __builtin_memcpy(line + left, source, shape.input[1] * sizeof(T));
      else if (left % 2 == 0)
        split_row(source, shape.input[1], line + left / 2,
                  line + job.half() + left / 2);
      else
        split_row(source, shape.input[1], line + job.half() + left / 2,
                  line + left / 2 + 1);
      source += shape.input[1];
    }
  }
}

template <class T>
void run_channel_block(const Job<T>& job, const Sheet<T>& sheet, long part,
                       T* out, uint8_t* code) {
  const ConvolutionPool& shape = job.call.shape;
  const long outputs = job.outputs(), begin = part * kBlockChannels<T>;
  const long channels = smaller(kBlockChannels<T>, shape.O - begin);
  const long vectors = (channels + kLanes<T> - 1) / kLanes<T>;
  const long size = outputs * vectors * kLanes<T>;
  T* values = scratch_of<T>(1, 2 * size);
  Block<T> block{
      job.taps,
      sheet.image,
      sheet.row,
      job.windows,
      job.weight + begin * job.taps.count,
      job.bias + begin,
      job.limit,
      values,
      code ? reinterpret_cast<typename IntegerOf<T>::type*>(values + size)
           : nullptr};
  auto run = sheet.care == Care::fast
                 ? run_windows_of<T, Care::fast>(vectors, code)
                 : run_windows_of<T, Care::safe>(vectors, code);
  run(block, outputs);
  for (long v = 0; v < vectors; ++v) {
    const long first = begin + v * kLanes<T>;
    const long rows = smaller(kLanes<T>, shape.O - first);
    T* target = out + first * outputs;
    block_to_planes<T>(values + v * kLanes<T>, vectors * kLanes<T>, rows,
                       outputs, [&](long row, long x, Vector<T> value, long n) {
                         store(target + row * outputs + x, value, n);
                       });
    if (!code) continue;
    uint8_t* bytes = code + first * outputs;
    block_to_planes<T>(values + size + v * kLanes<T>, vectors * kLanes<T>, rows,
                       outputs, [&](long row, long x, Vector<T> value, long n) {
                         put_bytes<T>(bytes + row * outputs + x, (Mask<T>)value,
                                      n);
                       });
  }
}

template <class T>
void run_window_block(const Job<T>& job, const Sheet<T>& sheet, long part,
                      T* out, uint8_t* code) {
  const ConvolutionPool& shape = job.call.shape;
  const long begin = shape.O * part / job.blocks;
  const long channels = shape.O * (part + 1) / job.blocks - begin;
  const long place = begin * job.outputs();
  Lines<T> lines{job.taps.offsets,
                 job.taps.count,
                 sheet.image,
                 sheet.row,
                 job.call.weight + begin * job.taps.count,
                 job.bias + begin,
                 job.limit,
                 shape.output[0],
                 shape.output[1],
                 out + place,
                 code ? code + place : nullptr};
  const bool fast = sheet.care == Care::fast && lines.columns >= kLanes<T>;
  auto run = fast ? run_lines_of<T, Care::fast>(channels, code)
                  : run_lines_of<T, Care::safe>(channels, code);
  run(lines);
}

template <class T>
void run_any(const Job<T>& job, const Sheet<T>& sheet, long channel, T* out,
             uint8_t* code) {
  const ConvolutionPool& shape = job.call.shape;
  const long pitch = shape.output[1] * shape.pool[1];
  T* rows = scratch_of<T>(1, shape.pool[0] * pitch);
  const T bias = job.bias[channel];
  for (long y = 0; y < shape.output[0]; ++y) {
    for (long k = 0; k < shape.pool[0]; ++k)
      sum_row(sheet, shape, sheet.image + (y * shape.pool[0] + k) * sheet.row,
              job.call.weight + channel * job.taps.count, bias,
              rows + k * pitch);
    long place = channel * job.outputs() + y * shape.output[1];
    pool_row(shape, rows, job.limit, out + place,
             code ? code + place : nullptr);
  }
}

template <class T>
void run_part(const Job<T>& job, const Sheet<T>& sheet, long part, T* out,
              uint8_t* code) {
  switch (job.way) {
    case Way::channels:
      return run_channel_block(job, sheet, part, out, code);
    case Way::windows:
      return run_window_block(job, sheet, part, out, code);
    case Way::any:
      return run_any(job, sheet, part, out, code);
  }
}

/// Where the taps lie in an image; two offsets each if its columns are sorted.
template <class T>
void set_taps(const Job<T>& job, int32_t* offsets) {
  const ConvolutionPool& shape = job.call.shape;
  const long row = job.image_row(), half = job.half();
  for (long c = 0; c < shape.C; ++c)
    for (long y = 0; y < shape.kernel[0]; ++y)
      for (long x = 0; x < shape.kernel[1]; ++x) {
        long line = (c * job.height + y) * row;
        if (job.way == Way::windows)
          for (long i = x; i < x + 2; ++i)
            *offsets++ = static_cast<int32_t>(line + i % 2 * half + i / 2);
        else
          *offsets++ = static_cast<int32_t>(line + x);
      }
}

template <class T>
const T* padded_bias(const ConvolutionMaxPool<T>& call) {
  const long count = round_up(call.shape.O, kLanes<T>);
  T* bias = scratch_of<T>(5, count);
  for (long o = 0; o < count; ++o)
    bias[o] = call.bias && o < call.shape.O ? call.bias[o] : T(0);
  return bias;
}

/// Pack the weight for lanes of channels, and list the windows.
template <class T>
void prepare_channels(Job<T>& job) {
  const ConvolutionPool& shape = job.call.shape;
  const long taps = job.taps.count;
  const long padded = round_up(shape.O, kLanes<T>);
  T* packed = scratch_of<T>(3, padded * taps);
  job.weight = packed;
  for (long o = 0; o < padded; o += kLanes<T>) {
    long block = o / kBlockChannels<T> * kBlockChannels<T>;
    long width = smaller(kBlockChannels<T>, padded - block);
    planes_to_block(job.call.weight + o * taps, taps,
                    smaller(kLanes<T>, shape.O - o), taps,
                    packed + block * taps + o - block, width);
  }
  int32_t* windows = scratch_of<int32_t>(4, job.outputs());
  job.windows = windows;
  for (long y = 0; y < shape.output[0]; ++y)
    for (long x = 0; x < shape.output[1]; ++x)
      *windows++ = static_cast<int32_t>(2 * y * job.width + 2 * x);
}

/// The largest absolute value; NaN if there is one.
template <class T>
T largest_size(const T* values, long count) {
  using Bits = typename IntegerOf<T>::type;
  constexpr Bits kPositive = ~(Bits(1) << (8 * sizeof(T) - 1));
  constexpr long kLength = kLanes<T>;
  Mask<T> most[4] = {};
  auto see = [&](int i, const T* source) {
    Mask<T> bits = (Mask<T>)load(source) & kPositive;
    most[i] = bits > most[i] ? bits : most[i];
  };
  Bits largest = 0;
  if (count < kLength) {
    for (long i = 0; i < count; ++i) {
      Bits bits;
      __builtin_memcpy(&bits, values + i, sizeof bits);
      largest = (bits & kPositive) > largest ? bits & kPositive : largest;
    }
  } else {
    long i = 0;
    for (; i + 4 * kLength <= count; i += 4 * kLength)
      for (int k = 0; k < 4; ++k) see(k, values + i + k * kLength);
    for (; i < count; i += kLength)
      see(0, values + smaller(i, count - kLength));
    for (int k = 1; k < 4; ++k) most[0] = most[k] > most[0] ? most[k] : most[0];
    for (int k = 0; k < kLength; ++k)
      largest = most[0][k] > largest ? Bits(most[0][k]) : largest;
  }
  T result;
  __builtin_memcpy(&result, &largest, sizeof result);
  return result;
}

/// Sums below this are far from infinite.
template <class T>
constexpr T kSafeSum = sizeof(T) == 4 ? T(1e38) : T(1e300);

template <class T>
Job<T> job_of(const ConvolutionMaxPool<T>& call) {
  const ConvolutionPool& shape = call.shape;
  Job<T> job{call};
  job.way = way_of<T>(shape);
  job.height = shape.input[0] + 2 * shape.padding[0];
  job.width = shape.input[1] + 2 * shape.padding[1];
  job.limit = shape.relu ? T(0) : static_cast<T>(__builtin_nan(""));
  job.blocks = job.way == Way::any ? shape.O
               : job.way == Way::windows
                   ? (shape.O + kTogether - 1) / kTogether
                   : (shape.O + kBlockChannels<T> - 1) / kBlockChannels<T>;
  job.taps.count = shape.C * shape.kernel[0] * shape.kernel[1];
  int32_t* offsets = scratch_of<int32_t>(2, 2 * job.taps.count);
  job.taps.offsets = offsets;
  set_taps(job, offsets);
  job.bias = padded_bias(call);
  if (job.way != Way::any) {
    T weight = largest_size(call.weight, shape.O * job.taps.count);
    job.weight_size = weight * T(job.taps.count);
    if (call.bias && !(largest_size(call.bias, shape.O) < kSafeSum<T>))
      job.weight_size = static_cast<T>(__builtin_nan(""));
  }
  if (job.way == Way::channels) prepare_channels(job);
  return job;
}

/// Whether no sum of a sample can be infinite or NaN.
template <class T>
bool stays_finite(const Job<T>& job, const T* x) {
  const ConvolutionPool& shape = job.call.shape;
  const T largest = largest_size(x, shape.C * shape.input[0] * shape.input[1]);
  return largest * job.weight_size < kSafeSum<T>;
}

template <class T>
double part_ns(const Job<T>& job) {
  const ConvolutionPool& shape = job.call.shape;
  double sums = double(job.outputs() * shape.pool[0] * shape.pool[1]) *
                double(shape.O) * double(job.taps.count + 4);
  double speed = job.way == Way::any ? 1.0 * kLanes<T> : 5.0 * kLanes<T>;
  return sums / speed / double(job.blocks) + 50;
}

template <class T>
void convolution_max_pool(const ConvolutionMaxPool<T>& call) {
  const Job<T> job = job_of(call);
  const ConvolutionPool& shape = call.shape;
  const bool copied = job.way == Way::windows || job.padded();
  const long input = shape.C * shape.input[0] * shape.input[1];
  const long output = shape.O * job.outputs();
  auto body = [&](long begin, long end) {
    T* image = nullptr;
    if (copied) {
      long size = job.image_size() + 2 * kLanes<T>;
      image = scratch_of<T>(0, size);
      __builtin_memset(image, 0, size * sizeof(T));
    }
    long filled = -1;
    Care care = Care::safe;
    for (long i = begin; i < end; ++i) {
      const long n = i / job.blocks;
      const T* x = call.x + n * input;
      if (copied && n != filled) fill_image(job, x, image);
      if (n != filled && job.way != Way::any)
        care = stays_finite(job, x) ? Care::fast : Care::safe;
      filled = n;
      Sheet<T> sheet{copied ? image : x, job.image_row(),
                     job.height * job.image_row(), care};
      run_part(job, sheet, i % job.blocks, call.out + n * output,
               call.code ? call.code + n * output : nullptr);
    }
  };
  parallel_for(shape.N * job.blocks, part_ns(job), body);
}

}  // namespace

void fill_conv_pool(KernelTable& table) {
  table.float32.convolution_max_pool = convolution_max_pool<float>;
  table.float64.convolution_max_pool = convolution_max_pool<double>;
}

}  // namespace tatami::TATAMI_ISA
