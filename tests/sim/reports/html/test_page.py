"""What a page lets in: every text as text, and no address at all."""

import json
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.reports.html import charts, page
from tests.sim.reports.html.conftest import IMAGE, QUOTES, SCRIPT, TEMPLATE, Read

TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40) | st.sampled_from(
    [SCRIPT, IMAGE, QUOTES, TEMPLATE, "<!--<script>", "]]>", "\u2028\u2029", "\0\x1b[31m"]
)


def made(text):
    figure = {"traces": [{"name": charts.text(text), "y": [1.0]}], "layout": {}, "height": 100}
    blocks = [
        page.Note(text),
        page.Source(text, text),
        page.Table(text, {text: [text, "b"], "other": ["1", "2"]}, anchor="cell-"),
        page.Chart(text, figure, text, anchor="a", link="cell-0"),
        page.Choice(text, [text, "c"]),
    ]
    sections = [page.Section("s", text, blocks)]
    return page.Page(text, {text: text}, sections, {"command": text}).html()


STRUCTURE = [tag for tag, _ in Read(made("plain")).elements]


@given(TEXTS)
def test_no_text_adds_an_element_or_an_attribute(text):
    read = Read(made(text))
    assert [tag for tag, _ in read.elements] == STRUCTURE
    names = {name for _, attributes in read.elements for name in attributes}
    assert not {name for name in names if name.startswith("on") or name in {"src", "srcset"}}
    assert all(attributes["href"].startswith("#") for attributes in read.of("a"))
    assert read.data["runs"]["command"] == text


@given(TEXTS)
def test_embedded_json_holds_no_character_that_ends_its_element(text):
    embedded = page.embedded({text: [text, float("inf"), 0.1]})
    assert not set(embedded) & set("<>&\u2028\u2029")
    assert json.loads(embedded) == {text: [text, None, 0.1]}


@given(TEXTS)
def test_no_text_is_markup_to_plotly(text):
    told = charts.text(text)
    assert not set(told) & set("<>")
    assert "&" not in told.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_the_policy_names_the_two_scripts_and_forbids_all_else():
    read = Read(made("plain"))
    (policy,) = (meta["content"] for meta in read.of("meta") if "http-equiv" in meta)
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    digests = [sha256(script.encode()).digest() for script in (read.plotly, read.script)]
    assert rules["script-src"] == " ".join(f"'sha256-{b64encode(d).decode()}'" for d in digests)
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data: blob:"
    assert set(rules) == {
        *("default-src", "style-src", "script-src", "img-src", "base-uri", "form-action")
    }


def test_the_vendored_library_comes_with_its_licence():
    assets = page._ASSETS
    assert "MIT" in (assets / "plotly-basic.LICENSE.txt").read_text()
    assert "plotly.js (basic - minified) v4.1.1" in page._asset("plotly-basic.min.js")[:200]


@pytest.mark.parametrize("text", ["\x07", "\x1b[31m", "\0"])
def test_control_characters_are_escaped(text):
    assert text not in made(text)
