"""ConfigSpace's JSON: what we write we read, what it writes we read, what we write it reads."""

import json
import re
from io import StringIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.configspace_json import dumps, loads, read, write
from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform

SPACE = {
    "lr": stats.loguniform(1e-6, 0.1),
    "momentum": stats.uniform(0.0, 0.99),
    "batch": lograndint(8, 257),
    "layers": stats.randint(1, 7),
    "beta2": reverse_loguniform(0.9, 0.9999),
    "dropout": stats.truncnorm(-2, 3, loc=0.4, scale=0.1),
    "mixup": stats.beta(2, 3, 1, 3),
    "act": ["tanh", "relu"],
    "opt": Weighted(("sgd", "adam"), (1, 3)),
    "nesterov": [True, False],
    "epochs": 16,
    "name": "mlp",
}

# As ConfigSpace 0.7.1 writes it (its read_and_write/json.py), with a name.
OLD = """
{"name": "old", "hyperparameters": [
  {"name": "lr", "type": "uniform_float", "log": true, "lower": 1e-06, "upper": 0.1,
   "default": 0.000316227766, "q": null},
  {"name": "batch", "type": "uniform_int", "log": true, "lower": 8, "upper": 256, "default": 45,
   "q": null},
  {"name": "noise", "type": "normal_float", "log": false, "mu": 0.0, "sigma": 2.0, "default": 0.0,
   "lower": null, "upper": null, "q": null},
  {"name": "act", "type": "categorical", "choices": ["tanh", "relu"], "default": "relu",
   "weights": null},
  {"name": "opt", "type": "categorical", "choices": ["sgd", "adam"], "default": "sgd",
   "probabilities": [0.25, 0.75]},
  {"name": "width", "type": "ordinal", "sequence": [32, 64, 128], "default": 32},
  {"name": "epochs", "type": "constant", "value": 16},
  {"name": "loss", "type": "unparametrized", "value": "ce"}
 ], "conditions": [], "forbiddens": [], "python_module_version": "0.7.1",
 "json_format_version": 0.4}
"""


def assert_same(domain, again):
    """Assert that two domains mean the same: exactly, but for the scale of three distributions."""
    if not spaces.is_distribution(domain):
        assert type(again) is type(domain)
        assert again == domain
        return
    (low, high), places = domain.support(), np.linspace(0, 1, 5)
    if spaces.is_whole(domain) and low == high:
        assert (again, type(again)) == (low, int)
        return
    assert again.dist.name == domain.dist.name
    if domain.dist.name in ("uniform", "beta", "truncnorm"):
        width = max(abs(low), abs(high))
        assert again.support() == pytest.approx((low, high), abs=4e-16 * width)
        assert again.ppf(places) == pytest.approx(domain.ppf(places), abs=1e-9 * width)
    else:
        assert again.support() == (low, high)
        assert again.ppf(places).tolist() == domain.ppf(places).tolist()


def test_every_form_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "space.json"
    write(SPACE, path)
    again = read(path)
    assert list(again) == list(SPACE)
    for name, domain in SPACE.items():
        assert_same(domain, again[name])
    write(again, path)
    assert spaces.to_dict(read(path)) == spaces.to_dict(again)
    assert [each.name for each in tmp_path.iterdir()] == ["space.json"]


positive = st.floats(1e-6, 1e6)
widths = st.floats(1e-3, 1e6)
values = st.one_of(st.integers(2), st.text(max_size=3), st.floats(2.5, 1e300))
choices = st.lists(values, min_size=1, max_size=5, unique=True)
domains = st.one_of(
    st.builds(stats.uniform, st.floats(-1e6, 1e6), widths),
    st.builds(lambda low, width: stats.loguniform(low, low * (1 + width)), positive, widths),
    st.builds(lambda low, n: stats.randint(low, low + n), st.integers(-99, 99), st.integers(1, 99)),
    st.builds(lambda low, n: lograndint(low, low + n), st.integers(1, 999), st.integers(1, 999)),
    st.builds(
        lambda low, share: reverse_loguniform(low, low + (1 - low) * share),
        st.floats(-10, 0.9),
        st.floats(0.01, 0.99),
    ),
    st.builds(
        lambda below, above, mu, sigma: stats.truncnorm(-below, above, mu, sigma),
        *(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(-10, 10), st.floats(0.1, 10)),
    ),
    st.builds(
        lambda a, b, low, width: stats.beta(a, b, loc=low, scale=width),
        *(st.floats(1, 5), st.floats(1, 5), st.floats(-10, 10), st.floats(0.1, 10)),
    ),
    choices,
    choices.map(lambda found: Weighted(found, range(1, 1 + len(found)))),
    values,
    st.booleans(),
)


@given(st.dictionaries(st.text(max_size=3), domains, min_size=1, max_size=4))
def test_what_is_written_is_what_is_read(space):
    again = loads(dumps(space))
    assert list(again) == list(space)
    for name, domain in space.items():
        assert_same(domain, again[name])


def test_the_old_layout_is_read():
    assert spaces.to_dict(loads(OLD)) == {
        "lr": {"distribution": "loguniform", "args": [1e-6, 0.1]},
        "batch": {"distribution": "lograndint", "args": [8, 257]},
        "noise": {"distribution": "norm", "args": [0.0, 2.0]},
        "act": {"choices": ["tanh", "relu"]},
        "opt": {"choices": ["sgd", "adam"], "weights": [0.25, 0.75]},
        "width": {"choices": [32, 64, 128]},
        "epochs": {"constant": 16},
        "loss": {"constant": "ce"},
    }


def test_a_reverse_loguniform_is_marked_in_the_meta_of_a_uniform_float():
    (entry,) = json.loads(dumps({"x": reverse_loguniform(0.9, 0.999)}))["hyperparameters"]
    assert entry == {
        "name": "x",
        "type": "uniform_float",
        "lower": 0.9,
        "upper": 0.999,
        "log": False,
        "meta": {"rungsim": "reverse_loguniform"},
    }


def test_configspace_reads_what_we_write():
    library = pytest.importorskip("ConfigSpace")
    told = library.ConfigurationSpace.from_json(StringIO(dumps(SPACE)))
    assert set(told) == set(SPACE)
    for name, log in [("lr", True), ("batch", True), ("momentum", False), ("layers", False)]:
        low, high = SPACE[name].support()
        assert (told[name].lower, told[name].upper, told[name].log) == (low, high, log)
    for name in ("batch", "layers"):
        assert isinstance(told[name], library.UniformIntegerHyperparameter)
    assert (told["beta2"].lower, told["beta2"].upper) == (0.9, 0.9999)
    assert (told["dropout"].mu, told["dropout"].sigma) == (0.4, 0.1)
    assert (told["dropout"].lower, told["dropout"].upper) == pytest.approx((0.2, 0.7))
    assert (told["mixup"].alpha, told["mixup"].beta) == (2, 3)
    assert (told["mixup"].lower, told["mixup"].upper) == (1, 4)
    assert told["act"].choices == ("tanh", "relu")
    assert told["act"].probabilities.tolist() == [0.5, 0.5]
    assert told["opt"].probabilities.tolist() == [0.25, 0.75]
    assert told["nesterov"].choices == (True, False)
    assert (told["epochs"].value, told["name"].value) == (16, "mlp")


def test_we_read_what_configspace_writes():
    library = pytest.importorskip("ConfigSpace")
    theirs = library.ConfigurationSpace.from_json(StringIO(dumps(SPACE)))
    theirs.add(library.OrdinalHyperparameter("width", [32, 64, 128]))
    text = StringIO()
    theirs.to_json(text)
    again = loads(text.getvalue())
    assert set(again) == {*SPACE, "width"}  # in ConfigSpace's own order
    assert again["width"] == [32, 64, 128]
    for name, domain in SPACE.items():
        assert_same(domain, again[name])


@pytest.mark.parametrize("name", ["lr", "momentum", "layers", "dropout", "mixup", "opt"])
def test_configspace_draws_from_the_same_distribution(name):
    library = pytest.importorskip("ConfigSpace")
    theirs = library.ConfigurationSpace.from_json(StringIO(dumps({name: SPACE[name]})))
    theirs.seed(1)
    drawn = [config[name] for config in theirs.sample_configuration(4000)]
    ours = [config[name] for config in spaces.sample(SPACE, np.random.default_rng(1), 4000)]
    if type(ours[0]) is float:
        assert stats.ks_2samp(drawn, ours).pvalue > 0.001
    else:
        counts = [[values.count(value) for value in sorted(set(ours))] for values in (drawn, ours)]
        assert stats.chi2_contingency(counts).pvalue > 0.001


FLOAT = {"type": "uniform_float", "name": "lr", "lower": 0.1, "upper": 1.0, "log": False}
CHOICE = {"type": "categorical", "name": "lr", "choices": ["a", "b"]}
NORMAL = {"type": "normal_float", "name": "lr", "mu": 0, "sigma": 1, "lower": -1, "upper": 1}


def without(entry, key):
    return {name: value for name, value in entry.items() if name != key}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            without(FLOAT, "upper"),
            "'lr': 'upper' is missing: give lower, upper for a uniform_float",
        ),
        (without(FLOAT, "type"), "'lr': 'type' is None: use one of uniform_float"),
        (FLOAT | {"type": "uniform"}, "'lr': 'type' is 'uniform'"),
        (FLOAT | {"type": ["a"]}, "'lr': 'type' is ['a']"),
        (NORMAL | {"type": "normal_int"}, "'lr': 'type' is 'normal_int'"),
        (FLOAT | {"type": "beta_int"}, "'lr': 'type' is 'beta_int'"),
        (FLOAT | {"lower": "small"}, "'lr': 'lower' is 'small': write a number"),
        (FLOAT | {"lower": None}, "'lr': 'lower' is None: write a number"),
        (FLOAT | {"lower": True}, "'lr': 'lower' is True: write a number"),
        (FLOAT | {"upper": float("nan")}, "'lr': 'upper' is nan: write a number within"),
        (FLOAT | {"upper": float("inf")}, "'lr': 'upper' is inf: write a number within"),
        (FLOAT | {"upper": 10**400}, "'lr': 'upper' is 1000000000"),
        (FLOAT | {"lower": 2.0}, "'lr': 'lower' is 2.0 and 'upper' is 1.0: write the smaller"),
        (FLOAT | {"lower": 1.0}, "'lr': 'lower' is 1.0 and 'upper' is 1.0"),
        (
            FLOAT | {"lower": 0, "log": True},
            "'lr': 'lower' is 0.0 on a log scale: write a number > 0",
        ),
        (FLOAT | {"log": "yes"}, "'lr': 'log' is 'yes': write true or false"),
        (FLOAT | {"q": 0.1}, "'lr': 'q' is 0.1, and spaces here have no steps"),
        (FLOAT | {"lgo": True}, "'lr': a uniform_float has no key 'lgo': remove it"),
        (FLOAT | {"meta": {"rungsim": "cauchy"}}, "'lr': 'meta' has 'rungsim': 'cauchy'"),
        (FLOAT | {"meta": {"rungsim": "reverse_loguniform"}}, "'lr': 'upper' is 1.0: a reverse_"),
        (FLOAT | {"type": "uniform_int", "lower": -0.5}, "'lr': 'lower' is -0.5: write a whole"),
        (
            FLOAT | {"type": "uniform_int", "lower": 1, "upper": 1e16},
            "'lr': 'upper' is 1e+16: write a number w",
        ),
        (NORMAL | {"sigma": 0}, "'lr': 'sigma' is 0.0: write a number > 0"),
        (NORMAL | {"log": True}, "'lr': a normal_float on a log scale is not supported"),
        (NORMAL | {"upper": None}, "'lr': 'upper' is None"),
        (FLOAT | {"type": "beta_float", "alpha": -1, "beta": 1}, "'lr': 'alpha' is -1.0"),
        (CHOICE | {"choices": "ab"}, "'lr': 'choices' is 'ab': write a list"),
        (CHOICE | {"choices": []}, "'lr' has an empty list"),
        (CHOICE | {"choices": [None]}, "'lr' has None"),
        (CHOICE | {"weights": [1]}, "'lr': there are 2 choices and 1 weights"),
        (CHOICE | {"weights": [1, 0]}, "'lr': 'weights' is 0.0: write a number > 0"),
        (CHOICE | {"weights": [1, "x"]}, "'lr': 'weights' is 'x': write a number"),
        (CHOICE | {"weights": 3}, "'lr': 'weights' is 3: write a list"),
        ({"type": "constant", "name": "lr", "value": {"a": 1}}, "'lr' has {'a': 1}"),
        ({"type": "constant"}, "has no 'name'"),
        (3, "the hyperparameter 3 has no 'name'"),
    ],
)
def test_what_is_wrong_with_a_hyperparameter_is_told_in_a_line(tmp_path, entry, words):
    path = tmp_path / "space.json"
    path.write_text(json.dumps({"hyperparameters": [{**FLOAT, "name": "ok"}, entry]}))
    assert_refused(path, words)


def assert_refused(path, words):
    with pytest.raises(InputError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert words in message
    assert "\n" not in message
    assert len(message) - len(str(path)) < 300


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OLD[:200], "write complete JSON"),
        ("", "write complete JSON"),
        ("[" * 100_000, "write complete JSON"),
        ('{"a": ' + "9" * 5000 + "}", "write complete JSON"),
        ("[]", "there is no list 'hyperparameters'"),
        ("{}", "there is no list 'hyperparameters'"),
        ('{"hyperparameters": {}}', "there is no list 'hyperparameters'"),
        ('{"hyperparameters": []}', "the space is empty"),
        (json.dumps({"hyperparameters": [FLOAT, FLOAT]}), "'lr' is there twice"),
    ],
    ids=range(9),
)
def test_what_is_wrong_with_a_file_is_told_in_a_line(tmp_path, text, words):
    path = tmp_path / "space.json"
    path.write_text(text)
    assert_refused(path, words)


def test_a_file_that_is_no_text_or_not_there_is_named(tmp_path):
    path = tmp_path / "space.json"
    assert_refused(path, "cannot be read: No such file")
    path.write_bytes(b"\xff\xfe")
    assert_refused(path, "byte 0 is not text in UTF-8")


@pytest.mark.parametrize("layout", ["new", "old"])
def test_conditions_and_forbidden_clauses_are_refused_by_name(tmp_path, layout):
    condition = {"type": "EQ", "child": "momentum", "parent": "opt", "value": "sgd"}
    clause = {"type": "EQUALS", "name": "opt", "value": "adam"}
    version = {"format_version": 0.4} if layout == "new" else {"json_format_version": 0.4}
    path = tmp_path / "space.json"
    path.write_text(
        json.dumps({"hyperparameters": [FLOAT], "conditions": [condition, clause], **version})
    )
    assert_refused(path, "'conditions' holds the condition {'type': 'EQ', 'child': 'momentum'")
    path.write_text(json.dumps({"hyperparameters": [FLOAT], "forbiddens": [clause], **version}))
    assert_refused(path, "the forbidden clause {'type': 'EQUALS', 'name': 'opt'")


def test_the_conditions_of_configspace_itself_are_refused():
    library = pytest.importorskip("ConfigSpace")
    theirs = library.ConfigurationSpace({"opt": ["sgd", "adam"], "momentum": (0.0, 0.9)})
    theirs.add(library.EqualsCondition(theirs["momentum"], theirs["opt"], "sgd"))
    text = StringIO()
    theirs.to_json(text)
    with pytest.raises(InputError, match="'child': 'momentum', 'parent': 'opt'"):
        loads(text.getvalue())


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (stats.norm(0, 1), "'x' has distribution 'norm' with args [0, 1]"),
        (stats.truncnorm(-1, np.inf), "'x' has distribution 'truncnorm'"),
        (stats.beta(0.5, 2), "'x' has distribution 'beta' with args"),
        (stats.poisson(3), "'x' has distribution 'poisson'"),
        (stats.loguniform(1, 2, loc=3), "'x' has loc 3"),
        (lograndint(1, 5, loc=2), "'x' has loc 2"),
        (reverse_loguniform(0.5, 0.9, scale=2), "'x' has scale 2"),
        ([1, 2, 1], "'x' has the choice 1 twice"),
        ([1, True], "'x' has the choice True twice"),
        ([1.0, float("inf")], "'x' has inf, and JSON has finite numbers only"),
        (float("nan"), "'x' has nan"),
    ],
)
def test_what_the_format_cannot_hold_is_not_written(tmp_path, domain, words):
    path = tmp_path / "space.json"
    with pytest.raises(InputError, match=re.escape(words)):
        write({"x": domain}, path)
    assert not path.exists()
