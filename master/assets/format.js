// Figures and elements: what every view needs.

const fmt = {
  // 0 decimals from 100 on, else three digits; thousands apart.
  number(v, digits = 3) {
    if (v === null || v === undefined) return '–';
    if (v === 0) return '0';
    const a = Math.abs(v);
    const decimals = a >= 100 ? 0 : Math.max(0, Math.min(3, digits - 1 - Math.floor(Math.log10(a))));
    return v.toLocaleString('en-US', {maximumFractionDigits: decimals});
  },
  count: (v) => v === null || v === undefined ? '–' : v.toLocaleString('en-US'),
  // Always three digits, so that columns of them line up.
  digits(v) {
    const decimals = v >= 100 ? 0 : v >= 10 ? 1 : 2;
    return v.toLocaleString('en-US', {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  },
  // A time; the unit follows the size.
  ms(v, text = fmt.digits) {
    if (v === null || v === undefined) return '–';
    if (v === 0) return '0 ms';
    if (v >= 60000) return text(v / 60000) + ' min';
    if (v >= 1000) return text(v / 1000) + ' s';
    return v >= 1 ? text(v) + ' ms' : text(v * 1000) + ' µs';
  },
  axisMs: (v) => fmt.ms(v, fmt.number),
  bytes(v) {
    if (v === null || v === undefined) return '–';
    for (const [unit, size] of [['GB', 1e9], ['MB', 1e6], ['KB', 1e3]]) {
      if (v >= size) return fmt.number(v / size) + ' ' + unit;
    }
    return v + ' B';
  },
  percent: (v) => v === null || v === undefined ? '–' : (v > 0 && v < 0.01 ? '<0.01' : fmt.number(v)) + ' %',
  // 3725 s: 1:02:05
  clock(s) {
    if (s === null || s === undefined) return '–';
    s = Math.round(s);
    const two = (n) => String(n).padStart(2, '0');
    const hours = Math.floor(s / 3600);
    const rest = two(Math.floor(s / 60) % 60) + ':' + two(s % 60);
    return hours > 0 ? hours + ':' + rest : rest;
  },
};

// el('td.num', {title: 'x'}, 'text', child): an element; null children are left out.
function el(what, attributes = {}, ...children) {
  return fill(document.createElement(what.split('.')[0]), what, attributes, children);
}

function svg(what, attributes = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', what.split('.')[0]), what,
              attributes, children);
}

function fill(element, what, attributes, children) {
  const classes = what.split('.').slice(1).join(' ');
  if (classes) element.setAttribute('class', classes);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((c) => c !== null && c !== undefined));
  return element;
}

// Replaces an element's content unless it is the same already. What is scrolled, unfolded or has the focus
// in a table's head is so in the new content too.
function show(parent, ...children) {
  const next = el('div', {}, ...children);
  if (parent.innerHTML === next.innerHTML) return;
  const all = (what) => [...parent.querySelectorAll(what)];
  const left = all('.scroll').map((e) => e.scrollLeft), open = all('details').map((e) => e.open);
  const focused = parent.contains(document.activeElement) && document.activeElement.dataset.sort;
  parent.replaceChildren(...next.childNodes);
  all('.scroll').forEach((e, i) => { e.scrollLeft = left[i] || 0; });
  all('details').forEach((e, i) => { e.open = Boolean(open[i]); });
  for (const button of all('[data-sort]')) if (button.dataset.sort === focused) button.focus();
}
