"""The package reproduces the fixtures that the Rust rules are checked against."""

import importlib.util
import json
from pathlib import Path

import pytest

PYTHON = Path(__file__).parent.parent
SPEC = importlib.util.spec_from_file_location("make_fixtures", PYTHON / "make_fixtures.py")
make_fixtures = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(make_fixtures)


def assert_same(found: object, expected: object, where: str) -> None:
    """Equal, numbers up to the last digits, in which mathematical libraries differ."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys(), where
        for key in expected:
            assert_same(found[key], expected[key], f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(found) == len(expected), where
        for at, (a, b) in enumerate(zip(found, expected)):
            assert_same(a, b, f"{where}[{at}]")
    elif isinstance(expected, float):
        assert found == pytest.approx(expected, rel=1e-11, abs=1e-11), where
    else:
        assert found == expected, where


@pytest.mark.parametrize("name", ["forms.json", "activations.json", "thresholds.json"])
def test_fixtures_are_reproduced(name: str) -> None:
    expected = json.loads((PYTHON / "fixtures" / name).read_text())
    assert_same(make_fixtures.all_fixtures()[name], expected, name)
