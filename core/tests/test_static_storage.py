"""What collectstatic makes of the stylesheets and the script."""

import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command

from core.static_storage import BUNDLES, JoinedStaticFilesStorage, join_css, join_js


@pytest.fixture
def collected(settings, tmp_path):
    """Collect the real static files into a folder of their own."""
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["css", "js", "svg", "txt", "html", "LICENSE", ""]
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "core.static_storage.JoinedStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    return JoinedStaticFilesStorage(location=tmp_path)


def test_collected_entries_need_no_further_request(collected):
    for name in BUNDLES:
        content = collected.open(collected.stored_name(name)).read().decode()
        assert not re.search(r"@import|^import", content, re.MULTILINE), name


def test_collected_stylesheet_points_at_hashed_fonts(collected):
    content = collected.open(collected.stored_name("css/shop.css")).read().decode()
    fonts = re.findall(r'url\("\.\./(fonts/[^"]+)"\)', content)
    assert len(fonts) == 2
    assert [font for font in fonts if not collected.exists(font)] == []
    assert [font for font in fonts if re.search(r"\.[0-9a-f]{12}\.woff2$", font)] == fonts


def test_development_serves_the_entries_as_they_are_written():
    assert staticfiles_storage.url("css/shop.css") == "/static/css/shop.css"


FILES = {
    "css/a.css": (
        '@layer one, two;\n@import url("b.css") layer(one);\n@import url("in/c.css");\n/* why */\ni { top: 0 }\n'
    ),
    "css/b.css": "/* note */\nb a {\n  color: red;\n}\n",
    "css/in/c.css": "u { left: 0 }\n",
    "css/in/bad.css": 'p { background: url("x.png") }\n',
    "css/worse.css": '@import url("in/bad.css") layer(one);\n',
    "js/a.js": 'import "./in/b.js";\nimport "./in/c.js";\n',
    "js/in/b.js": "const name = 1;\n",
    "js/in/c.js": "const name = 2;\n",
    "js/in/bad.js": 'import "./b.js";\n',
    "js/worse.js": 'import "./in/bad.js";\n',
}


def test_stylesheets_join_in_order_inside_their_layers():
    expected = "@layer one, two;@layer one{b a{color: red;}}u{left: 0}i{top: 0}"
    assert join_css("css/a.css", FILES.__getitem__) == expected


def test_scripts_join_without_sharing_their_names():
    assert join_js("js/a.js", FILES.__getitem__) == "{\nconst name = 1;\n}\n{\nconst name = 2;\n}\n"


def test_a_part_whose_addresses_would_break_is_refused():
    with pytest.raises(ValueError, match=r"css/in/bad\.css has a url\(\)"):
        join_css("css/worse.css", FILES.__getitem__)


def test_a_script_part_that_leans_on_another_is_refused():
    with pytest.raises(ValueError, match=r"js/in/bad\.js imports or exports"):
        join_js("js/worse.js", FILES.__getitem__)
