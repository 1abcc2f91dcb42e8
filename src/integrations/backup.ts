// A queue as lines of JSON, for backups and support tickets: a line that names the queue, a line for each message, a last
// line that counts them, so that a torn file shows.

import { anything, boolean, check, checkOptions, invalid, nullOr, oneOf, type Spec } from "../core/spec/check.js";
import { QueueError } from "../core/spec/errors.js";
import { groupId, headers, instant, priority, state } from "../core/spec/fields.js";
import type { Encryption, MessageView, Queue, SendOptions } from "../index.js";
import { decode, encode, UnwritableError } from "./backup-codec.js";

const FORMAT_VERSION = 1;
/** Of a text that is encrypted, which is more of the same inside. */
const SEALED_VERSION = 2;
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

/** The key of a backup: of `connect`, but for one that an origin makes, which a backup would outlive. */
export type BackupEncryption = Exclude<Encryption, { readonly generate: true }>;

/** How `exportQueue` writes. */
export interface ExportOptions {
  /**
   * Encrypts the text, as it is read: `importQueue` takes it with the same key or password alone, and notices whatever was changed
   * in it, left out or cut off. It is of the backup, and has nothing to do with that of the queue. Default: none.
   */
  readonly encryption?: BackupEncryption;
}

/** How `importQueue` reads, and what it does with what was dead. */
export interface ImportOptions {
  /** Of the text, which has to be encrypted then. */
  readonly encryption?: BackupEncryption;
  /** `send`: sends dead letters like the others, attempts at zero. `skip` leaves them out. Default "skip". */
  readonly deadLetters?: "skip" | "send";
  /**
   * Sends each message under a `deduplicationId` made of its id: an import that was cut off is begun again, and what it had sent,
   * though it be handled by now, is not sent a second time. For as long as the queue remembers (`deduplicationWindowMs`), and
   * for as many as it does (`maxDeduplicationIds`). Default false.
   */
  readonly once?: boolean;
}

const IMPORT_SPEC: Spec = { deadLetters: oneOf("skip", "send"), once: boolean, encryption: anything };

/** What encrypts a backup, loaded where a key is given. */
export interface Pieces {
  sealPieces(text: AsyncIterable<string>, encryption: unknown): AsyncGenerator<string, void>;
  isSealed(head: Readonly<Record<string, unknown>>): boolean;
  openPieces(
    head: Readonly<Record<string, unknown>>,
    lines: AsyncIterable<string>,
    encryption: unknown,
  ): AsyncGenerator<string, void>;
}

/** `exportQueue`, with a way to what encrypts. */
export function exportOver<Input, Output>(
  pieces: () => Promise<Pieces>,
  queue: Queue<Input, Output>,
  options: ExportOptions = {},
): ReadableStream<string> {
  checkOptions("exportQueue()", options, { encryption: anything });
  const { encryption } = options;
  return encryption === undefined ? exportPlain(queue) : streamOf(sealedText(pieces, queue, encryption));
}

export const exportPlain = <Input, Output>(queue: Queue<Input, Output>): ReadableStream<string> =>
  streamOf(textOf(queue));

const streamOf = (text: AsyncGenerator<string, void>): ReadableStream<string> =>
  new ReadableStream<string>(
    {
      async pull(controller) {
        const { done, value } = await text.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await text.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );

async function* sealedText<Input, Output>(
  pieces: () => Promise<Pieces>,
  queue: Queue<Input, Output>,
  encryption: BackupEncryption,
): AsyncGenerator<string, void> {
  yield* (await pieces()).sealPieces(textOf(queue), encryption);
}

async function* textOf<Input, Output>(queue: Queue<Input, Output>): AsyncGenerator<string, void> {
  for await (const line of linesOf(queue)) yield `${JSON.stringify(line)}\n`;
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

/** `importQueue`, with a way to what encrypts. */
export async function importOver<Input, Output>(
  pieces: () => Promise<Pieces>,
  queue: Queue<Input, Output>,
  stream: ReadableStream<string>,
  options: ImportOptions = {},
): Promise<ImportResult> {
  checkOptions("importQueue()", options, IMPORT_SPEC);
  if (typeof stream?.getReader !== "function")
    invalid(
      "importQueue(stream)",
      stream,
      "a ReadableStream of strings: new Blob([text]).stream() through a TextDecoderStream",
    );
  const { deadLetters = "skip", once = false, encryption } = options;
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
  for await (const line of plainLines(pieces, splitLines(chunksOf(stream)), encryption)) {
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

function checkHead({ originmq: version }: Record<string, unknown>, max = FORMAT_VERSION): void {
  if (typeof version !== "number" || !Number.isInteger(version) || version < 1)
    throw broken("its first line does not say so");
  if (version > max) throw broken(`it was written by a later version (${version})`);
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

/** The lines of the text, whatever it was sealed with. Rejects before the first where a key is wrong, missing or for nothing. */
async function* plainLines(
  pieces: () => Promise<Pieces>,
  lines: AsyncGenerator<string, void>,
  encryption: BackupEncryption | undefined,
): AsyncGenerator<string, void> {
  try {
    const { done, value: first } = await lines.next();
    if (done) return;
    const head = parse(first, 1);
    checkHead(head, SEALED_VERSION);
    if (encryption !== undefined) {
      const { isSealed, openPieces } = await pieces();
      if (!isSealed(head)) throw mixed("is not encrypted, and a key was given");
      yield* splitLines(openPieces(head, lines, encryption));
      return;
    }
    if (head.originmq === SEALED_VERSION) throw mixed("is encrypted, and no key was given");
    yield first;
    yield* lines;
  } finally {
    await lines.return();
  }
}

const mixed = (what: string) => new QueueError("encrypted", `the backup that importQueue(stream) was given ${what}`);

async function* chunksOf(stream: ReadableStream<string>): AsyncGenerator<string, void> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value = "" } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A line of many chunks is put together once, when its end is there. */
async function* splitLines(chunks: AsyncIterable<string>): AsyncGenerator<string, void> {
  let begun: string[] = [];
  for await (const chunk of chunks) {
    const [first = "", ...others] = chunk.split("\n");
    begun.push(first);
    const last = others.pop();
    if (last === undefined) continue;
    for (const line of [begun.join(""), ...others]) if (line.trim() !== "") yield line;
    begun = [last];
  }
  const line = begun.join("");
  if (line.trim() !== "") yield line;
}
