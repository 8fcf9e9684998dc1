"""What all tests share: no property fails for want of time on a busy machine."""

import ast
import importlib
import inspect
import pydoc
import re
import types
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no deadline", deadline=None)
settings.load_profile("no deadline")


def _check_surface(package):
    """Check the public names of a package: each resolves, is documented, and is all that shows."""
    names = sorted(package.__all__)
    assert names == list(package.__all__) == dir(package)
    typed = _imported_for_typing(package)
    assert sorted(typed) == names
    for name in names:
        value = getattr(package, name)
        assert value is typed[name], name  # a type checker and Python see the same
        assert f"`{name}`" in package.__doc__, name
        if not isinstance(value, types.GenericAlias):  # which has no docstring of its own
            first = inspect.getdoc(value).splitlines()[0]
            assert first[0].isupper(), (name, first)
            assert first.endswith("."), (name, first)
    with pytest.raises(AttributeError, match=f"{package.__name__!r} has no attribute 'nothing'"):
        _ = package.nothing
    text = pydoc.render_doc(package, renderer=pydoc.plaintext)
    assert text.splitlines()[3].startswith(f"    {package.__name__} - ")
    assert not {"lazily", "TYPE_CHECKING"} & set(text.split())


def _imported_for_typing(package):
    """Return what the imports under ``if TYPE_CHECKING`` stand for, by public name."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    found = {}
    for node in block.body:
        for each in node.names:
            home = importlib.import_module(node.module)
            if home is package or not hasattr(home, each.name):  # it is a module
                value = importlib.import_module(f"{node.module}.{each.name}")
            else:
                value = getattr(home, each.name)
            found[each.asname or each.name] = value
    return found


@pytest.fixture(scope="session")
def check_surface():
    return _check_surface


@pytest.fixture
def examples(tmp_path, monkeypatch):
    """Return the Python examples of the public names, to be run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    page = Path(__file__).parent.parent / "docs" / "from-python.md"
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
