/** By file of `test/golden/server`: the steps that the embedded server answers otherwise on purpose, with the reason. */
export const KNOWN_DIFFERENCES: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  '15-auth.json': {
    14: 'the first user is an administrator, who makes users',
    15: 'the first user is an administrator, who changes users',
  },
};
