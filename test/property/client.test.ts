// What lives in the client (streams, schemas, requests), over a real host in memory: whatever comes in whichever order.

import fc from "fast-check";
import { afterEach, test } from "vitest";
import {
  type Connection,
  connect,
  type Delivery,
  type Queue,
  QueueError,
  type StandardSchema,
} from "../../src/index.js";
import { holds, same } from "./expectations.js";
import { parameters } from "./steps.js";

const connections: Connection[] = [];
let databases = 0;

afterEach(async () => {
  await Promise.all(connections.splice(0).map((connection) => connection.close()));
});

async function openConnection(): Promise<Connection> {
  const connection = await connect({ storage: "memory", database: `property-${databases++}` });
  connections.push(connection);
  return connection;
}

const RUNS = 40;
const check = <T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => Promise<void>) =>
  fc.assert(fc.asyncProperty(arbitrary, property), parameters(RUNS));

/** How many each reader takes before it cancels. */
const pipes = fc.record({
  messages: fc.nat(60),
  readers: fc.array(fc.nat(20), { maxLength: 4 }),
  prefetch: fc.integer({ min: 1, max: 8 }),
  inFlight: fc.integer({ min: 1, max: 8 }),
});

test("streams that are cancelled anywhere take what they read, in order, and give back the rest uncounted", () =>
  check(pipes, async ({ messages, readers, prefetch, inFlight }) => {
    const connection = await openConnection();
    const [from, to] = [await connection.openQueue<number>("from"), await connection.openQueue<number>("to")];
    const writer = from.writable({ inFlight }).getWriter();
    for (let n = 0; n < messages; n++) await writer.write(n);
    await writer.close();

    const moved: number[] = [];
    for (const most of [...readers, messages]) {
      const take = Math.min(most, messages - moved.length);
      if (take === 0) continue;
      let count = 0;
      const reader = from.readable({ prefetch }).getReader();
      const target = to.writable({ inFlight }).getWriter();
      while (count < take) {
        const { value } = (await reader.read()) as { value: Delivery<number> };
        same(value.attempt, 1, "what a stream did not read was not attempted");
        await target.write(value.body);
        moved.push(value.body);
        await value.ack();
        count++;
      }
      await Promise.all([reader.cancel(), target.close()]);
    }
    const all = Array.from({ length: messages }, (_, n) => n);
    same(moved, all, "what was read");
    same(
      (await to.peek({ max: 100 })).map(({ body }) => body),
      all,
      "what was written",
    );
    const { ready, leased, totals } = await from.stats();
    same([ready, leased, totals.acked], [0, 0, messages], "what is left");
  }));

const evenNumber: StandardSchema<string, number> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (text) =>
      /^\d*[02468]$/.test(String(text)) ? { value: Number(text) } : { issues: [{ message: "odd" }] },
  },
};

test("with a schema, what fits is delivered transformed, and what does not is refused or dies at once", () =>
  check(fc.array(fc.record({ n: fc.nat(99), isChecked: fc.boolean() }), { maxLength: 30 }), async (sends) => {
    const connection = await openConnection();
    const checked = await connection.openQueue("numbers", { schema: evenNumber });
    const unchecked = await (connection as Connection).openQueue<string>("numbers");
    const isEven = (n: number) => n % 2 === 0;
    for (const { n, isChecked } of sends) {
      const sent = (isChecked ? checked : unchecked).send(String(n));
      const code = await sent.then(
        () => "sent",
        (error: QueueError) => error.code,
      );
      same(code, isChecked && !isEven(n) ? "schema-mismatch" : "sent", `a send of ${n}`);
    }
    const seen: number[] = [];
    checked.consume(({ body }) => void seen.push(body));
    await checked.whenIdle();
    const numbers = (some: typeof sends) => some.map(({ n }) => n);
    same(seen, numbers(sends.filter(({ n }) => isEven(n))), "what was handled");
    const dead = await unchecked.deadLetters.list({ max: 100 });
    same(
      dead.map(({ body, reason, attempts }) => [Number(body), reason, attempts]),
      numbers(sends.filter(({ n, isChecked }) => !isEven(n) && !isChecked)).map((n) => [n, "schema-mismatch", 1]),
      "what died",
    );
  }));

const request = fc.record({
  failures: fc.nat(2),
  isGivenUp: fc.boolean(),
  progress: fc.nat(3),
  waitMs: fc.nat(2),
});

test("each request ends with the answer to it, after the progress of it, or with the death of its message", () =>
  check(
    fc.record({ requests: fc.array(request, { maxLength: 20 }), concurrency: fc.integer({ min: 1, max: 6 }) }),
    async ({ requests, concurrency }) => {
      const connection = await openConnection();
      const queue: Queue<number> = await connection.openQueue("questions", {
        maxDeliveries: 3,
        backoff: { type: "fixed", baseMs: 1, maxMs: 1, jitter: "none" },
      });
      queue.consume(
        async ({ body: n, attempt, progress, deadLetter }) => {
          const { failures, isGivenUp, progress: steps, waitMs } = requests[n] as (typeof requests)[number];
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          if (attempt <= failures) throw new Error(`attempt ${attempt}`);
          for (let step = 0; step < steps; step++) await progress(`${n}: ${step}`);
          if (isGivenUp) await deadLetter("cannot be answered");
          return `answer to ${n}`;
        },
        { concurrency },
      );
      await Promise.all(
        requests.map(async ({ isGivenUp, progress }, n) => {
          const heard: unknown[] = [];
          const answered = queue.request(n, { onProgress: (value) => void heard.push(value) });
          const outcome = await answered.catch((error: unknown) => error);
          if (isGivenUp) holds(outcome instanceof QueueError, `request ${n} is told of its death`);
          else same(outcome, `answer to ${n}`, `request ${n}`);
          const steps = Array.from({ length: progress }, (_, step) => `${n}: ${step}`);
          same(heard, steps, `the progress of request ${n}`);
        }),
      );
      const { ready, delayed, leased } = await queue.stats();
      same([ready, delayed, leased], [0, 0, 0], "what is left");
    },
  ));
