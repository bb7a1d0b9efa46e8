// planes.h: images laid out so that a window moves one step by moving one
// element.
//
// A plane is padded, and split by the stride into phases: phase (i, j) holds
// the rows i, i + stride, ... and the columns j, j + stride, ... Position (y,
// x) of the output then meets tap (ky, kx) at one fixed offset from y * row +
// x, whatever the stride, padding and dilation.
#pragma once

#include "../kernels.h"
#include "../simd.h"

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

template <class T>
void zero(T* out, long count) {
  __builtin_memset(out, 0, static_cast<size_t>(count) * sizeof(T));
}

/// Copy one row of an image into the phases of its columns.
template <class T>
void fill_row(const Planes& planes, const T* image, T* out) {
  const long step = planes.phases[1], shift = planes.shift[1];
  if (step == 1) {
    long begin = shift < 0 ? -shift : 0;
    long end = smaller(planes.width, planes.row - shift);
    for (long x = begin; x < end; ++x) out[x + shift] = image[x];
    return;
  }
  for (long phase = 0; phase < step; ++phase, out += planes.phase_size()) {
    long column = phase < shift ? (shift - phase + step - 1) / step : 0;
    long x = column * step + phase - shift;
    for (; column < planes.row && x < planes.width; ++column, x += step)
      out[column] = image[x];
  }
}

/// Copy the image of one sample into its planes. The border must be zero
/// already.
template <class T>
void fill_planes(const Planes& planes, const T* image, T* out) {
  const long step = planes.phases[0];
  for (long c = 0; c < planes.channels; ++c, out += planes.channel_size()) {
    for (long y = 0; y < planes.height; ++y, image += planes.width) {
      long place = y + planes.shift[0];
      if (place < 0 || place / step >= planes.rows) continue;
      long phase = place % step * planes.phases[1];
      fill_row(planes, image,
               out + phase * planes.phase_size() + place / step * planes.row);
    }
  }
}

}  // namespace tatami::TATAMI_ISA
