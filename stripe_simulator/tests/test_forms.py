import pytest

from stripe_simulator.errors import ApiError
from stripe_simulator.forms import decode


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        ("", {}),
        ("a=1", {"a": "1"}),
        ("a=", {"a": ""}),
        ("a[b][0][c]=1&a[b][0][d]=2", {"a": {"b": [{"c": "1", "d": "2"}]}}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[1]=2&a[0]=1", {"a": ["1", "2"]}),
        ("a[10]=k&a[9]=j", {"a": ["j", "k"]}),
        ("m[key%20one]=%26%3D", {"m": {"key one": "&="}}),
        ("n=caf%C3%A9", {"n": "café"}),
        ("a[x]=1&a[0]=2", {"a": {"x": "1", "0": "2"}}),
    ],
)
def test_form_encoding_is_decoded(encoded: str, expected: dict) -> None:
    assert decode(encoded) == expected
    assert decode(encoded.encode()) == expected


def test_a_name_cannot_be_both_a_value_and_an_object() -> None:
    with pytest.raises(ApiError, match="both a value and an object"):
        decode("a[b]=1&a[b][c]=2")
