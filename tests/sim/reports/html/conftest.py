"""A hostile study and a run, made through the command line, and what a page holds."""

import json
from html.parser import HTMLParser

import pytest

from sim.commands.cli import main

SCRIPT = "</script><script>alert(1)</script>"
IMAGE = "<img src=x onerror=alert(2)>"
QUOTES = "\"'><b>"
TEMPLATE = "{{7*7}} %{x}"
STUDY = f"""
title = "<script>alert(3)</script> & </title> \\u0007 {TEMPLATE}"
seeds = 6
measures = ["finished", "time_to_target", "best_loss", "lost", "end_seconds"]
survival = true
ranks = "scheduler"
target = 0.3
[experiment]
curves = "hostile.csv"
eta = 3
r_max = 3
limits.max_seconds = 20
[axes]
scheduler = ["random", "asha"]
workers = [1, 2, 8]
[axes.'{IMAGE}']
'{SCRIPT}' = {{ straggler_sigma = 0.5 }}
{json.dumps(QUOTES)} = {{}}
[speedups]
time_to_target = "workers"
[against]
scheduler = "random"
"""


class _Reader(HTMLParser):
    """Collects the elements of a page, their attributes, and the text of each kind of element."""

    def __init__(self):
        super().__init__()
        self.elements, self.open, self.text = [], [], {}

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag):
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if self.open:
            self.text.setdefault(self.open[-1], []).append(data)


class Read:
    """A page as a browser reads it."""

    def __init__(self, html):
        reader = _Reader()
        reader.feed(html)
        self.elements, self.text = reader.elements, reader.text
        data, self.plotly, self.script = reader.text["script"]
        self.data = json.loads(data)

    def of(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="session")
def hostile(tmp_path_factory):
    """The folder of a study whose names are hostile, and its report."""
    folder = tmp_path_factory.mktemp("hostile")
    names = [SCRIPT, QUOTES, TEMPLATE]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    rows = [
        f"{config},{config / 10},{config},{IMAGE if config % 2 else 'plain'},0,{epoch},"
        f"{0.9 / (epoch + config % 5)},{1 + config % 3}"
        for config in range(12)
        for epoch in (1, 2, 3)
    ]
    table = [f"config_id,{header},seed,epoch,validation_error,seconds", *rows]
    (folder / "hostile.csv").write_text("\n".join(table) + "\n")
    (folder / "names.toml").write_text(STUDY)
    out = folder / "out"
    arguments = ["study", f"{folder}/names.toml", "--out", f"{out}", "--no-plots"]
    assert main([*arguments, "--processes", "1"]) == 0
    assert main(["report", str(out)]) == 0
    return out


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """The folder of a run with faults, and its report."""
    out = tmp_path_factory.mktemp("run") / "out"
    arguments = "--scheduler asha --workers 4 --max-seconds 60 --mtbf 40 --mttr 5 --start-seconds 1"
    assert main(["run", *arguments.split(), "--no-plots", "--out", str(out)]) == 0
    assert main(["report", str(out)]) == 0
    return out
