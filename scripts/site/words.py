"""The words of all pages, for the search: a script that names each part of a page with its text."""

import html.parser
import json
import re

# Parts of pages that say nothing of their own, and elements whose text is not the page's.
SILENT = {"script", "style", "nav", "header"}
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "wbr"}
# Doxygen's lists of what has a page of its own, and files of the sources: they are found by their names.
LISTS = re.compile(r"reference/(functions|globals|namespacemembers|files|hierarchy|classes|dir_)|-members\.html|_source\.html")


class Parts(html.parser.HTMLParser):
    """Cuts a page at what links can point to: headings, and Doxygen's anchors before what they are of."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.parts = [["", "", []]]  # anchor, heading, text
        self.title, self.inside, self.heading = "", [], None

    def handle_starttag(self, tag, attributes):
        if tag in VOID:
            return
        self.inside.append(tag)
        attributes = dict(attributes)
        if tag == "h1" or "title" in attributes.get("class", "").split():
            self.heading = len(self.inside)
        elif attributes.get("id") and tag in ("h2", "h3", "h4", "a") and not attributes["id"].startswith(("details", "menu")):
            if tag != "a" or "href" not in attributes:
                self.parts.append([attributes["id"], "", []])
            self.heading = len(self.inside) if tag != "a" else None
        elif "memtitle" in attributes.get("class", "").split():
            self.heading = len(self.inside)

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass
        if self.heading is not None and len(self.inside) < self.heading:
            self.heading = None

    def handle_data(self, data):
        if SILENT & set(self.inside):
            return
        if "title" in self.inside:
            self.title += data
        elif self.heading is not None:
            self.parts[-1][1] += data
        elif "body" in self.inside:
            self.parts[-1][2].append(data)


def tidy(text):
    """The text in one line, without Doxygen's sign of a link to the part itself."""
    return re.sub(r"\s+", " ", text.replace("◆", "")).strip()


def parts_of(url, text):
    """The parts of a page, as the search has them: where, the page's title, the heading, the text."""
    reader = Parts()
    reader.feed(text)
    title = tidy(reader.title).removeprefix("calc_ipc: ")
    for anchor, heading, words in reader.parts:
        line = tidy("".join(words))
        if heading or line:
            yield [url + ("#" + anchor if anchor else ""), title, tidy(heading), line]


def make(out, pages, sources):
    """Writes words.js, in the order in which results that are as good are shown: that of the menu, but for what is about the project
    alone, the reference before it and sources last. Of sources it has the names alone."""
    places = [page.url for page in pages if page.section != "The project"]
    reference = sorted(str(file.relative_to(out)) for file in out.glob("reference/*.html"))
    places += [url for url in reference if url not in places and not LISTS.search(url)]
    places += [page.url for page in pages if page.section == "The project"]
    entries = [part for url in places for part in parts_of(url, (out / url).read_text())]
    entries += [[url, url.removesuffix(".html"), "", ""] for url in sorted(sources)]
    (out / "words.js").write_text("WORDS = " + json.dumps(entries, ensure_ascii=False, separators=(",", ":")) + ";\n")
