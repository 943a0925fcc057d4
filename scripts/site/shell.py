"""What all pages have around them: the head, the bar with the search, the menu."""

import html
import itertools
import pathlib
import re
import string

from pages import ROOT, relative

SHELL = string.Template(pathlib.Path(__file__).with_name("shell.html").read_text())
END = "</div>\n</body>\n</html>\n"
DOXYGENS_HEAD = '<script src="$relpath^jquery.js"></script>\n<script src="$relpath^dynsections.js"></script>\n'


def version():
    """Of the library."""
    return re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]


def menu(pages, url):
    """The menu of the page at this URL."""
    lines = []
    for section, some in itertools.groupby(pages, key=lambda page: page.section):
        lines.append(f"<h2>{html.escape(section)}</h2>\n<ul>")
        for page in some:
            here = ' aria-current="page"' if page.url == url else ""
            lines.append(f'<li><a href="{relative(page.url, url)}"{here}>{html.escape(page.name)}</a></li>')
        lines.append("</ul>")
    return "\n".join(lines)


def page(pages, url, title, content, language="en"):
    """A whole page of ours."""
    root = "../" * url.count("/")
    head = SHELL.substitute(
        language=language, title=html.escape(title), root=root, more="", version=version(), menu=menu(pages, url)
    )
    return f'{head}<main class="contents">\n{content}</main>\n{END}'


def doxygens_header(pages):
    """The same for Doxygen, all of whose pages are in one folder. It closes a div of its own before what it writes."""
    head = SHELL.substitute(
        language="en", title="$title", root="../", more=DOXYGENS_HEAD, version=version(), menu=menu(pages, "reference/-")
    )
    return f'{head}<div id="top">\n'
