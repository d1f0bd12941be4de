// Zoom and hover for charts over days: drawn from the table below the chart, once a mouse is over it or its button is
// pressed. Without this script the drawing, its links and the table are all there.
const load = (address) =>
  new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = address;
    script.addEventListener("load", done);
    script.addEventListener("error", failed);
    document.head.append(script);
  });

const read = (table) => {
  const rows = [...table.tBodies[0].rows];
  const heads = [...table.tHead.rows[0].cells];
  const columns = heads.map((_, place) => place).filter((place) => heads[place].classList.contains("num"));
  const value = (cell) => (cell.dataset.value === undefined ? null : Number(cell.dataset.value));
  return {
    names: rows.map((row) => row.cells[0].textContent.trim()),
    links: rows.map((row) => row.querySelector("a")?.href),
    series: columns.map((place) => ({
      label: heads[place].textContent.trim(),
      values: rows.map((row) => value(row.cells[place])),
      texts: rows.map((row) => row.cells[place].textContent.trim()),
    })),
  };
};

const colours = (figure) => {
  const of = (selector, property) => {
    const mark = figure.querySelector(selector);
    return mark ? getComputedStyle(mark)[property] : null;
  };
  const ink = of(".chart", "color");
  const bars = [1, 2, 3, 4].map((number) => of(`.bar[data-series="${number}"]`, "fill")).filter(Boolean);
  const lines = [1, 2, 3, 4].map((number) => of(`polyline[data-series="${number}"]`, "stroke")).filter(Boolean);
  return { ink, grid: of(".grid", "stroke"), marks: [...bars, ...lines], bars: bars.length };
};

const options = (figure, found, palette) => {
  const edge = [...figure.querySelectorAll(".chart.only-wide text[text-anchor=end]")].length;
  const axis = { stroke: palette.ink, grid: { stroke: palette.grid, width: 1 }, ticks: { show: false } };
  const series = found.series.map((one, place) => ({
    label: one.label,
    stroke: palette.marks[place] ?? palette.ink,
    fill: place < palette.bars ? palette.marks[place] : undefined,
    paths: place < palette.bars ? uPlot.paths.bars({ size: [0.7, 60] }) : undefined,
    dash: place < palette.bars ? undefined : [4, 4],
    points: { show: false },
    value: (_, _raw, _series, at) => (at === null ? "–" : found.series[place].texts[at]),
  }));
  const name = (_, at) => found.names[at] ?? "";
  return {
    width: figure.clientWidth,
    height: edge ? 280 : 240,
    scales: { x: { time: false, range: (_, low, high) => [low - 0.5, high + 0.5] } },
    axes: [
      { ...axis, grid: { show: false }, values: (_, ticks) => ticks.map((at) => (Number.isInteger(at) ? name(_, at) : "")), space: 110 },
      { ...axis, size: 64, values: () => [] },
    ],
    series: [{ label: "Day", value: (_, _raw, _series, at) => (at === null ? "–" : name(_, at)) }, ...series],
  };
};
