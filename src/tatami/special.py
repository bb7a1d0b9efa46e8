"""Special functions under the names of ``torch.special``."""

from __future__ import annotations

from .ops.gamma import digamma, i0, i0e, i1, i1e, polygamma, zeta
from .ops.gamma import lgamma as gammaln
from .ops.gamma import mvlgamma as multigammaln
from .ops.logarithmic import entr, xlog1py, xlogy
from .ops.powers import exp2, expm1, log1p
from .ops.probability import (
    erf,
    erfc,
    erfcx,
    erfinv,
    expit,
    log_ndtr,
    logit,
    ndtr,
    ndtri,
    sinc,
)
from .ops.reduce import logsumexp
from .ops.rounding import round
from .ops.softmax import log_softmax, softmax

psi = digamma

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]
