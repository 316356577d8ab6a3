// The phone page: sends one photo, shows the answer. Nothing is kept, here or there.

// The service's limit. Above it a photo is shrunk here; the model looks at far fewer pixels than that leaves.
const LARGEST_BYTES = 4 * 1024 * 1024;
const SHRUNK_SIDE_PIXELS = 2048;
// The largest photo over a slow line, then the slowest answer that the service may give.
const PATIENCE_MS = 90_000;
const SLOW_MS = 8_000;

const BANDS = { low: "Low", watch: "Watch", urgent: "Urgent", unsure: "No score" };

/** What stands between a photo and its score, in words for the person who waits. */
class Trouble extends Error {
  constructor(title, detail, { retriable = false } = {}) {
    super(title);
    Object.assign(this, { title, detail, retriable });
  }
}

const retriable = { retriable: true };
const troubles = {
  offline: () => new Trouble("You are offline", "Connect to the internet, then send the photo again.", retriable),
  unreachable: () => new Trouble("No answer came", "The connection may be weak. Send the photo again.", retriable),
  busy: () => new Trouble("Many people are asking just now", "Send the photo again in a minute.", retriable),
  service: () =>
    new Trouble(
      "The service cannot answer just now",
      "This is not about your photo. Send it again in a few minutes.",
      retriable,
    ),
  tooLarge: () =>
    new Trouble(
      "The photo is too large to send",
      "This browser cannot make it smaller. Take the photo again with the camera of this page, or choose a smaller one.",
    ),
};

const $ = (id) => document.getElementById(id);

// The one photo on the screen: its file, the address of its preview, and the means to stop judging it.
let current = null;

for (const id of ["camera", "gallery"]) {
  $(id).addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same photo can be chosen again
    if (file) begin(file);
  });
}
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

function begin(file) {
  forget();
  current = { file, preview: URL.createObjectURL(file), stop: null };
  showPhoto(current.preview);
  if (!history.state?.answer) history.pushState({ answer: true }, "");
  judge(current);
}

async function judge(photo) {
  photo.stop = new AbortController();
  showWorking();
  const slow = setTimeout(() => tellPace("Still working. A slow connection can take a minute."), SLOW_MS);
  const patience = setTimeout(() => photo.stop.abort(), PATIENCE_MS);
  let show;
  try {
    const answer = await send(await smallEnough(photo.file), photo.stop.signal);
    show = () => showResult(answer);
  } catch (trouble) {
    show = () => showTrouble(trouble instanceof Trouble ? trouble : troubles.service());
  } finally {
    clearTimeout(slow);
    clearTimeout(patience);
  }
  if (photo === current) show(); // else another photo, or nobody, waits
}

async function smallEnough(file) {
  if (file.size <= LARGEST_BYTES) return file;
  const shrunk = await shrink(file).catch(() => null); // a kind, or a size, that this browser cannot open
  if (!shrunk || shrunk.size > LARGEST_BYTES) throw troubles.tooLarge();
  return shrunk;
}

async function shrink(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, SHRUNK_SIDE_PIXELS / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#fff"; // the service, too, lays what is transparent on white
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.92));
}

async function send(body, signal) {
  if (navigator.onLine === false) throw troubles.offline();
  let response;
  let answer;
  try {
    response = await fetch("v1/predictions?explain=true", {
      method: "POST",
      // The service judges the kind by content; a phone that does not name one still gets an answer.
      headers: { "Content-Type": body.type.startsWith("image/") ? body.type : "image/jpeg" },
      body,
      signal,
    });
    answer = await response.json();
  } catch (error) {
    if (response && error instanceof SyntaxError) throw refusal(response.status, null);
    throw navigator.onLine === false ? troubles.offline() : troubles.unreachable();
  }
  if (!response.ok || !BANDS[answer.risk_band]) throw refusal(response.status, answer);
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
  image.alt = "The middle square of your photo";
  image.addEventListener("error", () => {
    const note = document.createElement("p");
    note.textContent = "This browser cannot show this kind of photo.";
    image.replaceWith(note);
    hideLooked();
  });
  image.src = address;
  $("photo").replaceChildren(image);
}

function showWorking() {
  hideLooked();
  setGauge(null);
  frame("working", { band: "Working", title: "Looking at your photo …" });
  tellPace("This takes a few seconds.");
}

function tellPace(words) {
  $("pace").textContent = words;
  $("status").textContent = `${$("answer-title").textContent} ${words}`;
}

function showTrouble({ title, detail, retriable }) {
  $("problem-detail").textContent = detail;
  $("retry").hidden = !retriable;
  offerAnother("Use another photo", { primary: !retriable });
  setGauge(null);
  frame("problem", { band: "No score", title });
  $("status").textContent = detail;
}

function showResult(answer) {
  const { advice, model, risk_band: band } = answer;
  const isScored = answer.score !== null;
  $("by-when").textContent = `${advice.by_when}.`;
  $("next-step").textContent = advice.next_step;
  $("caution").textContent = advice.caution ?? "";
  $("caution").hidden = !advice.caution;
  for (const id of ["meaning", "learned"]) $(id).hidden = !isScored;
  $("better").hidden = isScored;
  $("more").textContent = isScored ? "What the score means" : "Where the advice comes from";
  layOver(answer.explanation);
  fill("signs", advice.warning_signs);
  $("disclaimer").textContent = answer.disclaimer;
  $("chance").textContent = isScored ? inSentence(answer.score) : "";
  fill("sources", advice.sources);
  $("provenance").textContent = `Model ${model.version}. Request ${answer.request_id}.`;
  offerAnother("Check another photo");
  setGauge(answer.score, BANDS[band]);
  frame("result", { band: BANDS[band], title: advice.headline, look: band });
  $("again").hidden = !isScored; // then the same button stands above, where it is seen first
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
    `${explanation.alt} It shows where the program looked, not where a cancer is or how far it goes.`;
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
  $("zones").textContent =
    `The outer line of the gauge shows the bands. Before rounding the score is ${score.toFixed(1)}. ` +
    `Below ${low.toFixed(1)} is Low; ${urgent.toFixed(1)} and above is Urgent; Watch lies between.`;
}

function setGauge(score, band) {
  const gauge = $("gauge");
  gauge.classList.remove("zoned");
  $("zones").textContent = "";
  gauge.style.setProperty("--score", score ?? 0);
  $("gauge-number").textContent = score === null ? "–" : inWords(score);
  gauge.setAttribute("aria-label", score === null ? "No score" : `Score ${inWords(score)} of 100: ${band}`);
}

/** Neither end of the scale is ever certain. */
function inWords(score) {
  if (score < 1) return "<1";
  return score >= 99.5 ? ">99" : String(Math.round(score));
}

function inSentence(score) {
  const words = inWords(score);
  if (words.startsWith("<")) return "fewer than 1";
  return words.startsWith(">") ? "more than 99" : `about ${words}`;
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
  if (!focus) return;
  scrollTo(0, 0);
  const inputs = [$("camera"), $("gallery")];
  inputs.find((input) => input.offsetParent).focus({ preventScroll: true });
}

function forget() {
  if (!current) return;
  current.stop?.abort();
  URL.revokeObjectURL(current.preview);
  current = null;
  $("photo").replaceChildren();
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
