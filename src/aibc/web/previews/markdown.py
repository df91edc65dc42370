"""Markdown without anything that loads or leads anywhere.

Raw HTML stays text. A link is its words and its address beside them, to read and to copy; a picture
from elsewhere is its description and its address.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup, escape

from aibc.web.previews.code import block
from aibc.web.previews.text import Body, plain

# What follows a bracket is read again for each bracket that stays open: bounds for the worst case.
MAX_CHARACTERS = 50_000
MAX_BRACKETS = 1_500

_ATTACHMENT = "attachment:"


def markdown(text: str) -> Body:
    """The document laid out; one that is too long for that as it was written."""
    if not can_be_laid_out(text):
        body = plain(text)
        return Body(body.html, ("Too long to be laid out, so this is its source.", *body.notes))
    return Body(Markup("<article>{}</article>").format(laid_out(text)))


def can_be_laid_out(text: str) -> bool:
    """Whether laying out takes a moment, whatever the text is made of."""
    return len(text) <= MAX_CHARACTERS and text.count("[") <= MAX_BRACKETS


def laid_out(text: str, attachments: Mapping[str, Markup] | None = None) -> Markup:
    """The markup for a text; `attachments` are pictures of its own, by name."""
    environment = {"attachments": attachments or {}, "addresses": []}
    return Markup(_PARSER.render(text, environment))  # noqa: S704  # the renderer escapes


class _Renderer(RendererHTML):
    """Differs from its parent wherever a document could point outside itself."""

    def renderToken(  # noqa: N802  # its parent's name
        self, tokens: Sequence[Token], idx: int, options: Any, env: Any
    ) -> str:
        """How a column is aligned is a class: the frame takes no style but its own."""
        style = tokens[idx].attrs.pop("style", None)
        if style:
            tokens[idx].attrs["class"] = str(style).removeprefix("text-align:")
        return super().renderToken(tokens, idx, options, env)

    def link_open(self, tokens: Sequence[Token], index: int, _: Any, environment: Any) -> str:
        address = str(tokens[index].attrGet("href") or "")
        # Of `<https://…>` the words are the address.
        environment["addresses"].append("" if tokens[index].markup == "autolink" else address)
        return '<span class="link">'

    def link_close(self, _: Sequence[Token], __: int, ___: Any, environment: Any) -> str:
        return "</span>" + _address(environment["addresses"].pop())

    def image(self, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
        token = tokens[index]
        address = str(token.attrGet("src") or "")
        own = environment["attachments"].get(address.removeprefix(_ATTACHMENT))
        if address.startswith(_ATTACHMENT) and own is not None:
            return str(own)
        words = self.renderInlineAsText(token.children or [], options, environment)
        return f'<span class="picture">Picture: {escape(words)}</span>{_address(address)}'

    def fence(self, tokens: Sequence[Token], index: int, _: Any, __: Any) -> str:
        token = tokens[index]
        return str(block(token.content, token.info.strip().partition(" ")[0]))

    def code_block(self, tokens: Sequence[Token], index: int, _: Any, __: Any) -> str:
        return str(block(tokens[index].content))


def _address(address: str) -> str:
    return f' <span class="address">{escape(address)}</span>' if address else ""


_PARSER = MarkdownIt("commonmark", {"html": False}, renderer_cls=_Renderer).enable(
    ["table", "strikethrough"]
)
