// Sees whether a workstation can carry the overview, and says what to mend and who can.
// It needs neither the program nor a sign-in, keeps nothing, and knows nothing of any
// patient. Everything it shows is text. Each check gives a result (ok, warn, fail,
// unknown), what was found, and for all but ok what to mend and who can.
'use strict';
(() => {
  const self = document.getElementById('test');
  const byId = (id) => document.getElementById(id);

  const answerWithin = 5000; // of the node, after a stream has opened
  const openWithin = 8000; // for a stream to open
  const fetchWithin = 10000;
  const programWithin = 60000;
  const clockWarns = 5; // seconds
  const clockFails = 60;
  const expiresSoon = 30; // days
  const slowProgram = 20000; // milliseconds from asking to compiled

  let english = false;
  let running = false;
  let finished = null; // the results, once there are all
  const pick = (words) => words[english ? 1 : 0];
  const two = (sv, en) => [sv, en];

  const who = {
    self: two('du själv', 'you'),
    local: two('lokal it-support', 'local IT support'),
    network: two('lokal it-support (nätverk)', 'local IT support (network)'),
    cards: two('kortutgivaren hos din arbetsgivare', 'your employer’s card issuer'),
    service: two('driften av patientöversikten', 'operations of the overview'),
  };
  const badges = {
    ok: [two('OK', 'OK'), '✓', 'ok'],
    warn: [two('Varning', 'Warning'), '!', 'warn'],
    fail: [two('Fel', 'Fault'), '✕', 'fail'],
    unknown: [two('Vet inte', 'Unknown'), '?', 'warn'],
  };
  const weight = ['fail', 'unknown', 'warn', 'ok'];
  const ok = (...found) => ({ result: 'ok', found });
  const not = (result, found, mend, by) => ({ result, found: Array.isArray(found[0]) ? found : [found], mend, by });

  // ---- asking ----

  const after = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

  async function ask(path, within, init) {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), within);
    try {
      return await fetch(path, Object.assign({ credentials: 'same-origin', cache: 'no-store', signal: stop.signal }, init));
    } finally {
      clearTimeout(timer);
    }
  }

  async function askJSON(path) {
    let answer = await ask(path, fetchWithin);
    if (answer.status === 429) {
      await after(1500);
      answer = await ask(path, fetchWithin);
    }
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  // facts asks three times, and keeps the answer that came the quickest: it says the
  // least wrong about the clock.
  async function askFacts() {
    let best = null;
    for (let i = 0; i < 3; i++) {
      const sent = performance.now();
      const facts = await askJSON('/test/facts.json');
      const took = performance.now() - sent;
      if (!best || took < best.took) best = { facts, took, off: Date.now() - took / 2 - facts.now };
    }
    return best;
  }

  // ---- the checks ----

  const engines = [
    ['Edge', /Edg\/(\d+)/, 111], ['Opera', /OPR\/(\d+)/, 97], ['Chrome', /Chrome\/(\d+)/, 111],
    ['Firefox', /Firefox\/(\d+)/, 121], ['Safari', /Version\/(\d+(?:\.\d+)?).*Safari/, 16.4],
  ];

  function browser() {
    for (const [name, pattern, least] of engines) {
      const seen = pattern.exec(navigator.userAgent);
      if (!seen) continue;
      const found = two(`${name} ${seen[1]}; minst ${least} behövs.`, `${name} ${seen[1]}; at least ${least} is needed.`);
      if (Number(seen[1]) >= least) return ok(found);
      return not('fail', found, two(`Uppdatera webbläsaren till version ${least} eller senare.`, `Update the browser to version ${least} or later.`), who.local);
    }
    return not('unknown', two('Webbläsaren känns inte igen.', 'The browser is not recognised.'),
      two('Är de andra kontrollerna OK fungerar den troligen. Annars: använd Edge, Chrome, Firefox eller Safari.', 'If the other checks are OK it probably works. Otherwise use Edge, Chrome, Firefox or Safari.'), who.local);
  }

  function features() {
    const needed = {
      BigInt: () => typeof BigInt === 'function',
      TextDecoder: () => typeof TextDecoder === 'function',
      ResizeObserver: () => typeof ResizeObserver === 'function',
      WebSocket: () => typeof WebSocket === 'function',
      'crypto.getRandomValues': () => typeof crypto.getRandomValues === 'function',
      'Element.replaceChildren': () => typeof Element.prototype.replaceChildren === 'function',
      'CSS :has': () => CSS.supports('selector(:has(a))'),
    };
    const missing = Object.keys(needed).filter((name) => { try { return !needed[name](); } catch { return true; } });
    if (!missing.length) return ok(two('Allt som sidan använder finns.', 'Everything that the page uses is there.'));
    return not('fail', two(`Saknas: ${missing.join(', ')}.`, `Missing: ${missing.join(', ')}.`),
      two('Uppdatera webbläsaren, eller ta bort regler som stänger av dessa funktioner.', 'Update the browser, or remove policies that turn these features off.'), who.local);
  }

  // A function that returns 42.
  const tiny = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 127, 3, 2, 1, 0, 7, 5, 1, 1, 97, 0, 0, 10, 6, 1, 4, 0, 65, 42, 11];

  async function wasm() {
    try {
      const { instance } = await WebAssembly.instantiate(new Uint8Array(tiny));
      if (instance.exports.a() === 42) return ok(two('WebAssembly körs.', 'WebAssembly runs.'));
    } catch { /* told below */ }
    return not('fail', two('WebAssembly kan inte köras.', 'WebAssembly cannot run.'),
      two('Slå på WebAssembly. I Edge och Chrome: ta bort regeln som stänger av JavaScript-kompilering (JIT) för adressen, eller ”Förbättrad säkerhet”.',
        'Turn WebAssembly on. In Edge and Chrome: remove the policy that turns off JavaScript compilation (JIT) for the address, or “Enhanced security”.'), who.local);
  }

  async function program() {
    const sent = performance.now();
    let answer;
    try {
      // From the node, not from what the browser kept: what changes files on their way is seen.
      answer = await ask(self.dataset.program, programWithin, { integrity: self.dataset.integrity, cache: 'reload' });
      if (!answer.ok) throw new Error(String(answer.status));
    } catch {
      return not('fail', two('Programmet kunde inte hämtas, eller är inte det som noden skickade.', 'The program could not be fetched, or is not what the node sent.'),
        two('Undanta adressen från innehållsfilter och virusskydd som läser eller ändrar trafik, och försök igen.', 'Exempt the address from content filters and virus scanners that read or change traffic, and try again.'), who.network);
    }
    const fetched = performance.now() - sent;
    try {
      await WebAssembly.compileStreaming(answer);
    } catch {
      return not('fail', two('Programmet kom fram men kan inte översättas av webbläsaren.', 'The program arrived, but the browser cannot compile it.'),
        two('Uppdatera webbläsaren. Händer det ändå: undanta adressen från filter som byter filers typ.', 'Update the browser. If it still happens: exempt the address from filters that change the type of files.'), who.local);
    }
    const all = performance.now() - sent;
    const found = two(`Börjar komma efter ${millis(fetched)}, redo efter ${millis(all)}.`, `Begins to arrive after ${millis(fetched)}, ready after ${millis(all)}.`);
    if (all < slowProgram) return ok(found);
    return not('warn', found, two('Det fungerar, men första starten blir långsam. Prova ett snabbare nät, eller en snabbare dator.', 'It works, but the first start is slow. Try a faster network, or a faster computer.'), who.local);
  }

  const millis = (n) => `${Math.round(n)} ms`;

  function service(told) {
    if (!told) {
      return not('unknown', two('Noden svarar inte på testsidans frågor.', 'The node does not answer the test page.'),
        two('Försök igen om en minut. Händer det ändå: gör en felanmälan med texten längst ned.', 'Try again in a minute. If it still happens: report it with the text below.'), who.local);
    }
    const { facts } = told;
    const found = [two(`Nod ${facts.node} på plats ${facts.site}, miljö ${facts.environment}, svar på ${millis(told.took)}.`, `Node ${facts.node} at site ${facts.site}, environment ${facts.environment}, answers in ${millis(told.took)}.`)];
    if (!facts.leader) {
      found.push(two('Noden når inte resten av klustret. Då visas inga uppgifter för någon.', 'The node does not reach the rest of the cluster. Nothing is shown to anybody then.'));
      return not('fail', found, two('Inget fel på den här datorn. Vänta några minuter; annars felanmäl.', 'Nothing is wrong with this computer. Wait a few minutes; otherwise report it.'), who.service);
    }
    if (facts.leaving) {
      found.push(two('Noden håller på att tas ur drift. Webbläsare flyttas till en annan av sig själva.', 'The node is being taken out of service. Browsers move to another by themselves.'));
      return not('warn', found, two('Inget behöver göras. Kontrollera igen om en stund.', 'Nothing needs to be done. Check again in a while.'), who.service);
    }
    if (facts.failed.length) {
      found.push(two(`Noden tar inte emot nu: ${facts.failed.join(', ')}.`, `The node takes nobody now: ${facts.failed.join(', ')}.`));
      return not('fail', found, two('Inget fel på den här datorn. Felanmäl om det inte går över på några minuter.', 'Nothing is wrong with this computer. Report it if it does not pass in a few minutes.'), who.service);
    }
    return ok(...found);
  }

  const loopback = new Set(['localhost', '127.0.0.1', '[::1]']);

  function address(told) {
    if (!window.isSecureContext) {
      return not('fail', two(`Sidan är öppnad okrypterat, på ${location.origin}.`, `The page was opened unencrypted, at ${location.origin}.`),
        two('Öppna den med https.', 'Open it with https.'), who.self);
    }
    if (!told) return not('unknown', two(`Öppnad på ${location.origin}.`, `Opened at ${location.origin}.`), two('Se Tjänsten.', 'See The service.'), who.local);
    if (location.origin === told.facts.origin) return ok(two(`Öppnad på ${location.origin}.`, `Opened at ${location.origin}.`));
    const found = two(`Öppnad på ${location.origin}, men noden heter ${told.facts.origin}.`, `Opened at ${location.origin}, but the node’s name is ${told.facts.origin}.`);
    const mend = two(`Öppna ${told.facts.origin} i stället: andra noder tar inte emot en sida med annan adress.`, `Open ${told.facts.origin} instead: other nodes do not take a page with another address.`);
    return not(loopback.has(location.hostname) ? 'warn' : 'fail', found, mend, who.self);
  }

  // stream opens a stream, says Hello and waits for any answer.
  function stream(url) {
    return new Promise((resolve) => {
      const begun = performance.now();
      const sight = { url, opened: 0, answered: 0, code: 0, slow: false, refused: false };
      let socket;
      const end = () => {
        clearTimeout(timer);
        if (socket) {
          socket.onopen = socket.onmessage = socket.onclose = null;
          socket.close();
        }
        resolve(sight);
      };
      let timer = setTimeout(() => { sight.slow = true; end(); }, openWithin);
      try {
        socket = new WebSocket(url, 'tvilling.v1');
      } catch {
        sight.refused = true; // by the page's own policy
        end();
        return;
      }
      socket.binaryType = 'arraybuffer';
      let sent = 0;
      socket.onopen = () => {
        sight.opened = performance.now() - begun;
        clearTimeout(timer);
        timer = setTimeout(() => { sight.slow = true; end(); }, answerWithin);
        sent = performance.now();
        socket.send(Uint8Array.from(atob(self.dataset.hello), (c) => c.charCodeAt(0)));
      };
      socket.onmessage = () => { sight.answered = performance.now() - sent; end(); };
      socket.onclose = (e) => { sight.code = e.code; sight.lasted = performance.now() - begun; end(); };
    });
  }

  function streamWords(node, s) {
    if (s.answered) return two(`${node}: öppnas på ${millis(s.opened)}, svarar på ${millis(s.answered)}.`, `${node}: opens in ${millis(s.opened)}, answers in ${millis(s.answered)}.`);
    if (s.opened && s.slow) return two(`${node}: öppnas, men inget svar på ${answerWithin / 1000} s.`, `${node}: opens, but no answer in ${answerWithin / 1000} s.`);
    if (s.opened) return two(`${node}: öppnas, men stängs utan svar (kod ${s.code}).`, `${node}: opens, but is closed without an answer (code ${s.code}).`);
    if (s.refused) return two(`${node}: sidans egna regler tillåter den inte.`, `${node}: the page’s own rules do not allow it.`);
    if (s.slow) return two(`${node}: inget svar på ${openWithin / 1000} s.`, `${node}: no answer in ${openWithin / 1000} s.`);
    return two(`${node}: avvisas efter ${millis(s.lasted)}.`, `${node}: refused after ${millis(s.lasted)}.`);
  }

  // site judges the streams of a site. Why a stream does not open a browser never says:
  // how it failed, and what else works, is what there is to go by.
  function site(name, seen, facts, wrongAddress) {
    const found = seen.map(({ node, sight }) => streamWords(node, sight));
    const good = seen.filter(({ sight }) => sight.answered).length;
    if (good === seen.length) return ok(...found);
    const moving = ({ here, sight }) => sight.code === Number(self.dataset.moving) || (here && facts && (facts.leaving || facts.failed.length > 0));
    const bad = seen.filter(({ sight }) => !sight.answered);
    if (bad.every(moving)) {
      return not('warn', found, two('Noden tar inte emot just nu. Inget fel på den här datorn; kontrollera igen om en stund.', 'The node takes nobody now. Nothing is wrong with this computer; check again in a while.'), who.service);
    }
    if (good) {
      return not('warn', found, two('Platsen nås. En av dess noder gör det inte: den kan vara nere, eller saknas i brandväggens öppning.', 'The site is reached. One of its nodes is not: it may be down, or missing in the firewall’s opening.'), who.network);
    }
    if (wrongAddress) return not('fail', found, two('Troligen för att sidan är öppnad med en annan adress: se Adressen.', 'Probably because the page was opened with another address: see The address.'), who.self);
    const open = two(`Öppna brandvägg och proxy för websocket (wss) till ${seen.map((s) => hostOf(s.sight.url)).join(', ')}, med subprotokollet tvilling.v1 och utan tidsgräns under en minut.`,
      `Open firewall and proxy for websocket (wss) to ${seen.map((s) => hostOf(s.sight.url)).join(', ')}, with the subprotocol tvilling.v1 and no time limit below a minute.`);
    if (bad.some(({ sight }) => sight.opened)) {
      found.push(two('Något på vägen släpper igenom uppkopplingen men inte trafiken, oftast en proxy.', 'Something on the way lets the connection through but not the traffic, most often a proxy.'));
    } else if (bad.some(({ here }) => here)) {
      found.push(two('Sidan kom hit, men inte websocket: oftast en proxy som inte släpper igenom den.', 'The page came here, but not the websocket: most often a proxy that does not let it through.'));
    } else if (bad.every(({ sight }) => sight.slow)) {
      found.push(two('Tystnad: oftast en brandvägg. Platsen kan också vara nere.', 'Silence: most often a firewall. The site may also be down.'));
    } else {
      found.push(two('Avvisas direkt: en proxy, eller så är platsen nere.', 'Refused at once: a proxy, or the site is down.'));
    }
    return not('fail', found, open, who.network);
  }

  const hostOf = (url) => new URL(url).host;
  const here = () => (location.protocol === 'https:' ? 'wss://' : 'ws://') + location.host + '/stream';

  function clock(told) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || '?';
    const zoned = two(`Tidszon ${zone}.`, `Time zone ${zone}.`);
    if (!told) return not('unknown', [two('Noden sade inte vad klockan är.', 'The node did not say what time it is.'), zoned], two('Se Tjänsten.', 'See The service.'), who.local);
    if (!told.facts.clock) return not('unknown', [two('Noden litar inte på sin egen klocka just nu.', 'The node does not trust its own clock now.'), zoned], two('Inget fel på den här datorn.', 'Nothing is wrong with this computer.'), who.service);
    const off = told.off / 1000;
    const size = Math.abs(off);
    const words = size < 1 ? two('Går rätt på sekunden när.', 'Right to within a second.')
      : two(`Går ${Math.round(size)} s ${off > 0 ? 'före' : 'efter'} nodens.`, `${Math.round(size)} s ${off > 0 ? 'ahead of' : 'behind'} the node’s.`);
    if (size < clockWarns) return ok(words, zoned);
    return not(size < clockFails ? 'warn' : 'fail', [words, zoned],
      two('Ställ datorns klocka mot nätets tidsserver (NTP).', 'Set the computer’s clock by the network’s time server (NTP).'), who.local);
  }

  const dated = (text) => text.slice(0, 10);

  async function certificate(told) {
    if (told && told.facts.signIn === 'choice') return ok(two('Behövs inte: i den här miljön väljer man en påhittad person.', 'Not needed: in this environment one chooses a made-up person.'));
    if (told && told.facts.signIn === 'provider') return ok(two('Behövs inte här: inloggningen sker hos en inloggningstjänst.', 'Not needed here: one signs in at a sign-in service.'));
    let seen;
    try {
      seen = await askJSON('/test/certificate');
    } catch {
      return not('unknown', two('Noden sade inte vilket certifikat den såg.', 'The node did not say which certificate it saw.'), two('Se Tjänsten.', 'See The service.'), who.local);
    }
    if (!seen.tls) return not('fail', two('Anslutningen är okrypterad: något certifikat kan inte visas.', 'The connection is unencrypted: no certificate can be shown.'), two('Öppna sidan med https.', 'Open the page with https.'), who.self);
    if (!seen.asked) return not('fail', two('Noden frågar inte efter certifikat, fast inloggningen bygger på dem.', 'The node asks for no certificate, though signing in rests on them.'), two('Inget fel på den här datorn.', 'Nothing is wrong with this computer.'), who.service);
    if (!seen.presented) {
      return not('fail', two('Inget certifikat visades.', 'No certificate was shown.'),
        two('Sätt i kortet och starta om webbläsaren, och välj legitimeringscertifikatet när den frågar. Hjälper det inte: kortläsaren, kortprogrammet, eller webbläsarens regel för certifikatval.',
          'Insert the card, restart the browser, and choose the authentication certificate when it asks. If that does not help: the card reader, the card’s program, or the browser’s policy for choosing certificates.'), who.local);
    }
    const until = two(`Visades. Gäller till ${dated(seen.notAfter)}.`, `Was shown. Valid until ${dated(seen.notAfter)}.`);
    if (seen.trusted) {
      const days = (Date.parse(seen.notAfter) - Date.now()) / 86400000;
      if (days > expiresSoon) return ok(until);
      return not('warn', until, two('Det går snart ut. Förnya kortet i god tid.', 'It runs out soon. Renew the card in good time.'), who.cards);
    }
    const reasons = {
      expired: [two('Det har gått ut, eller gäller inte än.', 'It has run out, or is not valid yet.'), two('Förnya kortet. Stäng alla fönster i webbläsaren efteråt.', 'Renew the card. Close every window of the browser afterwards.'), who.cards],
      issuer: [two('Det är inte utfärdat av någon som noden litar på.', 'It is not issued by anybody that the node trusts.'), two('Välj kortets legitimeringscertifikat. Stäng alla fönster i webbläsaren och försök igen.', 'Choose the card’s authentication certificate. Close every window of the browser and try again.'), who.self],
      use: [two('Det är inte till för legitimering.', 'It is not for proving who one is.'), two('Välj legitimeringscertifikatet, inte det för underskrift.', 'Choose the certificate for authentication, not the one for signing.'), who.self],
      'hsa-id': [two('Det innehåller inget HSA-id.', 'It holds no HSA-id.'), two('Ett kort med HSA-id behövs.', 'A card with an HSA-id is needed.'), who.cards],
    };
    const [why, mend, by] = reasons[seen.reason] || [two('Det godtas inte.', 'It is not accepted.'), two('Gör en felanmälan med texten längst ned.', 'Report it with the text below.'), who.local];
    return not('fail', [until, why], mend, by);
  }

  async function cookies() {
    try {
      await askJSON('/test/cookie');
      const { came } = await askJSON('/test/cookie');
      if (came) return ok(two('En kaka kom tillbaka, och är borttagen igen.', 'A cookie came back, and is removed again.'));
    } catch {
      return not('unknown', two('Noden svarade inte.', 'The node did not answer.'), two('Se Tjänsten.', 'See The service.'), who.local);
    }
    return not('fail', two('Webbläsaren skickar inte tillbaka kakor.', 'The browser does not send cookies back.'),
      two('Tillåt kakor för adressen: utan dem går det inte att logga in.', 'Allow cookies for the address: one cannot sign in without them.'), who.local);
  }

  async function provider() {
    try {
      const { reachable } = await askJSON('/test/provider');
      if (reachable) return ok(two('Noden når inloggningstjänsten.', 'The node reaches the sign-in service.'));
      return not('fail', two('Noden når inte inloggningstjänsten.', 'The node does not reach the sign-in service.'), two('Inget fel på den här datorn.', 'Nothing is wrong with this computer.'), who.service);
    } catch {
      return not('unknown', two('Noden svarade inte.', 'The node did not answer.'), two('Se Tjänsten.', 'See The service.'), who.local);
    }
  }

  function screenSize() {
    const scale = Math.round(window.devicePixelRatio * 100);
    const found = [two(`Fönstret är ${innerWidth} × ${innerHeight}, skärmen ${screen.width} × ${screen.height}.`, `The window is ${innerWidth} × ${innerHeight}, the screen ${screen.width} × ${screen.height}.`),
      two(`Skalning och zoom tillsammans: ${scale} %.`, `Scaling and zoom together: ${scale} %.`)];
    if (innerWidth >= 320 && innerHeight >= 256) return ok(...found);
    return not('warn', found, two('Gör fönstret större eller zooma ut.', 'Make the window larger or zoom out.'), who.self);
  }

  // ---- running ----

  const bySite = (streams) => {
    const sites = new Map();
    for (const s of streams) sites.set(s.site, (sites.get(s.site) || []).concat(s));
    return sites;
  };

  async function run() {
    if (running) return;
    running = true;
    finished = null;
    draw();
    const results = [];
    const add = (id, name, found) => results.push(Object.assign({ id, name }, found));
    const told = await askFacts().catch(() => null);
    const streams = told ? told.facts.streams.map((s) => Object.assign({}, s, { stream: s.here ? here() : s.stream }))
      : [{ node: location.host, site: '?', stream: here(), here: true }];
    // At once: together they take as long as the slowest.
    const [runs, works, cert, cookie, sights, reach] = await Promise.all([
      wasm(), program(), certificate(told), cookies(), Promise.all(streams.map((s) => stream(s.stream))),
      told && told.facts.signIn === 'provider' ? provider() : null,
    ]);
    add('browser', two('Webbläsaren', 'The browser'), browser());
    add('features', two('Webbläsarens funktioner', 'Features of the browser'), features());
    add('wasm', two('WebAssembly', 'WebAssembly'), runs);
    add('program', two('Programmet', 'The program'), works);
    add('service', two('Tjänsten', 'The service'), service(told));
    const where = address(told);
    add('address', two('Adressen', 'The address'), where);
    const seen = streams.map((s, i) => Object.assign({}, s, { sight: sights[i] }));
    for (const [name, all] of bySite(seen)) {
      add('site-' + name, two(`Anslutning till plats ${name}`, `Connection to site ${name}`), site(name, all, told && told.facts, where.result !== 'ok'));
    }
    add('clock', two('Datorns klocka', 'The computer’s clock'), clock(told));
    add('certificate', two('Certifikat', 'Certificate'), cert);
    add('cookies', two('Kakor', 'Cookies'), cookie);
    if (reach) add('provider', two('Inloggningstjänsten', 'The sign-in service'), reach);
    add('screen', two('Fönster och skalning', 'Window and scaling'), screenSize());
    // What is wrong comes first; else in the order of the checks.
    results.sort((a, b) => weight.indexOf(a.result) - weight.indexOf(b.result));
    finished = { results, at: new Date() };
    running = false;
    draw();
  }

  // ---- showing ----

  const isService = (r) => r.by === who.service;

  function verdict(results) {
    const bad = results.filter((r) => r.result === 'fail');
    const unsure = results.filter((r) => r.result === 'unknown');
    const noted = results.filter((r) => r.result === 'warn');
    if (bad.length && bad.every(isService)) {
      return ['mend', two('Något behöver åtgärdas', 'Something needs mending'), two('Den här datorn är det inget fel på: felet ligger hos tjänsten.', 'Nothing is wrong with this computer: the fault is with the service.')];
    }
    if (bad.length) {
      return ['mend', two('Något behöver åtgärdas', 'Something needs mending'), two(`${bad.length} fel. Under varje fel står vad som ska göras och av vem.`, `Faults: ${bad.length}. Under each stands what to do, and who can.`)];
    }
    if (unsure.length) {
      return ['unsure', two('Allt kunde inte kontrolleras', 'Not everything could be checked'), two('Inget fel hittades, men se det som är märkt Vet inte.', 'No fault was found, but see what is marked Unknown.')];
    }
    if (noted.length) {
      return ['notes', two('Arbetsstationen är redo', 'The workstation is ready'), two('Patientöversikten fungerar här. Se det som är märkt Varning.', 'The overview works here. See what is marked Warning.')];
    }
    return ['ready', two('Arbetsstationen är redo', 'The workstation is ready'), two('Patientöversikten fungerar här.', 'The overview works here.')];
  }

  function element(tag, className, text) {
    const e = document.createElement(tag);
    if (className) e.className = className;
    if (text !== undefined) e.textContent = text;
    return e;
  }

  function drawCheck(r) {
    const [word, symbol, look] = badges[r.result];
    const item = element('li');
    item.dataset.test = 'check-' + r.id;
    item.dataset.result = r.result;
    const head = element('div', 'name');
    const badge = element('span', 'badge ' + look);
    const mark = element('span', '', symbol + ' ');
    mark.setAttribute('aria-hidden', 'true');
    badge.append(mark, pick(word));
    head.append(element('h3', '', pick(r.name)), badge);
    item.append(head);
    for (const words of r.found) item.append(element('p', 'found', pick(words)));
    if (r.mend) {
      const mend = element('p', 'mend');
      mend.append(element('b', '', pick(two('Att göra: ', 'To do: '))), pick(r.mend));
      const by = element('p', 'small');
      by.append(element('b', '', pick(two('Vem: ', 'Who: '))), pick(r.by), '.');
      item.append(mend, by);
    }
    return item;
  }

  function reportText(headline) {
    const lines = [
      `Tvilling, ${pick(two('testsida', 'test page'))} ${location.origin}`, finished.at.toISOString(), navigator.userAgent, '', headline, '',
    ];
    for (const r of finished.results) {
      lines.push(`${pick(badges[r.result][0])}: ${pick(r.name)}`);
      for (const words of r.found) lines.push('  ' + pick(words));
    }
    return lines.join('\n') + '\n';
  }

  const fixed = [
    ['skip', two('Hoppa till innehållet', 'Skip to the content')], ['tagline', two('Testsida', 'Test page')], ['home', two('Till patientöversikten', 'To the overview')],
    ['again', two('Kontrollera igen', 'Check again')], ['checks-heading', two('Kontrollerna', 'The checks')], ['errand-heading', two('Text till ett supportärende', 'Text for a support errand')],
    ['errand-lead', two('Inga personuppgifter: bara det som står ovan, och webbläsarens eget namn.', 'No personal data: only what stands above, and the browser’s own name.')],
    ['report-label', two('Resultat', 'Results')], ['copy', two('Kopiera texten', 'Copy the text')],
  ];

  function draw() {
    document.documentElement.lang = english ? 'en' : 'sv';
    document.title = pick(two('Testsida – Tvilling', 'Test page – Tvilling'));
    for (const [id, words] of fixed) byId(id).textContent = pick(words);
    const other = byId('language');
    other.hidden = false;
    other.lang = english ? 'sv' : 'en';
    other.textContent = english ? 'Svenska' : 'English';
    byId('copied').textContent = '';
    byId('main').setAttribute('aria-busy', String(!finished));
    for (const id of ['again', 'checks-heading', 'errand']) byId(id).hidden = !finished;
    const [state, headline, lead] = finished ? verdict(finished.results)
      : ['running', two('Kontrollerar arbetsstationen …', 'Checking the workstation …'), two('Det tar några sekunder. Inga patientuppgifter används.', 'It takes a few seconds. No patient data is used.')];
    byId('verdict').dataset.verdict = state;
    byId('headline').textContent = pick(headline);
    byId('lead').textContent = pick(lead);
    byId('checks').replaceChildren(...(finished ? finished.results.map(drawCheck) : []));
    byId('report').value = finished ? reportText(pick(headline)) : '';
  }

  byId('still').remove();
  byId('again').addEventListener('click', () => { byId('main').focus(); run(); });
  byId('language').addEventListener('click', () => { english = !english; draw(); });
  byId('copy').addEventListener('click', () => {
    byId('report').select();
    const written = navigator.clipboard ? navigator.clipboard.writeText(byId('report').value) : Promise.reject(new Error('no clipboard'));
    written.then(
      () => { byId('copied').textContent = pick(two('Kopierat.', 'Copied.')); },
      () => { byId('copied').textContent = pick(two('Texten är markerad: tryck Ctrl och C.', 'The text is selected: press Ctrl and C.')); });
  });
  run();
})();
