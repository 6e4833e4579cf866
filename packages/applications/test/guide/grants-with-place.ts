/** The second version of the contract of docs/contracts.md: applications name a place. */
import { defineContract, field } from '@daybook/contracts';
import { events, failures, grants, parameters, records, roles, sums } from './grants.ts';

const place = field.text({ en: 'Place', zh: '地点', max: 100 });

const placedRecords = {
  ...records,
  application: {
    ...records.application,
    fields: { ...records.application.fields, place },
  },
} as const;

export const grantsWithPlace = defineContract({
  number: grants.number,
  name: grants.name,
  version: 2,
  title: { en: 'Grants', zh: '资助' },
  help: { en: 'As before, with a place.', zh: '同前,增加地点。' },
  records: placedRecords,
  sums,
  roles,
  failures,
  events,
  parameters,
  actions: {
    move: {
      title: { en: 'Say where', zh: '填写地点' },
      by: { role: 'officer' },
      input: { call: records.application.key.call, number: records.application.key.number, place },
      handler(context, { call, number, place: where }) {
        const row = context.records.application.need({ call, number });
        context.records.application.put({ ...row, place: where });
      },
    },
  },
  upcasts: { application: (fields) => ({ place: 'unknown', ...fields }) },
});
