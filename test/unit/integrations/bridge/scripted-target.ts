// A target that keeps what it is sent in memory, by id, and fails as it is told: for what a bridge does with outcomes.

import type { BridgeMessage, BridgeTarget, Outcome } from "../../../../src/bridge.js";

export interface ScriptedTarget extends BridgeTarget {
  /** What is there, in order. */
  readonly stored: BridgeMessage[];
  /** The bodies of each call. */
  readonly calls: unknown[][];
  opened: number;
  /** Decides on one message before it is stored; what it answers nothing to is stored. */
  judge: (message: BridgeMessage) => Outcome | undefined;
  /** Awaited before a call is looked at. */
  before: () => Promise<void>;
  /** Awaited by each `open`; may throw. */
  onOpen: () => Promise<void>;
  /** Ends the session that is there. */
  cut(error: unknown): void;
}

export function createScriptedTarget(): ScriptedTarget {
  const ids = new Set<string>();
  let end: (error: unknown) => void = () => {};
  const target: ScriptedTarget = {
    name: "the scripted target",
    guarantee: "durable",
    stored: [],
    calls: [],
    opened: 0,
    judge: () => undefined,
    before: async () => {},
    onOpen: async () => {},
    cut: (error) => end(error),
    async open() {
      await target.onOpen();
      target.opened++;
      return {
        async send(messages) {
          target.calls.push(messages.map(({ body }) => body));
          await target.before();
          return messages.map((message): Outcome => {
            const judged = target.judge(message);
            if (judged) return judged;
            if (ids.has(message.id)) return { type: "duplicate" };
            ids.add(message.id);
            target.stored.push(message);
            return { type: "stored" };
          });
        },
        ended: new Promise((resolve) => {
          end = resolve;
        }),
        close: async () => {},
      };
    },
  };
  return target;
}
