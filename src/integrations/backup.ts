// A queue as lines of JSON, for backups and support tickets: a line that names the queue, a line for each message, a last
// line that counts them, so that a torn file shows.

import { check, nullOr, type Spec } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { groupId, headers, instant, priority, state } from "../core/spec/fields.js";
import type { MessageView, Queue, SendOptions } from "../index.js";
import { decode, encode, UnwritableError } from "./backup-codec.js";

const FORMAT_VERSION = 1;
/** Messages that are read, or sent, at once. */
const PAGE = 200;

/** What `importQueue` did. */
export interface ImportResult {
  /** Messages sent. */
  readonly imported: number;
  /** Dead letters that were left out, and messages with a body that could not be written as text. */
  readonly skipped: number;
  /** Messages that an earlier import of the same text had sent; there where `once` is asked for. */
  readonly known?: number;
  /** Whether the last line was there and counted as many messages. */
  readonly complete: boolean;
}

/** What `importQueue` does with what was dead. */
export interface ImportOptions {
  /** `send`: sends dead letters like the others, attempts at zero. `skip` leaves them out. Default "skip". */
  readonly deadLetters?: "skip" | "send";
  /**
   * Sends each message under a `deduplicationId` made of its id: an import that was cut off is begun again, and what it had sent,
   * though it be handled by now, is not sent a second time. For as long as the queue remembers (`deduplicationWindowMs`), and
   * for as many as it does (`maxDeduplicationIds`). Default false.
   */
  readonly once?: boolean;
}

/**
 * Every message that waits, is in work or is dead, in that order and each once, as JSON lines: body, headers, attributes, attempts and
 * why it died. Binary bodies are in it (base64), as are Date, Map, Set, RegExp, Error, bigint, undefined, Blob and File; a
 * CryptoKey and its like are not, and marked. Takes nothing from the queue and counts as no delivery. It is the queue as it was
 * at one moment, when it is first read, whatever is sent and handled meanwhile, and is read as its reader asks
 * (`peekPages({ snapshot: true })`). Where a host of an earlier build has the queue, what changes meanwhile may be in it or not.
 */
export function exportQueue<Input, Output>(queue: Queue<Input, Output>): ReadableStream<string> {
  const lines = linesOf(queue);
  return new ReadableStream<string>(
    {
      async pull(controller) {
        const { done, value } = await lines.next();
        if (done) controller.close();
        else controller.enqueue(`${JSON.stringify(value)}\n`);
      },
      async cancel() {
        await lines.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* linesOf<Input, Output>(queue: Queue<Input, Output>): AsyncGenerator<unknown, void> {
  const { settings } = await queue.stats();
  yield { originmq: FORMAT_VERSION, queue: queue.name, exportedAt: Date.now(), settings };
  /** What waited when it was read may have died since: then it is written already. */
  const written = new Set<string>();
  for await (const page of pagesOf(queue)) {
    for (const message of page) {
      if (written.has(message.id)) continue;
      written.add(message.id);
      yield { ...message, body: await encode(message.body) };
    }
  }
  yield { messages: written.size };
}

async function* pagesOf<Input, Output>(queue: Queue<Input, Output>): AsyncGenerator<MessageView<Input>[]> {
  try {
    yield* queue.peekPages({ pageSize: PAGE, snapshot: true });
    return;
  } catch (error) {
    // Before the first page: a host of an earlier build.
    if (!(error instanceof QueueError && error.code === "unsupported")) throw error;
  }
  yield* queue.peekPages({ pageSize: PAGE });
  yield* queue.deadLetters.pages({ pageSize: PAGE });
}

/**
 * Sends what `exportQueue` wrote, in its order, with headers and attributes: as new messages, with ids and times of their
 * own, their attempts at zero; settings stay as they are. Chunks need not be lines; bytes go through a
 * `TextDecoderStream` first. Sends some at a time: when one is refused it rejects as `sendBatch` does, and what came before
 * is in the queue. Rejects with `invalid-argument` when the text is no export, or of a later version.
 */
export async function importQueue<Input, Output>(
  queue: Queue<Input, Output>,
  stream: ReadableStream<string>,
  { deadLetters = "skip", once = false }: ImportOptions = {},
): Promise<ImportResult> {
  let imported = 0;
  let skipped = 0;
  let known = 0;
  let number = 0;
  let announced: number | undefined;
  let batch: ({ body: Input } & SendOptions)[] = [];
  const flush = async () => {
    const receipts = batch.length > 0 ? await queue.sendBatch(batch) : [];
    const repeated = once ? receipts.filter(({ duplicate }) => duplicate).length : 0;
    imported += batch.length - repeated;
    known += repeated;
    batch = [];
  };
  for await (const line of splitLines(stream)) {
    number++;
    const parsed = parse(line, number);
    if (number === 1) checkHead(parsed);
    else if (announced !== undefined) throw broken(`line ${number} comes after the one that counts them`);
    else if (!("body" in parsed) && "messages" in parsed) announced = countOf(parsed, number);
    else {
      const message = messageOf(parsed, number);
      const item =
        message.state === "dead" && deadLetters === "skip" ? undefined : itemOf<Input>(message, number, once);
      if (item) batch.push(item);
      else skipped++;
      if (batch.length >= PAGE) await flush();
    }
  }
  if (number === 0) throw broken("it is empty");
  await flush();
  return { imported, skipped, ...(once && { known }), complete: announced === imported + skipped + known };
}

const broken = (what: string, cause?: unknown) =>
  new QueueError("invalid-argument", `importQueue(stream) is no export of a queue: ${what}`, { cause });

function parse(line: string, number: number): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === "object" && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch (cause) {
    throw broken(`line ${number} is not JSON`, cause);
  }
  throw broken(`line ${number} is not an object`);
}

function checkHead({ originmq: version }: Record<string, unknown>): void {
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    throw broken("its first line does not say so");
  if (version > FORMAT_VERSION) throw broken(`it was written by a later version (${version})`);
}

const WRITTEN_SPEC: Spec = { state, priority, headers, groupId: nullOr(groupId), deliverAt: nullOr(instant) };

function countOf({ messages }: Record<string, unknown>, number: number): number {
  if (typeof messages === "number" && Number.isInteger(messages) && messages >= 0) return messages;
  throw broken(`line ${number} does not count the messages`);
}

/** What a line says of its message has to be as `exportQueue` writes it; more than the body it need not say. */
function messageOf(parsed: Record<string, unknown>, number: number): MessageView<unknown> {
  if (!Object.hasOwn(parsed, "body")) throw broken(`line ${number} is no message: it has no body`);
  for (const [name, field] of Object.entries(WRITTEN_SPEC)) {
    if (!Object.hasOwn(parsed, name)) continue;
    try {
      check(field, parsed[name], name);
    } catch (error) {
      throw broken(`line ${number}: ${(error as Error).message}`, error);
    }
  }
  return parsed as unknown as MessageView<unknown>;
}

/** `undefined` when its body could not be written. */
function itemOf<Input>(
  message: MessageView<unknown>,
  number: number,
  once: boolean,
): ({ body: Input } & SendOptions) | undefined {
  if (once && typeof message.id !== "string") throw broken(`line ${number} names no message`);
  const { id, priority, headers, deliverAt, groupId } = message;
  try {
    const body = decode(message.body) as Input;
    return {
      body,
      priority,
      headers,
      ...(typeof deliverAt === "number" && { deliverAt }),
      ...(typeof groupId === "string" && { groupId }),
      ...(once && { deduplicationId: `import ${id}` }),
    };
  } catch (error) {
    if (error instanceof UnwritableError) return undefined;
    throw broken(`the body in line ${number} cannot be read`, error);
  }
}

/** A line of many chunks is put together once, when its end is there. */
async function* splitLines(stream: ReadableStream<string>): AsyncGenerator<string> {
  const reader = stream.getReader();
  let begun: string[] = [];
  try {
    for (;;) {
      const { done, value = "" } = await reader.read();
      const [first = "", ...others] = value.split("\n");
      begun.push(first);
      const last = done ? undefined : others.pop();
      if (last !== undefined || done) {
        for (const line of [begun.join(""), ...others]) if (line.trim() !== "") yield line;
        begun = last === undefined ? [] : [last];
      }
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
