// Charts as SVG: lines over an axis with a pointer that reads values off, zoom by dragging, and a heat
// map. Colours come from the style sheet, so they follow light and dark; on paper they stay sharp.

const charts = (() => {
  const kHeight = 220;
  const kMargin = {top: 10, right: 22, bottom: 24, left: 58};

  // Round values between low and high, about `count` of them.
  function ticks(low, high, count) {
    const span = high - low;
    if (!(span > 0)) return [low];
    const rough = span / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough * 0.999);
    const out = [];
    for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) {
      out.push(Math.abs(v) < step * 1e-9 ? 0 : v);
    }
    return out;
  }

  function timeTicks(low, high, count) {
    const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400];
    const step = steps.find((s) => (high - low) / s <= count) || 86400 * Math.ceil((high - low) / 86400 / count);
    const out = [];
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) out.push(v);
    return out;
  }

  function logTicks(low, high) {
    const out = [];
    for (let p = Math.floor(Math.log10(low)); p <= Math.ceil(Math.log10(high)); ++p) {
      for (const m of [1, 2, 5]) {
        const v = m * 10 ** p;
        if (v >= low * 0.999 && v <= high * 1.001) out.push(v);
      }
    }
    return out.length > 8 ? out.filter((v) => Math.abs(Math.log10(v) % 1) < 1e-9) : out;
  }

  const linear = (low, high, from, to) => (v) => from + (v - low) / ((high - low) || 1) * (to - from);
  function log(low, high, from, to) {
    const a = Math.log(low), b = Math.log(high);
    return (v) => from + (Math.log(Math.max(v, low)) - a) / ((b - a) || 1) * (to - from);
  }

  function path(points) {  // [[x, y] or null]
    let d = '', pen = false;
    for (const p of points) {
      if (p === null) { pen = false; continue; }
      d += (pen ? 'L' : 'M') + p[0].toFixed(1) + ' ' + p[1].toFixed(1);
      pen = true;
    }
    return d;
  }

  // The frame that all have: title, legend, axes, pointer, zoom. `draw(plot)` fills it.
  //   spec: {title, note, unit(v), time: bool, group, onzoom([low, high] or null)}
  class Chart {
    constructor(spec) {
      this.spec = spec;
      this.zoom = null;
      this.legend = el('ul.legend');
      this.tip = el('div.tip', {hidden: true});
      this.svg = svg('svg', {role: 'img', 'aria-label': spec.title, tabindex: 0});
      this.root = el('figure.chart', {},
        el('figcaption', {}, el('span.name', {}, spec.title), spec.note ? el('span.note', {}, spec.note) : null, this.legend),
        el('div.plot', {}, this.svg, this.tip));
      this.svg.addEventListener('pointermove', (e) => this.point(e));
      this.svg.addEventListener('pointerleave', () => this.point(null));
      this.svg.addEventListener('pointerdown', (e) => this.drag(e));
      this.svg.addEventListener('dblclick', () => this.setZoom(null));
      this.svg.addEventListener('keydown', (e) => this.key(e));
      if (window.ResizeObserver) new ResizeObserver(() => this.render()).observe(this.root);
    }

    get width() { return this.root.clientWidth || 640; }

    frame(x, y, xTicks, yTicks, yUnit, xUnit) {
      const m = kMargin, w = this.width, h = kHeight;
      const grid = svg('g.grid');
      for (const v of yTicks) {
        grid.append(svg('line', {x1: m.left, x2: w - m.right, y1: y(v).toFixed(1), y2: y(v).toFixed(1)}),
                    svg('text', {x: m.left - 8, y: (y(v) + 4).toFixed(1), 'text-anchor': 'end'}, yUnit(v)));
      }
      for (const v of xTicks) {
        grid.append(svg('text', {x: x(v).toFixed(1), y: h - 6, 'text-anchor': 'middle'}, xUnit(v)));
      }
      this.svg.setAttribute('viewBox', `0 0 ${w} ${h}`);
      this.svg.setAttribute('height', h);
      this.svg.replaceChildren(grid);
      this.x = x;
    }

    // Of the pointer: the nearest known x, shown in all charts of the group.
    point(event) {
      if (event === null || !this.xs || !this.xs.length) return this.focusAt(null, true);
      const box = this.svg.getBoundingClientRect();
      this.focusAt(this.nearest(event.clientX - box.left), true);
    }

    nearest(px) {
      let best = null, distance = Infinity;
      this.xs.forEach((v, i) => {
        if (v < this.low || v > this.high) return;
        const d = Math.abs(this.x(v) - px);
        if (d < distance) { distance = d; best = i; }
      });
      return best === null ? null : this.xs[best];
    }

    focusAt(value, spread) {
      if (spread && this.spec.group) for (const c of this.spec.group) if (c !== this) c.focusAt(value, false);
      for (const old of this.svg.querySelectorAll('.cursor')) old.remove();
      const i = value === null || !this.xs ? -1 : this.xs.indexOf(value);
      this.tip.hidden = i < 0 || !spread;
      if (i < 0) return;
      const px = this.x(value);
      this.svg.append(svg('line.cursor', {x1: px, x2: px, y1: kMargin.top, y2: kHeight - kMargin.bottom}));
      for (const p of this.marks ? this.marks(i) : []) {
        this.svg.append(svg('circle.cursor.' + p.color, {cx: px, cy: p.y, r: 3.5}));
      }
      if (!spread) return;
      show(this.tip, el('b', {}, this.xText(value)), ...this.readings(i).map(([name, text, color]) =>
        el('div', {}, color ? el('i.key.' + color) : null, name + ' ', el('span', {}, text))));
      const left = px > this.width / 2;
      this.tip.style.left = left ? 'auto' : px + 12 + 'px';
      this.tip.style.right = left ? this.width - px + 12 + 'px' : 'auto';
    }

    key(event) {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (event.key === 'Escape') { this.focusAt(null, true); return this.setZoom(null); }
      if (!step || !this.xs || !this.xs.length) return;
      event.preventDefault();
      const at = this.keyAt === undefined ? this.xs.length - 1 : this.xs.indexOf(this.keyAt) + step;
      this.keyAt = this.xs[Math.max(0, Math.min(this.xs.length - 1, at))];
      this.focusAt(this.keyAt, true);
    }

    drag(event) {
      if (!this.spec.onzoom || event.button !== 0 || event.pointerType === 'touch') return;
      const box = this.svg.getBoundingClientRect();
      const from = event.clientX - box.left;
      const band = svg('rect.band', {y: kMargin.top, height: kHeight - kMargin.top - kMargin.bottom, x: from, width: 0});
      this.svg.append(band);
      const move = (e) => {
        const to = e.clientX - box.left;
        band.setAttribute('x', Math.min(from, to));
        band.setAttribute('width', Math.abs(to - from));
      };
      const up = (e) => {
        window.removeEventListener('pointermove', move);
        window.removeEventListener('pointerup', up);
        band.remove();
        const to = e.clientX - box.left;
        if (Math.abs(to - from) < 8) return;
        const value = (px) => this.low + (px - kMargin.left) / (this.width - kMargin.left - kMargin.right) * (this.high - this.low);
        this.setZoom([Math.max(this.low, value(Math.min(from, to))), Math.min(this.high, value(Math.max(from, to)))]);
      };
      window.addEventListener('pointermove', move);
      window.addEventListener('pointerup', up);
    }

    setZoom(range) { if (this.spec.onzoom) this.spec.onzoom(range); }
  }

  // Those of `values` that have room side by side, the last one always.
  function apart(values, at, room) {
    const out = [];
    for (const v of values.slice().reverse()) {
      if (!out.length || at(out[out.length - 1]) - at(v) >= room) out.push(v);
    }
    return out;
  }

  // Lines over x. data: {x: [], low, end, ticks: [], lines: [{name, color, values: [], area, points, dash}]}
  class Lines extends Chart {
    set(data) {
      this.data = data;
      show(this.legend, ...data.lines.filter((l) => l.name).map((l) => el('li', {}, el('i.key.' + l.color), l.name)));
      this.render();
    }

    render() {
      if (!this.data || !this.root.isConnected) return;
      const {x: xs, lines} = this.data;
      const spec = this.spec;
      this.xs = xs;
      const m = kMargin, w = this.width, h = kHeight;
      this.low = this.zoom ? this.zoom[0] : this.data.low !== undefined ? this.data.low : Math.min(...xs, spec.time ? 0 : Infinity);
      this.high = this.zoom ? this.zoom[1] : Math.max(...xs, this.low + 1, this.data.end || 0);
      if (!xs.length) { this.low = 0; this.high = 60; }
      let top = 0, bottom = Infinity;
      xs.forEach((v, i) => {
        if (v < this.low || v > this.high) return;
        for (const l of lines) {
          const y = l.values[i];
          if (y === null || y === undefined) continue;
          top = Math.max(top, l.high ? l.high[i] : y);
          if (y > 0) bottom = Math.min(bottom, y);
        }
      });
      const x = (spec.logX ? log : linear)(this.low, this.high, m.left, w - m.right);
      const logY = spec.log && bottom < Infinity && top / bottom > 50;
      if (logY) bottom = 10 ** Math.floor(Math.log10(bottom));
      const yTicks = logY ? logTicks(bottom, top * 1.1) : ticks(0, top > 0 ? top * 1.08 : 1, 4);
      const y = logY ? log(bottom, top * 1.2, h - m.bottom, m.top)
                     : linear(0, top > 0 ? top * 1.08 : 1, h - m.bottom, m.top);
      const count = Math.max(2, Math.floor(w / 90));
      const xTicks = this.data.ticks ? apart(this.data.ticks, x, 40)
        : spec.time ? timeTicks(this.low, this.high, count) : ticks(this.low, this.high, count);
      this.frame(x, y, xTicks, yTicks, spec.axis || spec.unit, spec.time ? fmt.clock : fmt.count);
      const inside = (i) => xs[i] >= this.low - 1e-9 && xs[i] <= this.high + 1e-9;
      for (const l of lines) {
        const points = xs.map((v, i) => l.values[i] === null || l.values[i] === undefined || !inside(i)
          ? null : [x(v), y(l.values[i])]);
        if (l.band) {
          const up = xs.map((v, i) => l.band[0][i] === null || !inside(i) ? null : [x(v), y(l.band[1][i])]).filter((p) => p);
          const down = xs.map((v, i) => l.band[0][i] === null || !inside(i) ? null : [x(v), y(l.band[0][i])]).filter((p) => p).reverse();
          if (up.length) this.svg.append(svg('path.area.' + l.color, {d: path(up.concat(down)) + 'Z'}));
        }
        if (l.area) {
          const run = points.filter((p) => p);
          if (run.length > 1) {
            this.svg.append(svg('path.area.' + l.color, {
              d: path(run) + `L${run[run.length - 1][0].toFixed(1)} ${h - m.bottom}L${run[0][0].toFixed(1)} ${h - m.bottom}Z`}));
          }
        }
        if (!l.points) this.svg.append(svg('path.line.' + l.color + (l.dash ? '.dash' : ''), {d: path(points)}));
        const alone = points.filter((p) => p).length === 1;
        if (l.points || alone) {
          points.forEach((p, i) => {
            if (p) this.svg.append(svg('circle.dot.' + ((l.marks && l.marks[i]) || l.color), {cx: p[0].toFixed(1), cy: p[1].toFixed(1), r: 4}));
          });
        }
      }
      for (const v of this.data.lines.length && this.data.verticals || []) {
        if (v.x < this.low || v.x > this.high) continue;
        const px = x(v.x), right = px > w * 0.7;
        this.svg.append(svg('line.mark', {x1: px, x2: px, y1: m.top, y2: h - m.bottom}),
                        svg('text.mark', {x: px + (right ? -6 : 6), y: m.top + 10, 'text-anchor': right ? 'end' : 'start'}, v.text));
      }
      this.marks = (i) => lines.filter((l) => !l.quiet && l.values[i] !== null && l.values[i] !== undefined)
        .map((l) => ({y: y(l.values[i]), color: l.color}));
      this.xText = spec.time ? fmt.clock : (spec.xText || ((v) => fmt.number(v)));
      this.readings = (i) => lines.filter((l) => l.name && l.values[i] !== null && l.values[i] !== undefined)
        .map((l) => [l.name, spec.unit(l.values[i]), l.color]);
    }
  }

  // Lower edge of a bucket of a series' `heat`, in ms.
  const bucketMs = (i) => (i < 8 ? i : (8 + i % 8) * 2 ** (Math.floor(i / 8) - 1)) / 1000;

  // Response times over time: the darker, the more requests. data: {x, heat, step, end}
  class Heat extends Chart {
    set(data) { this.data = data; this.render(); }

    render() {
      if (!this.data || !this.root.isConnected) return;
      const {x: xs, heat, step} = this.data;
      const m = kMargin, w = this.width, h = kHeight;
      this.xs = xs;
      this.low = this.zoom ? this.zoom[0] : 0;
      this.high = this.zoom ? this.zoom[1] : Math.max(xs.length ? xs[xs.length - 1] + step : 60, this.data.end || 0);
      let first = Infinity, last = -Infinity, most = 0;
      const seen = (i) => xs[i] + step > this.low && xs[i] < this.high;
      heat.forEach((row, i) => {
        if (!seen(i)) return;
        for (let k = 0; k < row.length; k += 2) {
          first = Math.min(first, row[k]);
          last = Math.max(last, row[k]);
          most = Math.max(most, row[k + 1]);
        }
      });
      if (first === Infinity) { first = 80; last = 120; }
      first = Math.floor(first / 4) * 4;  // room, and steady while a run grows
      last = Math.ceil((last + 1) / 4) * 4;
      const x = linear(this.low, this.high, m.left, w - m.right);
      const y = log(Math.max(bucketMs(first), 0.001), bucketMs(last), h - m.bottom, m.top);
      this.frame(x, y, timeTicks(this.low, this.high, Math.max(2, Math.floor(w / 90))),
                 logTicks(Math.max(bucketMs(first), 0.001), bucketMs(last)), fmt.axisMs, fmt.clock);
      // One path for each shade: few elements however many cells.
      const shades = Array.from({length: 9}, () => '');
      heat.forEach((row, i) => {
        if (!seen(i)) return;
        const left = Math.max(x(xs[i]), m.left), right = Math.min(x(xs[i] + step), w - m.right);
        for (let k = 0; k < row.length; k += 2) {
          const shade = Math.min(8, Math.floor(Math.sqrt(row[k + 1] / most) * 9));
          const top = y(bucketMs(row[k] + 1)), bottom = y(Math.max(bucketMs(row[k]), 0.001));
          shades[shade] += `M${left.toFixed(1)} ${top.toFixed(1)}H${right.toFixed(1)}V${bottom.toFixed(1)}H${left.toFixed(1)}Z`;
        }
      });
      shades.forEach((d, i) => { if (d) this.svg.append(svg('path.heat.h' + i, {d})); });
      this.xText = fmt.clock;
      this.readings = (i) => {
        const row = heat[i] || [];
        let all = 0, peak = -1, at = 0;
        for (let k = 0; k < row.length; k += 2) {
          all += row[k + 1];
          if (row[k + 1] > peak) { peak = row[k + 1]; at = row[k]; }
        }
        if (!all) return [['requests', '0']];
        return [['requests', fmt.count(all)], ['most at', fmt.ms(bucketMs(at)) + ' – ' + fmt.ms(bucketMs(at + 1))],
                ['fastest', fmt.ms(bucketMs(row[0]))], ['slowest', fmt.ms(bucketMs(row[row.length - 2] + 1))]];
      };
    }
  }

  // A line without axes, beside a figure.
  function spark(values) {
    const w = 96, h = 24, top = Math.max(...values, 1e-9);
    const d = path(values.map((v, i) => [values.length < 2 ? 0 : i / (values.length - 1) * w, h - 2 - (v || 0) / top * (h - 4)]));
    return svg('svg.spark', {viewBox: `0 0 ${w} ${h}`, 'aria-hidden': 'true'}, svg('path.line.c1', {d}));
  }

  return {Lines, Heat, spark};
})();
