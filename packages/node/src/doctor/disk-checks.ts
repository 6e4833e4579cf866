/** The disk under the data directory: what kind, how full, and whether a sync means anything. */
import { randomBytes } from 'node:crypto';
import * as fs from 'node:fs';
import path from 'node:path';
import type { Settings } from '../config.ts';
import { describe, EXIT_CODES } from '../exit-codes.ts';
import type { DiskLimits } from '../free-space.ts';
import { diskLimitsOf } from '../free-space.ts';
import type { Finding } from './finding.ts';
import { failure, good, warning } from './finding.ts';

/** A vote waits for two syncs. */
const SYNC_SLOW_MS = 100;
const SYNCS = 5;
const GIB = 1024 ** 3;

/** `statfs` types of file systems that a validator must not keep its votes on. */
const UNSUITABLE: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x65735546, 'FUSE'],
  [0x01021994, 'tmpfs, which a power loss empties'],
]);

export function checkDisk({ node, state, disk }: Settings): readonly Finding[] {
  const { dataDirectory } = node;
  if (!fs.existsSync(dataDirectory)) {
    const advice = `mkdir -m 700 ${dataDirectory}, owned by the service user`;
    const words = `${dataDirectory} does not exist`;
    return [failure('disk', words, advice, EXIT_CODES.storage)];
  }
  const findings = [
    checkSpace(dataDirectory, diskLimitsOf(disk)),
    checkKind(dataDirectory),
    checkSync(dataDirectory),
  ];
  const mirror = state.voteMirrorDirectory;
  if (mirror !== undefined && fs.existsSync(mirror))
    findings.push(checkMirror(dataDirectory, mirror));
  return findings;
}

function checkSpace(directory: string, { stop, low }: DiskLimits): Finding {
  const { bavail, blocks, bsize } = fs.statfsSync(directory);
  const free = blocks === 0 ? 0 : bavail / blocks;
  const words = `${(free * 100).toFixed(1)} % free, ${((bavail * bsize) / GIB).toFixed(1)} GiB`;
  if (free < stop) {
    const advice = 'free space or enlarge the disk; the node does not sign now';
    return failure('disk space', words, advice);
  }
  if (free < low) {
    return warning('disk space', words, 'enlarge the disk before the node stops signing');
  }
  return good('disk space', words);
}

/** All parts lie on one local file system, so that what one sync promises holds for all. */
function checkKind(directory: string): Finding {
  const unsuitable = UNSUITABLE.get(fs.statfsSync(directory).type);
  if (unsuitable !== undefined) {
    const advice = 'move node.dataDirectory to a local disk';
    return warning('file system', `${directory} lies on ${unsuitable}`, advice);
  }
  const { dev } = fs.statSync(directory);
  const parts = fs.readdirSync(directory).filter((name) => /^(blocks|state|votes.*)$/.test(name));
  const elsewhere = parts.filter((name) => fs.statSync(path.join(directory, name)).dev !== dev);
  if (elsewhere.length === 0) return good('file system', 'local, one for all parts');
  const words = `${elsewhere.join(', ')} lie on another file system than ${directory}`;
  return warning('file system', words, 'only the second vote log belongs on another disk');
}

/** Writes and syncs a small file of its own, some times, and removes it. */
function checkSync(directory: string): Finding {
  const file = path.join(directory, `doctor-${randomBytes(8).toString('hex')}`);
  try {
    const descriptor = fs.openSync(file, 'wx', 0o600);
    const times: number[] = [];
    try {
      for (let index = 0; index < SYNCS; index++) {
        fs.writeSync(descriptor, new Uint8Array(4096), 0, 4096, index * 4096);
        const startedMs = performance.now();
        fs.fdatasyncSync(descriptor);
        times.push(performance.now() - startedMs);
      }
    } finally {
      fs.closeSync(descriptor);
      fs.rmSync(file);
    }
    const slowest = Math.max(...times);
    const words = `the slowest of ${SYNCS} syncs took ${slowest.toFixed(1)} ms`;
    if (slowest < SYNC_SLOW_MS) return good('disk sync', words);
    return warning('disk sync', words, 'each vote waits for two: use a faster disk');
  } catch (error) {
    const advice = `let the service user write to ${directory}; check the disk (dmesg)`;
    return failure('disk sync', describe(error), advice, EXIT_CODES.storage);
  }
}

function checkMirror(directory: string, mirror: string): Finding {
  if (fs.statSync(mirror).dev !== fs.statSync(directory).dev) {
    return good('vote copy', `${mirror} is on another file system`);
  }
  const advice = 'put state.voteMirrorDirectory on another disk, or leave it out';
  return warning('vote copy', `${mirror} is on the same file system as the first`, advice);
}
