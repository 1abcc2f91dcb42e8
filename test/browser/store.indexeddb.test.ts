// The IndexedDB store passes the contract on the real thing.

import { describeLogStore } from "../contract/log-store.contract.js";
import { createIndexedDbHarness } from "./store-harness.js";

describeLogStore("IndexedDB", createIndexedDbHarness());
