import Module, { createRequire } from 'node:module';
import path from 'node:path';

/** A library that a package requires while it loads. */
export interface Replaced {
  library: string;
  /** The package that requires it. */
  by: string;
  /** `never`: it is not used, and a call throws. `later`: it is loaded when it is first used. */
  used: 'never' | 'later';
}

/**
 * Loads a CommonJS package without some of the libraries that it requires, Node's own among them, to save their memory. Only
 * the packages that are named get the stand-ins. Loading is synchronous, so no other code sees the changed `require`.
 *
 * @param from address of the module that loads it (`import.meta.url`)
 */
export function loadLean<T>(name: string, from: string, replaced: readonly Replaced[]): T {
  const { require: original } = Module.prototype;
  Module.prototype.require = Object.assign(function (this: NodeJS.Module, id: string): unknown {
    const found = replaced.find(({ library, by }) => library === id && isOf(this.filename, by));
    if (found === undefined) return original.call(this, id);
    return found.used === 'never' ? unusable(id, name) : onFirstUse(() => original.call(this, id));
  }, original);
  try {
    return createRequire(from)(name);
  } finally {
    Module.prototype.require = original;
  }
}

function isOf(file: string, name: string): boolean {
  return file.includes(path.join('/node_modules', name, '/'));
}

/** Anything of it can be named, as packages do while they load. */
function unusable(library: string, name: string): unknown {
  // No arrow function: it must be a constructor, too.
  function refuse(): never {
    throw new Error(`${library} is not loaded: the agent does not use this part of ${name}`);
  }
  const all: unknown = new Proxy(refuse, { get: () => all, apply: refuse, construct: refuse });
  return all;
}

/** A stand-in for a function or class. */
function onFirstUse(load: () => unknown): unknown {
  let loaded: CallableFunction | undefined;
  const real = (): CallableFunction => {
    loaded ??= load() as CallableFunction;
    return loaded;
  };
  // No arrow function: it must be a constructor, too.
  function target(): void {}
  return new Proxy(target, {
    get: (_, key) => Reflect.get(real(), key),
    apply: (_, that, words) => Reflect.apply(real(), that, words),
    construct: (_, words) => Reflect.construct(real(), words),
  });
}
