"""build.py FOLDER: makes the site there, of all pages in the map of docs/README.md. Fails on a document that the map lacks, and on a
dead link."""

import pathlib
import shutil
import sys
import tempfile

import guides
import pages
import reference
import shell
import words

AWESOME = pathlib.Path("/usr/share/doxygen-awesome-css/doxygen-awesome.css")
OURS = ["site.css", "text.css", "site.js"]


def write(out, url, text):
    (out / url).parent.mkdir(parents=True, exist_ok=True)
    (out / url).write_text(text)


def sources(out, listed, maker):
    """Pages of the files that documents point to; such a page points to nothing further."""
    urls = set()
    for path in sorted(maker.sources):
        url = pages.url_of(path)
        write(out, url, shell.page(listed, url, path, maker.source(path)))
        urls.add(url)
    return urls


def build(out):
    listed = pages.listed()
    lacking = pages.unlisted(listed)
    if lacking:
        sys.exit(f"add a line for each to the map in {pages.HOME}, which is the site's menu: {', '.join(lacking)}")
    maker = guides.Guides(listed, pages.committed(), reference.make(out, listed))
    faults = []
    for page in filter(lambda page: page.is_guide, listed):
        try:
            title, content = maker.render(page.path)
        except (guides.DeadLink, FileNotFoundError) as fault:
            faults.append(str(fault))
            continue
        language = "zh-CN" if ".zh-CN." in page.path else "en"
        write(out, page.url, shell.page(listed, page.url, title, content, language))
    if faults:
        sys.exit("\n".join(faults))
    for picture in maker.pictures:
        (out / picture).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pages.ROOT / picture, out / picture)
    shutil.copy(AWESOME, out)
    for name in OURS:
        shutil.copy(pathlib.Path(__file__).with_name(name), out)
    words.make(out, listed, sources(out, listed, maker))


def main(folder):
    out = pathlib.Path(folder).resolve()
    is_ours = (out / "words.js").exists()
    if out.exists() and any(out.iterdir()) and not is_ours:
        sys.exit(f"{out} has files, and is no site that this made: name another folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    # Made beside it, so that the last one stays if this one fails, and none of its pages if this one does not.
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f"{out.name}.") as place:
        made = pathlib.Path(place, "site")
        made.mkdir()
        build(made)
        if out.exists():
            shutil.rmtree(out)
        made.rename(out)
    print(f"open {out / 'index.html'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
