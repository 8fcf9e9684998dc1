"""Spaces in the JSON format of ConfigSpace.

Owns that format: as ConfigSpace 1.2.2 writes it (``format_version`` 0.4), and as 0.7.1 and earlier
did (``json_format_version``, with ``default`` and ``q``). ConfigSpace itself is not needed. What a
space here cannot represent is refused: conditions and forbidden clauses (`space` says why), steps
(``q``), normal and beta distributions of whole numbers or on a log scale.

An ordinal hyperparameter is read as a list of choices: they keep their order, which has no meaning
here. A `reverse_loguniform` is unknown to ConfigSpace; it is written as a ``uniform_float`` of the
same bounds with ``{"rungsim": "reverse_loguniform"}`` in its ``meta``, and read from there.
Default values are not written and are ignored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from scipy import stats

from learning_curves import files
from learning_curves.errors import InputError, reading
from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform
from learning_curves.spaces.space import Domain, Space

# type -> the keys that it needs, and those that it may have
_TYPES = {
    "uniform_float": (("lower", "upper"), ("log",)),
    "uniform_int": (("lower", "upper"), ("log",)),
    "normal_float": (("mu", "sigma"), ("lower", "upper", "log")),
    "beta_float": (("alpha", "beta", "lower", "upper"), ("log",)),
    "categorical": (("choices",), ("weights", "probabilities")),
    "ordinal": (("sequence",), ()),
    "constant": (("value",), ()),
    "unparametrized": (("value",), ()),
}
_ANY = ("type", "name", "default", "default_value", "q", "meta")
_REMEDY = "write complete JSON in UTF-8, as ConfigSpace's to_json does"
_FLOATS_TO = 2.0**1022  # the width of a range is a float, too
_WHOLE_TO = 2**53  # beyond, a float skips whole numbers


def read(path: Path) -> Space:
    """Return the space that the file at `path` holds.

    Raises
    ------
    InputError
        It cannot be read, is not a space in ConfigSpace's format, or has what a space here cannot
        say; the line names the file, the hyperparameter, the value and the remedy.

    """
    with reading(path, remedy=_REMEDY):
        return loads(path.read_text(encoding="utf-8"))


def write(space: Space, path: Path) -> None:
    """Write `space` to `path`; the file appears whole or not at all.

    Raises
    ------
    InputError
        The format cannot hold a domain.

    """
    files.write(path, dumps(space).encode())


def loads(text: str) -> Space:
    """Return the space that `text` holds.

    Raises
    ------
    InputError
        As `read`.

    Examples
    --------
    >>> entry = '{"type": "uniform_int", "name": "batch", "lower": 8, "upper": 256, "log": true}'
    >>> batch = loads('{"hyperparameters": [' + entry + "]}")["batch"]
    >>> batch.dist.name, batch.args
    ('lograndint', (8, 257))

    """
    with reading("the space", remedy=_REMEDY):
        said = json.loads(text)
    if not isinstance(said, dict) or not isinstance(said.get("hyperparameters"), list):
        raise InputError("there is no list 'hyperparameters': write JSON as ConfigSpace's to_json")
    for key, what in (("conditions", "condition"), ("forbiddens", "forbidden clause")):
        if said.get(key):
            first = said[key][0] if isinstance(said[key], list) else said[key]
            raise InputError(
                f"{key!r} holds the {what} {_brief(first)}, which spaces here do not support: "
                "remove it"
            )
    space: dict[str, Domain] = {}
    for entry in said["hyperparameters"]:
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise InputError(f"the hyperparameter {_brief(entry)} has no 'name': give it a string")
        if entry["name"] in space:
            raise InputError(f"{entry['name']!r} is there twice: rename or remove one")
        try:
            space[entry["name"]] = _domain(entry)
        except InputError as error:
            raise InputError(f"{entry['name']!r}: {error}") from None
    spaces.check(space)
    return space


def dumps(space: Space) -> str:
    """Return `space` as JSON that `loads` and ConfigSpace 1.x read.

    Bounds and choices are kept to the last bit; the scale of a `uniform`, `beta` or `truncnorm` is
    kept up to rounding, since the format stores the upper end. A range of one whole number is
    written as a constant, since ConfigSpace has no such range.

    Raises
    ------
    InputError
        As `write`.

    """
    spaces.check(space)
    entries = []
    for name, domain in space.items():
        try:
            entries.append({"name": name, **_entry(domain)})
        except InputError as error:
            raise InputError(f"{name!r} {error}") from None
    said = {
        "name": None,
        "hyperparameters": entries,
        "conditions": [],
        "forbiddens": [],
        "format_version": 0.4,
    }
    return json.dumps(said, indent=2, allow_nan=False) + "\n"


def _domain(entry: Mapping[str, Any]) -> Domain:
    kind = entry.get("type")
    if not isinstance(kind, str) or kind not in _TYPES:
        raise InputError(f"'type' is {_brief(kind)}: use one of {', '.join(_TYPES)}")
    needed, allowed = _TYPES[kind]
    for key in needed:
        if key not in entry:
            raise InputError(f"{key!r} is missing: give {', '.join(needed)} for a {kind}")
    for key in entry:
        if key not in (*needed, *allowed, *_ANY):
            raise InputError(f"a {kind} has no key {key!r}: remove it")
    if entry.get("q") is not None:
        raise InputError(f"'q' is {_brief(entry['q'])}, and spaces here have no steps: use choices")
    log, reverse = _is_log(entry), _is_reverse(entry)
    match kind:
        case "uniform_float":
            low, high = _bounds(entry, log=log)
            if reverse:
                if high >= 1:
                    raise InputError(f"'upper' is {high}: a {reverse_loguniform.name} ends below 1")
                return reverse_loguniform(low, high)
            return stats.loguniform(low, high) if log else stats.uniform(low, high - low)
        case "uniform_int":
            low, high = _bounds(entry, log=log, whole=True)
            return (lograndint if log else stats.randint)(low, high + 1)
        case "normal_float":
            mu, sigma = _number(entry, "mu"), _positive(entry, "sigma")
            if entry.get("lower") is None and entry.get("upper") is None:
                return stats.norm(mu, sigma)
            low, high = _bounds(entry)
            return stats.truncnorm((low - mu) / sigma, (high - mu) / sigma, mu, sigma)
        case "beta_float":
            low, high = _bounds(entry)
            shapes = _positive(entry, "alpha"), _positive(entry, "beta")
            return stats.beta(*shapes, low, high - low)
        case "categorical":
            return _choices(entry)
        case "ordinal":
            return _list(entry, "sequence")
        case _:
            return entry["value"]


def _is_log(entry: Mapping[str, Any]) -> bool:
    log = entry.get("log", False)
    if not isinstance(log, bool):
        raise InputError(f"'log' is {_brief(log)}: write true or false")
    if log and not entry["type"].startswith("uniform"):
        raise InputError(f"a {entry['type']} on a log scale is not supported: use uniform_float")
    return log


def _is_reverse(entry: Mapping[str, Any]) -> bool:
    meta = entry.get("meta")
    ours = meta.get("rungsim") if isinstance(meta, dict) else None
    if ours is None:
        return False
    if ours != reverse_loguniform.name or entry["type"] != "uniform_float" or entry.get("log"):
        raise InputError(
            f"'meta' has 'rungsim': {_brief(ours)}: only 'reverse_loguniform' is supported, "
            "for a uniform_float without log"
        )
    return True


def _number(entry: Mapping[str, Any], key: str, *, whole: bool = False) -> Any:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError(f"{key!r} is {_brief(value)}: write a number")
    most = _WHOLE_TO if whole else _FLOATS_TO
    if not -most <= value <= most:
        raise InputError(f"{key!r} is {_brief(value)}: write a number within {most:.4g} of 0")
    if whole and value != int(value):
        raise InputError(f"{key!r} is {value}: write a whole number")
    return int(value) if whole else float(value)


def _positive(entry: Mapping[str, Any], key: str) -> float:
    value: float = _number(entry, key)
    if value <= 0:
        raise InputError(f"{key!r} is {value}: write a number > 0")
    return value


def _bounds(entry: Mapping[str, Any], *, log: bool = False, whole: bool = False) -> tuple[Any, Any]:
    low, high = _number(entry, "lower", whole=whole), _number(entry, "upper", whole=whole)
    if low > high or (low == high and not whole):
        raise InputError(f"'lower' is {low} and 'upper' is {high}: write the smaller one as lower")
    if log and low <= 0:
        raise InputError(f"'lower' is {low} on a log scale: write a number > 0")
    return low, high


def _list(entry: Mapping[str, Any], key: str) -> list[Any]:
    values = entry[key]
    if not isinstance(values, list):
        raise InputError(f"{key!r} is {_brief(values)}: write a list")
    return values


def _choices(entry: Mapping[str, Any]) -> Domain:
    """Return the choices; early versions of ConfigSpace call their weights probabilities."""
    values = _list(entry, "choices")
    key = "weights" if entry.get("weights") is not None else "probabilities"
    if entry.get(key) is None:
        return values
    weights = _list(entry, key)
    return Weighted(tuple(values), tuple(_positive({key: each}, key) for each in weights))


def _entry(domain: Domain) -> dict[str, Any]:
    if spaces.is_distribution(domain):
        return _distribution(domain)
    values = domain if spaces.is_choices(domain) else [domain]
    for place, value in enumerate(values):
        if isinstance(value, float) and not isfinite(value):
            raise InputError(f"has {value}, and JSON has finite numbers only: remove it")
        if values.index(value) != place:
            raise InputError(
                f"has the choice {value!r} twice, and ConfigSpace takes each once: remove one"
            )
    if not spaces.is_choices(domain):
        return {"type": "constant", "value": domain}
    weights = {"weights": list(domain.weights)} if isinstance(domain, Weighted) else {}
    return {"type": "categorical", "choices": list(domain), **weights}


def _distribution(domain: Any) -> dict[str, Any]:
    kind, of = domain.dist.name, _parameters(domain)
    low, high = (end.item() for end in domain.support())
    bounds = {"lower": low, "upper": high}
    match kind:
        case "loguniform" | "lograndint" | "reverse_loguniform" if of["loc"] != 0:
            raise InputError(
                f"has loc {of['loc']}, and ConfigSpace has no shifted log scale: use 0"
            )
        case "reverse_loguniform" if of["scale"] != 1:
            raise InputError(f"has scale {of['scale']}: change the bounds instead")
        case "randint" | "lograndint" if low == high:
            return {"type": "constant", "value": low}
        case "randint" | "lograndint":
            return {"type": "uniform_int", **bounds, "log": kind == "lograndint"}
        case "uniform" | "loguniform":
            return {"type": "uniform_float", **bounds, "log": kind == "loguniform"}
        case "reverse_loguniform":
            return {"type": "uniform_float", **bounds, "log": False, "meta": {"rungsim": kind}}
        case "truncnorm" if isfinite(low) and isfinite(high):
            return {"type": "normal_float", "mu": of["loc"], "sigma": of["scale"], **bounds}
        case "beta" if of["a"] >= 1 and of["b"] >= 1:
            return {"type": "beta_float", "alpha": of["a"], "beta": of["b"], **bounds}
        case _:
            raise InputError(
                f"has distribution {kind!r} with args {[*of.values()]}: ConfigSpace has uniform "
                "and loguniform floats and whole numbers, truncnorm with two bounds, and beta with "
                "shapes >= 1"
            )


def _parameters(domain: Any) -> dict[str, Any]:
    """Return the parameters of a frozen distribution by name."""
    shapes = (domain.dist.shapes or "").split(", ")
    names: Sequence[str] = [*filter(None, shapes), "loc", "scale"]
    given: dict[str, Any] = dict(zip(names, domain.args, strict=False)) | domain.kwds
    return {"loc": 0, "scale": 1} | given


def _brief(value: Any) -> str:
    """Return a value of the file in one line that is not long."""
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
