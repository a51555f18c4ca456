// Draws the report's charts and recomputes ratios for another baseline. Texts reach the page only as textContent or as
// data of charts, never as markup.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("report-data").textContent);
  const narrow = () => window.innerWidth < 640;
  const rowsById = new Map();
  data.tables.forEach((table) => table.rows.forEach((row) => rowsById.set(row.id, row)));
  const state = {baseline: null, drawing: 0, isNarrow: narrow()};

  // --- numbers, as the program writes them
  const ratioText = (ratio) => ratio.toFixed(ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0) + "×";
  const median = (sorted) => {
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  };
  // Paired within rounds: the median of the ratios and, where there are enough, its 95 % interval by the sign test.
  function roundRatios(row, baseline) {
    const times = new Map(baseline.medians);
    return row.medians.filter(([round]) => times.get(round) > 0).map(([round, time]) => ({round, ratio: time / times.get(round)}));
  }
  function compare(row, baseline) {
    if (row.mean) return {ratio: row.mean / baseline.mean, rounds: 1};
    const ratios = roundRatios(row, baseline).map((entry) => entry.ratio).sort((a, b) => a - b);
    if (!ratios.length) return null;
    const rank = data.ranks[ratios.length];
    const result = {ratio: median(ratios), rounds: ratios.length};
    if (rank > 0) Object.assign(result, {low: ratios[rank - 1], high: ratios[ratios.length - rank]});
    return result;
  }
  const comparisonText = (comparison) => ratioText(comparison.ratio) + (comparison.low === undefined ? "" :
    ` (${ratioText(comparison.low).slice(0, -1)}–${ratioText(comparison.high).slice(0, -1)})`);

  // The row that a table's others are compared with: the chosen baseline where the table has it.
  function baselineOf(table, index) {
    const chosen = state.baseline === null ? null : data.baselines[state.baseline].rows.find((id) => id.startsWith(index + "-"));
    return rowsById.get(chosen ?? table.reference);
  }

  // --- charts
  function withBaseline(spec, kind, table, index) {
    const baseline = baselineOf(table, index);
    if (!baseline || (kind !== "bars" && kind !== "forest")) return spec;
    const byLabel = new Map(table.rows.map((row) => [row.label, row]));
    const changed = {...spec, datasets: {...spec.datasets}};
    if (kind === "bars") {
      changed.datasets.ends = spec.datasets.ends.map((end) => {
        if (!end.is_ranked || state.baseline === null) return end;
        const comparison = compare(byLabel.get(end.label), baseline);
        const separator = data.published ? " ::: " : " · ", time = end.text.split(separator)[0];
        return {...end, text: comparison ? `${time}${separator}${data.published ? comparison.ratio.toFixed(1) + "x" : ratioText(comparison.ratio)}` : time};
      });
    } else {
      changed.datasets.ratios = spec.datasets.ratios.flatMap((entry) => {
        const row = byLabel.get(entry.label), comparison = compare(row, baseline);
        if (!comparison) return [];
        const {low, high, ...rest} = entry;
        if (row === baseline) return [{...rest, ratio: 1, text: "baseline"}];
        return [{...rest, ...comparison, text: comparisonText(comparison)}];
      });
    }
    return changed;
  }

  // On a phone, names and numbers stand above their bars instead of beside them.
  function forNarrow(spec) {
    const rows = spec.usermeta?.rows;
    if (!state.isNarrow || !rows) return spec;
    const text = JSON.parse(JSON.stringify(spec));
    text.height = 46 * rows;
    for (const layer of text.layer) if (layer.encoding?.color?.legend) layer.encoding.color.legend.columns = 2;
    const axisOwner = text.encoding?.y?.axis ? text : text.layer.find((layer) => layer.encoding?.y?.axis);
    Object.assign(axisOwner.encoding.y.axis, {labelAlign: "left", labelBaseline: "bottom", labelOffset: -9, labelPadding: -2, labelLimit: 210});
    for (const layer of text.layer) {
      if (layer.mark.type === "bar") layer.mark.height = {band: layer.mark.height.band > 0.5 ? 0.36 : 0.16};
      if (layer.mark.type === "bar" || layer.mark.type === "rule" || layer.mark.type === "tick" || layer.mark.type === "point")
        layer.mark.yOffset = layer.encoding.y || axisOwner === text ? 8 : 0;
      if (layer.mark.type === "text" && layer.encoding.x?.value === "width") Object.assign(layer.mark, {align: "right", dx: 0, baseline: "bottom", dy: -9});
      else if (layer.mark.type === "text") layer.mark.dy = 8;
    }
    return text;
  }

  const embedOptions = {mode: "vega-lite", actions: false, renderer: "svg", config: data.config, logLevel: 1, ast: true};  // errors only; expressions are interpreted, never compiled
  async function draw(element, spec) {
    const old = element.chart;
    element.chart = null;
    if (old) old.finalize();
    try {
      element.chart = await vegaEmbed(element, forNarrow(spec), embedOptions);
      element.dataset.drawn = "yes";
    } catch (error) {  // the other charts are drawn all the same
      console.error(error);
      element.textContent = "This chart could not be drawn.";
    }
  }
  function drawChart(element) {
    const index = Number(element.dataset.table), table = data.tables[index], kind = element.dataset.chart;
    return draw(element, withBaseline(table.charts[kind], kind, table, index));
  }

  // Charts on the screen first, then the others one by one, so that the page answers while it draws.
  async function drawAll(elements) {
    const turn = ++state.drawing;
    document.body.dataset.ready = "no";
    const isSeen = (element) => { const box = element.getBoundingClientRect(); return box.top < window.innerHeight && box.bottom > 0; };
    const visible = elements.filter((element) => !element.closest("[hidden]"));
    for (const element of [...visible.filter(isSeen), ...visible.filter((element) => !isSeen(element))]) {
      if (turn !== state.drawing) return;
      await drawChart(element);
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (turn === state.drawing) document.body.dataset.ready = "yes";
  }
  const charts = () => [...document.querySelectorAll("[data-chart]:not([data-case])")];

  // --- a case's own charts, drawn when it is opened
  function stepsOf(row) {
    const ms = row.steps.ms.split(" ").map(Number), steps = [];
    let at = 0;
    row.steps.rounds.forEach(([round, count, warmups], position) => {
      for (let i = 0; i < count; ++i, ++at)
        steps.push({index: at + 1, round, ms: ms[at], kind: i < warmups ? "warm-up" : position % 2 ? "even round" : "odd round"});
    });
    return steps;
  }
  async function drawCase(details) {
    const row = rowsById.get(details.dataset.row), index = Number(row.id.split("-")[0]);
    for (const element of details.querySelectorAll("[data-case]")) {
      const kind = element.dataset.chart, spec = {...data.case_charts[kind]};
      if (kind === "ratios") {
        const baseline = baselineOf(data.tables[index], index);
        const rounds = baseline && row.medians ? roundRatios(row, baseline) : [];
        element.closest("figure").hidden = rounds.length < 2 || row === baseline;
        if (element.closest("figure").hidden) continue;
        spec.datasets = {...spec.datasets, rounds};
      } else {
        const steps = stepsOf(row);
        spec.datasets = {steps: kind === "order" ? steps : steps.filter((step) => step.kind !== "warm-up")};
        element.closest("figure").hidden = !spec.datasets.steps.length;
        if (element.closest("figure").hidden) continue;
      }
      await draw(element, spec);
    }
  }
  document.querySelectorAll("details[data-row]").forEach((details) =>
    details.addEventListener("toggle", () => { if (details.open && rowsById.get(details.dataset.row).steps) drawCase(details); }));

  // --- controls
  function showRatios() {
    document.querySelectorAll("[data-ratio]").forEach((element) => {
      const row = rowsById.get(element.dataset.ratio), index = Number(row.id.split("-")[0]);
      const baseline = baselineOf(data.tables[index], index), comparison = baseline && compare(row, baseline);
      element.textContent = !comparison ? "" : element.dataset.long ? comparisonText(comparison) : ratioText(comparison.ratio);
      element.closest("[data-cell]")?.classList.toggle("reference", row === baseline);
    });
    document.querySelectorAll("[data-baseline-of]").forEach((element) => {
      const index = Number(element.dataset.baselineOf), baseline = baselineOf(data.tables[index], index);
      element.textContent = baseline ? baseline.label : "";
    });
  }
  const select = document.getElementById("baseline");
  select.addEventListener("change", () => {
    state.baseline = select.value === "" ? null : Number(select.value);
    showRatios();
    drawAll(charts());
    document.querySelectorAll("details[data-row][open]").forEach((details) => { if (rowsById.get(details.dataset.row).steps) drawCase(details); });
  });
  const boxes = [...document.querySelectorAll("#filter input")];
  function applyFilter() {
    const shown = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    document.querySelectorAll("[data-of]").forEach((element) => { element.hidden = !shown.has(element.dataset.of); });
    document.querySelectorAll("[data-section]").forEach((section) => {
      const parts = [...section.querySelectorAll("[data-of]")];
      section.hidden = parts.length > 0 && parts.every((part) => part.hidden);
    });
    document.getElementById("nothing").hidden = shown.size > 0;
    drawAll(charts().filter((element) => !element.dataset.drawn));
  }
  boxes.forEach((box) => box.addEventListener("change", applyFilter));

  // A link to a case opens it.
  function openTarget() {
    const target = /^#case-\d+-\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (target) { target.open = true; target.scrollIntoView(); }
  }
  window.addEventListener("hashchange", openTarget);
  window.addEventListener("resize", () => {
    if (narrow() === state.isNarrow) return;
    state.isNarrow = narrow();
    drawAll(charts());
  });

  showRatios();
  drawAll(charts()).then(openTarget);
})();
