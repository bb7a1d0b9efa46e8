"""The backward pass: what it computes, what it keeps, what it refuses."""

from __future__ import annotations

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import tatami
from tatami import autograd
from tatami.autograd.function import Operation


def leaf(*values: float) -> tatami.Tensor:
    return tatami.tensor(list(values), dtype=tatami.float64, requires_grad=True)


def test_gradients_accumulate() -> None:
    x = leaf(1, 2)
    for times in (1, 2, 3):
        (x * x).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), times * np.array([2.0, 4.0]))


def test_zeroed_gradients_start_anew() -> None:
    x = leaf(1, 2)
    (x * 3).sum().backward()
    x.grad = None
    (x * 5).sum().backward()
    assert x.grad.tolist() == [5, 5]


def test_a_tensor_used_twice_gets_both_gradients() -> None:
    x = leaf(2)
    y = x * 3
    (y * y + y).sum().backward()
    assert x.grad.tolist() == [2 * 6 * 3 + 3]


def test_grad_fn_chain() -> None:
    x = leaf(1)
    y = (x * 2 + 1).sum()
    names = []
    node = y.grad_fn
    while node is not None:
        names.append(type(node).__name__)
        node = node.next_functions[0][0] if node.next_functions else None
    assert names == ["SumBackward0", "AddBackward0", "MulBackward0", "AccumulateGrad"]
    add = y.grad_fn.next_functions[0][0]
    assert add.next_functions[1] == (None, 0)
    assert add.next_functions[0][0].next_functions[0][0].variable is x


def test_second_pass_is_refused() -> None:
    x = leaf(1)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a s"):
        y.backward()


def test_retain_graph() -> None:
    x = leaf(3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [12]


def test_create_graph() -> None:
    x = leaf(3)
    (first,) = autograd.grad(x * x * x, x, create_graph=True)
    (second,) = autograd.grad(first, x, create_graph=True)
    (third,) = autograd.grad(second, x)
    assert [first.item(), second.item(), third.item()] == [27, 18, 6]


def test_gradient_argument() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        (x * 2).backward(tatami.ones(3, dtype=tatami.float64))
    (x * 2).backward(tatami.tensor([1.0, 10.0], dtype=tatami.float64))
    assert x.grad.tolist() == [2, 20]


def test_nothing_to_differentiate() -> None:
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require gr"):
        tatami.ones(1).backward()


def test_grad_leaves_other_gradients_alone() -> None:
    x, y = leaf(2), leaf(5)
    assert autograd.grad(x * y, y)[0].tolist() == [2]
    assert x.grad is None and y.grad is None


def test_unused_inputs() -> None:
    x, y = leaf(1), leaf(1)
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        autograd.grad(x * 2, [x, y])
    assert autograd.grad(x * 2, [x, y], allow_unused=True)[1] is None
    zero = autograd.grad(x * 2, [x, y], materialize_grads=True)[1]
    assert zero.tolist() == [0]


def test_gradient_of_a_middle_tensor() -> None:
    x = leaf(3)
    y = x * x
    assert autograd.grad((y * y).sum(), y)[0].tolist() == [18]


def test_backward_with_inputs() -> None:
    x, y = leaf(2), leaf(5)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [5] and y.grad is None


def test_hooks_replace_gradients() -> None:
    x = leaf(1)
    y = x * 2
    handle = y.register_hook(lambda grad: grad * 10)
    x.register_hook(lambda grad: grad + 1)
    y.sum().backward(retain_graph=True)
    assert x.grad.tolist() == [21]
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert x.grad.tolist() == [3]


def test_node_hooks() -> None:
    x = leaf(1)
    y = x * 2
    seen = []
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 3,))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(outputs[0].item()))
    y.sum().backward()
    assert seen == [3] and x.grad.tolist() == [6]


def test_post_accumulate_hook() -> None:
    x = leaf(1)
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append(t.grad.item()))
    (x * 4).sum().backward()
    assert seen == [4]


def test_retain_grad() -> None:
    x = leaf(1)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.tolist() == [4]


def test_grad_of_a_middle_tensor_warns() -> None:
    y = leaf(1) * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_grad_modes() -> None:
    x = leaf(1)
    with tatami.no_grad():
        assert not (x * 2).requires_grad
        with tatami.enable_grad():
            assert (x * 2).requires_grad
    assert (x * 2).requires_grad

    @tatami.no_grad()
    def decorated() -> bool:
        return bool((x * 2).requires_grad)

    assert not decorated()
    tatami.set_grad_enabled(False)
    assert not tatami.is_grad_enabled()
    tatami.set_grad_enabled(True)


def test_grad_mode_belongs_to_the_thread() -> None:
    seen = []
    with tatami.no_grad():
        thread = threading.Thread(target=lambda: seen.append(tatami.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_inference_mode() -> None:
    x = leaf(1)
    with tatami.inference_mode():
        y = x * 2
    assert y.is_inference() and not y.requires_grad


def test_generators_keep_their_mode() -> None:
    @tatami.no_grad()
    def states():
        yield tatami.is_grad_enabled()
        yield tatami.is_grad_enabled()

    found = []
    for state in states():
        found += [state, tatami.is_grad_enabled()]
    assert found == [False, True, False, True]


def test_graphs_are_freed_without_the_collector() -> None:
    gc.disable()
    try:
        x = leaf(1)
        y = x * 2
        reference = weakref.ref(y.grad_fn)
        y = y.exp()
        del y
        assert reference() is None
    finally:
        gc.enable()


def test_long_graphs_need_no_deep_stack() -> None:
    x = leaf(1)
    y = x
    for _ in range(20_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1]
    del y


def test_gradients_do_not_share_memory() -> None:
    x, y = leaf(1, 2), leaf(1, 2)
    (x + y).sum().backward()
    x.grad.mul_(5)
    assert y.grad.tolist() == [1, 1]


def test_modified_saved_tensor_is_refused() -> None:
    x = leaf(1, 2)
    y = x * 2
    z = (y * y).sum()
    y.add_(1)
    message = (
        r"modified by an inplace operation: \[torch.DoubleTensor \[2\]\], which is "
        r"output 0 of \w+, is at version 1; expected version 0 instead"
    )
    with pytest.raises(RuntimeError, match=message):
        z.backward()


def test_a_modified_result_is_named_as_in_pytorch() -> None:
    """The text is PyTorch 2.13's."""
    z = leaf(1.0, 2.0).exp()
    z.mul_(2)
    with pytest.raises(RuntimeError) as caught:
        z.sum().backward()
    assert str(caught.value) == (
        "one of the variables needed for gradient computation has been modified by an "
        "inplace operation: [torch.DoubleTensor [2]], which is output 0 of Exp, is at "
        "version 1; expected version 0 instead. Hint: enable anomaly detection to find "
        "the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )


def test_leaves_cannot_be_changed_in_place() -> None:
    x = leaf(1, 2)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is be"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires"):
        x.view(2, 1).add_(1)
    with tatami.no_grad():
        x.add_(1)
    assert x.tolist() == [2, 3] and x.is_leaf


def test_in_place_on_an_input_that_was_saved() -> None:
    x, w = leaf(2), leaf(3)
    y = x * 1
    y.mul_(w)
    y.sum().backward()
    assert x.grad.tolist() == [3] and w.grad.tolist() == [2]


def test_in_place_on_a_view_reaches_the_base() -> None:
    x = leaf(1, 2, 3, 4)
    y = x * 1
    y.view(2, 2).t().mul_(2)
    assert type(y.grad_fn).__name__ == "CopySlices"
    (y * y).sum().backward()
    assert x.grad.tolist() == [8 * v for v in (1, 2, 3, 4)]


class Cube(autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * grad_output


def test_custom_function() -> None:
    x = leaf(2)
    y = Cube.apply(x)
    assert y.grad_fn.name() == "CubeBackward"
    y.backward()
    assert x.grad.tolist() == [12]
    assert autograd.gradcheck(Cube.apply, x)
    assert autograd.gradgradcheck(Cube.apply, x)


def test_custom_function_with_setup_context() -> None:
    class Scale(autograd.Function):
        @staticmethod
        def forward(x, factor):
            return x * factor, x.sum()

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.factor = inputs[1]
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, grad_output, unused):
            return grad_output * ctx.factor, None

    x = leaf(1, 2)
    scaled, total = Scale.apply(x, 3)
    assert not total.requires_grad
    scaled.sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_custom_function_errors() -> None:
    class Wrong(autograd.Function):
        @staticmethod
        def forward(ctx, x, y):
            return x + y

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output

    with pytest.raises(RuntimeError, match="returned an incorrect number of gradients"):
        Wrong.apply(leaf(1), leaf(1)).backward()

    class Misshapen(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad_output):
            return tatami.ones(3, dtype=tatami.float64)

    with pytest.raises(RuntimeError, match=r"got \[3\] but expected shape compatible"):
        Misshapen.apply(leaf(1)).backward()


def test_once_differentiable() -> None:
    class Once(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @autograd.function.once_differentiable
        def backward(ctx, grad_output):
            (x,) = ctx.saved_tensors
            return 2 * x * grad_output

    x, w = leaf(3), leaf(2)
    (gradient,) = autograd.grad(Once.apply(x) * w, x, create_graph=True)
    assert gradient.tolist() == [12]
    with pytest.raises(RuntimeError, match="marked with @once_differentiable"):
        gradient.backward()


def test_gradcheck_finds_wrong_gradients() -> None:
    class Wrong(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad_output):
            return grad_output * 3

    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0"):
        autograd.gradcheck(Wrong.apply, leaf(1))
    assert not autograd.gradcheck(Wrong.apply, leaf(1), raise_exception=False)


def test_gradcheck_wants_doubles() -> None:
    with pytest.raises(ValueError, match="needs float64"):
        autograd.gradcheck(lambda x: x, tatami.ones(1, requires_grad=True))


def test_a_fresh_gradient_becomes_grad_without_a_copy() -> None:
    class Fresh(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, grad_output):
            made = tatami.ones(2, dtype=tatami.float64)
            addresses.append(made.data_ptr())
            if held is not None:
                held.append(made)
            return made

    addresses: list[int] = []
    held = None
    x = leaf(1, 2)
    Fresh.apply(x).sum().backward()
    assert x.grad.data_ptr() == addresses[0]
    held = []
    x = leaf(1, 2)
    Fresh.apply(x).sum().backward()
    assert x.grad.data_ptr() != addresses[1]


def test_anomaly_names_the_step() -> None:
    x = leaf(0)
    with autograd.detect_anomaly():
        with pytest.raises(
            RuntimeError, match="Function 'MulBackward0' returned nan va"
        ):
            (x * float("nan")).sum().backward()
    (x * float("nan")).sum().backward()


def test_a_node_type_is_made_once_for_each_operation() -> None:
    class Twice(Operation):
        @staticmethod
        def forward(ctx: Any, array: np.ndarray) -> np.ndarray:
            return array * 2

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            return grad_output * 2

    class Named(Twice):
        node_name = "OtherBackward0"

    x = tatami.ones(2, requires_grad=True)
    first, second, other = Twice.apply(x), Twice.apply(x), Named.apply(x)
    assert type(first.grad_fn) is type(second.grad_fn) is Twice.node_type
    assert type(other.grad_fn) is Named.node_type
    assert other.grad_fn.operation is Named and first.grad_fn.operation is Twice
    assert (first.grad_fn.name(), other.grad_fn.name()) == (
        "TwiceBackward0",
        "OtherBackward0",
    )
    (first + other).sum().backward()
    assert x.grad.tolist() == [4, 4]
