// A viewfinder with a guide: a circle for the spot, and a hint about the light. The picture never leaves the page here.

import { t } from "./words.js";

const LOOK_MS = 600;
const SAMPLE_PIXELS = 32;
// Of mean brightness, 0 to 255: far outside of what the service takes for a photo that can be judged.
const DARK_BELOW = 70;
const BRIGHT_ABOVE = 225;

const $ = (id) => document.getElementById(id);
let stream = null;
let looking = 0;

export const canLook = () => Boolean(navigator.mediaDevices?.getUserMedia) && "showModal" in HTMLDialogElement.prototype;

/** Open the viewfinder; `taken` gets each photo as a file. Without a camera, the camera app is offered instead. */
export async function open(taken) {
  $("shoot").onclick = () => shoot(taken);
  $("shoot").disabled = true;
  $("hint").textContent = t("camera.starting");
  $("viewfinder").showModal();
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: "environment", width: { ideal: 2560 }, height: { ideal: 1920 } },
    });
  } catch {
    $("hint").textContent = t("camera.none");
    return;
  }
  if (!$("viewfinder").open) return close(); // closed while the browser asked
  $("video").srcObject = stream;
  await $("video").play();
  $("shoot").disabled = false;
  $("shoot").focus();
  looking = setInterval(look, LOOK_MS);
  look();
}

export function close() {
  clearInterval(looking);
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("video").srcObject = null;
  if ($("viewfinder").open) $("viewfinder").close();
}

function look() {
  const brightness = middle();
  const hint = brightness < DARK_BELOW ? "camera.dark" : brightness > BRIGHT_ABOVE ? "camera.bright" : "camera.fill";
  const words = t(hint);
  if ($("hint").textContent !== words) $("hint").textContent = words; // so that a screen reader hears news alone
}

/** The mean brightness of the middle half of what the camera sees. */
function middle() {
  const { videoWidth: width, videoHeight: height } = $("video");
  const canvas = new OffscreenCanvas(SAMPLE_PIXELS, SAMPLE_PIXELS);
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  pen.drawImage($("video"), width / 4, height / 4, width / 2, height / 2, 0, 0, SAMPLE_PIXELS, SAMPLE_PIXELS);
  const { data } = pen.getImageData(0, 0, SAMPLE_PIXELS, SAMPLE_PIXELS);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2];
  return sum / (data.length / 4);
}

async function shoot(taken) {
  const { videoWidth: width, videoHeight: height } = $("video");
  const side = Math.min(width, height);
  const canvas = new OffscreenCanvas(side, side);
  canvas.getContext("2d").drawImage($("video"), (width - side) / 2, (height - side) / 2, side, side, 0, 0, side, side);
  const photo = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
  close();
  taken(photo);
}
