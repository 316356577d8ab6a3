// Places to go to, near one that a person names. Where someone is leaves the device only rounded, and only when asked.

import { spoken, t } from "./words.js";

const STEP_DEGREES = 0.05; // of latitude: about 5 km
const LIMIT = 10;
const REGIONS = "US GB CA AU IE ES MX AR CO PE CL DE AT CH PT BR AO MZ IN FR IT NL BE PL KE NG UG TZ ZA ET GH PH".split(" ");

// What the service's refusals mean, in the language of the page.
const REFUSALS = { place_unknown: "care.none", postal_codes_unknown: "care.codes", parameter_invalid: "care.none" };

const $ = (id) => document.getElementById(id);
const rounded = (degrees, step = STEP_DEGREES) => (Math.round(degrees / step) * step).toFixed(2);

/** Fill the list of countries in the language spoken; the browser's own stands first. */
export function listCountries() {
  const names = new Intl.DisplayNames([spoken()], { type: "region" });
  const own = new Intl.Locale(navigator.language).maximize().region;
  const codes = REGIONS.includes(own) || !own ? REGIONS : [own, ...REGIONS];
  const chosen = $("care-country").value || (codes.includes(own) ? own : "US");
  const options = codes
    .map((code) => [code, names.of(code)])
    .sort(([, one], [, other]) => one.localeCompare(other, spoken()))
    .map(([code, name]) => new Option(name, code, false, code === chosen));
  $("care-country").replaceChildren(...options);
}

export function install() {
  $("care-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const place = $("care-place").value.trim();
    if (!place) return tell(t("care.empty"));
    const name = /\d/.test(place) ? "postal_code" : "city";
    find({ [name]: place, country: $("care-country").value });
  });
  $("care-here").addEventListener("click", here);
}

export function forget() {
  $("care-place").value = "";
  $("care-list").replaceChildren();
  tell("");
}

function here() {
  if (!navigator.geolocation) return tell(t("care.nowhere"));
  tell(t("care.asking"));
  navigator.geolocation.getCurrentPosition(
    ({ coords: { latitude, longitude } }) => find({ latitude: rounded(latitude), longitude: rounded(longitude) }),
    () => tell(t("care.nowhere")),
    { maximumAge: 600_000, timeout: 20_000 },
  );
}

async function find(place) {
  tell(t("care.looking"));
  $("care-list").replaceChildren();
  const asked = new URLSearchParams({ ...place, lang: spoken(), limit: LIMIT });
  if ($("care-affordable").checked) asked.set("affordable", "true");
  let answer;
  let found;
  try {
    answer = await fetch(`v1/care?${asked}`);
    found = await answer.json();
  } catch {
    return tell(t("problem.unreachable"));
  }
  if (!answer.ok) return tell(t(REFUSALS[found.code] ?? "problem.service"));
  show(found);
}

function show(found) {
  const near = found.near ? [t("care.near", { place: found.near })] : [];
  tell([...near, ...found.notes.map(({ text }) => text)].join(" "));
  $("care-list").replaceChildren(...found.sites.map(entry));
}

function entry(site) {
  const item = document.createElement("li");
  const add = (tag, words) => {
    const element = item.appendChild(document.createElement(tag));
    element.textContent = words;
    return element;
  };
  if (site.phone) add("a", site.phone).href = `tel:${site.phone.replace(/[^+\d]/g, "")}`;
  add("strong", site.name);
  add("span", t("care.away", { km: site.distance_km.toLocaleString(spoken()) }));
  if (site.address) add("span", site.address);
  for (const { text } of site.ask) add("span", text);
  if (/^https?:/.test(site.url ?? "")) {
    Object.assign(add("a", t("care.website")), { href: site.url, rel: "noreferrer", target: "_blank" });
  }
  add("small", site.attribution);
  return item;
}

function tell(words) {
  $("care-words").textContent = words;
}
