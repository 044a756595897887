"""A browser shows every formula: KaTeX its LaTeX, Chromium itself its MathML and HTML, without an error."""

from __future__ import annotations

import html
import json
import random
import re
import subprocess
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

import autograd
from autograd import TABLE, DomainError, Value, formula, topological_order, trace
from tests.autograd.test_labels import LABELS
from tests.points import PLAIN, values_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from autograd.views.formula import Formula

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome") or ""
KATEX = Path("/usr/share/javascript/katex/katex.min.js")

pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason="needs Chromium: apt install chromium"),
    pytest.mark.skipif(not KATEX.exists(), reason=f"needs KaTeX at {KATEX}: apt install libjs-katex"),
]

PAGE = """\
<!doctype html><meta charset="utf-8"><div id="room"></div><pre id="report"></pre>
<script src="{katex}"></script>
<script type="application/json" id="samples">{samples}</script>
<script>
"use strict";
const room = document.getElementById("room"), failures = [];
const strict = code => code.startsWith("unicode") || code === "unknownSymbol" ? "ignore" : "error";
const checks = {{
  latex(text) {{ katex.renderToString(text, {{displayMode: true, throwOnError: true, strict}}); }},
  mathml(text) {{
    const parsed = new DOMParser().parseFromString(text, "application/xml");
    if (parsed.querySelector("parsererror")) throw new Error(parsed.documentElement.textContent);
    room.innerHTML = text;
    const box = room.firstElementChild.getBoundingClientRect();
    if (room.children.length !== 1 || !(box.width > 1 && box.height > 1)) throw new Error("nothing is shown");
    for (const element of room.querySelectorAll("*")) {{
      if (element.namespaceURI !== "http://www.w3.org/1998/Math/MathML") throw new Error(element.outerHTML);
      if (element.localName === "merror") throw new Error("not understood: " + element.textContent);
    }}
  }},
  html(text) {{
    room.innerHTML = text;
    for (const element of room.querySelectorAll("*"))
      if (!/^(table|caption|tbody|tr|td)$/.test(element.localName)) throw new Error(element.outerHTML);
  }},
}};
for (const [kind, name, text] of JSON.parse(document.getElementById("samples").textContent)) {{
  try {{
    checks[kind](text);
  }} catch (error) {{
    failures.push(`${{kind}} of ${{name}}: ${{error.message}}`);
  }}
}}
room.remove();
document.getElementById("report").textContent = JSON.stringify(failures);
</script>
"""


class Sample(NamedTuple):
    kind: str
    name: str
    text: str


def failures(samples: list[Sample], folder: Path) -> list[str]:
    """Let the browser show the samples, and return what it had against them."""
    page = folder / "page.html"
    data = json.dumps(samples).replace("<", "\\u003c")
    page.write_text(PAGE.format(katex=KATEX.as_uri(), samples=data), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync"
    quiet = "--disable-background-networking --disable-component-update --disable-dev-shm-usage"
    result = subprocess.run(
        [CHROMIUM, *flags.split(), *quiet.split(), f"--user-data-dir={folder}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=120,
    )
    report = re.search(r'<pre id="report">(.*?)</pre>', result.stdout, re.DOTALL)
    assert report is not None, result.stdout[:1000] + result.stderr[-1000:]
    found: list[str] = json.loads(html.unescape(report[1]))
    return found


def both(name: str, written: Formula) -> Iterator[Sample]:
    yield Sample("latex", name, written.latex)
    yield Sample("mathml", name, written.mathml)


def of_primitives() -> Iterator[Sample]:
    for row in TABLE.values():
        output = row(*values_inside(row, random.Random(1)))
        yield from both(row.name, formula(output))
        yield Sample("latex", f"trace of {row.name}", trace(output).latex)
        for leaf in topological_order(output)[1]:
            yield from both(f"{row.name}'", formula(output, leaf))


def of_random_expressions() -> Iterator[Sample]:
    rng = random.Random(7)
    rows = list(TABLE.values())
    for at in range(200):
        x, y = Value(0.7, label="x"), Value(1.3, label="theta_1")
        nodes: list[Value] = [x, y, x * y]
        while len(nodes) < rng.choice([6, 12, 30]):
            row = rng.choice(rows)
            names = row.letters or "x" * rng.choice([1, 3, 20])
            constant = rng.choice([2.0, -1.5, 1e-7, 3e20])
            others: list[Any] = [1.0 if name in PLAIN else rng.choice([*nodes, constant]) for name in names]
            try:
                nodes.append(row(rng.choice(nodes), *others[1:]))
            except DomainError:
                continue
        output = autograd.mean(nodes)
        yield from both(f"random expression {at}", formula(output))
        yield from both(f"its derivative {at}", formula(output, x))


def of_published_tables() -> Iterator[Sample]:
    x1, x2 = Value(2.0, label="x1"), Value(5.0, label="x2")
    yield Sample("latex", "Baydin et al.", trace(x1.log() + x1 * x2 - x2.sin()).latex)
    x1, x2 = Value(1.5, label="x1"), Value(0.5, label="x2")
    ratio = x1 / x2
    output = (ratio.sin() + ratio - x2.exp()) * (ratio - x2.exp())
    yield Sample("latex", "Griewank and Walther", trace(output).latex)
    yield Sample("html", "Griewank and Walther", trace(output).html)


def of_labels() -> Iterator[Sample]:
    for label in LABELS:
        x = Value(2.0, label=label)
        output = (x * 3 + 1).tanh() / x
        output.label = f"{label}{label}"
        for written in (formula(output), formula(output, x)):
            yield from both(repr(label), written)
            yield Sample("latex", repr(label), written._repr_latex_().strip("$"))
        yield Sample("latex", f"trace of {label!r}", trace(output).latex)
        yield Sample("html", f"trace of {label!r}", trace(output).html)


WRONG = [
    Sample("latex", "brace", r"\frac{x}{"),
    Sample("latex", "command", r"\unheard{x}"),
    Sample("mathml", "tag", "<math xmlns='http://www.w3.org/1998/Math/MathML'><mi>x</math>"),
    Sample("mathml", "error", "<math xmlns='http://www.w3.org/1998/Math/MathML'><merror/></math>"),
    Sample("html", "injection", "<table><tr><td><script>1</script></td></tr></table>"),
]


def test_a_browser_shows_every_formula_and_says_so_when_one_is_wrong(tmp_path: Path) -> None:
    samples = [*of_primitives(), *of_random_expressions(), *of_published_tables(), *of_labels()]
    assert len(samples) > 1_000
    found = failures([*samples, *WRONG], tmp_path)
    assert [line.split(":")[0] for line in found] == [f"{kind} of {name}" for kind, name, _ in WRONG], found
