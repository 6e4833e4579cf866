/** The form in which the self-test of this room reports. */
export interface SelfTestFailure {
  readonly code: 'CORE_SELF_TEST_FAILED';
  readonly suite: string;
  readonly vector: string;
}
