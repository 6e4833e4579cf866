/**
 * Where an archive lies: a folder, or an address at which any web server hands out its files. Parts
 * of files are read, never more than was asked for; nothing that comes from here is believed.
 */
import { open } from 'node:fs/promises';
import path from 'node:path';
import { NodeError } from '../errors.ts';

export interface ArchiveSource {
  /** For messages. */
  readonly name: string;
  /**
   * Part of a file. @returns fewer bytes than asked for only at the end of the file
   * @throws NodeError NODE_ARCHIVE_AWAY
   */
  read(file: string, offset: number, length: number): Promise<Uint8Array>;
}

/** A server that has not answered by then is away. */
const TIMEOUT_MS = 15_000;
const CHUNK_BYTES = 1024 * 1024;

/** @param place  absolute path of a folder, or an address with http or https */
export function openArchive(place: string): ArchiveSource {
  return /^https?:/.test(place) ? createHttpSource(place) : createFolderSource(place);
}

/** A whole file; of a longer one its beginning. @throws NodeError NODE_ARCHIVE_AWAY */
export async function readWhole(
  file: string,
  bytesMax: number,
  source: ArchiveSource,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytesMax; at += CHUNK_BYTES) {
    const part = await source.read(file, at, CHUNK_BYTES);
    parts.push(part);
    if (part.length < CHUNK_BYTES) break;
  }
  return Uint8Array.from(Buffer.concat(parts));
}

function away(where: string, error: unknown): NodeError {
  const reason = error instanceof Error ? error.message : String(error);
  return new NodeError('NODE_ARCHIVE_AWAY', { detail: `${where}: ${reason}.`, cause: error });
}

export function createFolderSource(folder: string): ArchiveSource {
  return {
    name: folder,
    read: async (file, offset, length) => {
      const where = path.join(folder, file);
      try {
        const handle = await open(where, 'r');
        try {
          const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
          return new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead);
        } finally {
          await handle.close();
        }
      } catch (error) {
        throw away(where, error);
      }
    },
  };
}

function createHttpSource(address: string): ArchiveSource {
  const base = address.endsWith('/') ? address : `${address}/`;
  return {
    name: address,
    read: async (file, offset, length) => {
      const url = new URL(file, base).href;
      try {
        const headers = { range: `bytes=${offset}-${offset + length - 1}` };
        const signal = AbortSignal.timeout(TIMEOUT_MS);
        return await readPart(await fetch(url, { headers, signal }), offset, length);
      } catch (error) {
        throw away(url, error);
      }
    },
  };
}

/** A part of the answer; a server that knows no ranges is read from the beginning, and cut off. */
async function readPart(
  { status, body }: Response,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  if (status !== 206 && status !== 200) {
    await body?.cancel();
    // Nothing of the file stands so far behind.
    if (status === 416) return new Uint8Array();
    throw new Error(`the server answers with status ${status}`);
  }
  const part = new Uint8Array(length);
  let position = status === 206 ? offset : 0;
  let found = 0;
  for await (const chunk of body ?? []) {
    const wanted = chunk.subarray(Math.max(0, offset - position), offset + length - position);
    part.set(wanted, found);
    found += wanted.length;
    position += chunk.length;
    // Leaving the loop cancels the rest of the answer.
    if (position >= offset + length) break;
  }
  return part.subarray(0, found);
}
