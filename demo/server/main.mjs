// `npm run demo:server`: the server of the field notes alone, on PORT or 4174. `npm start` and `npm run dev` have it too.

import { createServer } from "node:http";
import { createNotesServer } from "./notes-server.mjs";

const port = Number(process.env.PORT ?? 4174);
const notes = createNotesServer({ print: (line) => console.log(line) });
createServer((request, response) => {
  if (notes.handle(request, response)) return;
  response.writeHead(404, { "content-type": "text/plain" });
  response.end("The server of OriginMQ's field notes answers below /api/.\n");
}).listen(port, "localhost", () => console.log(`Field notes are received at http://localhost:${port}/api/notes`));
