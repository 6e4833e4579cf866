/**
 * Writing an archive folder file by file, so that whoever serves or copies it never sees a part of
 * one. What an earlier archive lists there is replaced last, when everything new is durable: a disk
 * that fills up half way leaves the earlier archive as it was.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import { indexName } from '@daybook/state';
import { nameFileFault } from '../file-fault.ts';
import type { ArchivedFile } from './archive-files.ts';
import { describeFile, MANIFEST_FILE, manifestIn } from './archive-files.ts';

/** Fills a folder with files and lists them; equal ones that are there already are left alone. */
export interface FolderWriter {
  readonly target: string;
  put(name: string, bytes: Uint8Array): void;
  /** Puts what is newer in the place of what was there; nothing holds until `finish` has listed it. */
  replace(): void;
  /**
   * Lists a segment that an earlier archive wrote here, and that the node has moved away since.
   * @param index  what its index must be
   * @returns      false, and nothing is listed, where it is not here
   */
  keep(segment: string, index: Uint8Array): boolean;
  files(): readonly ArchivedFile[];
  /** Writes the list, durably and last. */
  finish(manifest: string): void;
}

function syncFolder(folder: string): void {
  const descriptor = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(descriptor);
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Each file appears whole or not at all, and is durable before the list names it. */
export function createFolderWriter(target: string): FolderWriter {
  const files: ArchivedFile[] = [];
  const before = fs.existsSync(target) ? manifestIn(target) : undefined;
  const listed = before === undefined || before === 'damaged' ? [] : before.files;
  const changed = new Set<string>([target]);
  const waiting: string[] = [];
  const write = (name: string, bytes: Uint8Array): void => {
    const file = path.join(target, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    if (fs.existsSync(file) && fs.readFileSync(file).equals(bytes)) return;
    const temporary = `${file}.new`;
    try {
      fs.writeFileSync(temporary, bytes, { flush: true });
    } catch (error) {
      // Half a file is of no use, and takes space from whoever tries again on a full disk.
      fs.rmSync(temporary, { force: true });
      throw nameFileFault(error, temporary);
    }
    changed.add(path.dirname(file));
    if (fs.existsSync(file)) waiting.push(file);
    else fs.renameSync(temporary, file);
  };
  const replace = (): void => {
    for (const file of waiting.splice(0)) fs.renameSync(`${file}.new`, file);
  };
  return {
    target,
    put: (name, bytes) => {
      write(name, bytes);
      files.push(describeFile(name, bytes));
    },
    keep: (segment, index) => {
      const isThere = ({ name, size }: ArchivedFile): boolean =>
        fs.statSync(path.join(target, name), { throwIfNoEntry: false })?.size === size;
      const known = listed.find(({ name }) => name === segment);
      const beside = describeFile(indexName(segment), index);
      if (known === undefined || !isThere(known)) return false;
      write(beside.name, index);
      files.push(known, beside);
      return true;
    },
    replace,
    files: () => files,
    finish: (manifest) => {
      for (const folder of changed) syncFolder(folder);
      write(MANIFEST_FILE, new TextEncoder().encode(manifest));
      // The list is the last that was written, and so the last that is replaced.
      replace();
      for (const folder of changed) syncFolder(folder);
    },
  };
}
