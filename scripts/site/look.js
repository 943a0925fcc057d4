// What is wrong with the page as it is shown now, in words. Run in the page by check.py.
const faults = [];
const root = document.documentElement;

if (root.scrollWidth > arguments[0]) {
    const wide = [...document.body.querySelectorAll("*")].filter((element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && box.right > arguments[0] + 1 && !element.closest(".wide, pre, .fragment, #found");
    });
    const names = wide.slice(0, 3).map((element) => `${element.tagName.toLowerCase()}.${element.className}`);
    faults.push(`it is ${root.scrollWidth} pixels wide, the screen ${arguments[0]} (${names.join(", ")})`);
}

// The contrast of two colours: https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio
const channels = (colour) => (colour.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
const luminance = (rgb) => {
    const [red, green, blue] = rgb.map((value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const over = ([r, g, b, alpha = 1], under) => [r, g, b].map((value, i) => value * alpha + under[i] * (1 - alpha));
const contrast = (one, other) => {
    const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
};
const behind = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) {
        const colour = channels(getComputedStyle(at).backgroundColor);
        layers.push(colour);
        if ((colour[3] ?? 1) === 1) break;
    }
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    return layers.reduceRight((under, colour) => over(colour, under), dark ? [0, 0, 0] : [255, 255, 255]);
};
const pale = new Set(), seen = new Set();
for (const element of document.body.querySelectorAll("*")) {
    // What has the same names at three levels looks the same.
    const name = (at) => `${at?.tagName.toLowerCase()}.${at?.className}`;
    const kind = `${name(element)} in ${name(element.parentElement)} in ${name(element.parentElement?.parentElement)} ${element.style.cssText}`;
    if (seen.has(kind)) continue;
    const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();
    if (!text || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    if (/^(SCRIPT|STYLE|NOSCRIPT)$/.test(element.tagName)) continue;
    seen.add(kind);
    const below = behind(element);
    const ratio = contrast(over(channels(getComputedStyle(element).color), below), below);
    if (ratio < 4.5) pale.add(`${kind}: '${text.slice(0, 30)}' has a contrast of ${ratio.toFixed(1)}`);
}
faults.push(...[...pale].slice(0, 5));
return faults;
