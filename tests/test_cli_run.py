"""``tatami run``, ``predict`` and ``info``, each as its user meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tatami
from tatami.cli import main

SOURCES = Path(tatami.__file__).parents[1]


def command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in another process."""
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SOURCES)},
    )


def run(folder: Path, source: str, *arguments: str) -> Any:
    """Run a program under tatami."""
    (folder / "program.py").write_text(source)
    return command("-m", "tatami", "run", "program.py", *arguments, cwd=folder)


def python(folder: Path, source: str, *arguments: str) -> Any:
    """Run a program under python."""
    (folder / "program.py").write_text(source)
    return command("program.py", *arguments, cwd=folder)


def test_torch_is_tatami(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "import torch, torchvision, tatami\n"
        "import torch.nn as nn, torch.nn.functional as F, torch.optim as optim\n"
        "from torch.utils.data import DataLoader\n"
        "import torchvision.transforms as T\n"
        "from torchvision.datasets import MNIST\n"
        "assert torch is tatami and nn is tatami.nn and F is tatami.nn.functional\n"
        "assert torchvision is tatami.vision and T is torchvision.transforms\n"
        "assert optim.SGD is torch.optim.SGD\n"
        "assert nn.__spec__.name == nn.__name__ == 'tatami.nn'\n"
        "assert MNIST.__module__.startswith('tatami.vision')\n"
        "print(torch.ones(2))\n",
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "tensor([1., 1.])\n"


SEMANTICS = """
import sys, os, helper
import __main__
print(__name__, __file__, sys.argv, os.path.samefile(sys.path[0], '.'), __spec__)
print(__main__.helper is helper, __doc__, __annotations__ if False else None)
if __name__ == '__main__':
    print(sys.modules['__main__'].__dict__ is globals())
"""


def test_main_as_under_python(tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("")
    arguments = ("-x", "--epochs", "3", "--", "y")
    found, expected = (
        runner(tmp_path, SEMANTICS, *arguments) for runner in (run, python)
    )
    assert found.stdout == expected.stdout
    assert (found.returncode, found.stderr) == (0, "")


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return 1 / x\n\nf(0)\n",
        "x = (1,\n",
        "import sys\nsys.exit(3)\n",
        "import sys\nsys.exit('a message')\n",
        "raise SystemExit\n",
        "raise KeyError('a') from ValueError('b')\n",
        "try:\n    1 / 0\nexcept ZeroDivisionError:\n    undefined\n",
        "import no_such_module\n",
        "print(a: int)\n",
        "import sys\nprint('out')\nprint('err', file=sys.stderr)\n",
    ],
)
def test_errors_as_under_python(tmp_path: Path, source: str) -> None:
    found, expected = (runner(tmp_path, source) for runner in (run, python))
    assert found.stdout == expected.stdout
    assert found.stderr == expected.stderr
    assert found.returncode == expected.returncode


def test_a_module_tatami_does_not_have(tmp_path: Path) -> None:
    done = run(tmp_path, "import torch.fx\n")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: No module named 'torch.fx': tatami does not have it. Run "
        "the program under PyTorch, or do without this import."
    )
    assert "aliases.py" not in done.stderr
    source = "try:\n    import torch.fx\nexcept ImportError as e:\n    print(e.name)\n"
    assert run(tmp_path, source).stdout == "torch.fx\n"


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    done = command("-m", "tatami", "run", "nothing.py", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "tatami: error: nothing.py: No such file or directory\n"


def test_saved_by_alias_loads_without(tmp_path: Path) -> None:
    source = (
        "import torch\nfrom torch import nn\n"
        "torch.save(nn.Linear(2, 3).state_dict(), 'weights.pt')\n"
    )
    assert run(tmp_path, source).returncode == 0
    assert tatami.load(tmp_path / "weights.pt")["weight"].shape == (3, 2)


def test_info(capsys: Any) -> None:
    assert main(["info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    facts = dict(line.split(":", 1) for line in lines)
    assert facts["kernels"].strip() == (
        f"{tatami.kernels.in_use} ({tatami.kernels.reason})"
    )
    compiled = tatami.kernels.in_use == "native"
    assert (facts["instruction set"].strip() != "NumPy's own") == compiled
    assert facts["NumPy"].strip() == np.__version__
    assert facts["threads"].strip() == str(tatami.get_num_threads())


def test_no_command(capsys: Any) -> None:
    with pytest.raises(SystemExit) as caught:
        main([])
    assert caught.value.code == 2
    assert "train" in capsys.readouterr().err


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on the digits, briefly."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", "--no-extras", "--epochs", "4", "--out", str(folder)]) == 0
    return folder


def test_predict(trained: Path, tmp_path: Path, capsys: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    digits = tatami.vision.datasets.Digits(train=False)
    paths, labels = [], []
    for i in range(20):
        digit, label = digits[i]
        large = digit.resize((150, 150))
        if i % 2:
            large = image.fromarray(255 - np.asarray(large)).convert("RGB")
        paths.append(str(tmp_path / f"{i}.png"))
        labels.append(str(label))
        large.save(paths[-1])
    capsys.readouterr()
    assert main(["predict", str(trained), *paths]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[0] for line in lines] == paths
    assert ["(inverted)" in line for line in lines] == [i % 2 == 1 for i in range(20)]
    guesses = [line.split(": ")[1].split()[0] for line in lines]
    assert sum(a == b for a, b in zip(guesses, labels, strict=True)) >= 17
    assert main(["predict", str(trained), "--invert", "no", paths[1]]) == 0
    assert "inverted" not in capsys.readouterr().out


def test_transparent_ink_counts_as_ink_on_white(
    trained: Path, tmp_path: Path, capsys: Any
) -> None:
    image = pytest.importorskip("PIL.Image")
    digit, label = tatami.vision.datasets.Digits(train=False)[0]
    ink = image.new("RGBA", digit.size, "black")
    ink.putalpha(digit)
    ink.save(tmp_path / "ink.png")
    capsys.readouterr()
    assert main(["predict", str(trained), str(tmp_path / "ink.png")]) == 0
    out = capsys.readouterr().out
    assert f": {label}  " in out
    assert "(inverted)" in out


def test_predict_errors(trained: Path, tmp_path: Path, capsys: Any) -> None:
    image = pytest.importorskip("PIL.Image")
    good = tmp_path / "good.png"
    image.new("L", (9, 9)).save(good)
    (tmp_path / "bad.png").write_bytes(good.read_bytes()[:30])
    capsys.readouterr()
    names = [str(tmp_path / name) for name in ("bad.png", "none.png", "good.png")]
    assert main(["predict", str(trained), *names]) == 1
    result = capsys.readouterr()
    assert result.out.startswith(f"{good}: ")
    first, second = result.err.splitlines()
    assert first.startswith(f"tatami: error: {names[0]}: expected an image, found ")
    assert second == f"tatami: error: {names[1]}: No such file or directory"
    assert main(["predict", str(tmp_path), str(good)]) == 1
    assert "is not a run of tatami train" in capsys.readouterr().err
