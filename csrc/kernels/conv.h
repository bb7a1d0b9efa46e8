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

}  // namespace tatami::TATAMI_ISA
