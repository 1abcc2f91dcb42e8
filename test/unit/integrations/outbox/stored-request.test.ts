import { describe, expect, test } from "vitest";
import {
  carriedKeyOf,
  groupOf,
  isMarked,
  makeRequest,
  redact,
  type StoredRequest,
  storeRequest,
} from "../../../../src/integrations/outbox/stored-request.js";

const URL_A = "https://a.test/path?q=1";
const KEY = { idempotencyKey: "key" };
const again = async (request: Request) =>
  makeRequest(await storeRequest(request, KEY), { sendsKey: false, keepalive: request.keepalive });
const bytesOf = async (request: Request) => new Uint8Array(await request.arrayBuffer());
const form = () => {
  const data = new FormData();
  data.set("text", "grün");
  data.set("file", new File([new Uint8Array([0, 255, 128])], "a.bin", { type: "application/x-a" }));
  return data;
};

describe("a request made again", () => {
  test.each([
    ["text", "text, and ünïcode", "text/plain;charset=UTF-8"],
    ["an ArrayBuffer", new Uint8Array([0, 1, 254, 255]).buffer, null],
    ["a Blob", new Blob(["blob"], { type: "image/x-test" }), "image/x-test"],
    ["form fields", new URLSearchParams({ a: "1 & 2" }), "application/x-www-form-urlencoded;charset=UTF-8"],
  ])("has the bytes and the type of %s", async (_, body, type) => {
    const request = new Request(URL_A, { method: "POST", body });
    const expected = await bytesOf(request.clone());
    const made = await again(request);
    expect(made.headers.get("content-type")).toBe(type);
    expect(await bytesOf(made)).toEqual(expected);
  });

  test("has a form's fields and files, under the same boundary", async () => {
    const request = new Request(URL_A, { method: "PUT", body: form() });
    const expected = await bytesOf(request.clone());
    const made = await again(request);
    expect(await bytesOf(made.clone())).toEqual(expected);
    const data = await made.formData();
    expect(data.get("text")).toBe("grün");
    expect(await (data.get("file") as File).arrayBuffer()).toEqual(new Uint8Array([0, 255, 128]).buffer);
  });

  test("has what a stream held", async () => {
    const body = new Blob(["from ", "a stream"]).stream();
    const made = await again(new Request(URL_A, { method: "POST", body, duplex: "half" } as RequestInit));
    expect(await made.text()).toBe("from a stream");
  });

  test("has method, headers, mode and all the rest", async () => {
    const init = {
      method: "DELETE",
      headers: { "x-one": "1", "X-Two": "2" },
      mode: "cors",
      credentials: "include",
      cache: "no-store",
      redirect: "manual",
      referrerPolicy: "origin",
      integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
      keepalive: true,
    } as const;
    const { headers, ...rest } = init;
    const made = await again(new Request(URL_A, init));
    expect(made).toMatchObject(rest);
    expect([...made.headers]).toEqual([...new Headers(headers)]);
    expect(made.url.split("#")[0]).toBe(URL_A);
  });

  test("is marked for the service worker, whatever fragment it had", async () => {
    const request = new Request(`${URL_A}#top`);
    expect(isMarked(request)).toBe(false);
    expect(isMarked(await again(request))).toBe(true);
    expect((await storeRequest(request, KEY)).url).toBe(URL_A);
  });
});

describe("the idempotency key", () => {
  const keyOf = (stored: StoredRequest) =>
    makeRequest(stored, { sendsKey: true, keepalive: false }).headers.get("idempotency-key");

  test("is a quoted string", async () => {
    expect(keyOf(await storeRequest(new Request(URL_A), KEY))).toBe('"key"');
  });

  test("is the one that the application set, if it set one", async () => {
    const own = new Request(URL_A, { headers: { "idempotency-key": '"mine"' } });
    expect(carriedKeyOf(own)).toBe("mine");
    expect(keyOf(await storeRequest(own, { idempotencyKey: "mine" }))).toBe('"mine"');
  });

  test("is that of its own header, which stays as it is, without quotes as well", async () => {
    const own = new Request(URL_A, { headers: { "idempotency-key": "order-7" } });
    expect(carriedKeyOf(own)).toBe("order-7");
    expect((await again(own)).headers.get("idempotency-key")).toBe("order-7");
  });

  test.each(['"mine', '""', `"${"x".repeat(256)}"`, '"a\\b"'])(
    "is not what a header says that is none: %j",
    (value) => {
      expect(carriedKeyOf(new Request(URL_A, { headers: { "idempotency-key": value } }))).toBeUndefined();
    },
  );

  test("is not sent where it may not be", async () => {
    expect((await again(new Request(URL_A))).headers.has("idempotency-key")).toBe(false);
  });
});

test("headers that are kept out of storage are, in any case of letters", async () => {
  const stored = await storeRequest(new Request(URL_A, { headers: { Authorization: "secret", "x-other": "1" } }), KEY);
  expect(redact(stored, ["AUTHORIZATION"]).headers).toEqual([["x-other", "1"]]);
});

test("the default group is origin and path, and fits a group's name however long it is", () => {
  expect(groupOf("https://a.test/b/c?d=1")).toBe("https://a.test/b/c");
  const long = (end: string) => groupOf(`https://a.test/${"x".repeat(400)}${end}`);
  expect(long("1")).toHaveLength(256);
  expect(long("1")).not.toBe(long("2"));
});
