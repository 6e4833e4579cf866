/** Imported releases as the ledger keeps them: whoever imports one may announce other than he brings. */
import { encodeUtf8, sha256 } from '@daybook/core';
import { expect } from 'chai';
import { planReleases, readKeptRelease, writeExactJson } from '../src/index.ts';
import { FILES, METADATA, read, releasesOf, validate } from './ocds-files.ts';

const RELEASE = {
  ocid: 'ocds-213czf-1',
  id: '1',
  date: '2026-01-01T00:00:00Z',
  tag: ['tender'],
  initiationType: 'tender',
};
const keptAs = (json: object, more: { readonly ocid?: string; readonly release?: string } = {}) => {
  const bytes = encodeUtf8(JSON.stringify(json));
  return { ocid: RELEASE.ocid, release: '1', hash: sha256(bytes), bytes, ...more };
};

describe('formats: kept releases', () => {
  it('given every release of real publishers, when kept as planned, then it comes out as it was', () => {
    for (const name of FILES.filter((file) => file.endsWith('.json'))) {
      const file = read(name);
      const json = new Set(releasesOf(file).map((one) => writeExactJson(one.json)));
      const { releases } = planReleases([{ file: name, package: file }], { publisher: 'works' });
      for (const { ocid, release, hash, calls } of releases) {
        const bytes = Buffer.concat(calls.map(({ args }) => args.json as Uint8Array));
        const kept = readKeptRelease({ ocid, release, hash, bytes }, validate);
        expect(kept.ok && json.has(writeExactJson(kept.value)), `${name} ${release}`).to.equal(
          true,
        );
      }
    }
  });

  for (const [title, kept, told] of [
    [
      'other bytes',
      { ...keptAs(RELEASE), bytes: encodeUtf8('{}') },
      ['FORMATS_DETAILS_DIFFER', '/hash'],
    ],
    [
      'no JSON',
      { ...keptAs(RELEASE), hash: sha256(encodeUtf8('{')), bytes: encodeUtf8('{') },
      ['FORMATS_DETAILS_INVALID', ''],
    ],
    ['a package', keptAs({ ...METADATA, releases: [RELEASE] }), ['FORMATS_DETAILS_INVALID', '']],
    [
      'another process',
      keptAs(RELEASE, { ocid: 'ocds-213czf-2' }),
      ['FORMATS_DETAILS_DIFFER', '/ocid'],
    ],
    ['another release', keptAs(RELEASE, { release: '2' }), ['FORMATS_DETAILS_DIFFER', '/id']],
  ] as const) {
    it(`given ${title} under a release, then it is told and not published`, () => {
      const read = readKeptRelease(kept, validate);

      expect(read.ok ? [] : [read.reason.code, read.reason.field]).to.deep.equal(told);
    });
  }
});
