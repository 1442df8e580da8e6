// What must hold on every page besides what axe-core knows: each check answers with what
// breaks it, in words. It runs in the page, by the browser's own protocol.
window.pageChecks = (() => {
  'use strict';
  const seen = (e) => e.checkVisibility({ visibilityProperty: true }) && e.getClientRects().length > 0;
  const name = (e) => {
    const words = (e.getAttribute('aria-label') || e.textContent || e.value || '').trim().slice(0, 40);
    return e.tagName.toLowerCase() + (e.id ? '#' + e.id : e.className ? '.' + String(e.className).split(' ').join('.') : '') + (words ? ' “' + words + '”' : '');
  };
  const hidden = (e) => e.closest('.unseen, .skip, [aria-hidden=true]') !== null;
  // While a dialog is open nothing else can be reached.
  const reachable = () => document.querySelector('[aria-modal=true]') || document;
  const controls = () => [...reachable().querySelectorAll('button, a[href], input, select, textarea, summary, [tabindex], [role=slider]')].filter((e) => !e.disabled && seen(e) && !hidden(e));
  // What the tab key reaches: of the buttons of one radio group, one.
  const stops = () => {
    const groups = new Set();
    return controls().filter((e) => {
      if (e.tabIndex < 0) return false;
      if (e.type !== 'radio') return true;
      const group = [...document.getElementsByName(e.name)];
      const stop = group.find((r) => r.checked) || group[0];
      if (e !== stop || groups.has(e.name)) return false;
      groups.add(e.name);
      return true;
    });
  };
  // A box that may be wider than the page scrolls by itself, and by the keyboard too.
  const scrollsByItself = (e) => e.closest('.table-box, .time-chart, [role=tabpanel]:has(table)') !== null;

  // Whether any part of it is in sight, with nothing before it.
  const inSight = (e) => {
    const r = e.getBoundingClientRect();
    for (let i = 1; i < 20; i += 2) {
      for (let j = 1; j < 8; j += 2) {
        const [x, y] = [r.left + r.width * j / 8, r.top + r.height * i / 20];
        if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) continue;
        const top = document.elementFromPoint(x, y);
        if (top && (e.contains(top) || top.closest('label')?.contains(e))) return true;
      }
    }
    return false;
  };

  return {
    stops: () => stops().map(name),

    // The page is as wide as the window, and nothing in it is wider (WCAG 1.4.10).
    sideways() {
      const wrong = [];
      const root = document.scrollingElement;
      if (root.scrollWidth > root.clientWidth) wrong.push('the page scrolls sideways: ' + root.scrollWidth + ' px in ' + root.clientWidth);
      for (const e of document.body.querySelectorAll('*')) {
        if (!seen(e) || hidden(e) || scrollsByItself(e)) continue;
        const r = e.getBoundingClientRect();
        const style = getComputedStyle(e);
        if (r.right > root.clientWidth + 1 && r.width > 0 && !e.closest('select')) wrong.push(name(e) + ' ends at ' + Math.round(r.right));
        else if (/auto|scroll/.test(style.overflowX) && e.scrollWidth > e.clientWidth + 1 && e.tagName !== 'INPUT') wrong.push(name(e) + ' scrolls sideways');
      }
      return wrong;
    },

    // No text is cut off, or runs out of what holds it (1.4.4, 1.4.12). A line that ends
    // with dots has the rest in what it opens.
    cut() {
      const wrong = [];
      for (const e of document.body.querySelectorAll('*')) {
        if (!seen(e) || hidden(e) || scrollsByItself(e) || !e.textContent.trim() || /^(SELECT|OPTION|TEXTAREA|svg|text|title|tspan|g)$/.test(e.tagName)) continue;
        const style = getComputedStyle(e);
        const dots = (x) => x && getComputedStyle(x).textOverflow === 'ellipsis';
        const clips = (v) => v === 'hidden' || v === 'clip';
        if (style.display !== 'inline' && clips(style.overflowY) && e.scrollHeight > e.clientHeight + 2) wrong.push(name(e) + ' is cut off below: ' + e.scrollHeight + ' in ' + e.clientHeight);
        if (dots(e) || dots(e.parentElement)) continue;
        if (e.clientWidth && clips(style.overflowX) && e.scrollWidth > e.clientWidth + 2) wrong.push(name(e) + ' is cut off at the side: ' + e.scrollWidth + ' in ' + e.clientWidth);
        if (e.tagName === 'BUTTON' && e.clientWidth && e.scrollWidth > e.clientWidth + 2) wrong.push(name(e) + ' does not hold its words');
        if (e.tagName === 'BUTTON' && e.clientHeight && e.scrollHeight > e.clientHeight + 2) wrong.push(name(e) + ' does not hold its lines');
      }
      return wrong;
    },

    // What is pressed is large enough (2.5.8); a box's words are part of it.
    small() {
      const wrong = [];
      for (const e of controls()) {
        if (!e.matches('button, a[href], input, select, textarea, summary, [data-act]')) continue;
        let r = e.getBoundingClientRect();
        if (/checkbox|radio/.test(e.type) && e.closest('label')) r = e.closest('label').getBoundingClientRect();
        if (r.width < 24 || r.height < 24) wrong.push(name(e) + ' is ' + Math.round(r.width) + ' × ' + Math.round(r.height));
      }
      return wrong;
    },

    // Everything can be brought into sight, and then nothing covers it (2.4.11).
    covered() {
      const wrong = [];
      const at = document.activeElement;
      for (const e of stops()) {
        e.scrollIntoView({ block: 'nearest', inline: 'nearest', behavior: 'instant' });
        if (inSight(e)) continue;
        const r = e.getBoundingClientRect();
        wrong.push(name(e) + ' cannot be seen: ' + [r.left, r.top, r.right, r.bottom].map(Math.round) + ' in ' + innerWidth + ' × ' + innerHeight);
      }
      at?.scrollIntoView?.({ block: 'nearest' });
      return wrong;
    },

    // Where there are rows, the list shows some.
    blankList() {
      const scroller = document.getElementById('scroller');
      const rows = document.getElementById('rows');
      if (!scroller || !rows?.firstElementChild || !seen(scroller)) return [];
      const s = scroller.getBoundingClientRect();
      const some = [...rows.children].some((row) => {
        const r = row.getBoundingClientRect();
        return r.height > 0 && r.bottom > s.top + 1 && r.top < s.bottom - 1;
      });
      return some ? [] : ['the list is scrolled to where no row is painted: ' + scroller.scrollTop + ', and the first is at ' + rows.style.paddingTop];
    },

    // Whatever stands above the list, five rows of it are seen, where there are so many.
    // Filters that are open are the list's own; beside the help its rows are tall, and fewer.
    fewRows() {
      const scroller = document.getElementById('scroller');
      if (!scroller || !seen(scroller) || document.querySelector('.filter')) return [];
      const enough = document.documentElement.dataset.guide === 'true' ? 3 : 5;
      const s = scroller.getBoundingClientRect();
      const rows = [...document.querySelectorAll('#rows > li')];
      const whole = rows.filter((row) => {
        const r = row.getBoundingClientRect();
        return r.top >= s.top - 1 && r.bottom <= Math.min(s.bottom, innerHeight) + 1;
      });
      return whole.length >= Math.min(enough, rows.length) ? [] : ['of the list ' + whole.length + ' rows are seen, in ' + Math.round(s.height) + ' of ' + innerHeight + ' px'];
    },

    // The overview is as high as the window, but where it is so low or narrow that the page
    // scrolls: each part of it scrolls by itself.
    higher() {
      const root = document.scrollingElement;
      const flows = matchMedia('(max-height: 34rem), (max-width: 24rem)').matches;
      if (flows || !document.getElementById('scroller') || root.scrollHeight <= root.clientHeight) return [];
      return ['the page is ' + root.scrollHeight + ' px high, in ' + root.clientHeight];
    },

    // Every row says where it stands, and of how many (4.1.2).
    places() {
      const rows = [...document.querySelectorAll('#rows > li')];
      const wrong = [];
      rows.forEach((row, i) => {
        const [at, of] = [row.ariaPosInSet, row.ariaSetSize].map(Number);
        if (!(at >= 1 && at <= of) || i && at !== Number(rows[i - 1].ariaPosInSet) + 1) wrong.push('row ' + i + ' is said to be ' + at + ' of ' + of);
      });
      return wrong;
    },

    // Nothing moves where one does not want it (2.3.3).
    moving() {
      // What only hides, as that which wipes a page that is stuck, does not move.
      const hides = (a) => a.effect.getKeyframes().every((k) => Object.keys(k).every((p) => /^(offset|computedOffset|easing|composite|visibility)$/.test(p)));
      const wrong = document.getAnimations().filter((a) => !hides(a)).map((a) => 'an animation of ' + name(a.effect.target));
      for (const e of document.querySelectorAll('*')) {
        const style = getComputedStyle(e);
        if (style.transitionDuration.split(',').some((d) => parseFloat(d) > 0.001)) wrong.push(name(e) + ' has a transition');
        if (style.animationName !== 'none' && parseFloat(style.animationDuration) > 0.001) wrong.push(name(e) + ' has an animation');
        if (style.scrollBehavior === 'smooth') wrong.push(name(e) + ' scrolls smoothly');
      }
      return wrong;
    },

    // With colours of one's own a control still looks like one, and one that is pressed
    // or chosen differs from one that is not by more than a colour that is gone.
    flat() {
      const wrong = [];
      const look = (e) => {
        const s = getComputedStyle(e);
        return [s.color, s.backgroundColor, s.borderTopWidth, s.borderTopColor, s.borderLeftWidth, s.outlineStyle, s.fontWeight, s.textDecorationLine].join('|');
      };
      for (const e of controls()) {
        if (!e.matches('button, select, textarea, input:not([type=checkbox], [type=radio], [type=range])')) continue;
        const s = getComputedStyle(e);
        const edge = ['Top', 'Bottom', 'Left'].some((side) => parseFloat(s['border' + side + 'Width']) > 0 && s['border' + side + 'Style'] !== 'none');
        if (!edge && !/underline/.test(s.textDecorationLine)) wrong.push(name(e) + ' has no edge');
        if (s.color === s.backgroundColor) wrong.push(name(e) + ' has the colour of what it stands on');
      }
      for (const on of document.querySelectorAll('[aria-pressed=true], [aria-current=true], [aria-selected=true]')) {
        const attribute = ['aria-pressed', 'aria-selected'].find((a) => on.hasAttribute(a)) || 'aria-current';
        const off = [...document.querySelectorAll(attribute === 'aria-current' ? on.tagName + '.' + [...on.classList].join('.') + ':not([aria-current])' : '[' + attribute + '=false]')]
          .find((e) => seen(e) && e.className === on.className);
        if (seen(on) && off && look(on) === look(off)) wrong.push(name(on) + ' looks like ' + name(off) + ', which is not chosen');
      }
      return wrong;
    },

    // Where the focus is, and how it is seen.
    focus() {
      const e = document.activeElement;
      if (!e || e === document.body || e === document.documentElement) return null;
      const s = getComputedStyle(e);
      const r = e.getBoundingClientRect();
      const ring = e.type === 'date' && !e.matches(':focus-visible') /* the browser draws it at a part */ || s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2 || s.boxShadow !== 'none';
      const part = e.closest('fieldset, form, section, nav, aside, header, footer, main, .acts, ul')?.getBoundingClientRect();
      return { Name: name(e), Ring: !!ring, Free: inSight(e), Left: r.left, Top: r.top, Right: r.right, Bottom: r.bottom, Part: part ? [part.left, part.top, part.right, part.bottom].map(Math.round).join() : '', Index: stops().indexOf(e) };
    },
  };
})();
true
