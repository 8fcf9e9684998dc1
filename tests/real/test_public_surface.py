"""What `import real` shows."""

import subprocess
import sys

import real


def test_each_public_name_resolves_and_is_documented(check_surface):
    check_surface(real)


def test_torch_is_not_imported_before_it_is_used():
    code = (
        "import sys, real\n"
        "dir(real), real.__all__\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_example_runs(examples, capsys):
    (code,) = (code for code in examples if "import real" in code)
    exec(code, {"__name__": "__main__"})  # noqa: S102  our own page
    assert "trial" in capsys.readouterr().out
