"use strict";
/* The tables: every number that a plot shows, and more. */

/* Columns are [heading, what is in it, class]; the first names the row. */
function table(caption, columns, rows) {
    const cell = (name, [, text, kind], row) =>
        el(name, { ...(kind ? { class: kind } : {}), ...(name === "th" ? { scope: "row" } : {}) }, String(text(row)));
    const head = columns.map(([heading, , kind]) => el("th", { scope: "col", ...(kind ? { class: kind } : {}) }, heading));
    const body = rows.map((row) => el("tr", row.family === "calc_ipc" && columns[0] === WHO[0] ? { class: "ours" } : {},
        ...columns.map((column, at) => cell(at === 0 ? "th" : "td", column, row))));
    // Wide ones scroll in their own box, also for those who have a keyboard only.
    return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
        el("table", {}, el("caption", {}, el("span", {}, caption)), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body)));
}

/* Folded, for those who came for the plots. */
const folded = (summary, content) => el("details", {}, el("summary", {}, summary), content);

const WHO = [["contestant", (row) => row.name, "text"], ["waiting", (row) => row.waiting, "text"]];
const CPU = [["CPU, client", (row) => time(row.client_cpu)], ["CPU, server", (row) => time(row.server_cpu)]];

function latencyTable(placement) {
    const rows = inOrder(report.latencies.filter((row) => row.placement === placement), (row) => row.size);
    return table(`Round trips, ${PLACEMENT_NAMES[placement]}; CPU time is that of one request`, [
        ...WHO, ["message", (row) => size(row.size)], ["batch", (row) => row.batch],
        ["fastest", (row) => time(row.min)], ["p50", (row) => time(row.p50)], ["p90", (row) => time(row.p90)],
        ["p99", (row) => time(row.p99)], ["p99.9", (row) => time(row.p999)], ["slowest", (row) => time(row.max)],
        ["mean", (row) => time(row.mean)], ["over raw", (row) => ratio(row.over_raw)],
        ["calls/s", (row) => rate(row.calls_per_second)], ...CPU, ["measured", (row) => count(row.samples)],
    ], rows);
}

function throughputTable() {
    return table("Many clients of one server, all asking all the time", [
        ...WHO, ["clients", (row) => row.clients], ["message", (row) => size(row.size)],
        ["calls/s", (row) => rate(row.calls_per_second)], ["of raw", (row) => ratio(row.over_raw)], ...CPU,
    ], inOrder(report.throughputs, (row) => row.clients));
}

function skippedTable() {
    return table("Left out", [["what", (row) => row.name, "text"], ["why", (row) => row.why, "text wrap"]], report.skipped);
}

/* Ours against their raw limits: the figures to look at first. */
function summaryTable(placement) {
    const rows = inOrder(jobs(placement), (row) => row.p50).filter((row) => row.family === "calc_ipc");
    const place = PLACEMENT_NAMES[placement];
    return table(place[0].toUpperCase() + place.slice(1), [
        ["transport", (row) => TRANSPORT_NAMES[row.transport], "text"], ["waiting", (row) => row.waiting, "text"],
        ["p50", (row) => time(row.p50)], ["over raw", (row) => ratio(row.over_raw)], ["p99", (row) => time(row.p99)],
        ["CPU", (row) => time(row.client_cpu + row.server_cpu)],
    ], rows);
}
