import { error } from "@sveltejs/kit";
import { photosById } from "$lib/server/stored";
import type { RequestHandler } from "./$types";

export const PUT: RequestHandler = async ({ params, request, url }) => {
  photosById.set(params.id, { name: url.searchParams.get("name") ?? "", bytes: await request.arrayBuffer() });
  return new Response(null, { status: 201 });
};

export const GET: RequestHandler = ({ params }) => {
  const photo = photosById.get(params.id) ?? error(404);
  return new Response(photo.bytes, { headers: { "content-type": "image/jpeg" } });
};
