// Starting the workers that come with this package, by the addresses of their files.

interface Policy {
  createScriptURL(address: string): string;
}

/** The policy of Trusted Types for the files of this package. It is kept here, and nobody else has it. */
let policy: Policy | undefined;

/** The address in a form that a page takes which enforces Trusted Types; as it is where that is refused, or unknown. */
function trusted(address: string): string {
  const { trustedTypes } = globalThis as {
    readonly trustedTypes?: { createPolicy(name: string, rules: object): Policy };
  };
  try {
    policy ??= trustedTypes?.createPolicy("originmq", { createScriptURL: (given: string) => given });
  } catch {
    // Not allowed by the page, which may have a default policy for such addresses.
  }
  return policy?.createScriptURL(address) ?? address;
}

/**
 * In development Vite before 8, and what is built upon it, copies this module and not the workers into a folder such as
 * `node_modules/.vite/deps`. What is beside that folder its server gives, too: there the package is, unless it lies further up. What
 * it asks of its server behind a "?" goes: it is not at every place that names a worker, and another address is another worker.
 */
const inPackage = (address: string) =>
  address.replace(/(\/node_modules\/)\..*\/deps\/([^/?]*)(\?.*)?$/, "$1originmq/dist/$2");

/** Of the workers that were started by their address. */
export const addresses = new WeakMap<object, string>();

/** The constructor, for files of this package alone. */
export const ofPackage = <Made extends typeof SharedWorker | typeof Worker>(made: Made, name = "") =>
  new Proxy(made, {
    construct(target, [{ href }, options]: [URL, WorkerOptions]) {
      const address = inPackage(href);
      try {
        const worker = new target(trusted(address), { ...options, name });
        addresses.set(worker, address);
        return worker;
      } catch (cause) {
        throw new NotStarted(address, cause);
      }
    },
  });

/** The browser has refused to start it, at once. */
export class NotStarted extends Error {
  constructor(
    readonly address: string,
    override readonly cause: unknown,
  ) {
    super();
  }
}
