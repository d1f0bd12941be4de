import pytest
from django.test import RequestFactory

from core.http import client_address, page_number, paginate, safe_next

RF = RequestFactory()


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "https://evil.example/",
        "http:///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        " //evil.example",
        "/\t/evil.example",
        "evil.example",
        "",
    ],
)
def test_an_address_elsewhere_is_no_way_back(wanted):
    assert safe_next(RF.get("/", {"next": wanted}), "/home/") == "/home/"
    assert safe_next(RF.post("/", {"next": wanted}), "/home/") == "/home/"


def test_a_path_of_this_site_is():
    assert safe_next(RF.get("/", {"next": "/shop/?page=2"}), "/home/") == "/shop/?page=2"
    assert safe_next(RF.post("/?next=/other/", {"next": "/bag/"}), "/home/") == "/bag/"
    assert safe_next(RF.get("/"), "/home/") == "/home/"


@pytest.mark.parametrize("wanted", ["-1", "0", "x", "1.5", "１", "", "\x00", "1" + "0" * 23, "9" * 5000, "1e3", "+1"])
def test_a_page_that_is_no_number_is_the_first(wanted):
    request = RF.get("/", {"page": wanted})
    assert page_number(request) == 1
    assert list(paginate(request, list("abcde"), per_page=2)) == ["a", "b"]


@pytest.mark.parametrize(("wanted", "shown"), [("1", ["a", "b"]), ("3", ["e"]), ("4", ["e"]), ("999999999", ["e"])])
def test_a_page_beyond_the_last_is_the_last(wanted, shown):
    assert list(paginate(RF.get("/", {"page": wanted}), list("abcde"), per_page=2)) == shown


def test_no_rows_make_one_empty_page():
    page = paginate(RF.get("/", {"page": "7"}), [])
    assert (page.number, list(page)) == (1, [])


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "192.0.2.1"),  # nobody in front is trusted, so the header is the visitor's own word
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.9, 203.0.113.7", "203.0.113.7"),  # the first entry was sent along by the visitor
        (2, "198.51.100.9, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "203.0.113.7", "203.0.113.7"),  # it came past the outer proxy
        (1, "", "192.0.2.1"),
        (1, " , ", "192.0.2.1"),
        (1, "203.0.113.7:51000", "203.0.113.7"),
        (1, "[2001:DB8::1]:443", "2001:db8::1"),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, "unknown", None),
        (1, "203.0.113.7, <script>", None),
    ],
)
def test_the_address_of_a_visitor_behind_proxies(settings, proxies, forwarded, expected):
    settings.TRUSTED_PROXY_COUNT = proxies
    request = RF.get("/", REMOTE_ADDR="192.0.2.1", headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == expected
