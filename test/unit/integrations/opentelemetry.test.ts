// The bridge with OpenTelemetry's own SDK, over a queue in memory.

import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Connection, connect, type Queue, type StandardSchema } from "../../../src/index.js";
import { traceQueue } from "../../../src/opentelemetry.js";

describe("a traced queue", () => {
  const exporter = new InMemorySpanExporter();
  let connection: Connection;
  let plain: Queue<string>;
  let queue: Queue<string>;
  let count = 0;

  beforeAll(() => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  });
  afterAll(() => {
    context.disable();
    propagation.disable();
    trace.disable();
  });
  beforeEach(async () => {
    exporter.reset();
    connection = await connect({ storage: "memory", database: `traced-${++count}` });
    plain = await connection.openQueue<string>("orders", { maxDeliveries: 1 });
    queue = traceQueue(plain);
  });
  afterEach(() => connection.close({ force: true }));

  const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  const spanOf = (name: string) => spans(name)[0] as ReadableSpan;

  test("makes one trace of send, handler, and what the handler sends", async () => {
    queue.consume(async ({ body }) => {
      if (body === "first") await queue.send("second", { headers: { mine: "kept" } });
    });
    const { id } = await queue.send("first");
    await expect.poll(() => spans("process orders").length).toBe(2);
    const [sent, sentAgain] = spans("send orders");
    const [first, second] = spans("process orders").sort((a, b) => a.startTime[0] - b.startTime[0]);
    expect(sent).toMatchObject({
      kind: SpanKind.PRODUCER,
      attributes: {
        "messaging.system": "originmq",
        "messaging.destination.name": "orders",
        "messaging.operation.type": "send",
        "messaging.message.id": id,
      },
    });
    const processed = [first, second].find((span) => span?.attributes["messaging.message.id"] === id);
    expect(processed).toMatchObject({
      kind: SpanKind.CONSUMER,
      attributes: { "messaging.operation.type": "process", "originmq.message.attempt": 1 },
    });
    expect(processed?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(sentAgain?.parentSpanContext?.spanId).toBe(processed?.spanContext().spanId);
    expect(new Set(exporter.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  test("carries the context in the headers, beside those of the sender", async () => {
    await queue.send("a", { headers: { mine: "kept" } });
    await queue.sendBatch([{ body: "b" }, { body: "c", headers: { mine: "too" } }]);
    const [a, b, c] = await plain.peek();
    const written = (i: number) => {
      const { traceId, spanId } = (spans("send orders")[i] as ReadableSpan).spanContext();
      return `00-${traceId}-${spanId}-01`;
    };
    expect(a?.headers).toEqual({ mine: "kept", traceparent: written(0) });
    expect(b?.headers).toEqual({ traceparent: written(1) });
    expect(c?.headers).toEqual({ mine: "too", traceparent: written(1) });
    expect(spans("send orders")[1]?.attributes).toMatchObject({ "messaging.batch.message_count": 2 });
  });

  test("notes what fails and throws it on", async () => {
    await expect(queue.send("x", { priority: 99 })).rejects.toMatchObject({ code: "invalid-argument" });
    expect(spanOf("send orders")).toMatchObject({
      status: { code: SpanStatusCode.ERROR },
      attributes: { "error.type": "invalid-argument" },
    });
    queue.consume(() => {
      throw new TypeError("broken");
    });
    await queue.send("y");
    await expect.poll(() => queue.deadLetters.list()).toMatchObject([{ error: { name: "TypeError" } }]);
    expect(spanOf("process orders")).toMatchObject({
      status: { code: SpanStatusCode.ERROR, message: "broken" },
      attributes: { "error.type": "TypeError" },
      events: [{ name: "exception" }],
    });
  });

  test("links a receive to the sends of what it got, and makes no span for nothing", async () => {
    expect(await queue.receive()).toEqual([]);
    expect(spans("receive orders")).toEqual([]);
    await queue.send("a");
    await queue.send("b");
    expect(await queue.receive({ max: 5 })).toHaveLength(2);
    const received = spanOf("receive orders");
    expect(received).toMatchObject({ kind: SpanKind.CLIENT, attributes: { "messaging.batch.message_count": 2 } });
    expect(received.links.map((link) => link.context.spanId)).toEqual(
      spans("send orders").map((span) => span.spanContext().spanId),
    );
  });

  test("traces what a stream reads", async () => {
    await queue.send("a");
    const reader = queue.readable().getReader();
    await (await reader.read()).value?.ack();
    expect(spanOf("receive orders").links).toHaveLength(1);
    await reader.cancel();
    expect(await queue.stats()).toMatchObject({ leased: 0, totals: { acked: 1 } });
  });

  test("traces loops over deliveries and bounded work", async () => {
    await queue.send("a");
    await queue.send("b");
    for await (const delivery of queue.deliveries()) {
      await delivery.ack();
      break;
    }
    expect(spanOf("receive orders").links).toHaveLength(1);
    expect(await queue.consumeUntilEmpty(() => {})).toEqual({ handled: 1, remaining: 0 });
    expect(spans("process orders")).toHaveLength(1);
  });

  test("is held to the schema of the queue it traces, in a transaction, too", async () => {
    const validate = (value: unknown) =>
      typeof value === "number" ? { value } : { issues: [{ message: "no number" }] };
    const schema: StandardSchema<number> = { "~standard": { version: 1, vendor: "test", validate } };
    const numbers = await connection.openQueue("numbers", { schema });
    for (const either of [numbers, traceQueue(numbers)]) {
      const refused = connection.transaction((tx) => tx.send(either, "none" as never));
      await expect(refused).rejects.toMatchObject({ code: "schema-mismatch" });
    }
    expect(await numbers.stats()).toMatchObject({ ready: 0 });
  });

  test.each([
    ["no items", (to: Queue<string>) => to.sendBatch(undefined as never)],
    ["an item that is none", (to: Queue<string>) => to.sendBatch([null as never])],
    ["options that are none", (to: Queue<string>) => to.send("x", null as never)],
    ["headers that are a list", (to: Queue<string>) => to.send("x", { headers: ["a"] as never })],
    ["headers that are a text", (to: Queue<string>) => to.send("x", { headers: "a" as never })],
  ])("refuses what the queue refuses: %s", async (_, send) => {
    const refusal = await send(plain).catch((error) => error);
    expect(refusal).toMatchObject({ code: "invalid-argument" });
    await expect(send(queue)).rejects.toEqual(refusal);
  });

  test("takes a tracer of the caller's choice", async () => {
    const own = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(own)] });
    await traceQueue(plain, { tracer: provider.getTracer("mine") }).send("a");
    expect(own.getFinishedSpans()).toMatchObject([{ name: "send orders", instrumentationScope: { name: "mine" } }]);
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
