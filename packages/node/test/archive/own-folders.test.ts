/** The folders of a node, which no archive may share, under whatever name they are given. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { openNamedArchive, refuseOwnSource } from '../../src/archive/own-folders.ts';
import { parseSettings } from '../../src/config.ts';
import { NodeError } from '../../src/errors.ts';

describe('node: folders that are its own', () => {
  let parent: string;
  let dataDirectory: string;
  let disk: string;

  before(() => {
    parent = mkdtempSync(path.join(tmpdir(), 'daybook-own-test-'));
    dataDirectory = path.join(parent, 'data');
    disk = path.join(parent, 'disk');
    mkdirSync(path.join(dataDirectory, 'state'), { recursive: true });
    mkdirSync(path.join(disk, 'fast', 'blocks'), { recursive: true });
    mkdirSync(path.join(parent, 'archive'));
    symlinkSync(path.join(disk, 'fast', 'blocks'), path.join(dataDirectory, 'blocks'));
    symlinkSync(dataDirectory, path.join(parent, 'linked'));
  });
  after(() => rmSync(parent, { recursive: true, force: true }));

  function settingsWith(source: string, directory = dataDirectory) {
    const text = `node:\n  dataDirectory: ${directory}\narchive:\n  source: ${source}\n`;
    return parseSettings(text, { file: path.join(parent, 'daybookd.yaml'), env: {} });
  }

  it('given the data directory, what lies in it or what contains it, then it is refused by name', () => {
    const inside = ['.', 'blocks', 'blocks/', 'state', 'blocks/new', 'archive/new'];
    for (const source of [
      ...inside.map((name) => `${dataDirectory}/${name}`),
      parent,
      '/',
      path.join(parent, 'linked'),
      path.join(parent, 'linked', 'blocks'),
      path.join(parent, 'linked', 'not-there-yet'),
    ]) {
      expect(() => refuseOwnSource(settingsWith(source)), source)
        .to.throw(NodeError)
        .with.property('code', 'NODE_ARCHIVE_OWN');
    }
  });

  it('given blocks on another disk behind a link, then neither they nor what contains them is an archive', () => {
    for (const source of [path.join(disk, 'fast', 'blocks'), path.join(disk, 'fast'), disk]) {
      expect(() => openNamedArchive(settingsWith(source)), source)
        .to.throw(NodeError)
        .with.property('code', 'NODE_ARCHIVE_OWN');
    }
  });

  it('given a data directory that is not there yet, then its place is refused all the same', () => {
    const later = path.join(parent, 'later');

    for (const source of [later, path.join(later, 'blocks'), parent]) {
      expect(() => refuseOwnSource(settingsWith(source, later)), source)
        .to.throw(NodeError)
        .with.property('code', 'NODE_ARCHIVE_OWN');
    }
  });

  it('given a folder of its own, one whose name only begins alike, an address or nothing, then it is taken', () => {
    const beside = [path.join(parent, 'archive'), `${dataDirectory}-archive`];
    for (const source of [...beside, 'http://127.0.0.1:1/blocks/']) {
      expect(openNamedArchive(settingsWith(source))?.name).to.equal(source);
    }
    const text = `node:\n  dataDirectory: ${dataDirectory}\n`;
    const without = parseSettings(text, { file: '/etc/daybookd.yaml', env: {} });
    expect(openNamedArchive(without)).to.equal(undefined);
  });
});
