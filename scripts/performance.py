"""performance.py GOALS.json DOCUMENT [--check]: writes the table of goals that `calc-ipc bench --goals --json` has found
between the markers of the document; with --check it writes nothing, and fails if the document lacks a row."""

import json
import re
import statistics
import sys

BEGIN = "<!-- begin: goals -->\n"
END = "<!-- end: goals -->\n"


def text(value, unit):
    match unit:
        case "x":
            return f"{value:.2f}x"
        case "us":
            return f"{value:.1f} us"
        case "ns" | "bytes":
            return f"{value:.0f} {unit}"
        case "wake-ups":
            return f"{value:.0f}"
        case _:
            return f"{value:.1f}"


def limit(goal):
    match goal["limit"]:
        case {"at_most": most}:
            return f"<= {text(most, goal['unit'])}"
        case {"at_least": least}:
            return f">= {text(least, goal['unit'])}"
        case _:
            return ""


def is_met(goal, value):
    match goal["limit"]:
        case {"at_most": most}:
            return value <= most
        case {"at_least": least}:
            return value >= least


def measured(goal):
    """The median, and the range where it shows."""
    found, unit = goal["found"], goal["unit"]
    if not found:
        return "not here"
    median, lowest, highest = (text(of(found), unit) for of in (statistics.median, min, max))
    if lowest == highest:
        return median
    return f"{median} ({lowest} to {highest})"


def verdict(goal):
    """Met is what was met in every run."""
    found = goal["found"]
    if goal["limit"] == "open" or not found:
        return ""
    met = sum(is_met(goal, value) for value in found)
    if met == len(found):
        return "met"
    return f"met in {met} of {len(found)}" if met else "**not met**"


def row(what):
    """A row's name without how long it took to measure: --quick takes less."""
    return re.sub(r" for \d+ ms$", "", what)


def table(goals):
    lines = ["| | measured | goal | |", "|---|---|---|---|"]
    for goal in goals:
        cells = [goal["what"], measured(goal), limit(goal), verdict(goal)]
        lines.append("| " + " | ".join(cells) + " |")
    return "".join(line + "\n" for line in lines)


def main():
    results, document, *options = sys.argv[1:]
    with open(results, encoding="utf-8") as file:
        goals = json.load(file)["goals"]
    with open(document, encoding="utf-8") as file:
        page = file.read()
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        sys.exit(f"{document}: no place for the table, which is between {BEGIN.strip()} and {END.strip()}")
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    if options == ["--check"]:
        had = {row(line.split(" | ")[0].removeprefix("| ")) for line in old.splitlines()}
        lacking = [goal["what"] for goal in goals if row(goal["what"]) not in had]
        if lacking:
            sys.exit("".join(f"{document} lacks the row '{what}': run scripts/performance.sh\n" for what in lacking).rstrip())
        return
    with open(document, "w", encoding="utf-8") as file:
        file.write(before + BEGIN + table(goals) + END + after)


if __name__ == "__main__":
    main()
