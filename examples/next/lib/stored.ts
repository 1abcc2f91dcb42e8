// The server's orders, in memory: a database in an application.

import type { Order } from "./orders";

// The page and the route are bundled apart, and evaluated anew after an edit.
const kept = globalThis as { ordersByKey?: Map<string, Order> };
kept.ordersByKey ??= new Map();

/** By the key that is the same on each attempt. */
export const ordersByKey = kept.ordersByKey;
