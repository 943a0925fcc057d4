"""The list of pages, which is the map in docs/README.md, and where a file of the repository is on the site."""

import dataclasses
import os
import pathlib
import posixpath
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOME = "docs/README.md"
API = "docs/api.md"
REFERENCE = "reference"
# Files that have a page under another name than their own.
ELSEWHERE = {HOME: "index.html", API: f"{REFERENCE}/index.html"}
ENTRY = re.compile(r"- \[(.+?)\]\((.+?)\)")


@dataclasses.dataclass(frozen=True)
class Page:
    """An entry of the map."""

    section: str
    path: str
    name: str

    @property
    def url(self):
        """Where it is on the site, whose root has no name."""
        return url_of(self.path)

    @property
    def is_guide(self):
        """Whether this is written in Markdown, and not made by Doxygen."""
        return self.path.endswith(".md") and self.path != API


# What Doxygen makes of the interfaces, for the menu: behind its main page.
MADE = [
    Page("Reference", f"{REFERENCE}/calc__ipc_8h.html", "C: calc_ipc.h"),
    Page("Reference", f"{REFERENCE}/annotated.html", "C++: classes"),
]


def url_of(path):
    """Where a file of the repository is on the site: a document, or a source that a document points to."""
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    if path.endswith(".md"):
        return path.removesuffix(".md") + ".html"
    if path.endswith((".png", ".html")):
        return path
    return f"{path}.html"


def listed():
    """All pages, in the order of the map. The map itself is the first one."""
    section, pages = "Start", [Page("Start", HOME, "Home")]
    _, _, its_map = (ROOT / HOME).read_text().partition("\n## The map\n")
    for line in its_map.splitlines():
        if line.startswith("### "):
            section = line.removeprefix("### ")
        elif entry := ENTRY.match(line):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(HOME), entry[2]))
            pages += [Page(section, path, entry[1])] + (MADE if path == API else [])
    return pages


def unlisted(pages):
    """Documents that the map does not have."""
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted({str(file.relative_to(ROOT)) for file in documents} - {page.path for page in pages})


def relative(target, page):
    """The link from one page of the site to another, both named from its root."""
    return posixpath.relpath(target, posixpath.dirname(page) or ".")


def committed():
    """The files of the repository, of which a site may be made; those that are not committed yet, too."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return {name for name in names.split("\0") if name and os.path.exists(ROOT / name)}
