"""The table that a recording fills: whole curves, appended one by one.

Owns the file's form and the law that a curve finished once is never lost, repeated or torn,
whenever the process is killed. Must not know how curves are trained.
"""

from __future__ import annotations

import csv
import io
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from learning_curves import files
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config

_ROUNDING = 1e-14  # some units in the last place of a float
CurveKey: TypeAlias = tuple[int, int]
"""The config's id and the seed of one curve."""


class Table:
    """An append-only CSV file of curves.

    Parameters
    ----------
    path
        The file; it need not exist yet.
    configs
        The configs by their id, each with the same names in the same order. `open` replaces a
        config by the one in the file where they differ by rounding only: the last bit of a drawn
        number depends on the processor.
    r_max
        Rows of each curve.

    """

    def __init__(self, path: Path, configs: Sequence[Config], r_max: int) -> None:
        self.path = path
        self.r_max = r_max
        self.configs = list(configs)
        self._met: set[int] = set()  # the configs of which a row has been read
        self._fields = [[_text(value) for value in config.values()] for config in configs]
        self._header = _line(
            ["config_id", *configs[0], "seed", "epoch", "validation_error", "seconds"]
        )

    def open(self) -> set[CurveKey]:
        """Return the curves that the file holds, after cutting off what a crash left torn.

        A file that does not exist is begun.

        Raises
        ------
        InputError
            The file holds something other than these configs' curves; it is left as it was.
        OSError
            It cannot be read or written.

        """
        content = self.path.read_bytes() if self.path.exists() else b""
        if len(content) < len(self._header) and self._header.startswith(content):
            # Written in place: the file's lock is on this file, not on one that replaces it.
            self._write(self._header[len(content) :])
            files.sync_folder(self.path.parent)
            return set()
        curves, whole = self._parse(content)
        if whole < len(content):
            with self.path.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())
        return set(curves)

    def append(self, key: CurveKey, errors: Sequence[float], seconds: Sequence[float]) -> None:
        """Add one curve, in one write, and bring it to the disk.

        Raises
        ------
        OSError
            The disk is full or the file cannot be written; `open` repairs what is left.

        """
        assert len(errors) == len(seconds) == self.r_max
        config_id, seed = key
        fields = [str(config_id), *self._fields[config_id], str(seed)]
        rows = zip(range(1, self.r_max + 1), errors, seconds, strict=True)
        lines = [_line([*fields, *map(_text, row)]) for row in rows]
        self._write(b"".join(lines))

    def _write(self, data: bytes) -> None:
        with self.path.open("ab", buffering=0) as file:
            while data:  # an unbuffered write may take only a part
                data = data[file.write(data) :]
            os.fsync(file.fileno())

    def finish(self) -> None:
        """Sort the file by config, seed and epoch, whole or not at all."""
        content = self.path.read_bytes()
        curves, _ = self._parse(content)
        body = b"".join(lines for _, lines in sorted(curves.items()))
        if self._header + body != content:
            files.write(self.path, self._header + body)

    def _parse(self, content: bytes) -> tuple[dict[CurveKey, bytes], int]:
        """Return the whole curves' lines, and how many bytes of `content` they take."""
        if not content.startswith(self._header):
            found = content.split(b"\n", 1)[0].decode(errors="replace")
            raise InputError(
                f"{self.path}: its first line is {found!r}, not "
                f"{self._header.decode().strip()!r}: record under another name with --out"
            )
        curves: dict[CurveKey, bytes] = {}
        whole = len(self._header)
        # The last piece has no newline: it is torn, or empty.
        lines = content[whole:].split(b"\n")[:-1]
        for first in range(0, len(lines), self.r_max):
            rows = lines[first : first + self.r_max]
            key = self._check(rows, first + 2)  # the header is line 1
            if key in curves:
                raise self._foreign(first + 2, f"config {key[0]} with seed {key[1]} is there twice")
            if len(rows) < self.r_max:
                break
            curves[key] = b"".join(row + b"\n" for row in rows)
            whole += len(curves[key])
        return curves, whole

    def _check(self, rows: Sequence[bytes], number: int) -> CurveKey:
        """Return whose curve `rows` are; the first stands on line `number` of the file."""
        curve: CurveKey | None = None
        for epoch, row in enumerate(rows, start=1):
            line = number + epoch - 1
            try:
                fields = next(csv.reader([row.decode(errors="replace")]), [])
                config_text, *values, seed_text, epoch_text, error_text, seconds_text = fields
                here = (int(config_text), int(seed_text), int(epoch_text))
                error, seconds = float(error_text), float(seconds_text)
            except (ValueError, csv.Error) as problem:
                raise self._foreign(line, f"not a row of the table ({problem})") from problem
            curve = curve or here[:2]
            if here != (*curve, epoch):
                raise self._foreign(
                    line,
                    "config {}, seed {}, epoch {}, where ".format(*here)
                    + "config {}, seed {}, epoch {} should stand".format(*curve, epoch),
                )
            if not 0 <= curve[0] < len(self._fields):
                raise InputError(
                    f"{self.path}: line {line}: config {curve[0]} of {len(self._fields)}: "
                    f"give --configs {curve[0] + 1} or more, or another --out"
                )
            if curve[0] not in self._met:
                self._adopt(curve[0], values)
                self._met.add(curve[0])
            expected = self._fields[curve[0]]
            if values != expected:
                raise self._foreign(line, f"config {curve[0]} is {values}, not {expected}")
            if not (error >= 0 and 0 < seconds < math.inf):
                raise self._foreign(line, f"error {error} after {seconds} seconds")
        assert curve is not None
        return curve

    def _adopt(self, config_id: int, values: list[str]) -> None:
        """Take the config of the file, if it is the drawn one up to rounding."""
        drawn = self.configs[config_id]
        try:
            found = {
                name: float(text) if isinstance(value, float) else value
                for (name, value), text in zip(drawn.items(), values, strict=True)
            }
        except ValueError:
            return
        texts = [_text(value) for value in found.values()]
        close = all(
            math.isclose(found[name], value, rel_tol=_ROUNDING)
            for name, value in drawn.items()
            if isinstance(value, float)
        )
        if close and texts == values:
            self.configs[config_id] = found
            self._fields[config_id] = values

    def _foreign(self, line: int, what: str) -> InputError:
        return InputError(f"{self.path}: line {line}: {what}: record under another name with --out")


def _text(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)


def _line(fields: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()
