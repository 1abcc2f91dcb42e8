// Calling what an application gave to be called.

/** Calls back. What it throws is the application's own failure: seen where uncaught errors are, and felt by nobody else. */
export function callListener(call: () => void): void {
  try {
    call();
  } catch (error) {
    void Promise.reject(error);
  }
}
