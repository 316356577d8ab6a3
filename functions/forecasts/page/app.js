// The analysts' page is whole without this: it lets the chart be explored, and keeps the choices to what there is.

const PLOTLY = new URL("vendor/plotly-basic.min.js", import.meta.url);
const PLOTLY_STYLE = new URL("vendor/plotly.css", import.meta.url);
const LEVELS = [95, 80, 50];
const OPACITY = { 95: 0.16, 80: 0.22, 50: 0.34 };

const $ = (id) => document.getElementById(id);
const figure = $("forecast");
const button = $("explore");
const state = $("explore-state");
const isTouched = !matchMedia("(hover: hover) and (pointer: fine)").matches;

/** Loads Plotly once. Its style goes into a sheet of this origin, as the page allows no inline style. */
let loading;
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    Object.assign(style, { id: "plotly.js-style-global", rel: "stylesheet", href: PLOTLY_STYLE });
    const script = document.createElement("script");
    script.src = PLOTLY;
    style.onload = () => document.head.append(script);
    script.onload = () => resolve(globalThis.Plotly);
    style.onerror = script.onerror = () => {
      loading = undefined;
      reject(new Error("not loaded"));
    };
    document.head.append(style);
  });
  return loading;
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function translucent(hex, opacity) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return `rgba(${red}, ${green}, ${blue}, ${opacity})`;
}

/** Years are numbers, months dates: what is hovered is then named as it is written. */
const time = (period) => (period.length === 4 ? Number(period) : `${period}-01`);

/** Two traces for one line: from the count that was then the last, of which nothing is told, and what was said. */
function line(start, points, style, words) {
  const trace = (list) => ({
    x: list.map(({ period }) => time(period)),
    y: list.map(({ median, count }) => median ?? count),
    mode: "lines",
    line: style,
  });
  const link = start ? [{ ...trace([start, points[0]]), hoverinfo: "skip" }] : [];
  return [...link, { ...trace(points), hovertemplate: `${words}: %{y:,.0f}<extra></extra>` }];
}

/** The same for an interval: two areas, of four edges. */
function band(start, points, level, colour) {
  const edge = (list, end, more) => ({
    x: list.map(({ period }) => time(period)),
    y: list.map((point) => point[`${end}_${level}`] ?? point.count),
    mode: "lines",
    line: { width: 0 },
    hoverinfo: "skip",
    ...more,
  });
  const fill = { fill: "tonexty", fillcolor: colour };
  const link = [start, points[0]];
  const told = {
    hoverinfo: "all",
    customdata: points.map((point) => [point[`low_${level}`], point[`high_${level}`]]),
    hovertemplate: `${level} %: %{customdata[0]:,.0f} to %{customdata[1]:,.0f}<extra></extra>`,
  };
  return [edge(link, "low"), edge(link, "high", fill), edge(points, "low"), edge(points, "high", { ...fill, ...told })];
}

function traces(series, shown) {
  const [ink, accent, past, card, soft] = ["ink", "accent", "risk", "card", "soft"].map(colour);
  const [final, ...rest] = series.forecasts;
  // The last count that the forecast knew; provisional ones come after it.
  const last = series.observed.find(({ period }) => period === final.origin) ?? series.observed.at(-1);
  const bands = LEVELS.flatMap((level) => band(last, final.points, level, translucent(accent, OPACITY[level])));
  const earlier = series.past.flatMap((one) => {
    const known = series.observed.find(({ period }) => period === one.origin);
    const points = one.points.filter(({ period }) => period <= series.data_through);
    return line(known, points, { color: past, width: 1.5, dash: "dot" }, `said at ${one.origin}`);
  });
  const dashes = ["dashdot", "longdash", "longdashdot", "dot"];
  const others = rest.flatMap((one, number) => {
    const style = { color: soft, width: 1.75, dash: dashes[number % dashes.length] };
    return shown.has(one.method) ? line(last, one.points, style, one.title) : [];
  });
  const observed = {
    x: series.observed.map(({ period }) => time(period)),
    y: series.observed.map(({ count }) => count),
    mode: "lines+markers",
    line: { color: ink, width: 1.75 },
    marker: {
      size: series.observed.map(({ provisional }) => (provisional ? 8 : 4)),
      color: series.observed.map(({ provisional }) => (provisional ? card : ink)),
      line: { color: ink, width: 1.5 },
    },
    text: series.observed.map(({ provisional }) => (provisional ? " (provisional)" : "")),
    hovertemplate: "counted: %{y:,.0f}%{text}<extra></extra>",
  };
  const median = line(last, final.points, { color: accent, width: 2.5, dash: "dash" }, "median");
  return [...bands, ...earlier, ...others, observed, ...median];
}

function layout(series, width) {
  const [ink, soft, card, line, edge] = ["ink", "soft", "card", "line", "edge"].map(colour);
  const isMonthly = series.period_type === "month";
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, tickcolor: line, automargin: true };
  const note = { showarrow: false, yref: "paper", yanchor: "bottom", y: 1, font: { color: soft, size: 12 } };
  const [from, middle, to] = isMonthly ? ["2020-01-01", "2021-01-01", "2022-01-01"] : [2019.5, 2020.5, 2021.5];
  const hasPandemic = series.data_through >= "2020";
  const periods = series.observed.length + series.forecasts[0].points.length;
  const [first, last] = [series.observed[0], series.forecasts[0].points.at(-1)].map(({ period }) => time(period));
  const range = isMonthly ? [first, last] : [first - 0.5, last + 0.5];
  const unit = `${series.measure === "mortality" ? "deaths" : "cases"} a ${series.period_type}`;
  return {
    paper_bgcolor: card,
    plot_bgcolor: card,
    font: { family: "system-ui, sans-serif", size: 13, color: ink },
    margin: { l: 8, r: 12, t: 24, b: 8 },
    showlegend: false,
    hovermode: "x unified",
    // Half the way to the next period: a box tells of one period alone.
    hoverdistance: Math.max(2, Math.ceil(width / periods / 2)),
    hoverlabel: { bgcolor: card, bordercolor: edge, font: { color: ink } },
    dragmode: isTouched ? false : "zoom",
    xaxis: { ...axis, range, type: isMonthly ? "date" : "linear", hoverformat: isMonthly ? "%B %Y" : "d", tickformat: isMonthly ? "%Y" : "d" },
    yaxis: { ...axis, rangemode: "tozero", tickformat: ",.0f", fixedrange: true },
    shapes: hasPandemic
      ? [{ type: "rect", yref: "paper", x0: from, x1: to, y0: 0, y1: 1, fillcolor: translucent(edge, 0.16), line: { width: 0 }, layer: "below" }]
      : [],
    annotations: [
      { ...note, xref: "paper", x: 0, xanchor: "left", text: unit },
      ...(hasPandemic ? [{ ...note, x: middle, text: "pandemic" }] : []),
    ],
  };
}

/** Returns boxes to tick for the other methods, which are too many to draw all at once. */
function choices(series, shown, draw) {
  const group = document.createElement("fieldset");
  group.className = "also";
  const legend = document.createElement("legend");
  legend.textContent = "Also show the median of";
  group.append(legend);
  for (const { method, title } of series.forecasts.slice(1)) {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.addEventListener("change", () => {
      shown[box.checked ? "add" : "delete"](method);
      draw();
    });
    label.append(box, ` ${title}`);
    group.append(label);
  }
  return group;
}

async function explore() {
  button.disabled = true;
  state.textContent = "Loading ...";
  try {
    const [drawer, response] = await Promise.all([plotly(), fetch(figure.dataset.document)]);
    if (!response.ok) throw new Error(String(response.status));
    const series = await response.json();
    const drawing = figure.querySelector(".drawing");
    const plot = document.createElement("div");
    plot.className = "plot";
    // What a screen reader reads stays the drawn chart's text and the tables; the plot is for pointers.
    plot.setAttribute("aria-hidden", "true");
    drawing.after(plot);
    const shown = new Set();
    const options = { displayModeBar: false, responsive: true };
    const draw = () => drawer.react(plot, traces(series, shown), layout(series, plot.clientWidth), options);
    await draw();
    drawing.classList.add("replaced");
    if (series.forecasts.length > 1) figure.querySelector(".legend").after(choices(series, shown, draw));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
    button.hidden = true;
    state.textContent = isTouched
      ? "Touch the chart for the numbers."
      : "Point at the chart for the numbers; drag to look closer, double-click to go back.";
  } catch {
    button.disabled = false;
    state.textContent = "The chart could not be loaded. Try again.";
  }
}

button.parentElement.hidden = false;
button.addEventListener("click", explore);
// More than a megabyte comes unasked only where it is likely to be wanted and not to be paid for by the byte.
if (!isTouched && !navigator.connection?.saveData) {
  addEventListener("load", () => (globalThis.requestIdleCallback ?? setTimeout)(() => !button.disabled && explore()));
}

// A choice changes what can be chosen after it: ask the page itself which options are left.
const form = $("choose");
form.addEventListener("change", async () => {
  const asked = new URLSearchParams(new FormData(form));
  try {
    const response = await fetch(`${form.getAttribute("action")}?${asked}`);
    if (!response.ok) return;
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    if (String(new URLSearchParams(new FormData(form))) !== String(asked)) return; // chosen again meanwhile
    for (const select of form.querySelectorAll("select")) {
      const other = fresh.querySelector(`#choose select[name="${select.name}"]`);
      if (other) select.replaceChildren(...[...other.options].map((one) => document.importNode(one, true)));
    }
  } catch {
    // Without an answer every option stays; the page says what is not published.
  }
});
