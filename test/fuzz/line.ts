// One end of a socket that says what it likes.

import { WebSocket } from "ws";
import { KIND, PING } from "../../src/link/socket/frames.js";
import { SUBPROTOCOL } from "../../src/link/socket/greeting.js";

/** A client's raw end of a socket. */
export interface Line {
  send(frame: Uint8Array | string): void;
  /** Resolves when the server has taken all that was sent, or has closed. */
  settled(): Promise<void>;
  /** Resolves with the next message; `undefined`: it was closed before. */
  next(): Promise<Uint8Array | undefined>;
  readonly isOpen: boolean;
  close(): void;
}

/** Resolves when it is open; `undefined`: it was refused. */
export function openLine(url: string, onReceived: (data: Uint8Array) => void): Promise<Line | undefined> {
  const socket = new WebSocket(url, SUBPROTOCOL) as unknown as globalThis.WebSocket & { terminate(): void };
  socket.binaryType = "arraybuffer";
  let wake = () => {};
  let pongs = 0;
  let isOpen = false;
  const messages: Uint8Array[] = [];
  socket.addEventListener("message", ({ data }) => {
    const bytes = new Uint8Array(data);
    onReceived(bytes);
    if (bytes[0] === KIND.pong) pongs++;
    if (bytes[0] === KIND.message) messages.push(bytes.subarray(1));
    wake();
  });
  const until = async (isReached: () => boolean) => {
    while (isOpen && !isReached())
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
  };
  const line: Line = {
    send: (frame) => socket.send(frame as Uint8Array<ArrayBuffer>),
    async settled() {
      const before = pongs;
      if (isOpen) socket.send(PING);
      await until(() => pongs > before);
    },
    async next() {
      await until(() => messages.length > 0);
      return messages.shift();
    },
    get isOpen() {
      return isOpen;
    },
    close: () => socket.terminate(),
  };
  return new Promise((resolve) => {
    socket.addEventListener("open", () => {
      isOpen = true;
      resolve(line);
    });
    const end = () => {
      isOpen = false;
      wake();
      resolve(undefined);
    };
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
  });
}
