// Run in a report: what a reader could not see or read there, or "nothing", is told to the page around it.
"use strict";
const found = new Set();
const dark = matchMedia("(prefers-color-scheme: dark)").matches;

// WCAG 2.1, "relative luminance" and "contrast ratio".
function luminance(colour) {
    const linear = colour.map(v => v / 255).map(v => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
}

function contrast(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
}

// [red, green, blue, alpha] of a computed colour.
function channels(text) {
    const value = text.match(/[\d.]+/g).map(Number);
    return value.length > 3 ? value : [...value, 1];
}

// The colour behind an element: that of the grounds above each other.
function ground(element) {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(channels(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((below, layer) => below.map((v, i) => v + (layer[i] - v) * layer[3]), [255, 255, 255]);
}

function words(element) {
    return [...element.childNodes].filter(n => n.nodeType === Node.TEXT_NODE).map(n => n.data.trim()).join("");
}

function checkText(element) {
    const style = getComputedStyle(element);
    const colour = channels(element instanceof SVGElement ? style.fill : style.color);
    // Names of lines are large and bold enough for the lesser ratio; nothing else is.
    const least = element.classList.contains("name") ? 2.8 : 4.5;
    const ratio = contrast(colour.slice(0, 3), ground(element));
    if (ratio < least) found.add(`contrast ${ratio.toFixed(2)} of ${element.tagName} ${element.className.baseVal ?? element.className}`);
}

function checkPlot(svg) {
    const frame = svg.getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")].map(t => [t.textContent, t.getBoundingClientRect()]);
    if (svg.parentElement.scrollWidth > svg.parentElement.clientWidth) found.add(`does not fit: ${svg.querySelector("title").textContent}`);
    for (const text of svg.querySelectorAll("text")) {
        const size = parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a;
        if (size < 7) found.add(`letters of ${size.toFixed(1)} pixels: ${text.textContent}`);
    }
    boxes.forEach(([text, box], i) => {
        if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
            found.add(`cut off: ${text}`);
        for (const [other, b] of boxes.slice(i + 1))
            if (box.left < b.right - 1 && b.left < box.right - 1 && box.top < b.bottom - 4 && b.top < box.bottom - 4)
                found.add(`over each other: ${text} and ${other}`);
    });
}

if (document.documentElement.scrollWidth > innerWidth) found.add(`${document.documentElement.scrollWidth} pixels wide on ${innerWidth}`);
for (const image of document.images) if (!image.complete || image.naturalWidth === 0) found.add(`no image: ${image.alt}`);
for (const element of document.querySelectorAll("main *, footer"))
    if (words(element) && !["TITLE", "STYLE", "SCRIPT"].includes(element.tagName.toUpperCase())) checkText(element);
for (const svg of document.querySelectorAll("svg")) checkPlot(svg);
parent.postMessage(`scheme ${dark ? 0 : 1}: ${[...found].slice(0, 5).join("; ").replace(/"/g, "'") || "nothing"}`, "*");
