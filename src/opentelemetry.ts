// Tracing with OpenTelemetry, for applications that have `@opentelemetry/api` already.

export { type TraceOptions, traceQueue } from "./integrations/opentelemetry.js";
