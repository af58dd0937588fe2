/** By file of `test/golden/server`: the steps that the embedded server answers otherwise on purpose, with the reason. */
export const KNOWN_DIFFERENCES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  '15-auth.json': {
    14: 'there is one user, and no call that makes more',
    15: 'there is one user, and no call that changes it',
  },
  '18-organization-server.json': { 16: 'there are no usage reports by project' },
};
