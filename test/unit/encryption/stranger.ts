// Who speaks to the host of an encrypted database without its key, and says that it has it: changes envelopes, or puts them elsewhere.

import { expect } from "vitest";
import type { SendSegment } from "../../../src/core/commands/commands.js";
import { WIRE_MAJOR, WIRE_MINOR } from "../../../src/core/spec/version.js";
import type { MessageView } from "../../../src/index.js";
import { type Link, openLink } from "../../../src/link/rpc/link.js";
import type { HostRequest, NumberedCommand, SentMessages, SubmitReply } from "../../../src/link/rpc/wire.js";
import { createInProcess } from "../../../src/wiring/in-process.js";

export interface Stranger {
  readonly link: Link<HostRequest>;
  submit(command: NumberedCommand["command"]): Promise<void>;
  /** Sends to the queue what is said to be sealed with that key. */
  inject(
    queue: string,
    body: unknown,
    more: Partial<SendSegment> & Pick<SentMessages, "groups"> & { readonly sealed: string },
  ): Promise<void>;
  /** The first message, as the host has it. */
  stored(queue: string, state?: "ready" | "dead"): Promise<MessageView<Uint8Array>>;
  leave(): Promise<void>;
}

export async function openStranger(database: string): Promise<Stranger> {
  const inProcess = createInProcess(database);
  const link = openLink<HostRequest, never>((await inProcess.openPort()).port, { serve: () => undefined });
  await link.call({ op: "hello", wire: [WIRE_MAJOR, WIRE_MINOR], client: "stranger", held: [] });
  let number = 0;
  const submit: Stranger["submit"] = async (command) => {
    const commands = [{ number: ++number, command }];
    const { outcomes } = await link.call<SubmitReply>({ op: "submit", confirmed: 0, commands });
    expect(outcomes).toMatchObject([{ ok: true }]);
  };
  return {
    link,
    submit,
    inject(queue, body, { groups, ...attributes }) {
      const segments = [{ count: 1, priority: 4, ...attributes }];
      const named = groups !== undefined && { groups };
      return submit({ type: "send", queue, atomic: true, segments, bodies: [body], ...named });
    },
    async stored(queue, state = "ready") {
      const request: HostRequest =
        state === "dead" ? { op: "dead-letters", queue, max: 1 } : { op: "peek", queue, max: 1, states: [state] };
      const { messages } = await link.call<{ messages: MessageView<Uint8Array>[] }>(request);
      return messages[0] as MessageView<Uint8Array>;
    },
    leave: () => inProcess.release(),
  };
}
