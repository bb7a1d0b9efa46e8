"""Write what was measured into the READMEs and a picture.

    python benchmarks/report.py [--print]

The tables stand between ``<!-- benchmarks:begin -->`` and ``<!-- benchmarks:end -->``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import results

__all__ = ["rewritten", "tables"]

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- benchmarks:begin -->", "<!-- benchmarks:end -->"
PICTURE = Path("docs") / "benchmarks.svg"
SIDES = (
    "tatami compiled", "tatami eager", "PyTorch eager", "torch.compile", "JAX",
    "ONNX Runtime",
)  # fmt: skip
WORDS: dict[str, dict[str, Any]] = {
    "en": {
        "head": "Time of one call in microseconds; in brackets, how many times faster "
        "than PyTorch eager (blocks in turn, middle of the ratios). The last column is "
        "tatami compiled's, or eager's, share of what the machine's multiply-adds "
        "come to: {peak:.0f} GFLOP/s on one thread.",
        "comma": ", ", "titles": {},
        "network": "network", "share": "share of peak",
        "training": "training", "inference": "inference",
        "batch": "batch {batch}, {threads} thread{s}",
        "absent": "Not measured: {names}.",
        "machine": "Measured on {machine} ({day}), float32.",
        "picture": "Share of the peak against the batch size",
        "accuracy": "From starting Python to {goal:g}% on MNIST's test images: tatami "
        "{ours:.1f} s; a PyTorch script with `DataLoader` {loader:.1f} s "
        "({loader_ratio:.1f} times), one that indexes tensors {tensors:.1f} s "
        "({tensors_ratio:.1f} times).",
        "install": "Installed: tatami {ours:.1f} MB, PyTorch {theirs:.0f} MB. Import: "
        "{our_import:.0f} ms, {their_import:.0f} ms.",
    },
    "ja": {
        "head": "一回の時間（マイクロ秒）。括弧の中は PyTorch eager の何倍速いか"
        "（交互に測った比の中央値）。最後の列は、この計算機の積和演算の最高速度"
        "（一スレッドで {peak:.0f} GFLOP/s）に対する tatami（compiled、なければ eager）"
        "の割合。",
        "comma": "、",
        "titles": {
            "tutorial's CNN": "チュートリアルの CNN",
            "PyTorch's MNIST example": "PyTorch の MNIST の例",
        },
        "network": "ネットワーク", "share": "最高速度比",
        "training": "学習", "inference": "推論",
        "batch": "バッチ {batch}、{threads} スレッド",
        "absent": "測っていないもの：{names}。",
        "machine": "測定：{machine}（{day}）、float32。",
        "picture": "バッチの大きさと最高速度比",
        "accuracy": "Python の起動から MNIST のテスト画像で {goal:g}% まで：tatami "
        "{ours:.1f} 秒、`DataLoader` を使う PyTorch のスクリプト {loader:.1f} 秒"
        "（{loader_ratio:.1f} 倍）、テンソルの添字を使うもの {tensors:.1f} 秒"
        "（{tensors_ratio:.1f} 倍）。",
        "install": "インストール後の大きさ：tatami {ours:.1f} MB、PyTorch "
        "{theirs:.0f} MB。インポート：{our_import:.0f} ms、{their_import:.0f} ms。",
    },
}  # fmt: skip


def tables(sections: dict[str, Any], language: str) -> str:
    """Return the results as Markdown.

    Args:
        sections: what the file of results has.
        language: ``'en'`` or ``'ja'``.
    """
    words = WORDS[language]
    found = sections["networks"]
    rows = [row for row in found["rows"] if row["sides"]]
    names = [name for name in SIDES if any(name in row["sides"] for row in rows)]
    machine = sections["machine"]
    lines = [
        words["machine"].format(
            machine=machine["name"], day=sections["measured"]["networks"]
        ),
        words["head"].format(peak=machine["peaks"]["1"]["gflops"]),
        "",
        _line([words["network"], *names, words["share"]]),
        _line(["---", *["---:"] * (len(names) + 1)]),
        *(_line(_cells(row, names, machine, words)) for row in rows),
    ]
    if found["absent"]:
        lines += ["", words["absent"].format(names=", ".join(found["absent"]))]
    lines += _sentences(sections, words)
    if (ROOT / PICTURE).exists():
        lines += ["", f"![{words['picture']}]({PICTURE.as_posix()})"]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(
    row: dict[str, Any], names: list[str], machine: Any, words: dict[str, Any]
) -> list[str]:
    threads = row["threads"]
    title = row["title"].split(", training")[0].split(", inference")[0]
    mode = words["training" if row["training"] else "inference"]
    where = words["batch"].format(
        batch=row["batch"], threads=threads, s="s" if threads > 1 else ""
    )
    ours = next((name for name in names if name in row["sides"]), None)
    last = "–" if ours is None else f"{results.share(row, ours, machine):.0%}"
    words_of_row = (words["titles"].get(title, title), mode, where)
    return [
        words["comma"].join(words_of_row),
        *(_cell(row, name) for name in names),
        last,
    ]


def _cell(row: dict[str, Any], name: str) -> str:
    if name not in row["sides"]:
        return "–"
    time = f"{row['sides'][name]['median'] * 1e6:,.0f}"
    ratio = results.ratio(row, "PyTorch eager", name)
    if ratio is None or name == "PyTorch eager":
        return time
    return f"{time} ({ratio:.1f})"


def _sentences(sections: dict[str, Any], words: dict[str, Any]) -> list[str]:
    """Return a paragraph for each further section that has PyTorch's side, too."""
    return [
        line
        for name, theirs in (("accuracy", "loader"), ("install", "theirs"))
        if theirs in sections.get(name, {})
        for line in ("", words[name].format(**sections[name]))
    ]


def rewritten(text: str, content: str) -> str:
    """Return a document with the marked section written anew.

    Args:
        text: the document.
        content: what goes between the marks.

    Raises:
        ValueError: the document does not have both marks, once, in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise ValueError(f"expected {BEGIN} and {END}, once each and in order")
    return f"{before}{BEGIN}\n{content}\n{END}{after}"


def main() -> None:
    """Draw the picture and rewrite the READMEs, or print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--print", action="store_true", help="print, and change nothing"
    )
    arguments = parser.parse_args()
    sections = results.load()
    if "networks" not in sections:
        parser.exit(1, f"{results.path()} has no networks: run benchmarks/suite.py\n")
    if arguments.print:
        print(tables(sections, "en"))
        return
    from picture import draw

    draw(sections, ROOT / PICTURE)
    print(f"wrote {PICTURE}")
    for name, language in (("README.md", "en"), ("README.ja.md", "ja")):
        path = ROOT / name
        path.write_text(rewritten(path.read_text(), tables(sections, language)))
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
