// report.html: the run's JSON is in the page; everything else is what the live page uses.

(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const report = read('report'), series = read('series');
  const run = report.run, totals = report.totals;
  const root = document.getElementById('report-root');
  const section = (title, ...content) => el('section', {}, el('h2', {}, title), ...content);

  function head() {
    return el('header.top', {}, el('div.brand', {}, el('h1', {}, 'sfp')),
      el('div.what', {}, el('p', {}, run.target), el('p', {}, run.id)), views.badge(run.verdict),
      el('div.actions', {}, el('button', {type: 'button', onclick: () => window.print()}, 'Print')));
  }

  function kpis() {
    const kpi = (name, value, note, bad) => el('div.kpi', {}, el('span.name', {}, name), el(bad ? 'strong.bad' : 'strong', {}, value), el('span'), el('small', {}, note || '\u00a0'));
    const users = Math.max(0, ...series.total.users);
    return el('section.kpis', {},
      kpi('Users, at most', fmt.count(users)),
      kpi('Requests per second', fmt.number(totals.rps), fmt.count(totals.requests) + ' in all'),
      kpi('Failures', fmt.percent(totals.failure_pct), fmt.count(totals.failures), totals.failures > 0),
      kpi('Response time p95', fmt.ms(totals.response_ms.p95), 'median ' + fmt.ms(totals.response_ms.p50)),
      kpi('Time', fmt.clock(run.duration_s), run.interrupted ? 'interrupted' : ''),
      kpi('Workers', fmt.count(run.workers.length), run.workers.filter((w) => w.lost).length ? 'some were lost' : ''));
  }

  function facts() {
    const list = [['Run', run.id], ['Began', run.started_at], ['Target', run.target], ['Seed', String(run.seed)],
      ['Model', run.model], ['Under way at the end', fmt.count(totals.in_flight) + ' requests'],
      ['Reconnects', fmt.count(totals.reconnects)], ...(run.users_stopped ? [['Users who stopped by themselves', fmt.count(run.users_stopped)]] : []), ['sfp', run.sfp_version]];
    return el('dl.facts.panel', {}, ...list.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
  }

  const workers = () => views.table([
    {key: 'name', name: 'Worker', left: true, text: (w) => '#' + w.index + ' ' + w.name},
    {key: 'threads', name: 'Threads', text: (w) => fmt.count(w.threads)},
    {key: 'cpu', name: 'CPU most', text: (w) => fmt.percent(w.cpu_max * 100)},
    {key: 'lag', name: 'Lag p99', text: (w) => fmt.ms(w.lag_p99_ms)},
    {key: 'rejoined', name: 'Rejoined', text: (w) => fmt.count(w.rejoined)},
    {key: 'lost', name: 'Lost', text: (w) => w.lost ? el('span.bad', {}, 'yes') : 'no'}], run.workers, {}, null, null, 'workers');

  const statistics = views.statistics();
  statistics.set({window_s: run.duration_s, since_s: 0, totals, endpoints: report.endpoints});
  const timeCharts = views.timeCharts();
  const choice = el('select', {id: 'endpoint', onchange: (e) => timeCharts.set(e.target.value ? series.endpoints[e.target.value] : series.total)},
    el('option', {value: ''}, 'All endpoints'), ...Object.keys(series.endpoints).map((n) => el('option', {value: n}, n)));

  const capacity = {verdict: run.verdict, reasons: run.reasons, thresholds: report.thresholds, sweep: report.sweep};
  const capacityCharts = report.sweep ? views.capacityCharts() : null;
  root.append(head(), el('main', {}, kpis(), section('Verdict', views.verdict(capacity)),
    report.sweep ? section('Capacity', views.found(report.find), views.capacityWords(report.sweep), capacityCharts.root, views.sweepTable(report.sweep.rows)) : '',
    section('Statistics', statistics.root),
    section('Charts', el('div.bar', {}, el('label', {for: 'endpoint'}, 'Endpoint', choice), timeCharts.reset), timeCharts.root),
    section('Failures', views.failures(report, run.duration_s)), section('Workers', workers()), section('The run', facts())));
  if (capacityCharts) capacityCharts.set(report.sweep);
  timeCharts.set(series.total);
  // On paper the width is another one.
  window.addEventListener('beforeprint', () => timeCharts.set(series.total));
})();
