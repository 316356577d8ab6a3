// What a person takes along: a file for the doctor, and a reminder for the calendar. Both are made on this device.

import { spoken, t } from "./words.js";

const LETTER_STYLE =
  "body{font:1rem/1.5 system-ui,sans-serif;max-width:42rem;margin:2rem auto;padding:0 1rem}img{max-width:100%}" +
  "dt{font-weight:600}dd{margin:0 0 .75rem}";

export const inMonths = (months) => {
  const day = new Date();
  day.setMonth(day.getMonth() + months);
  return day;
};

/** A calendar file (RFC 5545) with one whole-day entry. */
export function reminder(day) {
  const date = day.toISOString().slice(0, 10).replaceAll("-", "");
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const lines = [
    "BEGIN:VCALENDAR",
    "VERSION:2.0",
    "PRODID:-//dermacast//phone page//EN",
    "BEGIN:VEVENT",
    `UID:${stamp}-${crypto.randomUUID()}@dermacast`,
    `DTSTAMP:${stamp}`,
    `DTSTART;VALUE=DATE:${date}`,
    `SUMMARY:${escaped(t("along.event"))}`,
    `DESCRIPTION:${escaped(t("along.event_words"))}`,
    "END:VEVENT",
    "END:VCALENDAR",
    "",
  ];
  return new File([lines.map(folded).join("\r\n")], "dermacast.ics", { type: "text/calendar" });
}

/** One HTML file that needs nothing else: photo, score, band, what was noticed, model and date. */
export async function letter({ answer, photo, band, score, flags }) {
  const page = document.implementation.createHTMLDocument(t("along.letter"));
  page.documentElement.lang = spoken();
  const charset = page.createElement("meta");
  charset.setAttribute("charset", "utf-8");
  page.head.prepend(charset);
  const add = (tag, words, parent = page.body) => {
    const element = parent.appendChild(page.createElement(tag));
    element.textContent = words;
    return element;
  };
  add("h1", t("along.letter"));
  const picture = page.body.appendChild(page.createElement("img"));
  picture.alt = t("photo.alt");
  picture.src = await dataAddress(photo);
  const list = page.body.appendChild(page.createElement("dl"));
  for (const [name, value] of [
    [t("along.date"), new Date().toLocaleString(spoken())],
    [t("along.score"), `${score} (${band})`],
    [t("flags.title"), flags.length ? flags.map((flag) => t(`flags.${flag}`)).join("; ") : t("along.nothing")],
    [t("along.model"), `${answer.model.version}, ${answer.request_id}`],
  ]) {
    add("dt", name, list);
    add("dd", value, list);
  }
  add("p", answer.disclaimer);
  // The style is put in as text: this page's policy would keep it out of the document while it is made.
  const html = page.documentElement.outerHTML.replace("</head>", `<style>${LETTER_STYLE}</style></head>`);
  return new File([`<!doctype html>${html}`], "dermacast.html", { type: "text/html" });
}

/** Hand a file to whom the person chooses; where the device cannot, save it. */
export async function handOver(file) {
  if (navigator.canShare?.({ files: [file] })) {
    try {
      await navigator.share({ files: [file], title: file.name });
      return;
    } catch (error) {
      if (error.name === "AbortError") return;
    }
  }
  save(file);
}

export function save(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function dataAddress(blob) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
}

const escaped = (words) => words.replace(/[\\;,]/g, "\\$&").replace(/\n/g, "\\n");

/** Lines of at most 75 bytes, continued after a space (RFC 5545, 3.1). */
function folded(line) {
  const bytes = new TextEncoder();
  const parts = [""];
  for (const letter of line) {
    const room = parts.length === 1 ? 75 : 74;
    if (bytes.encode(parts.at(-1) + letter).length > room) parts.push("");
    parts[parts.length - 1] += letter;
  }
  return parts.join("\r\n ");
}
