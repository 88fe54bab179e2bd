"use strict";
// Everything that is drawn stands in the page, packed: nothing is fetched. Text is always set as
// text, never as markup.
(async () => {
  const packed = document.getElementById("data").textContent.trim();
  const bytes = Uint8Array.from(atob(packed), (one) => one.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).json();
  const root = document.documentElement;
  const drawn = new Map();

  // Theme

  const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const themed = (layout) => {
    const axis = { gridcolor: style("--line"), zerolinecolor: style("--line"), linecolor: style("--line") };
    const full = {
      margin: { l: 60, r: 16, t: 16, b: 40 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: style("--ink"), family: "system-ui, sans-serif", size: 12 },
      hoverlabel: { bgcolor: style("--tile"), bordercolor: style("--line"), font: { color: style("--ink") } },
      ...layout,
    };
    for (const name of ["xaxis", "yaxis", "yaxis2"]) if (name in full) full[name] = { ...axis, ...full[name] };
    return full;
  };
  const draw = (id, figure) => {
    const place = document.getElementById(id);
    if (!place || !figure) return undefined;
    drawn.set(id, figure);
    const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
    return Plotly.react(place, figure.data, themed(figure.layout), config);
  };
  const setTheme = (name) => {
    root.dataset.theme = name;
    for (const [id, figure] of drawn) draw(id, figure);
  };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(dark.matches ? "dark" : "light");
  dark.addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
  document.getElementById("theme").addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
  addEventListener("beforeprint", () => setTheme("light"));

  // Charts

  // Each is drawn when it comes near the window: what is seen first is there first.
  const waiting = new Map(Object.entries(data.charts));
  const drawNow = (id) => {
    const figure = waiting.get(id);
    waiting.delete(id);
    return draw(id, figure);
  };
  const near = new IntersectionObserver((entries) => {
    for (const one of entries) if (one.isIntersecting) { near.unobserve(one.target); drawNow(one.target.id); }
  }, { rootMargin: "300px" });
  const scale = document.getElementById("scale");
  if (scale) scale.addEventListener("change", () => {
    data.charts.equity.layout.yaxis.type = scale.checked ? "log" : "linear";
    draw("equity", data.charts.equity);
  });
  const symbol = document.getElementById("symbol");
  if (symbol) {
    const choose = () => waiting.set("candles", data.symbols[symbol.selectedIndex]);
    symbol.addEventListener("change", () => { choose(); drawNow("candles"); });
    choose();
  }
  for (const id of waiting.keys()) near.observe(document.getElementById(id));
  addEventListener("beforeprint", () => { for (const id of [...waiting.keys()]) drawNow(id); });

  // Trades

  const table = document.getElementById("trades");
  if (table) {
    const columns = data.trades, names = data.names, count = columns.time.length, size = 50;
    const money = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const text = {
      number: (at) => String(at + 1),
      time: (at) => new Date(columns.time[at]).toISOString().replace("T", " ").replace(".000Z", ""),
      symbol: (at) => names[columns.symbol[at]], side: (at) => names[columns.side[at]],
      quantity: (at) => columns.quantity[at], price: (at) => columns.price[at],
      commission: (at) => columns.commission[at],
      profit: (at) => columns.profit[at] === null ? "" : money.format(columns.profit[at]),
      reason: (at) => names[columns.reason[at]],
    };
    const number = (value) => value === null ? -Infinity : Number(value);
    const key = {
      number: (at) => at, time: (at) => columns.time[at], symbol: text.symbol, side: text.side, reason: text.reason,
      quantity: (at) => number(columns.quantity[at]), price: (at) => number(columns.price[at]),
      commission: (at) => number(columns.commission[at]), profit: (at) => number(columns.profit[at]),
    };
    const heads = [...table.tHead.rows[0].cells], kinds = heads.map((one) => one.dataset.name);
    const all = Array.from({ length: count }, (_, at) => at);
    let rows = all, page = 0, by = "number", descending = false;
    const fill = () => {
      const body = document.createElement("tbody");
      for (const at of rows.slice(page * size, (page + 1) * size)) {
        const row = body.insertRow();
        kinds.forEach((name, place) => {
          const cell = row.insertCell();
          cell.textContent = text[name](at);
          cell.className = heads[place].className;
          if (name === "reason") cell.classList.add("long");
          if (name === "profit" && columns.profit[at] !== null) cell.classList.add(columns.profit[at] < 0 ? "down" : "up");
        });
      }
      table.replaceChild(body, table.tBodies[0]);
      const last = Math.min((page + 1) * size, rows.length);
      document.getElementById("shown").textContent = rows.length ? `${page * size + 1} to ${last} of ${rows.length.toLocaleString("en-US")}` : "none";
      document.getElementById("earlier").disabled = page === 0;
      document.getElementById("later").disabled = last >= rows.length;
    };
    const arrange = () => {
      const wanted = document.getElementById("search").value.trim().toLowerCase();
      const matching = (at) => ["time", "symbol", "side", "reason"].some((name) => text[name](at).toLowerCase().includes(wanted));
      rows = wanted ? all.filter(matching) : all.slice();
      const of = key[by], turn = descending ? -1 : 1;
      rows.sort((a, b) => { const x = of(a), y = of(b); return x < y ? -turn : x > y ? turn : a - b; });
      page = 0;
      heads.forEach((one) => one.setAttribute("aria-sort", one.dataset.name !== by ? "none" : descending ? "descending" : "ascending"));
      fill();
    };
    heads.forEach((one) => one.addEventListener("click", () => {
      descending = by === one.dataset.name && !descending;
      by = one.dataset.name;
      arrange();
    }));
    document.getElementById("search").addEventListener("input", arrange);
    document.getElementById("earlier").addEventListener("click", () => { page -= 1; fill(); });
    document.getElementById("later").addEventListener("click", () => { page += 1; fill(); });
    arrange();
  }
  root.dataset.ready = "true";
})();
