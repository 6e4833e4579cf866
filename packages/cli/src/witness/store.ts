/**
 * What a witness remembers, in a folder of its own: the newest checkpoint that it cosigned, and the
 * size each node has shown. Replaced as a whole and synced before a cosignature leaves, so that a
 * witness that was killed never vouches for less than it saw.
 */
import { constants } from 'node:fs';
import { access, mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { TreeHead } from '@daybook/core';
import { encodeUtf8, readCheckpointNote } from '@daybook/core';
import { CliError } from '../errors.ts';
import { malformed } from '../files.ts';

export interface WitnessState {
  readonly head: TreeHead;
  /** The note as it was verified. */
  readonly note: Uint8Array;
  /** Address of the node that served it. */
  readonly source: string;
  /** The largest tree each node has shown, by its address. */
  readonly shown: Readonly<Record<string, { readonly size: number; readonly note: Uint8Array }>>;
}

export interface WitnessStore {
  /** Undefined before the first checkpoint. @throws CliError CLI_FILE_MALFORMED */
  read(): Promise<WitnessState | undefined>;
  /** Durable when it resolves. */
  write(state: WitnessState): Promise<void>;
  /** Keeps evidence durably, once. @returns its path */
  keep(name: string, bytes: Uint8Array): Promise<string>;
  /** Path of evidence that is kept; undefined if there is none of this name. */
  kept(name: string): Promise<string | undefined>;
}

const STATE_FILE = 'witness.json';
const FORMAT = 'daybook-witness/1';

function failed(file: string, error: unknown): CliError {
  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new CliError({ code: 'CLI_FILE_FAILED', path: file, systemCode }, { cause: error });
}

export async function openWitnessStore(folder: string): Promise<WitnessStore> {
  const at = (name: string): string => path.join(folder, name);
  const file = at(STATE_FILE);
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (error) {
    throw failed(folder, error);
  }
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
  };
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

function renderState({ note, source, shown }: WitnessState): string {
  const sizes = Object.entries(shown).map(([url, one]) => [url, textOf(one.note)]);
  const json = { format: FORMAT, note: textOf(note), source, shown: Object.fromEntries(sizes) };
  return `${JSON.stringify(json, undefined, 2)}\n`;
}

function parseState(file: string, text: string): WitnessState {
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

function readNoted(file: string, text: unknown): Pick<WitnessState, 'head' | 'note'> {
  if (typeof text !== 'string') throw malformed(file, 'a checkpoint is missing');
  const note = encodeUtf8(text);
  const read = readCheckpointNote(note);
  if (!read.ok) throw malformed(file, 'a checkpoint in it is damaged');
  return { head: read.value.head, note };
}
