// Runs an instrumented program and writes down which functions its calls ran.
//
//   node runner.cjs FOLDER RESULT
//
// What runs is `main.mjs`, `main.cjs` or `main.js` of the folder, or the scripts that its `index.html` names, in order, in
// one global scope with the little of a browser that stands below. RESULT is a JSON file: `edges` are pairs of site and
// function, `ran` are the sites that were reached, `alone` the functions that ran without a call of the program (from a
// timer, an event, a promise).
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const [folder, result] = process.argv.slice(2).map(p => path.resolve(p));
const edges = new Set();
const ran = new Set();
const alone = new Set();
/** The site whose call has not reached a function of the program yet. */
let pending = -1;

function at(site, work) {
  const before = pending;
  pending = site;
  ran.add(site);
  try {
    return work();
  } finally {
    pending = before;
  }
}

function entered(id) {
  if (pending < 0) alone.add(id);
  else edges.add(`${pending} ${id}`);
}

const given = args => (typeof args === 'function' ? args() : args);

const rec = {
  enter(id) {
    entered(id);
    const before = pending;
    pending = -1;
    return before;
  },
  leave(before) {
    pending = before;
  },
  generator(id) {
    entered(id);
  },
  call(site, callee, args, optional) {
    if (optional && callee == null) return undefined;
    const list = given(args);
    return at(site, () => callee(...list));
  },
  method(site, object, key, args, optionalObject, optional) {
    if (optionalObject && object == null) return undefined;
    const member = at(site, () => object[key]);
    if (optional && member == null) return undefined;
    const list = given(args);
    if (typeof member !== 'function') throw new TypeError(`${String(key)} is not a function`);
    return at(site, () => Reflect.apply(member, object, list));
  },
  construct(site, callee, list) {
    return at(site, () => Reflect.construct(callee, list));
  },
  run(site, thunk, list) {
    return at(site, () => thunk(...list));
  },
  read(site, object, key) {
    return at(site, () => object[key]);
  },
  write(site, object, key, value) {
    at(site, () => Reflect.set(Object(object), key, value, object));
    return value;
  },
};

process.on('exit', () => {
  const numbers = set => [...set].sort((a, b) => a - b);
  const pairs = [...edges].map(edge => edge.split(' ').map(Number)).sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  fs.writeFileSync(result, JSON.stringify({ edges: pairs, ran: numbers(ran), alone: numbers(alone) }));
});

/** As much of a document as small pages need: elements that keep listeners, which run at the end. */
function page() {
  const listeners = [];
  class Element {
    constructor(tagName) {
      Object.assign(this, { tagName, id: '', className: '', innerHTML: '', style: {}, children: [], attributes: {}, value: '' });
    }
    addEventListener(type, listener) {
      listeners.push({ target: this, type, listener });
    }
    removeEventListener() {}
    appendChild(child) {
      this.children.push(child);
      return child;
    }
    setAttribute(name, value) {
      this.attributes[name] = value;
    }
    getAttribute(name) {
      return this.attributes[name] ?? null;
    }
    getContext() {
      return new Proxy({}, { get: () => () => undefined, set: () => true });
    }
    querySelector() {
      return new Element('div');
    }
    querySelectorAll() {
      return [new Element('div'), new Element('div')];
    }
    getElementsByTagName() {
      return this.querySelectorAll();
    }
    click() {
      this.fire('click');
    }
    fire(type) {
      const event = { type, target: this, preventDefault() {}, stopPropagation() {} };
      for (const one of [...listeners]) {
        if (one.target === this && one.type === type) one.listener.call(this, event);
      }
      if (typeof this[`on${type}`] === 'function') this[`on${type}`](event);
    }
  }
  const byId = new Map();
  const made = [];
  const document = new Element('#document');
  Object.assign(document, {
    body: new Element('body'),
    createElement(name) {
      const element = new Element(name);
      made.push(element);
      return element;
    },
    getElementById(id) {
      if (!byId.has(id)) byId.set(id, new Element('div'));
      return byId.get(id);
    },
  });
  const timers = [];
  const later = (work, _time, ...args) => timers.push(() => work(...args));
  const window = {
    document,
    console,
    setTimeout: later,
    setInterval: later,
    requestAnimationFrame: later,
    clearTimeout() {},
    clearInterval() {},
    addEventListener(type, listener) {
      listeners.push({ target: window, type, listener });
    },
    location: { href: 'http://localhost/', hash: '', search: '' },
    navigator: { userAgent: 'recorder' },
    __rec: rec,
  };
  window.window = window.self = window;
  const finish = () => {
    for (const one of [...listeners]) {
      one.listener.call(one.target, { type: one.type, target: one.target, preventDefault() {}, stopPropagation() {} });
    }
    if (typeof window.onload === 'function') window.onload({ type: 'load' });
    for (const element of [document, document.body, ...byId.values(), ...made]) {
      for (const name of Object.keys(element)) {
        if (/^on[a-z]+$/.test(name) && typeof element[name] === 'function') element.fire(name.slice(2));
      }
    }
    for (const timer of timers.splice(0)) timer();
  };
  return { window, finish };
}

async function run() {
  const index = path.join(folder, 'index.html');
  if (fs.existsSync(index)) {
    const { window, finish } = page();
    const context = vm.createContext(window);
    window.window = window.self = vm.runInContext('this', context);
    for (const [, src] of fs.readFileSync(index, 'utf8').matchAll(/<script[^>]*\ssrc="([^"]+)"/g)) {
      vm.runInContext(fs.readFileSync(path.join(folder, src), 'utf8'), context, { filename: src });
    }
    finish();
    return;
  }
  globalThis.__rec = rec;
  const main = ['main.mjs', 'main.cjs', 'main.js'].map(name => path.join(folder, name)).find(fs.existsSync);
  if (!main) throw new Error(`${folder} has no main.mjs, main.cjs, main.js or index.html`);
  if (main.endsWith('.mjs')) await import(main);
  else require(main);
}

run().catch(error => {
  console.error(error);
  process.exitCode = 1;
});
