// The brokers, once for all files of this part: where one is missing, it fails with the sentence that says so.

import type { TestProject } from "vitest/node";
import { ensureBroker } from "./find-brokers.mjs";

declare module "vitest" {
  export interface ProvidedContext {
    brokers: { readonly natsServer: string; readonly mosquitto: string };
  }
}

export default function setup(project: TestProject): void {
  project.provide("brokers", { natsServer: ensureBroker("nats-server"), mosquitto: ensureBroker("mosquitto") });
}
