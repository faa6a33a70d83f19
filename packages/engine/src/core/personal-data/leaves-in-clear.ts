const loopback = /^http:\/\/(?:(?:[\w-]+\.)*localhost|127\.\d+\.\d+\.\d+|\[::1\])(?=[:/?#]|$)/i;

/**
 * Whether others can read what is sent to a URL: plain http, and not within this machine. A name that leads to this machine
 * counts as another's, because it may lead elsewhere tomorrow.
 *
 * @example leavesInClear("http://partner.example/pb") // true
 * @example leavesInClear("http://localhost:3000/pb") // false
 */
export function leavesInClear(url: string): boolean {
  return /^http:/i.test(url) && !loopback.test(url);
}
