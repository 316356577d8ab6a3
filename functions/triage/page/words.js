// The page's words, by language: English stands in the page itself, every other catalogue is fetched when asked for.

export const LANGUAGES = ["en", "es", "de", "pt", "hi"];
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]); // none yet; the page is laid out for them
const KEPT = "dermacast.language";

let words = {};
let language = "en";

export const spoken = () => language;

/** A text by its key, with what stands in braces filled in. */
export function t(key, filled = {}) {
  return (words[`page.${key}`] ?? key).replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? "");
}

export const bandWord = (band) => words[`band.${band}`] ?? band;

/** The language chosen before on this device, or the browser's own where there is a catalogue. */
export function preferred() {
  const asked = [recall(), ...(navigator.languages ?? [])].map((each) => each?.slice(0, 2));
  return asked.find((each) => LANGUAGES.includes(each)) ?? "en";
}

export async function speak(wanted) {
  const answer = await fetch(`page/words/${wanted}.json`);
  if (!answer.ok) throw new Error(`no words in ${wanted}`);
  words = await answer.json();
  language = wanted;
  document.documentElement.lang = wanted;
  document.documentElement.dir = RIGHT_TO_LEFT.has(wanted) ? "rtl" : "ltr";
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = words[element.dataset.t];
  document.title = t("title");
}

export function remember(chosen) {
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // A browser that keeps nothing asks for the language again next time.
  }
}

function recall() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
