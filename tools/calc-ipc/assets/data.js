"use strict";
/* The report, and how its numbers and names are said. Text goes into the page as text only, never as markup. */

const report = JSON.parse(document.getElementById("report").textContent);

const TRANSPORTS = ["shm", "pipe", "fifo", "unix", "seqpacket", "tcp", "npipe"];
const FAMILIES = ["raw", "calc_ipc", "textbook", "rival"];
const PLACEMENTS = ["two_cores", "one_core", "anywhere"];

const TRANSPORT_NAMES = {
    shm: "shared memory", pipe: "anonymous pipe", fifo: "FIFO", unix: "Unix socket", seqpacket: "seqpacket socket", npipe: "named pipe",
    tcp: "TCP, loopback",
};
const FAMILY_NAMES = {
    calc_ipc: "calc_ipc", raw: "raw limit: the bare primitive", textbook: "textbook implementation", rival: "another library",
};
const PLACEMENT_NAMES = {
    one_core: "both processes on one CPU", two_cores: "each process on a CPU of its own",
    anywhere: "processes where the kernel puts them",
};

/* What belongs in one plot: those that sleep at once, or those that look for work first. Other libraries wait as they
   please, and stand in both. */
const WAYS = [
    { name: "looking for work before sleeping", short: "adaptive", has: (row) => row.family === "rival" || row.waiting !== "blocking" },
    { name: "sleeping at once", short: "blocking", has: (row) => row.family === "rival" || row.waiting === "blocking" },
];

/* Three digits that mean something, in the largest unit that keeps a number above one. */
function withUnit(value, units, step) {
    let index = 0;
    while (index + 1 < units.length && Math.abs(value) >= step) {
        value /= step;
        index += 1;
    }
    return `${Number(value.toPrecision(3))} ${units[index]}`.trim();
}
const time = (nanoseconds) => withUnit(nanoseconds, ["ns", "µs", "ms", "s"], 1000);
const bytes = (count) => withUnit(count, ["B", "KiB", "MiB"], 1024);
const rate = (count) => withUnit(count, ["", "k", "M"], 1000);
const size = (count) => (count === 0 ? "calculation" : bytes(count));
const ratio = (value) => (value === null || value === undefined ? "" : `${value.toFixed(2)}×`);
const count = (value) => value.toLocaleString("en");

const unique = (values) => [...new Set(values)];
const rank = (list, value) => (list.indexOf(value) + list.length + 1) % (list.length + 1);
const label = (row) => `${row.name}, ${row.waiting}`;

/* By transport, then family, then time: what is to be compared stands side by side. */
function inOrder(rows, value) {
    return [...rows].sort((a, b) =>
        rank(TRANSPORTS, a.transport) - rank(TRANSPORTS, b.transport) ||
        rank(FAMILIES, a.family) - rank(FAMILIES, b.family) || value(a) - value(b));
}

/* Whole jobs: one small request at a time. */
const smallest = Math.min(...report.latencies.map((row) => row.size));
const jobs = (placement) =>
    report.latencies.filter((row) => row.placement === placement && row.size === smallest && row.batch === 1);
const placements = PLACEMENTS.filter((placement) => report.latencies.some((row) => row.placement === placement));

/* Makes an element of attributes and children. */
function el(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
        element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
}
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
