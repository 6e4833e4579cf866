import { createEngine } from '@daybook/contracts';
import { expect } from 'chai';
import { describeApi } from '../../src/api/edition.ts';
import { notebook } from './support/notebook.ts';
import { startTestApi } from './support/running-api.ts';

describe('api: the document without a node', () => {
  it('given a manifest, then it is the document that a node serves', async () => {
    const api = await startTestApi();
    const { json } = await api.request('/openapi.json');
    await api.stop();

    const { title, version, description } = json.info;
    const described = describeApi(createEngine([notebook]).manifest(), {
      title,
      version,
      description,
    });

    expect(JSON.parse(JSON.stringify(described))).to.deep.equal(json);
  });
});
