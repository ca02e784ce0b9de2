"""Make the pictures of these pages: ``python docs/make_gallery.py [FOLDER]``, in half a minute.

FOLDER holds a report of ``cryoqa demo``, which is run when none is named. Headless Chromium opens its ``report.html`` and takes a picture
of the first screen and of each question; the notebook is run for what it draws and prints.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, "extensions")]

FOLDER = os.path.join(HERE, "pictures")
SCREEN = (1366, 900)                             # of a laptop: the first screen as it is seen
WIDTH, TALL = 1200, 4000                         # of a section without the side list; what is empty below is cut off
COLOURS = 240
SECTIONS = ("fine", "even", "dirs", "halves", "model", "map", "file", "asked", "all")
NOTEBOOK = os.path.join(HERE, "notebooks", "half_maps.ipynb")

_ONLY = ("<style>nav, header.top, .verdict, .head, footer, main > section:not(#{id}) {{ display: none !important }}"
         " body, main, .frame {{ padding: 0 !important; margin: 0 !important; max-width: none !important; display: block !important }}"
         " main > section {{ margin: 0 !important; padding: 12px !important }}</style>"
         "<script>var fold = document.querySelector('#all details'); if (fold) fold.open = true;</script>")


def names():
    """File names of all pictures that this script makes."""
    from notebook_cells import read_cells
    drawn = [cell.picture for cell in read_cells(NOTEBOOK) if cell.picture]
    return ["report_top.png", *(f"report_{section}.png" for section in SECTIONS), *drawn]


def take_report(path):
    """Pictures of a report: its first screen, and each section by itself."""
    with open(path, encoding="utf-8") as stream:
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", stream.read())           # which would forbid to hide parts
    with tempfile.TemporaryDirectory() as scratch:
        take(text, SCREEN, "report_top.png", scratch)
        for section in SECTIONS:
            if not re.search(rf'<section id="{section}"', text):
                raise SystemExit(f"{path} has no section '{section}'.")
            take(text.replace("</body>", _ONLY.format(id=section) + "</body>"), (WIDTH, TALL), f"report_{section}.png", scratch, cut=True)


def take(text, size, name, scratch, cut=False):
    """Picture of a page as Chromium shows it in a window of ``size``."""
    page, raw = os.path.join(scratch, "page.html"), os.path.join(scratch, "page.png")
    with open(page, "w", encoding="utf-8") as stream:
        stream.write(text)
    browser = next((b for b in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if b), None)
    if browser is None:
        raise SystemExit("Chromium is needed for the pictures of the report; install it.")
    subprocess.run([browser, "--headless", "--no-sandbox", "--hide-scrollbars", "--virtual-time-budget=8000",
                    f"--user-data-dir={os.path.join(scratch, 'profile')}", f"--window-size={size[0]},{size[1]}", f"--screenshot={raw}",
                    "file://" + page], check=True, stderr=subprocess.DEVNULL, timeout=120)
    keep(raw, name, cut)


def keep(raw, name, cut=False):
    """Store a picture with a palette, and without the empty rows below."""
    from PIL import Image, ImageChops
    with Image.open(raw) as opened:
        picture = opened.convert("RGB")
    if cut:
        ground = Image.new("RGB", picture.size, picture.getpixel((2, picture.height - 2)))
        box = ImageChops.difference(picture, ground).getbbox()
        picture = picture.crop((0, 0, picture.width, min(picture.height, box[3] + 12)))
    few = picture.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)     # rare colours are kept
    few.save(os.path.join(FOLDER, name), optimize=True)


def take_notebook():
    """Pictures that the notebook draws, and the text that it gives."""
    from notebook_cells import keep_outputs, read_cells, run_cells
    texts = []
    with tempfile.TemporaryDirectory() as scratch:
        for cell, value, text in run_cells(read_cells(NOTEBOOK), scratch):
            texts.append(text)
            if cell.picture:
                raw = os.path.join(scratch, "raw.png")
                value.savefig(raw, dpi=110)
                keep(raw, cell.picture)
    keep_outputs(NOTEBOOK, texts)


def main(folder=None):
    """All pictures."""
    os.makedirs(FOLDER, exist_ok=True)
    take_notebook()
    with tempfile.TemporaryDirectory() as scratch:
        if folder is None:
            from cryoqa_plugin.cli import main as command
            folder = os.path.join(scratch, "demo")
            if command(["demo", "-o", folder]):
                raise SystemExit("The demonstration did not run.")
        take_report(os.path.join(folder, "report.html"))
    print(f"{len(names())} pictures, {sum(os.path.getsize(os.path.join(FOLDER, n)) for n in names()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
