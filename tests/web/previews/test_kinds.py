"""How each kind of text is laid out, and that nothing in it becomes markup."""

from __future__ import annotations

import base64
import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from aibc.submissions.file_types import NOTEBOOK
from aibc.web.previews.kinds import WRITTEN, compared, written
from submissions.samples import image
from web.previews.hostile import (
    MARKDOWN,
    MARKUP,
    code_cell,
    displayed,
    hostile_notebook,
    notebook,
    picture,
)

MEBIBYTE = 1024 * 1024
PYTHON, JSON, CSV, MD = "text/x-python", "application/json", "text/csv", "text/markdown"
# All that a frame is made of. Of the attributes none leads anywhere, but for pictures we encoded.
ELEMENTS = {
    *("article", "section", "div", "p", "span", "pre", "code", "blockquote", "br", "hr", "img"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li"),
    *("table", "thead", "tbody", "tr", "th", "td"),
    *("b", "i", "s", "em", "strong", "del", "ins"),
}
ATTRIBUTES = {"class", "scope", "start", "alt"}


class Elements(HTMLParser):
    """Collects what a browser would make of markup."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.sources: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        for name, value in attrs:
            if name == "src":
                self.sources.append(value or "")
            else:
                self.attributes.add(name)


def show(media: str, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return str(written(media, data).html)


def text_of(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html))


def notes(media: str, content: str | bytes) -> str:
    data = content.encode() if isinstance(content, str) else content
    return " ".join(written(media, data).notes)


@pytest.mark.parametrize("media", list(WRITTEN))
@pytest.mark.parametrize("content", [MARKUP, MARKDOWN, hostile_notebook().decode()])
def test_nothing_hostile_becomes_an_element_or_an_attribute(media: str, content: str) -> None:
    found = Elements(show(media, content))
    assert found.elements <= ELEMENTS
    assert found.attributes <= ATTRIBUTES
    assert found.sources == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Grüße €".encode(), "Grüße €"),
        ("Grüße €".encode("utf-8-sig"), "Grüße €"),
        ("Grüße €".encode("utf-16"), "Grüße €"),
        ("\ufeffGrüße €".encode("utf-16-be"), "Grüße €"),
        ("Grüße €".encode("cp1252"), "Grüße €"),
        (b"\x81 undefined in Windows-1252", "\ufffd undefined in Windows-1252"),
        (b"nul\x00 bell\x07", "nul␀ bell␇"),
        ("turned \u202egnp.exe".encode(), "turned ⸨U+202E⸩gnp.exe"),
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        (b"", ""),
    ],
)
def test_text_is_decoded_and_made_visible(content: bytes, expected: str) -> None:
    assert text_of(show("text/plain", content)) == expected


@pytest.mark.parametrize("media", list(WRITTEN))
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"\0" * 1000,
        b"x" * (5 * MEBIBYTE),
        b"\n" * (5 * MEBIBYTE),
        b"[" * 200_000 + b"]" * 200_000,
        b'{"cells":' * 100_000,
        b'{"cells":[' + b"{}," * 90_000 + b"{}]}",
        b'{"cells":[' + b"[]," * 900_000 + b"[]]}",
        b",".join([b"a"] * 1_000_000),
        b'"' + b"a,b\n" * 500_000,
        b'"""' * 500_000,
        b"'''" + b"\\" * 500_000,
        b"> " * 500_000,
        b"![[](" * 200_000,
        b"*a **b " * 100_000,
        b"&<>'\"" * MEBIBYTE,
        "\ud800".encode("utf-8", "surrogatepass") * 1000,
        b"\xff\xfe" + b"\x00\xd8" * 1000,
    ],
    ids=range(19),
)
def test_a_file_made_to_exhaust_us_is_a_small_page(media: str, content: bytes) -> None:
    assert len(show(media, content)) < 8 * MEBIBYTE


def test_code_has_numbered_lines_and_a_few_colours() -> None:
    html = show(PYTHON, 'def f(x):\n    """Two\n    lines"""\n    return x + 0x1F  # done\n')
    lines = html.removesuffix("</code></pre>").split("\n")
    assert lines == [
        '<pre class="code numbered"><code><span><i class="keyword">def</i> f(x):</span>',
        '<span>    <i class="string">&#34;&#34;&#34;Two</i></span>',
        '<span><i class="string">    lines&#34;&#34;&#34;</i></span>',
        '<span>    <i class="keyword">return</i> x + <i class="number">0x1F</i>  '
        '<i class="comment"># done</i></span>',
    ]
    html = show(JSON, '{"a": [1.5e3, true]}')
    assert re.findall(r'<i class="(\w+)">([^<]*)', html) == [
        ("string", "&#34;a&#34;"),
        ("number", "1.5e3"),
        ("keyword", "true"),
    ]


@pytest.mark.parametrize(
    "source", ['f"{x!r:>{width}}"', "rb'\\x00'", "'open", '"""open', "x = '\\"]
)
def test_colours_change_no_letter_of_a_program(source: str) -> None:
    assert text_of(show(PYTHON, source)) == source


def test_long_code_loses_its_colours_and_longer_code_its_end() -> None:
    assert "<i " not in show(PYTHON, "if xx: pass\n" * 19_000)
    assert notes(PYTHON, "if xx: pass\n" * 19_000) == ""
    assert "only the beginning" in notes(PYTHON, "x\n" * 20_001)
    assert notes(PYTHON, "x\n" * 20_000) == ""
    assert "only the beginning" in notes(PYTHON, ("x" * 999 + "\n") * 1_001)
    assert "long lines are cut" in notes(PYTHON, "x" * 5_001)
    assert text_of(show(PYTHON, "x" * 5_003)) == "x" * 5_000 + " … (3 more characters)"


def test_markdown_is_laid_out() -> None:
    html = show(MD, "# Title\n\nSome *words* and ~~others~~.\n\n| a |\n| - |\n| b |\n\n1. one\n")
    assert "<h1>Title</h1>" in html
    assert "<em>words</em> and <s>others</s>" in html
    assert "<td>b</td>" in html
    assert "<li>one</li>" in html
    aligned = show(MD, "| a | b |\n| :-: | -: |\n| c | d |\n")
    assert '<th class="center">a</th>' in aligned
    assert '<td class="right">d</td>' in aligned
    fenced = show(MD, "```python\nif x:\n```\n")
    assert '<i class="keyword">if</i> x:' in fenced


def test_a_link_in_markdown_is_words_and_an_address_to_copy() -> None:
    html = show(MD, '[my *repo*](https://example.org/a?b=1&c=2 "title") <https://example.org>')
    assert (
        '<span class="link">my <em>repo</em></span> '
        '<span class="address">https://example.org/a?b=1&amp;c=2</span>'
    ) in html
    assert '<span class="link">https://example.org</span></p>' in html


def test_a_picture_in_markdown_is_its_description_and_its_address() -> None:
    html = show(MD, '![A *chart*](https://example.org/a.png "title")')
    assert (
        '<span class="picture">Picture: A chart</span> '
        '<span class="address">https://example.org/a.png</span>'
    ) in html


def test_markdown_that_would_take_long_is_shown_as_it_is_written() -> None:
    for text in ("word " * 10_001, "[" * 1_501):
        assert show(MD, text).startswith('<pre class="prose">')
        assert "this is its source" in notes(MD, text)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_has_a_head_and_numbered_rows(delimiter: str) -> None:
    html = show(CSV, f'name{delimiter}score\nAda{delimiter}"1{delimiter}5"\n\nBob\n')
    assert '<th scope="col">name</th><th scope="col">score</th>' in html
    assert f'<th scope="row">1</th><td>Ada</td><td>1{delimiter}5</td>' in html
    assert '<th scope="row">2</th><td>Bob</td><td></td>' in html
    assert notes(CSV, "a,b\n1,2\n") == ""


def test_a_large_table_is_cut_and_says_so() -> None:
    assert "first 1,000 rows" in notes(CSV, "a,b\n" * 1_002)
    assert notes(CSV, "a,b\n" * 1_001) == ""
    assert "first 60 columns" in notes(CSV, "a," * 60 + "b\n")
    assert "first 60 columns" in notes(CSV, ",".join(["a" * 400] * 200))
    assert show(CSV, "a," * 60 + "b\n").count("<th ") == 60
    assert "a … (7 more characters)" in show(CSV, "a" * 507)


def test_a_table_that_is_none_stays_text() -> None:
    assert show(CSV, "") == '<pre class="prose"></pre>'
    # One field beyond what the reader takes.
    assert show(CSV, '"' + ("a" * 100 + "\n") * 2_000).startswith('<pre class="prose">')


def test_a_notebook_shows_prose_code_and_outputs_in_order() -> None:
    html = show(
        NOTEBOOK,
        notebook(
            {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "words"]},
            code_cell(
                "print(1)",
                {"output_type": "stream", "name": "stdout", "text": ["10%\r", "100%\n", "done"]},
                displayed(text_plain="<Figure>", text_html="<b>x</b>"),
                displayed(text_html="<b>y</b>"),
                displayed(image_svg__xml="<svg/>"),
                {"output_type": "error", "traceback": ["\x1b[0;31mNameError\x1b[0m: x"]},
            ),
        ),
    )
    parts = [
        "<h1>Title</h1>",
        "In [1]",
        "print",
        '<pre class="output">100%\ndone</pre>',
        '<pre class="output">&lt;Figure&gt;</pre>',
        '<pre class="output">&lt;b&gt;y&lt;/b&gt;</pre>',
        "An output that cannot be shown here.",
        '<pre class="output error">NameError: x</pre>',
    ]
    places = [html.find(part) for part in parts]
    assert -1 not in places, html
    assert places == sorted(places)


@pytest.mark.parametrize(("media", "kind"), [("image/png", "PNG"), ("image/jpeg", "JPEG")])
def test_a_picture_in_a_notebook_is_shown_if_it_is_one(media: str, kind: str) -> None:
    content = image(kind)
    wrapped = base64.encodebytes(content).decode()
    for form in (wrapped, wrapped.splitlines(keepends=True)):
        output = {"output_type": "display_data", "data": {media: form, "text/plain": "Figure"}}
        found = Elements(show(NOTEBOOK, notebook(code_cell("", output))))
        (source,) = found.sources
        assert base64.b64decode(source.removeprefix(f"data:{media};base64,")) == content
    for not_one in (b"<svg/>", b"GIF89a", b"", content[1:]):
        form = base64.b64encode(not_one).decode()
        output = {"output_type": "display_data", "data": {media: form, "text/plain": "Figure"}}
        html = show(NOTEBOOK, notebook(code_cell("", output)))
        assert Elements(html).sources == []
        assert "Figure" in html


def test_a_picture_attached_to_a_cell_is_shown_and_no_other() -> None:
    form = base64.b64encode(picture()).decode()
    cell = {
        "cell_type": "markdown",
        "source": "![a](attachment:a.png) ![b](attachment:b.png) ![c](a.png)",
        "attachments": {"a.png": {"image/png": form}, "b.png": {"image/png": MARKUP}},
    }
    html = show(NOTEBOOK, notebook(cell))
    assert len(Elements(html).sources) == 1
    assert "Picture: b" in html
    assert "Picture: c" in html


def test_a_notebook_of_the_format_before_2015_is_shown() -> None:
    form = base64.b64encode(picture()).decode()
    old = {
        "nbformat": 3,
        "worksheets": [
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "input": ["print(1)"],
                        "prompt_number": 7,
                        "outputs": [
                            {"output_type": "stream", "text": ["hello"]},
                            {"output_type": "display_data", "png": form, "text": ["<Figure>"]},
                            {"output_type": "pyout", "text": ["value"]},
                        ],
                    },
                    {"cell_type": "heading", "level": 1, "source": ["Head"]},
                ]
            }
        ],
    }
    html = show(NOTEBOOK, json.dumps(old))
    for part in ("In [7]", "hello", "data:image/png", "value", "Head"):
        assert part in html


@pytest.mark.parametrize(
    "document",
    [
        [],
        3,
        {"cells": 3},
        {"cells": {"a": 1}},
        {"worksheets": [3]},
        {"worksheets": [{"cells": "x"}]},
        {},
    ],
)
def test_what_is_no_notebook_after_all_is_shown_as_text(document: Any) -> None:
    assert show(NOTEBOOK, json.dumps(document)).startswith('<pre class="prose">')
    assert "damaged" in notes(NOTEBOOK, json.dumps(document))


@pytest.mark.parametrize(
    "cell",
    [
        3,
        None,
        {},
        {"cell_type": 3, "source": {"a": 1}},
        {"cell_type": "code", "source": [1, None, "ok"], "outputs": {"a": 1}},
        {"cell_type": "code", "source": "ok", "outputs": [3, None, {}, {"output_type": []}]},
        {"cell_type": "code", "outputs": [{"output_type": "error", "traceback": "x"}]},
        {"cell_type": "code", "outputs": [{"output_type": "stream", "text": {"a": 1}}]},
        {"cell_type": "code", "outputs": [{"data": {"image/png": 3, "text/plain": [None]}}]},
        {"cell_type": "markdown", "source": "ok", "attachments": {"a": 3, "b": {"image/png": 4}}},
        {"cell_type": "markdown", "source": "ok", "attachments": [1]},
        {"cell_type": "code", "execution_count": "<b>", "source": "\ud800"},
    ],
)
def test_cells_of_unexpected_shapes_are_shown_as_far_as_they_go(cell: Any) -> None:
    html = show(NOTEBOOK, json.dumps({"cells": [cell, {"cell_type": "raw", "source": "after"}]}))
    assert "after" in html


def test_a_long_notebook_is_cut_and_says_so() -> None:
    cells = [{"cell_type": "raw", "source": f"cell {number};"} for number in range(401)]
    html = show(NOTEBOOK, notebook(*cells))
    assert "cell 399;" in html
    assert "cell 400;" not in html
    assert "first 400 of 401 cells" in notes(NOTEBOOK, notebook(*cells))
    outputs = [{"output_type": "stream", "text": "line"}] * 45
    assert "5 more outputs are not shown." in show(NOTEBOOK, notebook(code_cell("", *outputs)))


def difference(earlier: str, later: str, media: str = "text/plain") -> str:
    body = compared(media, earlier.encode(), media, later.encode())
    return str(body.html) or " ".join(body.notes)


def test_a_difference_shows_lines_and_the_words_within_them() -> None:
    html = difference("a\nthe old word\nz\n", "a\nthe new word\nz\nlast\n")
    rows = re.findall(
        r"<tr class=\"(\w*)\"><td>(\d*)</td><td>(\d*)</td><td><code>(.*?)</code>", html
    )
    assert rows == [
        ("", "1", "1", "a"),
        ("removed", "2", "", "<del>the <b>old</b> word</del>"),
        ("added", "", "2", "<ins>the <b>new</b> word</ins>"),
        ("", "3", "3", "z"),
        ("added", "", "4", "<ins>last</ins>"),
    ]


def test_lines_far_from_a_change_are_folded() -> None:
    lines = [f"line {number}" for number in range(40)]
    changed = [*lines[:20], "new", *lines[20:]]
    html = difference("\n".join(lines), "\n".join(changed))
    assert re.findall(r'class="fold"><td></td><td></td><td>([^<]*)', html) == [
        "17 unchanged lines",
        "17 unchanged lines",
    ]
    assert "line 16<" not in html
    assert "line 17<" in html
    assert "line 22<" in html
    assert "line 23<" not in html


def test_one_line_that_is_folded_is_one_line() -> None:
    lines = list("abcdefgh")
    assert "1 unchanged line<" in difference(
        "\n".join(lines), "\n".join([*lines[:4], "x", *lines[4:]])
    )


def test_attempts_that_are_equal_or_have_nothing_in_common_say_so() -> None:
    assert "Nothing changed" in difference("a\nb\n", "a\r\nb")
    assert "Nothing changed" in difference("", "")
    one = "\n".join(f"one {number}" for number in range(2_000))
    assert "too little in common" in difference(one, one.replace("one", "other"))
    assert "too large" in difference("x\n" * 20_001, "x\n" * 20_000)


def test_a_difference_made_to_take_long_is_given_up() -> None:
    ways = [
        ("ab" * 9_999, "ba" * 9_999),
        ("a" * 19_999, "b" + "a" * 19_998),
        ("ab" * 9_999, "b" * 19_999),
    ]
    for one, other in ways:
        assert difference("\n".join(one), "\n".join(other))
    line = "a b " * 1_200
    assert "<del>" in difference((line + "\n") * 600, (line[2:] + "\n") * 600)


def test_notebooks_are_compared_by_what_the_learner_wrote() -> None:
    before = notebook(code_cell("x = 1\ny = 2", displayed(text_plain="noise 1")))
    after = notebook(
        {"cell_type": "markdown", "source": "Now with words"},
        code_cell("x = 1\ny = 3", displayed(text_plain="noise 2")),
    )
    html = difference(before.decode(), after.decode(), NOTEBOOK)
    assert "noise" not in html
    assert "<ins>[markdown]</ins>" in html
    assert "y = <b>3</b>" in html
    assert "<td>1</td><td>4</td><td><code>[code]</code>" in html


def test_a_damaged_notebook_is_compared_as_text() -> None:
    html = difference('{"a', '{"b', NOTEBOOK)
    assert "<del>{&#34;<b>a</b></del>" in html
    assert "<ins>{&#34;<b>b</b></ins>" in html
