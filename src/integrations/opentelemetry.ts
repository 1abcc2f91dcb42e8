// Spans for OpenTelemetry around a queue's calls. Invariant: what is traced behaves as what is not; a message carries the
// context of its send in its headers, so that the span of its handler, in whichever tab, joins the same trace.

import {
  type Attributes,
  type Context,
  context,
  type Link,
  propagation,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { type Delivery, type Handler, type Queue, type SendOptions, wrapQueue } from "../index.js";

/** Where spans go. */
export interface TraceOptions {
  /** Default: the tracer named "originmq" of the global provider. */
  readonly tracer?: Tracer;
}

type Headers = Readonly<Record<string, string>>;

/**
 * The same queue, traced. `send` and `sendBatch` make a PRODUCER span and put its context into the headers, as the global
 * propagator writes it (W3C: `traceparent`); handlers of `consume` and `consumeUntilEmpty` run in a CONSUMER span whose
 * parent is the send; `receive`, `deliveries` and `readable` make a CLIENT span that links to the sends of what they got;
 * what `writable` sends is not traced. Names and attributes follow the semantic conventions for messaging. A failure is
 * recorded and thrown on, as it was.
 */
export function traceQueue<Input, Output = Input>(
  queue: Queue<Input, Output>,
  options: TraceOptions = {},
): Queue<Input, Output> {
  const tracer = options.tracer ?? trace.getTracer("originmq");

  const attributes = (operation: "send" | "receive" | "process", more: Attributes = {}): Attributes => ({
    "messaging.system": "originmq",
    "messaging.destination.name": queue.name,
    "messaging.operation.type": operation,
    "messaging.operation.name": operation,
    ...more,
  });

  const sending = async <T extends SendOptions, R>(
    items: readonly T[],
    more: Attributes,
    send: (items: readonly T[], span: Span) => Promise<R>,
  ): Promise<R> => {
    const span = tracer.startSpan(`send ${queue.name}`, {
      kind: SpanKind.PRODUCER,
      attributes: attributes("send", more),
    });
    const carrier: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), carrier);
    // What is malformed goes on as it is, to be refused as it would be untraced.
    const carry = (item: T): T =>
      Object.keys(carrier).length > 0 && carriesHeaders(item)
        ? { ...item, headers: { ...item.headers, ...carrier } }
        : item;
    return within(span, () => send(items.map(carry), span));
  };

  const traced =
    (handler: Handler<Output>): Handler<Output> =>
    (delivery) => {
      const parent = contextOf(delivery.headers);
      const span = tracer.startSpan(
        `process ${queue.name}`,
        {
          kind: SpanKind.CONSUMER,
          attributes: attributes("process", {
            "messaging.message.id": delivery.id,
            "originmq.message.attempt": delivery.attempt,
          }),
        },
        parent,
      );
      return within(span, () => context.with(trace.setSpan(parent, span), async () => handler(delivery)));
    };

  const received = (startTime: number, deliveries: readonly Delivery<Output>[]) => {
    if (deliveries.length === 0) return;
    const [only] = deliveries;
    const more: Attributes =
      only && deliveries.length === 1
        ? { "messaging.message.id": only.id }
        : { "messaging.batch.message_count": deliveries.length };
    const links = deliveries.flatMap(({ headers }): Link[] => {
      const sent = trace.getSpanContext(contextOf(headers));
      return sent ? [{ context: sent }] : [];
    });
    tracer
      .startSpan(`receive ${queue.name}`, {
        kind: SpanKind.CLIENT,
        startTime,
        attributes: attributes("receive", more),
        links,
      })
      .end();
  };

  return wrapQueue(queue, {
    send: (body, given = {}) =>
      sending([given], {}, async ([item = given], span) => {
        const receipt = await queue.send(body, item);
        span.setAttribute("messaging.message.id", receipt.id);
        return receipt;
      }),
    async sendBatch(items, given) {
      if (!Array.isArray(items)) return queue.sendBatch(items);
      const attributes = { "messaging.batch.message_count": items.length };
      return sending(items, attributes, (carrying) => queue.sendBatch(carrying, given));
    },
    consume: (handler, given) => queue.consume(traced(handler), given),
    consumeUntilEmpty: (handler, given) => queue.consumeUntilEmpty(traced(handler), given),
    async receive(given) {
      const startTime = Date.now();
      const deliveries = await queue.receive(given);
      received(startTime, deliveries);
      return deliveries;
    },
    readable(given) {
      const reader = queue.readable(given).getReader();
      return new ReadableStream(
        {
          async pull(controller) {
            const startTime = Date.now();
            const { done, value } = await reader.read();
            if (done) return controller.close();
            received(startTime, [value]);
            controller.enqueue(value);
          },
          cancel: (reason) => reader.cancel(reason),
        },
        { highWaterMark: 0 },
      );
    },
    deliveries(given) {
      const iterator = queue.deliveries(given);
      const next = async () => {
        const startTime = Date.now();
        const result = await iterator.next();
        if (!result.done) received(startTime, [result.value]);
        return result;
      };
      return { ...iterator, next, [Symbol.asyncIterator]: () => ({ ...iterator, next }) as typeof iterator };
    },
  });
}

const isRecord = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
const carriesHeaders = (item: SendOptions): boolean =>
  isRecord(item) && (item.headers === undefined || isRecord(item.headers));

/** The context that a message was sent in. */
const contextOf = (headers: Headers): Context => propagation.extract(context.active(), headers);

/** Ends the span with the work, its failure noted. */
async function within<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, name, message } = error as { code?: unknown; name?: unknown; message?: unknown };
    span.setAttribute("error.type", String(code ?? name ?? "_OTHER"));
    span.setStatus({ code: SpanStatusCode.ERROR, message: String(message ?? error) });
    span.recordException(error instanceof Error ? error : String(error));
    throw error;
  } finally {
    span.end();
  }
}
