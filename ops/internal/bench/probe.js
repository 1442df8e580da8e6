// Put into the page before its own scripts: it times what the program does in each
// call that comes from the browser, and counts its calls that touch the page.
(() => {
  const probe = { frames: [], work: [], paints: [], long: [], memory: null, spent: 0, painted: 0, on: false, last: 0, run: 0 };
  window.probe = probe;
  const timed = (f) => function (...args) {
    const began = performance.now();
    try { return f.apply(this, args); } finally { probe.spent += performance.now() - began; }
  };
  let page;
  Object.defineProperty(window, 'tvilling', {
    get: () => page,
    set(real) {
      page = { ...real };
      page.listen = (ear) => real.listen(timed(ear));
      page.paint = (batch) => { probe.painted++; real.paint(batch); };
      page.socket = (...args) => {
        const socket = real.socket(...args), listen = socket.addEventListener.bind(socket);
        const wrapped = new Map();
        socket.addEventListener = (name, f) => { wrapped.set(f, timed(f)); listen(name, wrapped.get(f)); };
        const forget = socket.removeEventListener.bind(socket);
        socket.removeEventListener = (name, f) => forget(name, wrapped.get(f) || f);
        return socket;
      };
    },
  });
  const start = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (...args) => {
    const made = await start.call(WebAssembly, ...args);
    probe.memory = () => made.instance.exports.mem.buffer.byteLength;
    return made;
  };
  // A frame is what happens from one call before it to the next: our work, its paints.
  const tick = (run, now) => {
    if (!probe.on || run !== probe.run) return;
    if (probe.last) {
      probe.frames.push(now - probe.last);
      probe.work.push(probe.spent);
      probe.paints.push(probe.painted);
    }
    probe.last = now;
    probe.spent = probe.painted = 0;
    requestAnimationFrame((later) => tick(run, later));
  };
  probe.begin = () => {
    Object.assign(probe, { frames: [], work: [], paints: [], long: [], last: 0, spent: 0, painted: 0, on: true });
    const run = ++probe.run;
    requestAnimationFrame((now) => tick(run, now));
  };
  probe.end = () => {
    probe.on = false;
    const { frames, work, paints, long } = probe;
    return { frames, work, paints, long };
  };
  new PerformanceObserver((list) => { for (const e of list.getEntries()) if (probe.on) probe.long.push(e.duration); }).observe({ type: 'longtask' });
})();
