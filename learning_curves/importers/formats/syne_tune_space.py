"""Conversion of Syne Tune's domains in JSON to ours and back.

Owns the format of ``configspace.json``: name -> ``domain_cls``, ``domain_kwargs``, ``sampler_cls``,
``sampler_kwargs``, or a constant (syne_tune 0.16.0, config_space.py, `to_dict` and `from_dict`).
Bounds are included there. It writes a reverse-log-uniform domain as log-uniform, but reads both.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from learning_curves.errors import InputError, reading
from learning_curves.importers.domains import uniform
from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform
from learning_curves.spaces.space import Domain, Space


def from_json(plain: Mapping[str, Any]) -> tuple[Space, list[str]]:
    """Return the space, and the names of the domains without a counterpart here, left out.

    Raises
    ------
    InputError
        A domain lacks an argument of its class.

    Examples
    --------
    >>> lr = {"domain_cls": "Float", "domain_kwargs": {"lower": 0.1, "upper": 1.0},
    ...       "sampler_cls": "LogUniform", "sampler_kwargs": {}}
    >>> spaces.to_dict(from_json({"lr": lr, "epochs": 9})[0])
    {'lr': {'distribution': 'loguniform', 'args': [0.1, 1.0]}, 'epochs': {'constant': 9}}

    """
    space: dict[str, Domain] = {}
    unknown = []
    for name, said in plain.items():
        if not isinstance(said, dict):
            space[name] = said
            continue
        with reading(f"the hyperparameter {name!r}", remedy="export the blackbox again"):
            domain = _domain(said)
        if domain is None:
            unknown.append(name)
        else:
            space[name] = domain
    return space, unknown


def _domain(said: Mapping[str, Any]) -> Domain | None:
    kwargs = said["domain_kwargs"]
    match said["domain_cls"], said.get("sampler_cls", "Uniform"):
        case "Categorical" | "Ordinal" | "OrdinalNearestNeighbor", _:
            return list(kwargs["categories"])
        case "FiniteRange", _:
            return _finite_range(**kwargs)
        case "Float" | "Integer" as kind, _ if kwargs["lower"] == kwargs["upper"]:
            return int(kwargs["lower"]) if kind == "Integer" else float(kwargs["lower"])
        case "Float", "Uniform":
            return uniform(kwargs["lower"], kwargs["upper"])
        case "Float", "LogUniform":
            return stats.loguniform(kwargs["lower"], kwargs["upper"])
        case "Float", "ReverseLogUniform":
            return reverse_loguniform(kwargs["lower"], kwargs["upper"])
        case "Integer", "Uniform":
            return stats.randint(kwargs["lower"], kwargs["upper"] + 1)
        case "Integer", "LogUniform":
            return lograndint(kwargs["lower"], kwargs["upper"] + 1)
        case _:
            return None


def _finite_range(
    lower: float, upper: float, size: int, *, log_scale: bool = False, cast_int: bool = False
) -> list[float]:
    ends = (math.log(lower), math.log(upper)) if log_scale else (lower, upper)
    step = (ends[1] - ends[0]) / (size - 1) if size > 1 else 0.0
    values = np.arange(size) * step + ends[0]
    values = (np.exp(values) if log_scale else values).clip(lower, upper)
    found: list[float] = np.rint(values).astype(int).tolist() if cast_int else values.tolist()
    return list(dict.fromkeys(found))


def to_json(space: Space) -> dict[str, Any]:
    """Return the space in Syne Tune's format.

    Raises
    ------
    InputError
        Syne Tune has no such domain.

    """
    return {name: _plain(name, domain) for name, domain in space.items()}


def _plain(name: str, domain: Domain) -> Any:
    if not spaces.is_distribution(domain):
        if not spaces.is_choices(domain):
            return domain
        if isinstance(domain, Weighted) and len(set(domain.weights)) > 1:
            raise InputError(
                f"{name!r} has choices of different weights, which Syne Tune "
                "does not have: give a space of equal weights"
            )
        if len({type(value) for value in domain}) > 1:
            raise InputError(
                f"{name!r} has choices of several types, {list(domain)}, which Syne Tune does "
                "not have: change the space"
            )
        return _said("Categorical", {"categories": list(domain)}, "Uniform")
    low, high = domain.support()
    ends = {"lower": float(low), "upper": float(high)}
    wholes = {"lower": int(low), "upper": int(high)} if math.isfinite(high - low) else {}
    match domain.dist.name:
        case "uniform":
            return _said("Float", ends, "Uniform")
        case "loguniform" | "reciprocal":
            return _said("Float", ends, "LogUniform")
        case "reverse_loguniform":
            return _said("Float", ends, "ReverseLogUniform")
        case "randint":
            return _said("Integer", wholes, "Uniform")
        case "lograndint":
            return _said("Integer", wholes, "LogUniform")
        case other:
            raise InputError(
                f"{name!r} has distribution {other!r}, which Syne Tune does not "
                "have: change the space"
            )


def _said(domain: str, kwargs: dict[str, Any], sampler: str) -> dict[str, Any]:
    base = {"base": math.e} if "Log" in sampler else {}
    return {
        "domain_cls": domain,
        "domain_kwargs": kwargs,
        "sampler_cls": sampler,
        "sampler_kwargs": base,
    }
