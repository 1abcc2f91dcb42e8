#!/usr/bin/env bash
# cbor-x 1.6.9 and msgpackr 2.1.4, each with its option `structuredClone: true`, beside the platform's structuredClone.
#
# Both readmes say that with this option references, cycles and identity are preserved, and Error, Set, Map, RegExp and
# typed arrays keep their types. One would take that for "what a port or IndexedDB carries, as bytes". It is not, in
# different ways, and mostly without an error:
# - cbor-x: a cycle that runs through a Map or a Set comes back as an empty plain object (one through an object or an
#   array is kept); an Error loses its class and its cause; an ArrayBuffer and a DataView come back as Node's Buffer.
# - msgpackr: two views on one ArrayBuffer no longer share it; an object with `toJSON` comes back as what that returns;
#   a Blob becomes an empty object and a function becomes undefined, where structuredClone keeps the one and throws at
#   the other.
# - both: a property called __proto__ is renamed to __proto_, a boxed number becomes an empty object, -0 becomes 0.
#
# Source: github.com/kriszyp/cbor-x and github.com/kriszyp/msgpackr, the readmes' chapters "Structured Cloning"; the output
# below is what these versions do in Node 20.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent cbor-x@1.6.9 msgpackr@2.1.4
cat >look.mjs <<'JS'
import { Encoder } from "cbor-x";
import { Packr } from "msgpackr";

const cbor = new Encoder({ structuredClone: true });
const pack = new Packr({ structuredClone: true });
const ways = {
  platform: structuredClone,
  "cbor-x": (value) => cbor.decode(cbor.encode(value)),
  msgpackr: (value) => pack.unpack(pack.pack(value)),
};

const ring = {};
ring.self = ring;
const map = new Map();
map.set("self", map);
const set = new Set();
set.add(set);
const buffer = new ArrayBuffer(8);
class Price {
  amount = 3;
  toJSON() {
    return "three";
  }
}

const looks = {
  "cycle through an object": [ring, (seen) => seen.self === seen],
  "cycle through a Map": [map, (seen) => seen.get("self") === seen],
  "cycle through a Set": [set, (seen) => seen.has(seen)],
  "TypeError with a cause": [
    new TypeError("no", { cause: new Error("why") }),
    (seen) => `${seen.constructor.name}, cause ${seen.cause?.message ?? "gone"}`,
  ],
  ArrayBuffer: [buffer, (seen) => seen.constructor.name],
  DataView: [new DataView(buffer, 1, 2), (seen) => seen.constructor.name],
  "two views share a buffer": [
    { a: new Uint8Array(buffer, 0, 4), b: new Uint8Array(buffer, 2, 4) },
    ({ a, b }) => a.buffer === b.buffer,
  ],
  "object with toJSON": [{ price: new Price() }, ({ price }) => JSON.stringify(price)],
  Blob: [{ file: new Blob(["x"]) }, ({ file }) => (file instanceof Blob ? "Blob" : JSON.stringify(file))],
  function: [{ call() {} }, ({ call }) => String(call)],
  "boxed number": [Object(1), (seen) => (seen instanceof Number ? "Number" : JSON.stringify(seen))],
  "property __proto__": [JSON.parse('{"__proto__":1}'), (seen) => Object.keys(seen).join()],
  "-0": [-0, (seen) => (Object.is(seen, -0) ? "-0" : "0")],
};

for (const [what, [value, tell]] of Object.entries(looks)) {
  const told = Object.entries(ways).map(([way, through]) => {
    try {
      return `${way} ${tell(through(value))}`;
    } catch {
      return `${way} throws`;
    }
  });
  console.log(`${what}: ${told.join("; ")}`);
}
JS
node look.mjs | tee seen.txt
cat >expected.txt <<'TXT'
cycle through an object: platform true; cbor-x true; msgpackr true
cycle through a Map: platform true; cbor-x false; msgpackr true
cycle through a Set: platform true; cbor-x false; msgpackr true
TypeError with a cause: platform TypeError, cause why; cbor-x Error, cause gone; msgpackr TypeError, cause why
ArrayBuffer: platform ArrayBuffer; cbor-x Buffer; msgpackr ArrayBuffer
DataView: platform DataView; cbor-x Buffer; msgpackr DataView
two views share a buffer: platform true; cbor-x true; msgpackr false
object with toJSON: platform {"amount":3}; cbor-x {"amount":3}; msgpackr "three"
Blob: platform Blob; cbor-x throws; msgpackr {}
function: platform throws; cbor-x throws; msgpackr undefined
boxed number: platform Number; cbor-x {}; msgpackr {}
property __proto__: platform __proto__; cbor-x __proto_; msgpackr __proto_
-0: platform -0; cbor-x 0; msgpackr 0
TXT
diff expected.txt seen.txt && echo "as seen before"
