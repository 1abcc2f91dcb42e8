// An example that was copied and installed, started by its own command.

import { spawn } from "node:child_process";

export interface Project {
  /** Ends with a slash. */
  readonly address: string;
  end(): void;
}

/** Runs `npm start` and resolves with the address that it prints. */
export async function startProject(folder: string): Promise<Project> {
  const child = spawn("npm", ["start", "--", "--port", "0"], {
    cwd: folder,
    detached: true,
    env: { ...process.env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const end = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
    } catch {
      // Already gone.
    }
  };
  let said = "";
  const address = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data) => {
      said += data;
      const [found] = /http:\/\/localhost:\d+\//.exec(said) ?? [];
      if (found) resolve(found);
    });
    child.once("exit", () => reject(new Error(`npm start has ended:\n${said}`)));
  });
  return { address, end };
}
