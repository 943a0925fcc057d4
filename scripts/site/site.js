// The menu on a phone, and the search. Nothing is asked of another host; words.js is loaded when the first word is typed.
"use strict";

const root = document.currentScript.dataset.root;
const MOST = 30; // results that are shown

const bar = document.getElementById("bar"), pages = document.getElementById("pages");
const button = document.getElementById("menu"), input = document.getElementById("words"), found = document.getElementById("found");

button.addEventListener("click", () => {
    button.setAttribute("aria-expanded", String(pages.classList.toggle("open")));
});
// The menu shows where the reader is.
pages.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });

let loading = null;
function words() {
    loading ??= new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = root + "words.js";
        script.onload = () => resolve(WORDS.map(([url, title, heading, text]) => ({
            url, title, heading, text, low: [heading, title, text].map((part) => part.toLowerCase()),
        })));
        script.onerror = () => reject(new Error("words.js cannot be loaded"));
        document.head.append(script);
    });
    return loading;
}

// How well a part answers: all words have to be there, in its heading at best. Those that answer alike stay in the order of words.js.
function score(part, asked) {
    const [heading, title, text] = part.low;
    let sum = 0;
    for (const word of asked) {
        if (heading === word || heading === word + "()") sum += 100;
        else if (heading.includes(word)) sum += 20;
        else if (title.includes(word)) sum += 10;
        else if (text.includes(word)) sum += 1;
        else return 0;
    }
    return sum;
}

// The text around the first of the words.
function excerpt(part, asked) {
    const at = Math.max(0, Math.min(...asked.map((word) => part.low[2].indexOf(word)).filter((place) => place >= 0), part.text.length) - 60);
    return (at > 0 ? "… " : "") + part.text.slice(at, at + 180);
}

function marked(text, asked) {
    const span = document.createElement("span");
    const pattern = asked.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
    text.split(new RegExp(`(${pattern})`, "i")).forEach((piece, i) => {
        const node = i % 2 ? document.createElement("mark") : document.createTextNode("");
        node.textContent = piece;
        span.append(node);
    });
    return span;
}

function show(results, asked) {
    const list = document.createElement("ol");
    for (const part of results.slice(0, MOST)) {
        const item = document.createElement("li"), link = document.createElement("a"), text = document.createElement("p");
        link.href = root + part.url;
        link.append(marked(part.heading && part.heading !== part.title ? `${part.heading} · ${part.title}` : part.title, asked));
        text.append(marked(excerpt(part, asked), asked));
        item.append(link, text);
        list.append(item);
    }
    const count = document.createElement("p");
    count.textContent = results.length > MOST ? `the first ${MOST} of ${results.length} places` : `${results.length} places`;
    found.replaceChildren(count, list);
    found.hidden = false;
}

async function search() {
    const asked = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (asked.length === 0) {
        found.hidden = true;
        return;
    }
    const rated = (await words()).map((part) => [score(part, asked), part]).filter(([points]) => points > 0);
    show(rated.sort(([a], [b]) => b - a).map(([, part]) => part), asked);
}

input.addEventListener("input", search);
document.getElementById("search").addEventListener("submit", (event) => {
    event.preventDefault();
    found.querySelector("a")?.click();
});
document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
        found.hidden = true;
    } else if (event.key === "/" && document.activeElement !== input) {
        event.preventDefault();
        input.focus();
    }
});
document.addEventListener("click", (event) => {
    if (!bar.contains(event.target) && (!found.contains(event.target) || event.target.closest("a"))) {
        found.hidden = true;
    }
});
