// Bodies that a server stores as the bytes in which they came: found where they stand, and nowhere else.

import { isAscii } from "node:buffer";
import { describe, expect, test } from "vitest";
import { decode, encode } from "../../../../src/codec/codec.js";
import { AsciiLines } from "../../../../src/core/log/columns.js";
import { validateHostRequest } from "../../../../src/link/rpc/validate.js";
import { createKeeper } from "../../../../src/link/socket/kept-bodies.js";

const keeper = createKeeper({ isAscii, indexOf: (bytes, byte, from) => bytes.indexOf(byte, from) });
const lines = (count: number, text = "tea") =>
  Array.from({ length: count }, (_, n) => JSON.stringify({ n, text, pad: "x".repeat(20) })).join("\n");

const sendOf = (bodies: unknown, count = 100) => ({
  type: "send",
  atomic: true,
  queue: "q",
  segments: [{ count, priority: 4 }],
  bodies,
});
const callOf = (...commands: unknown[]) => ({
  id: "1",
  type: "APPLY",
  path: [],
  argumentList: [
    {
      type: "RAW",
      value: { op: "submit", confirmed: 0, commands: commands.map((command, i) => ({ number: i + 1, command })) },
    },
  ],
});
type Call = { argumentList: [{ value: { commands: { command: { bodies: unknown } }[] } }] };
const bodiesIn = (bytes: Uint8Array, which = 0) =>
  (decode(bytes, keeper) as Call).argumentList[0].value.commands[which]?.command.bodies;

const textOf = ({ bytes }: AsciiLines) => new TextDecoder().decode(bytes);

describe("a text of bodies stays the bytes that came", () => {
  test("with the places where its lines end, in each command of a request", () => {
    const bytes = encode(
      callOf(sendOf(lines(100)), { type: "unsubscribe", topic: "t", subscription: "s" }, sendOf(lines(90), 90)),
    );
    for (const [which, count] of [
      [0, 100],
      [2, 90],
    ] as const) {
      const kept = bodiesIn(bytes, which) as AsciiLines;
      expect(kept).toBeInstanceOf(AsciiLines);
      expect(textOf(kept)).toBe(lines(count));
      let from = 0;
      const texts = kept.ends.map((end) => {
        const line = textOf(kept).slice(from, end);
        from = end + 1;
        return line;
      });
      expect(texts).toEqual(lines(count).split("\n"));
    }
  });

  test("and is written again as the text it is, which reads as before", () => {
    const batch = { v: 1, encoding: "json", firstSeq: 1, sentAt: 5, bodies: lines(100), headers: [{ a: "b" }] };
    const kept = bodiesIn(encode(callOf(sendOf(lines(100)))));
    expect(encode({ ...batch, bodies: kept })).toEqual(encode(batch));
  });

  test("and the request is one", () => {
    const call = decode(encode(callOf(sendOf(lines(100)))), keeper) as Call;
    const checked = validateHostRequest(call.argumentList[0].value);
    expect(checked).toMatchObject({ op: "submit", commands: [{ number: 1, command: { type: "send" } }] });
    const wrong = decode(encode(callOf(sendOf(lines(99)))), keeper) as Call;
    expect(validateHostRequest(wrong.argumentList[0].value)).toMatchObject({
      commands: [{ refused: { code: "invalid-argument" } }],
    });
  });
});

describe("it is text, or what else it is, where", () => {
  test.each<[string, unknown]>([
    ["a character has more than a byte", lines(100, "é")],
    ["it is short", '{"n":1}'],
    ["it is values", [{ bodies: lines(100), at: new Date(1) }]],
    ["it is bytes that a stranger calls so", new Uint8Array(2_000).fill(10)],
    ["it is a look-alike", { bytes: new Uint8Array(2_000), ends: [2_000] }],
  ])("%s", (_, bodies) => {
    const found = bodiesIn(encode(callOf(sendOf(bodies))));
    expect(found).not.toBeInstanceOf(AsciiLines);
    expect(found).toStrictEqual(bodies);
  });

  test.each<[string, unknown]>([
    ["no call", lines(100)],
    [
      "a call without commands",
      { ...callOf(), argumentList: [{ type: "RAW", value: { op: "stats", bodies: lines(100) } }] },
    ],
    ["commands that are none", callOf(lines(100), null, [lines(100)])],
    ["an answer", { id: "1", type: "RAW", value: { bodies: lines(100) } }],
  ])("it stands in %s", (_, message) => {
    expect(decode(encode(message), keeper)).toStrictEqual(message);
  });
});

test("bytes that are no text of the wire's are refused as bodies", () => {
  const call = callOf(sendOf(new Uint8Array(2_000).fill(10)));
  const { value } = call.argumentList[0] as { value: unknown };
  expect(validateHostRequest(value)).toMatchObject({ commands: [{ refused: { code: "invalid-argument" } }] });
});
