/** One fault of what was sent, as problem details and receipts list them. */
import type { Decoder } from './decode.ts';
import { object, optional, text } from './decode.ts';

/** One wrong value: in what was sent (`pointer`, RFC 6901) or among the parameters of the request. */
export interface FieldFault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly expected: string;
  readonly found?: string;
}

export const decodeFieldFault: Decoder<FieldFault> = object({
  pointer: optional(text),
  parameter: optional(text),
  expected: text,
  found: optional(text),
});
