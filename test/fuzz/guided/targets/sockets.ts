// Sockets whose other end is hostile: a server that such a client speaks to, and a client that such a server does. An input
// is a list of frames.

import { CodecError, decode, encode } from "../../../../src/codec/codec.js";
import { QueueError } from "../../../../src/core/spec/errors.js";
import { framesOf, KIND } from "../../../../src/link/socket/frames.js";
import { connectOver, createEnd, createServer, type End, play, recordSession, type TestServer } from "../session.js";
import { rethrowUnless, type Target } from "../target.js";

/** Inputs that one server takes before there is another: what they make in it is theirs. */
const INPUTS_OF_SERVER = 500;

/** Frames; a message may stand there as what it says, which is changed as a value. */
function framesIn(input: Uint8Array): readonly (Uint8Array | string)[] {
  const list = decode(input);
  if (!Array.isArray(list)) return [];
  return list.flatMap((one) => {
    if (one instanceof Uint8Array || typeof one === "string") return [one];
    try {
      return [...framesOf(encode(one))];
    } catch (error) {
      rethrowUnless(error, CodecError);
      return [];
    }
  });
}

/** A whole message as what it says, and every other frame as it is. */
const opened = (frame: Uint8Array): unknown => {
  if (frame[0] !== KIND.message) return frame;
  try {
    return decode(frame.subarray(1));
  } catch {
    return frame;
  }
};

async function seedsOf(side: "said" | "answered"): Promise<readonly Uint8Array[]> {
  const frames = (await recordSession())[side];
  const [greeting, hello, ...others] = frames as [Uint8Array, Uint8Array, ...Uint8Array[]];
  const seeds: unknown[][] = [[...frames], frames.map(opened)];
  for (let at = 0; at < others.length; at += 3) seeds.push([greeting, hello, ...others.slice(at, at + 3)].map(opened));
  return seeds.map((seed) => encode(seed));
}

const later = () => new Promise<void>((resolve) => setImmediate(resolve));

export const server: Target = {
  name: "server",
  form: "value",
  seeds: () => seedsOf("said"),
  async open() {
    let current: TestServer | undefined;
    let left = 0;
    return async (input) => {
      if (current === undefined || left-- === 0) {
        await current?.databases.close();
        current = createServer();
        left = INPUTS_OF_SERVER;
      }
      const { errors } = current;
      const frames = framesIn(input);
      const end = createEnd(() => {});
      current.admit(end);
      for (const [i, frame] of frames.entries()) {
        end.receive(frame);
        // Who is greeted is let in a moment later.
        if (i < 2) await later();
      }
      await later();
      end.hangUp();
      const [error] = errors.splice(0);
      if (error !== undefined) throw error;
      return Math.max(1, frames.length);
    };
  },
};

export const client: Target = {
  name: "client",
  form: "value",
  seeds: () => seedsOf("answered"),
  async open() {
    return async (input) => {
      const frames = framesIn(input);
      const ends: End[] = [];
      const { connection, end } = connectOver(() => {
        const own = createEnd(() => {});
        ends.push(own);
        return own;
      });
      const playing = play(connection).catch((error) => rethrowUnless(error, QueueError, TypeError));
      for (const [i, frame] of frames.entries()) {
        for (const own of ends) own.receive(frame);
        if (i < 4) await later();
      }
      await later();
      for (const own of ends) own.hangUp();
      await end();
      await playing;
      return Math.max(1, frames.length);
    };
  },
};
