"""Documents in GitHub's Markdown, as pages of the site. Rendering is markdown-it's, colours are Pygments'."""

import html
import posixpath
import re
import urllib.parse

import pygments
import pygments.formatters
import pygments.lexers
import pygments.util
from markdown_it import MarkdownIt

from pages import ROOT, relative, url_of

FORMATTER = pygments.formatters.HtmlFormatter(nowrap=True)
# Names of the interface, and paths of what may be copied, which become links where they stand as code.
NAME = re.compile(r"\b(?:calc_ipc_\w+|CALC_IPC_\w+|calc_ipc::\w+)")
# Where a long name may be broken, as in a table on a phone.
BREAK = re.compile(r"(?<=[a-z0-9])(::|[_/])(?=[a-zA-Z])")
EXAMPLE = re.compile(r"(?:examples|docs)/[\w/.-]+")


class DeadLink(Exception):
    """A link to what is not in the repository."""


def slug(text, taken):
    """The anchor that GitHub gives a heading of this text."""
    name = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")
    count = taken.get(name, 0)
    taken[name] = count + 1
    return f"{name}-{count}" if count else name


def breakable(code):
    """Code, in HTML, whose names have places where a line may end."""
    pieces = re.split("(<[^>]*>)", code)
    return "".join(piece if piece.startswith("<") else BREAK.sub(r"\1<wbr>", piece) for piece in pieces)


def highlight(text, language):
    """Code with colours, if the language is known."""
    try:
        lexer = pygments.lexers.get_lexer_by_name({"c++": "cpp", "C++": "cpp", "C": "c"}.get(language, language or "text"))
    except pygments.util.ClassNotFound:
        return html.escape(text, quote=False)
    return pygments.highlight(text, lexer, FORMATTER)


class Guides:
    """All that rendering one document needs to know of the others."""

    def __init__(self, pages, files, symbols):
        self.documents = {page.path for page in pages}
        self.files = files
        self.folders = {posixpath.dirname(file) for file in files}
        self.folders |= {parent for folder in self.folders for parent in parents(folder)}
        self.symbols = symbols
        self.sources = set()  # files and folders that documents point to
        self.pictures = set()

    def target(self, document, link):
        """Where a link of the document leads, named from the site's root, with what comes behind it."""
        path, mark, anchor = link.partition("#")
        if not path:
            return url_of(document) + mark + anchor
        path = posixpath.normpath(posixpath.join(posixpath.dirname(document), urllib.parse.unquote(path)))
        if path in self.documents:
            return url_of(path) + mark + anchor
        if path.endswith(".png") and path in self.files:
            self.pictures.add(path)
            return path
        if path not in self.files and path not in self.folders:
            raise DeadLink(f"{document}: there is no {path}, which {link} points to")
        self.sources.add(path)
        return url_of(path)

    def href(self, document, link):
        """The same as the page writes it. What is elsewhere stays as it is."""
        if re.match(r"[a-z]+:", link):
            return link
        here = url_of(document)
        path, mark, anchor = self.target(document, link).partition("#")
        return mark + anchor if path == here and anchor else relative(path, here) + mark + anchor

    def linked(self, document, code):
        """Code, in HTML, whose names lead to the reference."""

        def link(match):
            target = self.symbols.get(match[0])
            return f'<a class="code" href="{relative(target, url_of(document))}">{match[0]}</a>' if target else match[0]

        return NAME.sub(link, code)

    def code_inline(self, document, token):
        text = token.content
        if EXAMPLE.fullmatch(text) and text.rstrip("/") in self.files | self.folders:
            path = text.rstrip("/")
            link = self.href(document, posixpath.relpath(path, posixpath.dirname(document) or "."))
            return f'<code><a href="{link}">{breakable(html.escape(text))}</a></code>'
        kind = ' class="long"' if len(text) > 30 else ""
        return f"<code{kind}>{breakable(self.linked(document, html.escape(text, quote=False)))}</code>"

    def block(self, document, token):
        language = token.info.split()[0] if token.info else ""
        return f'<pre class="fragment" tabindex="0">{self.linked(document, highlight(token.content, language))}</pre>\n'

    def render(self, document):
        """The title of a document, and its page's content."""
        markdown = MarkdownIt("commonmark").enable(["table", "strikethrough"])
        tokens = markdown.parse((ROOT / document).read_text())
        taken, headings = {}, []
        for at, token in enumerate(tokens):
            if token.type == "heading_open":
                text = "".join(child.content for child in tokens[at + 1].children)
                token.attrSet("id", slug(text, taken))
                headings.append((token.tag, token.attrGet("id"), text))
            for child in token.children or []:
                attribute = {"link_open": "href", "image": "src"}.get(child.type)
                if attribute:
                    child.attrSet(attribute, self.href(document, child.attrGet(attribute)))

        rules = markdown.renderer.rules
        rules["code_inline"] = lambda tokens, at, *_: self.code_inline(document, tokens[at])
        rules["fence"] = rules["code_block"] = lambda tokens, at, *_: self.block(document, tokens[at])
        rules["table_open"] = lambda *_: '<div class="wide" tabindex="0"><table>\n'
        rules["table_close"] = lambda *_: "</table></div>\n"
        content = markdown.renderer.render(tokens, markdown.options, {})
        title = next((text for tag, _, text in headings if tag == "h1"), document)
        return title, with_contents(content, headings)

    def source(self, path):
        """The page of a file that a document points to, or of a folder."""
        heading = f"<h1>{html.escape(path)}</h1>\n"
        if path in self.folders:
            inside = sorted(file for file in self.files if file.startswith(f"{path}/"))
            return heading + "<ul>\n" + "".join(f"<li><code>{html.escape(file)}</code></li>\n" for file in inside) + "</ul>\n"
        text = (ROOT / path).read_text()
        try:
            code = pygments.highlight(text, pygments.lexers.get_lexer_for_filename(path), FORMATTER)
        except pygments.util.ClassNotFound:
            code = html.escape(text, quote=False)
        return f'{heading}<pre class="fragment" tabindex="0">{self.linked(path, code)}</pre>\n'


def with_contents(content, headings):
    """A page with a list of its parts behind its title, if it has many."""
    parts = [(anchor, text) for tag, anchor, text in headings if tag == "h2"]
    if len(parts) < 4:
        return content
    items = "".join(f'<li><a href="#{anchor}">{html.escape(text)}</a></li>\n' for anchor, text in parts)
    first, end, rest = content.partition("</h1>\n")
    return f'{first}{end}<details class="parts"><summary>On this page</summary>\n<ul>\n{items}</ul>\n</details>\n{rest}'


def parents(folder):
    """The folders that it is in."""
    while folder:
        folder = posixpath.dirname(folder)
        yield folder
