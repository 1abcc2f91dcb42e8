// What the engine that runs a test cannot do, for the tests that would ask it to.

export const agent = typeof navigator === "undefined" ? "" : (navigator.userAgent ?? "");

export const isWebKit = agent.includes("AppleWebKit/") && !agent.includes("Chrome/");

/** WebKitGTK stores no Blob in the ephemeral session it is driven in: the transaction neither completes nor aborts. */
export const storesBlobs = !isWebKit;
