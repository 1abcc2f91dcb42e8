// @vitest-environment happy-dom
// A list whose rows are read page by page, while what they are read from changes. In browsers: test/e2e/inspector.test.ts.

import { expect, test } from "vitest";
import { createRest } from "../../../../src/integrations/inspector/rest.js";
import { createVirtualList } from "../../../../src/integrations/inspector/virtual-list.js";
import { deferred } from "../../../../src/link/rpc/deferred.js";

test("what has changed while a page was read is read again", async () => {
  const opened: string[] = [];
  const list = createVirtualList<string>({
    label: "Rows",
    rest: createRest(() => 0),
    columns: [{ head: "Name", text: (name) => name }],
    onOpen: (name) => opened.push(name),
    onFailed: () => {},
  });
  document.body.append(list.element);
  const answer = deferred<readonly string[]>();
  let reads = 0;
  list.reset(2, () => (reads++ === 0 ? answer.promise : Promise.resolve(["second"])));
  await expect.poll(() => reads).toBe(1);
  list.refresh(1);
  answer.resolve(["first", "second"]);
  await expect.poll(() => list.element.querySelector("[role=gridcell]")?.textContent).toBe("second");
  list.element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
  expect(opened).toEqual(["second"]);
  list.element.remove();
});
