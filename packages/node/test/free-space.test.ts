/** The file system of the data directory, watched while open files hide that it is gone. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { StateError } from '@daybook/state';
import { expect } from 'chai';
import { DISK_LIMITS, watchFreeSpace } from '../src/free-space.ts';

describe('node: free space', () => {
  let parent: string;
  let directory: string;
  let look: () => void;
  let gone: Promise<StateError>;
  let tell: (error: StateError) => void;
  const clock = {
    wall: () => 0,
    now: () => 0,
    soon: () => undefined,
    schedule: (_delayMs: number, task: () => void) => {
      look = task;
      return () => undefined;
    },
  };

  beforeEach(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'daybook-space-'));
    directory = path.join(parent, 'data');
    mkdirSync(directory);
    gone = new Promise((resolve) => {
      tell = resolve;
    });
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  it('given a directory, then the free share is known at once', async () => {
    const space = await watchFreeSpace({ directory, limits: DISK_LIMITS }, { clock, onGone: tell });

    expect(space.fraction()).to.be.within(0, 1);
    space.stop();
  });

  it('F6: given another directory in its place, when looked at, then nothing is free and it is told', async () => {
    const space = await watchFreeSpace({ directory, limits: DISK_LIMITS }, { clock, onGone: tell });
    renameSync(directory, `${directory}-gone`);
    mkdirSync(directory);

    look();

    const { code, message } = await gone;
    expect(code).to.equal('STATE_DISK_FAILED');
    expect(message).to.contain(directory);
    expect(space.fraction()).to.equal(0);
  });

  it('F6: given no directory any more, when looked at, then it is told', async () => {
    const space = await watchFreeSpace({ directory, limits: DISK_LIMITS }, { clock, onGone: tell });
    rmSync(directory, { recursive: true });

    look();

    expect((await gone).message).to.contain('ENOENT');
    expect(space.fraction()).to.equal(0);
  });
});
