"""What the runs of a study read that another process may lack.

Owns what is sent to a process, once, before its first run: tables and surrogates. Owns, too, what
must be there already, and is compared: the versions of rungsim and of the libraries that figures
depend on, and the modules of the user's own. Must not know how it is sent.
"""

from __future__ import annotations

import pickle
import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata

from learning_curves.errors import InputError
from sim.experiments import own, parts
from sim.experiments.experiment import Experiment
from sim.studies.study import Study

_LIBRARIES = ("rungsim", "numpy", "scipy", "scikit-learn")

_known: dict[str, parts.Curves] = {}  # by digest of the inputs, the last used one last
_MOST = 4  # a process of a cluster serves one study after another, or a few in turn

_loaded: dict[str, str] = {}  # the digests of the user's modules when they were first used here


def packed(study: Study) -> bytes:
    """Return the inputs of a study, for `opened` in another process.

    Raises
    ------
    InputError
        Curves, or a module of the user's own, are not found.

    """
    experiments = [cell.experiment for cell in study.cells]
    at_all_seeds = [
        replace(each, seed=each.seed + k)
        for each in experiments
        for k in range(study.seeds if "{seed}" in each.curves else 1)
    ]
    named = {(each.scheduler, each.searcher, each.curves): each for each in experiments}
    named = {names: each for names, each in named.items() if own.digests(each)}
    inputs = tuple(named.values()), own.digests(*named.values()), parts.kept(at_all_seeds)
    # The versions are compared before the rest is read, which another version may not understand.
    return pickle.dumps((_versions(), pickle.dumps(inputs)))


def opened(digest: str, content: bytes | None) -> parts.Curves | None:
    """Return the curves of these inputs; None if this process lacks them.

    Parameters
    ----------
    digest
        That of the inputs, by which they are known.
    content
        What `packed` returned; None if this process may have it already.

    Raises
    ------
    InputError
        A version here, or a module of the user's own, is missing or another one.

    """
    known = _known.pop(digest, None)
    if known is None and content is not None:
        known = _unpacked(content)
    if known is not None:
        _known[digest] = known
    if len(_known) > _MOST:
        del _known[next(iter(_known))]
    return known


def _unpacked(content: bytes) -> parts.Curves:
    """Return the curves, once all that cannot be sent has been compared."""
    versions, rest = pickle.loads(content)  # noqa: S301  our own process sent it
    for name, here in _versions().items():
        if versions[name] != here:
            raise InputError(
                f"{platform.node()} has {name} {here}, and the study was started with "
                f"{versions[name]}: install the same version there"
            )
    named, digests, curves = pickle.loads(rest)  # noqa: S301  likewise
    _check_modules(named, digests)
    found: parts.Curves = curves
    return found


def _versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in _LIBRARIES}


def _check_modules(named: tuple[Experiment, ...], digests: Mapping[str, str]) -> None:
    """Raise if a module of the user's own is missing here, or is another one."""
    try:
        found = own.digests(*named)
    except InputError as error:
        raise InputError(
            f"{platform.node()} lacks a module of your own: {error}; the workers import it from "
            "the folder that they were started in, or by their PYTHONPATH"
        ) from None
    for module, digest in digests.items():
        if found.get(module) != digest:
            raise InputError(
                f"{platform.node()} has another module {module} than the study: copy its file there"
            )
        if _loaded.setdefault(module, digest) != digest:
            raise InputError(
                f"the module {module} has changed since {platform.node()} loaded it: restart the "
                "workers there"
            )
