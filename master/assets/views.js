// What the live page and report.html show alike, each made of the JSON of report.json's sections.

const views = (() => {
  const kVerdictText = {
    valid: 'The figures describe the target.',
    degraded: 'The figures count, but the load was not quite what was asked for.',
    invalid: 'The figures do not describe the target.',
  };
  const verdictMark = {valid: '✓', degraded: '!', invalid: '✗'};

  const badge = (verdict) => el('span.badge.' + verdict, {}, (verdictMark[verdict] || '…') + ' ' + verdict);

  // A table whose head sorts. columns: {key, name, title, text(row), value(row), left}
  function table(columns, rows, order, onsort, foot, label) {
    const sorted = rows.slice();
    const by = columns.find((c) => c.key === order.key);
    if (by) {
      const value = by.value || by.text;
      sorted.sort((a, b) => {
        const x = value(a), y = value(b);
        const c = typeof x === 'string' ? x.localeCompare(y, 'en', {numeric: true}) : (x ?? -1) - (y ?? -1);
        return order.down ? -c : c;
      });
    }
    const cell = (c, row, kind) => el((kind || 'td') + (c.left ? '.left' : ''), kind ? {scope: 'row'} : {}, c.text(row));
    const head = columns.map((c) => el('th' + (c.left ? '.left' : ''),
      {scope: 'col', title: c.title || null, 'aria-sort': order.key === c.key ? (order.down ? 'descending' : 'ascending') : null},
      onsort ? el('button', {type: 'button', 'data-sort': c.key}, c.name) : c.name));
    const line = (row) => el('tr', {}, ...columns.map((c, i) => cell(c, row, i === 0 ? 'th' : null)));
    return el('div.scroll', {tabindex: 0, role: 'region', 'aria-label': label || 'table'}, el('table', {},
      el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...sorted.map(line)),
      foot ? el('tfoot', {}, line(foot)) : null));
  }

  const ms = (key) => ({text: (e) => fmt.ms(e.response_ms[key]), value: (e) => e.response_ms[key]});
  function statisticsColumns(seconds) {
    const perSecond = (count) => seconds > 0 ? count / seconds : null;
    return [
      {key: 'name', name: 'Name', left: true, value: (e) => e.name,
       text: (e) => e.method ? el('span.endpoint', {}, el('small', {}, e.method), ' ' + e.name + (e.apart ? ' (apart)' : '')) : e.name},
      {key: 'requests', name: 'Requests', title: 'completed: succeeded and failed', text: (e) => fmt.count(e.requests), value: (e) => e.requests},
      {key: 'failures', name: 'Fails', value: (e) => e.failures,
       text: (e) => e.failures ? el('span.bad', {}, fmt.count(e.failures) + ' ', el('small', {}, fmt.percent(e.failure_pct))) : '0'},
      {key: 'p50', name: 'Median', ...ms('p50')},
      {key: 'p95', name: 'p95', ...ms('p95')},
      {key: 'p99', name: 'p99', ...ms('p99')},
      {key: 'avg', name: 'Average', ...ms('avg')},
      {key: 'min', name: 'Min', ...ms('min')},
      {key: 'max', name: 'Max', ...ms('max')},
      {key: 'bytes', name: 'Bytes', title: 'received per request, on average',
       text: (e) => e.requests ? fmt.bytes(Math.round(e.bytes_received / e.requests)) : '–', value: (e) => e.requests ? e.bytes_received / e.requests : null},
      {key: 'rps', name: 'Req/s', title: 'over the newest seconds while the run is on, else over all of it',
       text: (e) => fmt.number(e.rps_now ?? e.rps), value: (e) => e.rps_now ?? e.rps},
      {key: 'fps', name: 'Fails/s', text: (e) => fmt.number(e.failures_per_s_now ?? perSecond(e.failures)),
       value: (e) => e.failures_per_s_now ?? perSecond(e.failures)},
    ];
  }

  // stats: {window_s, since_s, totals, endpoints}
  function statistics(stats, order, onsort) {
    if (!stats) return el('p.empty', {}, 'Nothing has been measured yet.');
    const notes = [];
    const sum = (key) => stats.endpoints.reduce((n, e) => n + (!e.apart && e[key] || 0), 0);
    if (stats.since_s > 0) notes.push('counted since second ' + fmt.number(stats.since_s) + '; the report covers the whole run');
    if (sum('skipped')) notes.push(fmt.count(sum('skipped')) + ' tasks skipped for want of a collected value');
    if (sum('dropped')) notes.push(fmt.count(sum('dropped')) + ' arrivals dropped: all users were busy');
    if (sum('reconnects')) notes.push(fmt.count(sum('reconnects')) + ' idle connections found closed and replaced');
    return el('div', {}, table(statisticsColumns(stats.window_s), stats.endpoints, order, onsort, stats.totals, 'statistics per endpoint'),
      notes.length ? el('p.hint', {}, notes.join(' · ')) : null);
  }

  // Charts of a series; set(series) shows it, zoomed or not.
  function timeCharts() {
    const group = [];
    const onzoom = (range) => {
      for (const c of group) { c.zoom = range; c.render(); }
      reset.hidden = range === null;
    };
    const reset = el('button.quiet', {type: 'button', hidden: true, onclick: () => onzoom(null)}, 'Show the whole run');
    const make = (kind, spec) => {
      const chart = new kind({time: true, group, onzoom, ...spec});
      group.push(chart);
      return chart;
    };
    const perSecond = (v) => fmt.number(v) + '/s';
    const rate = make(charts.Lines, {title: 'Requests per second', unit: perSecond});
    const latency = make(charts.Lines, {title: 'Response time', unit: fmt.ms, axis: fmt.axisMs, log: true});
    const users = make(charts.Lines, {title: 'Users', unit: (v) => fmt.number(v)});
    const heat = make(charts.Heat, {title: 'Response time, every request', note: 'the stronger the colour, the more'});
    const root = el('div.charts', {}, ...group.map((c) => c.root));
    return {root, reset, set(s) {
      const x = s.t;
      rate.set({x, end: s.end_s, lines: [{name: 'requests', color: 'c1', values: s.rps, area: true},
                                         {name: 'failures', color: 'bad', values: s.failures_per_s, area: true}]});
      latency.set({x, end: s.end_s, lines: [{name: 'median', color: 'c1', values: s.p50_ms},
        {name: 'p95', color: 'c2', values: s.p95_ms}, {name: 'p99', color: 'c3', values: s.p99_ms}]});
      users.set({x, end: s.end_s, lines: [{name: 'users', color: 'c1', values: s.users, area: true}]});
      heat.root.hidden = !s.heat;
      if (s.heat) heat.set({x, heat: s.heat, step: s.step_s, end: s.end_s});
    }};
  }

  // Throughput and response time (s) of N users at c servers of S seconds, who think Z seconds: the
  // exact closed queue, states weighed in logarithms.
  function closedQueue(n, c, s, z) {
    const weights = [0];
    let most = 0;
    for (let k = 0; k < n; ++k) {
      weights.push(weights[k] + Math.log((n - k) / z * s / Math.min(k + 1, c)));
      most = Math.max(most, weights[k + 1]);
    }
    let sum = 0, busy = 0;
    weights.forEach((w, k) => {
      const p = Math.exp(w - most);
      sum += p;
      busy += p * Math.min(k, c);
    });
    const rps = busy / sum / s;
    return {rps, response: n / rps - z};
  }

  // The fitted queue at some forty numbers of users; null without a fit.
  function fittedCurve(sweep) {
    const fit = sweep.fit;
    if (!fit || !fit.servers || !sweep.rows.length) return null;
    const s = fit.service_ms / 1000, c = fit.servers;
    const z = fit.knee_users * s / c - s;
    const ns = sweep.rows.map((r) => r.users);
    const low = Math.min(...ns), high = Math.max(...ns);
    if (!(z > 0) || high > 50000) return null;
    const users = new Set(ns);
    for (let i = 0; i <= 40; ++i) users.add(Math.round(low * (high / low) ** (i / 40)));
    const x = [...users].sort((a, b) => a - b);
    return {x, at: new Map(x.map((n) => [n, closedQueue(n, c, s, z)]))};
  }

  function capacityCharts() {
    const spec = {xText: (v) => fmt.count(v) + ' users'};
    const rps = new charts.Lines({title: 'Throughput', note: 'over users', unit: (v) => fmt.number(v) + '/s', ...spec});
    const response = new charts.Lines({title: 'Response time', note: 'over users', unit: fmt.ms, axis: fmt.axisMs, ...spec});
    let known = '', curve = null;
    return {root: el('div.charts', {}, rps.root, response.root), set(sweep) {
      const text = JSON.stringify([sweep.fit, sweep.rows.map((r) => r.users)]);
      if (text !== known) { known = text; curve = fittedCurve(sweep); }
      const rows = new Map(sweep.rows.map((r) => [r.users, r]));
      const x = [...new Set([...(curve ? curve.x : []), ...rows.keys()])].sort((a, b) => a - b);
      const measured = (key) => x.map((n) => rows.has(n) ? rows.get(n)[key] : null);
      const fitted = (value) => x.map((n) => curve && curve.at.has(n) ? value(curve.at.get(n)) : null);
      const marks = x.map((n) => rows.has(n) ? rows.get(n).verdict : null);
      const knee = sweep.fit && sweep.fit.knee_users ? [{x: sweep.fit.knee_users, text: 'knee ' + fmt.number(sweep.fit.knee_users)}] : [];
      const logX = x.length > 1 && x[x.length - 1] / x[0] > 20;
      const ci = curve && sweep.fit.max_rps_ci95 && sweep.fit.max_rps;
      for (const chart of [rps, response]) { chart.spec.logX = logX; chart.spec.xLow = x.length ? x[0] : 0; }
      const limit = ci ? [{name: 'limit', color: 'c3', dash: true, quiet: true, values: x.map(() => sweep.fit.max_rps),
                           band: [x.map(() => sweep.fit.max_rps_ci95[0]), x.map(() => sweep.fit.max_rps_ci95[1])]}] : [];
      const fit = (values) => curve ? [{name: 'fitted queue', color: 'c2', values}] : [];
      rps.set({x, verticals: knee, lines: [...limit, ...fit(fitted((q) => q.rps)),
        {name: 'measured', color: 'c1', points: true, marks, values: measured('rps')}]});
      response.set({x, verticals: knee, lines: [...fit(fitted((q) => q.response * 1000)),
        {name: 'p95', color: 'c3', points: true, values: measured('p95_ms')},
        {name: 'average', color: 'c1', points: true, marks, values: measured('avg_ms')}]});
    }};
  }

  const range = (ci, text) => ci ? text(ci[0]) + ' to ' + text(ci[1]) : null;

  function card(name, value, note) {
    return el('div.card', {}, el('span.name', {}, name), el('strong', {}, value), note ? el('small', {}, note) : null);
  }

  // What the sweep says, in figures and in words.
  function capacityWords(sweep) {
    const fit = sweep.fit || {};
    const perSecond = (v) => fmt.number(v) + '/s';
    const cards = fit.max_rps ? el('div.cards', {},
      card('Most throughput', perSecond(fit.max_rps), range(fit.max_rps_ci95, perSecond)),
      card('Knee', fmt.number(fit.knee_users) + ' users', 'above it requests wait'),
      card('Served at once', fmt.number(fit.servers), range(fit.servers_ci95, fmt.number)),
      card('Time of one', fmt.ms(fit.service_ms), 'without waiting')) : null;
    return el('div', {}, cards, fit.says && fit.says.length ? el('ul.says', {}, ...fit.says.map((s) => el('li', {}, s))) : null);
  }

  function sweepTable(rows) {
    const plain = (key, name, text) => ({key, name, text: (r) => text(r[key])});
    const columns = [plain('users', 'Users', fmt.count), plain('requests', 'Requests', fmt.count), plain('failures', 'Fails', fmt.count),
      plain('failure_pct', 'Fails %', fmt.number), plain('avg_ms', 'Average', fmt.ms), plain('rps', 'Req/s', fmt.number),
      plain('p50_ms', 'Median', fmt.ms), plain('p95_ms', 'p95', fmt.ms), plain('p99_ms', 'p99', fmt.ms),
      plain('in_flight', 'In flight', fmt.count),
      {key: 'little', name: "Little's law", title: 'throughput × (response + think time) ÷ users: 1 when the figures explain the users',
       text: (r) => fmt.number(r.little_ratio)},
      {key: 'verdict', name: 'Verdict', left: true, text: (r) => r.reasons && r.reasons.length
        ? el('details', {}, el('summary', {}, badge(r.verdict)), el('ul', {}, ...r.reasons.map((x) => el('li', {}, x)))) : badge(r.verdict)}];
    return table(columns, rows, {}, null, null, 'levels of the sweep');
  }

  function verdict(capacity) {
    const reasons = capacity.reasons || [];
    const thresholds = capacity.thresholds || [];
    return el('div.verdict.' + capacity.verdict, {},
      el('p', {}, badge(capacity.verdict), ' ', kVerdictText[capacity.verdict]),
      reasons.length ? el('ul', {}, ...reasons.map((r) => el('li', {}, r))) : null,
      thresholds.length ? el('ul.thresholds', {}, ...thresholds.map((t) => el('li.' + (t.held ? 'held' : 'broken'), {},
        (t.held ? '✓ ' : '✗ ') + t.text, el('small', {}, ' ' + (t.value === null ? 'not measured' : t.sentence || 'measured: ' + fmt.number(t.value)))))) : null);
  }

  // Failures of one class and message as one card, its endpoints in it.
  function failures(data, duration) {
    if (!data || !data.failures.length) return el('p.empty', {}, 'No request has failed.');
    const groups = new Map();
    for (const f of data.failures) {
      const key = f.class + '\n' + f.message + '\n' + (f.cause || '');
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(f);
    }
    const all = data.failures.reduce((n, f) => n + f.count, 0);
    const total = (list) => list.reduce((n, f) => n + f.count, 0);
    const cards = [...groups.values()].sort((a, b) => total(b) - total(a)).map((list) => {
      const first = Math.min(...list.map((f) => f.first_s)), last = Math.max(...list.map((f) => f.last_s));
      return el('article.failure', {},
        el('header', {}, el('h3', {}, list[0].message), el('span.count', {}, fmt.count(total(list)) + ' × ', el('small', {}, fmt.percent(total(list) / all * 100) + ' of failures'))),
        el('p.meta', {}, el('code', {}, list[0].class), ' while in ' + [...new Set(list.map((f) => f.phase))].join(', ').replace('_', ' '),
          ' · first ' + fmt.clock(first) + ', last ' + fmt.clock(last)),
        timeline(first, last, duration),
        list[0].cause ? el('p.cause', {}, list[0].cause, list[0].remedy ? el('small', {}, list[0].remedy) : null) : null,
        ...evidence(list),
        el('ul.where', {}, ...list.map((f) => el('li', {}, el('b', {}, f.endpoint), ' ' + fmt.count(f.count)))));
    });
    const inferred = (data.inferred || []).map((i) => el('li', {}, el('code', {}, i.what), ' = ' + fmt.number(i.value),
      el('small', {}, ' from ' + fmt.count(i.evidence) + ' failures')));
    return el('div', {}, inferred.length ? el('div.inferred', {}, el('h3', {}, 'What the failures tell of the target'), el('ul', {}, ...inferred)) : null, ...cards);
  }

  // From when to when, as a bar over the run's length.
  function timeline(first, last, duration) {
    if (!(duration > 0)) return null;
    const x = Math.min(99, first / duration * 100), width = Math.max(1, Math.min(100 - x, (last - first) / duration * 100));
    return svg('svg.timeline', {viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
      svg('rect.all', {width: 100, height: 4}), svg('rect.part', {x, width, height: 4}));
  }

  function evidence(list) {
    const found = list.flatMap((f) => f.evidence || []).slice(0, 3);
    if (!found.length) return [];
    const text = (e) => typeof e === 'string' ? e : Object.entries(e).filter(([, v]) => v !== null && v !== false && v !== 0)
      .map(([k, v]) => k.replaceAll('_', ' ') + (v === true ? '' : ' ' + (typeof v === 'number' ? fmt.number(v) : v))).join(', ');
    return [el('ul.evidence', {}, ...found.map((e) => el('li', {}, text(e))))];
  }

  function workers(list) {
    if (!list.length) return el('p.empty', {}, 'No worker has joined.');
    const columns = [
      {key: 'name', name: 'Worker', left: true, text: (w) => '#' + w.index + ' ' + w.name},
      {key: 'state', name: 'State', left: true, text: (w) => el('span.badge.' + ({running: 'valid', ready: 'neutral', lost: 'invalid', gone: 'invalid'}[w.state]), {}, w.state)},
      {key: 'users', name: 'Users', text: (w) => fmt.count(w.users)},
      {key: 'in_flight', name: 'In flight', text: (w) => fmt.count(w.in_flight)},
      {key: 'threads', name: 'Threads', text: (w) => fmt.count(w.threads)},
      {key: 'cpu', name: 'CPU', title: 'share of its cores in the newest second', text: (w) => w.cpu === null ? '–' : meter(w.cpu)},
      {key: 'cpu_max', name: 'CPU most', text: (w) => w.cpu_max === null ? '–' : fmt.percent(w.cpu_max * 100)},
      {key: 'lag', name: 'Lag p99', title: 'how late planned wake-ups ran', text: (w) => fmt.ms(w.lag_p99_ms)},
      {key: 'offset', name: 'Clock offset', text: (w) => (w.clock_offset_ms > 0 ? '+' : '') + fmt.number(w.clock_offset_ms) + ' ms'},
      {key: 'trip', name: 'Round trip', text: (w) => fmt.ms(w.round_trip_ms)},
      {key: 'seen', name: 'Last seen', text: (w) => w.seen_s < 3 ? 'now' : fmt.number(w.seen_s) + ' s ago'},
      {key: 'peer', name: 'Address', left: true, text: (w) => w.peer}];
    return table(columns, list, {}, null, null, 'workers');
  }

  function meter(share) {
    const percent = Math.round(share * 100);
    return el('span.meter', {}, svg('svg', {viewBox: '0 0 40 6', 'aria-hidden': 'true'}, svg('rect.all', {width: 40, height: 6, rx: 3}),
      svg('rect.part' + (share > 0.9 ? '.bad' : ''), {width: Math.min(40, share * 40), height: 6, rx: 3})), ' ' + percent + ' %');
  }

  return {statistics, timeCharts, capacityCharts, capacityWords, sweepTable, verdict, failures, workers, card, badge};
})();
