import { photosById } from "$lib/server/stored";

export const load = () => ({ stored: [...photosById].map(([id, { name }]) => ({ id, name })) });
