/** Files that people name on the command line: what is wrong with them is said by path and code. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeUtf8 } from '@daybook/core';
import { CliError } from './errors.ts';
import type { World } from './frame/world.ts';

/** What the system said of a file. */
export function fileFailed(file: string, error: unknown): CliError {
  const systemCode = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
  return new CliError({ code: 'CLI_FILE_FAILED', path: file, systemCode }, { cause: error });
}

/** @throws CliError CLI_FILE_FAILED if there is nothing */
export async function isFolder(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isDirectory();
  } catch (error) {
    throw fileFailed(file, error);
  }
}

/** @throws CliError CLI_FILE_FAILED */
export async function readBytes(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw fileFailed(file, error);
  }
}

/** @throws CliError CLI_FILE_FAILED, CLI_FILE_MALFORMED if it is not UTF-8 */
export async function readText(file: string): Promise<string> {
  const text = decodeUtf8(await readBytes(file), file);
  if (text.ok) return text.value;
  throw malformed(file, 'it is not UTF-8');
}

/** @throws CliError CLI_FILE_FAILED, CLI_FILE_MALFORMED if it is not JSON */
export async function readJson(file: string): Promise<unknown> {
  const text = await readText(file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(file, 'it is not JSON', { cause });
  }
}

export function malformed(file: string, fact: string, options?: ErrorOptions): CliError {
  return new CliError({ code: 'CLI_FILE_MALFORMED', path: file, fact }, options);
}

/** Writes a file that may be there already; `-` is standard output. */
export async function writeOut(
  file: string,
  content: string | Uint8Array,
  { out }: Pick<World, 'out'>,
): Promise<void> {
  if (file === '-' && typeof content === 'string') {
    out.write(content);
    return;
  }
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content);
  } catch (error) {
    throw fileFailed(file, error);
  }
}

/** Writes a file that must not be there yet. */
export async function writeNew(file: string, content: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, content, { flag: 'wx' });
  } catch (error) {
    throw fileFailed(file, error);
  }
}

/** Writes a new file that its owner alone may read, and waits until it is on the disk. */
export async function writePrivate(file: string, content: string): Promise<void> {
  try {
    await writeFile(file, content, { flag: 'wx', mode: 0o600, flush: true });
  } catch (error) {
    throw fileFailed(file, error);
  }
}
