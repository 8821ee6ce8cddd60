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

  // The table of endpoints, which sorts and, of many, shows those looked for.
  // set({window_s, since_s, totals, endpoints})
  function statistics() {
    let stats = null, order = {key: 'name', down: false};
    const body = el('div');
    const search = el('input', {type: 'search', placeholder: 'Find an endpoint', 'aria-label': 'Find an endpoint', oninput: () => draw()});
    const bar = el('div.bar', {hidden: true}, search);
    body.addEventListener('click', (e) => {
      const key = e.target.dataset && e.target.dataset.sort;
      if (!key) return;
      order = {key, down: order.key === key ? !order.down : key !== 'name'};
      draw();
    });
    function draw() {
      if (!stats) return show(body, el('p.empty', {}, 'Nothing has been measured yet.'));
      bar.hidden = stats.endpoints.length < 8;
      const wanted = bar.hidden ? '' : search.value.trim().toLowerCase();
      const rows = stats.endpoints.filter((e) => ((e.method || '') + ' ' + e.name).toLowerCase().includes(wanted));
      const notes = [];
      const sum = (key) => stats.endpoints.reduce((n, e) => n + (!e.apart && e[key] || 0), 0);
      if (wanted) notes.push(fmt.count(rows.length) + ' of ' + fmt.count(stats.endpoints.length) + ' endpoints; the last line is of all');
      if (stats.since_s > 0) notes.push('counted since second ' + fmt.number(stats.since_s) + '; the report covers the whole run');
      if (sum('skipped')) notes.push(fmt.count(sum('skipped')) + ' tasks skipped for want of a collected value');
      if (sum('dropped')) notes.push(fmt.count(sum('dropped')) + ' arrivals dropped: all users were busy');
      if (sum('reconnects')) notes.push(fmt.count(sum('reconnects')) + ' idle connections found closed and replaced');
      show(body, table(statisticsColumns(stats.window_s), rows, order, true, stats.totals, 'statistics per endpoint'),
        notes.length ? el('p.hint', {}, notes.join(' · ')) : null);
    }
    return {root: el('div', {}, bar, body), set(s) { stats = s; draw(); }};
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

  // Of a row: its users or, in a search over rates, its arrivals per second.
  const loadOf = (r) => r.rate == null ? r.users : r.rate;

  // What was measured, and the fitted queue through it.
  function capacityCharts() {
    let ofRates = false;
    const spec = {xText: (v) => ofRates ? fmt.number(v) + ' arrivals/s' : fmt.count(v) + ' users'};
    const rps = new charts.Lines({title: 'Throughput', note: 'over the load', unit: (v) => fmt.number(v) + '/s', ...spec});
    const response = new charts.Lines({title: 'Response time', note: 'over the load', unit: fmt.ms, axis: fmt.axisMs, ...spec});
    return {root: el('div.charts', {}, rps.root, response.root), set(sweep) {
      const fit = sweep.fit || {};
      ofRates = sweep.rows.some((r) => r.rate != null);
      const rows = new Map(sweep.rows.map((r) => [loadOf(r), r]));
      const curve = new Map((fit.curve || []).map((p) => [p.users, p]));
      const x = [...new Set([...curve.keys(), ...rows.keys()])].sort((a, b) => a - b);
      const of = (points, key) => x.map((n) => points.has(n) ? points.get(n)[key] : null);
      const marks = of(rows, 'verdict').map((v) => v === 'degraded' || v === 'invalid' ? v : null);  // else as in the legend
      const verticals = fit.knee_users ? [{x: fit.knee_users, text: 'knee ' + fmt.number(fit.knee_users)}] : [];
      const logX = x.length > 1 && x[x.length - 1] / x[0] > 20;
      for (const chart of [rps, response]) chart.spec.logX = logX;
      const most = x.length ? x[x.length - 1] : 1;
      const axis = {x, verticals, ticks: [...rows.keys()].sort((a, b) => a - b), low: logX ? x[0] / 1.15 : 0, end: most * (logX ? 1.15 : 1.03)};
      const ci = curve.size > 0 && fit.max_rps_ci95 && fit.max_rps;
      const limit = ci ? [{name: 'limit', color: 'c3', dash: true, quiet: true, values: x.map(() => fit.max_rps),
                           band: [x.map(() => fit.max_rps_ci95[0]), x.map(() => fit.max_rps_ci95[1])]}] : [];
      const fitted = (key) => curve.size ? [{name: 'fitted queue', color: 'c2', values: of(curve, key)}] : [];
      rps.set({...axis, lines: [...limit, ...fitted('rps'),
        {name: 'measured', color: 'c1', points: true, marks, values: of(rows, 'rps')}]});
      response.set({...axis, lines: [...fitted('avg_ms'), {name: 'p95', color: 'c3', points: true, values: of(rows, 'p95_ms')},
        {name: 'average', color: 'c1', points: true, marks, values: of(rows, 'avg_ms')}]});
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

  // What a search for the most users, or arrivals, has found so far.
  function found(find) {
    if (!find) return null;
    const most = find.rate == null ? ['Most users', fmt.count(find.users), range(find.users_ci95, fmt.count)]
      : ['Most arrivals/s', fmt.number(find.rate), range(find.rate_ci95, fmt.number)];
    return el('div', {}, el('div.cards', {},
      card(most[0] + (find.done ? '' : ' so far'), most[1], most[2]),
      card('Goal', find.goal), card('Steps', fmt.count(find.steps), find.done ? 'done' : 'searching')),
      find.says.length ? el('ul.says', {}, ...find.says.map((s) => el('li', {}, s))) : null);
  }

  // Who does what how often: the weights as shares.
  function scenario(classes) {
    const sum = (list) => list.reduce((n, x) => n + x.weight, 0);
    const weighed = classes.filter((c) => !c.count);
    const users = (c) => c.count ? fmt.count(c.count) + ' users'
      : fmt.percent(c.weight / sum(weighed) * 100) + (weighed.length < classes.length ? ' of the other users' : ' of the users');
    return el('div', {}, ...classes.map((c) => {
      const also = [['on_start', 'first'], ['on_stop', 'last']].filter(([key]) => c[key].length).map(([key, when]) => when + ': ' + c[key].join(', '));
      const columns = [{key: 'name', name: 'Task', left: true, text: (t) => t.name}, {key: 'weight', name: 'Weight', text: (t) => fmt.count(t.weight)},
        {key: 'share', name: 'Of its tasks', text: (t) => t.weight ? meter(t.weight / sum(c.tasks)) : 'only first or last'}];
      return el('section', {}, el('h2.class', {}, c.name, el('small', {}, ' ' + users(c) + (also.length ? ' · ' + also.join(' · ') : ''))),
        table(columns, c.tasks, {}, null, null, 'tasks of ' + c.name));
    }));
  }

  function sweepTable(rows) {
    const plain = (key, name, text) => ({key, name, text: (r) => text(r[key])});
    const ofRates = rows.some((r) => r.rate != null);
    const columns = [ofRates ? plain('rate', 'Arrivals/s', fmt.number) : plain('users', 'Users', fmt.count), plain('requests', 'Requests', fmt.count), plain('failures', 'Fails', fmt.count),
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

  const kPhase = {blocked: 'waiting for a connection', dns: 'looking up the name', connect: 'connecting', tls: 'agreeing on TLS',
    send: 'sending the request', first_byte: 'waiting for the answer', body: 'reading the answer'};

  // Failures of one class and message as one card, its endpoints in it; what has no cause yet as the first one.
  function failures(data, duration) {
    const warned = warnings((data && data.warnings) || []);
    if (!data || !data.failures.length) return warned ? el('div', {}, el('p.empty', {}, 'No request has failed.'), warned) : el('p.empty', {}, 'No request has failed.');
    const total = (list) => list.reduce((n, f) => n + f.count, 0);
    const all = total(data.failures);
    const count = (list) => el('span.count', {}, fmt.count(total(list)) + ' × ', el('small', {}, fmt.percent(total(list) / all * 100) + ' of failures'));
    const news = data.failures.filter((f) => f.cause === null);
    const groups = new Map();
    for (const f of data.failures) {
      if (f.cause === null) continue;
      const key = f.class + '\n' + f.message + '\n' + f.cause;
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(f);
    }
    const cards = [...groups.values()].sort((a, b) => total(b) - total(a)).map((list) => {
      const first = Math.min(...list.map((f) => f.first_s)), last = Math.max(...list.map((f) => f.last_s));
      return el('article.failure', {},
        el('header', {}, el('h3', {}, list[0].message), count(list)),
        el('p.meta', {}, el('code', {}, list[0].class), ' while ' + [...new Set(list.map((f) => kPhase[f.phase] || f.phase))].join(', '),
          ' · first ' + fmt.clock(first) + ', last ' + fmt.clock(last)),
        timeline(first, last, duration),
        el('p.cause', {}, list[0].cause, list[0].remedy ? el('small', {}, list[0].remedy) : null),
        evidence(list),
        el('ul.where', {}, ...list.map((f) => el('li', {}, el('b', {}, f.endpoint), ' ' + fmt.count(f.count)))));
    });
    const unexplained = news.length ? el('article.failure.news', {},
      el('header', {}, el('h3', {}, cards.length ? 'Newly come' : 'Just come'), count(news)),
      el('p.meta', {}, 'What caused these is looked into from time to time, and at the end.'),
      el('ul.where', {}, ...news.map((f) => el('li', {}, el('b', {}, f.endpoint), ' ' + f.message + ' ', el('b', {}, fmt.count(f.count)))))) : null;
    const inferred = (data.inferred || []).map((i) => el('li', {}, i.says, el('small', {}, ' from ' + fmt.count(i.evidence) + ' connections')));
    return el('div', {}, inferred.length ? el('div.inferred', {}, el('h3', {}, 'What the connections tell of the target'), el('ul', {}, ...inferred)) : null, unexplained, ...cards, warned);
  }

  // Successes that were not as expected, where the scenario only warns.
  function warnings(list) {
    if (!list.length) return null;
    return el('div.inferred', {}, el('h3', {}, 'Warnings: successes that were not as expected'),
      el('ul', {}, ...list.map((w) => el('li', {}, el('b', {}, w.endpoint), ' ' + w.message, el('small', {}, ' ' + fmt.count(w.count) + ' ×')))));
  }

  // From when to when, as a bar over the run's length.
  function timeline(first, last, duration) {
    if (!(duration > 0)) return null;
    const x = Math.min(99, first / duration * 100), width = Math.max(1, Math.min(100 - x, (last - first) / duration * 100));
    return svg('svg.timeline', {viewBox: '0 0 100 4', preserveAspectRatio: 'none', 'aria-hidden': 'true'},
      svg('rect.all', {width: 100, height: 4}), svg('rect.part', {x, width, height: 4}));
  }

  function evidence(list) {
    const found = list.filter((f) => f.evidence).slice(0, 3);
    return found.length ? el('ul.evidence', {}, ...found.map((f) => el('li', {}, f.evidence))) : null;
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
      {key: 'wall', name: 'Wall clock', title: 'against the master\'s when it joined; no figure uses it', text: wallClock},
      {key: 'seen', name: 'Last seen', text: (w) => w.seen_s < 3 ? 'now' : fmt.number(w.seen_s) + ' s ago'},
      {key: 'peer', name: 'Address', left: true, text: (w) => w.peer}];
    return table(columns, list, {}, null, null, 'workers');
  }

  function wallClock(w) {
    const signed = (s) => (s > 0 ? '+' : '') + fmt.number(s) + ' s';
    const notes = [w.clock_stepped_s ? 'stepped ' + signed(w.clock_stepped_s) : '', w.suspended_s ? 'asleep ' + fmt.number(w.suspended_s) + ' s' : ''].filter((n) => n);
    return el('span', {}, w.wall_clock_offset_s === null ? '–' : signed(w.wall_clock_offset_s), notes.length ? el('span.bad', {}, ' ' + notes.join(', ')) : null);
  }

  function meter(share) {
    const percent = Math.round(share * 100);
    return el('span.meter', {}, svg('svg', {viewBox: '0 0 40 6', 'aria-hidden': 'true'}, svg('rect.all', {width: 40, height: 6, rx: 3}),
      svg('rect.part' + (share > 0.9 ? '.bad' : ''), {width: Math.min(40, share * 40), height: 6, rx: 3})), ' ' + percent + ' %');
  }

  return {found, scenario, table, statistics, timeCharts, capacityCharts, capacityWords, sweepTable, verdict, failures, workers, badge};
})();
