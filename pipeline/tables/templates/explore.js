(d => {
const $ = id => d.getElementById(id), D = JSON.parse($('data').textContent);
const NS = 'http://www.w3.org/2000/svg', pens = d.createElement('canvas').getContext('2d');
const FONT = '"Liberation Sans", Arial, Helvetica, sans-serif';
const byId = (list, id) => list.find(each => each.id === id);
const dims = Object.fromEntries(D.dimensions.map(x => [x.id, x]));
let now = {}, marks = [];

// Words
const one = n => (Math.round(n * 10) / 10).toFixed(1);
const share = v => { const p = Math.round(v * 100);
  return v > 0 && v < .005 ? '<1%' : v < 1 && v > .995 ? '>99%' : p + '%' };
const show = (term, v) => term === 'mean' ? one(v) : share(v);
const number = n => n.toLocaleString('en');
const few = 'too few answers';
const people = q => q.people || D.people;
const group = (by, code) => dims[by].groups.find(g => g[0] === code)[1];
const place = () => now.within ? group(...now.within.split(':')) : '';
const label = code => code ? group(now.by, code)
  : 'All ' + people(now.question) + (now.within ? ': ' + place() : '');
const answer = term => now.question.answers.find(a => a[0] === term)[1];
const count = c => c.n === null ? 'n under ' + D.least : 'n ' + number(c.n);

// What is chosen, from the address and back into it
const choose = () => {
  const asked = new URLSearchParams(location.hash.slice(1));
  const q = byId(D.questions, asked.get('q')) || D.questions[0];
  const wave = q.waves.includes(asked.get('wave')) ? asked.get('wave') : q.waves.at(-1);
  const splits = D.dimensions.filter(x => D.cells[[q.id, wave, x.id].join('|')]);
  const by = byId(splits, asked.get('by')) ? asked.get('by') : '';
  const among = amongst(q, wave, by);
  const within = among.some(a => a[0] === asked.get('within')) ? asked.get('within') : '';
  const cells = within ? crossed(q, wave, by, within)
    : D.cells[[q.id, wave, by].join('|')] || [];
  const terms = q.answers.map(a => a[0]).filter(t => cells.some(c => t in c[1].v));
  const a = terms.includes(asked.get('answer')) ? asked.get('answer') : terms[0];
  now = {question: q, wave, by, splits, among, within, cells, terms, answer: a};
};
// Groups of a second dimension that the first is crossed with, as ["industry:it", words]
const amongst = (q, wave, by) => D.crosses.flatMap(cross => {
  if (!by || !cross.includes(by) || !D.cells[[q.id, wave, cross.join('*')].join('|')]) return [];
  const other = dims[cross[0] === by ? cross[1] : cross[0]];
  return (D.cells[[q.id, wave, other.id].join('|')] || []).filter(c => c[0] && c[1].n !== null)
    .map(c => [other.id + ':' + c[0], other.label + ': ' + group(other.id, c[0])]) });
const crossed = (q, wave, by, within) => {
  const [other, code] = within.split(':'), of = d => D.cells[[q.id, wave, d].join('|')];
  const cross = D.crosses.find(x => x.includes(by) && x.includes(other));
  const i = cross.indexOf(by), found = new Map(of(cross.join('*')).map(([d, c]) => {
    const codes = d.split('*'); return [codes[1 - i] === code ? codes[i] : '', c] }));
  const all = of(other).find(c => c[0] === code)[1];
  const hidden = {n: null, letter: '', v: Object.fromEntries(Object.keys(all.v).map(t => [t, null]))};
  return [['', all],
    ...of(by).filter(c => c[0]).map(([d]) => [d, found.get(d) || hidden])];
};
const fill = (id, options, value) => {
  $(id).replaceChildren(...options.map(([v, words]) => {
    const o = d.createElement('option'); o.value = v; o.textContent = words; return o }));
  $(id).value = value;
};
const forms = () => {
  fill('q', D.questions.map(q => [q.id, q.title]), now.question.id);
  fill('by', [['', 'Nothing: all ' + people(now.question)],
    ...now.splits.map(s => [s.id, s.label])], now.by);
  fill('within', [['', 'All ' + people(now.question)], ...now.among], now.within);
  $('within').disabled = !now.among.length;
  fill('wave', now.question.waves.map(w => [w, w]), now.wave);
  fill('answer', now.terms.map(t => [t, answer(t)]), now.answer);
  d.querySelector('.of-answer').hidden = !now.by;
};
const address = () => {
  const s = new URLSearchParams({q: now.question.id, by: now.by, wave: now.wave});
  if (now.by) s.set('answer', now.answer);
  if (now.within) s.set('within', now.within);
  return '#' + s;
};

// Chart
const wrap = (text, width, font) => {
  pens.font = font; const lines = []; let line = '';
  for (const word of text.split(/\s+/)) {
    let w = word;
    while (pens.measureText(w).width > width && w.length > 1) {
      let k = w.length - 1; while (k > 1 && pens.measureText(w.slice(0, k)).width > width) k--;
      if (line) { lines.push(line); line = '' } lines.push(w.slice(0, k)); w = w.slice(k) }
    const joined = line ? line + ' ' + w : w;
    if (pens.measureText(joined).width > width && line) { lines.push(line); line = w }
    else line = joined }
  return [...lines, line];
};
const shape = (parent, tag, attributes, text) => {
  const e = d.createElementNS(NS, tag);
  for (const k in attributes) e.setAttribute(k, attributes[k]);
  if (text !== undefined) e.textContent = text;
  parent.append(e); return e;
};
const rows = () => {
  const size = r => r.all ? Infinity : r.v ? r.v[0] : -1;
  if (now.by) { const found = now.cells.map(([code, c]) =>
    ({name: label(code), all: !code, c, v: c.v[now.answer], term: now.answer}));
    return dims[now.by].fixed ? found : found.sort((a, b) => size(b) - size(a)) }
  const c = now.cells[0][1], list = now.terms.filter(t => t !== 'mean').map(t =>
    ({name: answer(t), c, v: c.v[t], term: t, net: now.question.nets.includes(t)}));
  if (!list.length) return [{name: 'Mean', c, v: c.v.mean, term: 'mean'}];
  if (!now.question.fixed) list.sort((a, b) => size(b) - size(a));
  return list;
};
const spoken = r => r.v ? `${r.name}: ${show(r.term, r.v[0])}, ${D.interval} ` +
  `${show(r.term, r.v[1] ?? r.v[0])} to ${show(r.term, r.v[2] ?? r.v[0])}, ${count(r.c)}`
  : `${r.name}: ${few}`;
const draw = () => {
  const list = rows(), W = Math.max(280, Math.min(880, $('chart').clientWidth || 680));
  const narrow = W < 520, F = '13px ' + FONT, room = narrow ? W : W * .36;
  const left = narrow ? 0 : room + 14, right = W - 110, tops = [.1, .2, .3, .4, .5, .6, .8, 1];
  const most = Math.max(...list.map(r => r.v ? r.v[2] ?? r.v[0] : 0));
  const end = now.answer === 'mean' && now.by || list[0].term === 'mean'
    ? Math.ceil(most) || 1 : tops.find(t => most <= t) || 1;
  const x = v => left + v / end * (right - left);
  const svg = d.createElementNS(NS, 'svg'); let y = 0;
  svg.setAttribute('role', 'graphics-document');
  svg.setAttribute('aria-label', `Bar chart. ${$('title').textContent}. ${$('subtitle').textContent}`);
  list.forEach(r => {
    const lines = wrap(r.name, room - 4, F), high = lines.length * 16;
    const top = narrow ? y + high + 4 : y + Math.max(0, (high - 20) / 2) + 5;
    lines.forEach((line, i) => shape(svg, 'text', {x: 0, y: y + 15 + i * 16 + (narrow ? 0 : 1),
      'font-size': 13, fill: 'var(--c-ink)', 'aria-hidden': true,
      ...(r.all || r.net ? {'font-weight': 'bold'} : {})}, line));
    const middle = top + 9;
    if (r.v) {
      shape(svg, 'rect', {x: left, y: top, width: Math.max(1, x(r.v[0]) - left), height: 18,
        fill: r.all ? 'var(--c-neutral)' : 'var(--c-accent)', role: 'graphics-symbol',
        'aria-label': spoken(r)});
      if (r.v[1] !== null && r.v[2] !== null) {
        shape(svg, 'line', {x1: x(r.v[1]), x2: x(r.v[0]), y1: middle, y2: middle,
          stroke: r.all ? 'var(--c-on-neutral)' : 'var(--c-on-accent)', 'stroke-width': 1.5});
        shape(svg, 'line', {x1: x(r.v[0]), x2: x(r.v[2]), y1: middle, y2: middle,
          stroke: 'var(--c-ink)', 'stroke-width': 1.5}) }
    } else shape(svg, 'rect', {x: left, y: top, width: 1, height: 18, fill: 'var(--c-muted)',
      role: 'graphics-symbol', 'aria-label': spoken(r)});
    shape(svg, 'text', {x: (r.v ? x(r.v[2] ?? r.v[0]) : left) + 6, y: middle + 4.5,
      'font-size': 13, fill: r.v ? 'var(--c-ink)' : 'var(--c-muted)', 'aria-hidden': true,
      'font-weight': r.v ? 'bold' : 'normal'}, r.v ? show(r.term, r.v[0]) : few);
    if (now.by) shape(svg, 'text', {x: W, y: middle + 4.5, 'font-size': 11.5,
      'text-anchor': 'end', fill: 'var(--c-muted)', 'aria-hidden': true}, count(r.c));
    y = (narrow ? top + 18 : Math.max(y + high, top + 18)) + 9;
  });
  shape(svg, 'line', {x1: left, x2: left, y1: 0, y2: y, stroke: 'var(--c-muted)'});
  svg.setAttribute('viewBox', `0 0 ${W} ${Math.ceil(y)}`);
  svg.setAttribute('width', W); svg.setAttribute('height', Math.ceil(y));
  $('chart').replaceChildren(svg); walk(svg);
};
const walk = svg => {
  const say = d.querySelector('.say'); say.textContent = '';
  marks = [...svg.querySelectorAll('[role=graphics-symbol]')];
  const step = {ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1};
  marks.forEach((m, i) => {
    m.setAttribute('tabindex', i ? -1 : 0);
    m.onfocus = m.onpointerenter = () => { say.textContent = m.getAttribute('aria-label') };
    m.onkeydown = k => {
      const to = k.key === 'Home' ? marks[0] : k.key === 'End' ? marks.at(-1) : marks[i + step[k.key]];
      if (to || step[k.key]) k.preventDefault();
      if (to) { m.setAttribute('tabindex', -1); to.setAttribute('tabindex', 0); to.focus() } };
  });
};

// Table
const cell = (row, tag, words, more) => {
  const c = d.createElement(tag);
  if (tag === 'th') c.scope = more || 'col';
  c.textContent = words; row.append(c); return c;
};
const table = () => {
  const t = $('table'), head = d.createElement('thead'), body = d.createElement('tbody');
  const caption = d.createElement('caption');
  caption.textContent = now.question.text; t.replaceChildren(caption, head, body);
  const names = head.insertRow(), bases = d.createElement('tr');
  cell(names, 'th', 'Answer'); cell(bases, 'th', 'n', 'row');
  now.cells.forEach(([code, c]) => {
    cell(names, 'th', label(code) + (c.letter && code ? ` (${c.letter})` : ''));
    cell(bases, 'td', c.n === null ? 'under ' + D.least : number(c.n)) });
  now.terms.forEach(term => {
    const row = body.insertRow(), h = cell(row, 'th', answer(term), 'row');
    if (now.question.nets.includes(term)) h.className = 'net';
    now.cells.forEach(([code, c]) => {
      const v = c.v[term], td = cell(row, 'td', v ? show(term, v[0]) : v === null ? '–' : '');
      if (v && v[3] && code) { const b = d.createElement('b'); b.textContent = ' ' + v[3]; td.append(b) }
      if (v && v[1] !== null) { const s = d.createElement('small');
        s.textContent = `\n${show(term, v[1])}–${show(term, v[2])}`; td.append(s) } }) });
  body.append(bases);
  const lettered = now.cells.some(([code, c]) => code && c.letter);
  $('legend').textContent = [D.note, `–: ${few} (under ${D.least}).`,
    now.question.several ? 'Several answers were possible.' : '',
    lettered ? 'A letter names a column that is lower by more than chance: p under .05, a '
      + 'capital under .001, adjusted by Holm within a row.'
      : now.by ? 'Columns of this wave were not tested against each other.' : '',
  ].filter(Boolean).join(' ');
};

// Exports
const save = (name, content, type) => {
  const a = d.createElement('a'), url = URL.createObjectURL(new Blob([content], {type}));
  a.href = url; a.download = name; a.click(); setTimeout(() => URL.revokeObjectURL(url), 1000);
};
const name = () => [now.question.id, now.by, now.by && now.answer, now.within.replace(':', '-'), now.wave].filter(Boolean).join('-');
const quoted = v => { const s = v == null ? '' : String(v);
  return `"${(/^[=+\-@\t\r]/.test(s) && isNaN(s) ? "'" + s : s).replaceAll('"', '""')}"` };
const csv = () => {
  const lines = [['question', 'wording', 'wave', 'by', 'domain', 'domain_label', 'within', 'term',
    'term_label', 'estimate', 'low', 'high', 'n', 'letters', 'source', 'notice']];
  now.cells.forEach(([code, c]) => now.terms.forEach(term => { const v = c.v[term];
    if (v !== undefined) lines.push([now.question.id, now.question.text, now.wave, now.by, code,
      label(code), now.within, term, answer(term), ...(v ? v.slice(0, 3) : ['', '', '']), c.n,
      v && code ? v[3] : '', D.source, D.notice]) }));
  return lines.map(line => line.map(quoted).join(',')).join('\n') + '\n';
};
const picture = () => {
  const live = $('chart').firstChild, W = +live.getAttribute('width'), H = +live.getAttribute('height');
  const svg = d.createElementNS(NS, 'svg'), E = 24; let y = E;
  const texts = [[$('title').textContent, 21, 'ink', 1], [$('subtitle').textContent, 14, 'muted', 0]];
  const put = (words, size, colour, bold) => wrap(words, W, `${bold ? 'bold ' : ''}${size}px ${FONT}`)
    .forEach(line => { y += size * 1.3; shape(svg, 'text', {x: E, y, 'font-size': size,
      fill: `var(--c-${colour})`, 'font-weight': bold ? 'bold' : 'normal'}, line) });
  const paper = shape(svg, 'rect', {width: '100%', height: '100%', fill: 'var(--c-paper)'});
  texts.forEach(t => put(...t)); y += 16;
  const inside = shape(svg, 'g', {transform: `translate(${E} ${y})`});
  inside.append(...[...live.children].map(e => e.cloneNode(true))); y += H + 8;
  [$('base').textContent, $('source').textContent].forEach(t => put(t, 11.5, 'muted', 0));
  const wide = W + 2 * E, high = Math.ceil(y + E);
  for (const [k, v] of [['xmlns', NS], ['width', wide], ['height', high],
    ['viewBox', `0 0 ${wide} ${high}`], ['font-family', FONT], ['role', 'img'],
    ['aria-label', $('title').textContent]]) svg.setAttribute(k, v);
  svg.querySelectorAll('[tabindex]').forEach(e => e.removeAttribute('tabindex'));
  const style = getComputedStyle(d.documentElement);
  return {text: new XMLSerializer().serializeToString(svg).replace(/var\((--c-[a-z0-9-]+)\)/g,
    (_, key) => style.getPropertyValue(key).trim()), wide, high};
};
const png = () => {
  const p = picture(), image = new Image();
  image.onload = () => { const c = d.createElement('canvas');
    c.width = p.wide * 2; c.height = p.high * 2;
    const pen = c.getContext('2d'); pen.scale(2, 2); pen.drawImage(image, 0, 0);
    c.toBlob(blob => save(name() + '.png', blob, 'image/png')) };
  image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(p.text);
};

const all = () => {
  choose(); forms();
  const q = now.question, split = (now.by ? `, by ${dims[now.by].label.toLowerCase()}` : '')
    + (now.within ? `, ${dims[now.within.split(':')[0]].label.toLowerCase()} ${place()}` : '');
  const mean = now.by && now.answer === 'mean';
  $('title').textContent = now.by ? `${q.title}: ${answer(now.answer)}` : q.title;
  $('subtitle').textContent = (mean ? `Mean among ${people(q)}`
    : now.by ? `Share of ${people(q)}` : `Share of ${people(q)} giving each answer`) + `${split}, ${now.wave}`;
  const everyone = now.cells[0][1];
  $('base').textContent = `Base: ${everyone.n === null ? 'under ' + D.least : number(everyone.n)} `
    + `${people(q)}${now.within ? ': ' + place() : ''}. Thin lines are intervals. ${D.note}`;
  $('source').textContent = [`Source: ${D.title}, ${now.wave}.`, D.notice && D.notice + '.'].filter(Boolean).join(' ');
  $('here').href = address(); draw(); table();
};
const chosen = () => {
  history.replaceState(null, '', '#' + new URLSearchParams({q: $('q').value, by: $('by').value,
    wave: $('wave').value, answer: $('answer').value, within: $('within').value}));
  const before = d.activeElement && d.activeElement.id; all();
  history.replaceState(null, '', address());
  if (before) $(before).focus();
};
d.querySelector('form').onchange = chosen;
d.querySelector('form').onsubmit = e => e.preventDefault();
$('csv').onclick = () => save(name() + '.csv', csv(), 'text/csv');
$('svg').onclick = () => save(name() + '.svg', picture().text, 'image/svg+xml');
$('png').onclick = png;
addEventListener('hashchange', () => { if (location.hash !== '#main') all() });
let last = 0;
addEventListener('resize', () => { const w = $('chart').clientWidth; if (w !== last) { last = w; draw() } });
all(); last = $('chart').clientWidth;
})(document)
