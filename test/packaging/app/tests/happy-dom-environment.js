// The same for happy-dom.
import HappyDom from "@happy-dom/jest-environment";

export default class extends HappyDom {
  async setup() {
    await super.setup();
    Object.assign(this.global, { BroadcastChannel, MessageChannel, structuredClone });
  }
}
