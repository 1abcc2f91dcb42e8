// Put before the bundles of pages and workers, to note what becomes of one message after the other: when it is posted and
// heard, and its transaction. Times are epoch milliseconds, on clocks of one machine.
// @ts-nocheck It stands in for functions of the platform, whatever these are given.
(() => {
  let notes = [];
  const note = (what) => notes.push([what, performance.timeOrigin + performance.now()]);
  globalThis.noteStage = note;

  const kindOf = (data) => {
    if (typeof data !== "object") return typeof data;
    const request = data.argumentList?.[0]?.value;
    if (request) return `${request.op} ${request.commands?.map(({ command }) => command.type) ?? ""}`.trim();
    return String(data.type);
  };
  const { postMessage, addEventListener, start } = MessagePort.prototype;
  const seen = new WeakSet();
  const listen = (port) => {
    if (seen.has(port)) return;
    seen.add(port);
    addEventListener.call(port, "message", ({ data }) => data && note(`hears ${kindOf(data)}`));
  };
  MessagePort.prototype.postMessage = function (data, ...rest) {
    // Without data it is a task that somebody gives to himself.
    if (data) note(`posts ${kindOf(data)}`);
    return postMessage.call(this, data, ...rest);
  };
  MessagePort.prototype.start = function () {
    listen(this);
    return start.call(this);
  };
  const onmessage = Object.getOwnPropertyDescriptor(MessagePort.prototype, "onmessage");
  Object.defineProperty(MessagePort.prototype, "onmessage", {
    ...onmessage,
    set(listener) {
      listen(this);
      onmessage.set.call(this, listener);
    },
  });

  const { transaction } = IDBDatabase.prototype;
  IDBDatabase.prototype.transaction = function (stores, mode, options) {
    note(`asked ${mode ?? "readonly"}`);
    const begun = transaction.call(this, stores, mode, options);
    begun.addEventListener("complete", () => note("complete"));
    return begun;
  };
  for (const method of ["get", "put", "add"]) {
    const original = IDBObjectStore.prototype[method];
    IDBObjectStore.prototype[method] = function (...given) {
      const request = original.apply(this, given);
      note(`issued ${method}`);
      return request;
    };
  }

  const answer = new BroadcastChannel("noted");
  const take = () => {
    const taken = notes;
    notes = [];
    return taken;
  };
  if (typeof document === "undefined") answer.onmessage = ({ data }) => data === "take" && answer.postMessage(take());
  globalThis.takeNotes = take;
  globalThis.takeNotesOfWorkers = () =>
    new Promise((resolve) => {
      const all = [];
      answer.onmessage = ({ data }) => Array.isArray(data) && all.push(...data);
      answer.postMessage("take");
      setTimeout(() => resolve(all), 500);
    });
})();
