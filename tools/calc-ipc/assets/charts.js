"use strict";
/* The plots. All axes are logarithmic: what is told apart spans five orders of magnitude. */

const SHAPES = ["circle", "rect", "triangle", "rectRot", "star", "cross", "crossRot"];
const FAMILY_COLOURS = { calc_ipc: "ours", raw: "raw", textbook: "textbook", rival: "rival" };
const FAMILY_SHAPES = { calc_ipc: "circle", raw: "rect", textbook: "triangle", rival: "rectRot" };
const FONT = 12;

/* Ticks at 1, 2 and 5 of each decade if there are few decades, else at each, or at each second one. */
function decades(scale) {
    const span = Math.log10(scale.max / scale.min);
    const digits = span < 1.6 ? [1, 2, 5] : [1];
    const step = span > (scale.isHorizontal() ? scale.width : scale.height * 2) / 60 ? 2 : 1;
    const ticks = [];
    for (let power = Math.floor(Math.log10(scale.min)); power <= Math.log10(scale.max); power += 1) {
        ticks.push(...digits.filter(() => power % step === 0).map((digit) => digit * 10 ** power));
    }
    return ticks.filter((value) => value >= scale.min && value <= scale.max);
}

/* An axis from the least to the greatest of `values`, and a little further, with ticks at `at` or where they fit. */
function logarithmic(title, values, text, at = null) {
    const [min, max] = [Math.min(...values), Math.max(...values)];
    const margin = at ? 1 : (max / min) ** 0.04 * 1.05;
    return {
        type: "logarithmic", min: min / margin, max: max * margin,
        title: { display: true, text: title, color: colour("muted"), font: { size: FONT } },
        grid: { color: colour("line") },
        border: { color: colour("line") },
        afterBuildTicks: (scale) => { scale.ticks = (at ?? decades(scale)).map((value) => ({ value })); },
        ticks: { color: colour("muted"), font: { size: FONT }, autoSkip: at !== null, autoSkipPadding: 8, maxRotation: 0, callback: (value) => text(value) },
    };
}

const tooltip = (lines) => ({
    backgroundColor: colour("raised"), titleColor: colour("ink"), bodyColor: colour("ink"),
    borderColor: colour("line"), borderWidth: 1, callbacks: lines,
});

/* From the median to p99.9, with a tick at p99: what calls take that are not the usual ones. */
const whiskers = {
    id: "whiskers",
    beforeDatasetsDraw(chart) {
        const { ctx, scales: { x } } = chart;
        chart.data.datasets.forEach((dataset, index) => chart.getDatasetMeta(index).data.forEach((point, at) => {
            const row = dataset.data[at].row;
            ctx.strokeStyle = dataset.borderColor;
            ctx.lineWidth = 1.5;
            ctx.beginPath();
            ctx.moveTo(point.x, point.y);
            ctx.lineTo(x.getPixelForValue(row.p999), point.y);
            for (const [value, half] of [[row.p99, 4], [row.p999, 6]]) {
                ctx.moveTo(x.getPixelForValue(value), point.y - half);
                ctx.lineTo(x.getPixelForValue(value), point.y + half);
            }
            ctx.stroke();
        }));
    },
};

/* A line and a name above the contestants of each transport. */
const bands = {
    id: "bands",
    beforeDraw(chart, _, { rows }) {
        const { ctx, chartArea, scales: { y } } = chart;
        ctx.font = `600 ${FONT}px ${Chart.defaults.font.family}`;
        ctx.textAlign = "left";
        ctx.textBaseline = "middle";
        rows.forEach((row, at) => {
            if (typeof row !== "string") {
                return;
            }
            ctx.fillStyle = colour("raised");
            const half = (y.getPixelForValue(1) - y.getPixelForValue(0)) / 2;
            ctx.fillRect(0, y.getPixelForValue(at) - half, chartArea.right, 2 * half);
            ctx.fillStyle = colour("ink");
            ctx.fillText(TRANSPORT_NAMES[row] || row, 4, y.getPixelForValue(at));
        });
    },
};

/* One line per contestant: its median as a point, its tail as a whisker. */
function byTransport(canvas, placement) {
    const sorted = inOrder(jobs(placement), (row) => row.p50);
    const rows = sorted.flatMap((row, at) => (row.transport === sorted[at - 1]?.transport ? [row] : [row.transport, row]));
    const narrow = canvas.parentElement.clientWidth < 500;
    canvas.parentElement.style.height = `${rows.length * 22 + 60}px`;
    const datasets = FAMILIES.map((family) => ({
        label: FAMILY_NAMES[family],
        data: rows.map((row, at) => ({ x: row.p50, y: at, row })).filter(({ row }) => row.family === family),
        borderColor: colour(FAMILY_COLOURS[family]), backgroundColor: colour(FAMILY_COLOURS[family]),
        pointStyle: FAMILY_SHAPES[family], pointRadius: family === "calc_ipc" ? 6 : 5, pointHoverRadius: 7,
    }));
    // On a phone, without what the band says already, and not longer than leaves room for the plot.
    const brief = (name) => (name.length > 14 ? `${name.slice(0, 13)}…` : name);
    const shown = (row) => (narrow ? `${brief(row.name.replace(` ${row.transport}`, ""))}, ${row.waiting}` : label(row));
    return new Chart(canvas, {
        type: "scatter",
        data: { datasets },
        plugins: [whiskers, bands],
        options: {
            scales: {
                x: logarithmic("time of a call", sorted.flatMap((row) => [row.p50, row.p999]), time),
                y: {
                    type: "linear", reverse: true, min: -0.5, max: rows.length - 0.5,
                    afterBuildTicks: (scale) => { scale.ticks = rows.map((_, value) => ({ value })); },
                    grid: { display: false }, border: { display: false },
                    ticks: {
                        autoSkip: false, font: { size: narrow ? 10 : FONT },
                        color: ({ index }) => colour(rows[index]?.family === "calc_ipc" ? "ink" : "muted"),
                        callback: (at) => (typeof rows[at] === "string" ? "" : shown(rows[at])),
                    },
                },
            },
            plugins: {
                bands: { rows },
                tooltip: tooltip({
                    title: ([item]) => label(item.raw.row),
                    label: ({ raw: { row } }) =>
                        [`p50 ${time(row.p50)}`, `p99 ${time(row.p99)}`, `p99.9 ${time(row.p999)}`,
                            row.over_raw ? `${ratio(row.over_raw)} its raw limit` : ""].filter(Boolean),
                }),
            },
        },
    });
}

/* A contestant's look, the same in every plot: the transport is the colour, the family the line; other libraries are
   told apart by their points. */
function look(row, others) {
    const other = others.indexOf(row.name);
    return {
        label: row.name,
        borderColor: colour(row.transport), backgroundColor: colour(row.transport),
        borderWidth: row.family === "calc_ipc" ? 2.5 : 1.5,
        borderDash: { calc_ipc: [], raw: [6, 4], textbook: [2, 3], rival: [1, 2] }[row.family],
        pointStyle: row.family === "calc_ipc" ? "circle" : SHAPES[1 + (Math.max(other, 0) % (SHAPES.length - 1))],
        pointRadius: row.family === "raw" ? 0 : 3.5, pointHoverRadius: 6, clip: false,
    };
}

/* Lines through the points that `point` makes of each contestant's rows. */
function lines(canvas, rows, points, x, y, describe, style = {}) {
    canvas.parentElement.style.height = "360px";
    const sorted = inOrder(rows, () => 0);
    const others = unique(sorted.filter((row) => row.family === "rival" || row.family === "textbook").map((row) => row.name));
    const datasets = unique(sorted.map(label)).map((name) => {
        const own = sorted.filter((row) => label(row) === name);
        return { ...look(own[0], others), ...style, data: points(own) };
    });
    const chart = new Chart(canvas, {
        type: "line",
        data: { datasets },
        options: {
            interaction: { mode: "nearest", intersect: false },
            scales: { x, y },
            plugins: { tooltip: tooltip(describe) },
        },
    });
    canvas.closest("figure").querySelector(".key").replaceChildren(...datasets.map(keyOf));
    return chart;
}

/* An entry of a plot's key, drawn as its line is. */
function keyOf(dataset) {
    const sample = el("canvas", { width: 56, height: 24, style: "width:28px;height:12px", "aria-hidden": "true" });
    const ctx = sample.getContext("2d");
    ctx.scale(2, 2);
    ctx.strokeStyle = ctx.fillStyle = dataset.borderColor;
    ctx.lineWidth = dataset.borderWidth;
    ctx.setLineDash(dataset.borderDash);
    ctx.beginPath();
    ctx.moveTo(0, 6);
    ctx.lineTo(28, 6);
    ctx.stroke();
    ctx.setLineDash([]);
    if (dataset.pointRadius > 0) {
        Chart.helpers.drawPoint(ctx, { pointStyle: dataset.pointStyle, radius: 3.5, borderWidth: 1.5, rotation: 0 }, 14, 6);
    }
    return el("li", {}, sample, dataset.label);
}

function bySize(canvas, rows) {
    const sizes = unique(rows.map((row) => row.size)).sort((a, b) => a - b);
    const points = (own) => own.map((row) => ({ x: row.size, y: row.p50, row })).sort((a, b) => a.x - b.x);
    const x = logarithmic("message, bytes each way", sizes, bytes, sizes);
    return lines(canvas, rows, points, x, logarithmic("median time of a call", rows.map((row) => row.p50), time), {
        title: ([item]) => `${item.dataset.label}, ${bytes(item.raw.row.size)}`,
        label: ({ raw: { row } }) => [`p50 ${time(row.p50)}`, `p99 ${time(row.p99)}`],
    });
}

function byClients(canvas, rows) {
    const clients = unique(rows.map((row) => row.clients)).sort((a, b) => a - b);
    const points = (own) => own.map((row) => ({ x: row.clients, y: row.calls_per_second, row })).sort((a, b) => a.x - b.x);
    const x = logarithmic("clients asking all the time", clients, String, clients);
    const y = logarithmic("calls a second, all clients", rows.map((row) => row.calls_per_second), rate);
    return lines(canvas, rows, points, x, y, {
        title: ([item]) => `${item.dataset.label}, ${item.raw.row.clients} clients`,
        label: ({ raw: { row } }) => [`${rate(row.calls_per_second)} calls a second`,
            row.over_raw ? `${ratio(row.over_raw)} its raw limit` : ""].filter(Boolean),
    });
}

function byBatch(canvas, rows) {
    const batches = unique(rows.map((row) => row.batch)).sort((a, b) => a - b);
    const points = (own) => own.map((row) => ({ x: row.batch, y: row.calls_per_second, row })).sort((a, b) => a.x - b.x);
    const x = logarithmic("requests in a batch", batches, String, batches);
    const y = logarithmic("calls a second", rows.map((row) => row.calls_per_second), rate);
    return lines(canvas, rows, points, x, y, {
        title: ([item]) => `${item.dataset.label}, batches of ${item.raw.row.batch}`,
        label: ({ raw: { row } }) => [`${rate(row.calls_per_second)} calls a second`,
            row.over_raw ? `${ratio(row.over_raw)} the time of its raw limit` : ""].filter(Boolean),
    });
}

/* Quantiles, on an axis that has as much room for p99 to p99.9 as for p90 to p99: tails are what it shows. */
const QUANTILES = [[2, "50%"], [10, "90%"], [100, "99%"], [1000, "99.9%"], [10000, "99.99%"], [100000, "99.999%"]];

function quantiles(row) {
    let seen = 0;
    const points = [];
    for (const bucket of row.histogram) {
        seen += bucket.count;
        // The last call is no quantile of anything: it is the maximum, which the table has.
        if (seen < row.samples) {
            points.push({ x: row.samples / (row.samples - seen), y: bucket.at_most, row });
        }
    }
    return points;
}

function distribution(canvas, rows) {
    const all = rows.flatMap(quantiles);
    const shares = new Map(QUANTILES);
    const longest = Math.max(...all.map(({ x }) => x));
    const at = [...shares.keys()].filter((value) => value <= longest);
    const x = logarithmic("share of calls that took at most so long", [1, longest], (value) => shares.get(value), at);
    const y = logarithmic("time of a call", all.map((point) => point.y), time);
    return lines(canvas, rows, (own) => own.flatMap(quantiles), x, y, {
        title: ([item]) => item.dataset.label,
        label: ({ raw }) => `${(100 - 100 / raw.x).toPrecision(4)}% took at most ${time(raw.y)}`,
    }, { pointRadius: 0 });
}
