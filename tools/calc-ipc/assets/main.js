"use strict";
/* The page: its sections, and the plots in them, drawn anew when the colours or the width change. */

const plots = [];

/* What all plots with lines have in common. */
const LINES = "Colour is the transport; full lines are calc_ipc, dashed ones the raw limit, dotted ones others.";

/* A figure with room for a plot that `draw` makes; `alternative` says in words what it shows. */
function figure(title, caption, alternative, draw, hasKey = true) {
    const canvas = el("canvas", { role: "img", "aria-label": alternative });
    plots.push({ canvas, draw });
    return el("figure", {},
        el("figcaption", {}, el("strong", {}, title), caption),
        hasKey ? null : familyKey(),
        el("div", { class: "plot" }, canvas),
        hasKey ? el("ul", { class: "key" }) : null);
}

/* Filled in when the plots are drawn, for the colours. */
const familyKey = () => el("ul", { class: "key families" });

function drawFamilyKeys() {
    const present = FAMILIES.filter((family) => report.latencies.some((row) => row.family === family));
    for (const key of document.querySelectorAll(".families")) {
        key.replaceChildren(...present.map((family) => keyOf({
            label: FAMILY_NAMES[family], borderColor: colour(FAMILY_COLOURS[family]), borderWidth: 1.5, borderDash: [],
            pointStyle: FAMILY_SHAPES[family], pointRadius: 5,
        })));
    }
}

function section(id, heading, ...content) {
    return el("section", { id, "aria-labelledby": `${id}-heading` }, el("h2", { id: `${id}-heading` }, heading), ...content);
}

const fastest = (rows, value) => [...rows].sort((a, b) => value(a) - value(b))[0];
const inWords = (rows) => {
    const first = fastest(rows, (row) => row.p50);
    const last = fastest(rows, (row) => -row.p50);
    return `The fastest is ${label(first)} with a median of ${time(first.p50)}, the slowest ${label(last)} with ${time(last.p50)}. ` +
        "All numbers are in the tables below.";
};

function latencySection() {
    const caption = "The point is the median of a call, the line reaches to p99.9, and its middle tick is p99. " +
        "Contestants on the same primitive stand together.";
    return section("latency", "Latency", ...placements.map((placement) => figure(
        `One client, ${PLACEMENT_NAMES[placement]}`, caption, inWords(jobs(placement)),
        (canvas) => byTransport(canvas, placement), false)));
}

/* A figure for each place and way of waiting for which `has` holds of enough rows. */
function figures(rowsOf, has, caption, draw) {
    return el("div", { class: "figures" }, ...placements.flatMap((placement) => WAYS.flatMap((way) => {
        const rows = rowsOf(placement).filter(way.has);
        if (!rows.some((row) => row.family === "calc_ipc") || !has(rows)) {
            return [];
        }
        const title = `${PLACEMENT_NAMES[placement]}, ${way.name}`;
        return [figure(title[0].toUpperCase() + title.slice(1), caption, inWords(rows), (canvas) => draw(canvas, rows))];
    })));
}

function sizeSection() {
    const sized = (placement) =>
        report.latencies.filter((row) => row.placement === placement && row.size > 0 && row.batch === 1);
    const content = figures(sized, (rows) => unique(rows.map((row) => row.size)).length > 1,
        `Median time of an echo. ${LINES}`, bySize);
    return content.children.length ? section("size", "Message size", content) : null;
}

function clientsSection() {
    const rows = report.throughputs;
    if (rows.length === 0) {
        return null;
    }
    const best = fastest(rows, (row) => -row.calls_per_second);
    return section("clients", "Many clients", figure("Calls a second, by clients",
        `All clients ask without pause. ${LINES}`,
        `The most is ${label(best)} with ${rate(best.calls_per_second)} calls a second of ${best.clients} clients. All numbers are in the tables below.`,
        (canvas) => byClients(canvas, rows)));
}

function batchSection() {
    const batched = (placement) => {
        const ours = report.latencies.filter((row) => row.placement === placement && row.size === smallest);
        const names = new Set(ours.filter((row) => row.batch > 1).map(label));
        return ours.filter((row) => names.has(label(row)));
    };
    const content = figures(batched, (rows) => unique(rows.map((row) => row.batch)).length > 1,
        `Requests that are sent at once, and answered at once. ${LINES}`, byBatch);
    return content.children.length ? section("batches", "Batches", content) : null;
}

function distributionSection() {
    const ours = (placement) => jobs(placement).filter((row) => row.family === "calc_ipc" || row.family === "raw");
    const content = figures(ours, () => true,
        `How long calls took, from the usual one to the rarest. ${LINES}`, distribution);
    return content.children.length ? section("distribution", "Distribution", content) : null;
}

function numbersSection() {
    const tables = placements.map((placement) => folded(`Latency, ${PLACEMENT_NAMES[placement]}`, latencyTable(placement)));
    const clients = report.throughputs.length ? folded("Many clients", throughputTable()) : null;
    return section("numbers", "All numbers", ...tables, clients);
}

function methodSection() {
    const { machine, settings } = report;
    const facts = [["CPU", machine.cpu], ["CPUs used", machine.cpus], ["system", machine.system],
        ["calc_ipc", report.version], ["rounds", settings.rounds], ["calls in a turn", count(settings.calls)]];
    return section("method", "How it was measured",
        el("p", {}, "Every contestant is two processes. They take turns, so that what the machine does to one it does to all; " +
            "a round is one turn of each. “Over raw” is the median, over all rounds, of a contestant's time divided by that of its raw " +
            "limit in the same round: times vary with the machine, ratios much less."),
        el("dl", {}, ...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, String(value))])),
        el("ul", {},
            el("li", {}, "A calculation is the whole job: a request is formatted, sent, parsed and answered, and its answer parsed and checked. Other sizes are echoes."),
            el("li", {}, "blocking: sleeps in the kernel at once. adaptive: looks for work as long as that pays, then sleeps. polling: looks without sleeping for as long as adaptive may, then sleeps. spinning: never sleeps, and takes a whole CPU.")));
}

function page() {
    const sections = [
        section("summary", "In short",
            el("p", {}, "The median of a whole call over calc_ipc, and how many times that of its raw limit it is: of the same bytes sent to and fro over the bare primitive. CPU is what both sides together use for a call."),
            el("div", { class: "figures" }, ...placements.map(summaryTable))),
        latencySection(), sizeSection(), clientsSection(), batchSection(), distributionSection(),
        numbersSection(),
        report.skipped.length ? section("skipped", "What was not measured", skippedTable()) : null,
        methodSection(),
    ].filter((part) => part !== null);
    const links = sections.map((part) => el("li", {}, el("a", { href: `#${part.id}` }, part.querySelector("h2").textContent)));
    const { cpu, cpus, system } = report.machine;
    document.querySelector("main").replaceChildren(
        el("header", {}, el("h1", {}, "calc_ipc benchmark"),
            el("p", { class: "subtitle" }, `calc_ipc ${report.version} on ${cpu}, ${cpus} CPUs, ${system}`),
            el("nav", { "aria-label": "Sections" }, el("ul", {}, ...links))),
        ...sections);
}

function draw() {
    Chart.defaults.animation = false;
    Chart.defaults.maintainAspectRatio = false;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    Chart.defaults.plugins.legend.display = false;
    for (const plot of plots) {
        plot.chart?.destroy();
        plot.chart = plot.draw(plot.canvas);
    }
    drawFamilyKeys();
}

page();
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
document.documentElement.dataset.state = "drawn";
