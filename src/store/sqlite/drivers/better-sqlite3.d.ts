// An optional peer: what is used of it is typed in `open-driver.ts`.

declare module "better-sqlite3";
