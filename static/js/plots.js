// Zoom and hover for charts of days: figures with data-plot are drawn anew, from the table that holds their numbers,
// once a mouse is over them or their button is pressed. Without this the drawing, its links and the table are there.
const loaded = new Map();

function load(address) {
  if (!loaded.has(address)) {
    const script = Object.assign(document.createElement("script"), { src: address });
    loaded.set(address, new Promise((done, failed) => Object.assign(script, { onload: done, onerror: failed })));
    document.head.append(script);
  }
  return loaded.get(address);
}

function read(table) {
  const heads = [...table.tHead.rows[0].cells];
  const rows = [...table.tBodies[0].rows];
  const places = heads.map((_, place) => place).filter((place) => rows[0].cells[place].dataset.value !== undefined);
  return {
    days: rows.map((row) => row.cells[0].firstChild.textContent.trim()),
    links: rows.map((row) => row.querySelector("a")?.href),
    columns: places.map((place) => ({
      label: heads[place].textContent.trim(),
      numbers: rows.map((row) => Number(row.cells[place].dataset.value ?? NaN)),
      texts: rows.map((row) => row.cells[place].textContent.trim()),
    })),
  };
}

function marks(figure, numbers) {
  const drawing = figure.querySelector(".chart");
  const found = numbers.map((number) => {
    const bar = drawing.querySelector(`.bar[data-series="${number}"]`);
    const line = drawing.querySelector(`polyline[data-series="${number}"]`);
    return { isBar: Boolean(bar), colour: bar ? getComputedStyle(bar).fill : line && getComputedStyle(line).stroke };
  });
  const single = found.filter((mark) => mark.isBar).length === 1; // bars that stand upon each other become lines
  return found.map((mark) => ({ ...mark, isBar: mark.isBar && single }));
}

function money(figure) {
  const { plotCurrency: currency, plotDigits: digits } = figure.dataset;
  if (!currency) return (number) => number.toLocaleString("en-GB");
  const format = new Intl.NumberFormat("en-GB", { style: "currency", currency, maximumFractionDigits: 0 });
  return (number) => format.format(number / 10 ** Number(digits));
}

function series(columns, drawn) {
  return columns.map((column, place) => ({
    label: column.label,
    stroke: drawn[place].colour,
    fill: drawn[place].isBar ? drawn[place].colour : undefined,
    paths: drawn[place].isBar ? uPlot.paths.bars({ size: [0.7] }) : undefined,
    width: drawn[place].isBar ? 0 : 2,
    dash: drawn[place].isBar || place === 0 ? undefined : [4, 4],
    points: { show: false },
    value: (_plot, _number, _series, at) => (at === null ? "–" : column.texts[at]),
  }));
}

function draw(figure, found, drawn) {
  const drawing = [...figure.querySelectorAll(".chart")].find((one) => one.clientWidth > 0);
  const styles = getComputedStyle(drawing);
  const grid = { stroke: getComputedStyle(drawing.querySelector(".grid")).stroke, width: 1 };
  const axis = { stroke: styles.color, font: `12px ${styles.fontFamily}`, ticks: { show: false } };
  const day = (at) => found.days[at]?.split(" ").slice(1, 3).join(" ") ?? "";
  const last = found.days.length - 1;
  const settings = {
    width: figure.clientWidth,
    height: Math.max(200, drawing.clientHeight - 34), // room for the line of numbers under it
    scales: { x: { time: false, range: (_plot, low, high) => [low - 0.5, high + 0.5] } },
    axes: [
      { ...axis, grid: { show: false }, incrs: [1, 2, 3, 7, 14, 28, 91], values: (_plot, ticks) => ticks.map(day) },
      { ...axis, grid, size: 68, values: (_plot, ticks) => ticks.map(money(figure)) },
    ],
    series: [
      { label: "Day", value: (_plot, _number, _series, at) => (at === null ? "–" : found.days[at]) },
      ...series(found.columns, drawn),
    ],
  };
  const plot = new uPlot(settings, [found.days.map((_, at) => at), ...found.columns.map((one) => one.numbers)]);
  const all = () => plot.setScale("x", { min: 0, max: last });
  let pressed = null;
  plot.over.addEventListener("mousedown", (event) => (pressed = event.clientX));
  plot.over.addEventListener("dblclick", all);
  plot.over.addEventListener("mouseup", (event) => {
    const link = found.links[plot.cursor.idx];
    if (pressed !== null && Math.abs(event.clientX - pressed) < 4 && link) location.assign(link);
    pressed = null;
  });
  new ResizeObserver(() => {
    if (figure.clientWidth) plot.setSize({ width: figure.clientWidth, height: plot.height });
  }).observe(figure);
  return { plot, all };
}

async function show(figure, button) {
  if (figure.plotted) return;
  figure.plotted = true;
  const found = read(document.getElementById(figure.dataset.plot));
  const drawn = marks(figure, figure.dataset.plotSeries.split(" "));
  if (drawn.length !== found.columns.length || drawn.some((mark) => !mark.colour)) return;
  await load(figure.dataset.plotScript);
  const { plot, all } = draw(figure, found, drawn);
  figure.append(plot.root);
  figure.dataset.plotted = "";
  button.textContent = "Show all days";
  button.onclick = all;
}

for (const figure of document.querySelectorAll("figure[data-plot]")) {
  const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Zoom" });
  button.className = "button no-print";
  button.dataset.kind = "quiet";
  button.dataset.small = "";
  button.onclick = () => show(figure, button);
  figure.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && show(figure, button));
  figure.closest(".block").querySelector(".block-links")?.prepend(button);
}
