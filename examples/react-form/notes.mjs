// The server's side: notes in memory, each stored once, however often it was sent.

/** Of Vite's servers, in development and for what was built. @returns {import("vite").Plugin} */
export const notes = () => ({
  name: "notes",
  configureServer: ({ middlewares }) => void middlewares.use(createNotes()),
  configurePreviewServer: ({ middlewares }) => void middlewares.use(createNotes()),
});

/** Answers what is under /api/notes; the rest is for who comes next. */
function createNotes() {
  /** By the key that an outbox sends along: the same on each repetition. @type {Map<string, unknown>} */
  const notesByKey = new Map();
  /**
   * @param {import("node:http").IncomingMessage} request
   * @param {import("node:http").ServerResponse} response
   * @param {() => void} next
   */
  return (request, response, next) => {
    if (request.url !== "/api/notes") return next();
    if (request.method === "GET") return answer(response, 200, [...notesByKey.values()]);
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk) => {
      text += chunk;
    });
    request.on("end", () => {
      notesByKey.set(String(request.headers["idempotency-key"]), JSON.parse(text));
      answer(response, 201, {});
    });
  };
}

/** @param {import("node:http").ServerResponse} response @param {number} status @param {unknown} value */
function answer(response, status, value) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}
