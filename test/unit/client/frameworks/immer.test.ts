import { createDraft, enableMapSet, produce } from "immer";
import { describe } from "vitest";
import { arrives, isRefused, odd, rowsOf, SIZES, withHosts } from "./arrives.js";

enableMapSet();

describe("Immer's drafts", () => {
  withHosts();
  for (const size of SIZES) {
    arrives(
      `arrive as they are when they are sent, ${size} rows`,
      (send) => {
        let sent: Promise<unknown> | undefined;
        produce({ rows: rowsOf(size) }, (draft) => {
          draft.rows.push({ id: -1, name: "new", tags: [] });
          sent = send(draft.rows);
          draft.rows.length = 0;
        });
        // From here on the draft is revoked.
        return sent as Promise<unknown>;
      },
      [...rowsOf(size), { id: -1, name: "new", tags: [] }],
    );
  }
  arrives(
    "arrive with what JSON does not have",
    (send) => {
      const draft = createDraft(odd());
      (draft.byName.get("x") as { deep: unknown[] }).deep.push("more");
      draft.kinds.add("new");
      return send(draft);
    },
    {
      ...odd(),
      byName: new Map([["x", { deep: [1, new Date(5), "more"] }]]),
      kinds: new Set(["a", 7, "new"]),
    },
  );
  isRefused(
    "are refused when they were revoked, naming the place",
    (send) => {
      let kept: unknown;
      produce({ list: [1] }, (draft) => {
        kept = draft.list;
      });
      return send({ first: 1, kept });
    },
    "body.kept",
  );
});
