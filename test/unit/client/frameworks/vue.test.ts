import { describe } from "vitest";
import { reactive, readonly, ref, shallowReactive } from "vue";
import { arrives, isRefused, odd, rowsOf, SIZES, withHosts } from "./arrives.js";

describe("Vue's reactive state", () => {
  withHosts();
  for (const size of SIZES) {
    arrives(`arrives as plain data, ${size} rows`, (send) => send(reactive(rowsOf(size))), rowsOf(size));
  }
  arrives("arrives with what JSON does not have", (send) => send(reactive(odd())), odd());
  arrives("arrives from within a plain object", (send) => send({ list: reactive(rowsOf(2)), at: new Date(1) }), {
    list: rowsOf(2),
    at: new Date(1),
  });
  arrives("arrives from a ref's value", (send) => send(ref(odd()).value), odd());
  arrives("arrives from readonly and shallow state", (send) => send([readonly(odd()), shallowReactive(odd())]), [
    odd(),
    odd(),
  ]);
  arrives(
    "arrives as it was when it was sent",
    (send) => {
      const state = reactive({ at: new Date(1), list: rowsOf(2_000) });
      const sent = send(state);
      state.list.length = 0;
      return sent;
    },
    { at: new Date(1), list: rowsOf(2_000) },
  );
  isRefused(
    "is refused where it holds a function, naming the place",
    (send) => send(reactive({ rows: [{ at: new Date(), save() {} }] })),
    "body.rows[0].save",
  );
});
