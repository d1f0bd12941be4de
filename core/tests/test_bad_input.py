import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

pytestmark = [pytest.mark.urls("core.tests.bad_input_urls"), pytest.mark.django_db]
SENTENCE = "Nothing was changed or charged."
FORM = "application/x-www-form-urlencoded"
MEGABYTE = 1_048_576


def refused(response, status=400):
    page = response.content.decode()
    assert response.status_code == status
    assert SENTENCE in page
    assert response["X-Request-ID"] in page
    assert response["Content-Security-Policy"].startswith("default-src 'none'")


def test_nul_in_the_query_string(client):
    refused(client.get("/echo/?q=a%00b"))
    refused(client.get("/echo/?a%00b=1"))
    refused(client.get("/echo/?page=%00"))


def test_nul_in_the_path(client):
    refused(client.get("/echo%00/"))
    refused(client.get("/shop/%00/"))


def test_nul_in_a_form_field(client):
    refused(client.post("/echo/", {"quantity": "1\x00"}))
    refused(client.post("/echo/", {"quanti\x00ty": "1"}))
    refused(client.post("/echo/", "quantity=%00", content_type=FORM))


def test_nul_in_the_name_of_a_file(client):
    body = b'--x\r\nContent-Disposition: form-data; name="f"; filename="a\x00.png"\r\n\r\nhello\r\n--x--\r\n'
    response = client.post("/echo/", body, content_type="multipart/form-data; boundary=x")
    assert response.status_code in (200, 400)
    plain = SimpleUploadedFile("a.png", b"hello\x00world")
    assert client.post("/echo/", {"f": plain}).status_code == 200


def test_nul_in_a_cookie(client):
    """A quoted cookie may hold octal escapes, so NUL reaches the session key though no header can hold one."""
    for name in ("sessionid", "bag", "theme"):
        refused(client.get("/echo/", headers={"cookie": f'{name}="\\000abcdefghijkl"'}))


def test_bytes_that_are_no_utf8(client):
    assert client.get("/echo/?q=%ff%fe%ed%a0%80").status_code == 200
    assert client.post("/echo/", b"q=%ff%c0%80", content_type=FORM).status_code == 200
    assert client.post("/echo/", b"q=\xff\xfe", content_type=FORM).status_code == 200
    assert client.get("/nowhere/%ff%fe/").status_code == 404


@pytest.mark.parametrize("charset", ["utf-16", "nonsense", "rot13"])
def test_a_form_in_another_character_set(client, charset):
    response = client.generic("POST", "/echo/", b"q=1", content_type=f"{FORM}; charset={charset}")
    assert response.status_code in (200, 400)


def test_a_body_that_is_too_large(client):
    refused(client.post("/echo/", "q=" + "x" * MEGABYTE, content_type=FORM), 413)
    refused(client.post("/echo/", {"q": "x" * (MEGABYTE + 1)}), 413)


def test_too_many_fields(client):
    refused(client.post("/echo/", {f"f{number}": "1" for number in range(1_001)}), 413)


def test_a_large_value_below_the_limit_is_no_error(client):
    assert client.post("/echo/", {"q": "x" * (MEGABYTE - 1_000)}).status_code == 200


def test_a_multipart_body_that_breaks_off(client):
    refused(client.post("/echo/", b"--x\r\nbroken", content_type="multipart/form-data"))
    response = client.post("/echo/", b"--x\r\nbroken", content_type="multipart/form-data; boundary=x")
    assert response.status_code in (200, 400)


def test_a_view_exempt_from_csrf_reads_its_own_body(client):
    response = client.post(
        "/raw/",
        b'--x\r\nContent-Disposition: form-data; name="q"\r\n\r\n\x00\r\n--x--\r\n',
        content_type="multipart/form-data; boundary=x",
    )
    assert (response.status_code, response.content) == (200, b"59")


def test_a_host_that_is_not_ours(client):
    refused(client.get("/echo/", headers={"host": "evil.example"}))
    refused(client.get("/echo/", headers={"host": "a b"}))


def test_a_form_without_its_token_is_told_so():
    response = Client(enforce_csrf_checks=True).post("/echo/", {"q": "1"})
    page = response.content.decode()
    assert response.status_code == 403
    assert "That form has expired" in page
    assert "needs cookies" in page
    refused(response, 403)


def test_a_change_by_get_is_refused_with_a_page(client):
    response = client.get("/act/")
    refused(response, 405)
    assert response["Allow"] == "POST"
    assert client.post("/act/").content == b"done"


def test_a_bug_shows_a_number_and_nothing_of_itself(client):
    client.raise_request_exception = False
    response = client.get("/broken/")
    page = response.content.decode()
    assert response.status_code == 500
    assert "Something went wrong on our side" in page
    assert response["X-Request-ID"] in page
    assert "secret" not in page
    assert "RuntimeError" not in page


def test_error_pages_follow_the_theme_and_ignore_nonsense(client):
    client.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in client.get("/echo/?q=%00").content.decode()
    client.cookies["theme"] = '"><script>'
    assert 'data-theme="system"' in client.get("/echo/?q=%00").content.decode()


def test_a_missing_page(client):
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "This page is not here" in response.content.decode()
    assert response["X-Request-ID"] in response.content.decode()
