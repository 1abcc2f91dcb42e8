import { expect, test } from "vitest";
import { createLinkPresence } from "../../../../src/host/clients/presence.js";
import { createClock } from "../../link/socket/pair.js";

function world() {
  const clock = createClock();
  const gone: string[] = [];
  return { clock, gone, presence: createLinkPresence(clock.setTimer, 1_000, (client) => gone.push(client)) };
}

/** Of one that has just left: it is missed after its time, and not before. */
async function expectMissed({ clock, gone }: ReturnType<typeof world>, client: string) {
  await clock.pass(900);
  expect(gone).toEqual([]);
  await clock.pass(100);
  expect(gone).toEqual([client]);
}

test("by its link, a client is gone when it has had none for as long as it may, and not before", async () => {
  const there = world();
  const { clock, presence } = there;
  presence.watch("a", true);
  await clock.pass(5_000);
  presence.left("a", false);
  await expectMissed(there, "a");
});

test("by its link, a client that comes back in time is there, and has all of its time when it leaves again", async () => {
  const there = world();
  const { clock, presence } = there;
  presence.watch("a", true);
  presence.left("a", false);
  await clock.pass(900);
  presence.watch("a", true);
  await clock.pass(5_000);
  presence.left("a", false);
  await expectMissed(there, "a");
});

test("by their links, clients of the host before this one have as long to come as those that left", async () => {
  const { clock, gone, presence } = world();
  presence.watch("a", false);
  presence.watch("b", false);
  await clock.pass(500);
  presence.watch("a", true);
  await clock.pass(500);
  expect(gone).toEqual(["b"]);
});

test("by its link, a client that said goodbye, or that nobody watches, is not missed", async () => {
  const { clock, gone, presence } = world();
  presence.watch("a", true);
  presence.unwatch("a");
  presence.left("a", false);
  presence.left("stranger", false);
  presence.watch("b", false);
  presence.close();
  await clock.pass(5_000);
  expect(gone).toEqual([]);
  expect(clock.count).toBe(0);
});
