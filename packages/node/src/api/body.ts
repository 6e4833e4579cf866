/**
 * Reads the body of a request: the media type first, then at most as many bytes as the route takes,
 * while all bodies in memory together stay under one bound.
 */
import type { IncomingMessage } from 'node:http';
import type { Result } from '@daybook/core';
import { concatBytes, fail, ok } from '@daybook/core';
import { readJsonBody } from './json-body.ts';
import { mediaTypeOf } from './media-type.ts';
import type { Problem } from './problem.ts';
import { showFound } from './problem.ts';
import type { RequestBody } from './route.ts';

/** Memory for bodies: one for all requests of a server. */
export interface BodyBudget {
  /** Bytes of bodies that are being read or worked on. */
  held(): number;
  /** The account of one request. */
  open(): BodyAccount;
}

export interface BodyAccount {
  /** @returns false when there is no room; nothing is taken then */
  take(bytes: number): boolean;
  /** Gives everything back; when the request is answered. */
  release(): void;
}

export function createBodyBudget(bytesMax: number): BodyBudget {
  let held = 0;
  return {
    held: () => held,
    open: () => {
      let mine = 0;
      return {
        take: (bytes) => {
          if (held + bytes > bytesMax) return false;
          held += bytes;
          mine += bytes;
          return true;
        },
        release: () => {
          held -= mine;
          mine = 0;
        },
      };
    },
  };
}

/** Either JSON, parsed, or CBOR as bytes. */
export async function readBody(
  request: IncomingMessage,
  spec: RequestBody,
  account: BodyAccount,
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
  const bytes = await collect(request, spec.bytesMax, account);
  if (!bytes.ok) return bytes;
  return mediaType === 'application/json' ? readJsonBody(bytes.value) : bytes;
}

async function collect(
  request: IncomingMessage,
  bytesMax: number,
  account: BodyAccount,
): Promise<Result<Uint8Array, Problem>> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > bytesMax) return tooLarge(bytesMax);
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A refused body is not destroyed: the client could not read the answer then. Node discards what
  // still comes, within the time for a request.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > bytesMax) return tooLarge(bytesMax);
    if (!account.take(chunk.length)) {
      return fail({ code: 'NODE_OVERLOADED', headers: { 'retry-after': '1' } });
    }
    chunks.push(chunk);
  }
  return ok(concatBytes(...chunks));
}

function tooLarge(bytesMax: number): Result<never, Problem> {
  return fail({
    code: 'NODE_BODY_TOO_LARGE',
    detail: `This path takes at most ${bytesMax} bytes.`,
  });
}
