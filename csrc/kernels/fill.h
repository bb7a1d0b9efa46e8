// fill.h: each kernel file enters its kernels into the table of its instruction
// set.
#pragma once

#include "../kernels.h"

namespace tatami::TATAMI_ISA {

void fill_elementwise(KernelTable& table);
void fill_reduce(KernelTable& table);
void fill_gemm(KernelTable& table);
void fill_conv(KernelTable& table);
void fill_conv_grad(KernelTable& table);
void fill_conv_pool(KernelTable& table);
void fill_conv_pool_grad(KernelTable& table);
void fill_pool(KernelTable& table);
void fill_optim(KernelTable& table);
void fill_peak(KernelTable& table);
void fill_loss(KernelTable& table);
void fill_norm(KernelTable& table);
void fill_random(KernelTable& table);

}  // namespace tatami::TATAMI_ISA
