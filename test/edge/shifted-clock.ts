// First import of a process whose clock is wrong by so much: everything loaded after it reads that clock. Its wall clock and
// its clock of differences both are, as after a start with a bad battery.

const shiftMs = Number(process.env.ORIGINMQ_SHIFT_MS ?? 0);

if (shiftMs !== 0) {
  const Right = Date;
  const now = () => Right.now() + shiftMs;
  globalThis.Date = new Proxy(Right, {
    construct: (target, args, self) => Reflect.construct(target, args.length === 0 ? [now()] : args, self),
    apply: () => new Right(now()).toString(),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
  });
  const elapsed = performance.now.bind(performance);
  performance.now = () => elapsed() + Math.abs(shiftMs);
}
