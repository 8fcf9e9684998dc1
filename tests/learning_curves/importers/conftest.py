"""What the tests of the importers share."""

import pytest

from learning_curves.errors import InputError
from learning_curves.importers import reading
from learning_curves.importers.assembly import checked
from learning_curves.importers.options import Options


@pytest.fixture(scope="session")
def imported():
    """Import a source by the given options; the table has been through a file's rules."""

    def run(source, form=None, **options):
        form = form or reading.guess(str(source))
        got = reading.read(str(source), form, Options(**options), lambda *_: None)
        table = checked(got, source.parent / "out.csv")
        assert table.recorded == got.table.recorded
        return got

    return run


@pytest.fixture(scope="session")
def refused(imported):
    """Return the complaint about a source: one line."""

    def run(source, form=None, **options):
        with pytest.raises(InputError) as caught:
            imported(source, form, **options)
        message = str(caught.value)
        assert "\n" not in message
        return message

    return run


@pytest.fixture(scope="session")
def losses():
    """Return {(id, seed): losses} of a table."""

    def run(got):
        recorded = got.table.recorded
        return {
            (number, seed): list(curve.all_losses)
            for number, by_seed in zip(recorded.ids, recorded.curves, strict=True)
            for seed, curve in by_seed.items()
        }

    return run


@pytest.fixture(scope="session")
def seconds():
    """Return {(id, seed): seconds} of a table."""

    def run(got):
        recorded = got.table.recorded
        return {
            (number, seed): list(curve.all_seconds)
            for number, by_seed in zip(recorded.ids, recorded.curves, strict=True)
            for seed, curve in by_seed.items()
        }

    return run
