"""What PyTorch prints, draws and refuses, for tests of modules without PyTorch.

Run this file where PyTorch is installed to record it anew:
``python tests/record_modules.py``.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent / "reference"
SEED = 5
SCOPE = {"OrderedDict": OrderedDict}

# Each is made by ``nn.<case>``; `P` is the package, `nn` its nn.
CASES = """
Identity(3)  Linear(3, 4)  Linear(3, 4, bias=False)  Bilinear(2, 3, 4)  LazyLinear(3)
Conv1d(2, 4, 3)  Conv2d(2, 4, 3, stride=2, padding=1, groups=2, bias=False)
Conv2d(2, 3, (3, 5), padding="same", padding_mode="circular", dilation=2)
Conv3d(1, 2, 2, padding="valid")  ConvTranspose1d(2, 3, 3)  LazyConv2d(3, 2)
ConvTranspose2d(4, 2, 3, 2, 1, 1, groups=2)  ConvTranspose3d(1, 2, 2, bias=False)
LazyConvTranspose2d(3, 2)  MaxPool1d(2)  MaxPool2d((2, 3), 2, 1, 1, True, True)
MaxPool3d(3, stride=2)  MaxUnpool1d(2)  MaxUnpool2d((2, 3), padding=1)  MaxUnpool3d(2)
AvgPool1d(2, padding=1)  AvgPool2d(2, count_include_pad=False)  AvgPool3d((1, 2, 3))
LPPool1d(2, 3)  LPPool2d(1.5, (2, 3), stride=2)  LPPool3d(2, 2, ceil_mode=True)
AdaptiveAvgPool1d(3)  AdaptiveAvgPool2d((1, None))  AdaptiveAvgPool3d(2)
AdaptiveMaxPool1d(3)  AdaptiveMaxPool2d(2, return_indices=True)  AdaptiveMaxPool3d(1)
FractionalMaxPool2d(2, output_size=3)  FractionalMaxPool3d(2, output_ratio=0.5)
ReLU()  ReLU(inplace=True)  RReLU(inplace=True)  Hardtanh(-2, 2, True)  ReLU6(True)
Sigmoid()  Hardsigmoid(True)  Tanh()  SiLU(True)  Mish()  Hardswish(True)  ELU(2, True)
CELU()  SELU(True)  GLU()  GELU("tanh")  Hardshrink()  LeakyReLU(0.2, True)
LogSigmoid()  Softplus(2)  Softshrink(0.3)  PReLU(3)  Softsign()  Tanhshrink()
Softmin(1)  Softmax(dim=-1)  Softmax2d()  LogSoftmax()  Threshold(0.1, 20)
BatchNorm1d(3)  BatchNorm2d(3, momentum=None)  BatchNorm3d(3, affine=False)
BatchNorm2d(3, bias=False)  SyncBatchNorm(3)  LazyBatchNorm2d()
BatchNorm1d(3, track_running_stats=False)  InstanceNorm1d(3)  LazyInstanceNorm1d()
InstanceNorm2d(3, affine=True)  InstanceNorm3d(3, track_running_stats=True)
LayerNorm(3)  LayerNorm((2, 3), elementwise_affine=False)  LayerNorm(3, bias=False)
GroupNorm(2, 4)  RMSNorm((2, 3), eps=1e-3)  LocalResponseNorm(2)  CrossMapLRN2d(2)
Dropout()  Dropout1d(0.1)  Dropout2d(0.2, True)  Dropout3d()  AlphaDropout()
FeatureAlphaDropout(0.3)  Embedding(5, 3)  EmbeddingBag(5, 3, padding_idx=0)
Embedding(5, 3, padding_idx=-2, max_norm=1.0, norm_type=1, scale_grad_by_freq=True)
EmbeddingBag(5, 3, max_norm=1, mode="sum")  Flatten()  Flatten(0, 1)
Unflatten(1, (2, 3))  Fold((4, 5), 2)  Unfold((2, 3), padding=1)  ConstantPad1d(2, 3.5)
ConstantPad2d(1, 0)  ConstantPad3d(1, 2)  ZeroPad1d(2)  ZeroPad2d((1, 2, 3, 4))
ZeroPad3d(1)  ReflectionPad1d(1)  ReflectionPad2d(1)  ReflectionPad3d(1)
ReplicationPad1d((1, 2))  ReplicationPad2d(2)  ReplicationPad3d(1)  CircularPad1d(1)
CircularPad2d(1)  CircularPad3d(1)  PixelShuffle(2)  PixelUnshuffle(3)
ChannelShuffle(2)  Upsample(scale_factor=2)  Upsample(size=(3, 4), mode="bilinear")
Upsample(scale_factor=(2, 3))  UpsamplingNearest2d(scale_factor=2)
UpsamplingBilinear2d(3)  CosineSimilarity()  PairwiseDistance(1)  L1Loss()  NLLLoss()
PoissonNLLLoss()  GaussianNLLLoss()  KLDivLoss(reduction="sum")  MSELoss()
BCELoss(weight=P.ones(2))  BCEWithLogitsLoss(pos_weight=P.ones(2))  CTCLoss()
HingeEmbeddingLoss()  MultiLabelMarginLoss()  SmoothL1Loss()  HuberLoss()  NLLLoss2d()
SoftMarginLoss()  CrossEntropyLoss(P.ones(3))  MultiLabelSoftMarginLoss()
CosineEmbeddingLoss()  MarginRankingLoss()  MultiMarginLoss()  TripletMarginLoss()
TripletMarginWithDistanceLoss()  LinearCrossEntropyLoss(3, 4)
AdaptiveLogSoftmaxWithLoss(16, 8, [3, 5], head_bias=True)  RNN(2, 3)  LSTM(2, 3)
RNN(2, 3, 2, "relu", False, True, 0.2, True)  LSTM(2, 3, proj_size=2, bidirectional=True)
GRU(2, 3, num_layers=2)  RNNCell(2, 3)  RNNCell(2, 3, False, "relu")  LSTMCell(2, 3)
GRUCell(2, 3, bias=False)  MultiheadAttention(4, 2)
MultiheadAttention(4, 2, kdim=3, vdim=5, add_bias_kv=True, bias=False)
TransformerEncoderLayer(4, 2, 5)  TransformerDecoderLayer(4, 2, 5, activation="gelu")
TransformerEncoder(nn.TransformerEncoderLayer(4, 1, 3), 2, nn.LayerNorm(4))
TransformerDecoder(nn.TransformerDecoderLayer(4, 1, 3), 2)
Transformer(4, 2, 1, 2, 3, batch_first=True)  Sequential()
Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
Sequential(OrderedDict(first=nn.Linear(1, 2), then=nn.Tanh()))  ModuleList([])
ModuleList([nn.Linear(2, 2) for _ in range(3)] + [nn.ReLU(), nn.Linear(1, 2)])
ModuleList([nn.Sequential(nn.Linear(1, 1)), nn.Sequential(nn.Linear(1, 1))])
ModuleDict({"a": nn.ReLU(), "b": nn.Linear(1, 2)})  ModuleDict([["c", nn.Tanh()]])
ParameterList([P.ones(2, 3), 3, nn.Parameter(P.ones(1).double())])
ParameterDict({"a": P.ones(2, 3), "b": "text"})
""".strip()  # noqa: E501


def cases() -> list[str]:
    """Return the cases: two spaces or a new line stand between them."""
    lines = CASES.replace("\n", "  ").split("  ")
    return [line.strip() for line in lines if line.strip()]


# Each raises an error; `P` is the package, `nn` its nn, `x` a tensor of ones (2, 3).
ERRORS = [
    "nn.Module().missing",
    "nn.Module()(x)",
    "nn.Module(1)",
    "nn.Module(size=1)",
    "nn.Module.__new__(nn.Module).__setattr__('a', nn.ReLU())",
    "nn.Module.__new__(nn.Module).__setattr__('a', nn.Parameter(x))",
    "nn.Module.__new__(nn.Module).register_buffer('a', x)",
    "nn.Module.__new__(nn.Module).register_parameter('a', None)",
    "nn.Linear(2, 3).__setattr__('weight', 3)",
    "nn.Linear(2, 3).__setattr__('weight', x)",
    "nn.Sequential(nn.ReLU()).__setattr__('0', 3)",
    "nn.BatchNorm1d(2).__setattr__('running_mean', 'text')",
    "nn.Module().register_buffer(3, x)",
    "nn.Module().register_buffer('a.b', x)",
    "nn.Module().register_buffer('', x)",
    "nn.Module().register_buffer('training', x)",
    "nn.Module().register_buffer('a', 3)",
    "nn.Module().register_parameter(3, x)",
    "nn.Module().register_parameter('a.b', x)",
    "nn.Module().register_parameter('', x)",
    "nn.Module().register_parameter('training', x)",
    "nn.Module().register_parameter('a', x)",
    "nn.Module().add_module('a', 3)",
    "nn.Module().add_module(3, nn.ReLU())",
    "nn.Module().add_module('a.b', nn.ReLU())",
    "nn.Module().add_module('', nn.ReLU())",
    "nn.Module().add_module('training', nn.ReLU())",
    "nn.Module().train(1)",
    "nn.Linear(2, 3).to(P.int64)",
    "nn.Linear(2, 3).get_submodule('a')",
    "nn.Linear(2, 3).get_submodule('weight')",
    "nn.Linear(2, 3).get_parameter('a')",
    "nn.Linear(2, 3).get_parameter('training')",
    "nn.Linear(2, 3).get_buffer('weight')",
    "nn.Linear(2, 3).set_submodule('', nn.ReLU())",
    "nn.Linear(2, 3).load_state_dict([])",
    "nn.Linear(2, 3).load_state_dict({})",
    "nn.Linear(2, 3).load_state_dict(nn.Linear(3, 3).state_dict())",
    "nn.Sequential(nn.Linear(2, 3)).load_state_dict({'0.weight': x, '1.x': x, 'y': x})",
    "nn.Linear(2, 3).load_state_dict({'weight': 3, 'bias': P.ones(3)})",
    "nn.Parameter(P.ones(2, dtype=P.int64))",
    "nn.Sequential(3)",
    "nn.Sequential({'a': nn.ReLU()})",
    "nn.Sequential(nn.ReLU())[1]",
    "nn.Sequential() + [nn.ReLU()]",
    "nn.Sequential() * 0",
    "nn.Sequential() * 1.5",
    "nn.Sequential().insert(1, nn.ReLU())",
    "nn.ModuleList(3)",
    "nn.ModuleList([3])",
    "nn.ModuleList([nn.ReLU()])[2]",
    "nn.ModuleList()(x)",
    "nn.ModuleDict(3)",
    "nn.ModuleDict([3])",
    "nn.ModuleDict([['a']])",
    "nn.ModuleDict()['a']",
    "nn.ParameterList(3)",
    "nn.ParameterList()(x)",
    "nn.ParameterList()[0]",
    "nn.ParameterDict({3: x})",
    "nn.ParameterDict()(x)",
    "nn.ParameterDict([['a', 'b', 'c']])",
    "nn.Conv2d(3, 4, 2, groups=2)",
    "nn.Conv2d(2, 3, 2, groups=2)",
    "nn.Conv2d(2, 3, 2, groups=0)",
    "nn.Conv2d(2, 3, 2, stride=2, padding='same')",
    "nn.ConvTranspose2d(2, 3, 2, padding_mode='reflect')",
    "nn.ConvTranspose1d(2, 3, 2)(P.ones(1, 2, 4), output_size=[9])",
    "nn.ConvTranspose1d(2, 3, 2)(P.ones(1, 2, 4), output_size=[9, 9])",
    "nn.LazyConv2d(2, 3)(P.ones(3))",
    "nn.Bilinear(0, 2, 3)",
    "nn.BatchNorm1d(3)(P.ones(2, 3, 4, 4))",
    "nn.BatchNorm2d(3)(x)",
    "nn.BatchNorm3d(3)(x)",
    "nn.InstanceNorm1d(3)(P.ones(2, 3, 4, 4))",
    "nn.InstanceNorm2d(2, affine=True)(P.ones(1, 3, 4, 4))",
    "nn.GroupNorm(2, 3)",
    "nn.Dropout(1.5)",
    "nn.Hardtanh(2, 1)",
    "nn.Softmax2d()(x)",
    "nn.FractionalMaxPool2d(2)",
    "nn.FractionalMaxPool2d(2, output_size=2, output_ratio=0.5)",
    "nn.FractionalMaxPool2d(2, output_ratio=1.5)",
    "nn.Unflatten(1, 2)",
    "nn.Unflatten(1, (2, 'a'))",
    "nn.Embedding(3, 2, padding_idx=3)",
    "nn.EmbeddingBag(3, 2, padding_idx=-4)",
    "nn.Embedding(3, 2, _weight=x)",
    "nn.Embedding.from_pretrained(P.ones(3))",
    "nn.HuberLoss(delta='a')",
    "nn.MultiMarginLoss(p=3)",
    "nn.MultiMarginLoss(weight=x)",
    "nn.TripletMarginLoss(margin=0)",
    "nn.TripletMarginWithDistanceLoss(margin=-1)",
    "nn.AdaptiveLogSoftmaxWithLoss(8, 20, [])",
    "nn.AdaptiveLogSoftmaxWithLoss(8, 20, [20])",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2], 1)(x, P.tensor([1, 9]))",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2], 1)(x, P.tensor([1]))",
    "nn.LinearCrossEntropyLoss(3, 4, weight=P.ones(3))",
    "nn.LinearCrossEntropyLoss(3, 4, label_smoothing=2)",
    "nn.RNN(2, 3, nonlinearity='sine')",
    "nn.RNN(2, 3, proj_size=1)",
    "nn.GRU(2, 3, proj_size=1)",
    "nn.LSTM(2, 3, proj_size=3)",
    "nn.LSTM(2, 3, proj_size=-1)",
    "nn.LSTM(0, 3)",
    "nn.LSTM(2, 0)",
    "nn.LSTM(2, 3, 0)",
    "nn.LSTM(2.0, 3)",
    "nn.LSTM(2, 3, bias=1)",
    "nn.LSTM(2, 3, dropout=2)",
    "nn.RNNBase('SRU', 2, 3)",
    "nn.LSTM(3, 4)(P.ones(3))",
    "nn.LSTM(3, 4)(P.ones(2, 1, 5))",
    "nn.LSTM(3, 4)(P.ones(2, 1, 3).double())",
    "nn.LSTM(3, 4)(P.ones(2, 1, 3), (x, x))",
    "nn.GRU(3, 4)(P.ones(2, 1, 3), x)",
    "nn.GRU(3, 4)(x, P.ones(1, 1, 4))",
    "nn.GRU(3, 4)(P.ones(2, 1, 3), P.ones(1, 2, 4))",
    "nn.LSTM(3, 4)(P.ones(2, 1, 3), (P.ones(1, 1, 4), P.ones(1, 1, 5)))",
    "nn.RNNCell(3, 4)(P.ones(1, 1, 3))",
    "nn.MultiheadAttention(5, 2)",
    "nn.MultiheadAttention(0, 2)",
    "nn.MultiheadAttention(4, 2)(P.ones(3), x, x)",
    "nn.MultiheadAttention(4, 2)(P.ones(2, 1, 4), x, x)",
    "nn.MultiheadAttention(3, 1)(x, x, x, is_causal=True)",
    "nn.MultiheadAttention(3, 1)(x, x, x, attn_mask=P.ones(3, 3))",
    "nn.Transformer(4, 2, 1, 1, 3)(P.ones(2, 1, 4), P.ones(2, 2, 4))",
    "nn.Transformer(4, 2, 1, 1, 3)(P.ones(2, 1, 5), P.ones(2, 1, 4))",
    "nn.TransformerEncoderLayer(4, 2, activation='sine')",
    "nn.utils.rnn.pack_padded_sequence(x, [2, 1])",
    "nn.utils.rnn.pack_padded_sequence(x, [1, 2, 1])",
    "nn.utils.rnn.pack_padded_sequence(x, [1, 1, 0])",
    "nn.utils.rnn.pad_sequence([x], padding_side='up')",
    "nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence([x]), total_length=1)",
    "nn.utils.vector_to_parameters([1], [])",
    "nn.utils.skip_init(3)",
    "nn.utils.skip_init(nn.ReLU)",
    "nn.init.calculate_gain('sine')",
    "nn.init.calculate_gain('leaky_relu', 'a')",
    "nn.init.xavier_uniform_(P.ones(3))",
    "nn.init.kaiming_normal_(x, mode='fan')",
    "nn.init.eye_(P.ones(3))",
    "nn.init.dirac_(x)",
    "nn.init.dirac_(P.ones(3, 2, 2), groups=2)",
    "nn.init.orthogonal_(P.ones(3))",
    "nn.init.sparse_(P.ones(3), 0.1)",
]

INITS = [
    "uniform_(t)", "uniform_(t, -2, 3)", "normal_(t)", "normal_(t, 1, 0.1)",
    "constant_(t, 0.3)", "ones_(t)", "zeros_(t)", "xavier_uniform_(t)",
    "xavier_normal_(t, gain=2)", "kaiming_uniform_(t, a=0.1)",
    "kaiming_uniform_(t, mode='fan_out', nonlinearity='relu')",
    "kaiming_normal_(t, nonlinearity='selu')", "trunc_normal_(t)",
    "trunc_normal_(t, std=0.02)", "trunc_normal_(t, mean=3, std=1, a=-2, b=1)",
    "orthogonal_(t, gain=1.5)", "dirac_(t)", "dirac_(t, groups=2)", "eye_(t)",
    "sparse_(t, 0.4)", "uniform(t)", "kaiming_normal(t)", "orthogonal(t)",
]  # fmt: skip
SHAPES = [(5, 7), (24, 3), (4, 2, 3), (4, 3, 2, 2)]

# What a module makes of inputs; `r` makes a tensor with gradient, `i` one of integers.
FORWARDS = {
    "LSTM(3, 4, 2, bidirectional=True, proj_size=2)": "r(5, 2, 3)",
    "LSTM(3, 4, batch_first=True)": "r(2, 5, 3), (r(1, 2, 4), r(1, 2, 4))",
    "GRU(3, 4, 2, bidirectional=True, bias=False)": "r(5, 2, 3), r(4, 2, 4)",
    "GRU(3, 4)": "r(5, 3)",
    "RNN(3, 4, 2, 'relu')": "r(5, 2, 3)",
    "RNN(3, 4, bidirectional=True, batch_first=True)": "r(2, 5, 3)",
    "LSTM(3, 4, bidirectional=True)": "packed()",
    "GRU(3, 4, 2)": "packed()",
    "RNNCell(3, 4)": "r(2, 3), r(2, 4)",
    "LSTMCell(3, 4)": "r(2, 3), (r(2, 4), r(2, 4))",
    "GRUCell(3, 4)": "r(3)",
    "MultiheadAttention(4, 2)": "r(3, 2, 4), r(5, 2, 4), r(5, 2, 4)",
    "MultiheadAttention(4, 2, batch_first=True)": "*[x] * 3, i(2, 3) > 4",
    "MultiheadAttention(4, 2, kdim=3, vdim=5, add_bias_kv=True)": (
        "r(3, 2, 4), r(6, 2, 3), r(6, 2, 5)"
    ),
    "MultiheadAttention(4, 4, add_zero_attn=True)": (
        "r(3, 4), r(3, 4), r(3, 4), None, True, i(3, 3) > 4, False"
    ),
    "AdaptiveLogSoftmaxWithLoss(16, 8, [3, 5])": "r(6, 16), i(6)",
    "LinearCrossEntropyLoss(3, 7, bias=True)": "r(4, 3), i(4)",
    "LinearCrossEntropyLoss(3, 7, out_features=(2,))": "r(4, 3), i(4, 2)",
    "LinearCrossEntropyLoss(3, 7, reduction='none')": "r(3), i()",
    "Conv2d(2, 3, (3, 5), padding='same', padding_mode='circular')": "r(1, 2, 5, 6)",
    "Conv2d(2, 3, 3, padding=(1, 2), padding_mode='reflect')": "r(1, 2, 5, 6)",
    "Conv1d(2, 3, 3, padding=2, padding_mode='replicate')": "r(2, 5)",
    "ConvTranspose2d(2, 3, 3, stride=2)": "r(1, 2, 3, 4), (8, 10)",
    "BatchNorm1d(3, momentum=None)": "r(4, 3, 2)",
    "BatchNorm2d(3, track_running_stats=False)": "r(2, 3, 2, 2)",
    "InstanceNorm1d(3, affine=True, track_running_stats=True)": "r(3, 5)",
    "PReLU(3)": "r(2, 3, 2)",
    "LazyLinear(3)": "r(2, 5)",
    "LazyBatchNorm1d()": "r(4, 3)",
}


def build(package: Any, case: str) -> Any:
    """Make a module under a fixed seed."""
    package.manual_seed(SEED)
    return eval("nn." + case, {"nn": package.nn, "P": package, **SCOPE})


def state(package: Any, case: str) -> dict[str, Any]:
    """Return the fresh state of a module as arrays, lazy tensors left out."""
    found = build(package, case).state_dict()
    return {
        name: np.array(value.detach().numpy())
        for name, value in found.items()
        if "Uninitialized" not in type(value).__name__
    }


def error(package: Any, text: str) -> tuple[str, str]:
    """Return the type and the first lines of the error that ``text`` raises."""
    scope = {"nn": package.nn, "P": package, "x": package.ones(2, 3)}
    try:
        eval(text, scope)
    except Exception as found:
        return type(found).__name__, str(found).replace("torch.nn.mod", "tatami.nn.mod")
    raise AssertionError(f"{text} raises no error")


def _inputs(package: Any, text: str) -> tuple[Any, ...]:
    """Make the inputs of a forward."""

    def real(*shape: int) -> Any:
        numbers = np.sin(1.7 * np.arange(1, 1 + int(np.prod(shape)))).reshape(shape)
        return package.from_numpy(numbers).requires_grad_()

    def whole(*shape: int) -> Any:
        numbers = np.arange(int(np.prod(shape))).reshape(shape) * 5 % 7
        return package.from_numpy(np.asarray(numbers))

    def packed() -> Any:
        rows = [real(n, 3) for n in (2, 4, 3)]
        return package.nn.utils.rnn.pack_sequence(rows, enforce_sorted=False)

    scope = {"r": real, "i": whole, "packed": packed, "x": real(2, 3, 4)}
    found = eval(f"({text},)", scope)
    return tuple(found)


def flat(value: Any) -> list[Any]:
    """Return every tensor in nested results, in order."""
    if isinstance(value, (tuple, list)):
        return [tensor for entry in value for tensor in flat(entry)]
    return [] if value is None else [value]


def forward(package: Any, case: str) -> dict[str, np.ndarray]:
    """Return outputs, buffers afterwards, and gradients, in float64."""
    module = build(package, case).double()
    inputs = _inputs(package, FORWARDS[case])
    outputs = flat(module(*inputs))
    given = [x for x in flat(inputs) if getattr(x, "requires_grad", False)]
    wanted = [x for x in given if x.is_leaf]
    wanted += list(module.parameters())
    total = sum((x * x.detach().cos()).sum() for x in outputs if x.requires_grad)
    gradients = package.autograd.grad(total, wanted, allow_unused=True)
    found = outputs + [x for x in gradients if x is not None] + list(module.buffers())
    return {f"{case}|{i}": np.array(x.detach().numpy()) for i, x in enumerate(found)}


def inits() -> list[tuple[str, tuple[int, ...]]]:
    """Return calls of nn.init and shapes that go together."""
    found = []
    for text in INITS:
        for shape in SHAPES:
            matrix_only = text.startswith(("eye", "sparse"))
            if text.startswith("dirac") and len(shape) < 3:
                continue
            if not matrix_only or len(shape) == 2:
                found.append((text, shape))
    return found


def initialised(package: Any, text: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return a tensor that a function of nn.init has filled."""
    package.manual_seed(SEED)
    tensor = package.zeros(*shape)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        eval("init." + text, {"init": package.nn.init, "t": tensor})
    return np.array(tensor.numpy())


@functools.cache
def texts() -> Any:
    """Return the recorded prints, names and errors."""
    return json.loads((HERE / "modules.json").read_text())


@functools.cache
def arrays() -> dict[str, np.ndarray]:
    """Return the recorded weights."""
    with np.load(HERE / "modules.npz") as file:
        return dict(file)


def observe(package: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return everything there is to record."""
    prints, names, errors, numbers = {}, {}, {}, {}
    for case in cases():
        prints[case] = repr(build(package, case))
        found = state(package, case)
        names[case] = list(build(package, case).state_dict())
        numbers |= {f"{case}|{name}": value for name, value in found.items()}
    for text in ERRORS:
        errors[text] = error(package, text)
    for case in FORWARDS:
        numbers |= {f"forward|{k}": v for k, v in forward(package, case).items()}
    for text, shape in inits():
        numbers[f"{text}|{shape}"] = initialised(package, text, shape)
    return {"prints": prints, "names": names, "errors": errors}, numbers


def main() -> None:
    """Record what PyTorch does."""
    import torch

    warnings.simplefilter("ignore")
    words, numbers = observe(torch)
    np.savez_compressed(HERE / "modules.npz", **numbers)
    text = json.dumps(words, indent=1, sort_keys=True)
    (HERE / "modules.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
