"""Spaces in one line of text: what they say, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.spaces import inline, space_files
from learning_curves.spaces.space import to_dict


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("a=loguniform(1e-4,1)", {"distribution": "loguniform", "args": [1e-4, 1]}),
        ("a=uniform(0, scale=0.5)", {"distribution": "uniform", "args": [0], "scale": 0.5}),
        ("a=randint(16,257)", {"distribution": "randint", "args": [16, 257]}),
        ("a=lograndint(8,257)", {"distribution": "lograndint", "args": [8, 257]}),
        (
            "a=reverse_loguniform(.9,.999)",
            {"distribution": "reverse_loguniform", "args": [0.9, 0.999]},
        ),
        ("a=choice(relu, 16, 0.5, True)", {"choices": ["relu", 16, 0.5, True]}),
        ("a=choice('x,y', \"(z\", '16')", {"choices": ["x,y", "(z", "16"]}),
        ("a=choice(x,y,weights=1:3)", {"choices": ["x", "y"], "weights": [1, 3]}),
        ("a=-16", {"constant": -16}),
        ("a=adam w", {"constant": "adam w"}),
        ("a=1_0", {"constant": "1_0"}),
    ],
)
def test_a_domain_is_written_in_one_line(text, domain):
    assert to_dict(inline.parse(text)) == {"a": domain}
    both = inline.parse(f"{text} , b = choice(1,2)")
    assert to_dict(both) == {"a": domain, "b": {"choices": [1, 2]}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lr", "has 'lr': write NAME=DOMAIN, such as lr="),
        ("lr=", "has 'lr=': write NAME=DOMAIN"),
        ("a=1,,b=2", "has '': write NAME=DOMAIN"),
        ("a=1,a=2", "has 'a' twice"),
        ("\x1b=1", r"has '\x1b=1': write NAME=DOMAIN"),
        ("a=loguniform(1e-4,1", "in which a quote or a parenthesis is not closed"),
        ("a=choice('x)", "in which a quote or a parenthesis is not closed"),
        ("a=1)", "in which a quote or a parenthesis is not closed"),
        (
            "a=loguni(1,2)",
            "'a' has distribution 'loguni', which scipy.stats does not have: choose another",
        ),
        ("a=rv_continuous(1)", "scipy.stats does not have"),
        ("a=loguniform(0,1)", "with args [0, 1]: give arguments in its range"),
        ("a=loguniform(low,1)", "'low' is not a finite number"),
        ("a=uniform(0,scale=nan)", "'nan' is not a finite number"),
        ("a=uniform(0,width=1)", "'a' has distribution 'uniform': "),
        ("a=uniform(args=1)", "whose arguments uniform does not take"),
        ("a=randint(0,1" + "0" * 30 + ")", "has a number that is too large: write a smaller one"),
        ("a=choice()", "'a' has an empty list of choices"),
        ("a=choice(x,,y)", "'' is not a value"),
        ("a=choice(x,p=1)", "a choice takes the argument weights=.., not p"),
        ("a=choice(x,y,weights=1)", "there are 2 choices and 1 weights"),
        ("a=__import__('os')", "'os' is not a finite number"),
        ("a=uniform(0,1).rvs", "'uniform(0,1).rvs' is not a value"),
    ],
)
def test_what_is_malformed_is_one_line(text, words):
    with pytest.raises(InputError) as caught:
        inline.parse(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text("ab=(),'\"1.e-:_ \nuniform choice", max_size=40))
def test_any_text_is_a_space_or_refused(text):
    try:
        space = inline.parse(text)
    except InputError:
        return
    assert to_dict(space)


def test_a_word_is_a_packaged_space_a_line_or_a_file(tmp_path):
    assert next(iter(space_files.find("d2l-mlp"))) == "learning_rate"
    assert space_files.find("lr=0.5") == {"lr": 0.5}
    folder = tmp_path / "a=1"
    folder.mkdir()
    (folder / "space.json").write_text(
        '{"hyperparameters": [{"name": "x", "type": "constant", "value": 3}]}'
    )
    assert space_files.find(folder / "space.json") == {"x": 3}
    assert space_files.find(str(folder / "space.json")) == {"x": 3}
