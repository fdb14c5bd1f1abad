"""Each kind of error has its class, and each class the built-in it belongs to."""

import pathlib

import pytest

import varve
from varve import _varve, errors

BUILT_IN = {
    "InvalidArgument": ValueError,
    "PathTraversal": ValueError,
    "NotFound": LookupError,
    "SchemaCompatibility": TypeError,
    "Io": OSError,
    "Unavailable": ConnectionError,
    "Timeout": TimeoutError,
    "NotSupported": NotImplementedError,
    "ReadOnly": PermissionError,
    "Forked": RuntimeError,
}


@pytest.mark.parametrize("kind", _varve.error_kinds())
def test_every_kind_has_a_class(kind: str) -> None:
    error = errors.CLASSES[kind]
    assert issubclass(error, varve.StorageError) and error.kind == kind
    assert issubclass(error, BUILT_IN.get(kind, Exception))
    assert getattr(varve, error.__name__) is error


def test_there_is_no_class_without_a_kind() -> None:
    assert set(errors.CLASSES) == set(_varve.error_kinds())


def test_messages_come_through_unquoted(tmp_path: pathlib.Path) -> None:
    with pytest.raises(LookupError) as raised:
        varve.open(tmp_path / "lake").read("no/such")
    assert "no/such" in str(raised.value) and not str(raised.value).startswith(("'", '"'))
