// Starts the program, carries out its commands on the page, tells it what the user
// does, and wipes the page when the program stops for whatever reason. Everything
// that becomes markup passes through one trusted types policy; the program escapes
// every text that it did not write itself.
'use strict';
(() => {
  const boot = document.getElementById('boot');
  const root = document.documentElement;
  const epilogue = document.getElementById('ended').content.cloneNode(true);
  const policy = window.trustedTypes
    ? window.trustedTypes.createPolicy('tvilling', { createHTML: (markup) => markup })
    : { createHTML: (markup) => markup };
  const byId = (id) => document.getElementById(id);
  const sockets = new Set();
  let emit = null; // the program's ear
  let ended = false;
  let timer = 0;
  let due = null; // until when what is on the screen may stand without a word from the program
  let watch = 0;
  let measuring = false;
  let focusTold = '';
  let held = ''; // what was marked to be copied, until the program answers
  let pointTold = '';

  // The program is gone, or something that nobody foresaw went wrong: nothing may
  // stay on the screen that nobody watches over.
  function end() {
    if (ended) return;
    ended = true;
    emit = null;
    held = '';
    clearTimeout(timer);
    clearTimeout(watch);
    hideAfter(-1);
    for (const socket of sockets) {
      try { socket.close(1000); } catch { /* it never opened */ }
    }
    document.body.replaceChildren(epilogue);
    for (const name of Object.keys(root.dataset)) delete root.dataset[name];
    root.dataset.state = 'ended';
    const reload = byId('ended-reload');
    reload.addEventListener('click', () => location.reload());
    reload.focus();
  }

  window.addEventListener('error', (e) => {
    if (!String(e.message).startsWith('ResizeObserver loop')) end();
  });
  window.addEventListener('unhandledrejection', end);

  // The program wipes the page itself when its lease runs out, and says so here in the
  // same breath. One that is stuck does not: the page is wiped then, by either clock.
  const grace = 1500;

  function overdue() {
    clearTimeout(watch);
    if (!due || ended) return;
    const left = Math.min(due.steady - performance.now(), due.wall - Date.now());
    if (left > 0) {
      watch = setTimeout(overdue, left);
      return;
    }
    end();
  }

  // The first frame after the computer slept is drawn before any script has run. What is
  // overdue by then is hidden in it by an animation, whose time is the frame's own.
  let veil = null;

  function hideAfter(millis) {
    veil?.cancel();
    veil = millis < 0 ? null
      : document.body.animate({ visibility: ['hidden', 'hidden'] }, { delay: millis, duration: 1, fill: 'forwards' });
  }

  function until(millis) {
    clearTimeout(watch);
    due = null;
    hideAfter(millis < 0 ? millis : millis + grace);
    if (millis < 0) return;
    due = { steady: performance.now() + millis + grace, wall: Date.now() + millis + grace };
    watch = setTimeout(overdue, millis + grace);
  }

  function tell(kind, a = '', b = '', c = 0, d = 0) {
    if (emit) emit(kind, a, b, c, d);
  }

  // ---- commands of the program ----

  // While a question stands over the page nothing under it can be reached. The focus
  // comes back to where it was, unless the program moves it.
  let behind = null;

  function setDialog(open) {
    if (open) behind ??= document.activeElement;
    for (const part of document.body.children) {
      if (part.id !== 'dialog' && part.getAttribute('role') !== 'alert') part.inert = open;
    }
    if (open || !behind) return;
    (behind.isConnected ? behind : byId(behind.id))?.focus({ preventScroll: true });
    behind = null;
  }

  const scrollable = '.table-box';

  function setContent(id, markup) {
    const element = byId(id);
    if (!element) return;
    if (id === 'dialog') setDialog(markup !== '');
    const active = document.activeElement;
    const inside = active && active !== element && element.contains(active);
    const nth = inside ? kin(element, active).indexOf(active) : -1;
    const scrolled = [...element.querySelectorAll(scrollable)].map((e) => [e.scrollLeft, e.scrollTop]);
    // What is being written stays in a field that is drawn anew, and goes with its page.
    const kept = new Map();
    for (const field of element.querySelectorAll('[data-keep]')) kept.set(field.id, field.value);
    const unfolded = [...element.querySelectorAll('details[open][id]')].map((e) => e.id);
    element.innerHTML = policy.createHTML(markup);
    for (const id of unfolded) byId(id)?.setAttribute('open', '');
    if (kept.size) for (const field of element.querySelectorAll('[data-keep]')) field.value = kept.get(field.id) ?? field.value;
    const boxes = element.querySelectorAll(scrollable);
    if (boxes.length === scrolled.length) scrolled.forEach(([left, top], i) => boxes[i].scrollTo(left, top));
    if (element.matches('.hint')) markWrong(element);
    // The focus goes to what stands in the place of what had it: by its id, or by its place
    // among its kind; to the heading, where that is gone.
    if (inside) ((active.id ? byId(active.id) : kin(element, active)[nth]) ?? element.querySelector(':is(h1, h2)[tabindex]'))?.focus({ preventScroll: true });
  }

  // What a hint says is wrong is told of its field too, for as long as it says so.
  const wrong = new Map();

  function markWrong(hint) {
    byId(wrong.get(hint.id))?.removeAttribute('aria-invalid');
    wrong.set(hint.id, hint.querySelector('[data-wrong]')?.dataset.wrong);
    byId(wrong.get(hint.id))?.setAttribute('aria-invalid', 'true');
  }

  // kin are the elements of one's kind, in order.
  const kin = (element, one) => [...element.querySelectorAll(one.tagName)].filter((e) => e.className === one.className);

  function setRows(fields) {
    const list = byId(fields[1]);
    if (!list) return;
    const wasEmpty = !list.firstElementChild;
    const active = document.activeElement;
    const held = active !== list && list.contains(active) ? active : null;
    list.style.paddingTop = fields[2] + 'px';
    list.style.paddingBottom = fields[3] + 'px';
    const old = new Map();
    for (const item of list.children) old.set(item.dataset.key, item);
    const wanted = new Set();
    for (let i = 5; i < fields.length; i += 4) wanted.add(fields[i]);
    for (const [key, item] of old) if (!wanted.has(key)) item.remove();
    let at = list.firstElementChild;
    for (let i = 5; i < fields.length; i += 4) {
      const [key, place, heading, markup] = fields.slice(i, i + 4);
      let item = old.get(key);
      if (!item) {
        item = document.createElement('li');
        item.dataset.key = key;
        if (heading) item.className = 'type';
      }
      if (item.painted !== markup) {
        refill(item, markup);
        item.painted = markup;
      }
      item.setAttribute('aria-posinset', place);
      item.setAttribute('aria-setsize', fields[4]);
      if (item === at) at = at.nextElementSibling;
      else list.insertBefore(item, at);
    }
    if (held && document.activeElement !== held) {
      (held.isConnected ? held : byId(held.id) || list).focus({ preventScroll: true });
    }
    if (wasEmpty) measure();
  }

  // refill keeps the element in a row where only its attributes have changed: a row
  // becomes the active one as it is pressed, and one that is replaced between press and
  // release is never clicked.
  function refill(item, markup) {
    const next = document.createElement('template');
    next.innerHTML = policy.createHTML(markup);
    const [was, will] = [item.firstElementChild, next.content.firstElementChild];
    if (!was || was.tagName !== will?.tagName || was.innerHTML !== will.innerHTML) {
      item.replaceChildren(next.content);
      return;
    }
    for (const { name } of [...was.attributes]) if (!will.hasAttribute(name)) was.removeAttribute(name);
    for (const { name, value } of will.attributes) was.setAttribute(name, value);
  }

  const pageScrolls = () => {
    const page = document.scrollingElement;
    return page.scrollHeight > page.clientHeight;
  };

  // Where the program has scrolled the list to. It is not told of it afterwards: it may have gone on from there.
  let scrolledTo = -1;

  // Where the page scrolls what one reads stands in the list's place: the page is back where it was after it.
  let place = 0;

  function setData([, name, value]) {
    const was = root.dataset[name];
    if (name === 'reading' && value === 'true') place = scrollY;
    root.dataset[name] = value;
    if (name === 'reading' && was === 'true') scrollTo(0, place);
  }

  const commands = {
    h: (f) => setContent(f[1], f[2]),
    l: setRows,
    d: setData,
    g: (f) => { root.lang = f[1]; },
    f: (f) => {
      const element = byId(f[1]);
      const row = f[1].startsWith('row-'); // the list is scrolled to it, but not the page that the list stands in
      element?.focus({ preventScroll: row });
      if (row && pageScrolls()) element?.scrollIntoView({ block: 'nearest' });
      if (element?.type === 'text') element.select(); // what is typed next takes its place
    },
    s: (f) => {
      const s = byId('scroller');
      scrolledTo = Number(f[1]);
      if (s) s.scrollTop = scrolledTo;
    },
    r: () => { const r = byId('reader'); if (r) r.scrollTop = 0; },
  };

  function paint(batch) {
    if (ended) return;
    for (const line of batch.split('\x1e')) {
      if (!line) continue;
      const fields = line.split('\x1f');
      commands[fields[0]](fields);
    }
    watchSize();
    watchChart();
  }

  // ---- sizes ----

  let watched = null;
  const observer = new ResizeObserver(() => measure());

  function watchSize() {
    const scroller = byId('scroller');
    if (scroller === watched) return;
    observer.disconnect();
    watched = scroller;
    scrolledTo = -1;
    if (scroller) observer.observe(scroller);
  }

  function measure() {
    if (measuring) return;
    measuring = true;
    requestAnimationFrame(() => {
      measuring = false;
      const row = byId('rows')?.firstElementChild;
      const scroller = byId('scroller');
      if (row && scroller?.clientHeight) tell('measure', '', '', scroller.clientHeight, row.offsetHeight);
    });
  }

  // ---- the timeline and the calendar: where the pointer is, and which key ----

  let chart = null;
  let strip = null;
  const chartObserver = new ResizeObserver(() => measureChart());
  const chartKeys = {
    key: new Set(['ArrowLeft', 'ArrowRight', 'Home', 'End', '+', '=', '-', '0', 'Enter']),
    day: new Set(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown']),
    tab: new Set(['ArrowLeft', 'ArrowRight', 'Home', 'End']),
  };

  function watchChart() {
    const [newChart, newStrip] = [byId('chart'), byId('strip')];
    if (newChart === chart && newStrip === strip) return;
    if (newChart && newChart !== chart) listenAt(newChart);
    [chart, strip] = [newChart, newStrip];
    chartObserver.disconnect();
    for (const element of [chart, strip]) if (element) chartObserver.observe(element);
  }

  function measureChart() {
    // One that is hidden while something is read has no width, and is to come back as high as it was.
    if (strip?.clientWidth) tell('chart', 'size', '', chart ? chart.clientWidth : 0, Math.min(strip.clientWidth, window.innerHeight - 200));
  }

  function listenAt(element) {
    const point = (what, e, key = '') => {
      const box = element.getBoundingClientRect();
      tell('chart', what, key, Math.round(e.clientX - box.left), Math.round(e.clientY - box.top));
    };
    element.addEventListener('pointerdown', (e) => {
      if (e.button !== 0 || !e.isPrimary) return;
      element.setPointerCapture(e.pointerId);
      point('down', e, e.shiftKey ? 'Shift' : '');
    });
    element.addEventListener('pointermove', (e) => point('move', e));
    element.addEventListener('pointerup', (e) => point('up', e));
    for (const name of ['pointerleave', 'pointercancel']) element.addEventListener(name, () => tell('chart', 'leave'));
    element.addEventListener('wheel', (e) => {
      const sideways = Math.abs(e.deltaX) > Math.abs(e.deltaY);
      if (pageScrolls() && !e.ctrlKey && !sideways) return; // the wheel is the page's
      e.preventDefault();
      const unit = e.deltaMode === 1 ? 33 : e.deltaMode === 2 ? 300 : 1;
      const x = Math.round(e.clientX - element.getBoundingClientRect().left);
      tell('chart', sideways ? 'slide' : 'wheel', '', x, Math.round((sideways ? e.deltaX : e.deltaY) * unit));
    }, { passive: false });
  }

  function listenToKeys() {
    document.addEventListener('keydown', (e) => {
      if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing) return;
      const place = e.target.id === 'chart' ? 'key' : e.target.closest?.('#calendar') ? 'day' : e.target.getAttribute?.('role') === 'tab' ? 'tab' : '';
      if (!chartKeys[place]?.has(e.key)) return;
      e.preventDefault();
      tell('chart', place, e.key);
    });
  }

  // ---- what the user does ----

  const listKeys = new Set(['ArrowDown', 'ArrowUp', 'PageDown', 'PageUp', 'Home', 'End']);

  const readerKeys = new Set(['n', 'p']); // in the reading pane alone, where nothing is written

  const written = new Set(['text', 'textarea', 'date']);

  // look has the program look at the clock, and sees that it did.
  function look() {
    tell('look');
    overdue();
  }

  // A control that is drawn anew between press and release is still the one meant, and
  // browsers click on neither: the one that took its place is clicked here, be it pressed by
  // pointer or by the space bar. Where a browser does it too, that is not heard: one press
  // is one click.
  function listenToPresses() {
    const controls = 'button, a, input, label, summary, [data-act]';
    let target = null;
    let id = '';
    let clicked = false;
    document.addEventListener('pointerdown', (e) => {
      clicked = false;
      target = e.isPrimary && e.button === 0 ? e.target : null;
      id = target?.closest(controls)?.id;
    });
    document.addEventListener('pointercancel', () => { target = null; });
    document.addEventListener('pointerup', (e) => {
      const lost = target && !target.isConnected;
      target = null;
      if (!lost || !id) return;
      const control = document.elementFromPoint(e.clientX, e.clientY)?.closest(controls);
      if (control?.id !== id) return;
      control.click();
      clicked = true;
    });
    document.addEventListener('click', (e) => {
      if (!clicked || !e.isTrusted || e.detail === 0) return;
      e.preventDefault();
      e.stopImmediatePropagation();
    }, true);
    let space = null;
    document.addEventListener('keydown', (e) => { space = e.key === ' ' && e.target.matches?.(controls) ? e.target : null; });
    document.addEventListener('keyup', (e) => {
      const lost = e.key === ' ' && space && !space.isConnected ? space.id : '';
      space = null;
      if (!lost || e.target.id !== lost) return;
      e.preventDefault();
      e.target.click();
    });
  }

  function listen() {
    listenToPresses();
    document.addEventListener('click', (e) => {
      const control = e.target.closest('[data-act]');
      if (control && control.tagName !== 'FORM') tell('act', control.dataset.act, control.dataset.value || '');
    });
    document.addEventListener('submit', (e) => {
      e.preventDefault();
      const act = e.target.dataset.act;
      if (act) tell('act', act, e.target.querySelector('input')?.value || '');
    });
    document.addEventListener('input', (e) => {
      if (written.has(e.target.type) && e.target.dataset.field) tell('typed', e.target.dataset.field, e.target.value);
    });
    document.addEventListener('change', (e) => {
      const { field } = e.target.dataset;
      if (!field || written.has(e.target.type)) return;
      const off = e.target.type === 'checkbox' && !e.target.checked;
      tell('typed', field, (off ? '-' : '') + e.target.value);
    });
    for (const name of ['pointerdown', 'keydown', 'wheel']) document.addEventListener(name, touched, { capture: true, passive: true });
    for (const name of ['copy', 'cut', 'dragstart']) document.addEventListener(name, (e) => guard(e, name));
    window.addEventListener('beforeprint', () => { if (!root.dataset.printing) tell('printing'); });
    window.addEventListener('afterprint', () => tell('printed'));
    document.addEventListener('keydown', (e) => {
      if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 'p') {
        e.preventDefault();
        tell('printing');
        return;
      }
      if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing) return;
      const inList = e.target.closest?.('#rows');
      if (inList && listKeys.has(e.key)) {
        e.preventDefault();
        tell('key', e.key);
      } else if (readerKeys.has(e.key) && e.target.closest?.('#reader')) {
        tell('key', e.key);
      } else if (e.key === 'Escape' && written.has(e.target.type)) {
        tell('act', 'escape', e.target.dataset.field);
      } else if (e.key === 'Escape' && e.target.tagName !== 'SELECT') {
        tell('key', e.key);
      }
    });
    document.addEventListener('focusin', (e) => {
      const row = e.target.closest('#rows') ? e.target.id : e.target.tagName === 'SELECT' ? 'menu' : e.target.closest('[data-holds]') ? 'tools' : '';
      if (row === focusTold) return;
      focusTold = row;
      tell('focus', row);
    });
    // While the pointer is at the list, rows do not move under it.
    document.addEventListener('pointerover', (e) => {
      const over = e.pointerType === 'mouse' && e.target.closest('[data-holds]') ? 'list' : '';
      if (over === pointTold) return;
      pointTold = over;
      tell('point', over);
    });
    document.documentElement.addEventListener('pointerleave', () => {
      if (pointTold) tell('point', pointTold = '');
    });
    document.addEventListener('scroll', (e) => {
      const top = Math.round(e.target.scrollTop);
      if (e.target.id !== 'scroller' || top === scrolledTo) return;
      scrolledTo = -1;
      tell('scroll', '', '', top);
    }, { capture: true, passive: true });
    // A page that was hidden is veiled until the program has looked at the clock.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        root.dataset.veiled = 'true';
        return;
      }
      look();
      delete root.dataset.veiled;
    });
    for (const name of ['focus', 'online']) window.addEventListener(name, look);
    // A tab that is frozen cannot blank itself while it is: it is veiled before.
    document.addEventListener('freeze', () => { root.dataset.veiled = 'true'; });
    document.addEventListener('resume', () => {
      look();
      if (!document.hidden) delete root.dataset.veiled;
    });
    window.addEventListener('pagehide', () => tell('leaving'));
    window.addEventListener('pageshow', (e) => { if (e.persisted) location.reload(); });
  }

  // The program hears at most once in some seconds that the user is there.
  const touchEvery = 2000;
  let touchTold = -touchEvery;

  function touched(e) {
    if (e.timeStamp - touchTold < touchEvery) return;
    touchTold = e.timeStamp;
    tell('touched');
  }

  // What stands on the page is not taken from it, but what one has typed oneself and
  // what is there to be told to support.
  const general = new Set(['signin', 'help', 'coverage', 'feedback', 'statement']); // nothing of a patient, but for a line

  // What is marked lies in a place, all of it: it may begin there and go on.
  function marksOnly(place) {
    const marked = getSelection();
    for (let i = 0; i < marked.rangeCount; i++) if (!place.contains(marked.getRangeAt(i).commonAncestorContainer)) return false;
    return marked.rangeCount > 0;
  }

  const marks = (element) => element && getSelection().containsNode(element, true);

  function guard(e, name) {
    const from = e.target.nodeType === Node.TEXT_NODE ? e.target.parentElement : e.target;
    if (!from || from.closest('input, textarea')) return;
    const trace = from.closest('.trace');
    if (trace && marksOnly(trace)) return;
    if (general.has(root.dataset.state) && !byId('patient-line') || !from.closest('#main') && !marks(byId('main'))) return;
    e.preventDefault();
    if (name === 'dragstart') return;
    held = String(getSelection());
    tell('copying', marks(byId('reader')) ? 'document' : '');
  }

  const places = new Set(['/sign-in']);

  function post(path) {
    return fetch(path, { method: 'POST', credentials: 'same-origin', redirect: 'manual', cache: 'no-store' });
  }

  // ---- what the program can ask for ----

  window.tvilling = Object.freeze({
    listen(ear) { emit = ear; listen(); listenToKeys(); },
    paint,
    frame() { requestAnimationFrame(() => tell('frame')); },
    until,
    wake(millis) {
      clearTimeout(timer);
      if (millis >= 0) timer = setTimeout(() => tell('timer'), millis);
    },
    socket(url, protocol) {
      const socket = new WebSocket(url, protocol);
      socket.binaryType = 'arraybuffer';
      sockets.add(socket);
      socket.addEventListener('close', () => sockets.delete(socket));
      return socket;
    },
    copy(text) { navigator.clipboard?.writeText(text).catch(() => {}); },
    reload() { location.reload(); },
    go(path) { if (places.has(path)) location.assign(path); },
    signOut() {
      const leave = () => location.assign('/sign-out');
      post('/sign-out').then(leave, leave);
    },
    renew() { post('/renew').then((answer) => { if (answer.status === 401) tell('expired'); }, () => {}); },
    print() { setTimeout(() => { if (root.dataset.printing) window.print(); else tell('printed'); }); },
    release(go) {
      if (go && held) navigator.clipboard?.writeText(held).catch(() => {});
      held = '';
    },
    save(name, data) {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([data], { type: 'application/octet-stream' }));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    },
  });

  async function run() {
    const go = new Go();
    const answer = fetch(boot.dataset.program, { integrity: boot.dataset.integrity, credentials: 'same-origin' });
    const { instance } = await WebAssembly.instantiateStreaming(answer, go.importObject);
    await go.run(instance);
  }

  run().then(end, end);
})();
