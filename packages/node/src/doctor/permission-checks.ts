/**
 * Whether the data directory is the service's own: nobody else may read it, and whatever lies in it
 * belongs to one user. A verb that was run as root leaves files that the service cannot write, which
 * nobody notices before the next start.
 */
import * as fs from 'node:fs';
import path from 'node:path';
import type { Settings } from '../config.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import type { Finding } from './finding.ts';
import { failure, good, warning } from './finding.ts';

const OTHERS = 0o077;
const CHECK = 'permissions';

/** None while there is no data directory: the check of the disk says so. */
export function checkPermissions({ node, state }: Settings): readonly Finding[] {
  const { dataDirectory } = node;
  const { voteMirrorDirectory: mirror } = state;
  const roots = [dataDirectory, ...(mirror === undefined ? [] : [mirror])].filter((one) =>
    fs.existsSync(one),
  );
  return roots.map(checkRoot);
}

function checkRoot(root: string): Finding {
  const { uid, mode } = fs.statSync(root);
  const alien = ownedByOthers(root, uid);
  if (alien !== undefined) {
    const words = `${alien.file} belongs to user ${alien.uid}, and ${root} to user ${uid}`;
    const advice = `chown -R ${uid} ${root}, if that is the service user; run daybookd as it`;
    return failure(CHECK, words, advice, EXIT_CODES.storage);
  }
  if ((mode & OTHERS) === 0) return good(CHECK, `${root} is for its owner alone, user ${uid}`);
  const words = `${root} is open to others (mode ${(mode & 0o777).toString(8)})`;
  return warning(CHECK, words, `chmod 700 ${root}`);
}

/** The first entry below a folder that belongs to another user. */
function ownedByOthers(
  root: string,
  uid: number,
): { readonly file: string; readonly uid: number } | undefined {
  for (const name of fs.readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    const file = path.join(root, name);
    // Beside a running node files come and go.
    const found = fs.lstatSync(file, { throwIfNoEntry: false });
    if (found !== undefined && found.uid !== uid) return { file, uid: found.uid };
  }
  return undefined;
}
