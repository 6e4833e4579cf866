/** IATI 2.03 as it is written: nothing read gets lost, and the official schema finds it right. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { validateXML } from 'xmllint-wasm';
import type { IatiActivity } from '../src/index.ts';
import { explainFormats, readIatiFile, writeIatiFile } from '../src/index.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures/iati');
const schemaFile = (name: string) => ({
  fileName: name,
  contents: readFileSync(join(FIXTURES, 'schema-2.03', name), 'utf8'),
});

function read(bytes: Uint8Array): readonly IatiActivity[] {
  const file = readIatiFile({ name: 'activities.xml', bytes });
  if (!file.ok) throw new Error(explainFormats(file.reason));
  return file.value.activities;
}

/** Messages of libxml2 by the schema of the standard. */
async function faultsOf(bytes: Uint8Array): Promise<readonly string[]> {
  const result = await validateXML({
    xml: [{ fileName: 'activities.xml', contents: new TextDecoder().decode(bytes) }],
    schema: [schemaFile('iati-activities-schema.xsd')],
    preload: ['iati-common.xsd', 'xml.xsd'].map(schemaFile),
  });
  return result.errors.map(({ message }) => message);
}

/** What an activity says, without where it stood and what was wrong with it. */
const toldBy = (activity: IatiActivity) => {
  const { line: _l, column: _c, findings: _f, transactions: _t, ...told } = activity;
  return told;
};

const FULL = `<?xml version="1.0" encoding="UTF-8"?>
<iati-activities version="2.03">
  <iati-activity default-currency="USD">
    <iati-identifier>AA-AAA-1 &amp; 2</iati-identifier>
    <reporting-org ref="AA-AAA" type="10"><narrative>Works &lt;ministry&gt;</narrative></reporting-org>
    <title><narrative>Water "and" light</narrative></title>
    <description><narrative>Two lines
of text</narrative></description>
    <participating-org role="1" ref="BB-BBB"><narrative>Giver</narrative></participating-org>
    <participating-org role="4"><narrative>Doer</narrative></participating-org>
    <activity-status code="2"/>
    <activity-date type="1" iso-date="2024-01-01"/>
    <activity-date type="2" iso-date="2024-02-01"/>
    <activity-date type="3" iso-date="2025-01-01"/>
    <recipient-country code="AF"/>
    <recipient-region code="489"/>
    <sector vocabulary="1" code="11220"><narrative>School</narrative></sector>
    <sector vocabulary="2" code="112"/>
    <budget type="2"><period-start iso-date="2024-01-01"/><period-end iso-date="2024-12-31"/>
      <value currency="EUR" value-date="2024-01-01">3000.50</value></budget>
    <budget><period-start iso-date="2025-01-01"/><period-end iso-date="2025-12-31"/>
      <value currency="EUR" value-date="2025-01-01">10</value></budget>
    <planned-disbursement type="1"><period-start iso-date="2024-01-01"/>
      <value currency="EUR" value-date="2024-01-01">7</value></planned-disbursement>
    <transaction ref="1234"><transaction-type code="1"/><transaction-date iso-date="2024-01-02"/>
      <value currency="EUR" value-date="2024-01-02">1000</value>
      <description><narrative>Came in</narrative></description>
      <provider-org ref="BB-BBB"><narrative>Giver</narrative></provider-org>
      <receiver-org ref="AA-AAA"><narrative>Works</narrative></receiver-org>
      <sector vocabulary="1" code="111"/></transaction>
    <transaction><transaction-type code="2"/><transaction-date iso-date="2024-01-03"/>
      <value currency="EUR" value-date="2024-01-03">500</value></transaction>
    <transaction><transaction-type code="2"/><transaction-date iso-date="2024-01-03"/>
      <value currency="EUR" value-date="2024-01-03">-20</value></transaction>
    <transaction ref="p"><transaction-type code="3"/><transaction-date iso-date="2024-01-04"/>
      <value currency="JPY" value-date="2024-01-04">3</value></transaction>
  </iati-activity>
</iati-activities>`;

describe('formats: IATI as it is written', () => {
  it('given an activity with everything, then it validates before and after, and says the same', async () => {
    const before = new TextEncoder().encode(FULL);
    const after = writeIatiFile('activities.xml', read(before)).bytes;

    expect(await faultsOf(before)).to.deep.equal([]);
    expect(await faultsOf(after)).to.deep.equal([]);
    expect(read(after).map(toldBy)).to.deep.equal(read(before).map(toldBy));
    const [activity] = read(after);
    expect(activity?.findings).to.deep.equal([]);
    expect(activity?.transactions.flatMap(({ faults }) => faults)).to.deep.equal([]);
  });

  it('given the real file of 1.01, then it says the same in 2.03, and lacks only what it lacked before', async () => {
    const activities = read(readFileSync(join(FIXTURES, 'dfid-afghanistan-2011.xml')));
    const { bytes } = writeIatiFile('activities.xml', activities);

    expect(read(bytes).map(toldBy)).to.deep.equal(activities.map(toldBy));
    const undescribed = activities.filter(({ description }) => description === undefined);
    expect(undescribed, 'the source leaves some out').to.have.length.above(0);
    const faults = await faultsOf(bytes);
    expect(faults).to.have.length(undescribed.length);
    for (const fault of faults) expect(fault).to.contain('Expected is ( description )');
  });

  it('given an element that does not belong there, then the schema is not silent', async () => {
    const bent = FULL.replace('<activity-status code="2"/>', '<status/>');
    expect(await faultsOf(new TextEncoder().encode(bent))).to.have.length.above(0);
  });

  it('given a number several times, some of them refused, then each transaction keeps its identity', async () => {
    const move = (type: string, value: string, ref = ''): string =>
      `<transaction ${ref}><transaction-type code="${type}"/><transaction-date iso-date="2024-01-03"/>` +
      `<value currency="EUR" value-date="2024-01-03">${value}</value></transaction>`;
    const moves = [
      move('3', '0'),
      move('3', '5'),
      move('3', 'x'),
      move('3', '6'),
      move('3', '7', 'ref="7"'),
      move('2', '8', 'ref="7"'),
    ];
    const xml = FULL.replace(/<transaction[\s\S]*<\/transaction>/, moves.join(''));
    const before = read(new TextEncoder().encode(xml));
    const { bytes } = writeIatiFile('activities.xml', before);

    expect(await faultsOf(bytes)).to.deep.equal([]);
    const [then, now] = [before, read(bytes)].map((activities) =>
      activities.flatMap(({ commitments, payments }) => [...commitments, ...payments]),
    );
    expect(now).to.have.deep.members(then ?? []);
    expect(before[0]?.payments.map(({ source }) => source.occurrence)).to.deep.equal([2, 4, 1]);
  });
});
