// How the client of a page begins that does more than send, sooner or later.

import { createHappenings } from "../client/connection/happenings.js";
import type { Later } from "../client/runtime/later.js";
import { channelName, presenceLockName } from "../link/rpc/names.js";
import type { Begin } from "./api.js";
import { beginClient, type StartSharedWorker } from "./begin.js";
import { openNotices } from "./notices.js";
import type { WiredWhole } from "./whole.js";

export const beginPage =
  (sharedWorker: StartSharedWorker, whole: Later<WiredWhole>): Begin =>
  (options) => {
    const { storage = "indexeddb", database = "originmq", url } = options;
    const happenings = createHappenings(() => openNotices(channelName(storage, database)));
    const rest = async () => (await whole.get()).of(options);
    // What a server announces comes on the client's own way to it.
    const client = beginClient(options, sharedWorker, rest, url === undefined ? happenings : undefined);
    const { over, close } = client;
    return { client, over, close, happenings, database: presenceLockName(storage, database, "") };
  };
