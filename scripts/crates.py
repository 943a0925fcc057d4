#!/usr/bin/env python3
"""crates.py check | copyright PACKAGE | sbom: what is linked, from `cargo metadata`, on standard output.

check: each crate of the workspace and its licence, of which one has to be in the list of deny.toml; it fails on one that is not.
copyright: a Debian copyright file for a package of the workspace, with the licence texts of all crates that are linked into it.
sbom: a bill of materials for the workspace, as CycloneDX 1.5 in JSON, the same for the same Cargo.lock.
It needs cargo, and Python 3.11 for tomllib.
"""

import collections
import json
import pathlib
import re
import subprocess
import sys
import tomllib
import uuid

OWNER = r"(?i)(portions )?copyright\s+(\(c\)|©|[0-9]{4}|the )"
ROOT = pathlib.Path(__file__).resolve().parent.parent
APACHE = "Apache License"


def metadata(*arguments):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", *arguments]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


def host():
    lines = subprocess.run(["rustc", "-vV"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return next(line.removeprefix("host: ") for line in lines if line.startswith("host: "))


class Crates:
    """The packages of a workspace, and which need which."""

    def __init__(self, *arguments):
        found = metadata(*arguments)
        self.packages = {package["id"]: package for package in found["packages"]}
        self.needs = {node["id"]: node["deps"] for node in found["resolve"]["nodes"]}
        self.members = found["workspace_members"]

    def member(self, name):
        return next(identity for identity in self.members if self.packages[identity]["name"] == name)

    def edges(self, identity, kinds):
        return [need["pkg"] for need in self.needs[identity] if any(kind["kind"] in kinds for kind in need["dep_kinds"])]

    def reached(self, roots, kinds):
        """What these need, and they themselves; of kind None is what is linked, but for macros, which run in the compiler."""
        seen, open_ends = set(), list(roots)
        while open_ends:
            identity = open_ends.pop()
            is_macro = any("proc-macro" in target["kind"] for target in self.packages[identity]["targets"])
            if identity not in seen and not (is_macro and kinds == [None]):
                seen.add(identity)
                open_ends += self.edges(identity, kinds)
        return sorted(seen, key=lambda identity: (self.packages[identity]["name"], self.packages[identity]["version"]))


def allowed():
    return tomllib.loads((ROOT / "deny.toml").read_text())["licenses"]["allow"]


def chosen(expression, allow):
    """The licences of an SPDX expression that are taken, or None if there is no choice that is allowed."""
    tokens = re.findall(r"[()]|[^\s()]+", (expression or "none").replace("/", " OR "))

    def either():
        choices = [both()]
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            choices.append(both())
        choices = [choice for choice in choices if choice is not None]
        return min(choices, key=lambda choice: max(map(allow.index, choice)), default=None)

    def both():
        parts = [one()]
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            parts.append(one())
        return None if None in parts else [name for part in parts for name in part]

    def one():
        name = tokens.pop(0)
        if name == "(":
            inner = either()
            tokens.pop(0)
            return inner
        if tokens and tokens[0] == "WITH":
            name = f"{name} WITH {tokens[1]}"
            del tokens[:2]
        return [name] if name in allow else None

    return either()


def check():
    allow, crates, refused = allowed(), Crates(), 0
    counts = collections.Counter()
    for identity in crates.reached(crates.members, [None]):
        package = crates.packages[identity]
        names = chosen(package["license"], allow)
        if names is None:
            print(f"refused: {package['name']} {package['version']}: {package['license']}", file=sys.stderr)
            refused = 1
        else:
            counts[" and ".join(dict.fromkeys(names))] += 1
    for names, count in counts.most_common():
        print(f"{count:5} {names}")
    sys.exit(refused)


def licence_files(package):
    folder = pathlib.Path(package["manifest_path"]).parent
    names = ("licen", "copying", "notice", "unlicense")
    files = [file for file in sorted(folder.iterdir()) if file.name.lower().startswith(names) and file.is_file()]
    files += [file for file in sorted(folder.glob("LICENSES/*"))]
    if package["license_file"] and (named := (folder / package["license_file"]).resolve()) not in files:
        files.append(named)
    return {file: file.read_text(errors="replace") for file in files}


def copyright_lines(package, files):
    lines = [line.strip(" \t*#/") for text in files.values() for line in text.splitlines()]
    lines = [line for line in lines if re.match(OWNER, line)]
    lines = [re.sub(r"(?i)^copyright\s*(\(c\)|©)?\s*", "", line) for line in lines]
    return list(dict.fromkeys(lines or package["authors"])) or [f"the authors of {package['name']}"]


def text_of(licence, package, files):
    """The text of a licence as the crate has it."""
    word = licence.split("-")[0].lower()
    others = {file: text for file, text in files.items() if APACHE not in text and "notice" not in file.name.lower()}
    named = [text for file, text in others.items() if word in file.name.lower()]
    # Else all that it says, one of which is this.
    return (named or ["\n\n".join(others.values() or files.values())])[0] or None


def indented(text):
    return "\n".join(f" {line.rstrip()}" if line.strip() else " ." for line in text.strip().splitlines())


def copyright_file(root):
    allow, crates = allowed(), Crates("--filter-platform", host())
    own = crates.packages[crates.member(root)]
    texts, entries, kept = {}, [], {}

    def name_of(licence, text):
        """Two texts that differ in no more than the names of who has the rights are one."""
        lines = [line.removeprefix("//").strip() for line in text.strip().splitlines()]
        rest = [line for line in lines if not re.match(OWNER, line) and not re.match(r"(?i)(the )?(mit|isc) license", line)]
        core = " ".join(" ".join(rest).split())
        if (licence, core) not in kept:
            number = sum(name == licence for name, _ in kept)
            kept[licence, core] = licence if number == 0 else f"{licence}-{number + 1}"
            texts[kept[licence, core]] = re.sub(r"\n{3,}", "\n\n", "\n".join(rest))
        return kept[licence, core]

    for identity in crates.reached([crates.member(root)], [None]):
        package = crates.packages[identity]
        if identity in crates.members:
            continue
        names, files = chosen(package["license"], allow), licence_files(package)
        if names is None:
            sys.exit(f"{package['name']}: {package['license']} is not allowed by deny.toml")
        labels = []
        for licence in dict.fromkeys(names):
            text = "" if licence in ("Apache-2.0", "CC0-1.0") else text_of(licence, package, files)
            if text is None:
                # The crate comes without; the words of MIT are those of this project's own file.
                text = (ROOT / "LICENSE-MIT").read_text() if licence == "MIT" else sys.exit(f"{package['name']}: no text of {licence}")
            labels.append(name_of(licence, text) if text else licence)
        notices = [text for file, text in files.items() if file.name.lower().startswith("notice")]
        entries.append((package, copyright_lines(package, files), labels, notices))

    ours = (ROOT / "LICENSE-MIT").read_text()
    owner = re.search(r"(?m)^Copyright \(c\) (.*)$", ours).group(1)
    print("Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/")
    print(f"Upstream-Name: {own['name']}")
    if own["repository"]:
        print(f"Source: {own['repository']}")
    print("Comment: Rust links the crates that are listed below, and its standard library, into what is installed.\n")
    print(f"Files: *\nCopyright: {owner}\nLicense: {name_of('MIT', ours)} or Apache-2.0\n")
    print("Files: rust/library/*\nCopyright: The Rust Project contributors\nLicense: Apache-2.0")
    print("Comment: The standard library of Rust, and what that is made of, which is licensed alike.\n")
    for package, owners, labels, notices in entries:
        print(f"Files: vendor/{package['name']}-{package['version']}/*")
        print("Copyright: " + "\n           ".join(owners))
        print("License: " + " and ".join(labels))
        if notices:
            print("Comment:\n" + "\n .\n".join(map(indented, notices)))
        print()
    print("License: Apache-2.0\n On Debian systems, the text of the Apache License, version 2.0, is in")
    print(" /usr/share/common-licenses/Apache-2.0; elsewhere it comes as LICENSE-APACHE.")
    if any("CC0-1.0" in labels for _, _, labels, _ in entries):
        print("\nLicense: CC0-1.0\n On Debian systems, the text of CC0 1.0 Universal is in /usr/share/common-licenses/CC0-1.0.")
    for label, text in texts.items():
        print(f"\nLicense: {label}\n{indented(text)}")


def component(package, checksums, scope):
    name, version = package["name"], package["version"]
    found = {"type": "library", "bom-ref": reference(package), "name": name, "version": version, "scope": scope,
             "purl": f"pkg:cargo/{name}@{version}"}
    if (name, version) in checksums:
        found["hashes"] = [{"alg": "SHA-256", "content": checksums[name, version]}]
    if package["license"]:
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    return found


def reference(package):
    return f"{package['name']}@{package['version']}"


def sbom():
    crates = Crates()
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    checksums = {(entry["name"], entry["version"]): entry["checksum"] for entry in lock["package"] if "checksum" in entry}
    linked = crates.reached(crates.members, [None])
    everything = crates.reached(crates.members, [None, "build"])
    library = crates.packages[crates.member("calc_ipc")]
    parts = [component(crates.packages[identity], checksums, "required" if identity in linked else "excluded")
             for identity in everything if crates.packages[identity] is not library]
    needs = [{"ref": reference(crates.packages[identity]),
              "dependsOn": sorted({reference(crates.packages[need]) for need in crates.edges(identity, [None, "build"])})}
             for identity in everything]
    about = component(library, checksums, "required")
    about.pop("scope")
    text = json.dumps([about, parts, needs])
    bill = {"bomFormat": "CycloneDX", "specVersion": "1.5", "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, text)}",
            "version": 1, "metadata": {"component": about}, "components": parts, "dependencies": needs}
    print(json.dumps(bill, indent=2))


match sys.argv[1:]:
    case ["check"]:
        check()
    case ["copyright", name]:
        copyright_file(name)
    case ["sbom"]:
        sbom()
    case _:
        sys.exit(__doc__)
