/** A user id that owns nothing here. */
const NOBODY = 65_534;

/** Does it as a user whom file modes concern: the superuser may open everything. */
export async function asOrdinaryUser<T>(act: () => Promise<T> | T): Promise<T> {
  if (process.geteuid!() !== 0) return act();
  process.seteuid!(NOBODY);
  try {
    return await act();
  } finally {
    process.seteuid!(0);
  }
}
