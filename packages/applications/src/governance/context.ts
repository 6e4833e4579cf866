/** What the handlers of governance work on, as types. */
import type { Context, RowOf, SystemContext } from '@daybook/contracts';
import type { directory } from '../directory.ts';
import type { parameters, records, roles, sums } from './records.ts';
import type { events, failures } from './words.ts';

export type Uses = { readonly directory: typeof directory };
export type Hall = Context<
  typeof records,
  typeof failures,
  typeof events,
  keyof typeof roles,
  typeof parameters,
  typeof sums,
  Uses
>;
export type Keeper = SystemContext<
  typeof records,
  typeof failures,
  typeof events,
  typeof parameters,
  typeof sums,
  Uses
>;
export type Proposal = RowOf<typeof records.proposal>;
export type PendingChange = RowOf<typeof records.pending>['changes'][number];
export type Pending = RowOf<typeof records.pending>;
export type Sets = RowOf<typeof records.validators>;
