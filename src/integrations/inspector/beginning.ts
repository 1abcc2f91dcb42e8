// What stands in the place of the inspector while it has no connection: that it begins, or why it could not, and the ways out.

import { type Connection, connect } from "../../index.js";
import { h } from "../elements/dom.js";
import { wordsOf } from "../elements/words-of.js";
import { button } from "./parts.js";

export interface Beginning {
  readonly element: HTMLElement;
  /** Closes the connection that was begun, if there is one, once `before` is done. */
  end(before: Promise<void> | undefined): void;
}

/** `close`: missing where the inspector stays open. */
export function beginInspecting(
  database: string,
  begun: (connection: Connection) => void,
  close: (() => void) | undefined,
): Beginning {
  const over = new AbortController();
  const said = h("p", { role: "status" });
  const again = button("Try again", () => begin());
  const ways = h("div", { class: "toolbar" }, again, ...(close ? [button("Close", close, "quiet")] : []));
  const element = h(
    "section",
    { class: "panel beginning", "aria-label": "OriginMQ inspector", lang: "en" },
    h("h2", {}, database),
    said,
    ways,
  );
  let own: Promise<Connection>;
  const begin = async () => {
    said.className = "";
    said.textContent = "Connecting…";
    again.hidden = true;
    own = connect({ database, lazy: true });
    try {
      const connection = await own;
      if (!over.signal.aborted) begun(connection);
    } catch (reason) {
      said.className = "refused";
      said.textContent = `It could not begin: ${wordsOf(reason)}`;
      again.hidden = false;
      // What was to be loaded may be had once there is a network.
      addEventListener("online", begin, { once: true, signal: over.signal });
    }
  };
  void begin();
  return {
    element,
    end(before) {
      over.abort();
      const closed = async (connection: Connection) => {
        await before;
        await connection.close({ force: true });
      };
      own.then(closed).catch(() => {});
    },
  };
}
