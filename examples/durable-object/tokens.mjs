// Who comes in: a name, what it is, and until when, signed with a secret of the Worker's, so that nobody makes one.

const TOKEN_MS = 15 * 60_000;
const encoder = new TextEncoder();

const toText = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const toBytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

export function createTokens(secret) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign", "verify"]);
  return {
    async issue({ name, role }) {
      const claims = encoder.encode(JSON.stringify({ name, role, until: Date.now() + TOKEN_MS }));
      return `${toText(claims)}.${toText(await crypto.subtle.sign("HMAC", await key, claims))}`;
    },
    /** What was signed; `undefined` for what was not. */
    async read(token = "") {
      try {
        const [claims, signature] = token.split(".").map(toBytes);
        const isOurs = await crypto.subtle.verify("HMAC", await key, signature, claims);
        return isOurs ? JSON.parse(new TextDecoder().decode(claims)) : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
