// Virtual time. Everything that happens in a world is a task of some context (a tab, a worker), run at its time in
// the order it was planned. Determinism: between two tasks every promise job has run, and nothing waits for the real
// event loop, so that code under test is only ever suspended on virtual tasks. A context
// that dies loses its tasks: none of its code runs again. One that stands still keeps them for later.

export interface Context {
  readonly name: string;
  readonly isAlive: boolean;
  readonly isStill: boolean;
  /** Runs the task after `ms`, unless the context is dead by then. Returns what cancels it. */
  plan(task: () => void, ms: number): () => void;
  /** Resolves after `ms`. */
  pass(ms: number): Promise<void>;
  /** Calls once, when the context dies. */
  onDeath(callback: () => void): void;
  die(): void;
  standStill(): void;
  goOn(): void;
}

export interface Scheduler {
  readonly now: number;
  readonly tasksRun: number;
  context(name: string): Context;
  /** Runs everything that is planned for the next `ms`. */
  run(ms: number): Promise<void>;
}

interface Task {
  at: number;
  order: number;
  readonly context: OwnedContext;
  run: (() => void) | undefined;
}

interface OwnedContext extends Context {
  keep(task: Task): void;
}

/** All promise jobs have run: Node empties their queue before it takes the next tick. */
const settle = () => new Promise<void>((resolve) => process.nextTick(resolve));
/** Lets the event loop turn, for whoever watches this process. */
const breathe = () => new Promise<void>((resolve) => setImmediate(resolve));
const TASKS_PER_BREATH = 10_000;

export function createScheduler(): Scheduler {
  const heap: Task[] = [];
  let now = 0;
  let order = 0;
  let tasksRun = 0;

  const isBefore = (a: Task, b: Task) => a.at < b.at || (a.at === b.at && a.order < b.order);

  const push = (task: Task) => {
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(task, heap[parent] as Task)) break;
      heap[at] = heap[parent] as Task;
      at = parent;
    }
    heap[at] = task;
  };

  const pop = (): Task => {
    const first = heap[0] as Task;
    const last = heap.pop() as Task;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Task, heap[child] as Task)) child++;
      if (!isBefore(heap[child] as Task, last)) break;
      heap[at] = heap[child] as Task;
      at = child;
    }
    heap[at] = last;
    return first;
  };

  const context = (name: string): Context => {
    let isAlive = true;
    let isStill = false;
    let kept: Task[] = [];
    let mourners: (() => void)[] = [];
    const own: OwnedContext = {
      name,
      get isAlive() {
        return isAlive;
      },
      get isStill() {
        return isStill;
      },
      plan(run, ms) {
        // Whole milliseconds, as clocks and timers of browsers have: a fraction could round to no time at all, for ever.
        const task: Task = { at: now + Math.max(0, Math.ceil(ms)), order: order++, context: own, run };
        if (isAlive) push(task);
        return () => {
          task.run = undefined;
        };
      },
      pass: (ms) => new Promise((resolve) => void own.plan(resolve, ms)),
      onDeath: (callback) => void mourners.push(callback),
      die() {
        if (!isAlive) return;
        isAlive = false;
        kept = [];
        for (const mourn of mourners.splice(0)) mourn();
        mourners = [];
      },
      standStill() {
        isStill = true;
      },
      goOn() {
        isStill = false;
        const due = kept;
        kept = [];
        // In the order in which they would have run, before whatever comes from now on.
        for (const task of due) {
          task.at = now;
          task.order = order++;
          push(task);
        }
      },
      keep: (task) => void kept.push(task),
    };
    return own;
  };

  return {
    get now() {
      return now;
    },
    get tasksRun() {
      return tasksRun;
    },
    context,
    async run(ms) {
      const end = now + ms;
      await settle();
      while (heap.length > 0 && (heap[0] as Task).at <= end) {
        const task = pop();
        if (task.run === undefined || !task.context.isAlive) continue;
        now = Math.max(now, task.at);
        if (task.context.isStill) {
          task.context.keep(task);
          continue;
        }
        tasksRun++;
        task.run();
        await settle();
        if (tasksRun % TASKS_PER_BREATH === 0) await breathe();
      }
      now = end;
    },
  };
}
