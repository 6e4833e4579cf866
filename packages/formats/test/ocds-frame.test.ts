/** OCDS files without their releases, and whole again: every field of the file comes out. */
import { encodeUtf8, sha256, toHex } from '@daybook/core';
import { expect } from 'chai';
import type { ExactJson, ExactObject, OcdsPackage } from '../src/index.ts';
import {
  mergeOcdsFrame,
  planOcdsFrames,
  readExactJson,
  readKeptFiles,
  readOcdsFile,
  writeExactJson,
} from '../src/index.ts';
import { bytesOf, validate } from './ocds-files.ts';

const NAMES = [
  'fictional-releases.json',
  'fictional-record.json',
  'mexico-release.json',
  'montreal-releases.json',
  'paraguay-record.json',
  'uk-releases.json',
  'ukraine-releases.json',
];
const hashOf = (json: ExactJson): string => toHex(sha256(encodeUtf8(writeExactJson(json))));

function read(bytes: Uint8Array): OcdsPackage {
  const file = readOcdsFile({ name: 'a.json', bytes }, validate);
  if (!file.ok) throw new Error(file.reason.code);
  return file.value;
}

/** What an import keeps, and publishes again with these releases on the ledger. */
function publish(file: OcdsPackage, releases: readonly ExactObject[]): readonly string[] {
  const planned = planOcdsFrames([{ file: 'a.json', package: file }], 'works');
  if (!planned.ok) throw new Error(planned.reason.code);
  const parts = planned.value.flatMap(({ call: { args } }) =>
    args.bytes instanceof Uint8Array ? args.bytes : [],
  );
  const bundle = readKeptFiles(parts, planned.value[0]?.key.files ?? new Uint8Array());
  if (!bundle.ok) throw new Error(bundle.reason.code);
  const known = new Map(releases.map((release) => [hashOf(release), release]));
  return mergeOcdsFrame(bundle.value, (hash) => known.get(hash)).map(({ bytes }) =>
    new TextDecoder().decode(bytes),
  );
}

/** What of a file becomes releases of the ledger. */
const importedOf = ({ releases, records }: OcdsPackage): readonly ExactObject[] => [
  ...releases.map(({ json }) => json),
  ...records.flatMap(({ releases: whole, compiled }) =>
    (whole.length > 0 || compiled === undefined ? whole : [compiled]).map(({ json }) => json),
  ),
];

describe('formats: OCDS files that are kept', () => {
  for (const name of NAMES) {
    it(`given ${name}, when its releases are on the ledger, then the same JSON comes out`, () => {
      const bytes = bytesOf(name);
      const file = read(bytes);
      const [text] = publish(file, importedOf(file));
      const source = readExactJson({ name, bytes });

      expect(text).to.equal(source.ok ? writeExactJson(source.value.json) : '');
      expect(publish(file, []), 'nothing without a release').to.deep.equal([]);
    });
  }

  it('given one release that is not on the ledger, then the others come out without it', () => {
    const file = read(bytesOf('fictional-releases.json'));
    const [first, ...others] = importedOf(file);
    const [text = ''] = publish(file, others);

    expect(JSON.parse(text).releases).to.have.length(others.length);
    expect(JSON.parse(text)).to.have.property('uri');
    expect(text).not.to.contain(hashOf(first ?? ''));
  });

  it('given a frame of another hand, then what stands in it as a release does not come out', () => {
    const release = { ocid: 'a', id: '1' };
    const odd = { ocid: 'forged', id: '2' };
    const frames: readonly ExactJson[] = [
      { uri: 'x', releases: [odd, hashOf(release), 'ff', null] },
      { uri: 'x', records: [{ ocid: 'a', releases: [odd, hashOf(release)] }, null, { ocid: 'b' }] },
      { uri: 'x', records: [{ compiledRelease: hashOf(release), releases: [odd, 'ff'] }] },
      null,
      'ff',
    ];
    const texts = frames.flatMap((frame) => {
      const files = [{ name: 'a.json', bytes: encodeUtf8(writeExactJson(frame)) }];
      return mergeOcdsFrame({ format: 'ocds', files }, (hash) =>
        hash === hashOf(release) ? release : undefined,
      );
    });

    expect(texts).to.have.length(3);
    for (const { bytes } of texts) {
      const text = new TextDecoder().decode(bytes);
      expect(text).to.contain('"ocid": "a"').and.not.contain('forged');
    }
  });
});
