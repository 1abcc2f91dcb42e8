// What is used of the packages in `bench/edge/peers`, which are there only once the benchmark was run.

declare module "bullmq" {
  interface Options {
    readonly connection: { readonly port: number };
  }
  interface JobOptions {
    readonly removeOnComplete: true;
  }
  export class Queue {
    constructor(name: string, options: Options & { readonly defaultJobOptions: JobOptions });
    addBulk(jobs: readonly { readonly name: string; readonly data: unknown }[]): Promise<unknown>;
    getJobCounts(): Promise<Record<string, number>>;
    close(): Promise<void>;
  }
  export class Worker {
    constructor(
      name: string,
      handler: (job: { readonly data: { readonly n: number } }) => Promise<void>,
      options: Options & { readonly concurrency: number },
    );
    on(event: "completed" | "failed" | "error", listener: (what: unknown) => void): void;
    close(): Promise<void>;
  }
}

declare module "plainjob" {
  export interface Queue {
    addMany(type: string, bodies: readonly unknown[]): unknown;
    countJobs(which?: { readonly status: number }): number;
    removeDoneJobs(olderThanMs: number): void;
    close(): void;
  }
  export interface Worker {
    start(): Promise<void>;
    stop(): Promise<void>;
  }
  export function bun(database: unknown): unknown;
  export function defineQueue(options: { readonly connection: unknown; readonly logger?: object }): Queue;
  export function defineWorker(
    type: string,
    handler: (job: { readonly data: string }) => void,
    options: { readonly queue: Queue; readonly logger?: object; readonly onCompleted?: () => void },
  ): Worker;
}

declare module "bunqueue/client" {
  interface Options {
    readonly embedded: true;
    readonly dataPath: string;
  }
  export class Queue {
    constructor(name: string, options: Options);
    addBulk(
      jobs: readonly {
        readonly name: string;
        readonly data: unknown;
        readonly opts: Readonly<Record<string, unknown>>;
      }[],
    ): Promise<unknown>;
  }
  export class Worker {
    constructor(
      name: string,
      handler: (job: { readonly data: { readonly n: number } }) => Promise<void>,
      options: Options & { readonly concurrency: number; readonly batchSize: number; readonly removeOnComplete: true },
    );
    on(event: "completed" | "failed" | "error", listener: (what: unknown) => void): void;
  }
}

declare module "bun:sqlite" {
  export class Database {
    constructor(file: string, options: { readonly strict: true });
  }
}
