interface KnownDifferences {
  /** Steps that the embedded server answers otherwise on purpose, with the reason. */
  deliberate?: Readonly<Record<number, string>>;
  /** Steps whose answers are still to come. */
  missing?: readonly number[];
}

/** By file of `test/golden/server`: the steps that are not answered as recorded. */
export const KNOWN_DIFFERENCES: Readonly<Record<string, KnownDifferences>> = {
  '15-auth.json': {
    deliberate: {
      14: 'there is one user, and no call that makes more',
      15: 'there is one user, and no call that changes it',
    },
  },
  '18-organization-server.json': { missing: [16] },
};
