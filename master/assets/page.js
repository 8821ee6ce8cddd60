// The live page: listens to /events, draws what is looked at, and asks the REST interface for the rest.

(() => {
  const $ = (id) => document.getElementById(id);
  const kActive = ['waiting', 'preparing', 'starting', 'running', 'stopping', 'resuming'];
  let snap = null;
  let run = null;  // the id of the one that is shown
  const recent = {rps: [], failures: [], p95: [], users: []};

  async function ask(path, body) {
    const reply = await fetch(path, body === undefined ? {} : {
      method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify(body)});
    if (reply.status === 401) location.reload();
    const json = await reply.json();
    if (!reply.ok) throw new Error(json.error || 'the master answered ' + reply.status);
    return json;
  }

  // What went wrong stays for a while, though news come in.
  let troubleUntil = 0;
  function trouble(text, seconds = 0) {
    if (!text && Date.now() < troubleUntil) return;
    troubleUntil = Date.now() + seconds * 1000;
    $('trouble').hidden = !text;
    $('trouble').textContent = text || '';
  }

  // The series of one endpoint ('': all), asked for piece by piece.
  const series = {
    endpoint: '', data: null, busy: false,
    clear() { this.data = null; },
    async update() {
      if (this.busy || !snap || !snap.stats) return;
      this.busy = true;
      const endpoint = this.endpoint;
      try {
        const from = this.data && this.data.t.length ? this.data.t[this.data.t.length - 1] : 0;
        const query = '?from=' + from + (endpoint ? '&endpoint=' + encodeURIComponent(endpoint) : '');
        const news = await ask('/api/v1/series' + query);
        if (endpoint !== this.endpoint) return;
        if (this.data && news.step_s === this.data.step_s) {
          let keep = this.data.t.findIndex((t) => t >= news.from_s);
          if (keep < 0) keep = this.data.t.length;
          for (const [name, values] of Object.entries(news)) {
            this.data[name] = Array.isArray(values) ? this.data[name].slice(0, keep).concat(values) : values;
          }
        } else if (from > 0) {
          this.data = null;  // the steps have become longer: all of it again
        } else {
          this.data = news;
        }
      } finally {
        this.busy = false;
      }
    },
  };

  // ---- panels: {name, make() once, draw() when there is news}
  const statistics = views.statistics();
  const timeCharts = views.timeCharts();
  const capacityCharts = views.capacityCharts();
  const parts = {};
  const part = (name, what) => parts[name] = el(what);
  let logLines = [], logBusy = false, downloadsOf = null;

  const panels = {
    Statistics: {
      make: () => statistics.root,
      draw() { statistics.set(snap.stats); },
    },
    Charts: {
      make() {
        parts.endpoint = el('select', {id: 'endpoint', onchange: (e) => { series.endpoint = e.target.value; series.clear(); draw(); }});
        return el('div', {}, el('div.bar', {}, el('label', {for: 'endpoint'}, 'Endpoint', parts.endpoint), timeCharts.reset,
          el('span.hint.pointer', {}, 'Drag over a chart to zoom in, double-click to see all.')), timeCharts.root);
      },
      async draw() {
        const names = snap.stats ? snap.stats.endpoints.map((e) => e.name) : [];
        const options = [['', 'All endpoints'], ...names.map((n) => [n, n])];
        if (parts.endpoint.options.length !== options.length) {
          parts.endpoint.replaceChildren(...options.map(([value, text]) => el('option', {value, selected: value === series.endpoint}, text)));
        }
        await series.update();
        if (!series.data && snap.stats) await series.update();
        timeCharts.set(series.data || {t: [], rps: [], failures_per_s: [], p50_ms: [], p95_ms: [], p99_ms: [], users: [], heat: [], step_s: 1, end_s: 0});
      },
    },
    Capacity: {
      make() {
        capacityCharts.root.hidden = true;
        return el('div', {}, part('verdict', 'div'), part('found', 'div'), part('words', 'div'), capacityCharts.root, part('rows', 'div'));
      },
      draw() {
        if (!snap.capacity) return show(parts.verdict, el('p.empty', {}, 'Nothing has been measured yet.'));
        const sweep = snap.capacity.sweep;
        show(parts.verdict, views.verdict(snap.capacity));
        show(parts.found, views.found(snap.capacity.find));
        capacityCharts.root.hidden = !sweep;
        if (!sweep) {
          show(parts.words);
          return show(parts.rows, el('p.empty', {}, 'Where the limit is shows a sweep: a run over several numbers of users.'));
        }
        show(parts.words, views.capacityWords(sweep));
        capacityCharts.set(sweep);
        show(parts.rows, views.sweepTable(sweep.rows));
      },
    },
    Failures: {
      make: () => part('failures', 'div'),
      draw() { show(parts.failures, views.failures(snap.failures, snap.status.second)); },
    },
    Scenario: {
      make: () => part('scenario', 'div'),
      async draw() {
        if (parts.scenario.childElementCount) return;
        const config = await ask('/api/v1/config');
        show(parts.scenario, views.scenario(config.classes), el('details.panel', {}, el('summary', {}, 'The whole configuration, defaults included'), el('pre', {}, config.resolved)));
      },
    },
    Workers: {
      make: () => part('workers', 'div'),
      draw() { show(parts.workers, views.workers(snap.workers)); },
    },
    Log: {
      make() {
        parts.level = el('select', {id: 'level', onchange: () => drawLog()},
          el('option', {value: ''}, 'everything'), el('option', {value: 'warn'}, 'warnings and errors'));
        parts.log = el('ol.log.panel', {tabindex: 0, 'aria-label': 'log'});
        return el('div', {}, el('div.bar', {}, el('label', {for: 'level'}, 'Show', parts.level)), parts.log);
      },
      async draw() {
        const last = logLines.length ? logLines[logLines.length - 1].number : 0;
        if (logBusy || (snap.log_end === last && parts.log.childElementCount)) return;
        logBusy = true;
        try {
          if (snap.log_end < last) logLines = [];  // another master
          logLines = logLines.concat(await ask('/api/v1/log?after=' + (logLines.length ? last : 0))).slice(-2000);
        } finally {
          logBusy = false;
        }
        drawLog();
      },
    },
    Downloads: {
      make: () => part('downloads', 'div'),
      async draw() {
        const now = snap.status.run + snap.status.state;
        if (downloadsOf === now) return;
        downloadsOf = now;
        const runs = await ask('/api/v1/reports');
        show(parts.downloads, runs.length ? runs.map((r) => el('section.panel', {}, el('h2', {}, r.run, r.run === snap.status.run ? el('small', {}, ' this run') : null),
          r.files.length ? el('div.files', {}, ...r.files.map((f) => el('a', {href: '/api/v1/reports/' + r.run + '/' + f.name, target: f.name.endsWith('.html') ? '_blank' : null, rel: 'noopener'},
            el('span', {}, f.name), el('small', {}, fmt.bytes(f.bytes))))) : el('p.hint', {}, 'The files come at the end of the run.'))) : el('p.empty', {}, 'No run has been made here.'));
      },
    },
  };

  function drawLog() {
    const atEnd = parts.log.scrollTop + parts.log.clientHeight > parts.log.scrollHeight - 30;
    const lines = logLines.filter((l) => !parts.level.value || l.level === 'warn' || l.level === 'error');
    show(parts.log, ...lines.map((l) => el('li.' + l.level, {}, el('time', {datetime: l.time}, l.time.slice(11, 19)), el('span', {}, l.text))));
    if (atEnd) parts.log.scrollTop = parts.log.scrollHeight;
  }

  // ---- tabs
  const names = Object.keys(panels);
  let tab = names.find((n) => '#' + n.toLowerCase() === location.hash) || names[0];
  const tabs = {};
  for (const name of names) {
    const id = 'panel-' + name.toLowerCase();
    tabs[name] = el('button', {type: 'button', role: 'tab', id: 'tab-' + name.toLowerCase(), 'aria-controls': id, onclick: () => select(name)}, name);
    $('tabs').append(tabs[name]);
    panels[name].root = el('section', {id, role: 'tabpanel', 'aria-labelledby': 'tab-' + name.toLowerCase()}, panels[name].make());
    $('panels').append(panels[name].root);
  }
  $('tabs').addEventListener('keydown', (e) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[e.key];
    if (!step) return;
    e.preventDefault();
    select(names[(names.indexOf(tab) + step + names.length) % names.length]);
    tabs[tab].focus();
  });
  function select(name) {
    tab = name;
    history.replaceState(null, '', '#' + name.toLowerCase());
    for (const n of names) {
      tabs[n].setAttribute('aria-selected', n === tab);
      tabs[n].tabIndex = n === tab ? 0 : -1;
      panels[n].root.hidden = n !== tab;
    }
    tabs[tab].scrollIntoView({block: 'nearest', inline: 'nearest'});
    draw();
  }

  // ---- the head and the figures of the moment
  function drawHead() {
    const s = snap.status;
    const active = kActive.includes(s.state);
    $('target').textContent = s.target;
    $('load').textContent = s.load;
    const tone = s.state === 'running' ? 'running' : active ? 'busy' : 'neutral';
    $('state').className = 'badge ' + tone;
    $('state').textContent = s.state === 'waiting' ? `waiting for workers: ${s.workers} of ${s.workers_wanted}` : s.state;
    $('start').hidden = active;
    $('stop').hidden = !active;
    $('stop').textContent = s.state === 'stopping' ? 'End at once' : 'Stop';
    $('edit').hidden = s.state !== 'running' || !s.edits;
    $('reset').hidden = s.state !== 'running';
    const whole = s.left_s !== null ? s.second + s.left_s : null;
    $('progress').classList.toggle('on', active);
    $('progress').firstElementChild.style.width = (active && whole ? Math.min(100, s.second / whole * 100) : 0) + '%';
    document.title = (active ? fmt.number(s.rps) + '/s · ' : '') + s.state + ' · sfp';
    tabs.Failures.replaceChildren('Failures', ...(s.failures ? [el('span.count', {}, fmt.count(s.failures))] : []));
  }

  function drawKpis() {
    const s = snap.status;
    const totals = snap.stats ? snap.stats.totals : null;
    const live = kActive.includes(s.state);
    const kpi = (name, value, note, values, bad) => el('div.kpi', {}, el('span.name', {}, name), el(bad ? 'strong.bad' : 'strong', {}, value),
      values && values.length > 1 ? charts.spark(values) : el('span'), el('small', {}, note || '\u00a0'));
    const left = s.left_s !== null && live ? fmt.clock(s.left_s) + ' left'
      : s.level_left_s !== null && live ? fmt.clock(s.level_left_s) + ' left in this level' : live && !s.levels ? 'until stopped' : '';
    show($('kpis'),
      kpi(s.levels ? `Users · level ${s.level} of ${s.levels}` : 'Users', fmt.count(live ? s.users : 0), live && s.users_planned !== s.users ? 'planned ' + fmt.count(s.users_planned) : '', recent.users),
      kpi('Requests per second', fmt.number(live ? s.rps : totals ? totals.rps : null), totals ? fmt.count(s.requests) + ' in all' : '', recent.rps),
      kpi('Failures', s.requests ? fmt.percent(s.failures / s.requests * 100) : '–', fmt.count(s.failures) + (live ? ' · ' + fmt.number(s.failures_per_s) + '/s' : ''), recent.failures, s.failures > 0),
      kpi('Response time p95', fmt.ms(live && s.p95_ms !== null ? s.p95_ms : totals ? totals.response_ms.p95 : null), totals ? 'median ' + fmt.ms(totals.response_ms.p50) : '', recent.p95),
      kpi('Time', fmt.clock(s.second), left),
      kpi('Workers', fmt.count(s.workers), s.workers_lost ? s.workers_lost + ' lost' : 'of ' + s.workers_wanted + ' wanted', null, s.workers_lost > 0));
  }

  function note() {
    const s = snap.status;
    if (s.state !== 'running') return;
    const add = (list, value) => { list.push(value || 0); if (list.length > 60) list.shift(); };
    add(recent.rps, s.rps);
    add(recent.failures, s.failures_per_s);
    add(recent.p95, s.p95_ms);
    add(recent.users, s.users);
  }

  let drawing = false;
  async function draw() {
    if (!snap || drawing || document.hidden) return;
    drawing = true;
    try {
      drawHead();
      drawKpis();
      await panels[tab].draw();
    } catch (error) {
      if (source && source.readyState === EventSource.OPEN) trouble(error.message);
    } finally {
      drawing = false;
    }
  }

  // ---- dialogs
  async function act(path, body) {
    try {
      const status = await ask(path, body);
      if (snap) snap.status = status;
      draw();
    } catch (error) {
      trouble(error.message, 8);
    }
  }

  function dialog(id, opener, open, values) {
    const box = $(id), form = box.querySelector('form'), error = box.querySelector('.error');
    $(opener).addEventListener('click', async () => {
      error.textContent = '';
      try { await open(form); } catch (e) { error.textContent = e.message; }
      box.showModal();
    });
    box.querySelector('[data-close]').addEventListener('click', () => box.close());
    form.addEventListener('submit', async (e) => {
      e.preventDefault();
      const send = form.querySelector('[type=submit]');
      send.disabled = true;
      try {
        const status = await ask(values.path, values.read(form));
        if (snap) snap.status = status;
        box.close();
        draw();
      } catch (problem) {
        error.textContent = problem.message;
      }
      send.disabled = false;
    });
  }

  function showKind(form, kind) {
    for (const f of form.querySelectorAll('[data-kind]')) f.hidden = f.dataset.kind !== kind;
  }
  $('start-dialog').addEventListener('change', (e) => { if (e.target.name === 'kind') showKind(e.currentTarget, e.target.value); });
  let defaultsShown = false;
  dialog('start-dialog', 'start', async (form) => {
    const d = await ask('/api/v1/config');
    $('configured').textContent = d.load;
    if (defaultsShown) return;  // what was typed last time stays
    defaultsShown = true;
    const put = (name, value) => { form.elements[name].value = value === null || value === undefined ? '' : value; };
    put('host', d.host);
    put('users', d.kind === 'constant' ? d.users : 10);
    put('spawn_rate', d.kind === 'constant' ? d.spawn_rate : 10);
    put('run_time', d.kind === 'constant' ? d.run_time : '1m');
    put('sweep', d.sweep.length ? d.sweep.join(', ') : '10, 20, 50, 100');
    put('step_time', d.step_time || 'auto');
    put('rate', d.rate === null ? '10/s' : d.rate + '/s');
    put('arrivals_run_time', d.kind === 'arrivals' ? d.run_time : '1m');
    form.elements.kind.value = d.kind === 'stages' ? 'configured' : d.kind;
    showKind(form, form.elements.kind.value);
  }, {path: '/api/v1/start', read(form) {
    const f = form.elements, out = {};
    const take = (name, field) => { const v = f[field || name].value.trim(); if (v) out[name] = v; };
    take('host');
    if (f.kind.value === 'constant') { out.users = f.users.value.trim(); take('spawn_rate'); take('run_time'); }
    if (f.kind.value === 'sweep') { out.sweep = f.sweep.value.trim(); take('step_time'); }
    if (f.kind.value === 'arrivals') { out.rate = f.rate.value.trim(); take('run_time', 'arrivals_run_time'); }
    return out;
  }});
  dialog('edit-dialog', 'edit', (form) => {
    showKind(form, snap.status.edits);
    form.elements.users.value = snap.status.users_planned;
    form.elements.rate.value = fmt.number(snap.status.rps);
  }, {path: '/api/v1/edit', read(form) {
    const f = form.elements;
    if (snap.status.edits === 'rate') return {rate: f.rate.value.trim()};
    const out = {users: f.users.value.trim()};
    if (f.spawn_rate.value.trim()) out.spawn_rate = f.spawn_rate.value.trim();
    return out;
  }});
  $('stop').addEventListener('click', () => act('/api/v1/stop', {}));
  $('reset').addEventListener('click', () => act('/api/v1/reset', {}));

  // ---- colours: the system's, light, dark
  const themes = [['', '◐', 'as the system'], ['light', '☀', 'light'], ['dark', '☾', 'dark']];
  function setTheme(value) {
    const [name, sign, text] = themes.find(([n]) => n === value) || themes[0];
    if (name) document.documentElement.dataset.theme = name;
    else delete document.documentElement.dataset.theme;
    $('theme').textContent = sign;
    $('theme').setAttribute('aria-label', 'Colours: ' + text);
    $('theme').title = 'Colours: ' + text;
    try { localStorage.setItem('sfp-theme', name); } catch { /* private windows may refuse */ }
  }
  let stored = '';
  try { stored = localStorage.getItem('sfp-theme') || ''; } catch { /* the same */ }
  setTheme(stored);
  $('theme').addEventListener('click', () => {
    const at = themes.findIndex(([n]) => n === (document.documentElement.dataset.theme || ''));
    setTheme(themes[(at + 1) % themes.length][0]);
  });

  // ---- news
  let source = null;
  function listen() {
    source = new EventSource('/events');
    source.onmessage = (e) => {
      snap = JSON.parse(e.data);
      if (snap.status.run !== run) {
        run = snap.status.run;
        series.clear();
        for (const list of Object.values(recent)) list.length = 0;
      }
      trouble('');
      note();
      draw();
    };
    source.onerror = () => {
      trouble('The master does not answer. Trying again…');
      if (source.readyState === EventSource.CLOSED) setTimeout(() => ask('/api/v1/status').catch(() => {}).then(listen), 2000);
    };
  }
  window.addEventListener('hashchange', () => { const name = names.find((n) => '#' + n.toLowerCase() === location.hash); if (name) select(name); });
  document.addEventListener('visibilitychange', () => draw());
  select(tab);
  listen();
})();
