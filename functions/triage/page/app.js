// The phone page: sends one photo, shows the answer. Nothing is kept.

// Above the service's limit a photo is shrunk here first; the model looks at far fewer pixels than this.
const LARGEST_BYTES = 4 * 1024 * 1024;
const SHRUNK_SIDE = 2048;
const PATIENCE_MS = 30_000;

const BANDS = { low: "Low", watch: "Watch", urgent: "Urgent" };

const $ = (id) => document.getElementById(id);
let previewUrl = null;

for (const id of ["camera", "gallery"]) {
  $(id).addEventListener("change", (event) => {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same photo can be chosen again
    if (file) check(file);
  });
}
$("again").addEventListener("click", () => {
  forgetPreview();
  show("ask");
  $("camera").focus();
});

async function check(file) {
  forgetPreview();
  previewUrl = URL.createObjectURL(file);
  $("preview").src = previewUrl;
  show("answer", "working");
  try {
    const body = await smallEnough(file);
    const response = await fetch("v1/predictions", {
      method: "POST",
      // The service judges the kind by content; a phone that does not name one still gets an answer.
      headers: { "Content-Type": body.type.startsWith("image/") ? body.type : "image/jpeg" },
      body,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const answer = await response.json();
    if (response.ok) showResult(answer);
    else showProblem(answer.title, answer.detail);
  } catch {
    const offline = navigator.onLine === false;
    showProblem(
      offline ? "You are offline" : "No answer came",
      offline ? "Connect to the internet and try again." : "Try again in a minute. Your photo was not kept.",
    );
  }
}

async function smallEnough(file) {
  if (file.size <= LARGEST_BYTES) return file;
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file; // a kind that this browser cannot open; the service says what is wrong
  }
  const scale = Math.min(1, SHRUNK_SIDE / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(bitmap.width * scale);
  canvas.height = Math.round(bitmap.height * scale);
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? file), "image/jpeg", 0.92));
}

function showResult(answer) {
  const score = answer.score < 1 ? "<1" : String(Math.round(answer.score));
  const band = BANDS[answer.risk_band];
  $("result").className = answer.risk_band;
  $("gauge-value").style.strokeDasharray = `${Math.max(answer.score, 1)} 100`;
  $("gauge-number").textContent = score;
  $("gauge-text").textContent = `Score ${score} of 100, ${band}`;
  $("band").textContent = band;
  $("answer-title").textContent = answer.advice.headline;
  $("by-when").textContent = `${answer.advice.by_when}.`;
  $("next-step").textContent = answer.advice.next_step;
  fill("signs", answer.advice.warning_signs);
  $("disclaimer").textContent = answer.disclaimer;
  $("provenance").textContent = `Model ${answer.model.version}, request ${answer.request_id}.`;
  fill("sources", answer.advice.sources);
  show("answer", "result", "again");
}

function showProblem(title, detail) {
  $("problem-title").textContent = title;
  $("problem-detail").textContent = detail;
  show("answer", "problem", "again");
}

function show(section, ...parts) {
  for (const id of ["ask", "answer"]) $(id).hidden = id !== section;
  for (const id of ["working", "problem", "result", "again"]) $(id).hidden = !parts.includes(id);
  if (section === "answer") {
    $("answer").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
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

function forgetPreview() {
  if (previewUrl) URL.revokeObjectURL(previewUrl);
  previewUrl = null;
}
