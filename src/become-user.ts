/**
 * Started by root, it goes on as somebody else: what it opened before, it keeps.
 *
 * The change is for good: user, group and supplementary groups, of every thread (setuid(2) as the C library does it), and
 * with root's id the kernel takes all capabilities (capabilities(7), "Effect of user ID changes").
 */
import { reasonOf } from './core/errors.ts'

/**
 * @param user - `user` or `user:group`, each a name or a number; without a group, the one of the same name or number
 * @throws Error with one line for people
 */
export function becomeUser(user: string): void {
  const [name = '', group = name] = user.split(':')
  try {
    process.setgroups!([])
    process.setgid!(idOf(group))
    process.setuid!(idOf(name))
  } catch (error) {
    throw new Error(`-user ${user}: ${reasonOf(error)}; only root can become another user`, { cause: error })
  }
}

/** Node takes a text for a name. */
function idOf(name: string): string | number {
  return /^\d+$/.test(name) ? Number(name) : name
}
