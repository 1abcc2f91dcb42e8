// Put before the bundles of page and worker, to note when they ask what of the platform, and when they hear. The worker
// hands its notes to the page that asks for them. Times are epoch milliseconds, on clocks of one machine.
// @ts-nocheck It stands in for functions of the platform, whatever these are given.
(() => {
  const isWorker = typeof document === "undefined";
  const notes = [];
  const note = (what) => notes.push([isWorker ? "worker" : "page", what, performance.timeOrigin + performance.now()]);
  globalThis.noteStage = note;
  note("script");

  /** Notes the call, and when what it returns is there. */
  const wrap = (owner, method, nameOf) => {
    const original = owner[method];
    owner[method] = function (...given) {
      const name = nameOf.apply(this, given);
      note(name);
      const made = original.apply(this, given);
      made?.then?.(
        () => note(`${name} done`),
        () => {},
      );
      return made;
    };
  };

  const locks = Object.getPrototypeOf(navigator.locks);
  const { request } = locks;
  locks.request = function (name, ...rest) {
    const kind = name.replace(/[0-9a-f-]{30,}/g, "*");
    note(`lock ${kind}`);
    const callback = rest.pop();
    return request.call(this, name, ...rest, (lock) => {
      note(`lock ${kind} granted`);
      return callback(lock);
    });
  };

  const { open } = IDBFactory.prototype;
  IDBFactory.prototype.open = function (...given) {
    note("open");
    const opening = open.apply(this, given);
    opening.addEventListener("upgradeneeded", () => note("open upgrade"));
    opening.addEventListener("success", () => note("open done"));
    return opening;
  };
  let transactions = 0;
  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    const name = `tx ${++transactions} ${mode ?? "readonly"} ${options?.durability ?? ""} ${[stores].flat().join("+")}`;
    note(name);
    const begun = transaction.call(this, stores, mode, options);
    begun.addEventListener("complete", () => note(`${name} done`));
    return begun;
  };
  const { put } = IDBObjectStore.prototype;
  IDBObjectStore.prototype.put = function (value, key) {
    if (key === "reserve") note(`reserve in tx ${transactions}`);
    return put.call(this, value, key);
  };
  if (globalThis.CacheStorage) {
    wrap(CacheStorage.prototype, "open", () => "cache open");
    wrap(Cache.prototype, "match", () => "cache match");
    wrap(Cache.prototype, "put", () => "cache put");
  }
  const kindOf = (data) => {
    if (typeof data !== "object" || data === null) return typeof data;
    const request = data.argumentList?.[0]?.value;
    if (request) return `${request.op} ${request.commands?.map(({ command }) => command.type) ?? ""}`.trim();
    return data.type === "RAW" ? "answer" : String(data.type);
  };
  const { postMessage, addEventListener, start } = MessagePort.prototype;
  const seen = new WeakSet();
  MessagePort.prototype.postMessage = function (data, ...rest) {
    if (data !== null) note(`posts ${kindOf(data)}`);
    return postMessage.call(this, data, ...rest);
  };
  MessagePort.prototype.start = function () {
    if (!seen.has(this)) {
      seen.add(this);
      addEventListener.call(this, "message", ({ data }) => {
        if (data !== null) note(`hears ${kindOf(data)}`);
      });
    }
    return start.call(this);
  };
  const worker = globalThis.SharedWorker;
  if (worker) {
    globalThis.SharedWorker = class extends worker {
      constructor(...given) {
        note("SharedWorker");
        super(...given);
        note("SharedWorker done");
      }
    };
  }

  const channel = new BroadcastChannel("cold-stages");
  if (isWorker) channel.onmessage = ({ data }) => data === "notes?" && channel.postMessage(notes);
  else
    globalThis.stageNotes = () =>
      new Promise((resolve) => {
        channel.onmessage = ({ data }) => Array.isArray(data) && resolve([...notes, ...data]);
        channel.postMessage("notes?");
        setTimeout(() => resolve(notes), 1_000);
      });
})();
