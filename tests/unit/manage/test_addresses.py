"""What people may see of addresses."""

import pytest

from gateway.manage.addresses import shown_address


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://host:8443/rating", "https://host:8443/rating"),
        ("http://user:Wonderland7@host/rating", "http://***@host/rating"),
        ("http://user:Won@der@host/rating@x", "http://***@host/rating@x"),
        ("https://host/rating?key=Wonderland7", "https://host/rating?..."),
        ("https://host/rating?key=Wonderland7?/@x#part", "https://host/rating?...#part"),
        ("//user:Wonderland7@host/", "//***@host/"),
        ("http://[user:Wonderland7@host/", "http://***@host/"),
        ("REPLACE_WITH_ACTUAL_URL", "REPLACE_WITH_ACTUAL_URL"),
        ("", ""),
    ],
)
def test_neither_user_nor_query_is_shown(address: str, told: str) -> None:
    assert shown_address(address) == told
