"""Doxygen's pages of the C and C++ interfaces, inside of what all pages have around them."""

import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree

import shell
from pages import REFERENCE, ROOT

CHANGES = """
OUTPUT_DIRECTORY = "{out}"
HTML_OUTPUT = {reference}
HTML_HEADER = "{folder}/header.html"
HTML_FOOTER = "{folder}/footer.html"
GENERATE_TAGFILE = "{folder}/tags.xml"
# Menu and search are the site's.
DISABLE_INDEX = YES
SEARCHENGINE = NO
# Bases are named in words: pictures of them are not legible in the dark.
CLASS_GRAPH = TEXT
"""


def make(out, pages):
    """Makes them, and says where the page of each name is."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "header.html").write_text(shell.doxygens_header(pages))
        (folder / "footer.html").write_text(shell.END)
        settings = (ROOT / "Doxyfile").read_text() + CHANGES.format(out=out, reference=REFERENCE, folder=folder)
        subprocess.run(["doxygen", "-"], cwd=ROOT, input=settings, text=True, check=True)
        for page in (out / REFERENCE).glob("*.html"):
            page.write_text(without_dead_summaries(page.read_text()))
        return symbols(xml.etree.ElementTree.parse(folder / "tags.xml"))


def without_dead_summaries(text):
    """A page without links above it to parts that it has not: Doxygen 1.9.4 makes them for nested classes that are not documented."""

    def kept(match):
        return match[0] if f'id="{match[1]}"' in text else ""

    return re.sub(r'<a href="#([\w-]+)">[^<]*</a> &#124;\s*', kept, text)


def symbols(tags):
    """Where the page of each name is: those of C, and classes and functions of the namespace calc_ipc."""
    found = {}
    for compound in tags.iter("compound"):
        kind, name = compound.get("kind"), compound.findtext("name")
        if kind in ("struct", "class"):
            found[name] = f"{REFERENCE}/{compound.findtext('filename')}"
        if kind in ("file", "namespace"):
            scope = f"{name}::" if kind == "namespace" else ""
            for member in compound.iter("member"):
                page = f"{REFERENCE}/{member.findtext('anchorfile')}#{member.findtext('anchor')}"
                found.setdefault(scope + member.findtext("name"), page)
                for value in member.iter("enumvalue"):
                    found.setdefault(value.text, f"{REFERENCE}/{value.get('anchorfile')}#{value.get('anchor')}")
    return found
