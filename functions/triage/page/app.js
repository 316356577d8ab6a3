// The phone page: sends one photo, shows the answer. Nothing is kept, here or there, but what a person asks to keep.

import * as along from "./along.js";
import * as camera from "./camera.js";
import * as care from "./care.js";
import * as keeping from "./keep.js";
import { bandWord, preferred, remember, speak, spoken, t } from "./words.js";

// What a request takes; photos that this browser cannot make so small go through the upload door.
const LARGEST_BODY_BYTES = 4 * 1024 * 1024;
const SHRINK_MS = 30_000;
// The largest photo over a slow line, then the slowest answer that the service may give.
const PATIENCE_MS = 90_000;
const SLOW_MS = 8_000;

const BANDS = ["low", "watch", "urgent", "unsure"];

/** What stands between a photo and its score, in words for the person who waits. */
class Trouble extends Error {
  constructor(title, detail, { retriable = false } = {}) {
    super(title);
    Object.assign(this, { title, detail, retriable });
  }
}

const trouble = (name, options) => new Trouble(t(`problem.${name}_title`), t(`problem.${name}`), options);
const retriable = { retriable: true };
const troubles = {
  offline: () => trouble("offline", retriable),
  unreachable: () => trouble("unreachable", retriable),
  busy: () => trouble("busy", retriable),
  service: () => trouble("service", retriable),
  tooLarge: () => trouble("too_large"),
};

const $ = (id) => document.getElementById(id);

// The one photo on the screen: its file, the address of its preview, and the means to stop judging it.
let current = null;

for (const id of ["camera", "gallery"]) {
  $(id).addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same photo can be chosen again
    camera.close();
    if (file) begin(file);
  });
}
$("take").addEventListener("click", () => (camera.canLook() ? camera.open(begin) : $("camera").click()));
$("viewfinder-close").addEventListener("click", camera.close);
$("viewfinder").addEventListener("close", camera.close);
$("try").addEventListener("click", async () => {
  const drawing = await fetch("page/drawing.webp").catch(() => null);
  if (drawing?.ok) begin(await drawing.blob(), { drawn: true });
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  const file = [...event.dataTransfer.files].find(({ type, name }) => type.startsWith("image/") || /\.hei[cf]$/i.test(name));
  if (file) begin(file);
});
addEventListener("paste", (event) => {
  const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith("image/"));
  if (file) begin(file);
});
$("language").addEventListener("change", async ({ target }) => {
  remember(target.value);
  await speak(target.value);
  retell();
});
$("retry").addEventListener("click", () => judge(current));
$("looked-at").addEventListener("change", (event) => showLooked(event.target.checked));
for (const id of ["cancel", "again", "better"]) {
  $(id).addEventListener("click", () => {
    if (history.state?.answer) history.back();
    else leave({ focus: true });
  });
}
// A phone's Back gesture leads from the answer to the question, not out of the page.
addEventListener("popstate", () => leave({ focus: true }));
// A browser may keep the whole page for Back; the next person at this phone must not find the photo in it.
addEventListener("pagehide", () => leave());

function begin(file, { drawn = false } = {}) {
  forget();
  current = { file, drawn, flags: answered(), preview: URL.createObjectURL(file), stop: null, answer: null };
  showPhoto(current.preview);
  if (!history.state?.answer) history.pushState({ answer: true }, "");
  judge(current);
}

/** The questions that were answered with yes. */
function answered() {
  return [...document.querySelectorAll(".questions input:checked")].map(({ name }) => name);
}

async function judge(photo) {
  photo.stop = new AbortController();
  showWorking();
  const slow = setTimeout(() => tellPace(t("working.slow")), SLOW_MS);
  const patience = setTimeout(() => photo.stop.abort(), PATIENCE_MS);
  let show;
  try {
    if (navigator.onLine === false) throw troubles.offline();
    photo.sent ??= await made(photo.file);
    const answer = await send(photo.sent, photo.flags, photo.stop.signal);
    photo.answer = answer;
    show = () => showResult(answer);
  } catch (error) {
    show = () => showTrouble(error instanceof Trouble ? error : troubles.service());
  } finally {
    clearTimeout(slow);
    clearTimeout(patience);
  }
  if (photo === current) show(); // else another photo, or nobody, waits
}

/** The photo as it is sent: small, upright and without metadata where this browser can open it. */
async function made(file) {
  return (await shrink(file)) ?? file;
}

function shrink(file) {
  return new Promise((resolve) => {
    const worker = new Worker("page/shrink.js", { type: "module" });
    const done = (photo) => {
      clearTimeout(late);
      worker.terminate();
      resolve(photo);
    };
    const late = setTimeout(() => done(null), SHRINK_MS);
    worker.addEventListener("message", ({ data }) => done(data));
    worker.addEventListener("error", () => done(null));
    worker.postMessage(file);
  });
}

// The service judges the kind by content; a phone that does not name one still gets an answer.
const kindOf = ({ type }) => (type.startsWith("image/") ? type : "image/jpeg");

/** What a request carries: the photo itself, or the name of the place where it was put. */
async function carried(photo, signal) {
  if (photo.size <= LARGEST_BODY_BYTES) return { body: photo, kind: kindOf(photo) };
  const opened = await fetch("v1/uploads", { method: "POST", signal });
  if (opened.status === 404) throw troubles.tooLarge(); // there is no such door here
  if (!opened.ok) throw refusal(opened.status, null);
  const { upload_id, url, fields, max_bytes } = await opened.json();
  if (photo.size > max_bytes) throw troubles.tooLarge();
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set("Content-Type", kindOf(photo));
  form.set("file", photo);
  const put = await fetch(url, { method: "POST", body: form, signal });
  if (!put.ok) throw troubles.service();
  return { body: JSON.stringify({ upload_id }), kind: "application/json" };
}

async function send(photo, flags, signal) {
  const asked = new URLSearchParams({ explain: "true", lang: spoken() });
  for (const flag of flags) asked.set(flag, "true");
  let response;
  let answer;
  try {
    const { body, kind } = await carried(photo, signal);
    const headers = { "Content-Type": kind };
    response = await fetch(`v1/predictions?${asked}`, { method: "POST", headers, body, signal });
    answer = await response.json();
  } catch (error) {
    if (error instanceof Trouble) throw error;
    if (response && error instanceof SyntaxError) throw refusal(response.status, null);
    throw navigator.onLine === false ? troubles.offline() : troubles.unreachable();
  }
  if (!response.ok || !BANDS.includes(answer.risk_band)) throw refusal(response.status, answer);
  return answer;
}

/** What a status means; the gateway before the service refuses in words that are not for people. */
function refusal(status, problem) {
  if (status === 429) return troubles.busy();
  if (status >= 400 && status < 500 && problem?.code) return new Trouble(problem.title, problem.detail);
  if (status === 413) return troubles.tooLarge();
  return troubles.service();
}

function hideLooked() {
  $("looked-at").checked = false;
  for (const id of ["looked", "looked-words"]) $(id).hidden = true;
  $("photo").querySelector(".map")?.remove();
}

function showPhoto(address) {
  const image = new Image();
  image.alt = t("photo.alt");
  image.addEventListener("error", () => {
    const note = document.createElement("p");
    note.textContent = t("photo.unseen");
    image.replaceWith(note);
    hideLooked();
  });
  image.src = address;
  $("photo").replaceChildren(image);
}

function showWorking() {
  hideLooked();
  setGauge(null);
  frame("working", { band: t("working.band"), title: t("working.title") });
  tellPace(t("working.pace"));
}

function tellPace(words) {
  $("pace").textContent = words;
  $("status").textContent = `${$("answer-title").textContent} ${words}`;
}

function showTrouble({ title, detail, retriable }) {
  $("problem-detail").textContent = detail;
  $("retry").hidden = !retriable;
  offerAnother(t("again.problem"), { primary: !retriable });
  setGauge(null);
  frame("problem", { band: bandWord("unsure"), title });
  $("status").textContent = detail;
}

function showResult(answer) {
  const { advice, model, risk_band: band } = answer;
  const isScored = answer.score !== null;
  $("drawn").hidden = !current.drawn;
  $("by-when").textContent = advice.by_when;
  $("next-step").textContent = advice.next_step;
  $("caution").textContent = advice.caution ?? "";
  $("caution").hidden = !advice.caution;
  for (const id of ["meaning", "learned"]) $(id).hidden = !isScored;
  $("better").hidden = isScored || answer.decided_by === "answers";
  $("more").textContent = t(isScored ? "result.meaning" : "result.sources");
  layOver(answer.explanation);
  fill("signs", advice.warning_signs);
  $("disclaimer").textContent = answer.disclaimer;
  $("chance").textContent = isScored ? t(...inSentence(answer.score)) : "";
  fill("sources", advice.sources);
  $("provenance").textContent = t("result.provenance", { model: model.version, request: answer.request_id });
  offerAnother(t("again.result"));
  setGauge(answer.score, band);
  care.listCountries();
  tellAlong("");
  frame("result", { band: bandWord(band), title: advice.headline, look: band });
  $("again").hidden = !$("better").hidden; // then the same button stands above, where it is seen first
  $("status").textContent = isScored ? `${$("gauge").getAttribute("aria-label")}.` : advice.headline;
  if (isScored) showZones(answer, current);
}

/** Keep the map of what the program looked at ready above the photo, hidden until it is asked for. */
function layOver(explanation) {
  const photo = $("photo").querySelector("img:not(.map)");
  $("looked").hidden = !explanation || !photo;
  if ($("looked").hidden) return;
  const map = new Image();
  map.className = "map";
  map.hidden = true;
  map.alt = explanation.alt;
  map.src = `data:${explanation.media_type};base64,${explanation.data}`;
  $("photo").append(map);
  $("looked-words").textContent =
    `${explanation.alt} ${t("looked.limits")}`;
}

function showLooked(isShown) {
  $("photo").querySelector(".map").hidden = !isShown;
  $("looked-words").hidden = !isShown;
}

/** The zones of the bands come from the card of the very model that answered; without it there are none. */
async function showZones({ model, score }, photo) {
  const found = await fetch("v1/model", { signal: photo.stop.signal })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  if (photo !== current || found?.sha256 !== model.sha256) return;
  const { low_below, urgent_from } = found.card.cutoffs;
  const [low, urgent] = [100 * low_below, 100 * urgent_from];
  const gauge = $("gauge");
  gauge.style.setProperty("--low-below", low);
  gauge.style.setProperty("--urgent-from", urgent);
  gauge.classList.add("zoned");
  const shown = (number) => number.toLocaleString(spoken(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  $("zones").textContent = t("result.zones", {
    score: shown(score),
    low_below: shown(low),
    urgent_from: shown(urgent),
    low: bandWord("low"),
    watch: bandWord("watch"),
    urgent: bandWord("urgent"),
  });
}

function setGauge(score, band) {
  const gauge = $("gauge");
  gauge.classList.remove("zoned");
  $("zones").textContent = "";
  gauge.style.setProperty("--score", score ?? 0);
  $("gauge-number").textContent = score === null ? "–" : inWords(score);
  const said = score === null ? bandWord("unsure") : t("gauge.said", { score: inWords(score), band: bandWord(band) });
  gauge.setAttribute("aria-label", said);
}

/** Neither end of the scale is ever certain. */
function inWords(score) {
  if (score < 1) return "<1";
  return score >= 99.5 ? ">99" : String(Math.round(score));
}

/** The key of the sentence about a score, and what is filled in. */
function inSentence(score) {
  const words = inWords(score);
  if (words.startsWith("<")) return ["result.chance_fewer", {}];
  return words.startsWith(">") ? ["result.chance_more", {}] : ["result.chance", { number: words }];
}

function offerAnother(words, { primary = false } = {}) {
  $("again").textContent = words;
  $("again").classList.toggle("primary", primary);
}

/** Show one part of the answer; its photo, gauge, band and title keep their places, so that nothing jumps. */
function frame(part, { band, title, look = part }) {
  const wasAsking = $("answer").hidden;
  $("band").textContent = band;
  $("answer-title").textContent = title;
  $("answer").className = look;
  for (const id of ["working", "problem", "result"]) $(id).hidden = id !== part;
  $("again").hidden = part === "working";
  $("ask").hidden = true;
  $("answer").hidden = false;
  if (wasAsking) scrollTo(0, 0);
  // While working the focus waits on the button, so that the title is read out when it becomes the answer.
  if (part === "working") $("cancel").focus({ preventScroll: true });
  else $("answer-title").focus({ preventScroll: true });
}

function leave({ focus = false } = {}) {
  forget();
  $("answer").hidden = true;
  $("ask").hidden = false;
  $("status").textContent = "";
  listKept();
  if (!focus) return;
  scrollTo(0, 0);
  const choices = [$("take"), $("gallery")];
  choices.find((choice) => choice.offsetParent).focus({ preventScroll: true });
}

function forget() {
  if (!current) return;
  current.stop?.abort();
  URL.revokeObjectURL(current.preview);
  for (const image of $("compare").querySelectorAll("img")) URL.revokeObjectURL(image.src);
  current = null;
  $("photo").replaceChildren();
  $("compare").hidden = true;
  $("compare").replaceChildren();
  for (const box of document.querySelectorAll(".questions input")) box.checked = false;
  care.forget();
}

function fill(id, lines) {
  $(id).replaceChildren(
    ...lines.map((line) => {
      const item = document.createElement("li");
      item.textContent = line;
      return item;
    }),
  );
}

/** After another language was chosen: what stands in the page is told anew, and an answer is asked for in it. */
function retell() {
  listKept();
  if (current && !$("answer").hidden) judge(current);
}

// What a person takes along.

const tellAlong = (words) => {
  $("along-words").textContent = words;
};
const scoreWords = ({ score }) => (score === null ? bandWord("unsure") : t("gauge.short", { score: inWords(score) }));

$("print").addEventListener("click", () => print());
$("remind").addEventListener("click", () => {
  along.save(along.reminder(along.inMonths(1)));
  tellAlong(t("along.reminded"));
});
$("share").addEventListener("click", async () => {
  const { answer, sent: photo, flags } = current;
  const band = bandWord(answer.risk_band);
  await along.handOver(await along.letter({ answer, photo, band, score: scoreWords(answer), flags }));
  tellAlong(t("along.shared"));
});
$("keep").addEventListener("click", async () => {
  const { answer, sent } = current;
  const before = await keeping.kept().catch(() => []);
  try {
    await keeping.keep({ taken: Date.now(), photo: sent, score: answer.score, band: answer.risk_band });
  } catch {
    return tellAlong(t("keep.impossible"));
  }
  tellAlong(t("keep.kept"));
  if (before.length) compareWith(before.at(-1));
});
$("erase").addEventListener("click", async () => {
  await keeping.erase();
  await listKept();
  $("ask-title").tabIndex = -1;
  $("ask-title").focus();
});

function figure({ photo, taken, score, band }) {
  const picture = document.createElement("figure");
  const image = new Image();
  const words = `${new Date(taken).toLocaleDateString(spoken())}: ${scoreWords({ score })}, ${bandWord(band)}`;
  image.src = URL.createObjectURL(photo);
  image.alt = "";
  const caption = document.createElement("figcaption");
  caption.textContent = words;
  picture.append(image, caption);
  return picture;
}

function compareWith(earlier) {
  const { answer, sent } = current;
  const now = { photo: sent, taken: Date.now(), score: answer.score, band: answer.risk_band };
  $("compare").replaceChildren(figure(earlier), figure(now));
  $("compare").hidden = false;
}

async function listKept() {
  for (const image of $("kept-list").querySelectorAll("img")) URL.revokeObjectURL(image.src);
  const entries = await keeping.kept().catch(() => []);
  $("kept").hidden = !entries.length;
  $("kept-list").replaceChildren(
    ...entries.map((entry) => {
      const item = document.createElement("li");
      item.append(figure(entry));
      return item;
    }),
  );
}

care.install();
await speak(preferred()).catch(() => speak("en"));
$("language").value = spoken();
listKept();
document.documentElement.classList.add("ready");
navigator.serviceWorker?.register("sw.js").catch(() => {}); // without it the page needs the network, and no more
