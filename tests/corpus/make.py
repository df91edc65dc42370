"""Make the samples anew, with the programs that write such files: a tool for who adds a kind.

    uv venv corpus && uv pip install --python corpus/bin/python python-docx openpyxl XlsxWriter \
        pyexcelerate python-pptx nbformat fpdf2 reportlab pypdf pillow pandas imageio-ffmpeg
    corpus/bin/python tests/corpus/make.py

Files that programs of other kinds make (`zip`, `tar`, gzip) come from the machine. Samples are kept
in the repository because the tests must not depend on any of this.
"""

# mypy: ignore-errors
# The writers above are no packages of this project.

from __future__ import annotations

import bz2
import gzip
import io
import json
import marshal
import pickle
import plistlib
import shutil
import sqlite3
import struct
import subprocess
import tarfile
import tempfile
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path

import docx
import imageio_ffmpeg
import nbformat
import openpyxl
import pandas
import pptx
import pyexcelerate
import pypdf
import xlsxwriter
from fpdf import FPDF
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

SAMPLES = Path(__file__).parent / "samples"
PROSE = "Ein Absatz über Prompts – mit „Anführung“, Größe und €.\nZweite Zeile.\n"
TABLE = 'Name;Punkte;Kommentar\r\nZoë;1,5;"zwei\r\nZeilen"\r\nJürgen;2;gut\r\n'
FRAMES = [Image.new("RGB", (24, 18), (60 * number, 90, 200)) for number in range(3)]

made: list[dict[str, object]] = []


def keep(name: str, kind: str, how: str, content: bytes, *, taken: bool = True) -> None:
    """Write one sample; `kind` is what it is, whatever its name says."""
    # Under a name of its own, so that no tool takes the sample for a file of the project.
    stored = f"{len(made) + 1:03d}-{name}.sample"
    (SAMPLES / stored).write_bytes(content)
    made.append({"file": stored, "name": name, "kind": kind, "how": how, "taken": taken})


def wrong(name: str, kind: str, how: str, content: bytes) -> None:
    """A sample that is not what its name says, or is of no kind that is taken."""
    keep(name, kind, how, content, taken=False)


def written(save: Callable[[str], object], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, f"sample{suffix}")
        save(str(path))
        return path.read_bytes()


def picture(kind: str, mode: str = "RGB", frames: int = 1, **options: object) -> bytes:
    buffer = io.BytesIO()
    pictures = [frame.convert(mode) for frame in FRAMES[:frames]]
    if frames > 1:
        options |= {"save_all": True, "append_images": pictures[1:], "duration": 80}
    pictures[0].save(buffer, kind, **options)
    return buffer.getvalue()


def images() -> None:
    for mode in ("RGB", "P", "RGBA", "1", "I;16"):
        frame = FRAMES[0].convert("I" if mode == "I;16" else mode)
        buffer = io.BytesIO()
        (frame.convert(mode) if mode == "I;16" else frame).save(buffer, "PNG")
        keep("picture.png", "PNG image", f"Pillow, {mode}", buffer.getvalue())
    keep("moving.png", "PNG image", "Pillow, animated", picture("PNG", frames=3))
    keep("photo.jpg", "JPEG image", "Pillow", picture("JPEG"))
    keep("photo.jpeg", "JPEG image", "Pillow, progressive", picture("JPEG", progressive=True))
    keep("print.JPG", "JPEG image", "Pillow, CMYK", picture("JPEG", "CMYK"))
    exif = Image.Exif()
    exif[0x010E] = "Ein Bild"
    keep("phone.jfif", "JPEG image", "Pillow, with EXIF", picture("JPEG", exif=exif))
    keep("picture.webp", "WebP image", "Pillow, lossy", picture("WEBP"))
    keep("exact.webp", "WebP image", "Pillow, lossless", picture("WEBP", lossless=True))
    keep("clear.webp", "WebP image", "Pillow, with alpha", picture("WEBP", "RGBA"))
    keep("moving.webp", "WebP image", "Pillow, animated", picture("WEBP", frames=3))
    keep("still.gif", "GIF image", "Pillow", picture("GIF", "P"))
    keep("moving.gif", "GIF image", "Pillow, animated", picture("GIF", "P", frames=3))
    wrong("picture.bmp", "BMP image", "Pillow", picture("BMP"))
    wrong("scan.tiff", "TIFF image", "Pillow", picture("TIFF"))
    wrong("photo.png", "JPEG image", "Pillow, under another name", picture("JPEG"))
    wrong("picture.jpg", "WebP image", "Pillow, under another name", picture("WEBP"))
    wrong("icon.png", "ICO image", "Pillow, under another name", picture("ICO"))
    svg = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>\n'
    wrong("drawing.svg", "SVG drawing", "by hand", svg)
    wrong("drawing.png", "SVG drawing", "by hand, under another name", svg)


def documents() -> None:
    by_fpdf = FPDF()
    by_fpdf.add_page()
    by_fpdf.set_font("helvetica", size=12)
    by_fpdf.cell(text="Hello")
    plain = bytes(by_fpdf.output())
    keep("report.pdf", "PDF document", "fpdf2", plain)

    def with_canvas(path: str) -> None:
        canvas = Canvas(path)
        canvas.drawString(100, 700, "Hello")
        canvas.save()

    keep("report.pdf", "PDF document", "reportlab", written(with_canvas, ".pdf"))
    keep("scan.pdf", "PDF document", "Pillow, pages of pictures", picture("PDF", frames=2))
    for how, options in (("merged", {}), ("protected by a password", {"algorithm": "AES-256"})):
        writer = pypdf.PdfWriter()
        writer.append(io.BytesIO(plain))
        if options and not encrypt(writer):
            continue
        buffer = io.BytesIO()
        writer.write(buffer)
        keep("report.pdf", "PDF document", f"pypdf, {how}", buffer.getvalue())
    keep(
        "mail.pdf",
        "PDF document",
        "behind mail headers",
        b"Content-Type: application/pdf\r\n\r\n" + plain,
    )
    keep(
        "printed.pdf",
        "PDF document",
        "behind a printer's header",
        b"\x1b%-12345X@PJL JOB\r\n" + plain,
    )
    keep("late.pdf", "PDF document", "behind 900 bytes of line ends", b"\r\n" * 450 + plain)
    wrong("report.docx", "PDF document", "fpdf2, under another name", plain)

    document = docx.Document()
    document.add_heading("Größe", 1)
    document.add_paragraph(PROSE)
    keep("essay.docx", "Word document", "python-docx", written(document.save, ".docx"))
    document.add_picture(io.BytesIO(picture("PNG")))
    document.add_table(2, 2)
    with_picture = written(document.save, ".docx")
    keep("essay.docx", "Word document", "python-docx, with a picture", with_picture)
    keep("again.docx", "Word document", "unpacked and packed by zip", packed_again(with_picture))
    wrong("essay.zip.pdf", "Word document", "python-docx, under another name", with_picture)
    wrong("essay.xlsx", "Word document", "python-docx, under another name", with_picture)
    wrong(
        "macros.docx",
        "Word document with macros",
        "python-docx, given macros",
        with_macros(with_picture),
    )

    book = openpyxl.Workbook()
    book.active.append(["Zoë", 1.5])
    by_openpyxl = written(book.save, ".xlsx")
    keep("table.xlsx", "Excel workbook", "openpyxl", by_openpyxl)

    def with_xlsxwriter(path: str) -> None:
        book = xlsxwriter.Workbook(path)
        sheet = book.add_worksheet()
        sheet.write(0, 0, "Zoë")
        book.add_chart({"type": "line"})
        book.close()

    def with_pyexcelerate(path: str) -> None:
        book = pyexcelerate.Workbook()
        book.new_sheet("one", data=[["Zoë", 1.5]])
        book.save(path)

    frame = pandas.DataFrame({"name": ["Zoë", "Jürgen"], "score": [1.5, 2.0]})
    keep("table.xlsx", "Excel workbook", "XlsxWriter", written(with_xlsxwriter, ".xlsx"))
    keep("table.xlsx", "Excel workbook", "PyExcelerate", written(with_pyexcelerate, ".xlsx"))
    keep("frame.xlsx", "Excel workbook", "pandas", written(frame.to_excel, ".xlsx"))
    wrong("table.csv", "Excel workbook", "openpyxl, under another name", by_openpyxl)

    slides = pptx.Presentation()
    slides.slides.add_slide(slides.slide_layouts[0])
    by_pptx = written(slides.save, ".pptx")
    keep("talk.pptx", "PowerPoint presentation", "python-pptx", by_pptx)
    wrong("talk.docx", "PowerPoint presentation", "python-pptx, under another name", by_pptx)
    wrong(
        "old.docx",
        "Word document of before 2007",
        "its signature",
        bytes.fromhex("d0cf11e0a1b11ae1") + bytes(2000),
    )
    wrong("essay.txt", "RTF document", "by hand", rb"{\rtf1\ansi Hello\par}")


def encrypt(writer: pypdf.PdfWriter) -> bool:
    try:
        writer.encrypt("secret", algorithm="RC4-128")
    except Exception:
        return False
    return True


def packed_again(content: bytes) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        inside = Path(directory, "inside")
        zipfile.ZipFile(io.BytesIO(content)).extractall(inside)
        subprocess.run(["zip", "-q", "-r", "../again.zip", "."], cwd=inside, check=True)
        return Path(directory, "again.zip").read_bytes()


def with_macros(content: bytes) -> bytes:
    buffer = io.BytesIO(content)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("word/vbaProject.bin", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500))
    return buffer.getvalue()


def texts() -> None:
    for how, content in {
        "UTF-8": PROSE.encode(),
        "UTF-8 with its mark": PROSE.encode("utf-8-sig"),
        "UTF-16, little end first": b"\xff\xfe" + PROSE.encode("utf-16-le"),
        "UTF-16, big end first": b"\xfe\xff" + PROSE.encode("utf-16-be"),
        "Windows-1252": PROSE.encode("cp1252"),
        "Windows-1252, Windows line ends": PROSE.replace("\n", "\r\n").encode("cp1252"),
        "Mac Roman": PROSE.encode("mac-roman"),
        "Windows-1251, Russian": "Подсказка для модели.\n".encode("cp1251"),
        "Shift-JIS, Japanese": "プロンプトの例です。\n".encode("shift-jis"),
        "UTF-8, emoji alone": "🙂👩‍🎓".encode(),
        "one character": b"x",
        "tags within prose": b"Use <b>bold</b> & <i>italic</i>, not <script>.\n",
    }.items():
        keep("notes.txt", "plain text", how, content)
    for how, content in {
        "with front matter": f"---\ntitle: Größe\ntags: [a, b]\n---\n\n# Kopf\n\n{PROSE}".encode(),
        "that starts with an HTML heading": b"<h1 align='center'>Project</h1>\n\n# Install\n",
        "that starts with a comment": b"<!-- draft -->\n# Title\n\n```html\n<html></html>\n```\n",
        "UTF-16": ("# Kopf\n\n" + PROSE).encode("utf-16"),
        "with a table and code": b"| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```python\nprint(1)\n```\n",  # noqa: E501
    }.items():
        keep("README.md", "Markdown", how, content)
    frame = pandas.DataFrame({"name": ["Zoë", "Jürgen"], "score": [1.5, 2.0]})
    for how, content in {
        "a spreadsheet's, Windows-1252 and semicolons": TABLE.encode("cp1252"),
        "a spreadsheet's, UTF-8 with its mark": TABLE.encode("utf-8-sig"),
        "a spreadsheet's Unicode text, UTF-16 and tabs": TABLE.replace(";", "\t").encode("utf-16"),
        "pandas": frame.to_csv(index=False).encode(),
        "one column": b"1\n2\n3\n",
    }.items():
        keep("scores.csv", "CSV table", how, content)
    for how, content in {
        "indented": json.dumps({"prompt": "Größe"}, indent=2, ensure_ascii=False).encode(),
        "on one line": json.dumps([{"a": 1}] * 30, separators=(",", ":")).encode(),
        "one document a line": b'{"a": 1}\n{"a": 2}\n',
        "with NaN, as Python writes it": json.dumps([float("nan")]).encode(),
        "pandas": frame.to_json().encode(),
        "UTF-8 with its mark": b'\xef\xbb\xbf{"a": 1}',
    }.items():
        keep("data.json", "JSON file", how, content)
    for how, content in {
        "with a shebang": b"#!/usr/bin/env python3\nprint('x')\n",
        "in Latin-1, as its first line says": "# -*- coding: latin-1 -*-\nx = 'Größe'\n".encode(
            "latin-1"
        ),
        "UTF-8 with its mark": b"\xef\xbb\xbfprint(1)\n",
        "a module with HTML in a string": b'PAGE = """<!DOCTYPE html><html></html>"""\n',
    }.items():
        keep("solve.py", "Python program", how, content)
    html = b"<!DOCTYPE html>\n<html><body><script>alert(1)</script></body></html>\n"
    wrong("page.html", "HTML page", "by hand", html)
    wrong("page.txt", "HTML page", "under another name", html)
    wrong("page.md", "HTML page", "under another name", b"\xef\xbb\xbf \n" + html)
    wrong("page.png", "HTML page", "under another name", html)
    wrong("data.json", "plain text", "under another name", PROSE.encode())
    wrong("nothing.txt", "nothing", "an empty file", b"")


def notebooks() -> None:
    for version in (3, 4):
        api = getattr(nbformat, f"v{version}")
        cells = [api.new_code_cell("print(1)")]
        if version == 4:
            cells.append(api.new_markdown_cell("# Größe"))
            book = api.new_notebook(cells=cells)
        else:
            book = api.new_notebook(worksheets=[api.new_worksheet(cells=cells)])
        text = nbformat.writes(book, version=version)
        keep("work.ipynb", "Jupyter notebook", f"nbformat, version {version}", text.encode())
    image = [
        {"data": {"image/png": "iVBORw0KGgo" * 3000}, "metadata": {}, "output_type": "display_data"}
    ]
    cell = {
        "cell_type": "code",
        "execution_count": 1,
        "metadata": {},
        "outputs": image,
        "source": [],
    }
    book = {
        "nbformat": 4,
        "nbformat_minor": 0,
        "metadata": {"colab": {"provenance": []}},
        "cells": [cell],
    }
    keep("colab.ipynb", "Jupyter notebook", "as Colab writes it", json.dumps(book).encode())
    book = {"cells": [cell] * 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    keep(
        "long.ipynb",
        "Jupyter notebook",
        "its version behind 100 KB of pictures",
        json.dumps(book, indent=1).encode(),
    )
    wrong("data.ipynb", "JSON file", "under another name", b'{"prompt": "x"}')


def archives() -> None:
    with tempfile.TemporaryDirectory() as directory:
        project = Path(directory, "project")
        (project / "src").mkdir(parents=True)
        (project / "src/main.py").write_text("print(1)\n")
        (project / "README.md").write_text(PROSE)
        (project / "logo.png").write_bytes(picture("PNG"))
        keep(
            "project.zip",
            "ZIP archive",
            "shutil",
            Path(shutil.make_archive(f"{directory}/one", "zip", project)).read_bytes(),
        )
        subprocess.run(["zip", "-q", "-r", "two.zip", "project"], cwd=directory, check=True)
        by_zip = Path(directory, "two.zip").read_bytes()
        keep("project.zip", "ZIP archive", "zip", by_zip)
        piped = subprocess.run(
            ["zip", "-q", "-r", "-", "project"], cwd=directory, check=True, capture_output=True
        )
        keep("project.zip", "ZIP archive", "zip, into a pipe", piped.stdout)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            archive.add(project, "project")
        wrong("project.tar.gz", "TAR archive, gzip", "tarfile", buffer.getvalue())
        wrong("project.zip", "TAR archive, gzip", "tarfile, under another name", buffer.getvalue())
        database = Path(directory, "data.db")
        with sqlite3.connect(database) as connection:
            connection.execute("CREATE TABLE a (b)")
        wrong("scores.csv", "SQLite database", "under another name", database.read_bytes())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("project/main.py", "print(1)\n")
        archive.writestr("__MACOSX/project/._main.py", bytes(120))
        archive.comment = "Größe".encode()
    keep("Archiv.zip", "ZIP archive", "with a Mac's extras and a comment", buffer.getvalue())
    wrong("half.zip", "half a ZIP archive", "cut off", by_zip[: len(by_zip) // 2])
    wrong("project.docx", "ZIP archive", "zip, under another name", by_zip)
    wrong("notes.txt", "gzip file", "under another name", gzip.compress(PROSE.encode()))
    wrong("notes.md", "bzip2 file", "under another name", bz2.compress(PROSE.encode() * 9))


def films() -> None:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()

    def film(suffix: str, *options: str) -> bytes:
        source = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1"]
        return written(
            lambda path: subprocess.run(
                [ffmpeg, "-v", "error", *source, *options, "-y", path], check=True
            ),
            suffix,
        )

    keep("demo.mp4", "MP4 video", "ffmpeg, H.264", film(".mp4", "-c:v", "libx264"))
    keep(
        "demo.mp4",
        "MP4 video",
        "ffmpeg, index first",
        film(".mp4", "-c:v", "libx264", "-movflags", "+faststart"),
    )
    keep(
        "demo.mp4",
        "MP4 video",
        "ffmpeg, fragmented",
        film(".mp4", "-c:v", "libx264", "-movflags", "frag_keyframe+empty_moov"),
    )
    keep("demo.m4v", "MP4 video", "ffmpeg, MPEG-4 part 2", film(".mp4", "-c:v", "mpeg4"))
    keep("demo.m4v", "MP4 video", "ffmpeg, its own m4v", film(".m4v", "-c:v", "libx264"))
    wrong(
        "demo.mp4", "QuickTime film", "ffmpeg, under another name", film(".mov", "-c:v", "libx264")
    )
    wrong("demo.mp4", "WebM video", "ffmpeg, under another name", film(".webm", "-c:v", "libvpx"))
    wrong("demo.mp4", "AVI video", "ffmpeg, under another name", film(".avi", "-c:v", "mpeg4"))
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setparams((1, 1, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(800))
    wrong("voice.webp", "WAV sound", "under another name", buffer.getvalue())


def programs() -> None:
    windows = b"MZ\x90\x00" + bytes(56) + struct.pack("<I", 64) + b"PE\x00\x00" + bytes(400)
    linux = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HHIQ", 3, 62, 1, 4096) + bytes(800)
    wrong("setup.exe", "Windows program", "its headers", windows)
    wrong("report.pdf", "Windows program", "its headers, under another name", windows)
    wrong("tool.elf", "Linux program", "its header", linux)
    wrong("solve.py", "Linux program", "under another name", linux)
    wrong("notes.txt", "Linux program", "under another name", linux)
    wrong("run.sh", "shell script", "by hand", b"#!/bin/sh\necho x\n")
    code = compile("print(1)", "solve.py", "exec")
    wrong("solve.py", "compiled Python", "under another name", bytes(16) + marshal.dumps(code))
    wrong("model.json", "pickle", "under another name", pickle.dumps({"a": 1}))
    wrong(
        "data.json",
        "binary property list",
        "under another name",
        plistlib.dumps({"a": 1}, fmt=plistlib.FMT_BINARY),
    )


if __name__ == "__main__":
    shutil.rmtree(SAMPLES, ignore_errors=True)
    SAMPLES.mkdir()
    for make in (images, documents, texts, notebooks, archives, films, programs):
        make()
    (SAMPLES / "samples.json").write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n")
