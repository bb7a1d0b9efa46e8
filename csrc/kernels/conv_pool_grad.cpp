// conv_pool_grad.cpp: the gradients of convolution, bias, relu and max pooling
// in one pass over the samples.
//
// One position of each pooling window has a gradient, and none where relu was
// closed. The live ones of each output channel are listed, and only these are
// visited; the sums for the gradient of the weight stay in registers. Samples
// are summed in parts of a fixed size, and the parts in order, so that the
// result does not depend on the number of threads. Tried for a single channel
// of the input: to multiply the zeros as well, with lanes of windows, takes as
// long.
#include "../parallel.h"
#include "conv_pool_visit.h"

namespace tatami::TATAMI_ISA {
namespace {

// How the input is laid out: `sheets` sheets, each with one vector of the
// kernel for every lane of a place.

template <class T>
struct Job {
  const ConvolutionMaxPoolGrad<T>& call;
  bool channel_lanes;  // else lanes are neighbouring columns of one channel
  long sheets;
  long height, width;        // of a padded image
  long rows, columns;        // of the kernel, in vectors
  const Integer<T>* starts;  // where the first tap of each window lies
  const Integer<T>* taps;    // how far each tap of a window is from the first
  const T* weight;           // packed; null if nobody asks
  long place() const { return channel_lanes ? kLanes<T> : 1; }
  long row() const { return width * place(); }
  long sheet_size() const {
    return round_up(height * row(), kLanes<T>) + (columns + 1) * kLanes<T>;
  }
  long kernel_size() const { return rows * columns * kLanes<T>; }
  long outputs() const { return call.shape.output[0] * call.shape.output[1]; }
  /// Of the sums of one part: all kernels, then the bias.
  long sums() const {
    return round_up(call.shape.O * (sheets * kernel_size() + 1), kLanes<T>);
  }
  /// Of all lists: vectors may be written a little beyond.
  long list_size() const { return call.shape.O * outputs() + kLanes<T>; }
};

/// Run `body(row, column, tile)` over the tiles of the kernel.
template <class T, class Body>
void for_each_tile(const Job<T>& job, const Body& body) {
  const long widest = job.columns <= 5 ? job.columns : 4;
  const long highest = widest == 5 ? 2 : 3;
  const bool narrow =
      !job.channel_lanes && job.call.shape.kernel[1] * sizeof(T) <= 16;
  const Kind kind = job.weight ? Kind::exchange
                    : narrow   ? Kind::gather_narrow
                               : Kind::gather;
  for (long y = 0; y < job.rows; y += highest)
    for (long x = 0; x < job.columns; x += widest)
      body(y, x,
           tile_of<T>(smaller(highest, job.rows - y),
                      smaller(widest, job.columns - x), kind));
}

// Lists.

/// Windows of 2 x 2, a vector of them at once; returns how many are live.
template <class T>
long list_vectors(const Job<T>& job, const T* gradient, const uint8_t* code,
                  T* values, Integer<T>* places) {
  constexpr long kLength = kLanes<T>;
  const long count = job.outputs();
  const OneOfFour<T> tap_places(job.taps);
  long found = 0;
  for (long x = 0; x < count; x += kLength) {
    const long start = smaller(x, count - kLength);
    const Mask<T> taps = load_bytes<T>(code + start);
    Mask<T> place, marks = job.call.shape.relu ? taps : Mask<T>{};
    if (start != x) marks |= first_lanes<T>(x - start);
    __builtin_memcpy(&place, job.starts + start, sizeof place);
    place += tap_places(taps);
    found += compress<T>(marks, load(gradient + start), place, values + found,
                         places + found);
  }
  return found;
}

template <class T>
long list_singly(const Job<T>& job, const T* gradient, const uint8_t* code,
                 T* values, Integer<T>* places) {
  long found = 0;
  for (long i = 0; i < job.outputs(); ++i) {
    if (job.call.shape.relu && code[i] >= kClosed) continue;
    values[found] = gradient[i];
    places[found++] = job.starts[i] + job.taps[code[i] % kClosed];
  }
  return found;
}

/// List the live positions of one sample.
template <class T>
Live<T> list_sample(const Job<T>& job, long n) {
  const ConvolutionPool& shape = job.call.shape;
  const T* gradient = job.call.grad_output + n * shape.O * job.outputs();
  const uint8_t* code = job.call.code + n * shape.O * job.outputs();
  T* values = scratch_of<T>(1, job.list_size());
  Integer<T>* places = scratch_of<Integer<T>>(2, job.list_size());
  long* bounds = scratch_of<long>(3, shape.O + 1);
  const bool vectors =
      shape.pool[0] == 2 && shape.pool[1] == 2 && job.outputs() >= kLanes<T>;
  auto list = vectors ? list_vectors<T> : list_singly<T>;
  bounds[0] = 0;
  for (long o = 0; o < shape.O; ++o) {
    const long found = bounds[o], first = o * job.outputs();
    bounds[o + 1] = found + list(job, gradient + first, code + first,
                                 values + found, places + found);
  }
  return {values, places, bounds, shape.O};
}

// Sheets.

template <class T>
void fill_sheet(const Job<T>& job, const T* x, long index, T* sheet) {
  const ConvolutionPool& shape = job.call.shape;
  const long area = shape.input[0] * shape.input[1];
  const long lanes = job.channel_lanes ? kLanes<T> : 1;
  const bool padded = shape.padding[0] != 0 || shape.padding[1] != 0;
  const long rows = padded ? shape.input[0] : 1;
  const long columns = padded ? shape.input[1] : area;
  const long channels = smaller(lanes, shape.C - index * lanes);
  x += index * lanes * area;
  sheet += shape.padding[0] * job.row() + shape.padding[1] * lanes;
  for (long y = 0; y < rows; ++y, x += columns, sheet += job.row())
    if (job.channel_lanes)
      planes_to_block(x, area, channels, columns, sheet, lanes);
    else
      __builtin_memcpy(sheet, x, columns * sizeof(T));
}

/// Write the image that a sheet of channel lanes holds.
template <class T>
void write_sheet(const Job<T>& job, const T* sheet, long index, T* out) {
  const ConvolutionPool& shape = job.call.shape;
  const long area = shape.input[0] * shape.input[1];
  const bool padded = shape.padding[0] != 0 || shape.padding[1] != 0;
  const long rows = padded ? shape.input[0] : 1;
  const long columns = padded ? shape.input[1] : area;
  const long channels = smaller(kLanes<T>, shape.C - index * kLanes<T>);
  out += index * kLanes<T> * area;
  sheet += shape.padding[0] * job.row() + shape.padding[1] * kLanes<T>;
  for (long y = 0; y < rows; ++y, out += columns, sheet += job.row())
    block_to_planes<T>(sheet, kLanes<T>, channels, columns,
                       [&](long channel, long x, Vector<T> value, long lanes) {
                         store(out + channel * area + x, value, lanes);
                       });
}

template <class T>
void clear(T* out, long count) {
  __builtin_memset(out, 0, static_cast<size_t>(count) * sizeof(T));
}

template <class T>
void run_sample(const Job<T>& job, long n, T* sheet, T* sums) {
  const ConvolutionPool& shape = job.call.shape;
  const long kernels = shape.O * job.kernel_size();
  const long input = shape.C * shape.input[0] * shape.input[1];
  T* image = sheet + job.sheet_size();
  Visit<T> visit{};
  visit.live = list_sample(job, n);
  visit.row = job.row();
  visit.kernel_row = job.columns * kLanes<T>;
  visit.kernel = job.kernel_size();
  visit.bias = sums + job.sheets * kernels;
  for (long i = 0; i < job.sheets; ++i) {
    fill_sheet(job, job.call.x + n * input, i, sheet);
    if (job.weight) clear(image, job.sheet_size());
    for_each_tile(job, [&](long y, long x, Tile<T> tile) {
      const long source = y * visit.row + x * kLanes<T>;
      const long tap = i * kernels + y * visit.kernel_row + x * kLanes<T>;
      visit.sheet = sheet + source;
      visit.image = image + source;
      visit.sums = sums + tap;
      visit.weight = job.weight + tap;
      tile(visit);
      visit.bias = nullptr;
    });
    if (job.weight) write_sheet(job, image, i, job.call.grad_input + n * input);
  }
}

template <class T>
void run_part(const Job<T>& job, long begin, long end, T* sums) {
  clear(sums, job.sums());
  T* sheet = scratch_of<T>(0, 2 * job.sheet_size());
  clear(sheet, job.sheet_size());
  for (long n = begin; n < end; ++n) run_sample(job, n, sheet, sums);
}

// One call.

template <class T>
void write_results(const Job<T>& job, const T* sums) {
  const ConvolutionPool& shape = job.call.shape;
  const long window = shape.kernel[0] * shape.kernel[1];
  const long lanes = job.channel_lanes ? kLanes<T> : 1;
  for (long i = 0; i < job.sheets; ++i)
    for (long o = 0; o < shape.O; ++o, sums += job.kernel_size()) {
      T* out = job.call.grad_weight + (o * shape.C + i * lanes) * window;
      if (job.channel_lanes)
        block_to_planes<T>(sums, kLanes<T>, smaller(lanes, shape.C - i * lanes),
                           window, [&](long c, long k, Vector<T> v, long n) {
                             store(out + c * window + k, v, n);
                           });
      else
        for (long y = 0; y < shape.kernel[0]; ++y)
          for (long x = 0; x < shape.kernel[1]; ++x)
            *out++ = sums[y * job.columns * kLanes<T> + x];
    }
  if (job.call.grad_bias)
    for (long o = 0; o < shape.O; ++o) job.call.grad_bias[o] = sums[o];
}

/// The weight as the sheets have it, for the gradient of the input.
template <class T>
const T* packed_weight(const Job<T>& job) {
  const ConvolutionPool& shape = job.call.shape;
  const long window = shape.kernel[0] * shape.kernel[1];
  T* packed = scratch_of<T>(4, shape.O * job.sheets * job.kernel_size());
  T* out = packed;
  for (long i = 0; i < job.sheets; ++i)
    for (long o = 0; o < shape.O; ++o, out += job.kernel_size())
      planes_to_block(job.call.weight + (o * shape.C + i * kLanes<T>)*window,
                      window, smaller(kLanes<T>, shape.C - i * kLanes<T>),
                      window, out, kLanes<T>);
  return packed;
}

template <class T>
void set_places(Job<T>& job, Integer<T>* starts, Integer<T>* taps) {
  const ConvolutionPool& shape = job.call.shape;
  job.starts = starts;
  job.taps = taps;
  const auto step = static_cast<Integer<T>>(job.place());
  auto list = [&](const long* counts, const long* steps, Integer<T>* out) {
    for (long y = 0; y < counts[0]; ++y, out += counts[1]) {
      const auto first = static_cast<Integer<T>>(y * steps[0] * job.row());
      const auto width = static_cast<Integer<T>>(steps[1] * step);
      for (long x = 0; x < counts[1]; ++x)
        out[x] = first + static_cast<Integer<T>>(x) * width;
    }
  };
  constexpr long kOnes[] = {1, 1};
  list(shape.output, shape.pool, starts);
  list(shape.pool, kOnes, taps);
}

template <class T>
Job<T> job_of(const ConvolutionMaxPoolGrad<T>& call) {
  const ConvolutionPool& shape = call.shape;
  Job<T> job{call};
  const long wide = (shape.kernel[1] + kLanes<T> - 1) / kLanes<T>;
  const long deep = (shape.C + kLanes<T> - 1) / kLanes<T>;
  // In sheets of neighbouring columns an infinite gradient would spoil its
  // neighbours.
  job.channel_lanes =
      call.grad_input || shape.kernel[1] * deep <= shape.C * wide;
  job.sheets = job.channel_lanes ? deep : shape.C;
  job.height = shape.input[0] + 2 * shape.padding[0];
  job.width = shape.input[1] + 2 * shape.padding[1];
  job.rows = shape.kernel[0];
  job.columns = job.channel_lanes ? shape.kernel[1] : wide;
  job.weight = call.grad_input ? packed_weight(job) : nullptr;
  return job;
}

/// Samples are summed in parts of about this time.
constexpr double kPart = 10e3;
/// Elements of partial sums kept at most.
constexpr long kPartElements = 1 << 22;

template <class T>
double sample_ns(const Job<T>& job) {
  const ConvolutionPool& shape = job.call.shape;
  double live = 0.6 * double(shape.O * job.outputs());
  double kernel = double(job.sheets * job.rows * job.columns);
  return live * (1 + kernel * (job.weight ? 0.45 : 0.2)) +
         double(shape.C * shape.input[0] * shape.input[1]) * 0.2;
}

bool are_codes(const ConvolutionPool& shape, const uint8_t* code) {
  const long count = shape.N * shape.O * shape.output[0] * shape.output[1];
  const auto taps = static_cast<uint8_t>(shape.pool[0] * shape.pool[1]);
  const uint8_t closed = shape.relu ? 255 : 0;
  uint8_t wrong = 0;
  for (long i = 0; i < count; ++i)
    wrong |= (code[i] % kClosed >= taps) & (code[i] != closed);
  return !wrong;
}

template <class T>
bool convolution_max_pool_grad(const ConvolutionMaxPoolGrad<T>& call) {
  const ConvolutionPool& shape = call.shape;
  if (!are_codes(shape, call.code)) return false;
  Job<T> job = job_of(call);
  const long windows = shape.pool[0] * shape.pool[1], size = job.sums();
  Integer<T>* table = scratch_of<Integer<T>>(5, job.outputs() + windows);
  set_places(job, table, table + job.outputs());
  const double cost = sample_ns(job);
  const long most = larger(1, smaller(64, kPartElements / size));
  const long samples =
      larger(static_cast<long>(kPart / cost) + 1, (shape.N + most - 1) / most);
  const long parts = (shape.N + samples - 1) / samples;
  T* sums = scratch_of<T>(6, parts * size);
  parallel_for(parts, cost * double(samples), [&](long begin, long end) {
    for (long part = begin; part < end; ++part)
      run_part(job, part * samples, smaller(shape.N, (part + 1) * samples),
               sums + part * size);
  });
  for (long part = 1; part < parts; ++part)
    for (long i = 0; i < size; i += kLanes<T>)
      store(sums + i, load(sums + i) + load(sums + part * size + i));
  write_results(job, sums);
  return true;
}

}  // namespace

void fill_conv_pool_grad(KernelTable& table) {
  table.float32.convolution_max_pool_grad = convolution_max_pool_grad<float>;
  table.float64.convolution_max_pool_grad = convolution_max_pool_grad<double>;
}

}  // namespace tatami::TATAMI_ISA
