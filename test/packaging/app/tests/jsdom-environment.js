// What docs/testing.md says to give back to the environment.
import { TestEnvironment } from "jest-environment-jsdom";

export default class extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, { BroadcastChannel, MessageChannel, structuredClone });
  }
}
