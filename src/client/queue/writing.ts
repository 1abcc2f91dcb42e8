// What is sent, as a stream.

import { checkOptions } from "../../core/spec/check.js";
import { writableTo } from "../receiving/streams.js";
import { WRITABLE_SPEC } from "../sending/options.js";
import type { Queue } from "./queue.js";
import type { Sender } from "./sender.js";

export const writableOf =
  <Input>({ send, assertOpen }: Sender<Input>): Queue<Input>["writable"] =>
  (options = {}) => {
    assertOpen();
    checkOptions("writable()", options, WRITABLE_SPEC);
    const { inFlight = 1, ...given } = options;
    return writableTo<Input>((body) => send(body, given), inFlight);
  };
