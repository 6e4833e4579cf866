/**
 * The folders of the node itself, which no archive may share: as a target it would take the place of
 * the blocks that are being written, as a source the node would compare blocks with themselves and
 * remove the only copy. A folder is known by its path without links and by device and inode, which
 * a bind mount cannot hide.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Settings } from '../config.ts';
import { NodeError } from '../errors.ts';
import type { ArchiveSource } from './archive-source.ts';
import { openArchive } from './archive-source.ts';

/** The archive that the settings name. @throws NodeError NODE_ARCHIVE_OWN */
export function openNamedArchive(settings: Settings): ArchiveSource | undefined {
  refuseOwnSource(settings);
  const { source } = settings.archive;
  return source === undefined ? undefined : openArchive(source);
}

/** @throws NodeError NODE_ARCHIVE_OWN; a web server is known by what it lacks, see `trim.ts` */
export function refuseOwnSource({ archive: { source }, node }: Settings): void {
  if (source === undefined || /^https?:/.test(source)) return;
  const { dataDirectory } = node;
  const own = [dataDirectory, ...foldersIn(dataDirectory)];
  if (own.every((folder) => !isWithin(source, folder) && !isWithin(folder, source))) return;
  const detail = `archive.source is ${source}, node.dataDirectory ${dataDirectory}.`;
  throw new NodeError('NODE_ARCHIVE_OWN', { detail });
}

/** Whether a path is a folder or leads into it; neither needs to be there yet. */
export function isWithin(place: string, folder: string): boolean {
  const whole = realPathOf(folder);
  const identity = identityOf(whole);
  return upwards(realPathOf(place)).some(
    (one) => one === whole || (identity !== undefined && identityOf(one) === identity),
  );
}

/** Each may lie on a disk of its own behind a link. */
function foldersIn(directory: string): readonly string[] {
  if (!fs.existsSync(directory)) return [];
  const names = fs.readdirSync(directory).map((name) => path.join(directory, name));
  return names.filter((one) => fs.statSync(one, { throwIfNoEntry: false })?.isDirectory());
}

/** Without links, as far as the path exists. */
function realPathOf(file: string): string {
  const whole = path.resolve(file);
  if (fs.existsSync(whole)) return fs.realpathSync(whole);
  return path.join(realPathOf(path.dirname(whole)), path.basename(whole));
}

/** Device and inode; undefined for what is not there. */
function identityOf(file: string): string | undefined {
  const found = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}

/** A path and every folder above it. */
function upwards(file: string): readonly string[] {
  const above = path.dirname(file);
  return above === file ? [file] : [file, ...upwards(above)];
}
