/**
 * What a witness, or whoever follows a chain, remembers in a folder of its own: the newest checkpoint
 * that held, and the size each node has shown. Replaced as a whole and synced before a cosignature
 * leaves, so that a witness that was killed never vouches for less than it saw. One process at a time
 * has the folder: two would cosign past each other.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { KnownHistory } from '@daybook/client';
import { encodeUtf8, readCheckpointNote } from '@daybook/core';
import { CliError } from '../errors.ts';
import { malformed } from '../files.ts';

export interface HistoryState extends KnownHistory {
  /** Address of the node that served the newest. */
  readonly source: string;
}

export interface HistoryStore {
  /** Undefined before the first checkpoint. @throws CliError CLI_FILE_MALFORMED */
  read(): Promise<HistoryState | undefined>;
  /** Durable when it resolves. */
  write(state: HistoryState): Promise<void>;
  /** Keeps evidence durably, once. @returns its path */
  keep(name: string, bytes: Uint8Array): Promise<string>;
  /** Path of evidence that is kept; undefined if there is none of this name. */
  kept(name: string): Promise<string | undefined>;
  /** Gives the folder back. */
  close(): Promise<void>;
}

const STATE_FILE = 'witness.json';
const FORMAT = 'daybook-witness/1';

function failed(file: string, error: unknown): CliError {
  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new CliError({ code: 'CLI_FILE_FAILED', path: file, systemCode }, { cause: error });
}

/** @throws CliError CLI_FOLDER_LOCKED while another process has the folder, CLI_FILE_FAILED */
export async function openHistoryStore(folder: string): Promise<HistoryStore> {
  const at = (name: string): string => path.join(folder, name);
  const file = at(STATE_FILE);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw failed(folder, error);
  }
  const lock = await lockFolder(folder);
  const put = async (target: string, bytes: Uint8Array): Promise<void> => {
    try {
      await replaceSynced(folder, target, bytes);
    } catch (error) {
      throw failed(target, error);
    }
  };
  return {
    read: async () => {
      const text = await readIfThere(file);
      return text === undefined ? undefined : parseState(file, text);
    },
    write: (state) => put(file, encodeUtf8(renderState(state))),
    keep: async (name, bytes) => {
      await put(at(name), bytes);
      return at(name);
    },
    kept: async (name) => ((await readIfThere(at(name))) === undefined ? undefined : at(name)),
    close: () => lock.close(),
  };
}

/** Remembers nothing beyond the process; evidence goes into a folder all the same. */
export function createMemoryStore(folder: string): HistoryStore {
  return {
    read: async () => undefined,
    write: async () => undefined,
    keep: async (name, bytes) => {
      const target = path.join(folder, name);
      await replaceSynced(folder, target, bytes);
      return target;
    },
    kept: async () => undefined,
    close: async () => undefined,
  };
}

/** The lock is the kernel's and ends with the process, as that of a node's data directory. */
async function lockFolder(folder: string): Promise<{ close(): Promise<void> }> {
  // Loads a database, which only who keeps a folder needs.
  const { lockDirectory, StateError } = await import('@daybook/state');
  try {
    return await lockDirectory(folder);
  } catch (error) {
    const isLocked = error instanceof StateError && error.failure.code === 'STATE_DIRECTORY_LOCKED';
    if (!isLocked) throw failed(folder, error);
    throw new CliError({ code: 'CLI_FOLDER_LOCKED', path: folder }, { cause: error });
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw failed(file, error);
  }
}

async function replaceSynced(folder: string, target: string, bytes: Uint8Array): Promise<void> {
  const fresh = `${target}.new`;
  const handle = await open(fresh, 'w', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(fresh, target);
  const directory = await open(folder, 'r');
  await directory.sync().finally(() => directory.close());
}

const textOf = (note: Uint8Array): string => new TextDecoder().decode(note);

function renderState({ note, source, shown }: HistoryState): string {
  const sizes = Object.entries(shown).map(([url, one]) => [url, textOf(one.note)]);
  const json = { format: FORMAT, note: textOf(note), source, shown: Object.fromEntries(sizes) };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function parseState(file: string, text: string): HistoryState {
  const json = parseJson(file, text);
  const { format, note, source, shown } = json;
  const isOurs = format === FORMAT && typeof source === 'string' && isTexts(shown);
  if (!isOurs) throw malformed(file, `it is no ${FORMAT}`);
  const newest = readNoted(file, note);
  const sizes = Object.entries(shown).map(([url, one]) => {
    const read = readNoted(file, one);
    return [url, { size: read.head.size, note: read.note }] as const;
  });
  return { ...newest, source, shown: Object.fromEntries(sizes) };
}

function parseJson(file: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null) return { ...json };
  } catch (cause) {
    throw malformed(file, 'it is not JSON', { cause });
  }
  throw malformed(file, 'it is not an object');
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every((one) => typeof one === 'string');
}

function readNoted(file: string, text: unknown): Pick<HistoryState, 'head' | 'note'> {
  if (typeof text !== 'string') throw malformed(file, 'a checkpoint is missing');
  const note = encodeUtf8(text);
  const read = readCheckpointNote(note);
  if (!read.ok) throw malformed(file, 'a checkpoint in it is damaged');
  return { head: read.value.head, note };
}
