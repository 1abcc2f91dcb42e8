// All that takes bytes of a stranger.

import type { Target } from "./target.js";
import { backup } from "./targets/backup.js";
import { crossing } from "./targets/crossing.js";
import { client, server } from "./targets/sockets.js";
import { checkpoint, disk, journal } from "./targets/stored.js";
import { codec, wire } from "./targets/wire.js";
import { workbox } from "./targets/workbox.js";

export const targets: readonly Target[] = [
  codec,
  wire,
  server,
  client,
  backup,
  crossing,
  workbox,
  journal,
  checkpoint,
  disk,
];
