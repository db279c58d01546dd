// The one error of this reader.

/** What SPEC.md says that a receiver refuses, or drops; the text says why. */
export class Refused extends Error {}

/** Refuses unless the condition holds. */
export function need(condition, why) {
  if (!condition) throw new Refused(why);
}

/** What `action` gives; its failure is a refusal. */
export async function refusing(why, action) {
  try {
    return await action();
  } catch {
    throw new Refused(why);
  }
}
