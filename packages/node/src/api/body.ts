/**
 * Reads the body of a request: the media type first, then at most as many bytes as the route takes,
 * while all bodies in memory together stay under one bound.
 */
import type { IncomingMessage } from 'node:http';
import type { Result } from '@daybook/core';
import { concatBytes, fail, ok } from '@daybook/core';
import { readJsonBody } from './json-body.ts';
import { API_LIMITS } from './limits.ts';
import { mediaTypeOf } from './media-type.ts';
import type { Problem } from './problem.ts';
import { showFound } from './problem.ts';
import type { RequestBody } from './route.ts';

/** Bytes of bodies in memory; one for all requests of a server. */
export interface BodyBudget {
  held: number;
}

/** Either JSON, parsed, or CBOR as bytes. */
export async function readBody(
  request: IncomingMessage,
  spec: RequestBody,
  budget: BodyBudget,
): Promise<Result<unknown, Problem>> {
  const header = request.headers['content-type'];
  const mediaType = mediaTypeOf(header);
  if (mediaType === undefined || !Object.hasOwn(spec.content, mediaType)) {
    const types = Object.keys(spec.content).join(' or ');
    const found = header === undefined ? 'nothing' : showFound(header);
    const detail = `The body must be ${types}; Content-Type says ${found}.`;
    const headers = { 'accept-post': Object.keys(spec.content).join(', ') };
    return fail({ code: 'NODE_MEDIA_TYPE_UNSUPPORTED', detail, headers });
  }
  if (request.headers['content-encoding'] !== undefined) {
    const detail = 'Bodies are taken without Content-Encoding.';
    return fail({ code: 'NODE_MEDIA_TYPE_UNSUPPORTED', detail });
  }
  const bytes = await collect(request, spec.bytesMax, budget);
  if (!bytes.ok) return bytes;
  return mediaType === 'application/json' ? readJsonBody(bytes.value) : bytes;
}

async function collect(
  request: IncomingMessage,
  bytesMax: number,
  budget: BodyBudget,
): Promise<Result<Uint8Array, Problem>> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) return tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      budget.held += chunk.length;
      if (size > bytesMax) return tooLarge(bytesMax);
      if (budget.held > API_LIMITS.heldBytesMax) {
        return fail({ code: 'NODE_OVERLOADED', headers: { 'retry-after': '1' } });
      }
      chunks.push(chunk);
    }
  } finally {
    budget.held -= size;
  }
  return ok(concatBytes(...chunks));
}

function tooLarge(bytesMax: number): Result<never, Problem> {
  const detail = `This path takes at most ${bytesMax} bytes.`;
  // The rest of the body is not read, so the connection cannot serve another request.
  return fail({ code: 'NODE_BODY_TOO_LARGE', detail, headers: { connection: 'close' } });
}
