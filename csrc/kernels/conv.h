// conv.h: the ways in which convolutions are computed. conv.cpp and
// conv_grad.cpp choose.
#pragma once

#include "../kernels.h"

namespace tatami::TATAMI_ISA {

// Channels in the lanes of vectors: for many channels.

template <class T>
void convolve_lanes(const Convolution& shape, const T* x, const T* weight,
                    const T* bias, T* out);
template <class T>
void grad_input_lanes(const Convolution& shape, const T* grad_output,
                      const T* weight, T* out);
template <class T>
void grad_weight_lanes(const Convolution& shape, const T* grad_output,
                       const T* x, T* out);

// Plane by plane: for groups of one channel, and rows of a vector at least. The
// gradient of the input: without a stride, and as many outputs.

template <class T>
void convolve_depthwise(const Convolution& shape, const T* x, const T* weight,
                        const T* bias, T* out);
template <class T>
void grad_input_depthwise(const Convolution& shape, const T* grad_output,
                          const T* weight, T* out);
template <class T>
void grad_weight_depthwise(const Convolution& shape, const T* grad_output,
                           const T* x, T* out);

}  // namespace tatami::TATAMI_ISA
