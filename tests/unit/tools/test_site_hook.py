"""A documentation site that would load something from outside is not built."""

import pytest
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError

from tools.site_hook import in_page, in_script, in_style, on_post_build

FROM_OUTSIDE = [
    '<script src="https://cdn.example/x.js"></script>',
    '<SCRIPT SRC="//cdn.example/x.js"></SCRIPT>',
    '<link rel="stylesheet" href="https://fonts.example/css">',
    '<link rel="preconnect" href="https://fonts.example">',
    '<link rel="next stylesheet" href="https://fonts.example/css">',
    '<img src=" http://pixel.example/1.gif">',
    '<img srcset="a.png 1x, https://pixel.example/2.png 2x">',
    '<iframe src="https://video.example"></iframe>',
    '<form action="https://search.example"></form>',
    '<svg><use xlink:href="https://icons.example/a.svg#b"/></svg>',
    "<style>@import 'https://fonts.example/css';</style>",
    '<p style="background: url(//pixel.example/1.gif)">',
    '<script>fetch("https://count.example/hit")</script>',
    '<meta http-equiv="refresh" content="0; url=https://elsewhere.example/">',
]
FROM_HERE = [
    '<script src="assets/bundle.js"></script>',
    '<a href="https://elsewhere.example/">elsewhere</a>',
    '<link rel="next" href="https://elsewhere.example/next.html">',
    '<img src="data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E">',
    '<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
    "<pre>curl https://host.example/</pre>",
    "<style>p { background: url(picture.png) }</style>",
    '<script>document.createElementNS("http://www.w3.org/2000/svg", "a")</script>',
]


@pytest.mark.parametrize("page", FROM_OUTSIDE)
def test_what_a_page_loads_from_outside_is_found(page):
    assert len(in_page(f"<html>{page}</html>")) == 1


@pytest.mark.parametrize("page", FROM_HERE)
def test_what_loads_nothing_from_outside_is_let_be(page):
    assert in_page(f"<html>{page}</html>") == []


def test_styles_and_scripts_are_looked_through():
    assert in_style("a { src: url('https://fonts.example/a.woff2') }") == ["https://fonts.example/a.woff2"]
    assert in_style("a { src: url(a.woff2) }") == []
    assert in_script("import(`https://cdn.example/a.js`)") == ["https://cdn.example/a.js"]
    assert in_script("// see https://elsewhere.example/") == []


@pytest.fixture
def config(tmp_path):
    made = MkDocsConfig()
    made.load_dict({"site_name": "A site", "site_dir": str(tmp_path)})
    return made


def test_what_the_theme_would_fetch_is_taken_out(config, tmp_path):
    script = tmp_path / "bundle.js"
    script.write_text('e("https://unpkg.com/mermaid@11/dist/mermaid.min.js")')
    on_post_build(config)
    assert script.read_text() == 'e("data:text/javascript,")'


def test_a_site_that_loads_from_outside_is_not_built(config, tmp_path):
    (tmp_path / "page.html").write_text(FROM_OUTSIDE[0])
    with pytest.raises(PluginError, match=r"page\.html: https://cdn\.example/x\.js"):
        on_post_build(config)


def test_a_repository_is_not_asked(config):
    config.load_dict({"repo_url": "https://code.example/a/b"})
    with pytest.raises(PluginError, match="repo_url"):
        on_post_build(config)
