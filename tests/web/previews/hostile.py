"""Files that would do something to their reader, if anything in them ran or loaded."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

ELSEWHERE = "http://elsewhere.test"
# Each line is another way in; all of them would leave a mark on the page around the frame.
MARKUP = f"""<script>top.document.title='owned';top.ran=1;alert(1)</script>
<img src="{ELSEWHERE}/pixel.png" onerror="alert(2)">
<svg onload="alert(3)"><script>alert(4)</script></svg>
<iframe src="javascript:alert(5)"></iframe><object data="{ELSEWHERE}/o"></object>
<style>@import "{ELSEWHERE}/style.css"; body {{ background: url({ELSEWHERE}/b) }}</style>
<meta http-equiv="refresh" content="0;url={ELSEWHERE}/refresh">
<form action="{ELSEWHERE}/form"><input name="a" autofocus onfocus="alert(6)"></form>
</pre></code></table></main></style></title></textarea></body></html>
<base href="{ELSEWHERE}/"><a href="javascript:alert(7)" id="x">click</a>
"""
MARKDOWN = f"""# Title <script>alert(1)</script>

{MARKUP}

[one](javascript:alert(1)) [two](JaVaScRiPt:alert(2))
[three](data:text/html,<script>alert(3)</script>)
[four](vbscript:x) <javascript:alert(4)> [five]({ELSEWHERE}/five "t\\" onclick=\\"alert(5)")
![six]({ELSEWHERE}/six.png) ![seven](x"onerror="alert(7)) ![eight](data:image/svg+xml,<svg/>)
[![nine]({ELSEWHERE}/nine.png)](javascript:alert(9))

```python" onmouseover="alert(10)
</code></pre><script>alert(11)</script>
```

[ref]: javascript:alert(12)
[ref] and | <b onclick=alert(13)>

| a | b |
| :-: | -: |
| <script>alert(14)</script> | ![t]({ELSEWHERE}/cell.png) |
"""


def notebook(*cells: dict[str, Any]) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def code_cell(source: str, *outputs: dict[str, Any]) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "source": source,
        "outputs": list(outputs),
    }


def displayed(**forms: Any) -> dict[str, Any]:
    """An output with forms by media type, `/` written as `_`, `+` as `__`."""
    data = {name.replace("__", "+").replace("_", "/", 1): form for name, form in forms.items()}
    return {"output_type": "display_data", "metadata": {}, "data": data}


def hostile_notebook() -> bytes:
    not_a_picture = base64.b64encode(MARKUP.encode()).decode()
    return notebook(
        {"cell_type": "markdown", "metadata": {}, "source": MARKDOWN},
        {"cell_type": "raw", "metadata": {}, "source": MARKUP},
        {"cell_type": '"><script>alert(1)</script>', "metadata": {}, "source": MARKUP},
        code_cell(
            f"print(1) # {MARKUP}",
            displayed(text_html=MARKUP),
            displayed(text_html=MARKUP, application_javascript="alert(1)"),
            displayed(image_svg__xml=f"<svg xmlns='http://www.w3.org/2000/svg'>{MARKUP}</svg>"),
            displayed(image_png=not_a_picture, text_plain=MARKUP),
            displayed(image_png='x" onerror="alert(1)'),
            displayed(text_latex=f"\\href{{javascript:alert(1)}}{{x}}{MARKUP}"),
            {"output_type": "stream", "name": "stdout", "text": [MARKUP, MARKUP]},
            {"output_type": "error", "ename": "E", "evalue": MARKUP, "traceback": [MARKUP]},
        ),
    )


def picture(width: int = 40, height: int = 30, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(buffer, kind, **options)
    return buffer.getvalue()


def polyglot() -> bytes:
    """A picture that is an HTML page to whoever looks for one."""
    words = PngInfo()
    words.add_text("Comment", f"<html><body>{MARKUP}")
    return picture(pnginfo=words) + MARKUP.encode()


def pdf(words: str = "Hello reviewer", action: str = "", catalog: str = "") -> bytes:
    """A page with words on it; `action` is JavaScript to run when the document opens."""
    drawing = f"BT /F1 36 Tf 40 100 Td ({words}) Tj ET".encode()
    opened = f"/OpenAction << /S /JavaScript /JS ({action}) >>" if action else ""
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {opened} {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 500 200] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    content, places = b"%PDF-1.7\n", []
    for number, written in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, written)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"trailer << /Size %d /Root 1 0 R >>" % (len(objects) + 1)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return content + head + table + trailer + b"\nstartxref\n%d\n%%%%EOF\n" % len(content)
