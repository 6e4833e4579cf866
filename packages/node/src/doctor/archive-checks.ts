/** The archive that older blocks are served from: whether what was moved there can be read. */
import * as fs from 'node:fs';
import path from 'node:path';
import { MANIFEST_FILE, movedIn } from '../archive/archive-files.ts';
import { openArchive } from '../archive/archive-source.ts';
import { refuseOwnSource } from '../archive/own-folders.ts';
import type { Settings } from '../config.ts';
import { NodeError } from '../errors.ts';
import { describe } from '../exit-codes.ts';
import type { Finding } from './finding.ts';
import { good, thrown, warning } from './finding.ts';

const CHECK = 'archive';
/** Enough to see that the file is there: what it holds is checked when it is served. */
const PROBE_BYTES = 16;

/** Nothing for a node that names no archive. */
export async function checkArchive(settings: Settings): Promise<readonly Finding[]> {
  const { archive, node } = settings;
  if (archive.source === undefined) return [];
  try {
    refuseOwnSource(settings);
  } catch (error) {
    return [thrown(CHECK, error, 'name a folder of its own as archive.source')];
  }
  const blocks = path.join(node.dataDirectory, 'blocks');
  const moved = fs.existsSync(blocks) ? movedIn(blocks) : [];
  const files = moved.map(({ name }) => name.replace(/\.moved$/, '.log'));
  const source = openArchive(archive.source);
  try {
    for (const file of [MANIFEST_FILE, ...files]) {
      const bytes = await source.read(file, 0, PROBE_BYTES);
      if (bytes.length >= PROBE_BYTES) continue;
      const detail = `${file} in ${source.name} is cut off.`;
      throw new NodeError('NODE_ARCHIVE_DAMAGED', { detail });
    }
    return [good(CHECK, `${source.name} has the ${files.length} segments that were moved`)];
  } catch (error) {
    const advice = 'mount the folder or start the web server; daybookd archive write fills it';
    return [warning(CHECK, describe(error), advice)];
  }
}
