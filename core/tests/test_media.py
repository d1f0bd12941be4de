from pathlib import Path

import pytest

PIXELS = b"not really pixels"
pytestmark = pytest.mark.django_db


@pytest.fixture
def uploads(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "products").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(b"secret")
    return settings.MEDIA_ROOT


def put(uploads: Path, name: str) -> str:
    (uploads / name).write_bytes(PIXELS)
    return f"/media/{name}"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.avif", "image/avif"), ("a.webp", "image/webp"), ("a.jpg", "image/jpeg"), ("A.PNG", "image/png")],
)
def test_an_image_is_streamed_under_its_own_type(client, uploads, name, kind):
    response = client.get(put(uploads, f"products/{name}"))
    assert response["Content-Type"] == kind
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Length"] == str(len(PIXELS))
    assert b"".join(response.streaming_content) == PIXELS
    response.close()


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("products/serum-0123456789ab-960.webp", "public, max-age=31536000, immutable"),
        ("products/serum.0123456789abcdef.avif", "public, max-age=31536000, immutable"),
        ("products/serum-960.webp", "public, max-age=3600"),
        ("products/serum-20261124.webp", "public, max-age=3600"),
    ],
)
def test_a_name_with_a_hash_of_the_content_is_kept_for_good(client, uploads, name, policy):
    response = client.get(put(uploads, name))
    assert response["Cache-Control"] == policy
    response.close()


@pytest.mark.parametrize("name", ["a.svg", "a.html", "a.png.html", "a", ".png", "a.php", "a.js"])
def test_what_is_no_image_is_not_served(client, uploads, name):
    if name != ".png":
        put(uploads, name)
    assert client.get(f"/media/{name}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "%2e%2e/secret.png",
        "..%2fsecret.png",
        "/etc/x.png",
        "products/../../secret.png",
        "products",
        "missing.png",
        "x" * 5_000 + ".png",
        "..\\secret.png",
        "%2Fetc%2Fpasswd.png",
    ],
)
def test_nothing_outside_is_served(client, uploads, name):
    assert client.get(f"/media/{name}").status_code == 404


def test_a_link_that_leads_outside_is_not_followed(client, uploads):
    (uploads / "link.png").symlink_to(uploads.parent / "secret.png")
    assert client.get("/media/link.png").status_code == 404


def test_it_only_reads(client, uploads):
    url = put(uploads, "a.png")
    assert client.post(url).status_code == 405
    assert client.head(url).status_code == 200
