// Draws a balance over time from the table beside it, with uPlot: the table holds the same figures for everybody else.
(() => {
  "use strict";

  const DAY = 86_400_000;
  const HOUR = 60;
  const STEPS_OF_DAYS = [1, 2, 3, 7, 14, 30, 61, 91, 182, 365, 730, 1825];
  const STEPS_OF_MINUTES = [15, 30, 60, 120, 240, 300, 600, 1200, 3000, 6000, 12_000, 30_000, 60_000, 300_000, 600_000];
  const plots = new Map(); // what was drawn, by the element it stands in

  const read = (table) => [...table.tBodies[0].rows].reverse().map((row) => ({
    day: Date.parse(row.querySelector("time").dateTime) / DAY,
    minutes: Number(row.querySelector("data").value),
    words: [...row.cells].map((cell) => cell.textContent.trim()).join(": "),
  }));

  // A token as a colour: in the theme that is shown, with light-dark() resolved.
  const colour = (token, within) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${token})`;
    within.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  // A step of the scale in one unit: the largest that the reader likes and that fits.
  const inOneUnit = ({ units, day }) => (minutes) => {
    const whole = Math.abs(minutes);
    let words = `${whole} min`;
    if (units !== "minutes" && whole % HOUR === 0) words = `${whole / HOUR} h`;
    if (units === "days" && whole % Number(day) === 0) words = `${whole / Number(day)} d`;
    return minutes < 0 ? `−${words}` : minutes ? words : "0";
  };

  const dayName = (span) => {
    const parts = span > 400 ? { month: "short", year: "numeric" } : { day: "numeric", month: "short" };
    const { lang } = document.documentElement;
    const format = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, { ...parts, timeZone: "UTC" });
    return (day) => format.format(new Date(day * DAY)).replace("Sept", "Sep"); // as the lists write it
  };

  const axis = (colours, rest) => ({
    stroke: colours.text, font: colours.font, grid: { stroke: colours.grid, width: 1 }, ticks: { show: false }, ...rest,
  });

  const options = (place, points, at) => {
    const style = getComputedStyle(place);
    const colours = {
      text: colour("--ink-2", place), grid: colour("--line", place), line: colour("--brand-ink", place),
      fill: colour("--brand-soft", place), font: `15px ${style.fontFamily}`,
    };
    const named = dayName(points.at(-1).day - points[0].day);
    return {
      width: place.clientWidth,
      height: 200,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
      scales: {
        x: { time: false },
        y: { range: (_plot, least, most) => [Math.min(0, least), Math.max(HOUR, most * 1.05)] },
      },
      axes: [
        axis(colours, { size: 34, space: 70, incrs: STEPS_OF_DAYS, values: (_plot, days) => days.map(named) }),
        axis(colours, { size: 62, incrs: STEPS_OF_MINUTES, values: (_plot, splits) => splits.map(inOneUnit(place.closest("[data-units]").dataset)) }),
      ],
      series: [{}, {
        stroke: colours.line, fill: colours.fill, width: 2, points: { show: points.length < 40, size: 5 },
        paths: uPlot.paths.stepped({ align: 1 }),
      }],
      hooks: {
        setCursor: [(plot) => {
          at.textContent = (points[plot.cursor.idx ?? points.length - 1] ?? points.at(-1)).words;
        }],
      },
    };
  };

  const draw = (section) => {
    const place = section.querySelector("[data-plot]");
    const table = section.querySelector("table");
    if (!place || !table || !globalThis.uPlot) return;
    const points = read(table);
    plots.get(place)?.destroy();
    place.replaceChildren();
    place.hidden = points.length < 2; // one day is no line
    if (place.hidden || !place.clientWidth) return;
    const figures = [points.map((point) => point.day), points.map((point) => point.minutes)];
    const at = section.querySelector("[data-plot-at]");
    at.textContent = points.at(-1).words;
    plots.set(place, new uPlot(options(place, points, at), figures, place));
    resized.observe(place);
  };

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const plot = plots.get(target);
      if (!target.isConnected) {
        plot?.destroy();
        plots.delete(target);
        resized.unobserve(target);
      } else if (plot && plot.width !== target.clientWidth) plot.setSize({ width: target.clientWidth, height: plot.height });
    }
  });

  const drawAll = () => document.querySelectorAll("[data-balance]").forEach(draw);

  document.addEventListener("htmx:load", (event) => {
    const added = event.detail.elt;
    if (added.matches?.("[data-balance]")) draw(added);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
