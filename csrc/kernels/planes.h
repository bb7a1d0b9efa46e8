// planes.h: images laid out so that a window moves one step by moving one
// element.
//
// A plane is padded, and split by the stride into phases: phase (i, j) holds
// the rows i, i + stride, ... and the columns j, j + stride, ... Position (y,
// x) of the output then meets tap (ky, kx) at one fixed offset from y * row +
// x, whatever the stride, padding and dilation.
#pragma once

#include "../kernels.h"
#include "../parallel.h"
#include "../shuffle.h"

namespace tatami::TATAMI_ISA {

/// The layout of the planes of one sample.
struct Planes {
  long channels, height, width;  // of the image
  long shift[2];                 // padding before the image; negative cuts
  long phases[2];                // the strides
  long rows, row;                // of one phase; `row` is also its width
  long phase_size() const { return rows * row; }
  long channel_size() const { return phases[0] * phases[1] * phase_size(); }
  long size() const { return channels * channel_size(); }
  /// Whether the planes are the image as it lies in memory.
  bool bare() const {
    return shift[0] == 0 && shift[1] == 0 && phases[0] * phases[1] == 1 &&
           rows == height && row == width;
  }
};

/// Where one tap of the window finds its element, and its weight.
struct Tap {
  int32_t source;
  int32_t weight;
};

/// Vectors may be read a little beyond the last plane.
template <class T>
constexpr long kSlack = 8 * kLanes<T>;

inline Planes input_planes(const Convolution& shape) {
  Planes planes;
  planes.channels = shape.C;
  planes.height = shape.input[0];
  planes.width = shape.input[1];
  for (int i = 0; i < 2; ++i) {
    planes.shift[i] = shape.padding[i];
    planes.phases[i] = shape.stride[i];
  }
  auto length = [&](int i) {
    long reach = shape.dilation[i] * (shape.kernel[i] - 1);
    return shape.output[i] + reach / shape.stride[i];
  };
  planes.rows = length(0);
  planes.row = length(1);
  return planes;
}

/// The taps of the window over all channels of a group, in the order of the
/// weight.
inline void input_taps(const Convolution& shape, const Planes& planes,
                       Tap* taps) {
  int32_t weight = 0;
  for (long c = 0; c < shape.C / shape.groups; ++c)
    for (long ky = 0; ky < shape.kernel[0]; ++ky)
      for (long kx = 0; kx < shape.kernel[1]; ++kx) {
        long y = ky * shape.dilation[0], x = kx * shape.dilation[1];
        long phase = c * planes.phases[0] + y % planes.phases[0];
        phase = phase * planes.phases[1] + x % planes.phases[1];
        long place = y / planes.phases[0] * planes.row + x / planes.phases[1];
        *taps++ = {int32_t(phase * planes.phase_size() + place), weight++};
      }
}

/// One phase whatever the stride, for reading with the stride; the image itself
/// if nothing is added around it.
inline Planes whole_planes(const Convolution& shape) {
  Planes planes = input_planes(shape);
  bool bare = shape.padding[0] == 0 && shape.padding[1] == 0;
  auto length = [&](int i) {
    return (shape.output[i] - 1) * shape.stride[i] +
           shape.dilation[i] * (shape.kernel[i] - 1) + 1;
  };
  planes.phases[0] = planes.phases[1] = 1;
  planes.rows = bare ? planes.height : length(0);
  planes.row = bare ? planes.width : length(1);
  return planes;
}

/// Where the taps of a group lie in whole planes.
inline void tap_offsets(const Convolution& shape, const Planes& planes,
                        int32_t* taps) {
  for (long c = 0; c < shape.C / shape.groups; ++c)
    for (long ky = 0; ky < shape.kernel[0]; ++ky)
      for (long kx = 0; kx < shape.kernel[1]; ++kx)
        *taps++ = int32_t(c * planes.channel_size() +
                          ky * shape.dilation[0] * planes.row +
                          kx * shape.dilation[1]);
}

// The gradient of the input takes the phases of the stride one by one. Input
// row stride * q + phase meets tap k in output row q + meeting(k), if that is
// whole.

struct Axis {
  long phase, stride, padding, dilation;
  long numerator(long k) const { return phase + padding - k * dilation; }
  bool meets(long k) const { return numerator(k) % stride == 0; }
  long meeting(long k) const { return numerator(k) / stride; }
};

inline Axis axis_of(const Convolution& shape, int i, long phase) {
  return {phase, shape.stride[i], shape.padding[i], shape.dilation[i]};
}

/// Positions of one phase along an axis.
inline long phase_length(const Convolution& shape, int i, long phase) {
  return (shape.input[i] - phase + shape.stride[i] - 1) / shape.stride[i];
}

/// Set where the planes of grad_output begin and how long they are along one
/// axis.
inline void set_extent(const Convolution& shape, int i, Planes& planes) {
  long lowest = 0, highest = 1;
  for (long phase = 0; phase < shape.stride[i]; ++phase) {
    Axis axis = axis_of(shape, i, phase);
    long count = phase_length(shape, i, phase);
    for (long k = 0; k < shape.kernel[i]; ++k)
      if (axis.meets(k)) {
        lowest = smaller(lowest, axis.meeting(k));
        highest = larger(highest, axis.meeting(k) + count);
      }
  }
  planes.shift[i] = -lowest;
  planes.phases[i] = 1;
  (i == 0 ? planes.rows : planes.row) = highest - lowest;
}

inline Planes output_planes(const Convolution& shape) {
  Planes planes;
  planes.channels = shape.O;
  planes.height = shape.output[0];
  planes.width = shape.output[1];
  set_extent(shape, 0, planes);
  set_extent(shape, 1, planes);
  return planes;
}

template <class T>
void zero(T* out, long count) {
  __builtin_memset(out, 0, static_cast<size_t>(count) * sizeof(T));
}

/// Copy by whole vectors, the last of which may overlap.
template <class T>
void copy(const T* source, long count, T* out) {
  constexpr long kLength = kLanes<T>;
  if (count < kLength) {
    for (long i = 0; i < count; ++i) out[i] = source[i];
    return;
  }
  for (long i = 0; i + kLength < count; i += kLength)
    store(out + i, load(source + i));
  store(out + count - kLength, load(source + count - kLength));
}

/// Planes of the calling thread, all zero.
template <class T>
T* cleared_planes(const Planes& planes) {
  T* memory = scratch_of<T>(0, planes.size() + kSlack<T>);
  zero(memory, planes.size() + kSlack<T>);
  return memory;
}

/// Part every second element of a row from the others.
template <class T>
void part_row(const T* source, long count, T* even, long even_room, T* odd,
              long odd_room) {
  constexpr long kLength = kLanes<T>;
  long i = 0;
  for (; 2 * (i + kLength) <= count && i + kLength <= even_room &&
         i + kLength <= odd_room;
       i += kLength) {
    Vector<T> a = load(source + 2 * i), b = load(source + 2 * i + kLength);
    store(even + i, shuffle<T, EverySecond<T, 0>>(a, b));
    store(odd + i, shuffle<T, EverySecond<T, 1>>(a, b));
  }
  for (long k = i; 2 * k < count && k < even_room; ++k) even[k] = source[2 * k];
  for (long k = i; 2 * k + 1 < count && k < odd_room; ++k)
    odd[k] = source[2 * k + 1];
}

/// Copy one row of an image into the phases of its columns.
template <class T>
void fill_row(const Planes& planes, const T* image, T* out) {
  const long step = planes.phases[1], shift = planes.shift[1];
  if (step == 1) {
    long begin = shift < 0 ? -shift : 0;
    long end = smaller(planes.width, planes.row - shift);
    if (begin < end) copy(image + begin, end - begin, out + shift + begin);
    return;
  }
  if (step == 2 && shift >= 0) {
    long odd = (shift + 1) / 2, even = shift / 2, size = planes.phase_size();
    return part_row(image, planes.width, out + shift % 2 * size + even,
                    planes.row - even, out + (shift + 1) % 2 * size + odd,
                    planes.row - odd);
  }
  for (long phase = 0; phase < step; ++phase, out += planes.phase_size()) {
    long column = phase < shift ? (shift - phase + step - 1) / step : 0;
    long x = column * step + phase - shift;
    for (; column < planes.row && x < planes.width; ++column, x += step)
      out[column] = image[x];
  }
}

/// Copy `rows` rows, a vector long at least.
template <class T>
void copy_rows(const T* source, long source_row, long rows, long columns,
               T* out, long out_row) {
  constexpr long kLength = kLanes<T>;
  const long last = columns - kLength;
  for (long y = 0; y < rows; ++y, source += source_row, out += out_row) {
    for (long x = 0; x < last; x += kLength) store(out + x, load(source + x));
    store(out + last, load(source + last));
  }
}

/// Copy the image of one channel into its phases.
template <class T>
void fill_channel(const Planes planes, const T* image, T* out) {
  const long step = planes.phases[0], shift = planes.shift[0];
  const long first = shift < 0 ? -shift : 0;
  const long phase_step = planes.phases[1] * planes.phase_size();
  long row = (first + shift) / step, phase = (first + shift) % step;
  image += first * planes.width;
  if (step == 1 && planes.phases[1] == 1 && planes.shift[1] >= 0) {
    long columns = smaller(planes.width, planes.row - planes.shift[1]);
    long rows = smaller(planes.height - first, planes.rows - row);
    if (columns >= kLanes<T>)
      return copy_rows(image, planes.width, rows, columns,
                       out + row * planes.row + planes.shift[1], planes.row);
  }
  for (long y = first; y < planes.height && row < planes.rows; ++y) {
    fill_row(planes, image, out + phase * phase_step + row * planes.row);
    image += planes.width;
    if (++phase == step) phase = 0, ++row;
  }
}

/// Copy the channels [begin, end) of one sample into its planes. The border
/// must be zero already.
template <class T>
void fill_planes(const Planes& planes, long begin, long end, const T* image,
                 T* out) {
  for (long c = begin; c < end; ++c)
    fill_channel(planes, image + c * planes.height * planes.width,
                 out + c * planes.channel_size());
}

template <class T>
void fill_planes(const Planes& planes, const T* image, T* out) {
  fill_planes(planes, 0, planes.channels, image, out);
}

}  // namespace tatami::TATAMI_ISA
