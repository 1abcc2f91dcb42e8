// Queues as text, for backups and support tickets.

export { exportQueue, type ImportOptions, type ImportResult, importQueue } from "./integrations/backup.js";
