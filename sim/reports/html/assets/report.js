"use strict";
// Draws the charts of a report, and shows the runs of a cell. All data is in the element "data";
// text from it enters the page through textContent, and charts by texts that are escaped already.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const plots = [...document.querySelectorAll(".plot")];
  const drawn = new Set();
  const chosen = {};
  let printing = false;

  // -- charts ------------------------------------------------------------------------------------

  function brightness(colour) {
    const part = (k) => parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16) / 255;
    return 0.299 * part(0) + 0.587 * part(1) + 0.114 * part(2);
  }

  // A colour that is too dark for a dark page, mixed with white until it can be seen.
  function legible(colour, isDark) {
    if (!isDark || !/^#[0-9a-f]{6}$/i.test(colour)) return colour;
    const wanted = 0.45;
    const has = brightness(colour);
    if (has >= wanted) return colour;
    const share = (wanted - has) / (1 - has);
    const part = (k) => {
      const value = parseInt(colour.slice(1 + 2 * k, 3 + 2 * k), 16);
      return Math.round(value + (255 - value) * share).toString(16).padStart(2, "0");
    };
    return `#${part(0)}${part(1)}${part(2)}`;
  }

  const number = (value) => (value === null ? "-" : String(Number(value.toPrecision(6))));

  // The colours and texts of bars and points that stand for trials.
  function byTrial(trace, figure) {
    const colours = trace.trials.map((trial) => figure.palette[trial % figure.palette.length]);
    const made = { ...trace, marker: { color: colours, ...trace.marker } };
    if (trace.type !== "bar") return { ...made, customdata: trace.trials };
    made.marker.line = { color: "#888888", width: trace.x.length > 100 * figure.workers ? 0 : 0.5 };
    const jobs = figure.jobs;
    const places = new Map(jobs.worker.map((worker, k) => [`${worker} ${jobs.started[k]}`, k]));
    const ended = new Map(jobs.worker.map((worker, k) => [`${worker} ${jobs.ended[k]}`, k]));
    made.hoverinfo = "text";
    made.hovertext = trace.base.map((base, k) => {
      const worker = trace.y[k];
      const until = Number((base + trace.x[k]).toPrecision(7));
      const job = places.get(`${worker} ${base}`) ?? ended.get(`${worker} ${until}`);
      if (job === undefined) return `trial ${trace.trials[k]}: ${trace.name}`;
      const config = figure.configs[jobs.trial[job]];
      return [
        `<b>trial ${jobs.trial[job]}</b>, epochs ${jobs.start[job]} to ${jobs.stop[job]}` +
          (jobs.attempt[job] ? `, attempt ${jobs.attempt[job] + 1}` : ""),
        `worker ${worker}: ${number(jobs.started[job])} to ${number(jobs.ended[job])} s`,
        jobs.outcome[job] === "done" ? `loss ${number(jobs.loss[job])}` : jobs.outcome[job],
        ...(config ? [config] : []),
      ].join("<br>");
    });
    if (trace.kind === "training" && trace.x.length <= 600) {
      made.text = trace.trials.map(String);
      made.textposition = "inside";
      made.insidetextanchor = "middle";
      made.textangle = 0;
    }
    return made;
  }

  function styled(trace, figure, isDark) {
    let made = { ...trace };
    if (trace.trials) made = byTrial(trace, figure);
    else if (trace.kind) made = { ...made, hoverinfo: "name" };
    if (trace.type === "scatter" && trace.line && trace.line.color) {
      const colour = legible(trace.line.color, isDark);
      made.line = { ...trace.line, color: colour };
      if (trace.marker && typeof trace.marker.color === "string") {
        made.marker = { ...trace.marker, color: colour };
      }
      if (trace.error_y) made.error_y = { ...trace.error_y, color: colour };
    }
    const meta = Object.entries(trace.meta || {});
    made.visible = meta.every(([axis, setting]) => !(axis in chosen) || chosen[axis] === setting);
    return made;
  }

  function layoutOf(figure, isDark, width) {
    const given = structuredClone(figure.layout);  // Plotly writes into what it is given
    const line = isDark ? "#3a424c" : "#d5dae1";
    const text = isDark ? "#e4e8ed" : "#1b1f24";
    const axis = (one) => ({
      gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true, ...one,
      title: { standoff: 8, ...one.title },
    });
    const narrow = width < 480;
    return {
      font: { family: "system-ui, 'DejaVu Sans', sans-serif", size: narrow ? 11 : 12, color: text },
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      margin: { l: 56, r: 14, t: 12, b: 48 },
      hoverlabel: {
        bgcolor: isDark ? "#1f2429" : "#ffffff", bordercolor: line, align: "left",
        font: { color: text, size: 12 }, namelength: -1,
      },
      uniformtext: { minsize: 9, mode: "hide" },
      hovermode: "closest",
      showlegend: true,
      dragmode: narrow ? false : "zoom",
      ...given,
      legend: {
        orientation: "h", traceorder: "normal", x: 0, y: 1.02, yanchor: "bottom", font: { size: narrow ? 10 : 11 },
        ...given.legend,
      },
      xaxis: axis(given.xaxis), yaxis: axis(given.yaxis),
      width, height: figure.height,
    };
  }

  function draw(plot) {
    const figure = data.charts[Number(plot.dataset.chart)];
    const isDark = dark.matches && !printing;
    const traces = figure.traces.map((trace) => styled(trace, figure, isDark));
    // A page of paper is so wide in CSS pixels; charts side by side take half of it.
    const half = plot.closest("figure").classList.contains("wide") ? 1 : 0.48;
    const width = printing ? Math.floor(680 * half) : plot.clientWidth;
    const layout = layoutOf(figure, isDark, width);
    const zoomed = plot.layout && plot.layout.xaxis;
    if (zoomed && !printing) {
      for (const axis of ["xaxis", "yaxis"]) {
        if (plot.dataset.zoomed) layout[axis] = { ...layout[axis], range: plot.layout[axis].range, autorange: false };
      }
    }
    const axes = [...new Set(figure.traces.flatMap((trace) => Object.keys(trace.meta || {})))];
    plot.closest("figure").querySelector(".chosen").textContent = axes
      .filter((each) => each in chosen).map((each) => `${each}: ${chosen[each]}`).join(", ");
    const name = plot.getAttribute("aria-label").replace(/[^\w.-]+/g, "-").slice(0, 80);
    Plotly.react(plot, traces, layout, {
      displaylogo: false,
      doubleClick: "reset",
      displayModeBar: printing ? false : "hover",
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
      toImageButtonOptions: { format: "svg", filename: name },
    });
    if (drawn.has(plot)) return;
    drawn.add(plot);
    plot.on("plotly_relayout", () => {
      const moved = ["xaxis", "yaxis"].some((axis) => {
        const first = figure.layout[axis].range;
        const { range, autorange } = plot.layout[axis];
        return first ? range.some((end, k) => end !== first[k]) : autorange === false;
      });
      plot.dataset.zoomed = moved ? "yes" : "";
    });
    plot.on("plotly_click", (event) => {
      const cell = event.points[0].customdata;
      if (typeof cell === "number" && document.getElementById(`cell-${cell}`)) go(`cell-${cell}`);
    });
  }

  const redraw = () => drawn.forEach(draw);
  const seen = new IntersectionObserver(
    (entries) => entries.filter((each) => each.isIntersecting).forEach((each) => {
      seen.unobserve(each.target);
      draw(each.target);
    }),
    { rootMargin: "400px" },
  );
  plots.forEach((plot) => seen.observe(plot));
  dark.addEventListener("change", redraw);
  let waiting = 0;
  window.addEventListener("resize", () => {
    if (printing) return;
    window.cancelAnimationFrame(waiting);
    waiting = window.requestAnimationFrame(redraw);
  });

  // -- paper: all charts, in the colours of a light page, and all tables ---------------------------

  let shut = [];
  window.addEventListener("beforeprint", () => {
    printing = true;
    shut = [...document.querySelectorAll("details:not([open])")];
    shut.forEach((each) => { each.open = true; });
    plots.forEach(draw);
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    shut.forEach((each) => { each.open = false; });
    redraw();
  });

  // -- choices -------------------------------------------------------------------------------------

  document.querySelectorAll("select[data-axis]").forEach((select) => {
    const choose = () => {
      chosen[select.dataset.axis] = select.value;
    };
    choose();
    select.addEventListener("change", () => { choose(); redraw(); });
  });

  // -- the runs of a cell ----------------------------------------------------------------------------

  function element(name, content, kind) {
    const made = document.createElement(name);
    if (Array.isArray(content)) made.append(...content);
    else if (content !== undefined) made.textContent = content;
    if (kind) made.className = kind;
    return made;
  }

  function runsOf(cell) {
    const { seeds, first, measures, values, command, gantts } = data.runs;
    const heads = ["seed", "row", ...measures].map((name) => element("th", name));
    const body = [];
    for (let k = 0; k < seeds; k += 1) {
      const row = cell * seeds + k + 1;
      const cells = [first + k, row, ...(values.length ? values[row - 1] : [])];
      const commands = [`${command} --row ${row}`, `${command} --row ${row} --perfetto run-${row}.json`];
      const told = element("td", commands.map((each) => element("code", each)), "commands");
      body.push(element("tr", [...cells.map((each) => element("td", each)), told]));
    }
    const head = element("thead", [element("tr", [...heads, element("th", "repeat it, or write its Perfetto trace", "word")])]);
    const parts = [element("table", [head, element("tbody", body)])];
    if (gantts[cell]) {
      const link = element("a", `The timeline of the run of seed ${first}`);
      link.href = `#${gantts[cell]}`;
      parts.unshift(element("p", [link]));
    }
    return parts;
  }

  function toggle(row, open) {
    const button = row.querySelector("button");
    if ((button.getAttribute("aria-expanded") === "true") === open) return;
    button.setAttribute("aria-expanded", String(open));
    if (!open) row.nextElementSibling.remove();
    else {
      const cell = element("td", runsOf(Number(row.dataset.cell)));
      cell.colSpan = row.cells.length;
      row.after(element("tr", [cell], "runs"));
    }
  }

  document.querySelectorAll("tr.cell button").forEach((button) => {
    const row = button.closest("tr");
    button.addEventListener("click", () => toggle(row, button.getAttribute("aria-expanded") !== "true"));
  });

  function go(name) {
    if (window.location.hash === `#${name}`) arrive();
    else window.location.hash = name;
  }

  function arrive() {
    const target = document.getElementById(window.location.hash.slice(1));
    if (!target) return;
    const around = target.closest("details");
    if (around) around.open = true;
    if (target.matches("tr.cell")) toggle(target, true);
    target.scrollIntoView({ block: "start" });
  }
  window.addEventListener("hashchange", arrive);
  if (window.location.hash) arrive();
})();
