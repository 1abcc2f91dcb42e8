import { makeAutoObservable, observable } from "mobx";
import { describe } from "vitest";
import { arrives, isRefused, odd, type Row, rowsOf, SIZES, withHosts } from "./arrives.js";

class Todos {
  rows: Row[] = [];
  byId = new Map<number, Row>();
  chosen = new Set<number>();
  changedAt = new Date(1);
  constructor() {
    makeAutoObservable(this);
  }
  get count() {
    return this.rows.length;
  }
  add(rows: readonly Row[]) {
    for (const row of rows) {
      this.rows.push(row);
      this.byId.set(row.id, row);
      this.chosen.add(row.id);
    }
  }
}

describe("MobX observables", () => {
  withHosts();
  for (const size of SIZES) {
    arrives(`arrive as plain data, ${size} rows`, (send) => send(observable(rowsOf(size))), rowsOf(size));
  }
  arrives("arrive with what JSON does not have", (send) => send(observable(odd())), odd());
  arrives("arrive as maps and sets", (send) => send([observable.map([["a", { n: 1 }]]), observable.set([1, 2])]), [
    new Map([["a", { n: 1 }]]),
    new Set([1, 2]),
  ]);
  arrives(
    "arrive from an instance of a class: what it holds, not what it computes",
    (send) => {
      const todos = new Todos();
      todos.add(rowsOf(3));
      return send({ todos, sentAt: new Date(2) });
    },
    {
      todos: {
        rows: rowsOf(3),
        byId: new Map(rowsOf(3).map((row) => [row.id, row])),
        chosen: new Set([0, 1, 2]),
        changedAt: new Date(1),
      },
      sentAt: new Date(2),
    },
  );
  isRefused(
    "are refused where they hold a symbol, naming the place",
    (send) => send(observable({ list: [{ kind: Symbol("x") }] })),
    "body.list[0].kind",
  );
});
