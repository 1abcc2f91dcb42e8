// What the clients under load, in whatever they live, have to call alike.

export const MAX_DELIVERIES = 20;
export const QUEUE = "work";
